/** Keys as tmux names them, and the bytes that stand for them. */

/** What a terminal sends for keys without modifiers, in normal mode. */
const SEQUENCES: Record<string, string> = {
  Up: "\x1b[A",
  Down: "\x1b[B",
  Right: "\x1b[C",
  Left: "\x1b[D",
  Home: "\x1b[1~",
  End: "\x1b[4~",
  IC: "\x1b[2~",
  DC: "\x1b[3~",
  PPage: "\x1b[5~",
  NPage: "\x1b[6~",
  BTab: "\x1b[Z",
  F1: "\x1bOP",
  F2: "\x1bOQ",
  F3: "\x1bOR",
  F4: "\x1bOS",
  F5: "\x1b[15~",
  F6: "\x1b[17~",
  F7: "\x1b[18~",
  F8: "\x1b[19~",
  F9: "\x1b[20~",
  F10: "\x1b[21~",
  F11: "\x1b[23~",
  F12: "\x1b[24~",
};

/** Other sequences that terminals send for the same keys. */
const ALSO: Record<string, string> = {
  "\x1b[H": "Home",
  "\x1b[F": "End",
  "\x1bOH": "Home",
  "\x1bOF": "End",
  "\x1b[7~": "Home",
  "\x1b[8~": "End",
  "\x1bOA": "Up",
  "\x1bOB": "Down",
  "\x1bOC": "Right",
  "\x1bOD": "Left",
};

const NAMES = new Map<string, string>([
  ...Object.entries(SEQUENCES).map(([name, bytes]): [string, string] => [bytes, name]),
  ...Object.entries(ALSO),
]);

const SINGLE: Record<string, string> = { Enter: "\r", Tab: "\t", Escape: "\x1b", BSpace: "\x7f", Space: " " };

const SYNONYMS: Record<string, string> = {
  PageUp: "PPage",
  PgUp: "PPage",
  PageDown: "NPage",
  PgDn: "NPage",
  Insert: "IC",
  Delete: "DC",
  BackTab: "BTab",
  "C-Space": "C-@",
};

const LETTERS: Record<string, string> = { A: "Up", B: "Down", C: "Right", D: "Left", H: "Home", F: "End" };
const TILDES: Record<string, string> = { 1: "Home", 2: "IC", 3: "DC", 4: "End", 5: "PPage", 6: "NPage" };

/** A key's name as bindings have it: modifiers in tmux's order, `^X` as `C-x`. Undefined for no key. */
export function keyName(text: string): string | undefined {
  let rest = text;
  let control = false;
  let meta = false;
  let shift = false;
  for (;;) {
    if (/^\^.$/.test(rest)) {
      control = true;
      rest = rest.slice(1);
    } else if (/^[Cc]-./.test(rest)) {
      control = true;
      rest = rest.slice(2);
    } else if (/^[Mm]-./.test(rest)) {
      meta = true;
      rest = rest.slice(2);
    } else if (/^[Ss]-./.test(rest)) {
      shift = true;
      rest = rest.slice(2);
    } else break;
  }
  rest = SYNONYMS[rest] ?? rest;
  const named = Object.keys({ ...SEQUENCES, ...SINGLE }).find((name) => name.toLowerCase() === rest.toLowerCase());
  if (named !== undefined && rest.length > 1) rest = named;
  else if ([...rest].length !== 1) return undefined;
  if (control && rest.length === 1) rest = rest.toLowerCase();
  if (rest === " ") rest = "Space";
  return `${control ? "C-" : ""}${meta ? "M-" : ""}${shift ? "S-" : ""}${rest}`;
}

/** The bytes that a program gets for a key; undefined when the text names none (it is typed as it is then). */
export function keyBytes(text: string, applicationKeys: boolean): string | undefined {
  const name = keyName(text);
  if (name === undefined) return undefined;
  const match = /^(C-)?(M-)?(S-)?(.+)$/s.exec(name)!;
  const [, control, meta, shift, base] = match;
  const sequence = SEQUENCES[base!];
  if (sequence !== undefined) {
    const modifier = 1 + (shift ? 1 : 0) + (meta ? 2 : 0) + (control ? 4 : 0);
    if (modifier > 1) {
      const letter = /^\x1b[[O]([A-Z])$/.exec(sequence)?.[1];
      if (letter) return `\x1b[1;${modifier}${letter}`;
      return sequence.replace("~", `;${modifier}~`);
    }
    if (applicationKeys && /^\x1b\[[A-D]$/.test(sequence)) return sequence.replace("[", "O");
    return sequence;
  }
  let bytes = SINGLE[base!] ?? base!;
  if (control) {
    const code = bytes.charCodeAt(0);
    if (bytes === "?") bytes = "\x7f";
    else if (bytes === " ") bytes = "\0";
    else if (code >= 64 && code < 128) bytes = String.fromCharCode(code & 31);
  }
  return meta ? `\x1b${bytes}` : bytes;
}

export interface Key {
  name: string;
  /** As it came from the terminal. */
  bytes: string;
}

/** Splits what a terminal sent into keys; `rest` is the beginning of a sequence. `forced`: nothing more will come. */
export function readKeys(text: string, forced: boolean): { keys: Key[]; rest: string } {
  const keys: Key[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] !== "\x1b") {
      const char = String.fromCodePoint(text.codePointAt(at)!);
      keys.push({ name: plainName(char), bytes: char });
      at += char.length;
      continue;
    }
    const sequence = /^\x1b(?:\[[\d;?]*[A-Za-z~]|O[A-Z])/.exec(text.slice(at))?.[0];
    if (sequence !== undefined) {
      keys.push({ name: sequenceName(sequence), bytes: sequence });
      at += sequence.length;
      continue;
    }
    const partial = /^\x1b(?:\[[\d;?]*|O)?$/.test(text.slice(at));
    if (partial && !forced) return { keys, rest: text.slice(at) };
    const next = text.codePointAt(at + 1);
    if (next === undefined || next === 27) {
      keys.push({ name: "Escape", bytes: "\x1b" });
      at++;
      continue;
    }
    const char = String.fromCodePoint(next);
    const plain = plainName(char);
    keys.push({ name: keyName(`M-${plain}`) ?? `M-${plain}`, bytes: `\x1b${char}` });
    at += 1 + char.length;
  }
  return { keys, rest: "" };
}

function plainName(char: string): string {
  const code = char.charCodeAt(0);
  if (code === 13) return "Enter";
  if (code === 9) return "Tab";
  if (code === 127) return "BSpace";
  if (code === 0) return "C-@";
  if (code < 32) return `C-${String.fromCharCode(code + 64).toLowerCase()}`;
  return char === " " ? "Space" : char;
}

function sequenceName(sequence: string): string {
  const known = NAMES.get(sequence);
  if (known !== undefined) return known;
  if (sequence === "\x1b[200~") return "paste-begin";
  if (sequence === "\x1b[201~") return "paste-end";
  const match = /^\x1b\[(\d+);(\d+)([A-Z~])$/.exec(sequence);
  if (match === null) return "unknown";
  const bits = Number(match[2]) - 1;
  const base = match[3] === "~" ? TILDES[match[1]!] : LETTERS[match[3]!];
  if (base === undefined) return "unknown";
  return `${bits & 4 ? "C-" : ""}${bits & 2 ? "M-" : ""}${bits & 1 ? "S-" : ""}${base}`;
}
