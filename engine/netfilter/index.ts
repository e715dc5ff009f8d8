export { formatAddress, parseAddress } from "./address.ts";
export { Canary } from "./canary.ts";
export { readCommand } from "./command.ts";
export {
  CONNTRACK_TIMEOUTS,
  Conntrack,
  type Flow,
  passed,
  remaining,
  stateOf,
  TCP_STATES,
  type TcpState,
  type Track,
} from "./conntrack.ts";
export { type IpsetOptions, ipset, reads as ipsetReads } from "./ipset/command.ts";
export { type Entry, IpSet, type SetOptions } from "./ipset/set.ts";
export { type IptablesOptions, iptables, type Outcome } from "./iptables.ts";
export {
  Nftables,
  nft,
  nftCommands,
  nftOfIptables,
  nftRuleText,
  type OtherTables,
  type PrintOptions,
  showRule,
} from "./nft/index.ts";
export {
  type AddressType,
  DESTINATION_TRANSLATED,
  type Packet,
  SOURCE_TRANSLATED,
  type Surroundings,
} from "./packet.ts";
export { Problem, problemText, Refusal, VERSION } from "./problem.ts";
export type { Credit } from "./rates.ts";
export { type RestoreOptions, type RestoreResult, restore } from "./restore.ts";
export { Chain, isTableName, type Policy, Ruleset, TABLE_NAMES, Table, type TableName } from "./ruleset.ts";
export { save, saveRule, saveTable } from "./save.ts";
export type { TraceEvent, Tracer } from "./tracing.ts";
export { translated } from "./translate.ts";
export { Rule, RuleBody } from "./types.ts";
export { type ChainStep, type Counted, type Hook, type Notes, runHook } from "./walk.ts";
