import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { AddressFacts, Interface } from "../../network/namespace.ts";
import { inNetwork } from "../../text/ipv4.ts";
import type { Options } from "./ip.ts";
import { ordered, scopeOf } from "./ip-address-words.ts";
import { ADDRESS_HELP } from "./ip-help.ts";
import { groupNumber } from "./ip-link-words.ts";
import { prefix, RouteError } from "./ip-route-words.ts";
import { show } from "./ip-show.ts";
import { badArgument, incomplete, LinkError } from "./link-kinds.ts";
import { broadcast, flags, kindOf, linkLines, numbered, shownName, state } from "./link-text.ts";

/** `ip link show` and `ip address show`, which choose by the same words (ip/ipaddress.c ipaddr_list_flush_or_save). */

/** An address of a device as it is listed. */
export interface Listed {
  cidr: string;
  scope: string;
  secondary: boolean;
  facts: AddressFacts;
}

/** What a listing is asked for. */
export interface Choice {
  dev?: string;
  up?: boolean;
  master?: string;
  nomaster?: boolean;
  type?: string;
  group?: number;
  scope?: string;
  to?: string;
  label?: string;
  secondary?: boolean;
  permanent?: boolean;
}

/** Reads the words; throws `LinkError` or `RouteError`. */
export function readChoice(p: Process, words: readonly string[]): Choice {
  const out: Choice = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const next = (): string => {
      const value = words[++i];
      if (value === undefined) throw incomplete();
      return value;
    };
    if (word === "to") out.to = prefix(next());
    else if (word === "scope") out.scope = next();
    else if (word === "up") out.up = true;
    else if (word === "label") out.label = next();
    else if (word === "group") out.group = groupNumber(next());
    else if (word === "master" || word === "vrf") {
      const value = next();
      const found = p.ns.net.interfaces.get(value);
      if (word === "vrf" && found?.kind !== "vrf") throw badArgument(value, "Not a valid VRF name\n");
      if (found === undefined) throw badArgument(value, "Device does not exist\n");
      out.master = value;
    } else if (word === "nomaster") out.nomaster = true;
    else if (word === "type") out.type = next();
    else if (word === "secondary" || word === "temporary") out.secondary = true;
    else if (word === "primary") out.secondary = false;
    else if (word === "permanent") out.permanent = true;
    else if (word === "dynamic") out.permanent = false;
    else if (["tentative", "deprecated", "dadfailed", "home", "mngtmpaddr", "novf"].includes(word)) continue;
    else if (word === "help") throw new LinkError(ADDRESS_HELP.trimEnd(), 255);
    else {
      const value = word === "dev" ? next() : word;
      if (out.dev !== undefined)
        throw new LinkError(`Error: either "dev" is duplicate, or "${value}" is garbage.`, 255);
      out.dev = value;
    }
  }
  if (out.dev !== undefined && !p.ns.net.interfaces.has(out.dev))
    throw new LinkError(`Device "${out.dev}" does not exist.`, 1);
  return out;
}

/** Devices that are chosen, with their numbers. */
export function chosenDevices(p: Process, choice: Choice): [number, Interface][] {
  return numbered(p.ns.net).filter(([, one]) => {
    if (choice.dev !== undefined && one.name !== choice.dev) return false;
    if (choice.master !== undefined && one.master !== choice.master) return false;
    if (choice.nomaster && one.master !== undefined) return false;
    if (choice.type !== undefined && kindOf(one) !== choice.type) return false;
    if (choice.group !== undefined && (one.group ?? 0) !== choice.group) return false;
    return !(choice.up && !one.up);
  });
}

/** Addresses of a device that are chosen, in the kernel's order. */
export function chosenAddresses(one: Interface, choice: Choice): Listed[] {
  return ordered(one.addresses, one.facts)
    .map(({ cidr, secondary }): Listed => {
      const facts = one.facts?.get(cidr) ?? {};
      return { cidr, scope: facts.scope ?? scopeOf(cidr), secondary, facts };
    })
    .filter(({ cidr, scope, secondary, facts }) => {
      if (choice.scope !== undefined && choice.scope !== "all" && choice.scope !== scope) return false;
      if (choice.secondary !== undefined && choice.secondary !== secondary) return false;
      if (choice.permanent === false) return false;
      if (choice.label !== undefined && !likeLabel(facts.label ?? one.name, choice.label)) return false;
      if (choice.to === undefined || choice.to === "default") return true;
      return inNetwork(choice.to.includes("/") ? choice.to : `${choice.to}/32`, cidr.slice(0, cidr.indexOf("/")));
    });
}

/** Whether a label fits a pattern of `*` and `?`. */
function likeLabel(label: string, pattern: string): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return label === "";
  if (first === "*") return likeLabel(label, rest.join("")) || (label !== "" && likeLabel(label.slice(1), pattern));
  return label !== "" && (first === "?" || first === label[0]) && likeLabel(label.slice(1), rest.join(""));
}

const choosesAddresses = ({ scope, to, label, secondary, permanent }: Choice): boolean =>
  [scope, to, label, secondary, permanent].some((one) => one !== undefined);

/** `10.0.0.1/24`, or both ends of a line. */
const ends = ({ cidr, facts }: Listed): string =>
  facts.peer === undefined
    ? cidr
    : `${cidr.slice(0, cidr.indexOf("/"))} peer ${facts.peer}${cidr.slice(cidr.indexOf("/"))}`;

/** Text of an address behind its device's. */
export function addressText(one: Interface, listed: Listed): string {
  const { cidr, scope, secondary, facts } = listed;
  const usual = one.name === "lo" || one.kind !== undefined ? "" : broadcast(cidr);
  const brd = facts.broadcast === undefined ? usual : ` brd ${facts.broadcast}`;
  return `inet ${ends(listed)}${brd} scope ${scope}${secondary ? " secondary" : ""} ${facts.label ?? one.name}`;
}

/** Lists devices, with their addresses when `what` says so. */
export function* list(p: Process, what: "link" | "address", words: readonly string[], options: Options): Gen<number> {
  let choice: Choice;
  try {
    choice = readChoice(p, words);
  } catch (error) {
    if (!(error instanceof LinkError) && !(error instanceof RouteError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return error.status;
  }
  const links = what === "link";
  const bare = options.family === "packet";
  const one = (text: string) => (options.oneline && !options.json ? text.replaceAll("\n", "\\") : text);
  let text = "";
  for (const [index, device] of chosenDevices(p, choice)) {
    const none = links || bare || options.family === "6";
    const own = none ? [] : chosenAddresses(device, choice);
    const wanted = choosesAddresses(choice) || options.family === "4" || options.family === "6";
    if (!links && wanted && own.length === 0) continue;
    if (options.brief && !options.json) {
      const rest = links ? `${device.mac} <${flags(p, device)}> ` : own.map((each) => `${ends(each)} `).join("");
      text += `${shownName(p, device).padEnd(16)} ${state(p, device).padEnd(14)} ${rest}\n`;
      continue;
    }
    if (!links && !bare && options.oneline && !options.json) {
      for (const each of own)
        text += `${index}: ${device.name}    ${addressText(device, each)}\\       valid_lft forever preferred_lft forever\n`;
      continue;
    }
    const head = linkLines(p, index, device, {
      mode: links ? " mode DEFAULT" : "",
      details: options.details,
      statistics: options.statistics,
    });
    const isFamily = !links && (options.family === "4" || options.family === "6");
    const unnamed = choice.label !== undefined;
    const lines = unnamed ? [] : isFamily ? [head[0]!, ...head.slice(2)] : head;
    const counted = !links && options.statistics > 0 ? lines.splice(unnamed ? 0 : isFamily ? 1 : 2) : [];
    for (const each of own)
      lines.push(`    ${addressText(device, each)}`, "       valid_lft forever preferred_lft forever");
    text += `${one([...lines, ...counted].join("\n"))}\n`;
  }
  yield* show(p, text, what, options);
  return 0;
}
