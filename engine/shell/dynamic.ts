import { ALIAS_BUCKETS, LiveArray, PROGRAM_BUCKETS } from "./assoc.ts";
import { ShellError } from "./control.ts";
import { once } from "./expand.ts";
import { findCommand } from "./external.ts";
import { workingDirectory } from "./home.ts";
import type { Shell } from "./shell.ts";
import { Variable } from "./variables.ts";

/** Variables whose value is made when they are read. */
const DYNAMIC: Record<
  string,
  (sh: Shell) => {
    get: () => string | undefined;
    set?: (value: string) => void;
    setAt?: (index: number, value: string) => void;
    list?: () => string[];
  }
> = {
  RANDOM: (sh) => {
    let seed: number | undefined;
    return {
      get: () => {
        if (seed === undefined)
          return String(sh.p.machine.kernel.random(`bash ${sh.p.machine.hostname}`).int(0, 32767));
        // The generator of Park and Miller, with the two halves mixed, as bash 5.1 and later do after `RANDOM=n`.
        seed = seed === 0 ? 123459876 : seed;
        const high = Math.floor(seed / 127773);
        const low = seed - 127773 * high;
        const next = 16807 * low - 2836 * high;
        seed = next < 0 ? next + 0x7fffffff : next;
        return String(((seed >>> 16) ^ (seed & 65535)) & 32767);
      },
      set: (value) => {
        seed = Number(value) >>> 0 || 0;
      },
    };
  },
  SRANDOM: (sh) => ({ get: () => String(sh.p.machine.kernel.random(`bash ${sh.p.machine.hostname}`).uint32()) }),
  SECONDS: (sh) => ({
    get: () => String(Math.floor((sh.p.machine.kernel.now - sh.startedAt) / 1e6) + sh.secondsBase),
    set: (value) => {
      sh.startedAt = sh.p.machine.kernel.now;
      sh.secondsBase = Number.parseInt(value, 10) || 0;
    },
  }),
  EPOCHSECONDS: (sh) => ({ get: () => String(Math.floor(sh.p.machine.kernel.wallMs / 1000)) }),
  EPOCHREALTIME: (sh) => ({
    get: () => {
      const us = Math.floor(sh.p.machine.kernel.epochMs * 1000) + sh.p.machine.kernel.now;
      return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, "0")}`;
    },
  }),
  // Busybox counts the lines of `-c` from 0.
  LINENO: (sh) => ({
    get: () => String(sh.line() - (sh.setup.dialect === "busybox" && sh.isCommandString ? 1 : 0)),
    set: () => {},
  }),
  BASHPID: (sh) => ({ get: () => String(sh.p.nsPid), set: () => {} }),
  BASH_SUBSHELL: (sh) => ({ get: () => String(sh.subshellDepth), set: () => {} }),
  BASH_ARGV0: (sh) => ({
    get: () => sh.arg0,
    set: (value) => {
      sh.arg0 = value;
    },
  }),
  BASH_COMMAND: (sh) => ({ get: () => sh.commandText, set: () => {} }),
  HISTCMD: (sh) => ({ get: () => String(sh.history?.number() ?? 1), set: () => {} }),
  FUNCNAME: (sh) => ({ get: () => undefined, set: () => {}, list: () => frames(sh).map((frame) => frame.name) }),
  BASH_SOURCE: (sh) => ({ get: () => undefined, set: () => {}, list: () => callFiles(sh) }),
  BASH_LINENO: (sh) => ({
    get: () => undefined,
    set: () => {},
    list: () => shownCalls(sh).map((frame) => String(frame.line)),
  }),
  PIPESTATUS: (sh) => ({ get: () => undefined, set: () => {}, list: () => sh.pipeStatus.map(String) }),
  DIRSTACK: (sh) => ({
    get: () => undefined,
    set: () => {},
    setAt: (index, value) => {
      if (index > 0 && index <= sh.dirStack.length) sh.dirStack = sh.dirStack.with(index - 1, value);
    },
    list: () => [workingDirectory(sh), ...sh.dirStack],
  }),
  GROUPS: (sh) => ({ get: () => undefined, set: () => {}, list: () => sh.p.cred.groups.map(String) }),
  BASH_ARGC: (sh) => ({
    get: () => undefined,
    set: () => {},
    list: () => argumentFrames(sh).map((args) => String(args.length)),
  }),
  BASH_ARGV: (sh) => ({
    get: () => undefined,
    set: () => {},
    list: () => argumentFrames(sh).flatMap((args) => args.toReversed()),
  }),
};

/** Arguments of the calls that kept them, innermost first. */
function argumentFrames(sh: Shell): (readonly string[])[] {
  return sh.calls
    .map(({ args }) => args)
    .filter((args) => args !== undefined)
    .reverse();
}

function frames(sh: Shell) {
  if (sh.functionDepth === 0 && !sh.callsShown) return [];
  return shownCalls(sh);
}

/** Calls innermost first; the main program only when it is a file. */
function shownCalls(sh: Shell) {
  return [...sh.calls].reverse().filter((frame) => frame.kind !== "main" || frame.file !== "");
}

function callFiles(sh: Shell): string[] {
  return shownCalls(sh).map((frame) => frame.file);
}

/** Associative arrays over the shell's own tables. */
const LIVE: Record<string, (sh: Shell) => LiveArray> = {
  BASH_ALIASES: (sh) =>
    new LiveArray(
      {
        keys: () => sh.aliases.keys(),
        get: (name) => sh.aliases.get(name),
        set: (name, value) => sh.aliases.set(name, value),
      },
      ALIAS_BUCKETS,
    ),
  BASH_CMDS: (sh) =>
    new LiveArray(
      {
        keys: () => sh.hashed.keys(),
        get: (name) => sh.hashed.get(name)?.path,
        set: (name, path) => {
          if (sh.restricted && path.includes("/")) throw new ShellError(`${path}: restricted`, "fail");
          if (sh.restricted && findCommand(sh, path)[0] === undefined)
            throw new ShellError(`${path}: not found`, "fail");
          sh.hashed.set(name, { path, hits: 0 });
        },
      },
      PROGRAM_BUCKETS,
    ),
};

/** Those that bash fills when they are read first; the arguments of the shell only outside functions. */
const LAZY = new Set(["BASH_ARGC", "BASH_ARGV", "DIRSTACK", "GROUPS"]);

/** Gives a variable its dynamic behaviour; `copied`: it is another shell's already. */
export function defineDynamic(sh: Shell, name: string, variable: Variable, copied = false): void {
  if (LIVE[name]) {
    variable.map = LIVE[name](sh);
    return;
  }
  const made = DYNAMIC[name]?.(sh);
  if (made === undefined) return;
  const { list } = made;
  if (!list && !copied && sh.setup.dialect === "bash") variable.asked = false;
  const own = () => {
    variable.asked = true;
    return made.get();
  };
  variable.get = list ? () => variable.elements()[0] : own;
  variable.set = made.set;
  variable.setAt = made.setAt;
  if (list) {
    if (LAZY.has(name) && !copied) variable.asked = false;
    const read = () => {
      const group = name.startsWith("BASH_ARG") ? ["BASH_ARGC", "BASH_ARGV"] : [name];
      if (!variable.asked && (group.length === 1 || sh.functionDepth === 0))
        for (const one of group) sh.vars.find(one)!.asked = true;
      return variable.asked || sh.shopts.has("extdebug") ? list() : [];
    };
    variable.computedList = true;
    variable.elements = read;
    variable.keys = () => read().map((_, i) => String(i));
  }
}

/** Puts all dynamic variables in place. */
export function installDynamic(sh: Shell): void {
  for (const name of Object.keys(DYNAMIC)) {
    const variable = new Variable();
    defineDynamic(sh, name, variable);
    if (name === "RANDOM" || name === "SECONDS" || name === "SRANDOM") variable.integer = true;
    sh.vars.all.set(name, variable);
  }
  for (const name of Object.keys(LIVE)) {
    const variable = new Variable();
    defineDynamic(sh, name, variable);
    sh.vars.all.set(name, variable);
  }
}

/** Has expansions and assignments warn of references to themselves. */
export function watchReferences(sh: Shell): void {
  sh.vars.circled = (name) => once(sh, () => sh.warnings.push(`warning: ${name}: circular name reference`));
}
