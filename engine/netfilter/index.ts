export { Canary } from "./canary.ts";
export { readCommand } from "./command.ts";
export { type IptablesOptions, iptables, type Outcome } from "./iptables.ts";
export type { Packet, Surroundings } from "./packet.ts";
export { Problem, Refusal, VERSION } from "./problem.ts";
export { type RestoreOptions, type RestoreResult, restore } from "./restore.ts";
export { Chain, isTableName, type Policy, Ruleset, TABLE_NAMES, Table, type TableName } from "./ruleset.ts";
export { save, saveRule, saveTable } from "./save.ts";
export { Rule, RuleBody } from "./types.ts";
