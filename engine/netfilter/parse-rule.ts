import { ipv6Groups, ipv6Network, ipv6Text } from "../text/ipv6.ts";
import { maskOf, parseAddress } from "./address.ts";
import { wholeNumber } from "./numbers.ts";
import { Problem } from "./problem.ts";
import { protocolNumber } from "./protocols.ts";

/** Longest interface name (IFNAMSIZ less the ending zero). */
const LONGEST_INTERFACE = 15;
/** Names of chains and targets are shorter than this (XT_EXTENSION_MAXNAMELEN). */
export const NAME_LIMIT = 29;

/** An address with its mask, both signed 32-bit numbers; bits outside the mask are zero. */
export interface Network {
  address: number;
  mask: number;
  /** Of IPv6, in place of the numbers: `fd00::/8`. */
  six?: string;
}

/** Anything. */
export const ANYWHERE: readonly Network[] = [{ address: 0, mask: 0 }];

/** Networks of `-s` and `-d`: `10.0.0.0/8,192.0.2.1`. Throws `Problem`. */
export function parseNetworks(text: string): Network[] {
  if (text.includes(",")) return text.split(",").map(parseNetwork);
  return [parseNetwork(text)];
}

function parseNetwork(text: string): Network {
  const slash = text.indexOf("/");
  const mask = slash < 0 ? -1 : parseMask(text.slice(slash + 1));
  if (mask === 0) return { address: 0, mask };
  const name = slash < 0 ? text : text.slice(0, slash);
  const address = looseAddress(name);
  if (address === undefined) throw new Problem(`host/network \`${name}' not found`);
  return { address: address & mask, mask };
}

/** The same for ip6tables. */
export function parseNetworks6(text: string): Network[] {
  return text.split(",").map((each) => {
    const slash = each.indexOf("/");
    const name = slash < 0 ? each : each.slice(0, slash);
    const prefix = slash < 0 ? 128 : wholeNumber(each.slice(slash + 1), 0, 128);
    if (prefix === undefined) throw new Problem(`invalid mask \`${each.slice(slash + 1)}' specified`);
    const groups = ipv6Groups(name === "localhost" ? "::1" : name);
    if (groups === undefined) throw new Problem(`host/network \`${name}' not found`);
    if (prefix === 0) return { address: 0, mask: 0 };
    return { address: 0, mask: -1, six: `${ipv6Text(ipv6Network(groups, prefix))}/${prefix}` };
  });
}

/** Dotted quad, or its first parts with zeros to follow (`10.1`, as xtables_numeric_to_ipaddr reads it). */
export function looseAddress(text: string): number | undefined {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  if (text === "localhost") return 0x7f00_0001;
  const parts = text.split(".");
  return parts.length < 4 && /^[0-9.]+$/.test(text) && parts.every((part) => part !== "")
    ? parseAddress([...parts, "0", "0", "0"].slice(0, 4).join("."))
    : undefined;
}

function parseMask(text: string): number {
  const dotted = text.includes(".") ? parseAddress(text) : undefined;
  if (dotted !== undefined) return dotted;
  const bits = wholeNumber(text, 0, 32);
  if (bits === undefined) throw new Problem(`invalid mask \`${text}' specified`);
  return maskOf(bits);
}

/** Number of a protocol by name or number. Throws `Problem`. */
export function parseProtocol(text: string): number {
  const number = wholeNumber(text, 0, 255) ?? protocolNumber(text.toLowerCase());
  if (number === undefined) throw new Problem(`unknown protocol "${text.toLowerCase()}" specified`);
  return number;
}

/** Checks an interface's name and gives it as rules keep it: `+` alone is any. Throws `Problem`. */
export function parseInterface(text: string, warn?: (line: string) => void): string {
  if (text === "") throw new Problem("Empty interface is likely to be undesired");
  if (text.length > LONGEST_INTERFACE) {
    throw new Problem(`interface name \`${text}' must be shorter than ${LONGEST_INTERFACE + 1} characters`);
  }
  if (/[/ ]/.test(text)) {
    warn?.(`Warning: weird character in interface \`${text}' ('/' and ' ' are not allowed by the kernel).`);
  }
  return text === "+" ? "" : text;
}

/** Judges the name of a new chain; `clashes` says whether a target has it. Throws `Problem`. */
export function checkChainName(name: string, clashes: (name: string) => boolean): void {
  if (name.length >= NAME_LIMIT) {
    throw new Problem(`chain name \`${name}' too long (must be under ${NAME_LIMIT} chars)`);
  }
  if (name[0] === "-" || name[0] === "!") {
    throw new Problem(`chain name not allowed to start with \`${name[0]}'`);
  }
  if (name === "" || clashes(name)) throw new Problem("chain name may not clash with target name");
  if (/\s/.test(name)) throw new Problem(`Invalid chain name \`${name}'`);
}

/** Judges the name after `-j` or `-g`. Throws `Problem`. */
export function checkTargetName(name: string): void {
  if (name === "") throw new Problem("Invalid target name (too short)");
  if (name.length >= NAME_LIMIT) throw new Problem(`Invalid target name \`${name}' (${NAME_LIMIT - 1} chars max)`);
  if (/\s/.test(name)) throw new Problem(`Invalid target name \`${name}'`);
}
