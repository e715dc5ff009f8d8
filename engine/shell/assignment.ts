import type { Assignment, Word } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { AssociativeArray } from "./assoc.ts";
import { cannotAllocate, invalidName, namedMessage, readonlyVariable, ShellError } from "./control.ts";
import {
  type Compiled,
  compile,
  compiledText,
  expanding,
  expandingAtOnce,
  expandWords,
  piecesText,
  wordText,
} from "./expand.ts";
import { doubleQuote, protectedSubscript, singleQuote } from "./quote.ts";
import { closeBrace } from "./scan.ts";
import type { Shell } from "./shell.ts";
import { MAX_ELEMENTS, Variable } from "./variables.ts";

/** An element of `(…)`: with its subscript, or the next one. */
export interface Element {
  index: string | undefined;
  value: string;
  append: boolean;
  /** A word that is shown and not assigned. */
  refused?: boolean;
}

/** An assignment whose right side is expanded. */
export interface Prepared {
  name: string;
  index: string | undefined;
  /** The subscript as it is written, where its commands were run. */
  written?: string | undefined;
  append: boolean;
  value: string;
  elements: Element[] | undefined;
  /** What of `(…)` will not do, to be told once it was shown, and all words of it. */
  refusals?: { messages: string[]; all: Element[] } | undefined;
  /** The text between the parentheses. */
  raw: string;
  /** `name=` was written; without it a declaration names the variable only. */
  hasValue: boolean;
}

/** What of an assignment is the same at each run. */
interface Shape {
  name: string;
  index: string | undefined;
  append: boolean;
  words: readonly Word[] | undefined;
  value: Compiled;
  raw: string;
}

const shapes = new WeakMap<Assignment, Shape>();

function shapeOf(node: Assignment): Shape {
  let shape = shapes.get(node);
  if (shape === undefined) {
    const { value } = node;
    const list = value.type === "ArrayValue";
    shape = {
      name: node.name,
      index: node.index?.text,
      append: node.append ?? false,
      words: list ? value.elements : undefined,
      value: compile(list ? "" : value.text, "word", true),
      raw: list ? node.text.slice(node.text.indexOf("(") + 1, -1).trim() : "",
    };
    shapes.set(node, shape);
  }
  return shape;
}

/** What `set -x` shows of an assignment to a whole array, which is told before its words are expanded. */
export function wholeArray(node: Assignment): Pick<Prepared, "name" | "append" | "raw"> | undefined {
  const { name, append, raw, words } = shapeOf(node);
  return words && { name, append, raw };
}

/**
 * A subscript whose commands have run: their output stands in it as quoted text, so that evaluating it asks for none.
 */
export function* settledIndex(sh: Shell, index: string): Gen<string> {
  if (!/\$\(|`/.test(index)) return index;
  const text = yield* expanding(sh, () => piecesText(sh, compile(index).pieces));
  return `"${text.replace(/[$`"\\]/g, "\\$&")}"`;
}

/** A name as builtins are given it: with `assoc_expand_once` a subscript was expanded already, and is protected. */
export function protectedName(sh: Shell, name: string): string {
  return protectedKey(sh, name, /^([A-Za-z_]\w*)\[([\s\S]+)\]()$/);
}

/** The same of an argument of a declaration, where the first bracket ends the subscript. */
export function protectedDeclaration(sh: Shell, arg: string): string {
  return protectedKey(sh, arg, /^([A-Za-z_]\w*)\[([^\]]+)\](\+?=[\s\S]*)?$/);
}

function protectedKey(sh: Shell, text: string, form: RegExp): string {
  const found = sh.shopts.has("assoc_expand_once") ? form.exec(text) : null;
  if (found === null || !sh.vars.find(sh.vars.target(found[1]!))?.map) return text;
  if (/^(?:\\[\s\S]|[^$`~"'\\[\]])*$/.test(found[2]!)) return text;
  return `${found[1]}[${protectedSubscript(found[2]!)}]${found[3] ?? ""}`;
}

/** The same of the subscripts in an expression that `let` is given. */
export function protectedExpression(sh: Shell, text: string): string {
  if (!sh.shopts.has("assoc_expand_once")) return text;
  return text.replace(/\b([A-Za-z_]\w*)\[([^\]]+)\]/g, (element, name, key) =>
    sh.vars.find(sh.vars.target(name))?.map ? `${name}[${protectedSubscript(key)}]` : element,
  );
}

/** The same of a name with its subscript, as builtins are given it: `a[$(…)]`. */
export function* settledName(sh: Shell, name: string): Gen<string> {
  const bracket = name.indexOf("[");
  if (bracket < 0 || !name.endsWith("]")) return name;
  return `${name.slice(0, bracket)}[${yield* settledIndex(sh, name.slice(bracket + 1, -1))}]`;
}

/** Assigns to what a builtin is given: a name, or one with its subscript. */
export function assignNamed(sh: Shell, name: string, value: string): void {
  const bracket = name.indexOf("[");
  if (bracket < 0) sh.assign(name, undefined, value);
  else sh.assign(name.slice(0, bracket), name.slice(bracket + 1, -1), value);
}

/**
 * Expands the right side of an assignment. `declared`: how, when a builtin is to do it; then what the subscript needs is
 * expanded as well.
 */
export function* prepareAssignment(sh: Shell, node: Assignment, declared?: "keyed" | "as it is"): Gen<Prepared> {
  const { name, index, append, words, value, raw } = shapeOf(node);
  const keyed = words && (declared === "keyed" || sh.vars.find(sh.vars.target(name))?.map !== undefined);
  const refusals = words && declared && { messages: [], all: [] };
  const elements =
    words && (yield* expandArray(sh, words, keyed && { name, quoted: declared !== undefined }, refusals));
  const text = words ? "" : (value.plain ?? (yield* expanding(sh, () => compiledText(sh, value))));
  const place = index && (declared ? yield* settledIndex(sh, index) : index);
  return { name, index: place, written: index, append, value: text, elements, refusals, raw, hasValue: true };
}

/**
 * Expands the words of `(…)`. Those of an associative array that are not written `[key]=value` are keys and values in
 * turn: each word stays one (`expand_and_quote_kvpair_word` of bash's arrayfunc.c). `quoted`: words are shown in quotes.
 */
export function* expandArray(
  sh: Shell,
  words: readonly Word[],
  keyed: { name: string; quoted: boolean } | false | undefined,
  refusals?: Prepared["refusals"],
): Gen<Element[]> {
  const out: Element[] = [];
  if (keyed && words.length > 0 && !/^\[[\s\S]*\]\+?=/.test(words[0]!.text)) {
    for (const { text } of words)
      out.push({ index: undefined, value: yield* expanding(sh, () => wordText(sh, text)), append: false });
    return out;
  }
  for (const word of words) {
    const { text } = word;
    if (text[0] === "[") {
      const end = closeBrace(text, 1, "[", "]");
      const rest = text.slice(end + 1);
      if (rest.startsWith("=") || rest.startsWith("+=")) {
        const append = rest[0] === "+";
        const value = yield* expanding(sh, () => wordText(sh, rest.slice(append ? 2 : 1), true));
        // Words of an indexed array have lost their quotes before the subscript is looked at.
        const place = text.slice(1, end);
        const quoted = !keyed && place.includes("'");
        const index = quoted ? yield* expanding(sh, () => wordText(sh, place)) : yield* settledIndex(sh, place);
        out.push({ index, value, append });
        continue;
      }
    }
    if (keyed) {
      const shown = keyed.quoted ? singleQuote(text) : text;
      const message = `${keyed.name}: ${shown}: must use subscript when assigning associative array`;
      if (refusals) {
        refusals.messages.push(message);
        refusals.all = [...refusals.all, ...out.slice(refusals.all.filter((one) => !one.refused).length)];
        refusals.all.push({ index: undefined, value: text, append: false, refused: true });
      } else yield* sh.complain(message);
      continue;
    }
    for (const value of yield* expanding(sh, () => expandWords(sh, [word], true)))
      out.push({ index: undefined, value, append: false });
  }
  return out;
}

/** The text of a prepared assignment as an argument. */
export function* assignmentText(sh: Shell, ready: Prepared): Gen<string> {
  const { index } = ready;
  const place = index && (yield* expandingAtOnce(sh, () => wordText(sh, index)));
  const name = place === undefined ? ready.name : `${ready.name}[${place}]`;
  const value = ready.elements
    ? `(${ready.elements.map((element) => doubleQuote(element.value)).join(" ")})`
    : ready.value;
  return `${name}${ready.append ? "+" : ""}=${value}`;
}

/** Assigns; that the variable is read-only or a reference without a name is told, and leads to `false`. */
export function* tryAssign(sh: Shell, name: string, value: string, prefix = ""): Gen<boolean> {
  try {
    yield* expandingAtOnce(sh, () => sh.assign(name, undefined, value));
    return true;
  } catch (error) {
    const refused = error instanceof ShellError && (error.bare || sh.vars.find(name)?.nameref === true);
    if (!refused) throw error;
    yield* sh.complain(namedMessage(prefix, error));
    return false;
  }
}

/** Carries out an assignment, and the commands that evaluating its value or its subscript asks for. */
export function* assigning(sh: Shell, ready: Prepared): Gen<void> {
  yield* expandingAtOnce(sh, () => applyAssignment(sh, ready));
}

/** Carries out an assignment. Throws for read-only variables and bad subscripts. */
export function applyAssignment(sh: Shell, ready: Prepared): void {
  if (ready.elements === undefined) {
    sh.assign(ready.name, ready.index, ready.value, ready.append);
    return;
  }
  if (ready.index !== undefined)
    throw new ShellError(`${ready.name}[${ready.index}]: cannot assign list to array member`, "fail");
  assignArray(sh, ready.name, ready.elements, ready.append);
}

/** Throws bash's words for an array of more elements than memory holds. */
export function requireRoom(elements: number): void {
  if (elements > MAX_ELEMENTS) throw cannotAllocate(48 * elements, "xmalloc");
}

/** `name=(…)` and `name+=(…)`. */
export function assignArray(sh: Shell, name: string, elements: readonly Element[], append: boolean): void {
  const target = sh.vars.target(name);
  // A reference to an element cannot become an array.
  if (target.includes("[")) throw invalidName(target);
  let variable = sh.vars.find(target);
  if (variable?.nameref && !variable.value) {
    sh.warnings.push(`warning: ${target}: removing nameref attribute`);
    variable.nameref = false;
  }
  if (variable?.readonly) throw readonlyVariable(target);
  if (variable === undefined) {
    variable = new Variable();
    sh.vars.all.set(target, variable);
  }
  if (variable.get && variable.set) return;
  variable.declaredEmpty = false;
  if (variable.map) {
    const map = append || variable.map.live ? variable.map : new AssociativeArray([], variable.map.buckets);
    variable.map = map;
    for (let i = 0; i < elements.length; i++) {
      const { index, value, append: more } = elements[i]!;
      if (index !== undefined) {
        const key = sh.keyOf(index);
        map.set(key, sh.converted(variable, value, more, map.get(key)));
      } else {
        if (value === "") sh.warnings.push('"": bad array subscript');
        else map.set(value, sh.converted(variable, elements[i + 1]?.value ?? "", false, undefined));
        i++;
      }
    }
    return;
  }
  const old = variable.list ?? (variable.value === undefined ? [] : [variable.value]);
  variable.value = undefined;
  variable.list = append ? old : [];
  if (!variable.integer && variable.letters === undefined && elements.every((one) => one.index === undefined)) {
    const { list } = variable;
    requireRoom(list.length + elements.length);
    for (const { value } of elements) list.push(value);
    sh.charge(elements.length >> 4);
    if (variable.exported) sh.vars.changed();
    return;
  }
  let next = append ? old.length : 0;
  for (const { index, value, append: more } of elements) {
    if (index !== undefined) {
      const wrong = index === "@" || index === "*" ? "cannot assign to non-numeric index" : undefined;
      try {
        if (wrong !== undefined || index === "") throw new ShellError("", "fail");
        next = sh.indexOf(variable, index, target);
      } catch (error) {
        if (!(error instanceof ShellError) || error.how !== "fail") throw error;
        // The other elements are assigned all the same.
        sh.warnings.push(`[${index}]=${value}: ${wrong ?? "bad array subscript"}`);
        continue;
      }
    }
    sh.assign(target, String(next), value, more);
    next++;
  }
  if (variable.exported) sh.vars.changed();
}
