/** What -v, --trace and --trace-ascii show as a transfer goes on (src/tool_cb_dbg.c). */
import { encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { calendar } from "../../text/time.ts";
import type { Settings } from "./curl-settings.ts";

type Kind = "head" | "data" | "SSL data";
type Way = "in" | "out";

const two = (n: number) => String(n).padStart(2, "0");

/** The tracer of one command. */
export class Trace {
  /** Whether anything is shown. */
  readonly on: boolean;
  private readonly p: Process;
  private readonly how: "plain" | "ascii" | "hex";
  private readonly time: boolean;
  private readonly file: OpenFile | undefined;
  /** Data was told of by the last line: what follows it goes without one. */
  private told = false;
  /** Standard output, as the whole command writes to it, where that is the place. */
  print: ((bytes: Uint8Array) => Gen) | undefined;
  /** It goes to standard output. */
  readonly toOutput: boolean;
  /** Data of the body goes to a terminal: it is not told of. */
  bare = false;

  constructor(p: Process, s: Settings) {
    this.p = p;
    this.on = s.verbose || s.trace !== undefined;
    this.how = s.trace === undefined ? "plain" : s.trace.how;
    this.time = s.traceTime;
    const { file } = s.trace ?? { file: "%" };
    this.toOutput = file === "-";
    if (this.toOutput) this.file = undefined;
    else if (file === "%" || file === "") this.file = p.fds.get(2);
    else
      try {
        this.file = sys.openFile(p, file, { write: true, create: true, truncate: true });
      } catch (error) {
        if (!isErrno(error)) throw error;
      }
  }

  private *put(text: string): Gen {
    if (this.print !== undefined) return yield* this.print(encode(text));
    if (this.file === undefined) return;
    try {
      yield* this.file.write(encode(text));
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
  }

  private stamp(): string {
    if (!this.time) return "";
    const { wallMs, now } = this.p.machine.kernel;
    const { hour, minute, second } = calendar(Math.floor(wallMs / 1000));
    const fraction = (Math.floor(wallMs % 1000) * 1000 + (now % 1000)) % 1_000_000;
    return `${two(hour)}:${two(minute)}:${two(second)}.${String(fraction).padStart(6, "0")} `;
  }

  /** A line about what curl does. */
  *info(text: string): Gen {
    if (!this.on) return;
    this.told = false;
    yield* this.put(`${this.stamp()}${this.how === "plain" ? "* " : "== Info: "}${text}\n`);
  }

  /** The head of a request, all of it, or a line of an answer's. */
  *head(way: Way, text: string): Gen {
    if (!this.on) return;
    if (this.how !== "plain") return yield* this.dump(way, "head", encode(text));
    this.told = false;
    const mark = `${this.stamp()}${way === "out" ? ">" : "<"} `;
    yield* this.put(text.replace(/[^\n]*\n/g, (line) => mark + line));
  }

  /** Bytes of a body. */
  *data(way: Way, bytes: Uint8Array): Gen {
    if (!this.on) return;
    if (this.how !== "plain") return yield* this.dump(way, "data", bytes);
    yield* this.count(way, bytes.length);
  }

  /** Bytes of TLS, whose number alone is known. */
  *tls(way: Way, size: number): Gen {
    if (this.on && this.how === "plain") yield* this.count(way, size);
  }

  private *count(way: Way, size: number): Gen {
    if (this.told || this.bare) return;
    this.told = true;
    yield* this.put(`${this.stamp()}${way === "out" ? "}" : "{"} [${size} bytes data]\n`);
  }

  private *dump(way: Way, kind: Kind, bytes: Uint8Array): Gen {
    const what = kind === "head" ? "header" : kind;
    const first = `${way === "out" ? "=> Send" : "<= Recv"} ${what}, ${bytes.length} bytes (0x${bytes.length.toString(16)})\n`;
    const rows = this.how === "hex" ? hexRows(bytes) : asciiRows(bytes);
    yield* this.put(this.stamp() + first + rows);
  }
}

const shown = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".");
const place = (at: number): string => `${at.toString(16).padStart(4, "0")}: `;

function hexRows(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 16) {
    const row = [...bytes.subarray(i, i + 16)];
    const hex = row.map((byte) => `${byte.toString(16).padStart(2, "0")} `).join("");
    out += `${place(i)}${hex.padEnd(48)}${row.map(shown).join("")}\n`;
  }
  return out;
}

/** Rows of 64 characters, a new one behind each end of a line. */
function asciiRows(bytes: Uint8Array): string {
  let out = "";
  const endsAt = (i: number) => bytes[i] === 13 && bytes[i + 1] === 10;
  for (let i = 0; i < bytes.length; ) {
    out += place(i);
    let count = 0;
    while (count < 64 && i < bytes.length && !endsAt(i)) {
      out += shown(bytes[i]!);
      i++;
      count++;
    }
    if (endsAt(i)) i += 2;
    out += "\n";
  }
  return out;
}
