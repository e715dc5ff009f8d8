import type { AddressFacts } from "../../network/namespace.ts";
import { inNetwork, ipv4Number, ipv4Text } from "../../text/ipv4.ts";
import { incomplete, LinkError } from "./link-kinds.ts";
import { broadcast } from "./link-text.ts";

/** Words and lines of `ip address` (ip/ipaddress.c). */

const SCOPES: Readonly<Record<string, string>> = { "0": "global", "253": "link", "254": "host", "255": "nowhere" };
/** Words behind an address whose value nothing here depends on, and ones that have none (ipaddr_modify). */
const IGNORED = ["valid_lft", "preferred_lft", "metric", "proto", "anycast"];
const ALONE = ["home", "mngtmpaddr", "nodad", "noprefixroute", "autojoin", "optimistic", "secondary"];

/** An address and its device as words name them. */
export interface AddressWords {
  cidr: string;
  /** Its length was said. */
  exact: boolean;
  device: string;
  facts: AddressFacts;
}

const isAddress = (word: string): boolean =>
  /^(\d{1,3}\.){3}\d{1,3}$/.test(word) && word.split(".").every((part) => Number(part) < 256);

/** The lowest address of a network by its highest. */
const firstOf = (last: string, bits: number): number => ipv4Number(last) - (2 ** (32 - bits) - 1);

function prefixed(word: string): string {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(word);
  const sound = found?.slice(1, 5).every((part) => Number(part) < 256) && Number(found[5] ?? 32) <= 32;
  if (!sound) throw new LinkError(`Error: any valid prefix is expected rather than "${word}".`, 1);
  return word;
}

/** Reads what stands behind the verb; throws `LinkError`. */
export function addressWords(words: readonly string[]): AddressWords {
  let own: string | undefined;
  let device: string | undefined;
  let peer: string | undefined;
  let brd: string | undefined;
  const facts: AddressFacts = {};
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    const next = (): string => {
      const value = words[++i];
      if (value === undefined) throw incomplete();
      return value;
    };
    if (ALONE.includes(word)) continue;
    if (IGNORED.includes(word)) next();
    else if (word === "dev") device = next();
    else if (word === "peer" || word === "remote") peer = prefixed(next());
    else if (word === "broadcast" || word === "brd") {
      const value = next();
      if (value !== "+" && value !== "-" && !isAddress(value))
        throw new LinkError(`Error: inet address is expected rather than "${value}".`, 1);
      brd = value;
    } else if (word === "label") facts.label = next();
    else if (word === "scope") {
      const value = next();
      const scope = SCOPES[value] ?? value;
      if (!["global", "link", "host", "nowhere", "site"].includes(scope))
        throw new LinkError(`Error: argument "${value}" is wrong: invalid scope value.`, 255);
      facts.scope = scope;
    } else {
      const value = word === "local" ? next() : word;
      if (own !== undefined) throw new LinkError(`Error: either "local" is duplicate, or "${value}" is garbage.`, 255);
      own = prefixed(value);
    }
  }
  if (device === undefined) throw new LinkError('Not enough information: "dev" argument is required.', 1);
  if (facts.label !== undefined && !facts.label.startsWith(device))
    throw new LinkError(`"dev" (${device}) must match "label" (${facts.label}).`, 1);
  if (own === undefined) throw new LinkError("RTNETLINK answers: Operation not supported", 2);
  const [address = "", length] = own.split("/");
  if (peer !== undefined) facts.peer = peer.split("/")[0]!;
  const bits = peer?.split("/")[1] ?? length ?? "32";
  const cidr = `${address}/${bits}`;
  if (brd === "+" || brd === "-") {
    const last = Number(bits) <= 30 ? broadcast(cidr).replace(" brd ", "") : undefined;
    if (last !== undefined) facts.broadcast = brd === "+" ? last : ipv4Text(firstOf(last, Number(bits)));
  } else if (brd !== undefined) facts.broadcast = brd;
  return { cidr, exact: length !== undefined || peer !== undefined, device, facts };
}

/** Addresses of the loopback network are of no use to others (default_scope). */
export const scopeOf = (cidr: string): string => (cidr.startsWith("127.") ? "host" : "global");

/** Whether two addresses with lengths are of one network. */
export const isSameNetwork = (a: string, b: string): boolean =>
  a.split("/")[1] === b.split("/")[1] && inNetwork(a, b.slice(0, b.indexOf("/")));

/** Addresses as the kernel keeps them: the first of each network, then the others, which are secondary (__inet_insert_ifa). */
export function ordered(
  addresses: readonly string[],
  facts?: ReadonlyMap<string, AddressFacts>,
): { cidr: string; secondary: boolean }[] {
  const all = addresses.map((cidr, i) => ({
    cidr,
    secondary:
      facts?.get(cidr)?.peer === undefined && addresses.slice(0, i).some((other) => isSameNetwork(other, cidr)),
  }));
  return [...all.filter(({ secondary }) => !secondary), ...all.filter(({ secondary }) => secondary)];
}
