import type { Gen } from "../kernel/index.ts";
import { assignArray } from "./assignment.ts";
import { builtins } from "./builtins/index.ts";
import { cobraComplete } from "./cobra.ts";
import { commandNames, fileNames } from "./completion.ts";
import { expanding, expandText } from "./expand.ts";
import { glob } from "./glob.ts";
import { userNames } from "./home.ts";
import { KEYWORDS } from "./keywords.ts";
import { pattern } from "./pattern.ts";
import { skipQuoted } from "./scan.ts";
import type { Shell } from "./shell.ts";
import { callFunction } from "./simple.ts";

/** What `complete` defined, as its arguments: `["-W", "a b", "-o", "nospace"]`. */
export type Spec = readonly string[];

export interface SpecResult {
  values: string[];
  noSpace: boolean;
  /** The values are file names: directories go on. */
  names: boolean;
  defaultToFiles: boolean;
}

const LETTERS: Record<string, string> = {
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

/** Generates the candidates of a specification for the last of `words`. */
export function* runSpec(sh: Shell, spec: Spec, words: readonly string[]): Gen<SpecResult> {
  const word = words.at(-1)!;
  let values: string[] = [];
  const options = new Set<string>();
  let filter: string | undefined;
  let [prefix, suffix] = ["", ""];
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
      case "-o":
        options.add(value);
        break;
      case "-W":
        for (const part of wordList(value, sh.ifs()))
          values.push(...(yield* expanding(sh, () => expandText(sh, part))).filter((one) => one.startsWith(word)));
        break;
      case "-F":
        {
          const cobra = sh.functions.has(value) ? undefined : /^__start_(\w+)$/.exec(value)?.[1];
          if (cobra === undefined) values.push(...(yield* byFunction(sh, value, words)));
          else {
            // Cobra's own entry point, which its generated script would define.
            const answer = yield* cobraComplete(sh, [cobra, ...words.slice(1)]);
            values.push(...(answer?.values ?? []));
            if (answer?.noSpace) options.add("nospace");
            if (answer?.noFiles) options.delete("default");
          }
        }
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
  return {
    values: values.map((one) => prefix + one + suffix),
    noSpace: options.has("nospace"),
    names: options.has("filenames") || spec.some((part) => part === "-d" || part === "-f"),
    defaultToFiles: options.has("default") || options.has("bashdefault") || options.has("filenames"),
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
      return starts([sh.p.ns.uts.hostname]);
    case "user":
      return starts(userNames(sh));
    default:
      return [];
  }
}

function* byFunction(sh: Shell, name: string, words: readonly string[]): Gen<string[]> {
  const fn = sh.functions.get(name);
  if (fn === undefined) return [];
  const list = (values: readonly string[]) => values.map((value) => ({ index: undefined, value, append: false }));
  assignArray(sh, "COMP_WORDS", list(words), false);
  sh.set("COMP_CWORD", String(words.length - 1));
  const line = words.join(" ");
  sh.set("COMP_LINE", line);
  sh.set("COMP_POINT", String(line.length));
  sh.vars.remove("COMPREPLY");
  const { status } = sh;
  yield* callFunction(sh, name, fn, [name, words[0]!, words.at(-1)!, words.at(-2) ?? ""]);
  sh.status = status;
  const reply = sh.elementsOf("COMPREPLY");
  for (const one of ["COMP_WORDS", "COMP_CWORD", "COMP_LINE", "COMP_POINT", "COMPREPLY"]) sh.vars.remove(one);
  return reply;
}
