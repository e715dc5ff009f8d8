import { concat } from "../../kernel/index.ts";
import { burn } from "../../machine/cpu.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { isEndless, isNowhere } from "../io.ts";
import { tool } from "../tool.ts";

/** cat(1): bytes as they come; with -n -b -E -T -v -s line by line. */
export const cat = tool(
  {
    name: "cat",
    short: "AbeEnstTuv",
    long: "number-nonblank=b number=n squeeze-blank=s show-nonprinting=v show-ends=E show-tabs=T show-all=A",
    usage: "[OPTION]... [FILE]...",
    about: "Concatenate FILE(s) to standard output.\n\nWith no FILE, or when FILE is -, read standard input.",
  },
  function* (t, o) {
    const style: Style = {
      number: o.has("b") ? "nonblank" : o.has("n") ? "all" : "none",
      ends: o.has("E", "A", "e"),
      tabs: o.has("T", "A", "t"),
      controls: o.has("v", "A", "e", "t"),
      squeeze: o.has("s"),
    };
    const plain = style.number === "none" && !style.ends && !style.tabs && !style.controls && !style.squeeze;
    const state: State = { line: 0, atStart: true, blanks: 0 };
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = yield* t.open(path);
      if (fd === undefined) continue;
      try {
        const own = sys.file(t.p, 1).node;
        const node = sys.file(t.p, fd).node;
        if (own !== undefined && own === node && node.kind === "file" && node.content.size() > 0) {
          yield* t.error(`${path}: input file is output file`);
          continue;
        }
        if (isEndless(t.p, fd) && isNowhere(t.p, 1)) yield* burn(t.p, Number.MAX_SAFE_INTEGER);
        for (;;) {
          const bytes = yield* sys.read(t.p, fd);
          if (bytes.length === 0) break;
          yield* t.out.bytes(plain ? bytes : decorate(bytes, style, state));
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.pathError(path, error);
      } finally {
        t.close(fd);
      }
    }
    return t.status;
  },
);

interface Style {
  number: "none" | "all" | "nonblank";
  ends: boolean;
  tabs: boolean;
  controls: boolean;
  squeeze: boolean;
}

interface State {
  line: number;
  atStart: boolean;
  /** Blank lines in a row. */
  blanks: number;
}

function decorate(bytes: Uint8Array, style: Style, state: State): Uint8Array {
  const out: number[] = [];
  const put = (text: string) => {
    for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i));
  };
  for (const byte of bytes) {
    if (state.atStart) {
      state.blanks = byte === 10 ? state.blanks + 1 : 0;
      if (style.squeeze && state.blanks > 1) continue;
      if (style.number === "all" || (style.number === "nonblank" && byte !== 10))
        put(`${String(++state.line).padStart(6)}\t`);
    }
    state.atStart = byte === 10;
    if (byte === 10) {
      if (style.ends) out.push(36);
      out.push(10);
    } else if (byte === 9) {
      if (style.tabs) put("^I");
      else out.push(9);
    } else if (style.controls) visible(byte, out);
    else out.push(byte);
  }
  return concat([Uint8Array.from(out)]);
}

function visible(byte: number, out: number[]): void {
  let rest = byte;
  if (rest >= 128) {
    out.push(77, 45);
    rest -= 128;
  }
  if (rest < 32) out.push(94, rest + 64);
  else if (rest === 127) out.push(94, 63);
  else out.push(rest);
}
