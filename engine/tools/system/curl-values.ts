/** Values of curl's options, and the words of its files. */
import { CurlUsage, type Datum, type FormPart } from "./curl-settings.ts";

/** A line of a file of `-K`: `name = "value"`, `name: value`, `name value`, `-x value` (src/tool_parsecfg.c). */
export interface ConfigLine {
  number: number;
  name: string;
  words: string[];
  /** More stands behind its value, which has no quotes. */
  loose: boolean;
}

export function configLines(text: string): ConfigLine[] {
  const out: ConfigLine[] = [];
  text.split("\n").forEach((line, i) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return;
    // Only blanks part a name with dashes from its value.
    const parted = trimmed.startsWith("-") ? /^(\S+)\s*(.*)$/ : /^([^\s=:]+)[\s=:]*(.*)$/;
    const [, name = "", rest = ""] = parted.exec(trimmed) ?? [];
    const quoted = /^"((?:[^"\\]|\\.)*)"?/.exec(rest);
    const value = quoted
      ? quoted[1]!.replace(/\\(.)/g, (_all, char: string) => ({ t: "\t", n: "\n", r: "\r", v: "\v" })[char] ?? char)
      : rest.replace(/\s.*$/, "");
    const behind = rest.slice(value.length).trim();
    const loose = !quoted && behind !== "" && !behind.startsWith("#");
    const words = [name.startsWith("-") ? name : `--${name}`];
    if (value !== "" || quoted) words.push(value);
    out.push({ number: i + 1, name, words, loose });
  });
  return out;
}

/** A warning, whose lines are broken before the 79th column. */
export function warning(text: string): string {
  const width = 79 - "Warning: ".length;
  let rest = text;
  let out = "";
  while (rest.length > width - 1) {
    const at = rest.lastIndexOf(" ", width - 1);
    const cut = at <= 0 ? width : at + 1;
    out += `Warning: ${rest.slice(0, cut)}\n`;
    rest = rest.slice(cut);
  }
  return `${out}Warning: ${rest}\n`;
}

/** A size with k, M, G … behind it. Throws `CurlUsage`. */
export function bytesOf(text: string, option: string): number {
  const match = /^(\d+)([bBkKmMgGtTpP]?)$/.exec(text);
  if (match === null) throw new CurlUsage(`option ${option}: is badly used here`);
  return Number(match[1]) * 1024 ** Math.max(0, "bkmgtp".indexOf(match[2]!.toLowerCase() || "b"));
}

/** `content`, `=content`, `name=content`, `@file`, `name@file` of --data-urlencode. */
export function encodedDatum(value: string): Datum {
  const at = value.search(/[=@]/);
  if (at < 0) return { text: value, encoded: true };
  const name = at === 0 ? "" : `${value.slice(0, at)}=`;
  const rest = value.slice(at + 1);
  return value[at] === "@" ? { file: rest, encoded: true, name } : { text: rest, encoded: true, name };
}

/** A word of `-F` up to `;` or `,`, without its quotes, and what stands behind it. */
function formWord(text: string, ends: string): { word: string; rest: string } {
  const quoted = /^\s*"((?:[^"\\]|\\.)*)"\s*/.exec(text);
  if (quoted !== null && (quoted[0].length === text.length || ends.includes(text[quoted[0].length]!)))
    return { word: quoted[1]!.replace(/\\(["\\])/g, "$1"), rest: text.slice(quoted[0].length) };
  let at = 0;
  while (at < text.length && !ends.includes(text[at]!)) at++;
  return { word: text.slice(0, at), rest: text.slice(at) };
}

/** `name=text`, `name=@file;type=x;filename=y`, `name=@file,other`, `name=<file` (src/tool_formparse.c). */
export function formPart(value: string, plain: boolean, warn: (text: string) => void): FormPart {
  const at = value.indexOf("=");
  if (at < 0) {
    warn("Illegally formatted input field");
    throw new CurlUsage("");
  }
  const name = value.slice(0, at);
  const given = value.slice(at + 1);
  if (plain) return { name, text: given };
  const attached = given[0] === "@";
  const from = attached || given[0] === "<";
  const one = (text: string): { part: FormPart; rest: string } => {
    let { word, rest } = formWord(text, attached ? ";," : ";");
    const part: FormPart = from ? { name, file: word, attached } : { name, text: word };
    while (rest.startsWith(";")) {
      const key = /^;\s*([\w-]*)(=?)/.exec(rest)!;
      ({ word, rest } = formWord(rest.slice(key[0].length), attached ? ";," : ";"));
      if (key[1] === "type" && key[2]) part.type = word.trimEnd();
      else if (key[1] === "filename" && key[2]) part.filename = word;
      else if (key[1] === "encoder" && key[2]) part.encoder = word;
      else warn(`skip unknown form field: ${key[1]}${key[2]}${word}`);
    }
    return { part, rest };
  };
  const first = one(from ? given.slice(1) : given);
  let { rest } = first;
  while (rest.startsWith(",")) {
    const next = one(rest.slice(1));
    (first.part.others ??= []).push(next.part);
    ({ rest } = next);
  }
  return first.part;
}

/** What `--proto` allows: `=https` nothing else, `-http` all but that, `+ftp` that too. */
export function protocols(text: string): ReadonlySet<string> {
  const all = ["http", "https", "ftp", "file", "scp", "sftp"];
  let out = new Set(all);
  for (const word of text.split(",")) {
    const name = word.replace(/^[-+=]+/, "").toLowerCase();
    const named = name === "all" ? all : [name];
    if (word.startsWith("=")) out = new Set(named);
    else for (const each of named) word.startsWith("-") ? out.delete(each) : out.add(each);
  }
  return out;
}
