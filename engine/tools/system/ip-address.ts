import { inNetwork } from "../../text/ipv4.ts";

/** Words and lines of `ip address` (ip/ipaddress.c). */

/** Words behind an address that have a value, and ones that have none (ipaddr_modify). */
const WITH_VALUE = [
  "dev",
  "broadcast",
  "brd",
  "label",
  "scope",
  "peer",
  "remote",
  "valid_lft",
  "preferred_lft",
  "metric",
];
const ALONE = ["home", "mngtmpaddr", "nodad", "noprefixroute", "autojoin", "optimistic", "secondary"];

/** The address and the device that words name, or what is wrong with them and the exit status. */
export function addressWords(
  words: readonly string[],
): { cidr: string; device: string } | [message: string, status: number] {
  let cidr: string | undefined;
  let device: string | undefined;
  for (let i = 1; i < words.length; i++) {
    let word = words[i]!;
    if (ALONE.includes(word)) continue;
    if (WITH_VALUE.includes(word)) {
      const value = words[++i];
      if (value === undefined) return ['Command line is not complete. Try option "help"', 255];
      if (word === "dev") device = value;
      continue;
    }
    if (word === "local") {
      const value = words[++i];
      if (value === undefined) return ['Command line is not complete. Try option "help"', 255];
      word = value;
    }
    if (cidr !== undefined) return [`Error: either "local" is duplicate, or "${word}" is garbage.`, 255];
    const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(word);
    const sound = found?.slice(1, 5).every((part) => Number(part) < 256) && Number(found[5] ?? 32) <= 32;
    if (!sound) return [`Error: any valid prefix is expected rather than "${word}".`, 1];
    cidr = word;
  }
  if (device === undefined) return ['Not enough information: "dev" argument is required.', 1];
  return cidr === undefined ? ["RTNETLINK answers: Operation not supported", 2] : { cidr, device };
}

/** Addresses of the loopback network are of no use to others (default_scope). */
export const scopeOf = (cidr: string): string => (cidr.startsWith("127.") ? "host" : "global");

const isSameNetwork = (a: string, b: string): boolean =>
  a.split("/")[1] === b.split("/")[1] && inNetwork(a, b.slice(0, b.indexOf("/")));

/** Addresses as the kernel keeps them: the first of each network, then the others, which are secondary (__inet_insert_ifa). */
export function ordered(addresses: readonly string[]): { cidr: string; secondary: string }[] {
  const all = addresses.map((cidr, i) => ({
    cidr,
    secondary: addresses.slice(0, i).some((other) => isSameNetwork(other, cidr)) ? " secondary" : "",
  }));
  return [...all.filter(({ secondary }) => secondary === ""), ...all.filter(({ secondary }) => secondary !== "")];
}
