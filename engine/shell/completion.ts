import type { Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { EXECUTE, mayAccess } from "../machine/path.ts";
import { find, readDir } from "../machine/sys.ts";
import { builtins } from "./builtins/index.ts";
import { cobraComplete, isCobra } from "./cobra.ts";
import { runSpec } from "./compspec.ts";
import { userNames } from "./home.ts";
import { KEYWORDS } from "./keywords.ts";
import type { Shell } from "./shell.ts";

/** What may stand in place of the text from `start` to the cursor. */
export interface Candidates {
  start: number;
  values: string[];
  /** What follows a single completion; a space by default. */
  suffix?: (value: string) => string;
  /** How a value is listed. */
  label?: (value: string) => string;
}

/** Completes the arguments of a command: `words` with the command first, the word at `index` being typed. */
export type Completer = (shell: Shell, words: readonly string[], index: number) => Gen<string[]>;

/** Completers of commands by name, beside what `complete` defines. */
export const completers = new Map<string, Completer>();

/** Words of the command that the cursor is in, and where the last one starts. */
export function commandWords(text: string): { words: string[]; start: number; quote: string } {
  let words: string[] = [];
  let word = "";
  let start = text.length;
  let inWord = false;
  let quote = "";
  const begin = (i: number) => {
    if (!inWord) {
      inWord = true;
      start = i;
      word = "";
    }
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== "") {
      if (c === quote) quote = "";
      else if (c === "\\" && quote === '"' && i + 1 < text.length) word += text[++i];
      else word += c;
      continue;
    }
    if (c === "'" || c === '"') {
      begin(i);
      quote = c;
    } else if (c === "\\") {
      begin(i);
      word += text[++i] ?? "";
    } else if (/\s/.test(c)) {
      if (inWord) words.push(word);
      inWord = false;
    } else if (/[;|&(\n]/.test(c) || c === "`") {
      words = [];
      inWord = false;
    } else if (c === "<" || c === ">") {
      if (inWord && !/^\d+$/.test(word)) words.push(word);
      inWord = false;
      words.push(">");
    } else {
      begin(i);
      word += c;
    }
  }
  if (!inWord) {
    word = "";
    start = text.length;
  }
  words.push(word);
  return { words, start, quote };
}

/** Candidates for the word before the cursor. */
export function* complete(sh: Shell, text: string): Gen<Candidates> {
  const { words, start, quote } = commandWords(text);
  while (
    words.length > 1 &&
    (/^[A-Za-z_]\w*=/.test(words[0]!) ||
      ["sudo", "time", "then", "do", "else", "!", "{", "exec", "command", "env", "nohup", "watch", "xargs"].includes(
        words[0]!,
      ))
  )
    words.shift();
  const word = words.at(-1)!;
  const variable = /\$\{?(\w*)$/.exec(word);
  if (variable && quote !== "'") {
    const head =
      text.slice(0, text.length - variable[0].length) + variable[0].slice(0, variable[0].length - variable[1]!.length);
    const close = variable[0].startsWith("${") ? "}" : "";
    const isDir = (name: string) => {
      const value = sh.get(name.replace(/\}$/, ""));
      return value !== undefined && value !== "" && find(sh.p, value)?.kind === "dir";
    };
    const values = sh.vars
      .names()
      .filter((name) => name.startsWith(variable[1]!))
      .map((name) => name + close);
    const sign = variable[0].startsWith("${") ? "${" : "$";
    return {
      start: head.length,
      values,
      // A directory goes on, behind its closing quote.
      suffix: (value) => (isDir(value) ? `${quote}/` : quote === "" ? " " : ""),
      label: (value) => sign + value,
    };
  }
  if (words.length === 1 && !word.includes("/") && !word.startsWith("~")) {
    if (word === "" && sh.shopts.has("no_empty_cmd_completion")) return { start, values: [] };
    return { start, values: commandNames(sh, word), suffix: () => " " };
  }
  if (words.length > 1 && words.at(-2) !== ">") {
    const made = yield* programmable(sh, words, start);
    if (made) return made;
  }
  const directories = words.length > 1 && ["cd", "pushd", "rmdir"].includes(words[0]!);
  return files(sh, word, start, quote, { directories, executables: words.length === 1 });
}

function* programmable(sh: Shell, words: string[], start: number): Gen<Candidates | undefined> {
  let name = words[0]!;
  let all = words;
  for (let i = 0; i < 8 && sh.aliases.has(name); i++) {
    const expanded = sh.aliases.get(name)!.trim().split(/\s+/);
    all = [...expanded, ...all.slice(1)];
    if (expanded[0] === name) break;
    name = expanded[0]!;
  }
  const word = words.at(-1)!;
  const spec = sh.completions.get(words[0]!) ?? sh.completions.get(name) ?? sh.completions.get(name.split("/").at(-1)!);
  if (spec) {
    const got = yield* runSpec(sh, spec, all);
    if (got.values.length > 0 || !got.defaultToFiles)
      return {
        start,
        values: got.values.map((value) => (got.names && isDirectory(sh, value) ? `${value}/` : value)),
        suffix: (value) => (got.noSpace || (got.names && value.endsWith("/")) ? "" : " "),
      };
    return undefined;
  }
  const own = completers.get(name);
  if (own) {
    const values = yield* own(sh, all, all.length - 1);
    return { start, values: values.filter((value) => value.startsWith(word)) };
  }
  if (isCobra(sh, name)) {
    const got = yield* cobraComplete(sh, all);
    if (got === undefined) return undefined;
    if (got.values.length === 0 && !got.noFiles) return undefined;
    return { start, values: got.values, suffix: (value) => (got.noSpace || value.endsWith("=") ? "" : " ") };
  }
  return undefined;
}

function isDirectory(sh: Shell, path: string): boolean {
  return !path.endsWith("/") && find(sh.p, path)?.kind === "dir";
}

/** Everything that can be run and begins so. */
export function commandNames(sh: Shell, prefix: string): string[] {
  const out = new Set<string>();
  const add = (name: string) => {
    if (name.startsWith(prefix)) out.add(name);
  };
  for (const name of builtins.keys()) add(name);
  for (const name of KEYWORDS) add(name);
  for (const name of sh.aliases.keys()) add(name);
  for (const name of sh.functions.keys()) add(name);
  for (const dir of (sh.get("PATH") ?? "").split(":")) {
    try {
      for (const [name, node] of readDir(sh.p, dir || ".")) {
        if (!name.startsWith(prefix)) continue;
        const target = node.kind === "symlink" ? find(sh.p, `${dir || "."}/${name}`) : node;
        if (target?.kind === "file" && mayAccess(target, sh.p.cred, EXECUTE)) out.add(name);
      }
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
  }
  return [...out];
}

function protect(name: string, quote: string): string {
  if (quote === "'") return name.replaceAll("'", "'\\''");
  if (quote === '"') return name.replace(/["\\$`]/g, "\\$&");
  return name.replace(/[ \t'"\\|&;()<>!{}*[\]?$`#]/g, "\\$&");
}

/** File names; directories end in a slash. */
export function fileNames(
  sh: Shell,
  word: string,
  how: { directories?: boolean; executables?: boolean } = {},
): string[] {
  const cut = word.lastIndexOf("/") + 1;
  const dir = word.slice(0, cut);
  const prefix = word.slice(cut);
  const tilde = /^~([\w.-]*)(?=\/)/.exec(dir);
  const real = tilde ? (sh.home(tilde[1]!) ?? tilde[0]) + dir.slice(tilde[0].length) : dir;
  const out: string[] = [];
  const fold = sh.bindings.on("completion-ignore-case");
  try {
    for (const [name, entry] of readDir(sh.p, real === "" ? "." : real)) {
      const begins = fold ? name.toLowerCase().startsWith(prefix.toLowerCase()) : name.startsWith(prefix);
      if (!begins || (name.startsWith(".") && !prefix.startsWith("."))) continue;
      const node = entry.kind === "symlink" ? find(sh.p, real + name) : entry;
      const isDir = node?.kind === "dir";
      if (how.directories && !isDir) continue;
      if (how.executables && !isDir && !(node && mayAccess(node, sh.p.cred, EXECUTE))) continue;
      out.push(dir + name + (isDir ? "/" : ""));
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
  }
  return out;
}

function files(
  sh: Shell,
  word: string,
  start: number,
  quote: string,
  how: { directories: boolean; executables: boolean },
): Candidates {
  if (/^~[^/]*$/.test(word)) {
    const home = sh.home(word.slice(1));
    if (home !== undefined) return { start, values: [`${word}/`], suffix: () => "" };
    const users = userNames(sh).filter((name) => name.startsWith(word.slice(1)));
    if (users.length > 0) return { start, values: users.map((name) => `~${name}/`), suffix: () => "" };
  }
  const names = fileNames(sh, word, how);
  return {
    start,
    values: names.map((name) => quote + protect(name, quote)),
    suffix: (value) => (value.endsWith("/") ? "" : `${quote} `),
    label: (value) => {
      const plain = value.replace(/^['"]/, "").replace(/\\(.)/g, "$1");
      const end = plain.endsWith("/") ? plain.length - 1 : plain.length;
      return plain.slice(plain.lastIndexOf("/", end - 1) + 1);
    },
  };
}
