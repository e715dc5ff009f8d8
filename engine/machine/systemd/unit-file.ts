/** A unit file as parsed: sections with their assignments in order (systemd.syntax(7)). */
export interface UnitFile {
  /** Last value of a key, e.g. `get("Service", "Type")`. */
  get(section: string, key: string): string | undefined;
  /** All values of a list key since its last empty assignment. */
  all(section: string, key: string): readonly string[];
  has(section: string): boolean;
}

type Sections = Map<string, Map<string, string[]>>;

/** Parses a unit file followed by its drop-ins, later ones winning. */
export function parseUnit(texts: readonly string[]): UnitFile {
  const key = texts.join("\0");
  let file = parsed.get(key);
  if (file === undefined) {
    file = parse(texts);
    if (parsed.size >= KEPT) parsed.clear();
    parsed.set(key, file);
  }
  return file;
}

/** All sessions boot from the same unit files. */
const KEPT = 512;
const parsed = new Map<string, UnitFile>();

const NONE: readonly string[] = [];

function parse(texts: readonly string[]): UnitFile {
  const sections: Sections = new Map();
  for (const text of texts) parseInto(sections, text);
  return {
    get: (section, key) => sections.get(section)?.get(key)?.at(-1),
    all: (section, key) => sections.get(section)?.get(key) ?? NONE,
    has: (section) => sections.has(section),
  };
}

/** The lines of a unit file that say something, continued ones as one, with the numbers of their first and last, from 1. */
export function* unitLines(text: string): Generator<{ first: number; number: number; line: string }> {
  let held = "";
  let first = 0;
  let number = 0;
  for (const raw of text.split("\n")) {
    number++;
    // Comments may stand between continued lines.
    if (/^\s*[#;]/.test(raw)) continue;
    if (raw.endsWith("\\")) {
      if (held === "") first = number;
      held += `${raw.slice(0, -1)} `;
      continue;
    }
    const line = (held + raw).trim();
    if (line !== "") yield { first: held === "" ? number : first, number, line };
    held = "";
  }
}

function parseInto(sections: Sections, text: string): void {
  let section: Map<string, string[]> | undefined;
  for (const { line } of unitLines(text)) {
    if (line.startsWith("[") && line.endsWith("]")) {
      const name = line.slice(1, -1);
      section = sections.get(name) ?? new Map();
      sections.set(name, section);
      continue;
    }
    const at = line.indexOf("=");
    if (at < 0 || section === undefined) continue;
    const key = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    if (value === "") section.set(key, []);
    else section.set(key, [...(section.get(key) ?? []), value]);
  }
}

/** A value that means yes (parse_boolean() of systemd). */
export function isYes(value: string | undefined): boolean {
  return /^(1|yes|y|true|t|on)$/i.test(value ?? "");
}

/** Splits a value at blanks; quotes keep blanks, backslash escapes (extract_first_word of systemd). */
export function splitWords(text: string): readonly string[] {
  if (text === "") return NONE;
  let words = split.get(text);
  if (words === undefined) {
    if (split.size >= KEPT) split.clear();
    split.set(text, (words = wordsOf(text)));
  }
  return words;
}

/** Values of unit files by their text: every machine asks for the same ones. */
const split = new Map<string, readonly string[]>();

function wordsOf(text: string): string[] {
  const out: string[] = [];
  let word = "";
  let inWord = false;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\\" && i + 1 < text.length && quote !== "'") {
      const hex = /^x([0-9a-fA-F]{2})/.exec(text.slice(i + 1));
      if (hex !== null) {
        word += String.fromCharCode(Number.parseInt(hex[1]!, 16));
        i += 3;
      } else word += escaped(text[++i]!);
      inWord = true;
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else word += char;
    } else if ((char === '"' || char === "'") && !inWord) {
      quote = char;
      inWord = true;
    } else if (char === '"' || char === "'") quote = char;
    else if (char === " " || char === "\t") {
      if (inWord) out.push(word);
      word = "";
      inWord = false;
    } else {
      word += char;
      inWord = true;
    }
  }
  if (inWord) out.push(word);
  return out;
}

/** What a backslash before a letter means; before others it stays (cunescape() with UNESCAPE_RELAX). */
function escaped(char: string): string {
  const special = "abfnrtvs\\\"'".indexOf(char);
  return special < 0 ? `\\${char}` : "\x07\b\f\n\r\t\v \\\"'"[special]!;
}

/** Variables of an EnvironmentFile: NAME=value lines, values perhaps quoted. */
export function parseEnvironmentFile(text: string): [string, string][] {
  const out: [string, string][] = [];
  for (const raw of text.replace(/\\\n/g, "").split("\n")) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const at = line.indexOf("=");
    if (at <= 0) continue;
    const value = line.slice(at + 1).trim();
    const quote = value[0];
    const quoted = (quote === '"' || quote === "'") && value.length > 1 && value.endsWith(quote);
    out.push([line.slice(0, at).trim(), quoted ? value.slice(1, -1) : value]);
  }
  return out;
}

/** One ExecStart= line. */
export interface ExecLine {
  path: string;
  argv: readonly string[];
  /** Its words before variables are replaced. */
  words: readonly string[];
  /** `-`: a failure counts as success. */
  ignoreFailure: boolean;
}

/**
 * The command of an Exec line with environment variables replaced: `$NAME` as a word of its own becomes several
 * words, `${NAME}` stays within its word (systemd.service(5), "Command lines").
 */
export function execLine(value: string, env: ReadonlyMap<string, string>): ExecLine | undefined {
  const words = splitWords(value);
  const first = words[0];
  if (first === undefined) return undefined;
  const prefix = /^[-@:+!|]*/.exec(first)![0];
  const path = first.slice(prefix.length);
  const rest: string[] = [];
  for (const word of words.slice(1)) {
    const whole = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(word);
    if (whole) rest.push(...splitWords(env.get(whole[1]!) ?? ""));
    else if (!word.includes("$")) rest.push(word);
    else
      rest.push(
        word.replace(/\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (all, name) =>
          all === "$$" ? "$" : (env.get(name) ?? ""),
        ),
      );
  }
  const argv = prefix.includes("@") ? rest : [path, ...rest];
  const shown = prefix.includes("@") ? words.slice(1) : [path, ...words.slice(1)];
  return { path, argv, words: shown, ignoreFailure: prefix.includes("-") };
}

/** A time span (systemd.time(7)) in µs: `5min 20s`, `100ms`, plain numbers are seconds; undefined when it is none. */
export function parseSpan(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  let total = 0;
  let found = false;
  if (!/^\s*([0-9]+(?:\.[0-9]*)?\s*[a-zA-Zµ]*\s*)+$/.test(text)) return undefined;
  for (const part of text.matchAll(/([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]*)/gi)) {
    const unit = UNITS[part[2]!];
    if (unit === undefined) return undefined;
    total += Number(part[1]) * unit;
    found = true;
  }
  return found ? Math.round(total) : undefined;
}

const S = 1_000_000;
const UNITS: Record<string, number> = {
  "": S,
  us: 1,
  µs: 1,
  usec: 1,
  ms: 1000,
  msec: 1000,
  s: S,
  sec: S,
  second: S,
  seconds: S,
  m: 60 * S,
  min: 60 * S,
  minute: 60 * S,
  minutes: 60 * S,
  h: 3600 * S,
  hr: 3600 * S,
  hour: 3600 * S,
  hours: 3600 * S,
  d: 86_400 * S,
  day: 86_400 * S,
  days: 86_400 * S,
  w: 604_800 * S,
  week: 604_800 * S,
  weeks: 604_800 * S,
  M: 2_629_800 * S,
  month: 2_629_800 * S,
  months: 2_629_800 * S,
  y: 31_557_600 * S,
  year: 31_557_600 * S,
  years: 31_557_600 * S,
};
