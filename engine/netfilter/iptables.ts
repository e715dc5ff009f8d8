import { apply, Changes } from "./apply.ts";
import { readCommand } from "./command.ts";
import type { Command } from "./command-options.ts";
import { chainLine, describeRule, type ListOptions, listChain, listRule, listTable, ruleLine } from "./list.ts";
import { Problem, problemText, Refusal, VERSION } from "./problem.ts";
import { type Chain, isTableName, type Ruleset, Table } from "./ruleset.ts";
import type { Rule } from "./types.ts";

export interface Outcome {
  out: string;
  error: string;
  status: number;
}

export interface IptablesOptions {
  /** Name in messages. */
  program?: string;
  nameOf?: ListOptions["nameOf"];
}

/** One call of iptables on a ruleset: what it changes, prints and answers. `words` follow the program's name. */
export function iptables(ruleset: Ruleset, words: readonly string[], options: IptablesOptions = {}): Outcome {
  const program = options.program ?? "iptables";
  let warnings = "";
  try {
    const command = readCommand(words, {
      family: ruleset.family,
      setDimensions: (name) => ruleset.sets.get(name)?.dimensions,
      warn(line) {
        warnings += `${line}\n`;
      },
    });
    return { out: run(ruleset, command, program, options), error: warnings, status: 0 };
  } catch (error) {
    if (error instanceof Problem) {
      return { out: "", error: warnings + problemText(program, error), status: error.status };
    }
    if (error instanceof Refusal) {
      const more = error.invalid ? " Run `dmesg' for more information." : "";
      return { out: "", error: `${warnings}${program}: ${error.message}.${more}\n`, status: 1 };
    }
    throw error;
  }
}

function run(ruleset: Ruleset, command: Command, program: string, options: IptablesOptions): string {
  const { operation } = command;
  if (operation === "version") return `${program} v${VERSION} (nf_tables)\n`;
  if (operation === "help") return help(program);
  if (!isTableName(command.table)) throw new Problem(`table '${command.table}' does not exist`, "version");
  const table = ruleset.tables.get(command.table) ?? new Table(command.table);
  if (operation === "list" || operation === "list-rules") {
    const lines = operation === "list" ? list(table, command, options) : listRules(table, command);
    if (command.alsoZero) change(ruleset, table, { ...command, operation: "zero" });
    return lines.map((line) => `${line}\n`).join("");
  }
  return change(ruleset, table, command);
}

function list(table: Table, command: Command, options: IptablesOptions): string[] {
  const { numeric, exact, lineNumbers, number } = command;
  const how: ListOptions = { numeric, exact, lineNumbers, verbose: command.verbose > 0 };
  if (options.nameOf) how.nameOf = options.nameOf;
  if (command.chain === undefined) return listTable(table, how);
  const chain = new Changes(table).chain(command.chain);
  if (number === 0) return listChain(chain, how);
  const rule = chain.rules[number - 1];
  return rule === undefined ? [] : [listRule(rule, number, how)];
}

function listRules(table: Table, command: Command): string[] {
  const counters = command.verbose > 0;
  const { number } = command;
  if (command.chain === undefined) {
    const chains = table.ordered();
    return [
      ...chains.map((chain) => chainLine(chain, counters)),
      ...chains.flatMap((chain) => chain.rules.map((rule) => ruleLine(chain, rule, counters))),
    ];
  }
  const chain = new Changes(table).chain(command.chain);
  if (number > 0) return chain.rules.slice(number - 1, number).map((rule) => ruleLine(chain, rule, counters));
  return [chainLine(chain, counters), ...chain.rules.map((rule) => ruleLine(chain, rule, counters))];
}

/** Operations that make the table stand, as the first change in it does. */
function makesTable({ operation, chain, verbose }: Command): boolean {
  if (operation === "flush") return chain !== undefined || verbose > 0;
  return operation === "append" || operation === "insert" || operation === "new-chain" || operation === "policy";
}

function change(ruleset: Ruleset, table: Table, command: Command): string {
  const changes = new Changes(table, true);
  const before = table.ordered();
  try {
    const rules = apply(changes, command);
    if (makesTable(command)) ruleset.tables.set(table.name, table);
    ruleset.version++;
    return command.verbose > 0 ? told(table, command, rules, before) : "";
  } catch (error) {
    changes.undo();
    throw error;
  }
}

/** What `-v` says of a change. `before`: the table's chains before it. */
function told(table: Table, { operation, chain }: Command, rules: readonly Rule[], before: readonly Chain[]): string {
  const lines =
    operation === "flush"
      ? before
          .filter(({ name }) => chain === undefined || name === chain)
          .map(({ name }) => `Flushing chain \`${name}'`)
      : operation === "delete-chain"
        ? before.filter(({ name }) => !table.chains.has(name)).map(({ name }) => `Deleting chain \`${name}'`)
        : rules.map(describeRule);
  return lines.map((line) => `${line}\n`).join("");
}

function help(program: string): string {
  return `${program} v${VERSION}

Usage: ${program} -[ACD] chain rule-specification [options]
       ${program} -I chain [rulenum] rule-specification [options]
       ${program} -R chain rulenum rule-specification [options]
       ${program} -D chain rulenum [options]
       ${program} -[LS] [chain [rulenum]] [options]
       ${program} -[FZ] [chain] [options]
       ${program} -[NX] chain
       ${program} -E old-chain-name new-chain-name
       ${program} -P chain target [options]
       ${program} -h (print this help information)
`;
}
