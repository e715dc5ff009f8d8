import type { ArrayValue, Assignment, ParsedScript, Word } from "unbash";

/** A substitution that stands against other text of its word: `--file=<(…)`, `<(…)/x`. */
const ADJACENT = /[^\s;&|()<>\d][<>]\(|\d[<>]\(|[<>]\([^\n]*\)[^\s;&|()<>]/;

/**
 * Joins words that the parser cuts before a process substitution: for bash it is a part of the word it stands in. Works
 * on the tree in place; trees of texts without such words are left alone.
 */
export function joinSubstitutions(script: ParsedScript, text: string): ParsedScript {
  if (ADJACENT.test(text)) visit(script.commands);
  return script;
}

const isWord = (node: unknown): node is Word => (node as { type?: string } | undefined)?.type === "Word";
const isSubstitution = (word: Word) => word.text.startsWith("<(") || word.text.startsWith(">(");

function visit(node: unknown): void {
  if (Array.isArray(node)) {
    joinNeighbours(node);
    for (const item of node) visit(item);
    return;
  }
  if (node === null || typeof node !== "object" || isWord(node)) return;
  const command = node as { type: string; name?: Word; prefix?: unknown[] };
  if (command.type === "Command") joinAssignment(command);
  // What is read on demand is no property of the node's own.
  if (command.type === "Assignment") visit((node as Assignment).value);
  if (command.type === "ArrayValue") visit((node as ArrayValue).elements);
  for (const [key, value] of Object.entries(node))
    if (typeof value === "object" && key !== "parts" && key !== "script") visit(value);
}

function joinNeighbours(nodes: unknown[]): void {
  for (let i = 0; i + 1 < nodes.length; ) {
    const [left, right] = [nodes[i], nodes[i + 1]];
    if (isWord(left) && isWord(right) && left.end === right.pos) nodes.splice(i, 2, joined(left, right));
    else i++;
  }
}

/** `x=<(…)`, which the parser takes for an empty value and a command. */
function joinAssignment(command: { name?: Word; prefix?: unknown[]; suffix?: unknown[] }): void {
  const last = command.prefix?.at(-1) as (Assignment & { value: Word }) | undefined;
  const { name } = command;
  if (last?.type !== "Assignment" || name === undefined || name.pos !== last.end || !isSubstitution(name)) return;
  const { type, pos, append, index } = last;
  const value = joined(last.value, name);
  const whole: Assignment = {
    type,
    pos,
    end: name.end,
    text: last.text + name.text,
    name: last.name,
    value,
    append,
    index,
  };
  command.prefix = [...command.prefix!.slice(0, -1), whole];
  const first = command.suffix?.[0];
  if (isWord(first)) {
    command.name = first;
    command.suffix = command.suffix!.slice(1);
  } else delete command.name;
}

function joined(left: Word, right: Word): Word {
  const text = left.text + right.text;
  return { type: "Word", text, value: text, pos: left.pos, end: right.end };
}
