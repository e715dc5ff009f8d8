import type { Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { EXECUTE, mayAccess } from "../machine/path.ts";
import { find, readDir } from "../machine/sys.ts";
import { builtins } from "./builtins/index.ts";
import { runSpec, type SpecResult } from "./compspec.ts";
import { userNames } from "./home.ts";
import { KEYWORDS } from "./keywords.ts";
import type { Shell } from "./shell.ts";
import { WORD_BREAKS } from "./word-breaks.ts";

/** What may stand in place of the text from `start` to the cursor. */
export interface Candidates {
  start: number;
  values: string[];
  /** What follows a single completion; a space by default. */
  suffix?: (value: string) => string;
  /** How a value is listed. */
  label?: (value: string) => string;
  /** False: listed in the order of the values. */
  sorted?: boolean;
}

/** The command that the cursor is in. */
interface Commandline {
  words: string[];
  /** Where each word starts. */
  starts: number[];
  /** What is being completed: the last word since its last break (`--output=j`: `j`), unquoted, and where it starts. */
  word: string;
  start: number;
  /** The quote that is open. */
  quote: string;
  /** The command stands in a `$(` or backquotes. */
  substituted: boolean;
  /** That is part of a word in double quotes, which nothing ends. */
  within: boolean;
}

/** Words of the command that the cursor is in; `breaks` part the last one further. */
function commandWords(text: string, breaks: string): Commandline {
  let words: string[] = [];
  let starts: number[] = [];
  let word = "";
  let start = text.length;
  let from = 0;
  let inWord = false;
  let quote = "";
  let substituted = false;
  const begin = (i: number) => {
    if (inWord) return;
    inWord = true;
    start = i;
    word = "";
    from = 0;
    starts.push(i);
  };
  const end = () => {
    if (inWord) words.push(word);
    inWord = false;
  };
  /** Quoted words that a `$(` in them has interrupted. */
  const outer: { words: string[]; starts: number[]; word: string; start: number; from: number }[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote === '"' && c === "$" && text[i + 1] === "(") {
      outer.push({ words, starts, word, start, from });
      words = [];
      starts = [];
      inWord = false;
      quote = "";
      substituted = true;
      i++;
    } else if (quote === "" && c === ")" && outer.length > 0) {
      ({ words, starts, word, start, from } = outer.pop()!);
      inWord = true;
      quote = '"';
    } else if (quote !== "") {
      if (c === quote) quote = "";
      else if (c === "\\" && quote === '"' && i + 1 < text.length) word += text[++i];
      else word += c;
    } else if (c === "'" || c === '"') {
      begin(i);
      quote = c;
    } else if (c === "\\") {
      begin(i);
      word += text[++i] ?? "";
    } else if (/\s/.test(c)) {
      end();
      // A group begins anew, wherever its brace stands.
      if (word === "{" && text[i - 1] === "{") {
        words = [];
        starts = [];
      }
    } else if (/[;|&(\n`]/.test(c)) {
      words = [];
      starts = [];
      inWord = false;
      substituted ||= c === "`" || (c === "(" && text[i - 1] === "$");
    } else if (c === "<" || c === ">") {
      if (inWord && /^\d+$/.test(word)) starts.pop();
      else end();
      inWord = false;
      words.push(">");
      starts.push(i);
    } else {
      begin(i);
      word += c;
      if (breaks.includes(c)) {
        start = i + 1;
        from = word.length;
      }
    }
  }
  if (!inWord) {
    word = "";
    from = 0;
    start = text.length;
    starts.push(start);
  }
  words.push(word);
  return { words, starts, word: word.slice(from), start, quote, substituted, within: outer.length > 0 };
}

/** Candidates for the word at the end of `text`, behind which stands `after`; `type` as COMP_TYPE tells it. */
export function* complete(sh: Shell, text: string, after = "", type?: number): Gen<Candidates> {
  const breaks = sh.get("COMP_WORDBREAKS") ?? WORD_BREAKS;
  const { words, starts, word, start, quote, substituted, within } = commandWords(text, breaks);
  while (words.length > 1 && /^[A-Za-z_]\w*=/.test(words[0]!)) {
    words.shift();
    starts.shift();
  }
  // A dollar sign behind a backslash is one of a name.
  const raw = /\$\{?\w*$/.exec(text);
  if (quote !== "'" && raw !== null && !/(?<!\\)(?:\\\\)*\\$/.test(text.slice(0, raw.index)))
    return variables(sh, text, raw[0], quote);
  if (words.length === 1) {
    const special = text.trim() === "" ? "-E" : "-I";
    const command = { name: special, begin: starts[0]!, start, quote };
    const made = sh.completions.has(special) ? yield* programmable(sh, command, text, after, type) : undefined;
    if (made !== undefined && "values" in made) return made;
  }
  // What stands behind the `=` of an assignment is no command.
  const first = words.length === 1 && start === starts[0];
  if (first && !word.includes("/") && !word.startsWith("~")) {
    if (word === "" && sh.shopts.has("no_empty_cmd_completion")) return { start, values: [] };
    return { start, values: commandNames(sh, word), suffix: () => " " };
  }
  let noSpace = within;
  if (words.length > 1 && words.at(-2) !== ">" && sh.shopts.has("progcomp") && !substituted) {
    const command = { name: words[0]!, begin: starts[0]!, start, quote };
    const made = yield* programmable(sh, command, text, after, type);
    if (made !== undefined && "values" in made) return made;
    noSpace = made?.noSpace ?? false;
  }
  const found = files(sh, word, start, quote, { directories: false, executables: first });
  return noSpace ? { ...found, suffix: () => "" } : found;
}

/** Names of variables for `$HO` or `${HO`, with what they stand behind. */
export function variables(sh: Shell, text: string, typed: string, quote: string): Candidates {
  const sign = /^\$?\{?/.exec(typed)![0];
  const prefix = typed.slice(sign.length);
  const close = sign === "${" ? "}" : "";
  const isDir = (name: string) => {
    const value = sh.get(name.replace(/\}$/, ""));
    return value !== undefined && value !== "" && find(sh.p, value)?.kind === "dir";
  };
  return {
    start: text.length - prefix.length,
    values: sh.vars
      .names()
      .filter((name) => name.startsWith(prefix))
      .map((name) => name + close),
    // A directory goes on, behind its closing quote.
    suffix: (value) => (isDir(value) ? `${quote}/` : quote === "" ? " " : ""),
    label: (value) => sign + value,
  };
}

/** Names of files for the word that ends a text. */
export function fileCandidates(sh: Shell, text: string): Candidates {
  const { word, start, quote } = commandWords(text, sh.get("COMP_WORDBREAKS") ?? WORD_BREAKS);
  return files(sh, word, start, quote, { directories: false, executables: false });
}

/** What the functions for lines without a command and for their first words are told. */
const INNER_NAMES: Record<string, string> = { "-E": "_EmptycmD_", "-I": "_InitialWorD_" };

/** How often a function may send the search for a specification on. */
const RETRIES = 32;

/** What the specification of a command offers; or how files are completed where it offers nothing. */
function* programmable(
  sh: Shell,
  command: { name: string; begin: number; start: number; quote: string },
  text: string,
  after: string,
  type: number | undefined,
): Gen<Candidates | { noSpace: boolean } | undefined> {
  const { begin, start, quote } = command;
  let { name } = command;
  let line = text.slice(begin);
  // `progcomp_alias`: an alias completes as what it stands for.
  for (let i = 0; sh.shopts.has("progcomp_alias") && !specOf(sh, name) && sh.aliases.has(name) && i < RETRIES; i++) {
    line = sh.aliases.get(name)!.trim() + line.slice(name.length);
    name = line.split(/\s/)[0]!;
  }
  // Readline takes what stands behind an opening quote.
  const from = quote === "" ? start : Math.max(start, text.lastIndexOf(quote) + 1);
  let got: SpecResult | undefined;
  for (let i = 0; i < RETRIES && (got === undefined || got.again); i++) {
    const spec = specOf(sh, name) ?? sh.completions.get("-D");
    if (spec === undefined) return undefined;
    const end = /[;|&(`\n]/.exec(after)?.index ?? after.length;
    got = yield* runSpec(sh, spec, {
      command: INNER_NAMES[name] ?? name,
      word: text.slice(from),
      line: line + after.slice(0, end),
      point: line.length,
      ...(type !== undefined && { type }),
    });
  }
  const { values, options, names, defaultToFiles } = got!;
  if (values.length === 0) return defaultToFiles ? { noSpace: options.has("nospace") } : { start, values };
  const isDir = (value: string) => names && isDirectory(sh, value);
  const quoted = (value: string) => (names && !options.has("noquote") ? protectPath(sh, value, quote) : value);
  return {
    start: from,
    values: values.map((value) => quoted(value) + (isDir(value) ? "/" : "")),
    suffix: (value) => ((names && value.endsWith("/")) || options.has("nospace") ? "" : `${quote} `),
    ...(names && { label: baseName }),
    sorted: !options.has("nosort"),
  };
}

/** The specification of a command, by its name or the last part of its path. */
function specOf(sh: Shell, name: string): string[] | undefined {
  return sh.completions.get(name) ?? sh.completions.get(name.split("/").at(-1)!);
}

function isDirectory(sh: Shell, path: string): boolean {
  return !path.endsWith("/") && find(sh.p, expandedDirectory(sh, path))?.kind === "dir";
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

/** A name as it must be written behind `quote` (none: with backslashes). */
export function protect(name: string, quote: string): string {
  if (quote === "'") return name.replaceAll("'", "'\\''");
  if (quote === '"') return name.replace(/["\\$`]/g, "\\$&");
  return name.replace(/[ \t'"\\|&;()<>!{}*[\]?$`#]/g, "\\$&");
}

/** The same of a path: variables of its directory are left as they are written, unless something else must be quoted. */
function protectPath(sh: Shell, path: string, quote: string): string {
  const dir = path.slice(0, path.lastIndexOf("/", path.length - 2) + 1);
  if (quote === "'" || !dir.includes("$") || expandedDirectory(sh, dir) === dir) return protect(path, quote);
  return protect(path.replaceAll("$", ""), quote) === path.replaceAll("$", "") ? path : protect(path, quote);
}

/** A path with its tilde and its variables expanded (`bash_directory_completion_hook` of bash's bashline.c). */
function expandedDirectory(sh: Shell, path: string): string {
  const tilde = /^~([\w.-]*)(?=\/)/.exec(path);
  const real = tilde ? (sh.home(tilde[1]!) ?? tilde[0]) + path.slice(tilde[0].length) : path;
  return real.replace(/\$(?:(\w+)|\{(\w+)\})/g, (written, bare, braced) => sh.get(bare ?? braced) ?? written);
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
  const real = expandedDirectory(sh, dir);
  const out: string[] = [];
  const fold = sh.bindings.on("completion-ignore-case");
  const hidden = prefix.startsWith(".") || sh.bindings.variables.get("match-hidden-files") !== "off";
  try {
    for (const [name, entry] of readDir(sh.p, real === "" ? "." : real)) {
      const begins = fold ? name.toLowerCase().startsWith(prefix.toLowerCase()) : name.startsWith(prefix);
      if (!begins || (name.startsWith(".") && !hidden)) continue;
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
    values: names.map((name) => quote + protectPath(sh, name, quote)),
    suffix: (value) => (value.endsWith("/") ? "" : `${quote} `),
    label: baseName,
  };
}

/** How a file name is listed: without its directory and quotes. */
function baseName(value: string): string {
  const plain = value.replace(/^['"]/, "").replace(/\\(.)/g, "$1");
  const end = plain.endsWith("/") ? plain.length - 1 : plain.length;
  return plain.slice(plain.lastIndexOf("/", end - 1) + 1);
}
