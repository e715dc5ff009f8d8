export { readCommand } from "./command.ts";
export type { Packet, Surroundings } from "./packet.ts";
export { Problem, Refusal, VERSION } from "./problem.ts";
export { type RestoreOptions, type RestoreResult, restore } from "./restore.ts";
export { Chain, type Policy, Ruleset, Table, type TableName } from "./ruleset.ts";
export { save, saveRule } from "./save.ts";
export { Rule, RuleBody } from "./types.ts";
