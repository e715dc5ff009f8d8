import type { Gen } from "../kernel/index.ts";
import { SIGNALS } from "../machine/signal.ts";
import { find, readText } from "../machine/sys.ts";
import { assignArray } from "./assignment.ts";
import { builtins } from "./builtins/index.ts";
import { SET_OPTIONS, SHOPT_NAMES } from "./builtins/options.ts";
import { USAGE } from "./builtins/topics.ts";
import { commandNames, fileNames } from "./completion.ts";
import { KEYMAP } from "./editor/keymap.ts";
import { expanding, expandText } from "./expand.ts";
import { glob } from "./glob.ts";
import { userNames } from "./home.ts";
import { jobState } from "./jobs.ts";
import { KEYWORDS } from "./keywords.ts";
import { pattern } from "./pattern.ts";
import { skipQuoted } from "./scan.ts";
import type { Shell } from "./shell.ts";
import { callFunction } from "./simple.ts";
import { substituteCommand } from "./substitution.ts";
import { breakWords, WORD_BREAKS } from "./word-breaks.ts";

/** What `complete` defined, as its arguments: `["-W", "a b", "-o", "nospace"]`. */
export type Spec = readonly string[];

export interface SpecResult {
  values: string[];
  /** Those of the specification, and what its function made of them by `compopt`. */
  options: ReadonlySet<string>;
  /** The values are file names: directories go on. */
  names: boolean;
  defaultToFiles: boolean;
  /** A function has found another specification: look again (bash's status 124). */
  again: boolean;
}

/** What is being completed. */
export interface Typed {
  command: string;
  /** What stands before the cursor since the last word break. */
  word: string;
  /** The command, undefined for `compgen`, which has none; and where in it the cursor is. */
  line?: string;
  point?: number;
  /** The key's meaning, as COMP_TYPE tells it. */
  type?: number;
}

/** Status of a completion function after which the specification is looked for again. */
const RETRY = 124;

/** Kinds by their letters. */
export const LETTERS: Record<string, string> = {
  a: "alias",
  b: "builtin",
  c: "command",
  d: "directory",
  e: "export",
  f: "file",
  g: "group",
  j: "job",
  k: "keyword",
  s: "service",
  u: "user",
  v: "variable",
};

/** Generates the candidates of a specification. */
export function* runSpec(sh: Shell, spec: Spec, typed: Typed): Gen<SpecResult> {
  const { word } = typed;
  let values: string[] = [];
  const options = new Set(spec.flatMap((part, i) => (spec[i - 1] === "-o" ? [part] : [])));
  let filter: string | undefined;
  let [prefix, suffix] = ["", ""];
  let again = false;
  for (let i = 0; i < spec.length; i++) {
    const flag = spec[i]!;
    const value = spec[i + 1] ?? "";
    if (LETTERS[flag.slice(1)]) {
      values.push(...action(sh, LETTERS[flag.slice(1)]!, word));
      continue;
    }
    i++;
    switch (flag) {
      case "-A":
        values.push(...action(sh, value, word));
        break;
      case "-W":
        for (const part of wordList(value, sh.ifs()))
          values.push(...(yield* expanding(sh, () => expandText(sh, part))).filter((one) => one.startsWith(word)));
        break;
      case "-F":
        values.push(...(yield* byFunction(sh, value, typed, options)));
        again = typed.line !== undefined && sh.completionStatus === RETRY;
        break;
      case "-C":
        values.push(...(yield* byCommand(sh, value, typed)));
        break;
      case "-G":
        values.push(...glob(sh, value));
        break;
      case "-X":
        filter = value;
        break;
      case "-P":
        prefix = value;
        break;
      case "-S":
        suffix = value;
    }
  }
  if (filter !== undefined) {
    const negate = filter.startsWith("!");
    const compiled = pattern((negate ? filter.slice(1) : filter).replaceAll("&", word));
    values = values.filter((one) => compiled.matches(one) === negate);
  }
  values = values.map((one) => prefix + one + suffix);
  if ((values.length === 0 && options.has("dirnames")) || options.has("plusdirs"))
    values.push(...action(sh, "directory", word));
  return {
    values: again ? [] : values,
    options,
    names:
      options.has("filenames") ||
      options.has("dirnames") ||
      options.has("plusdirs") ||
      spec.some((part, i) => /^-[dfG]$/.test(part) || (spec[i - 1] === "-A" && /^(directory|file)$/.test(part))),
    defaultToFiles: options.has("default") || options.has("bashdefault") || options.has("filenames"),
    again,
  };
}

/** The words of -W: parted by IFS where nothing quotes it. */
function wordList(text: string, ifs: string): string[] {
  const out: string[] = [];
  let word = "";
  for (let i = 0; i < text.length; ) {
    if (ifs.includes(text[i]!)) {
      if (word !== "") out.push(word);
      word = "";
      i++;
      continue;
    }
    const end = Math.max(skipQuoted(text, i), i + 1);
    word += text.slice(i, end);
    i = end;
  }
  if (word !== "") out.push(word);
  return out;
}

/** First fields of the lines of a system file. */
function firstFields(sh: Shell, path: string, separator: string | RegExp): string[] {
  const file = find(sh.p, path);
  if (file?.kind !== "file") return [];
  const lines = readText(sh.p, path).split("\n");
  return lines.filter((line) => line !== "" && line[0] !== "#").map((line) => line.split(separator)[0]!);
}

/** The names that $HOSTFILE or /etc/hosts gives. */
function hostNames(sh: Shell): Set<string> {
  const path = sh.get("HOSTFILE") || "/etc/hosts";
  if (find(sh.p, path)?.kind !== "file") return new Set();
  const lines = readText(sh.p, path).split("\n");
  return new Set(lines.flatMap((line) => line.replace(/#.*/, "").trim().split(/\s+/).slice(1)));
}

/** Kinds that have no letter of their own. */
export const ACTIONS = [
  "arrayvar binding disabled enabled function helptopic hostname running setopt shopt signal stopped",
]
  .join(" ")
  .split(" ");

/** Names of a kind that begin with `word`. */
export function action(sh: Shell, kind: string, word: string): string[] {
  const starts = (names: Iterable<string>) => [...names].filter((name) => name.startsWith(word));
  switch (kind) {
    case "alias":
      return starts(sh.aliases.keys()).sort();
    case "builtin":
      return starts(builtins.keys()).sort();
    case "command":
      return commandNames(sh, word).sort();
    case "directory":
      return fileNames(sh, word, { directories: true }).map((name) => name.replace(/\/$/, ""));
    case "file":
      return fileNames(sh, word).map((name) => name.replace(/\/$/, ""));
    case "function":
      return starts(sh.functions.keys()).sort();
    case "keyword":
      return starts(KEYWORDS);
    case "variable":
      return starts(sh.vars.names());
    case "export":
      return starts(sh.vars.names()).filter((name) => sh.vars.find(name)!.exported);
    case "job":
      return starts(sh.jobs.jobs.map((job) => job.text));
    case "hostname":
      return starts(hostNames(sh));
    case "user":
      return starts(userNames(sh));
    case "group":
      return starts(firstFields(sh, "/etc/group", ":"));
    case "service":
      return starts(new Set(firstFields(sh, "/etc/services", /[ \t]/)));
    case "arrayvar":
      return starts(sh.vars.names()).filter((name) => {
        const variable = sh.vars.find(name)!;
        return variable.list !== undefined || variable.computedList;
      });
    case "binding":
      return starts([...KEYMAP.keys()]);
    case "enabled":
    case "disabled":
      return starts(builtins.keys())
        .filter((name) => sh.disabledBuiltins.has(name) === (kind === "disabled"))
        .sort();
    case "helptopic":
      return starts(Object.keys(USAGE));
    case "setopt":
      return starts(SET_OPTIONS);
    case "shopt":
      return starts(SHOPT_NAMES);
    case "signal":
      return starts(["EXIT", ...Object.keys(SIGNALS).map((name) => `SIG${name}`), "DEBUG", "ERR", "RETURN"]);
    case "running":
    case "stopped":
      return starts(sh.jobs.jobs.filter((job) => jobState(job) === kind).map((job) => job.text.split(" ")[0]!));
    default:
      return [];
  }
}

/** What functions and commands are told of the line. Gives the word before the one that is completed. */
function tell(sh: Shell, { command, line, point, word, type }: Typed, array: boolean): string {
  const text = line ?? `${command} ${word}`;
  const end = point ?? text.length;
  const { words, at } =
    line === undefined
      ? { words: [command, word], at: 1 }
      : breakWords(line, end, sh.get("COMP_WORDBREAKS") ?? WORD_BREAKS);
  if (array) {
    assignArray(
      sh,
      "COMP_WORDS",
      words.map((value) => ({ index: undefined, value, append: false })),
      false,
    );
    sh.set("COMP_CWORD", String(at));
  }
  const told = { COMP_LINE: text, COMP_POINT: String(end), COMP_TYPE: String(type ?? TAB), COMP_KEY: String(TAB) };
  for (const [name, value] of Object.entries(told)) {
    sh.set(name, value);
    if (!array) sh.vars.find(name)!.exported = true;
  }
  return words[at - 1] ?? "";
}

/** The Tab key, and COMP_TYPE of its first press. */
const TAB = 9;

const TOLD = ["COMP_WORDS", "COMP_CWORD", "COMP_LINE", "COMP_POINT", "COMP_TYPE", "COMP_KEY"];

function* byFunction(sh: Shell, name: string, typed: Typed, options: Set<string>): Gen<string[]> {
  const fn = sh.functions.get(name);
  if (fn === undefined) {
    yield* sh.writeTo(2, `${sh.setup.interactive ? "bash: " : sh.prefix()}completion: function \`${name}' not found\n`);
    return [];
  }
  const previous = tell(sh, typed, true);
  sh.vars.remove("COMPREPLY");
  const { status, completing } = sh;
  sh.completing = options;
  yield* callFunction(sh, name, fn, [name, typed.command, typed.word, previous]);
  sh.completing = completing;
  sh.completionStatus = sh.status;
  sh.status = status;
  const reply = sh.elementsOf("COMPREPLY");
  for (const one of [...TOLD, "COMPREPLY"]) sh.vars.remove(one);
  return reply;
}

/** What a command prints for the word, one candidate a line. */
function* byCommand(sh: Shell, command: string, typed: Typed): Gen<string[]> {
  const previous = tell(sh, typed, false);
  const quoted = [typed.command, typed.word, typed.line === undefined ? "" : previous].map(
    (word) => `'${word.replaceAll("'", "'\\''")}'`,
  );
  const { status } = sh;
  const text = yield* substituteCommand(sh, `${command} ${quoted.join(" ")}`, sh.line());
  sh.status = status;
  for (const name of TOLD) sh.vars.remove(name);
  return text.split("\n").filter((line) => line !== "");
}
