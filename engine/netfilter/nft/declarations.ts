import type { Hook } from "../walk.ts";
import type { BaseChain, DataType } from "./model.ts";
import { parseSelectors } from "./parse-match.ts";
import { readPriority } from "./print.ts";
import { NftError, type Reader } from "./scanner.ts";

/** What stands in the declarations of chains, sets and maps (src/parser_bison.y). Throw NftError. */

const TYPES: readonly DataType[] = [
  "ipv4_addr",
  "ipv6_addr",
  "ether_addr",
  "inet_proto",
  "inet_service",
  "mark",
  "ifname",
  "icmp_type",
  "ct_state",
];
const HOOKS = ["prerouting", "input", "forward", "output", "postrouting"];
/** `type filter hook input priority 0; policy drop`. */
export function readBase(reader: Reader): BaseChain {
  reader.expect("type");
  const type = reader.next().text as BaseChain["type"];
  reader.expect("hook");
  const hookAt = reader.next();
  if (!HOOKS.includes(hookAt.text)) throw new NftError("unknown chain hook", hookAt);
  const hook = hookAt.text.toUpperCase() as Hook;
  reader.expect("priority");
  const first = reader.peek();
  let text = "";
  let last = first;
  while (!reader.ended && !reader.is("policy")) {
    last = reader.next();
    text += `${last.text} `;
  }
  const priority = readPriority(text.trim(), hook);
  if (priority === undefined)
    throw new NftError("invalid priority expression value in this context.", { ...first, to: last.to });
  reader.pastEnds();
  const policy = reader.take("policy") ? (reader.next().text as BaseChain["policy"]) : "accept";
  return { type, hook, priority, policy };
}

/** `ipv4_addr . inet_service`. */
export function namedTypes(reader: Reader): { types: DataType[]; text: string } {
  const types: DataType[] = [];
  do {
    const type = reader.next();
    if (!TYPES.includes(type.text as DataType)) throw new NftError(`unknown datatype ${type.text}`, type);
    types.push(type.text as DataType);
  } while (reader.take("."));
  return { types, text: types.join(" . ") };
}

/** Types of selectors, for `typeof`. */
export function selectorTypes(reader: Reader): { types: DataType[]; text: string } {
  const selectors = parseSelectors(reader);
  return { types: selectors.map(({ type }) => type), text: selectors.map(({ text }) => text).join(" . ") };
}
