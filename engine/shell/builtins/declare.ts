import type { Gen } from "../../kernel/index.ts";
import { evaluate } from "../arith.ts";
import { protectedDeclaration, protectedExpression, protectedName, settledIndex } from "../assignment.ts";
import { ExitShell, ShellError } from "../control.ts";
import { arithText, expanding, expandingAtOnce } from "../expand.ts";
import { compatibility, setPosixMode } from "../modes.ts";
import { arrayLiteral, attributeFlags } from "../param-ops.ts";
import { functionFile, functionText } from "../print-function.ts";
import { doubleQuote, singleQuote } from "../quote.ts";
import { isReference } from "../scan.ts";
import type { Shell, ShellFunction } from "../shell.ts";
import { trace, traceAssignment } from "../simple.ts";
import { Variable } from "../variables.ts";
import { aimOf, type DeclarationKind, declareOne } from "./declare-one.ts";
import type { Builtin, Call } from "./index.ts";
import { assignmentLine } from "./options.ts";
import { put } from "./output.ts";
import { SPECIAL } from "./special.ts";
import { badOption, parseOptions, withoutOptions } from "./usage.ts";

/** A line of `declare -p`. */
export function declareLine(sh: Shell, name: string, dash = false, kind = "declare"): string {
  const variable = sh.vars.find(name)!;
  const flags = attributeFlags(sh, name);
  const strict = sh.has("posix") && (kind === "export" || kind === "readonly");
  const arrays = flags.replace(/[^aA]/g, "");
  const head = dash
    ? flags.includes("x")
      ? "export"
      : "readonly"
    : strict
      ? `${kind}${arrays === "" ? "" : ` -${arrays}`}`
      : `declare -${flags || "-"}`;
  if (variable.isArray || variable.computedList) {
    const unset = variable.declaredEmpty || (name === "FUNCNAME" && sh.functionDepth === 0);
    const set = variable.keys().length > 0 || !unset;
    return set ? `${head} ${name}=${arrayLiteral(sh, name)}\n` : `${head} ${name}\n`;
  }
  const value = variable.scalar();
  if (sh.setup.dialect !== "bash")
    return value === undefined ? `${head} ${name}\n` : `${head} ${name}=${singleQuote(value)}\n`;
  return value === undefined ? `${head} ${name}\n` : `${head} ${name}=${doubleQuote(value)}\n`;
}

function* declareAll(sh: Shell, args: readonly string[], call: Call, kind: DeclarationKind): Gen<number> {
  const label = call.name;
  const bash = sh.setup.dialect === "bash";
  const known = kind === "export" ? "aAfnp" : kind === "readonly" ? "aAfnp" : "aAcfFgiIlnprtux";
  const parsed =
    kind === "local" && !bash
      ? withoutOptions(args)
      : parseOptions(
          args,
          bash ? known : sh.setup.dialect === "busybox" && kind === "export" ? "pn" : "p",
          kind === "declare" || kind === "local",
        );
  if (parsed.bad) return yield* badOption(sh, label, parsed.bad);
  const on = (letter: string) => parsed.options.some((option) => option.letter === letter && option.sign === "-");
  const off = (letter: string) => parsed.options.some((option) => option.letter === letter && option.sign === "+");
  if (on("f") || on("F"))
    return yield* functions(sh, label, parsed.rest, {
      names: on("F"),
      exported: kind === "export" || on("x") ? !(on("n") && kind === "export") : off("x") ? false : undefined,
      readonly: kind === "readonly" || on("r"),
      writable: off("r"),
      traced: on("t") ? true : off("t") ? false : undefined,
      attributes: on("p"),
      foreign: kind === "declare" || kind === "local" ? ["a", "A", "i", "n"].find(on) : undefined,
    });
  if (parsed.rest.length === 0 || (on("p") && (kind === "declare" || kind === "local")))
    return yield* show(sh, label, kind, parsed.rest, on, parsed.options.length > 0);
  let status = 0;
  const first = args.length - parsed.rest.length + 1;
  for (let i = 0; i < parsed.rest.length; i++) {
    const arg = parsed.rest[i]!;
    if (kind === "local" && arg === "-") {
      localOptions(sh);
      continue;
    }
    const aim = aimOf(protectedDeclaration(sh, arg), call.declared?.get(first + i));
    if (aim === undefined || (aim.index !== undefined && (kind === "export" || kind === "readonly"))) {
      const bad = kind === "declare" || kind === "local" ? arg : arg.replace(/^(\w+\[.*\])=.*$/s, "$1");
      yield* sh.complain(`${label}: \`${bad}': not a valid identifier`);
      if (!bash && !sh.setup.interactive) throw new ExitShell(2);
      if (sh.strict && SPECIAL.has(label) && /^[A-Za-z_]\w*\[.*\]=/s.test(arg)) sh.specialFailed = true;
      status = 1;
      continue;
    }
    // Where no option sends it another way, what `export` and `readonly` assign is shown once more.
    const again = (kind === "export" || kind === "readonly") && !on("a") && !on("A");
    if (again && aim.ready && !aim.ready.elements && sh.has("xtrace") && bash)
      yield* trace(sh, traceAssignment(sh, aim.ready));
    try {
      yield* declareOne(sh, aim, kind, { on, off }, label);
    } catch (error) {
      if (!(error instanceof ShellError) || (bash && error.how === "exit")) throw error;
      const refused = error.message.endsWith(": readonly variable");
      const plain = (kind === "export" || kind === "readonly") && !on("a") && !on("A");
      const assigned = error.bare || error.unnamed || (refused && plain);
      if (error.message !== "") yield* sh.complain(assigned ? error.message : `${label}: ${error.message}`);
      // That a reference means what cannot be declared is said, and no failure.
      if (!(plain && sh.vars.find(arg)?.nameref)) status = 1;
      if (error.how === "discard" && (error.bare || !refused)) {
        error.printed = true;
        throw error;
      }
      if (sh.posix && !sh.setup.interactive) throw new ExitShell(2);
      if (sh.strict && assigned && SPECIAL.has(label)) throw new ExitShell(1);
    }
  }
  return status;
}

/** `local -`: the options of `set` are put back when the function returns. */
function localOptions(sh: Shell): void {
  const frame = sh.vars.frames.at(-1);
  if (frame) frame.options ??= new Set(sh.options);
}

function* show(
  sh: Shell,
  label: string,
  kind: string,
  names: readonly string[],
  on: (letter: string) => boolean,
  filtered: boolean,
): Gen<number> {
  let status = 0;
  let text = "";
  if (names.length > 0) {
    for (const name of names) {
      if (
        sh.vars.find(name) === undefined ||
        (sh.vars.find(name)!.get && !sh.vars.find(name)!.computedList && sh.vars.find(name)!.elements().length === 0)
      ) {
        yield* put(sh, label, text);
        text = "";
        yield* sh.complain(`${label}: ${name}: not found`);
        status = 1;
      } else text += declareLine(sh, name);
    }
  } else {
    for (const name of sh.vars.names()) {
      const variable = sh.vars.find(name)!;
      if (kind === "export" && !variable.exported) continue;
      if (kind === "readonly" && !variable.readonly) continue;
      if (kind === "local" && !sh.vars.frames.at(-1)?.has(name)) continue;
      if ((on("x") && !variable.exported) || (on("r") && !variable.readonly) || (on("i") && !variable.integer))
        continue;
      if (
        (on("a") && !variable.list && !variable.computedList) ||
        (on("A") && !variable.map) ||
        (on("n") && !variable.nameref)
      )
        continue;
      if (kind === "declare" && !filtered && sh.setup.dialect === "bash") {
        text += assignmentLine(sh, name);
        continue;
      }
      if (!variable.asked) {
        const flags = attributeFlags(sh, name);
        text += variable.computedList ? `declare -a ${name}=()\n` : `declare -${flags || "-"} ${name}\n`;
        continue;
      }
      if (kind === "local" && sh.setup.dialect !== "bash") {
        text += variable.isSet ? assignmentLine(sh, name) : `${name}\n`;
        continue;
      }
      text += declareLine(sh, name, sh.posix, kind);
    }
  }
  if (kind === "declare" && !filtered && names.length === 0 && !sh.has("posix"))
    for (const [name, fn] of [...sh.functions].sort(([a], [b]) => (a < b ? -1 : 1)))
      text += `${functionText(sh, name, fn)}\n`;
  const wrote = yield* put(sh, label, text);
  return status || wrote;
}

function* functions(
  sh: Shell,
  label: string,
  names: readonly string[],
  how: {
    names: boolean;
    exported: boolean | undefined;
    readonly: boolean;
    writable: boolean;
    traced: boolean | undefined;
    /** `-p`: they are shown behind what is shown by name. */
    attributes: boolean;
    /** An attribute that functions cannot have. */
    foreign: string | undefined;
  },
): Gen<number> {
  const attributes = (name: string, fn: ShellFunction) =>
    `${sh.readonlyFunctions.has(name) ? "r" : ""}${fn.traced ? "t" : ""}${fn.exported ? "x" : ""}`;
  if (names.length === 0) {
    let text = "";
    for (const [name, fn] of [...sh.functions].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const has = attributes(name, fn);
      const asked = `${how.readonly ? "r" : ""}${how.traced ? "t" : ""}${how.exported ? "x" : ""}`;
      if (asked !== "" && ![...asked].some((one) => has.includes(one))) continue;
      if (!how.names) text += `${functionText(sh, name, fn)}\n`;
      if (how.names || has !== "") text += `declare -f${has} ${name}\n`;
    }
    return yield* put(sh, label, text);
  }
  let status = 0;
  for (const name of names) {
    const odd = label === "export" && how.exported && sh.functions.has(name) && /[=/]/.test(name);
    if (odd) {
      yield* sh.complain(`export: ${name}: cannot export`);
      status = 1;
      continue;
    }
    if (name.includes("=") && !how.names) {
      yield* sh.complain(`${label}: cannot use \`-f' to make functions`);
      return 1;
    }
    if (how.foreign !== undefined) {
      yield* sh.complain(`${label}: -${how.foreign}: invalid option`);
      return 1;
    }
    const fn = sh.functions.get(name);
    if (fn === undefined) {
      if (label === "export" || label === "readonly") yield* sh.complain(`${label}: ${name}: not a function`);
      else if (how.attributes) yield* sh.complain(`${label}: ${name}: not found`);
      status = 1;
    } else if (how.writable && sh.readonlyFunctions.has(name)) {
      yield* sh.complain(`${label}: ${name}: readonly function`);
      status = 1;
    } else if (how.exported !== undefined) fn.exported = how.exported;
    else if (how.readonly) sh.readonlyFunctions.add(name);
    else if (how.traced !== undefined) fn.traced = how.traced;
    else if (how.names && sh.shopts.has("extdebug"))
      yield* put(sh, label, `${name} ${fn.source.lineAt(fn.node.pos)} ${functionFile(sh, fn)}\n`);
    else {
      const has = how.attributes ? attributes(name, fn) : "";
      const tail = has === "" ? "" : `declare -f${has} ${name}\n`;
      yield* put(sh, label, how.names ? `${name}\n` : `${functionText(sh, name, fn)}\n${tail}`);
    }
  }
  return status;
}

const unset: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, sh.setup.dialect === "bash" ? "fvn" : "fv");
  if (parsed.bad) return yield* badOption(sh, "unset", parsed.bad);
  const functionsOnly = parsed.options.some((option) => option.letter === "f");
  const variablesOnly = parsed.options.some((option) => option.letter === "v");
  const reference = parsed.options.some((option) => option.letter === "n");
  if (functionsOnly && variablesOnly) {
    yield* sh.complain("unset: cannot simultaneously unset a function and a variable");
    return 1;
  }
  let status = 0;
  for (const given of parsed.rest) {
    const arg = protectedName(sh, given);
    if (functionsOnly) {
      if (sh.readonlyFunctions.has(arg)) {
        yield* sh.complain(`unset: ${arg}: cannot unset: readonly function`);
        status = 1;
      } else sh.functions.delete(arg);
      continue;
    }
    const match = isReference(arg) ? /^([A-Za-z_]\w*)(?:\[([\s\S]*)\])?$/.exec(arg) : null;
    // What only looks like an element is none, and nothing is said.
    if (match === null && !variablesOnly && /^\w+\[.*\]$/s.test(arg)) continue;
    if (match === null) {
      if (!variablesOnly && sh.functions.delete(arg)) continue;
      if (variablesOnly || sh.setup.dialect !== "bash") {
        yield* sh.complain(`unset: \`${arg}': not a valid identifier`);
        status = 1;
      }
      continue;
    }
    const aimed = reference ? match[1]! : sh.vars.target(match[1]!);
    // A reference may be to an element.
    const element = match[2] === undefined ? /^(\w+)\[([\s\S]*)\]$/.exec(aimed) : null;
    const name = element?.[1] ?? aimed;
    const subscript = element?.[2] ?? match[2];
    const variable = sh.vars.find(name);
    if (reference && variable !== undefined && !variable.nameref) continue;
    if (variable === undefined) {
      if (!variablesOnly) sh.functions.delete(name);
      continue;
    }
    if (variable.readonly) {
      yield* sh.complain(`unset: ${name}: cannot unset: readonly variable`);
      if (sh.posix && !sh.setup.interactive) throw new ExitShell(2);
      status = 1;
      continue;
    }
    if (subscript !== undefined)
      status = (yield* unsetElement(sh, name, variable, subscript, element !== null)) || status;
    else removeVariable(sh, name);
  }
  return status;
};

/** Unsetting a local variable of this function leaves it local and unset; one of a caller uncovers the older one. */
function removeVariable(sh: Shell, name: string): void {
  if (name === "POSIXLY_CORRECT") setPosixMode(sh, false);
  if (name === "IGNOREEOF") sh.options.delete("ignoreeof");
  const { frames } = sh.vars;
  for (let i = frames.length - 1; i >= 0; i--) {
    if (!frames[i]!.has(name)) continue;
    if (i === frames.length - 1) {
      const left = new Variable();
      // What the function was given in its environment leaves that behind.
      if (frames[i]!.get(name)?.temporary) left.exported = true;
      sh.vars.put(name, left);
      return;
    }
    const old = frames[i]!.get(name);
    frames[i]!.delete(name);
    if (old) sh.vars.put(name, old);
    else sh.vars.remove(name);
    return;
  }
  sh.vars.remove(name);
}

/** `referred`: a reference names the element. */
function* unsetElement(sh: Shell, name: string, variable: Variable, index: string, referred: boolean): Gen<number> {
  if ((index === "@" || index === "*") && variable.list) {
    if (compatibility(sh) < 52) removeVariable(sh, name);
    else variable.list = [];
    return 0;
  }
  if (variable.map) {
    variable.map.delete(yield* expanding(sh, () => sh.keyOf(index)));
    return 0;
  }
  if (!variable.list) {
    const at = Number(arithText(sh, yield* settledIndex(sh, index)));
    if (at === 0) sh.vars.remove(name);
    else if (!referred) {
      yield* sh.complain(`unset: ${name}: not an array variable`);
      return 1;
    }
    return 0;
  }
  const place = yield* settledIndex(sh, index);
  try {
    const { list } = variable;
    delete list[sh.indexOf(variable, place, name)];
    // The length says where an appended element goes: after the last one that is left.
    while (list.length > 0 && !(list.length - 1 in list)) list.length--;
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    yield* sh.complain(`unset: [${index}]: bad array subscript`);
    return 1;
  }
  return 0;
}

const letBuiltin: Builtin = function* (sh, args) {
  if (args.length === 0) {
    yield* sh.complain("let: expression expected");
    return sh.posix ? 2 : 1;
  }
  let last: number | bigint = 0;
  try {
    for (const arg of args[0] === "--" ? args.slice(1) : args)
      last = yield* expandingAtOnce(sh, () =>
        sh.posix ? arithText(sh, arg) : evaluate(protectedExpression(sh, arg), sh.arith),
      );
  } catch (error) {
    if (!(error instanceof ShellError) || !sh.posix) throw error;
    yield* sh.complain("let: arithmetic syntax error");
    return 2;
  }
  return last ? 0 : 1;
};

export const declareBuiltins: Record<string, Builtin> = {
  *declare(sh, args, call) {
    return yield* declareAll(sh, args, call, "declare");
  },
  *typeset(sh, args, call) {
    return yield* declareAll(sh, args, call, "declare");
  },
  *local(sh, args, call) {
    if (sh.functionDepth === 0) {
      yield* sh.complain("local: can only be used in a function");
      if (sh.posix && !sh.setup.interactive) throw new ExitShell(2);
      return 1;
    }
    return yield* declareAll(sh, args, call, "local");
  },
  *export(sh, args, call) {
    return yield* declareAll(sh, args, call, "export");
  },
  *readonly(sh, args, call) {
    return yield* declareAll(sh, args, call, "readonly");
  },
  unset,
  let: letBuiltin,
};
