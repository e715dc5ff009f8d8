import type { ArithmeticCommand, Assignment, Command, Redirection, Word } from "unbash";
import { braceExpand } from "./brace.ts";
import { DECLARATIONS } from "./builtins/special.ts";
import { plainWord, references, substitutes } from "./expand.ts";
import { parseText } from "./source.ts";

/** What a simple command is made of, the same at each run. */
export interface Parts {
  assignments: Assignment[];
  words: Word[];
  redirections: readonly Redirection[];
  /** Arguments that are assignments, for `declare` and its kin, by their place among the words. */
  declared: Map<number, Assignment>;
  /** All words when none needs expansion. */
  plain: readonly string[] | undefined;
  /** No word runs a command. */
  pure: boolean;
  /** The place whose line messages and LINENO name: where what was read to know the command ends. */
  place: number;
}

/** An element, as `unset` takes it: its subscript is expanded once. */
const ELEMENT = /^[A-Za-z_]\w*\[.*[$`"'\\].*\]$/s;

const prepared = new WeakMap<Command, Parts>();

/** The parts of a command. */
export function partsOf(node: Command): Parts {
  let parts = prepared.get(node);
  if (parts) return parts;
  const words: Word[] = node.name ? [node.name] : [];
  const assignments = node.prefix.filter((part): part is Assignment => part.type === "Assignment");
  const declared = new Map<number, Assignment>();
  const name = node.name?.value;
  // `command declare x=(…)` and `builtin …` are read alike.
  const isDeclaration = name !== undefined && (DECLARATIONS.has(name) || name === "command" || name === "builtin");
  for (const arg of node.args) {
    if (arg.type === "Word") words.push(arg);
    else {
      // Braces are expanded before anything is known of assignments.
      if (isDeclaration && (arg.value.type === "ArrayValue" || braceExpand(arg.text).length === 1))
        declared.set(words.length, arg);
      words.push(wordOf(arg));
    }
  }
  if (words.find((word) => word.value !== "command")?.value === "unset")
    for (const word of words) if (ELEMENT.test(word.text)) references.add(word);
  const texts = words.map((word) => (references.has(word) ? undefined : plainWord(word)));
  const plain = declared.size === 0 && texts.every((text) => text !== undefined) ? (texts as string[]) : undefined;
  const pure = words.every((word) => !substitutes(word.text));
  const read: { pos: number; end: number }[] = [...node.prefix, ...(node.name ? [node.name] : []), ...node.args];
  const [first, second] = [...read, ...node.redirects].sort((a, b) => a.pos - b.pos);
  // Behind a word there might be the parentheses of a function; behind an assignment nothing is looked for.
  const seen = first === node.name ? (second ?? first) : first;
  const place = Math.max(node.pos, (seen?.end ?? 1) - 1);
  parts = { pure, place, assignments, words, redirections: node.redirects, declared, plain };
  prepared.set(node, parts);
  return parts;
}

function wordOf(assignment: Assignment): Word {
  return { type: "Word", text: assignment.text, value: assignment.text, pos: assignment.pos, end: assignment.end };
}

const keyworded = new WeakMap<Command, Parts>();

/** The parts of a command under `set -k`: what looks like an assignment is one, wherever it stands. */
export function keywordParts(node: Command): Parts {
  const known = keyworded.get(node);
  if (known) return known;
  const usual = partsOf(node);
  const assignments = [...usual.assignments];
  const words: Word[] = [];
  for (const word of usual.words) {
    const command = /^[A-Za-z_]\w*(\[.*\])?\+?=/s.test(word.text)
      ? parseText(word.text).commands[0]?.command
      : undefined;
    const [first] = command?.type === "Command" ? command.prefix : [];
    if (first?.type === "Assignment" && first.text === word.text) assignments.push(first);
    else words.push(word);
  }
  const parts = { ...usual, assignments, words, declared: new Map<number, Assignment>(), plain: undefined };
  keyworded.set(node, parts);
  return parts;
}

/** Where an expression is evaluated, for messages and LINENO: on the line that it ends on. */
export function arithmeticEnd(node: ArithmeticCommand): number {
  return Math.max(node.pos, node.end - 1);
}
