import { call, concat, cpu, decode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { Output, roomOf } from "../../io.ts";
import { Halt } from "./builtins.ts";
import { colorsOf, type DumpStyle, dump } from "./dump.ts";
import { Evaluator } from "./eval.ts";
import { type Json, type JsonObject, truthy } from "./json.ts";
import { JsonError, JsonStream } from "./json-stream.ts";
import { libraryEnv } from "./library.ts";
import { Linker } from "./modules.ts";
import { natives } from "./natives.ts";
import { type Options, parseArguments, Usage } from "./options.ts";
import { parseProgram } from "./program.ts";
import { type Context, type Env, type Item, JqError, OutOfMemory, PAUSE, StackOverflow } from "./stream.ts";
import { type Ast, CompileError } from "./syntax.ts";

/** Most bytes of input that are held. */
const MAX_HELD = 64 * 1024 * 1024;

const HINT =
  "Use jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://jqlang.github.io/jq\n";

/** jq(1) 1.7. */
export const jq: Program = function* (p) {
  const out = new Output(p);
  try {
    const options = yield* parseArguments(p);
    if (options === "help") {
      out.add(
        "jq - commandline JSON processor [version 1.7.1]\n\nUsage:\tjq [options] <jq filter> [file...]\n\tjq [options] --args <jq filter> [strings...]\n\tjq [options] --jsonargs <jq filter> [JSON_TEXTS...]\n\njq is a tool for processing JSON inputs, applying the given filter to\nits JSON text inputs and producing the filter's results as JSON on\nstandard output.\n",
      );
      yield* out.flush();
      return 0;
    }
    if (options === "version") {
      out.add("jq-1.7.1\n");
      yield* out.flush();
      return 0;
    }
    return yield* call(new Runner(p, options, out).run());
  } catch (error) {
    if (error instanceof Usage) {
      yield* sys.printError(p, error.message + (error.hint ? HINT : ""));
      return error.status;
    }
    if (error instanceof CompileError) {
      yield* sys.printError(p, error.message);
      return 3;
    }
    throw error;
  }
};

/** One run: inputs read as they come, results written as they are found. */
class Runner {
  private readonly p: Process;
  private readonly o: Options;
  private readonly out: Output;
  private readonly style: DumpStyle;
  private readonly files: string[];
  private parser = new JsonStream();
  private rawText = "";
  private rawParts: string[] = [];
  private rawHeld = 0;
  private fd: number | undefined;
  private file: string | undefined;
  private finished = false;
  private pending: Json[] = [];
  private slurped = false;
  private status = 0;
  private last: Json | undefined;
  private parseError: string | undefined;
  private stderr = "";
  private wanted = false;

  constructor(p: Process, o: Options, out: Output) {
    this.p = p;
    this.o = o;
    this.out = out;
    this.files = o.files.length > 0 ? [...o.files] : ["-"];
    const wanted = o.color === false ? undefined : p.env.get("JQ_COLORS");
    const colors = colorsOf(wanted);
    if (wanted !== undefined && colors === undefined) this.stderr = "Failed to set $JQ_COLORS\n";
    this.style = {
      sortKeys: o.sortKeys,
      ascii: o.ascii,
      color: o.color ?? p.fds.get(1)?.tty !== undefined,
      colors,
      indent: o.compact ? undefined : o.tab ? "\t" : " ".repeat(o.indent),
    };
  }

  /** The text of a file; undefined where there is none. */
  private read(path: string): string | undefined {
    return sys.find(this.p, path)?.kind === "file" ? sys.readText(this.p, path) : undefined;
  }

  private linker(): Linker {
    const home = this.p.env.get("HOME") ?? "";
    const { libraries } = this.o;
    return new Linker({
      directories:
        libraries.length > 0
          ? libraries.map((dir) => dir.replace(/^~(?=\/|$)/, home))
          : [`${home}/.jq`, "/usr/lib/jq", "/usr/lib"],
      read: (path) => this.read(path),
    });
  }

  *run(): Gen<number> {
    const { o } = this;
    const modules = this.linker();
    const env: JsonObject = new Map();
    for (const [name, value] of this.p.env) env.set(name, value);
    const named: JsonObject = new Map<string, Json>([
      ["positional", o.positional],
      ["named", o.named],
    ]);
    const context: Context = {
      evaluate: (ast, scope, input) => evaluator.run(ast, scope, input),
      nextInput: () => this.nextInput(),
      wantInput: false,
      env,
      now: () => this.p.machine.kernel.wallMs / 1000,
      inputFile: () => (this.file === undefined || this.file === "-" ? null : this.file),
      inputLine: () => this.parser.lines,
      tell: (text) => {
        this.stderr += text;
      },
      named,
      moduleMeta: (name) => modules.meta(name),
      natives,
      library: libraryEnv(),
    };
    const evaluator = new Evaluator(context);
    const { directives, ast: program } = parseProgram(o.filter!);
    const ast = modules.link(directives, program, this.read(`${this.p.env.get("HOME") ?? ""}/.jq`));
    evaluator.check(ast, o.filter!, ["__prog_args", "ARGS", ...o.named.keys()]);
    let scope: Env = context.library;
    for (const [name, value] of o.named) scope = { t: "var", name, value, up: scope };
    scope = { t: "var", name: "ARGS", value: named, up: scope };
    try {
      if (o.nullInput) yield* this.process(evaluator, ast, scope, null);
      else
        for (;;) {
          const next = this.nextInput();
          if (next === null) break;
          if (next === undefined) {
            yield* this.out.flush();
            yield* this.more();
          } else yield* this.process(evaluator, ast, scope, next.value);
        }
    } catch (error) {
      if (!(error instanceof Halt)) throw error;
      yield* this.out.flush();
      if (error.output !== "") yield* sys.printError(this.p, error.output);
      return error.status;
    }
    yield* this.out.flush();
    if (this.parseError !== undefined) {
      yield* sys.printError(this.p, `jq: ${this.parseError}\n`);
      return 5;
    }
    if (this.status !== 0) return this.status;
    if (o.exitStatus) return this.last === undefined ? 4 : truthy(this.last) ? 0 : 1;
    return 0;
  }

  private *process(evaluator: Evaluator, ast: Ast, scope: Env, input: Json): Gen<void> {
    const stream = evaluator.run(ast, scope, { v: input, p: undefined });
    for (;;) {
      let result: IteratorResult<Item | typeof PAUSE, void>;
      try {
        result = stream.next();
      } catch (error) {
        if (error instanceof StackOverflow || error instanceof OutOfMemory || error instanceof RangeError) {
          yield* this.outOfMemory();
          return;
        }
        if (!(error instanceof JqError)) throw error;
        yield* this.flushStderr();
        const where =
          this.file === undefined ? "<unknown>" : `${this.file === "-" ? "<stdin>" : this.file}:${this.parser.lines}`;
        if (typeof error.value === "string") yield* this.report(`error (at ${where})`, error.value);
        else yield* this.report(`error (at ${where}) (not a string)`, dump(error.value));
        this.status = 5;
        return;
      }
      if (result.done) {
        yield* this.flushStderr();
        return;
      }
      if (result.value === PAUSE) {
        yield* cpu(200);
        if (this.wanted) {
          this.wanted = false;
          yield* this.out.flush();
          yield* this.more();
        }
        continue;
      }
      yield* this.flushStderr();
      this.print((result.value as Item).v);
      if (this.out.full) yield* this.out.flush();
    }
  }

  /** As jq ends when the system gives it no more memory. */
  private *outOfMemory(): Gen<void> {
    yield* this.out.flush();
    yield* sys.printError(this.p, "jq: error: cannot allocate memory\n");
    this.p.machine.signal(this.p, "ABRT");
    yield* cpu(0);
  }

  private *flushStderr(): Gen<void> {
    if (this.stderr === "") return;
    yield* this.out.flush();
    const text = this.stderr;
    this.stderr = "";
    yield* sys.printError(this.p, text);
  }

  private *report(kindOf: string, message: string): Gen<void> {
    yield* this.out.flush();
    yield* sys.printError(this.p, `jq: ${kindOf}: ${message}\n`);
  }

  private print(v: Json): void {
    this.last = v;
    const { o } = this;
    if (o.seq) this.out.add("\x1e");
    const text =
      o.raw && typeof v === "string" && !o.ascii
        ? v
        : o.raw && typeof v === "string"
          ? dump(v, { ascii: true })
          : dump(v, this.style);
    this.out.add(text);
    if (o.nul) this.out.add("\0");
    else if (!o.join) this.out.add("\n");
  }

  // ---- input --------------------------------------------------------------------------------------------------------

  /** The next input; undefined: read more first; null: there is none. */
  private nextInput(): { value: Json } | undefined | null {
    const { o } = this;
    if (o.slurp) {
      if (!this.finished) {
        this.collect();
        this.wanted = true;
        return undefined;
      }
      if (this.slurped || this.parseError !== undefined) return null;
      this.slurped = true;
      this.collect();
      if (this.parseError !== undefined) return null;
      return { value: o.rawInput ? this.rawText : this.pending };
    }
    if (o.rawInput) {
      const end = this.rawText === "" ? -1 : this.rawText.indexOf("\n");
      if (end >= 0) {
        const value = this.rawText.slice(0, end);
        this.rawText = this.rawText.slice(end + 1);
        return { value };
      }
      if (!this.finished) {
        this.wanted = true;
        return undefined;
      }
      if (this.rawText === "") return null;
      const value = this.rawText;
      this.rawText = "";
      return { value };
    }
    if (this.pending.length > 0) return { value: this.pending.shift()! };
    if (this.parseError !== undefined) return null;
    try {
      const value = this.parser.next();
      if (value !== undefined) {
        if (!o.stream) return { value };
        streamEvents(value, [], this.pending);
        return { value: this.pending.shift()! };
      }
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      this.parseError = `parse error: ${error.message}`;
      return null;
    }
    if (this.finished) return null;
    this.wanted = true;
    return undefined;
  }

  private collect(): void {
    if (this.o.rawInput) return;
    try {
      for (;;) {
        const value = this.parser.next();
        if (value === undefined) return;
        if (this.o.stream) streamEvents(value, [], this.pending);
        else this.pending.push(value);
      }
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      this.parseError = `parse error: ${error.message}`;
      this.finished = true;
    }
  }

  /** Reads one more block of input. */
  private *more(): Gen<void> {
    for (;;) {
      if (this.fd === undefined) {
        const path = this.files.shift();
        if (path === undefined) {
          this.finished = true;
          if (this.o.rawInput) this.feedText(decode(this.tail), true);
          this.tail = new Uint8Array(0);
          this.parser.end();
          return;
        }
        try {
          this.fd = path === "-" ? 0 : sys.open(this.p, path);
          this.file = path;
        } catch (error) {
          if (!isErrno(error)) throw error;
          yield* sys.printError(this.p, `jq: error: Could not open file ${path}: ${error.message}\n`);
          this.status = 2;
          continue;
        }
      }
      let bytes: Uint8Array;
      try {
        bytes = yield* sys.read(this.p, this.fd);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* sys.printError(this.p, `jq: error: Input error: ${error.message}\n`);
        this.status = 2;
        bytes = new Uint8Array(0);
      }
      if (bytes.length === 0) {
        if (this.fd > 2) sys.close(this.p, this.fd);
        this.fd = undefined;
        continue;
      }
      this.feed(bytes);
      if (this.parser.held + this.rawText.length + this.rawHeld > Math.min(MAX_HELD, roomOf(this.p)))
        yield* this.outOfMemory();
      return;
    }
  }

  private tail: Uint8Array = new Uint8Array(0);

  private begun = false;

  private feed(whole: Uint8Array): void {
    // A byte order mark at the very beginning is no part of the input.
    const marked = !this.begun && whole[0] === 0xef && whole[1] === 0xbb && whole[2] === 0xbf;
    const bytes = marked ? whole.subarray(3) : whole;
    this.begun = true;
    if (this.o.rawInput) this.feedText(this.decodePart(bytes));
    else this.parser.pushBytes(bytes);
  }

  /** Adds raw input; blocks without a newline are put together once one has come, or the end. */
  private feedText(text: string, last = false): void {
    this.rawParts.push(text);
    this.rawHeld += text.length;
    if (!last && !text.includes("\n")) return;
    this.rawText += this.rawParts.join("");
    this.rawParts = [];
    this.rawHeld = 0;
  }

  /** Characters may be cut at the end of a block. */
  private decodePart(bytes: Uint8Array): string {
    const all = this.tail.length === 0 ? bytes : concat([this.tail, bytes]);
    let back = 1;
    while (back <= 3 && back <= all.length && (all[all.length - back]! & 0xc0) === 0x80) back++;
    const cut = back <= all.length && all[all.length - back]! >= 0xc0 ? all.length - back : all.length;
    this.tail = all.slice(cut);
    return decode(all.subarray(0, cut));
  }
}

/** `--stream`: events of a value. */
function streamEvents(v: Json, path: Json[], out: Json[]): void {
  const entries: [Json, Json][] = Array.isArray(v) ? v.map((item, i) => [i, item]) : v instanceof Map ? [...v] : [];
  if (entries.length === 0) {
    out.push([path, v]);
    return;
  }
  for (const [key, item] of entries) streamEvents(item, [...path, key], out);
  out.push([[...path, entries.at(-1)![0]]]);
}
