import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { normalize } from "../../machine/path.ts";
import { chdir, find, lookup } from "../../machine/sys.ts";
import { tryAssign } from "../assignment.ts";
import { workingDirectory as logical } from "../home.ts";
import { printable } from "../quote.ts";
import type { Shell } from "../shell.ts";
import type { Builtin, Call } from "./index.ts";
import { put } from "./output.ts";
import { badOption, parseOptions, usage } from "./usage.ts";

/** Changes directory and keeps PWD and OLDPWD; an error's text, empty where it was told already, or undefined. */
function* change(sh: Shell, dir: string, physical: boolean): Gen<string | undefined> {
  const from = logical(sh);
  const to = normalize(from, dir);
  try {
    if (physical) chdir(sh.p, dir);
    else {
      // `dir/..` asks that dir exists, although it is taken out textually.
      lookup(sh.p, dir.startsWith("/") ? dir : `${from}/${dir}`);
      chdir(sh.p, to);
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    return error.message;
  }
  for (const [name, value] of [
    ["OLDPWD", from],
    ["PWD", physical ? sh.p.cwd : to],
  ] as const) {
    if (yield* tryAssign(sh, name, value)) {
      sh.vars.ensure(name).exported = true;
      sh.vars.changed();
    } else if (name === "PWD") return "";
  }
  return undefined;
}

const cd: Builtin = function* (sh, args, { name }) {
  if (yield* restricted(sh, name)) return 1;
  const parsed = parseOptions(args, "LPe@");
  if (parsed.bad && args[0] !== "-") return yield* badOption(sh, name, parsed.bad);
  const rest = parsed.rest;
  const last = parsed.options.filter((option) => option.letter === "L" || option.letter === "P").at(-1);
  const physical = last ? last.letter === "P" : sh.has("physical");
  if (rest.length > 1 && sh.setup.dialect === "bash") {
    yield* sh.complain("cd: too many arguments");
    return 1;
  }
  let dir = rest[0];
  let announce = false;
  if (dir === undefined) {
    dir = sh.get("HOME");
    if (dir === undefined && sh.posix) return 0;
    if (dir === undefined) {
      yield* sh.complain("cd: HOME not set");
      return 1;
    }
  } else if (dir === "-") {
    // Other shells than bash stay where they are.
    dir = sh.get("OLDPWD") ?? (sh.posix ? logical(sh) : undefined);
    if (dir === undefined) {
      yield* sh.complain("cd: OLDPWD not set");
      return 1;
    }
    announce = true;
  }
  const paths = (sh.get("CDPATH") ?? "").split(":");
  if (!/^\.{0,2}(\/|$)/.test(dir) && sh.get("CDPATH")) {
    for (const base of paths) {
      const candidate = base === "" ? dir : `${base}/${dir}`;
      if (find(sh.p, candidate)?.kind === "dir") {
        announce = announce || base !== "";
        dir = candidate;
        break;
      }
    }
  }
  if (dir === "") return 0;
  const problem = yield* change(sh, dir, physical);
  if (problem === "") return 1;
  if (problem !== undefined) {
    yield* sh.complain(
      sh.setup.dialect === "bash"
        ? `${name}: ${printable(dir)}: ${problem}`
        : sh.setup.dialect === "dash"
          ? `cd: can't cd to ${dir}`
          : `cd: can't cd to ${dir}: ${problem}`,
    );
    return sh.posix ? 2 : 1;
  }
  return announce ? yield* put(sh, "cd", `${sh.get("PWD")}\n`) : 0;
};

/** Complains where directories may not be changed. */
function* restricted(sh: Shell, name: string): Gen<boolean> {
  if (sh.restricted) yield* sh.complain(`${name}: restricted`);
  return sh.restricted;
}

const pwd: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, "LP");
  if (parsed.bad) return yield* badOption(sh, "pwd", parsed.bad);
  const physical = parsed.options.at(-1)?.letter === "P" || (parsed.options.length === 0 && sh.has("physical"));
  return yield* put(sh, "pwd", `${physical ? sh.p.cwd : logical(sh)}\n`);
};

function shown(sh: Shell, dir: string, long: boolean): string {
  const home = sh.get("HOME");
  return !long && home && home !== "/" && (dir === home || dir.startsWith(`${home}/`))
    ? `~${dir.slice(home.length)}`
    : dir;
}

function* listStack(sh: Shell): Gen<number> {
  return yield* put(sh, "dirs", `${[logical(sh), ...sh.dirStack].map((dir) => shown(sh, dir, false)).join(" ")}\n`);
}

/** Place in the whole stack that `+N` or `-N` names. */
function placeOf(arg: string, size: number): number | undefined {
  const place = /^([+-])(\d+)$/.exec(arg);
  if (place === null) return undefined;
  return place[1] === "+" ? Number(place[2]) : size - 1 - Number(place[2]);
}

/** Complains that a place is not in the stack. */
function* outOfRange(sh: Shell, name: string, arg: string): Gen<number> {
  const empty = sh.dirStack.length === 0;
  yield* sh.complain(`${name}: ${empty ? "directory stack empty" : `${arg}: directory stack index out of range`}`);
  return 1;
}

function* wrongArgument(sh: Shell, name: string, arg: string, what: string): Gen<number> {
  yield* sh.complain(`${name}: ${arg}: ${what}`);
  return yield* usage(sh, name);
}

const dirs: Builtin = function* (sh, args) {
  let [long, lines, numbered, clear] = [false, false, false, false];
  let wanted: string | undefined;
  for (const arg of args) {
    if (arg === "--") break;
    if (arg === "-l") long = true;
    else if (arg === "-c") clear = true;
    else if (arg === "-v") numbered = true;
    else if (arg === "-p") lines = true;
    else if (/^[+-]\d+$/.test(arg)) wanted = arg;
    else return yield* wrongArgument(sh, "dirs", arg, /^[+-]/.test(arg) ? "invalid number" : "invalid option");
  }
  if (clear) {
    sh.dirStack = [];
    return 0;
  }
  const all = [logical(sh), ...sh.dirStack].map((dir) => shown(sh, dir, long));
  const numberedLine = (i: number) => `${String(i).padStart(2)}  ${all[i]}\n`;
  if (wanted !== undefined) {
    const i = placeOf(wanted, all.length)!;
    if (all[i] === undefined) return yield* outOfRange(sh, "dirs", wanted.slice(1));
    return yield* put(sh, "dirs", numbered ? numberedLine(i) : `${all[i]}\n`);
  }
  if (numbered) return yield* put(sh, "dirs", all.map((_, i) => numberedLine(i)).join(""));
  return yield* put(sh, "dirs", lines ? all.map((dir) => `${dir}\n`).join("") : `${all.join(" ")}\n`);
};

/** Reads `-n`, `--` and the one argument of `pushd` and `popd`; a number is the status of a mistake. */
function* stackArguments(
  sh: Shell,
  name: string,
  args: readonly string[],
): Gen<{ stay: boolean; arg: string | undefined; rest: number } | number> {
  let stay = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "-n") stay = true;
    else if (arg === "--") return { stay, arg: args[i + 1], rest: args.length - i - 1 };
    else if (/^[+-]\d+$/.test(arg) || arg === "-" || arg[0] !== "-") return { stay, arg, rest: args.length - i };
    else return yield* wrongArgument(sh, name, arg, "invalid number");
  }
  return { stay, arg: undefined, rest: 0 };
}

const pushd: Builtin = function* (sh, args) {
  if (yield* restricted(sh, "pushd")) return 1;
  const read = yield* stackArguments(sh, "pushd", args);
  if (typeof read === "number") return read;
  const { stay, arg } = read;
  if (read.rest > 1) {
    yield* sh.complain("pushd: too many arguments");
    return 1;
  }
  const all = [logical(sh), ...sh.dirStack];
  if (arg === undefined) {
    if (all.length < 2) {
      yield* sh.complain("pushd: no other directory");
      return 1;
    }
    if (stay) return 0;
    const problem = yield* change(sh, all[1]!, false);
    if (problem) {
      yield* sh.complain(`pushd: ${all[1]}: ${problem}`);
      return 1;
    }
    sh.dirStack = [all[0]!, ...all.slice(2)];
    return yield* listStack(sh);
  }
  const i = placeOf(arg, all.length);
  if (i !== undefined) {
    if (all[i] === undefined || all.length === 1) return yield* outOfRange(sh, "pushd", arg);
    const turned = [...all.slice(i), ...all.slice(0, i)];
    if (stay) {
      sh.dirStack = turned.slice(1);
      return 0;
    }
    const problem = yield* change(sh, turned[0]!, false);
    if (problem) {
      yield* sh.complain(`pushd: ${turned[0]}: ${problem}`);
      return 1;
    }
    sh.dirStack = turned.slice(1);
    return yield* listStack(sh);
  }
  if (stay) sh.dirStack = [arg, ...sh.dirStack];
  else {
    const status = yield* cd(sh, [arg], { name: "pushd" } as Call);
    if (status !== 0) return status;
    sh.dirStack = all;
  }
  return yield* listStack(sh);
};

const popd: Builtin = function* (sh, args) {
  const read = yield* stackArguments(sh, "popd", args);
  if (typeof read === "number") return read;
  const { stay, arg } = read;
  if (arg !== undefined && !/^[+-]\d+$/.test(arg)) return yield* wrongArgument(sh, "popd", arg, "invalid argument");
  const size = sh.dirStack.length + 1;
  let i = arg === undefined ? 0 : placeOf(arg, size)!;
  // The directory itself stays where it is: the one behind it goes.
  if (i === 0 && stay) i = 1;
  if (size === 1 || i < 0 || i >= size) return yield* outOfRange(sh, "popd", arg ?? "");
  if (i > 0) sh.dirStack = sh.dirStack.filter((_, k) => k !== i - 1);
  else {
    const problem = yield* change(sh, sh.dirStack[0]!, false);
    if (problem) {
      yield* sh.complain(`popd: ${sh.dirStack[0]}: ${problem}`);
      return 1;
    }
    sh.dirStack = sh.dirStack.slice(1);
  }
  return yield* listStack(sh);
};

export const dirBuiltins: Record<string, Builtin> = { cd, pwd, dirs, pushd, popd };
