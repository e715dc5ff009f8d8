import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { normalize } from "../../machine/path.ts";
import { chdir, find, lookup } from "../../machine/sys.ts";
import type { Shell } from "../shell.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { badOption, parseOptions } from "./usage.ts";

/** The logical working directory. */
function logical(sh: Shell): string {
  const pwd = sh.get("PWD");
  if (pwd?.startsWith("/") && find(sh.p, pwd) === find(sh.p, ".")) return pwd;
  return sh.p.cwd;
}

/** Changes directory and keeps PWD and OLDPWD; an error's text, or undefined. */
function change(sh: Shell, dir: string, physical: boolean): string | undefined {
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
  sh.export("OLDPWD", from);
  sh.export("PWD", physical ? sh.p.cwd : to);
  return undefined;
}

const cd: Builtin = function* (sh, args, { name }) {
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
    if (dir === undefined) {
      yield* sh.complain("cd: HOME not set");
      return 1;
    }
  } else if (dir === "-") {
    dir = sh.get("OLDPWD");
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
  const problem = change(sh, dir, physical);
  if (problem !== undefined) {
    yield* sh.complain(
      sh.setup.dialect === "bash"
        ? `cd: ${dir}: ${problem}`
        : sh.setup.dialect === "dash"
          ? `cd: can't cd to ${dir}`
          : `cd: can't cd to ${dir}: ${problem}`,
    );
    return sh.posix ? 2 : 1;
  }
  return announce ? yield* put(sh, "cd", `${sh.get("PWD")}\n`) : 0;
};

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

const dirs: Builtin = function* (sh, args) {
  let [long, lines, numbered] = [false, false, false];
  for (const arg of args) {
    const place = /^([+-])(\d+)$/.exec(arg);
    const all = [logical(sh), ...sh.dirStack];
    if (place) {
      const i = place[1] === "+" ? Number(place[2]) : all.length - 1 - Number(place[2]);
      if (all[i] === undefined) {
        yield* sh.complain(
          sh.dirStack.length === 0
            ? "dirs: directory stack empty"
            : `dirs: ${arg.slice(1)}: directory stack index out of range`,
        );
        return 1;
      }
      return yield* put(sh, "dirs", `${shown(sh, all[i]!, long)}\n`);
    }
    if (!/^-[clpv]+$/.test(arg)) {
      if (arg.startsWith("-")) return yield* badOption(sh, "dirs", arg.slice(0, 2));
      yield* sh.complain(`dirs: ${arg}: invalid number`);
      return 2;
    }
    if (arg.includes("c")) {
      sh.dirStack = [];
      return 0;
    }
    long ||= arg.includes("l");
    lines ||= arg.includes("p");
    numbered ||= arg.includes("v");
  }
  const all = [logical(sh), ...sh.dirStack].map((dir) => shown(sh, dir, long));
  if (numbered) return yield* put(sh, "dirs", all.map((dir, i) => `${String(i).padStart(2)}  ${dir}\n`).join(""));
  return yield* put(sh, "dirs", lines ? all.map((dir) => `${dir}\n`).join("") : `${all.join(" ")}\n`);
};

const pushd: Builtin = function* (sh, args) {
  const noChange = args[0] === "-n";
  const arg = noChange ? args[1] : args[0];
  const all = [logical(sh), ...sh.dirStack];
  if (arg === undefined) {
    if (all.length < 2) {
      yield* sh.complain("pushd: no other directory");
      return 1;
    }
    const problem = change(sh, all[1]!, false);
    if (problem) {
      yield* sh.complain(`pushd: ${all[1]}: ${problem}`);
      return 1;
    }
    sh.dirStack = [all[0]!, ...all.slice(2)];
    return yield* listStack(sh);
  }
  const place = /^([+-])(\d+)$/.exec(arg);
  if (place) {
    const i = place[1] === "+" ? Number(place[2]) : all.length - 1 - Number(place[2]);
    if (all[i] === undefined) {
      yield* sh.complain(`pushd: ${arg}: directory stack index out of range`);
      return 1;
    }
    const turned = [...all.slice(i), ...all.slice(0, i)];
    const problem = change(sh, turned[0]!, false);
    if (problem) {
      yield* sh.complain(`pushd: ${turned[0]}: ${problem}`);
      return 1;
    }
    sh.dirStack = turned.slice(1);
    return yield* listStack(sh);
  }
  if (noChange) sh.dirStack = [arg, ...sh.dirStack];
  else {
    const problem = change(sh, arg, false);
    if (problem) {
      yield* sh.complain(`pushd: ${arg}: ${problem}`);
      return 1;
    }
    sh.dirStack = all;
  }
  return yield* listStack(sh);
};

const popd: Builtin = function* (sh, args) {
  const arg = args[0] === "-n" ? args[1] : args[0];
  if (sh.dirStack.length === 0) {
    yield* sh.complain("popd: directory stack empty");
    return 1;
  }
  const place = arg === undefined ? undefined : /^([+-])(\d+)$/.exec(arg);
  const size = sh.dirStack.length + 1;
  const i = place ? (place[1] === "+" ? Number(place[2]) : size - 1 - Number(place[2])) : args[0] === "-n" ? 1 : 0;
  if (place === null || i < 0 || i >= size) {
    yield* sh.complain(
      place === null ? `popd: ${arg}: invalid argument` : `popd: ${arg}: directory stack index out of range`,
    );
    return 1;
  }
  if (i > 0) sh.dirStack = sh.dirStack.filter((_, k) => k !== i - 1);
  else {
    const problem = change(sh, sh.dirStack[0]!, false);
    if (problem) {
      yield* sh.complain(`popd: ${sh.dirStack[0]}: ${problem}`);
      return 1;
    }
    sh.dirStack = sh.dirStack.slice(1);
  }
  return yield* listStack(sh);
};

export const dirBuiltins: Record<string, Builtin> = { cd, pwd, dirs, pushd, popd };
