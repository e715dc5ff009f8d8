import { decode, type Gen } from "../../kernel/index.ts";
import { KEY_SEQUENCES } from "../../text/key-sequences.ts";
import type { Bindings } from "./bindings.ts";

/** One key as the editor knows it: a character, or a name such as `left`, `C-a`, `M-f`, `paste`. */
export interface Key {
  name: string;
  /** The characters that are inserted, if any. */
  text: string;
}

const SEQUENCES: Record<string, string> = {
  ...KEY_SEQUENCES,
  "[7~": "home",
  "[8~": "end",
  "[5~": "page-up",
  "[6~": "page-down",
  "[1;5C": "M-f",
  "[1;5D": "M-b",
  "[1;3C": "M-f",
  "[1;3D": "M-b",
  "[5C": "M-f",
  "[5D": "M-b",
  "[3;5~": "M-d",
  "[Z": "back-tab",
};

/** Turns the bytes of a terminal into keys. `more` gives the next bytes, or none at the end. */
export class KeyReader {
  private pending: number[] = [];
  /** Bytes of the macro being recorded. */
  private recording: number[] | undefined;
  private macro: number[] = [];
  private readonly more: () => Gen<Uint8Array>;
  private readonly silence: () => Gen<boolean>;
  private readonly bindings: Bindings;
  /** Keys that come before those of the terminal. */
  private before: Key[] = [];
  /** An Escape that nothing follows for a while is a key of its own: vi mode, where it is no Meta key either, and searches. */
  loneEscape: "vi" | "search" | undefined;

  /** `silence`: waits as long as readline does for the rest of a key; true when nothing came. */
  constructor(more: () => Gen<Uint8Array>, silence: () => Gen<boolean>, bindings: Bindings) {
    this.more = more;
    this.silence = silence;
    this.bindings = bindings;
  }

  /** Keys to come next. */
  unread(keys: readonly Key[]): void {
    this.before.unshift(...keys);
  }

  /** Bytes to come next, as if they were typed. */
  type(bytes: Uint8Array): void {
    this.pending.unshift(...bytes);
  }

  /** What was read and is no part of the line: others read it. */
  left(): Uint8Array {
    return Uint8Array.from(this.pending.splice(0));
  }

  private *byte(): Gen<number | undefined> {
    if (this.pending.length === 0) {
      const bytes = yield* this.more();
      if (bytes.length === 0) return undefined;
      this.pending.push(...bytes);
    }
    const byte = this.pending.shift();
    if (byte !== undefined) this.recording?.push(byte);
    return byte;
  }

  /** Begins to record a macro. */
  record(): void {
    this.recording = [];
  }

  /** Ends the recording; the keys that said so are no part of it. */
  recorded(): void {
    if (this.recording) this.macro = this.recording.slice(0, -2);
    this.recording = undefined;
  }

  /** The recorded keys come again. */
  replay(): void {
    if (this.recording === undefined) this.pending.unshift(...this.macro);
  }

  /** One character as it is, for `C-v`. */
  *raw(): Gen<string | undefined> {
    const first = yield* this.byte();
    if (first === undefined) return undefined;
    return first < 128 ? String.fromCharCode(first) : yield* this.character(first);
  }

  /** True when keys are waiting that were read already. */
  get buffered(): boolean {
    return this.pending.length > 0;
  }

  /** The next key; undefined when the terminal is gone. */
  *next(): Gen<Key | undefined> {
    const known = this.before.shift();
    if (known) return known;
    if (this.bindings.keys.size > 0 || this.bindings.removed.size > 0) {
      const bound = yield* this.bound();
      if (bound) return bound;
    }
    const first = yield* this.byte();
    if (first === undefined) return undefined;
    if (first === 27) return yield* this.escape();
    if (first === 127) return { name: "backspace", text: "" };
    if (first < 32) return control(first);
    return { name: "char", text: first < 128 ? String.fromCharCode(first) : yield* this.character(first) };
  }

  /** A key that `bind` gave a meaning: its sequence is the text. */
  private *bound(): Gen<Key | undefined> {
    let typed = "";
    for (;;) {
      const starts = [...this.bindings.keys.keys(), ...this.bindings.removed].filter((keys) => keys.startsWith(typed));
      if (starts.length === 0) break;
      if (starts.includes(typed) && (starts.length === 1 || (this.pending.length === 0 && (yield* this.silence()))))
        return { name: "bound", text: typed };
      if (typed !== "" && this.pending.length === 0 && starts.length > 0 && (yield* this.silence())) break;
      const byte = yield* this.byte();
      if (byte === undefined) break;
      typed += String.fromCharCode(byte);
    }
    const bytes = [...typed].map((char) => char.charCodeAt(0));
    if (typed !== "" && (this.bindings.keys.has(typed) || this.bindings.removed.has(typed)))
      return { name: "bound", text: typed };
    this.pending.unshift(...bytes);
    return undefined;
  }

  private *character(first: number): Gen<string> {
    const need = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    const bytes = [first];
    for (let i = 0; i < need; i++) {
      const next = yield* this.byte();
      if (next === undefined) break;
      bytes.push(next);
    }
    return decode(Uint8Array.from(bytes));
  }

  private *escape(): Gen<Key | undefined> {
    if (this.loneEscape) {
      if (this.pending.length === 0 && (yield* this.silence())) return { name: "escape", text: "" };
      if (this.loneEscape === "vi") {
        const next = yield* this.byte();
        if (next !== undefined) this.pending.unshift(next);
        if (next !== 0x5b && next !== 0x4f) return { name: "escape", text: "" };
      }
    }
    const second = yield* this.byte();
    if (second === undefined) return undefined;
    if (second !== 0x5b && second !== 0x4f) {
      if (second === 127 || second === 8) return { name: "M-backspace", text: "" };
      if (second === 27) return { name: "escape", text: "" };
      if (second >= 0x80) return { name: "unknown", text: yield* this.character(second) };
      if (second < 32) return { name: `M-${control(second).name}`, text: "" };
      return { name: `M-${String.fromCharCode(second).toLowerCase()}`, text: "" };
    }
    let sequence = String.fromCharCode(second);
    for (;;) {
      const next = yield* this.byte();
      if (next === undefined) return undefined;
      sequence += String.fromCharCode(next);
      if (second === 0x4f || (next >= 0x40 && next <= 0x7e) || sequence.length > 16) break;
    }
    if (sequence === "[200~") return { name: "paste", text: yield* this.paste() };
    return { name: SEQUENCES[sequence] ?? "unknown", text: "" };
  }

  /** The text of a bracketed paste. */
  private *paste(): Gen<string> {
    const bytes: number[] = [];
    const end = [27, 0x5b, 0x32, 0x30, 0x31, 0x7e];
    for (;;) {
      const next = yield* this.byte();
      if (next === undefined) break;
      bytes.push(next);
      if (next === 0x7e && end.every((byte, i) => bytes[bytes.length - 6 + i] === byte)) {
        bytes.length -= 6;
        break;
      }
    }
    return decode(Uint8Array.from(bytes)).replace(/\r\n?/g, "\n");
  }
}

function control(byte: number): Key {
  if (byte === 13) return { name: "enter", text: "" };
  if (byte === 10) return { name: "enter", text: "\n" };
  if (byte === 9) return { name: "tab", text: "\t" };
  if (byte === 8) return { name: "backspace", text: "" };
  const letter = byte >= 1 && byte <= 26 ? byte + 96 : byte + 64;
  return { name: `C-${String.fromCharCode(letter)}`, text: String.fromCharCode(byte) };
}
