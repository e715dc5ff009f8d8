/**
 * Matching without backtracking for patterns that leave no choice: a sequence of characters and repeated sets where what
 * may follow a repetition is never in the set repeated (`[0-9]+\.[0-9]*`, `^([^:]*):`). One pass decides each start.
 */
import type { Node } from "./ast.ts";

interface Atom {
  /** Character codes below 128 that fit; others fit when `beyond`. */
  ascii: Uint8Array;
  beyond: boolean;
  min: number;
  max: number;
}

type Step = { kind: "atom"; atom: Atom } | { kind: "open" | "close"; slot: number } | { kind: "start" | "end" };

/** Finds the leftmost match from an index: spans as in `RegexMatch`, null for none, undefined when it cannot tell. */
export type DirectMatcher = (text: string, from: number) => number[] | null | undefined;

/** A matcher for the tree, or undefined when the pattern has choices or looks beyond ASCII. */
export function directMatcher(root: Node, groups: number): DirectMatcher | undefined {
  const steps: Step[] = [];
  if (!flatten(root, steps) || !decided(steps)) return undefined;
  const anchored = steps.find((step) => step.kind !== "open")?.kind === "start";
  const prefix = anchored ? "" : prefixOf(steps);
  const first = steps.find((step) => step.kind === "atom");
  const firstSet =
    !anchored && first?.kind === "atom" && first.atom.min > 0 && !first.atom.beyond ? first.atom.ascii : undefined;
  return (text, from) => {
    let budget = 4096 + text.length * 16;
    const spans = new Array<number>(2 * groups + 2).fill(-1);
    for (let start = from; start <= text.length; start++) {
      if (prefix !== "") {
        start = text.indexOf(prefix, start);
        if (start < 0) return null;
      } else if (firstSet !== undefined) {
        for (; start < text.length; start++) {
          const code = text.charCodeAt(start);
          if (code < 128 && firstSet[code] === 1) break;
        }
        if (start >= text.length) return null;
      } else if (anchored && start > 0) return null;
      const end = matchAt(text, start, steps, spans);
      if (end === UNSURE) return undefined;
      if (end >= 0) {
        spans[0] = start;
        spans[1] = end;
        return spans;
      }
      budget -= scanned;
      if (budget < 0) return undefined;
    }
    return null;
  };
}

const UNSURE = -2;
/** Characters that the last attempt looked at. */
let scanned = 0;

function matchAt(text: string, start: number, steps: readonly Step[], spans: number[]): number {
  let at = start;
  scanned = 1;
  for (const step of steps) {
    switch (step.kind) {
      case "atom": {
        const { ascii, beyond, min, max } = step.atom;
        let count = 0;
        while (count < max && at < text.length) {
          const code = text.charCodeAt(at);
          if (code < 128) {
            if (ascii[code] === 0) break;
          } else {
            // Pairs and escaped bytes are characters of their own length: left to the other matcher.
            if (code >= 0xd800 && code <= 0xdfff) return UNSURE;
            if (!beyond) break;
          }
          at++;
          count++;
        }
        scanned += count;
        if (count < min) return -1;
        break;
      }
      case "open":
        spans[step.slot * 2] = at;
        break;
      case "close":
        spans[step.slot * 2 + 1] = at;
        break;
      case "start":
        if (at !== 0) return -1;
        break;
      case "end":
        if (at !== text.length) return -1;
    }
  }
  return at;
}

function flatten(node: Node, out: Step[]): boolean {
  switch (node.t) {
    case "char":
    case "any":
    case "set": {
      const atom = atomOf(node, 1, 1);
      if (atom === undefined) return false;
      out.push({ kind: "atom", atom });
      return true;
    }
    case "seq":
      return node.items.every((item) => flatten(item, out));
    case "group":
      out.push({ kind: "open", slot: node.index });
      if (!flatten(node.node, out)) return false;
      out.push({ kind: "close", slot: node.index });
      return true;
    case "rep": {
      if (node.lazy || node.possessive) return false;
      const atom = atomOf(node.node, node.min, node.max);
      if (atom === undefined) return false;
      out.push({ kind: "atom", atom });
      return true;
    }
    case "at":
      if (node.where !== "^" && node.where !== "$") return false;
      out.push({ kind: node.where === "^" ? "start" : "end" });
      return true;
    default:
      return false;
  }
}

function atomOf(node: Node, min: number, max: number): Atom | undefined {
  const ascii = new Uint8Array(128);
  if (node.t === "char") {
    if (node.code >= 128) return undefined;
    ascii[node.code] = 1;
    return { ascii, beyond: false, min, max };
  }
  if (node.t === "any") return { ascii: ascii.fill(1), beyond: true, min, max };
  if (node.t !== "set") return undefined;
  for (const [from, to] of node.ranges) {
    if (to >= 128) return undefined;
    for (let code = from; code <= to; code++) ascii[code] = 1;
  }
  if (!node.negate) return { ascii, beyond: false, min, max };
  for (let code = 0; code < 128; code++) ascii[code] = ascii[code] === 1 ? 0 : 1;
  return { ascii, beyond: true, min, max };
}

/** True when after each repetition of varying length only characters outside of it can follow. */
function decided(steps: readonly Step[]): boolean {
  for (const [i, step] of steps.entries()) {
    if (step.kind === "start" && steps.slice(0, i).some((before) => before.kind === "atom")) return false;
    if (step.kind !== "atom" || step.atom.min === step.atom.max) continue;
    for (const next of steps.slice(i + 1)) {
      if (next.kind === "end") break;
      if (next.kind !== "atom") continue;
      if (overlap(step.atom, next.atom)) return false;
      if (next.atom.min > 0) break;
    }
  }
  return true;
}

function overlap(a: Atom, b: Atom): boolean {
  if (a.beyond && b.beyond) return true;
  for (let code = 0; code < 128; code++) if (a.ascii[code] === 1 && b.ascii[code] === 1) return true;
  return false;
}

/** Literal text that every match begins with. */
function prefixOf(steps: readonly Step[]): string {
  let out = "";
  for (const step of steps) {
    if (step.kind === "open" || step.kind === "close") continue;
    if (step.kind !== "atom" || step.atom.beyond || step.atom.min === 0) break;
    const only = step.atom.ascii.reduce((codes, fits, code) => (fits === 1 ? [...codes, code] : codes), [] as number[]);
    if (only.length !== 1) break;
    out += String.fromCharCode(only[0]!);
    if (step.atom.min !== 1 || step.atom.max !== 1) break;
  }
  return out;
}
