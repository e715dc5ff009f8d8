import { readCommand } from "./command.ts";
import type { Command } from "./command-options.ts";
import { Rule, type RuleBody } from "./types.ts";

/** Commands by table and line. A cluster's machines load the same lines, and so do all sessions of a process. */
const known = new Map<string, Command>();
const MOST = 1_024;

/** What a line of iptables-restore says, split by `words`; what was read before is not read again. Throws `Problem`. */
export function readLine(
  line: string,
  table: string,
  words: (line: string) => string[],
  setDimensions: (name: string) => number | undefined,
  family: 4 | 6 = 4,
): Command {
  const key = `${family} ${table} ${line}`;
  const before = known.get(key);
  if (before !== undefined) return { ...before, rules: before.rules.map(({ body }) => new Rule(body)) };
  const command = readCommand(words(line), { family, restoring: table, setDimensions });
  const { operation, rules } = command;
  const mayStand = operation === "append" || operation === "insert";
  if (mayStand && rules.every((rule) => rule.packets === 0 && rule.bytes === 0 && isPlain(rule.body))) {
    if (known.size >= MOST) known.clear();
    known.set(key, { ...command, rules: rules.map(({ body }) => new Rule(body)) });
  }
  return command;
}

/** It says the same wherever it stands: nothing in it counts, or asks what else there is. */
function isPlain({ matches, target }: RuleBody): boolean {
  return !target?.volatile && target?.name !== "SET" && !matches.some((match) => match.volatile);
}
