/** Reading and setting variables of a shell as its expansions and assignments do. */
import { type ArithScope, evaluate } from "./arith.ts";
import { badSubscript, cannotAllocate, invalidName, readonlyVariable, ShellError } from "./control.ts";
import { localeWarning, lowerCase, upperCase } from "./locale.ts";
import { setCompatibility, setPosixMode } from "./modes.ts";
import type { Shell } from "./shell.ts";
import { isNameReference, MAX_ELEMENTS, Variable } from "./variables.ts";

/** The value of a variable or an element. */
export function readVariable(sh: Shell, name: string, index?: string): string | undefined {
  const target = sh.vars.target(name);
  const bracket = target.indexOf("[");
  if (bracket > 0 && index === undefined)
    return readVariable(sh, target.slice(0, bracket), target.slice(bracket + 1, -1));
  const variable = sh.vars.find(target);
  if (variable === undefined) {
    // The subscript has its effects all the same.
    if (index !== undefined) sh.indexOf(undefined, index, name, true);
    return undefined;
  }
  if (index === undefined) return variable.scalar();
  if (variable.map) return variable.map.get(sh.keyOf(index));
  const at = sh.indexOf(variable, index, name, true);
  if (at < 0) return undefined;
  return variable.list ? variable.list[at] : at === 0 ? variable.scalar() : undefined;
}

function resolveIndex(sh: Shell, name: string, index: string): string {
  const variable = sh.vars.find(sh.vars.target(name));
  if (variable?.map || /^\d+$/.test(index)) return index;
  const at = sh.indexOf(variable, index, name, true);
  return at < 0 ? index : String(at);
}

function getForArith(sh: Shell, name: string, index: string | undefined): string | undefined {
  if (name === "_") return sh.lastArgument;
  const value = sh.get(name, index);
  // Dash has numbers only, no expressions.
  if (sh.setup.dialect === "dash" && value && !/^\s*[-+]?(?:\d+|0[xX][\da-fA-F]+)\s*$/.test(value))
    throw new ShellError(`Illegal number: ${value}`, "exit", 2);
  return value;
}

/** Sets a variable or an element as an assignment does: attributes apply. Throws for read-only ones. */
export function assignVariable(
  sh: Shell,
  name: string,
  index: string | undefined,
  value: string,
  append: boolean,
): void {
  const target = sh.vars.target(name);
  const bracket = target.indexOf("[");
  if (bracket > 0) {
    if (index !== undefined) {
      sh.indexOf(undefined, index, name, true);
      throw invalidName(target);
    }
    const array = target.slice(0, bracket);
    dropReference(sh, array, target);
    assignVariable(sh, array, target.slice(bracket + 1, -1), value, append);
    return;
  }
  let variable = sh.vars.find(target);
  if (variable === undefined) {
    // References that name each other name nothing.
    if (target.endsWith("\0")) throw new ShellError("");
    variable = new Variable();
    sh.vars.all.set(target, variable);
  }
  if (variable.readonly) {
    // A subscript that will not do is noticed first.
    if (index !== undefined && variable.list) sh.indexOf(variable, index, name, false);
    throw readonlyVariable(target);
  }
  if (variable.nameref && !variable.value && (index !== undefined || !isNameReference(value)))
    throw invalidName(index === undefined ? value : "");
  if (variable.set && index === undefined) {
    variable.set(value);
    return;
  }
  if (variable.computedList) {
    variable.setAt?.(sh.indexOf(variable, index!, name), value);
    return;
  }
  if (sh.options.has("allexport")) variable.exported = true;
  if (index !== undefined && !variable.isArray) {
    variable.list = variable.value === undefined ? [] : [variable.value];
    variable.value = undefined;
  }
  if (variable.map) {
    const key = sh.keyOf(index ?? "0");
    if (key === "" && index !== undefined) throw badSubscript(name, index);
    variable.map.set(key, convertedValue(sh, variable, value, append, variable.map.get(key)));
  } else if (variable.list) {
    const at = index === undefined ? 0 : sh.indexOf(variable, index, name, false);
    if (at >= MAX_ELEMENTS && at === variable.list.length) throw cannotAllocate(16 * at);
    variable.list[at] = convertedValue(sh, variable, value, append, variable.list[at]);
  } else {
    variable.value = convertedValue(sh, variable, value, append, variable.value);
  }
  variable.declaredEmpty = false;
  if (variable.exported || target === "PATH" || target === "IFS") sh.vars.changed();
  if (target === "_") sh.lastArgument = value;
  if (target === "BASH_COMPAT" && sh.setup.dialect === "bash") setCompatibility(sh, variable.value ?? "");
  else if (target === "PATH") sh.hashed.clear();
  else if (target === "OPTIND") sh.getoptsPosition = 0;
  else if (target.startsWith("LC_") && !sh.vars.frames.at(-1)?.environment) {
    const warning = localeWarning(sh, target, variable.value ?? "");
    if (warning) sh.warnings.push(warning);
  } else if (target === "IGNOREEOF") sh.options.add("ignoreeof");
  else if (target === "POSIXLY_CORRECT" && sh.setup.dialect === "bash") setPosixMode(sh, true);
}

/** An array that a reference to one of its elements is assigned by: it is no reference itself any more. */
function dropReference(sh: Shell, name: string, target: string): void {
  const variable = sh.vars.find(name);
  if (!variable?.nameref) return;
  if (sh.vars.frames.some((frame) => frame.has(name))) throw invalidName(target);
  sh.warnings.push(`warning: ${name}: removing nameref attribute`);
  variable.nameref = false;
  variable.value = undefined;
}

/** A value as the attributes of its variable make it. */
export function convertedValue(
  sh: Shell,
  variable: Variable,
  value: string,
  append: boolean,
  old: string | undefined,
): string {
  if (variable.integer) {
    try {
      const result = evaluate(value, sh.arith);
      return String(append ? BigInt(evaluate(old ?? "0", sh.arith)) + BigInt(result) : result);
    } catch (error) {
      if (error instanceof ShellError) error.cleanup = true;
      throw error;
    }
  }
  const text = append ? (old ?? "") + value : value;
  if (variable.letters === undefined) return text;
  if (variable.letters === "lower") return lowerCase(text);
  if (variable.letters === "upper") return upperCase(text);
  const [first = "", ...rest] = text;
  return upperCase(first) + lowerCase(rest.join(""));
}

/** What expressions see of a shell's variables. */
export function arithScope(sh: Shell): ArithScope {
  return {
    get: (name, index) => getForArith(sh, name, index),
    set: (name, index, value) => {
      try {
        sh.assign(name, index, value, false);
      } catch (error) {
        if (!(error instanceof ShellError) || !error.bare || error.how !== "fail") throw error;
        sh.warnings.push(error.message);
      }
    },
    resolve: (name, index) => resolveIndex(sh, name, index),
    missing: (name) => {
      const variable = sh.has("nounset") ? sh.vars.find(sh.vars.target(name)) : undefined;
      const empty = variable?.declaredEmpty && variable.elements().length === 0;
      if (sh.has("nounset") && (!variable?.isArray || empty))
        throw new ShellError(`${name}: unbound variable`, "exit", 1);
    },
    present: (name) => {
      const variable = sh.has("nounset") ? sh.vars.find(sh.vars.target(name)) : undefined;
      if (sh.has("nounset") && (!variable || (variable.declaredEmpty && variable.elements().length === 0)))
        throw new ShellError(`${name}: unbound variable`, "exit", 1);
    },
  };
}
