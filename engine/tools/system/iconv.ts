import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, tool } from "../tool.ts";
import { type Charset, charset, transliterated } from "./charsets.ts";

const HINT = "Try `iconv --help' or `iconv --usage' for more information.";

/** iconv(1). */
export const iconv = tool(
  {
    name: "iconv",
    usage: "[OPTION...] [FILE...]",
    about: "",
    version: "iconv (Debian GLIBC 2.36-9+deb12u10) 2.36",
    short: "f:t:lco:s",
    long: "from-code:=f to-code:=t list=l output:=o",
    hint: HINT,
    usageStatus: 64,
  },
  function* (t, o) {
    const [to, ...how] = (o.value("t") ?? "").split("//") as [string, ...string[]];
    const [from] = (o.value("f") ?? "").split("//") as [string];
    const source = charset(from);
    const target = charset(to);
    if (source === undefined || target === undefined) {
      const [what, name] = target === undefined ? ["to", to] : ["from", from];
      throw new Fatal(`conversion ${what} \`${name}' is not supported\n${HINT}`);
    }
    const conversion = new Conversion(source, target, {
      omits: o.has("c") || how.some((word) => /^ignore$/i.test(word)),
      replaces: how.some((word) => /^translit$/i.test(word)),
    });
    const output = o.value("o");
    const into =
      output === undefined ? undefined : sys.open(t.p, output, { write: true, create: true, truncate: true });
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = path === "-" ? 0 : sys.find(t.p, path) === undefined ? undefined : sys.open(t.p, path);
      if (fd === undefined) {
        yield* t.error(`cannot open input file \`${path}': No such file or directory`);
        continue;
      }
      const { bytes, problem } = conversion.turn(yield* readWhole(t.p, fd));
      if (into === undefined) yield* t.out.bytes(bytes);
      else yield* sys.write(t.p, into, bytes);
      if (problem !== undefined) throw new Fatal(problem);
    }
    return conversion.omitted ? 1 : t.status;
  },
);

interface Lenience {
  /** What is wrong, or not in the other set, is left out. */
  omits: boolean;
  /** What is not in the other set is written with what is alike. */
  replaces: boolean;
}

/** One conversion, which may go on over several files. */
class Conversion {
  omitted = false;
  private source: Charset;
  private readonly target: Charset;
  private readonly lenience: Lenience;
  private begun = false;

  constructor(source: Charset, target: Charset, lenience: Lenience) {
    this.source = source;
    this.target = target;
    this.lenience = lenience;
  }

  /** The bytes of a file in the other set, up to what cannot be converted. */
  turn(bytes: Uint8Array): { bytes: Uint8Array; problem?: string } {
    const out: number[] = [];
    let at = 0;
    if (!this.begun && bytes.length > 0) {
      this.begun = true;
      out.push(...(this.target.head ?? []));
      const mark = this.source.mark?.(bytes);
      if (mark !== undefined) {
        this.source = mark.charset;
        at = mark.size;
      }
    }
    while (at < bytes.length) {
      const read = this.source.read(bytes, at);
      if (read === "cut") {
        const problem = "incomplete character or shift sequence at end of buffer";
        return { bytes: Uint8Array.from(out), problem };
      }
      const written = read === "illegal" ? undefined : this.written(read[0]);
      if (written === undefined) {
        const problem = `illegal input sequence at position ${at}`;
        if (!this.lenience.omits) return { bytes: Uint8Array.from(out), problem };
        this.omitted = true;
      } else for (const byte of written) out.push(byte);
      at += read === "illegal" ? 1 : read[1];
    }
    return { bytes: Uint8Array.from(out) };
  }

  private written(code: number): readonly number[] | undefined {
    return this.target.write(code) ?? (this.lenience.replaces ? transliterated(code, this.target) : undefined);
  }
}
