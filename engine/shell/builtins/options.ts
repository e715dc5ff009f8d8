import type { Gen } from "../../kernel/index.ts";
import { restrict, setIgnoreEof, setPosixMode } from "../modes.ts";
import { arrayLiteral } from "../param-ops.ts";
import { functionText } from "../print-function.ts";
import { shellQuote, singleQuote, traceQuote } from "../quote.ts";
import type { Shell } from "../shell.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { badOption, parseOptions, usage } from "./usage.ts";

const SET_LETTERS: Record<string, string> = {
  a: "allexport",
  b: "notify",
  e: "errexit",
  f: "noglob",
  h: "hashall",
  k: "keyword",
  m: "monitor",
  n: "noexec",
  p: "privileged",
  t: "onecmd",
  u: "nounset",
  v: "verbose",
  x: "xtrace",
  B: "braceexpand",
  C: "noclobber",
  E: "errtrace",
  H: "histexpand",
  P: "physical",
  T: "functrace",
};

/** Options of `set -o`. */
export const SET_OPTIONS = [
  "allexport",
  "braceexpand",
  "emacs",
  "errexit",
  "errtrace",
  "functrace",
  "hashall",
  "histexpand",
  "history",
  "ignoreeof",
  "interactive-comments",
  "keyword",
  "monitor",
  "noclobber",
  "noexec",
  "noglob",
  "nolog",
  "notify",
  "nounset",
  "onecmd",
  "physical",
  "pipefail",
  "posix",
  "privileged",
  "verbose",
  "vi",
  "xtrace",
];

/** Options of `shopt`. */
export const SHOPT_NAMES = [
  "autocd",
  "assoc_expand_once",
  "cdable_vars",
  "cdspell",
  "checkhash",
  "checkjobs",
  "checkwinsize",
  "cmdhist",
  "compat31",
  "compat32",
  "compat40",
  "compat41",
  "compat42",
  "compat43",
  "compat44",
  "complete_fullquote",
  "direxpand",
  "dirspell",
  "dotglob",
  "execfail",
  "expand_aliases",
  "extdebug",
  "extglob",
  "extquote",
  "failglob",
  "force_fignore",
  "globasciiranges",
  "globskipdots",
  "globstar",
  "gnu_errfmt",
  "histappend",
  "histreedit",
  "histverify",
  "hostcomplete",
  "huponexit",
  "inherit_errexit",
  "interactive_comments",
  "lastpipe",
  "lithist",
  "localvar_inherit",
  "localvar_unset",
  "login_shell",
  "mailwarn",
  "no_empty_cmd_completion",
  "nocaseglob",
  "nocasematch",
  "noexpand_translation",
  "nullglob",
  "patsub_replacement",
  "progcomp",
  "progcomp_alias",
  "promptvars",
  "restricted_shell",
  "shift_verbose",
  "sourcepath",
  "syslog_history",
  "varredir_close",
  "verbose_errors",
  "xpg_echo",
].filter((name) => name !== "verbose_errors" && name !== "syslog_history");

function turn(sh: Shell, option: string, on: boolean): void {
  if (option === "posix") setPosixMode(sh, on);
  else if (option === "ignoreeof" && sh.setup.dialect === "bash") setIgnoreEof(sh, on);
  else if (on) sh.options.add(option);
  else sh.options.delete(option);
}

/** Options of dash and busybox, in their order. */
const PLAIN_OPTIONS = {
  dash: "errexit noglob ignoreeof interactive monitor noexec stdin xtrace verbose vi emacs noclobber allexport notify nounset privileged nolog pipefail debug",
  busybox:
    "errexit noglob ignoreeof monitor noexec xtrace verbose noclobber allexport notify nounset errtrace vi pipefail",
};

/** Lists `set -o` options. */
function optionList(sh: Shell, asCommands: boolean): string {
  const { dialect } = sh.setup;
  if (dialect !== "bash") {
    const lines = PLAIN_OPTIONS[dialect]
      .split(" ")
      .map((name) =>
        asCommands
          ? `set ${sh.has(name) ? "-o" : "+o"} ${name}\n`
          : `${name.padEnd(15)} ${sh.has(name) ? "on" : "off"}\n`,
      );
    return `${dialect === "dash" && !asCommands ? "Current option settings\n" : ""}${lines.join("")}`;
  }
  return SET_OPTIONS.map((name) =>
    asCommands ? `set ${sh.has(name) ? "-o" : "+o"} ${name}\n` : `${name.padEnd(15)}\t${sh.has(name) ? "on" : "off"}\n`,
  ).join("");
}

/**
 * Applies `-e`, `+x`, `-o name` and so on, as `set` and the shell's command line take them. Gives the arguments that
 * are left, or undefined after an error that was printed.
 */
export function* applyOptions(
  sh: Shell,
  args: readonly string[],
  name: string,
): Gen<{ rest: string[] | undefined } | number> {
  let i = 0;
  for (; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") return { rest: args.slice(i + 1) };
    if (arg === "-") {
      sh.options.delete("xtrace");
      sh.options.delete("verbose");
      return i + 1 < args.length ? { rest: args.slice(i + 1) } : { rest: undefined };
    }
    if (arg === "+" && sh.setup.dialect === "bash") continue;
    if (arg.length < 2 || (arg[0] !== "-" && arg[0] !== "+")) break;
    const on = arg[0] === "-";
    for (const letter of arg.slice(1)) {
      if (letter === "o") {
        const option = args[i + 1];
        if (option === undefined) {
          yield* put(sh, "set", optionList(sh, !on));
          continue;
        }
        i++;
        const { dialect } = sh.setup;
        if (!(dialect === "bash" ? SET_OPTIONS : PLAIN_OPTIONS[dialect].split(" ")).includes(option)) {
          yield* sh.complain(`${name}${option}: invalid option name`);
          return 2;
        }
        turn(sh, option, on);
        if (option === "emacs" && on) sh.options.delete("vi");
        if (option === "vi" && on) sh.options.delete("emacs");
        continue;
      }
      if (letter === "r" && on && sh.setup.dialect === "bash") {
        // The variables are left alone within `-c`.
        if (sh.isCommandString) sh.restricted = true;
        else restrict(sh);
        continue;
      }
      const option = SET_LETTERS[letter];
      if (option === undefined) {
        yield* sh.complain(`${name}${arg[0]}${letter}: invalid option`);
        yield* usage(sh, "set");
        return letter === "r" ? 1 : 2;
      }
      turn(sh, option, on);
    }
  }
  return { rest: i < args.length ? args.slice(i) : undefined };
}

/** A variable that is set as `set` lists it, to be read again; nothing of others. */
export function assignmentLine(sh: Shell, name: string): string {
  const variable = sh.vars.find(name)!;
  if (!variable.isSet || (name === "FUNCNAME" && sh.functionDepth === 0)) return "";
  if (!variable.asked) return variable.computedList ? `${name}=()\n` : "";
  if (variable.isArray || variable.computedList) return `${name}=${arrayLiteral(sh, name)}\n`;
  const value = variable.scalar();
  if (value === undefined) return "";
  const quote = sh.posix ? singleQuote : sh.has("posix") ? traceQuote : shellQuote;
  return `${name}=${value === "" && !sh.posix ? "" : quote(value)}\n`;
}

const set: Builtin = function* (sh, args) {
  if (args.length === 0) {
    let text = sh.vars
      .names()
      .map((name) => assignmentLine(sh, name))
      .join("");
    if (!sh.posix && !sh.has("posix"))
      for (const [name, fn] of [...sh.functions].sort()) text += `${functionText(sh, name, fn)}\n`;
    return yield* put(sh, "set", text);
  }
  const result = yield* applyOptions(sh, args, "set: ");
  if (typeof result === "number") {
    if (sh.strict && result === 2) sh.specialFailed = true;
    return result;
  }
  if (result.rest) {
    sh.positional = [...result.rest];
    sh.positionalSet = true;
  }
  return 0;
};

const shopt: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, "opqsu");
  if (parsed.bad) return yield* badOption(sh, "shopt", parsed.bad);
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  const known = has("o") ? SET_OPTIONS : SHOPT_NAMES;
  const on = has("o") ? sh.options : sh.shopts;
  if (has("s") && has("u")) {
    yield* sh.complain("shopt: cannot set and unset shell options simultaneously");
    return 1;
  }
  const line = (name: string) =>
    has("p")
      ? has("o")
        ? `set ${on.has(name) ? "-" : "+"}o ${name}\n`
        : `shopt ${on.has(name) ? "-s" : "-u"} ${name}\n`
      : `${name.padEnd(15)}\t${on.has(name) ? "on" : "off"}\n`;
  if (parsed.rest.length === 0) {
    const names = known.filter((name) => (has("s") ? on.has(name) : has("u") ? !on.has(name) : true));
    return has("q") ? 0 : yield* put(sh, "shopt", names.map(line).join(""));
  }
  let status = 0;
  for (const name of parsed.rest) {
    if (!known.includes(name)) {
      yield* sh.complain(`shopt: ${name}: invalid ${has("o") ? "" : "shell "}option name`);
      status = 1;
      continue;
    }
    if (has("s") || has("u")) {
      if (name === "restricted_shell" || name === "login_shell") continue;
      if (has("o")) turn(sh, name, has("s"));
      else if (has("s")) on.add(name);
      else on.delete(name);
      if (has("s") && name.startsWith("compat")) sh.set("BASH_COMPAT", name.slice(6));
      // A debugger sees into functions.
      if (name === "extdebug") for (const option of ["functrace", "errtrace"]) turn(sh, option, has("s"));
    } else {
      if (!on.has(name)) status = 1;
      if (!has("q")) yield* put(sh, "shopt", line(name));
    }
  }
  return status;
};

export const optionBuiltins: Record<string, Builtin> = { set, shopt };
