/** What functions of yq are given, and what they make. */
import { isMap, isSeq, type Node, type Pair, YAMLSeq } from "yaml";
import type { Context } from "./yq-eval.ts";
import type { Ast } from "./yq-parse.ts";
import { type Candidate, copied, loose, resolved, scalar } from "./yq-values.ts";

/** One candidate's results. */
export type Each = (one: Candidate, args: Arguments) => Candidate[];

/** Arguments, evaluated with one candidate as their input. */
export interface Arguments {
  count: number;
  /** All results of an argument for another input. */
  of(index: number, input: Candidate): Candidate[];
  /** The first result's text. */
  text(index: number): string;
  node(index: number): Node | undefined;
  context: Context;
  ast: readonly Ast[];
}

type Value = string | number | boolean | null;

/** A new scalar. */
export const make = (one: Candidate, value: Value, text?: string): Candidate => loose(scalar(value, text), one.source);
/** A new list of copies. */
export const list = (one: Candidate, items: readonly Node[]): Candidate => {
  const seq = new YAMLSeq();
  seq.items = items.map((item) => copied(item));
  return loose(seq, one.source);
};
/** Items of a list, values of a map. */
export const itemsOf = (one: Candidate): Node[] => {
  const node = resolved(one);
  if (isSeq(node)) return node.items as Node[];
  return isMap(node) ? (node.items as Pair<Node, Node>[]).map((pair) => pair.value ?? scalar(null)) : [];
};
