import type { Gen } from "../../kernel/index.ts";
import { ExitShell } from "../control.ts";
import type { Dialect, Shell } from "../shell.ts";
import { SPECIAL } from "./special.ts";

/** What a builtin says after a wrong option. */
export const USAGE: Record<string, string> = {
  alias: "alias [-p] [name[=value] ... ]",
  bg: "bg [job_spec ...]",
  bind: "bind [-lpsvPSVX] [-m keymap] [-f filename] [-q name] [-u name] [-r keyseq] [-x keyseq:shell-command] [keyseq:readline-function or readline-command]",
  builtin: "builtin [shell-builtin [arg ...]]",
  cd: "cd [-L|[-P [-e]] [-@]] [dir]",
  command: "command [-pVv] command [arg ...]",
  compgen:
    "compgen [-abcdefgjksuv] [-o option] [-A action] [-G globpat] [-W wordlist] [-F function] [-C command] [-X filterpat] [-P prefix] [-S suffix] [word]",
  complete:
    "complete [-abcdefgjksuv] [-pr] [-DEI] [-o option] [-A action] [-G globpat] [-W wordlist] [-F function] [-C command] [-X filterpat] [-P prefix] [-S suffix] [name ...]",
  declare: "declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]",
  dirs: "dirs [-clpv] [+N] [-N]",
  disown: "disown [-h] [-ar] [jobspec ... | pid ...]",
  enable: "enable [-a] [-dnps] [-f filename] [name ...]",
  eval: "eval [arg ...]",
  exec: "exec [-cl] [-a name] [command [argument ...]] [redirection ...]",
  export: "export [-fn] [name[=value] ...] or export -p",
  fg: "fg [job_spec]",
  getopts: "getopts optstring name [arg ...]",
  hash: "hash [-lr] [-p pathname] [-dt] [name ...]",
  help: "help [-dms] [pattern ...]",
  history: "history [-c] [-d offset] [n] or history -anrw [filename] or history -ps arg [arg...]",
  jobs: "jobs [-lnprs] [jobspec ...] or jobs -x command [args]",
  kill: "kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]",
  let: "let arg [arg ...]",
  local: "local [option] name[=value] ...",
  mapfile: "mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]",
  popd: "popd [-n] [+N | -N]",
  printf: "printf [-v var] format [arguments]",
  pushd: "pushd [-n] [+N | -N | dir]",
  pwd: "pwd [-LP]",
  read: "read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]",
  readarray: "readarray [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]",
  readonly: "readonly [-aAf] [name[=value] ...] or readonly -p",
  return: "return [n]",
  set: "set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]",
  shopt: "shopt [-pqsu] [-o] [optname ...]",
  source: "source filename [arguments]",
  ".": ". filename [arguments]",
  times: "times",
  trap: "trap [-lp] [[arg] signal_spec ...]",
  type: "type [-afptP] name [name ...]",
  typeset: "typeset [-aAfFgiIlnrtux] name[=value] ... or typeset -p [-aAfFilnrtux] [name ...]",
  ulimit: "ulimit [-SHabcdefiklmnpqrstuvxPRT] [limit]",
  umask: "umask [-p] [-S] [mode]",
  unalias: "unalias [-a] name [name ...]",
  unset: "unset [-f] [-v] [-n] [name ...]",
  wait: "wait [-fn] [-p var] [id ...]",
};

/** Complains about an option; the status is 2. */
export function* badOption(sh: Shell, name: string, option: string): Gen<number> {
  yield* sh.complain(`${name}: ${option}: invalid option`);
  if (sh.posix) {
    if (SPECIAL.has(name) && !sh.setup.interactive) throw new ExitShell(2);
    return 2;
  }
  return yield* usage(sh, name);
}

export function* usage(sh: Shell, name: string): Gen<number> {
  const { dialect } = sh.setup;
  if (dialect !== "bash") {
    const text = PLAIN_USAGE[dialect]?.[name];
    if (text !== undefined) yield* sh.complain(text);
    return 2;
  }
  yield* sh.writeTo(2, `${name}: usage: ${USAGE[name] ?? name}\n`);
  return 2;
}

/** What dash and busybox say instead; nothing of most. */
const PLAIN_USAGE: Partial<Record<Dialect, Record<string, string>>> = {
  dash: {
    getopts: "getopts: Usage: getopts optstring var [arg...]",
    kill: "kill: Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]",
    printf: "printf: usage: printf format [arg ...]",
  },
  busybox: {
    getopts: "getopts: usage: getopts optstring var [arg]",
    kill: "you need to specify whom to kill",
    printf: "usage: printf FORMAT [ARGUMENT...]",
  },
};

/** Options before the first operand, read as getopt does. */
export interface Parsed {
  options: { letter: string; value: string | undefined; sign: "-" | "+" }[];
  rest: string[];
  /** The first option that is not known. */
  bad: string | undefined;
  /** An option without the value it needs. */
  missing: string | undefined;
}

/** Arguments of a builtin that knows no options in this dialect. */
export function withoutOptions(args: readonly string[]): Parsed {
  return { options: [], rest: [...args], bad: undefined, missing: undefined };
}

/** Reads `-abc value` by a getopt string (`a:` takes a value); `plus`: `+a` is an option too. */
export function parseOptions(args: readonly string[], known: string, plus = false): Parsed {
  const out: Parsed = { options: [], rest: [], bad: undefined, missing: undefined };
  let i = 0;
  for (; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      i++;
      break;
    }
    const sign = arg[0];
    if (arg.length < 2 || !(sign === "-" || (plus && sign === "+"))) break;
    for (let k = 1; k < arg.length; k++) {
      const letter = arg[k]!;
      const at = known.indexOf(letter);
      if (at < 0 || letter === ":") {
        out.bad = `${sign}${letter}`;
        return out;
      }
      if (known[at + 1] !== ":") {
        out.options.push({ letter, value: undefined, sign: sign as "-" });
        continue;
      }
      const value = k + 1 < arg.length ? arg.slice(k + 1) : args[++i];
      if (value === undefined) {
        out.missing = `-${letter}`;
        return out;
      }
      out.options.push({ letter, value, sign: sign as "-" });
      break;
    }
  }
  out.rest = args.slice(i);
  return out;
}
