import { call, cpu, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { OpenFile } from "../../../machine/open-file.ts";
import { exitCode, type Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { atan2, cos, exp, log, pow, sin } from "../../../text/math.ts";
import { compileRegex, type Regex, RegexError, type RegexMatch } from "../../../text/regex/index.ts";
import { calendar, strftime, toEpoch } from "../../../text/time.ts";
import { compareBytes, Output } from "../../io.ts";
import type { Tool } from "../../tool.ts";
import { searchPath } from "../env.ts";
import { unescapeString } from "./lexer.ts";
import { RecordReader, type Separator } from "./records.ts";
import type { AwkProgram, Expr, Stmt } from "./syntax.ts";
import {
  type AwkArray,
  AwkFatal,
  type Cell,
  compareValues,
  fromInput,
  numberText,
  sprintf,
  toBool,
  toNumber,
  toText,
  UNINIT,
  type Value,
} from "./values.ts";

/** An expression made ready: `f` when it never waits, else `g`. */
interface Code {
  f?: () => Value;
  g?: () => Gen<Value>;
}

type Flow = "normal" | "next" | "nextfile" | "exit" | "break" | "continue" | "return";
type Run = () => Gen<Flow>;

interface Redirect {
  out: Output;
  fd: number;
  child: Process | undefined;
}

interface Scope {
  params: readonly string[];
}

/** Runs awk programs: the tree becomes closures, those that cannot wait plain functions. */
export class Interpreter {
  private readonly t: Tool;
  private readonly program: AwkProgram;
  private readonly globals = new Map<string, Cell>();
  private frame: Cell[] = [];
  private record = "";
  private fields: Value[] = [];
  private fieldsValid = true;
  private recordValid = true;
  private nf = 0;
  private returned: Value = UNINIT;
  private exitStatus = 0;
  private steps = 0;
  private depth = 0;
  private readonly outputs = new Map<string, Redirect>();
  private readonly inputs = new Map<string, { reader: RecordReader; child: Process | undefined }>();
  private readonly functions = new Map<string, { params: string[]; run: Run }>();
  private main: RecordReader | undefined;
  private argument = 1;
  private usedArgument = false;
  private inRules = false;
  private seed = 0;
  private readonly cellNR = this.variable("NR");
  private readonly cellFNR = this.variable("FNR");
  private readonly cellFS = this.variable("FS");
  private readonly cellOFS = this.variable("OFS");
  private readonly cellORS = this.variable("ORS");
  private readonly cellRS = this.variable("RS");
  private readonly cellRT = this.variable("RT");
  private readonly cellSubsep = this.variable("SUBSEP");
  private readonly cellConvfmt = this.variable("CONVFMT");
  private readonly cellOfmt = this.variable("OFMT");
  private readonly cellIgnoreCase = this.variable("IGNORECASE");
  private readonly cellFilename = this.variable("FILENAME");

  constructor(t: Tool, program: AwkProgram, args: readonly string[]) {
    this.t = t;
    this.program = program;
    this.cellFS.v = " ";
    this.cellOFS.v = " ";
    this.cellORS.v = "\n";
    this.cellRS.v = "\n";
    this.cellSubsep.v = "\x1c";
    this.cellConvfmt.v = "%.6g";
    this.cellOfmt.v = "%.6g";
    this.cellNR.v = 0;
    this.cellFNR.v = 0;
    this.variable("RSTART").v = 0;
    this.variable("RLENGTH").v = -1;
    this.variable("ARGC").v = args.length + 1;
    const argv: AwkArray = new Map([["0", "awk" as Value]]);
    args.forEach((arg, i) => {
      argv.set(String(i + 1), fromInput(arg));
    });
    this.variable("ARGV").v = argv;
    const environ: AwkArray = new Map();
    for (const [name, value] of t.p.env) environ.set(name, fromInput(value));
    this.variable("ENVIRON").v = environ;
    this.variable("PROCINFO").v = new Map<string, Value>([
      ["version", "5.2.1"],
      ["pid", t.p.nsPid],
    ]);
  }

  /** `-v name=value` and assignments among the operands. */
  assign(name: string, text: string): void {
    const value = fromInput(unescapeString(text));
    if (name === "NF") this.setNF(toNumber(value));
    else this.variable(name).v = value;
  }

  private variable(name: string): Cell {
    let cell = this.globals.get(name);
    if (cell === undefined) {
      cell = { v: undefined };
      this.globals.set(name, cell);
    }
    return cell;
  }

  // ---- running ------------------------------------------------------------------------------------------------------

  *run(): Gen<number> {
    const { program } = this;
    for (const [name, fn] of program.functions)
      this.functions.set(name, { params: fn.params, run: this.statement(fn.body, { params: fn.params }) });
    const begin = program.begin.map((body) => this.statement(body, undefined));
    const end = program.end.map((body) => this.statement(body, undefined));
    const rules = program.rules.map((rule) => ({
      pattern: rule.pattern && this.expr(rule.pattern, undefined),
      until: rule.until && this.expr(rule.until, undefined),
      body: rule.body && this.statement(rule.body, undefined),
      active: false,
    }));
    let flow: Flow = "normal";
    for (const body of begin) {
      flow = yield* body();
      if (flow === "exit") break;
    }
    if (flow !== "exit" && (rules.length > 0 || end.length > 0)) {
      this.inRules = true;
      reading: for (;;) {
        const text = yield* this.nextRecord();
        if (text === undefined) break;
        this.setRecord(text);
        for (const rule of rules) {
          if (rule.until !== undefined) {
            if (!rule.active) {
              if (!toBool(rule.pattern!.f ? rule.pattern!.f() : yield* rule.pattern!.g!())) continue;
              rule.active = true;
            }
            if (toBool(rule.until.f ? rule.until.f() : yield* rule.until.g!())) rule.active = false;
          } else if (rule.pattern !== undefined) {
            const { pattern } = rule;
            if (!toBool(pattern.f ? pattern.f() : yield* pattern.g!())) continue;
          }
          if (rule.body === undefined) {
            this.t.out.add(this.text0() + toText(this.cellORS.v as Value));
            continue;
          }
          flow = yield* rule.body();
          if (flow === "next") break;
          if (flow === "nextfile") {
            this.closeMain();
            break;
          }
          if (flow === "exit") break reading;
        }
        if (this.t.out.full) yield* this.t.out.flush();
      }
      this.inRules = false;
    }
    // `exit` in BEGIN or a rule still runs END, but not one within END.
    if (!(flow === "exit" && this.exitedInEnd)) {
      for (const body of end) {
        this.exitedInEnd = true;
        if ((yield* body()) === "exit") break;
      }
    }
    yield* this.finish();
    return this.exitStatus || this.t.status;
  }

  private exitedInEnd = false;

  /** Flushes everything and waits for commands. */
  *finish(): Gen<void> {
    yield* this.t.out.flush();
    for (const name of [...this.outputs.keys()]) yield* this.closeOutput(name);
    for (const name of [...this.inputs.keys()]) yield* this.closeInput(name);
  }

  /** gawk's place in messages: record counts once records are read. */
  get place(): string {
    if (!this.inRules) return "";
    const name = toText((this.cellFilename.v as Value) ?? UNINIT);
    return `(FILENAME=${name === "" ? "-" : name} FNR=${toText(this.cellFNR.v as Value)}) `;
  }

  // ---- records and fields -------------------------------------------------------------------------------------------

  private regexCache = new Map<string, Regex>();

  private regex(source: string): Regex {
    const ignoreCase = this.cellIgnoreCase.v !== undefined && toBool(this.cellIgnoreCase.v as Value);
    const key = ignoreCase ? `i${source}` : `c${source}`;
    let found = this.regexCache.get(key);
    if (found === undefined) {
      try {
        found = compileRegex(awkPattern(source), { syntax: "awk", ignoreCase });
      } catch (error) {
        if (!(error instanceof RegexError)) throw error;
        throw new AwkFatal(`${error.message}: /${source}/`, true, "error");
      }
      if (this.regexCache.size > 200) this.regexCache.clear();
      this.regexCache.set(key, found);
    }
    return found;
  }

  private separator(): Separator {
    const rs = toText((this.cellRS.v as Value) ?? UNINIT);
    if (rs === this.lastRs && this.lastSeparator) return this.lastSeparator;
    this.lastRs = rs;
    if (rs === "") this.lastSeparator = { kind: "paragraph" };
    else if ([...rs].length === 1) this.lastSeparator = { kind: "text", text: rs };
    else this.lastSeparator = { kind: "regex", regex: this.regex(rs) };
    return this.lastSeparator;
  }

  private lastRs = "";
  private lastSeparator: Separator | undefined;

  private *nextRecord(): Gen<string | undefined> {
    for (;;) {
      if (this.main === undefined && !(yield* this.openNext())) return undefined;
      const reader = this.main!;
      const text = reader.take(this.separator());
      if (text !== undefined) {
        this.cellNR.v = toNumber(this.cellNR.v as Value) + 1;
        this.cellFNR.v = toNumber(this.cellFNR.v as Value) + 1;
        this.cellRT.v = reader.terminator;
        return text;
      }
      yield* this.flushAll();
      let more: boolean;
      try {
        more = yield* reader.fill();
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* this.t.error(
          `warning: command line argument \`${toText(this.cellFilename.v as Value)}' is a directory: skipped`,
          0,
        );
        more = false;
      }
      if (!more) this.closeMain();
    }
  }

  private closeMain(): void {
    if (this.main) this.t.close(this.main.fd);
    this.main = undefined;
  }

  private *openNext(): Gen<boolean> {
    const argv = this.variable("ARGV").v as AwkArray;
    for (;;) {
      const argc = toNumber(this.variable("ARGC").v as Value);
      if (this.argument >= argc) {
        if (this.usedArgument) return false;
        this.usedArgument = true;
        this.main = new RecordReader(this.t.p, 0);
        return true;
      }
      const value = argv.get(String(this.argument++));
      const arg = value === undefined ? "" : toText(value);
      if (arg === "") continue;
      const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(arg);
      if (assignment) {
        this.assign(assignment[1]!, assignment[2]!);
        continue;
      }
      this.usedArgument = true;
      this.cellFNR.v = 0;
      if (arg === "-") {
        this.cellFilename.v = "";
        this.main = new RecordReader(this.t.p, 0);
        return true;
      }
      try {
        const node = sys.stat(this.t.p, arg);
        if (node.kind === "dir") {
          yield* this.t.error(`warning: command line argument \`${arg}' is a directory: skipped`, 0);
          continue;
        }
        this.cellFilename.v = arg;
        this.main = new RecordReader(this.t.p, sys.open(this.t.p, arg));
        return true;
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new AwkFatal(`cannot open file \`${arg}' for reading: ${error.message}`, false);
      }
    }
  }

  private setRecord(text: string): void {
    this.record = text;
    this.recordValid = true;
    this.fieldsValid = false;
  }

  private text0(): string {
    if (!this.recordValid) {
      const ofs = toText((this.cellOFS.v as Value) ?? UNINIT);
      const convfmt = this.convfmt();
      let out = "";
      for (let i = 0; i < this.nf; i++) out += (i > 0 ? ofs : "") + toText(this.fields[i] ?? UNINIT, convfmt);
      this.record = out;
      this.recordValid = true;
    }
    return this.record;
  }

  private splitRecord(): void {
    if (this.fieldsValid) return;
    this.fieldsValid = true;
    const parts = this.splitText(this.record, toText((this.cellFS.v as Value) ?? UNINIT), true);
    this.fields = parts;
    this.nf = parts.length;
  }

  private splitText(text: string, fs: string, fromRecord: boolean): string[] {
    if (text === "") return [];
    const paragraph = fromRecord && this.cellRS.v !== undefined && toText(this.cellRS.v as Value) === "";
    if (fs === " ") return splitBlanks(text);
    if (fs === "") return [...text];
    if (fs === "\t" || (fs.length === 1 && fs !== "\\")) {
      if (paragraph && fs !== "\n") return text.split("\n").flatMap((line) => line.split(fs));
      return text.split(fs);
    }
    return this.splitRegex(text, this.regex(paragraph ? `(${fs})|\\n` : fs), undefined);
  }

  private splitRegex(text: string, regex: Regex, separators: string[] | undefined): string[] {
    const out: string[] = [];
    let at = 0;
    for (let from = 0; from <= text.length; ) {
      const match = regex.exec(text, from);
      if (match === null) break;
      if (match.end === match.index) {
        from = match.index + 1;
        continue;
      }
      out.push(text.slice(at, match.index));
      separators?.push(match.groups[0]!);
      at = from = match.end;
    }
    out.push(text.slice(at));
    return out;
  }

  private field(index: number): Value {
    if (index === 0) return fromInput(this.text0());
    if (index < 0) throw new AwkFatal(`attempt to access field ${index}`);
    this.splitRecord();
    const value = this.fields[index - 1];
    if (value === undefined || index > this.nf) return UNINIT;
    if (typeof value !== "string") return value;
    return this.fieldValue(value, index);
  }

  /** Fields are text until looked at as a value; a StrNum is kept for the next look. */
  private fieldValue(text: string, index: number): Value {
    const value = fromInput(text);
    if (typeof value !== "string") this.fields[index - 1] = value;
    return value;
  }

  private setField(index: number, value: Value): void {
    if (index < 0) throw new AwkFatal(`attempt to access field ${index}`);
    if (index === 0) {
      this.setRecord(toText(value, this.convfmt()));
      return;
    }
    this.splitRecord();
    while (this.fields.length < index) this.fields.push(UNINIT);
    this.fields[index - 1] = typeof value === "string" ? new Exact(value) : value;
    this.nf = Math.max(this.nf, index);
    this.recordValid = false;
  }

  private getNF(): number {
    this.splitRecord();
    return this.nf;
  }

  private setNF(count: number): void {
    if (count < 0) throw new AwkFatal("NF set to negative value");
    this.splitRecord();
    this.fields.length = Math.min(this.fields.length, count);
    while (this.fields.length < count) this.fields.push(UNINIT);
    this.nf = count;
    this.recordValid = false;
  }

  private convfmt(): string {
    const { v } = this.cellConvfmt;
    return typeof v === "string" ? v : "%.6g";
  }

  private str(value: Value): string {
    return typeof value === "string" ? value : toText(value, this.convfmt());
  }

  // ---- variables ----------------------------------------------------------------------------------------------------

  private cellOf(name: string, scope: Scope | undefined): () => Cell {
    const slot = scope?.params.indexOf(name) ?? -1;
    if (slot >= 0) return () => this.frame[slot]!;
    const cell = this.variable(name);
    return () => cell;
  }

  private arrayOf(name: string, scope: Scope | undefined): () => AwkArray {
    const cell = this.cellOf(name, scope);
    return () => asArray(cell(), name);
  }

  private key(codes: Code[]): (() => string) | undefined {
    if (codes.length === 1 && codes[0]!.f) {
      const { f } = codes[0]!;
      return () => this.keyText(f!());
    }
    if (!codes.every((code) => code.f)) return undefined;
    return () => codes.map((code) => this.keyText(code.f!())).join(toText(this.cellSubsep.v as Value));
  }

  private keyText(value: Value): string {
    return typeof value === "string" ? value : this.str(value);
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  /** Code of a function of other codes: plain when they all are. */
  private op(parts: Code[], compute: (...values: Value[]) => Value): Code {
    if (parts.every((part) => part.f)) {
      const [a, b] = parts;
      if (parts.length === 1) return { f: () => compute(a!.f!()) };
      if (parts.length === 2) return { f: () => compute(a!.f!(), b!.f!()) };
      return { f: () => compute(...parts.map((part) => part.f!())) };
    }
    return {
      *g() {
        const values: Value[] = [];
        for (const part of parts) values.push(part.f ? part.f() : yield* call(part.g!()));
        return compute(...values);
      },
    };
  }

  private expr(e: Expr, s: Scope | undefined): Code {
    switch (e.t) {
      case "num":
        return { f: () => e.value };
      case "str":
        return { f: () => e.value };
      case "regex": {
        const source = e.source;
        this.regex(source);
        return { f: () => (this.regex(source).test(this.text0()) ? 1 : 0) };
      }
      case "group":
        return this.expr(e.value, s);
      case "var": {
        if (e.name === "NF" && !(s?.params.includes("NF") ?? false)) return { f: () => this.getNF() };
        const cell = this.cellOf(e.name, s);
        return {
          f: () => {
            const { v } = cell();
            if (v instanceof Map) throw new AwkFatal(`attempt to use array \`${e.name}' in a scalar context`);
            return v ?? UNINIT;
          },
        };
      }
      case "field": {
        if (e.index.t === "num") {
          const index = e.index.value;
          return { f: () => this.field(index) };
        }
        return this.op([this.expr(e.index, s)], (index) => this.field(Math.trunc(toNumber(index))));
      }
      case "index": {
        const array = this.arrayOf(e.name, s);
        const keys = e.keys.map((key) => this.expr(key, s));
        return this.withKey(keys, (key) => {
          const found = array();
          let value = found.get(key);
          if (value === undefined) {
            value = UNINIT;
            found.set(key, value);
          }
          return value;
        });
      }
      case "in": {
        const array = this.arrayOf(e.name, s);
        return this.withKey(
          e.keys.map((key) => this.expr(key, s)),
          (key) => (array().has(key) ? 1 : 0),
        );
      }
      case "assign":
        return this.assignment(e, s);
      case "step": {
        const by = e.op === "++" ? 1 : -1;
        const { read, write } = this.target(e.target, s);
        return this.modify(e.target, s, read, write, (old) => {
          const number = toNumber(old);
          return { store: number + by, give: e.prefix ? number + by : number };
        });
      }
      case "cond": {
        const [test, yes, no] = [this.expr(e.test, s), this.expr(e.yes, s), this.expr(e.no, s)];
        if (test.f && yes.f && no.f) return { f: () => (toBool(test.f!()) ? yes.f!() : no.f!()) };
        return {
          *g() {
            const chosen = toBool(test.f ? test.f() : yield* call(test.g!())) ? yes : no;
            return chosen.f ? chosen.f() : yield* call(chosen.g!());
          },
        };
      }
      case "and":
      case "or": {
        const [left, right] = [this.expr(e.left, s), this.expr(e.right, s)];
        const stop = e.t === "or";
        if (left.f && right.f)
          return { f: () => (toBool(left.f!()) === stop ? Number(stop) : Number(toBool(right.f!()))) };
        return {
          *g() {
            if (toBool(left.f ? left.f() : yield* call(left.g!())) === stop) return Number(stop);
            return Number(toBool(right.f ? right.f() : yield* call(right.g!())));
          },
        };
      }
      case "match": {
        const text = this.expr(e.text, s);
        const want = !e.negate;
        if (e.pattern.t === "regex") {
          const { source } = e.pattern;
          this.regex(source);
          return this.op([text], (value) => Number(this.regex(source).test(this.str(value)) === want));
        }
        return this.op([text, this.expr(e.pattern, s)], (value, pattern) =>
          Number(this.regex(this.str(pattern)).test(this.str(value)) === want),
        );
      }
      case "binary":
        return this.op([this.expr(e.left, s), this.expr(e.right, s)], this.binary(e.op));
      case "concat":
        return this.op([this.expr(e.left, s), this.expr(e.right, s)], (a, b) => this.str(a) + this.str(b));
      case "unary": {
        const value = this.expr(e.value, s);
        if (e.op === "!") return this.op([value], (v) => Number(!toBool(v)));
        return this.op([value], e.op === "-" ? (v) => -toNumber(v) : (v) => toNumber(v));
      }
      case "getline":
        return this.getline(e, s);
      case "builtin":
        return this.builtin(e.name, e.args, s);
      case "call":
        return this.userCall(e, s);
    }
  }

  private withKey(codes: Code[], use: (key: string) => Value): Code {
    const key = this.key(codes);
    if (key) return { f: () => use(key()) };
    const self = this;
    return {
      *g() {
        const parts: string[] = [];
        for (const code of codes) parts.push(self.keyText(code.f ? code.f() : yield* call(code.g!())));
        return use(parts.join(toText(self.cellSubsep.v as Value)));
      },
    };
  }

  private binary(op: string): (a: Value, b: Value) => Value {
    const compare = (a: Value, b: Value) => compareValues(a, b, this.convfmt(), compareBytes);
    switch (op) {
      case "+":
        return (a, b) => toNumber(a) + toNumber(b);
      case "-":
        return (a, b) => toNumber(a) - toNumber(b);
      case "*":
        return (a, b) => toNumber(a) * toNumber(b);
      case "/":
        return (a, b) => {
          const by = toNumber(b);
          if (by === 0) throw new AwkFatal("division by zero attempted");
          return toNumber(a) / by;
        };
      case "%":
        return (a, b) => {
          const by = toNumber(b);
          if (by === 0) throw new AwkFatal("division by zero attempted in `%'");
          return toNumber(a) % by;
        };
      case "^":
        return (a, b) => pow(toNumber(a), toNumber(b));
      case "<":
        return (a, b) => Number(compare(a, b) < 0);
      case "<=":
        return (a, b) => Number(compare(a, b) <= 0);
      case ">":
        return (a, b) => Number(compare(a, b) > 0);
      case ">=":
        return (a, b) => Number(compare(a, b) >= 0);
      case "==":
        return (a, b) => Number(compare(a, b) === 0);
      default:
        return (a, b) => Number(compare(a, b) !== 0);
    }
  }

  /** How to read and write what can be assigned to; `place` is a subscript or field number, already computed. */
  private target(
    e: Expr,
    s: Scope | undefined,
  ): { read: (place: string) => Value; write: (place: string, value: Value) => void } {
    if (e.t === "var") {
      if (e.name === "NF" && !(s?.params.includes("NF") ?? false))
        return { read: () => this.getNF(), write: (_, value) => this.setNF(toNumber(value)) };
      const cell = this.cellOf(e.name, s);
      return {
        read: () => {
          const { v } = cell();
          if (v instanceof Map) throw new AwkFatal(`attempt to use array \`${e.name}' in a scalar context`);
          return v ?? UNINIT;
        },
        write: (_, value) => {
          const found = cell();
          if (found.v instanceof Map) throw new AwkFatal(`attempt to use array \`${e.name}' in a scalar context`);
          found.v = value;
        },
      };
    }
    if (e.t === "field")
      return {
        read: (place) => this.field(Number(place)),
        write: (place, value) => this.setField(Number(place), value),
      };
    if (e.t !== "index") throw new AwkFatal("syntax error");
    const array = this.arrayOf(e.name, s);
    return {
      read: (place) => array().get(place) ?? UNINIT,
      write: (place, value) => {
        array().set(place, value);
      },
    };
  }

  /** Code for the subscript or field number of a target. */
  private placeOf(e: Expr, s: Scope | undefined): Code {
    if (e.t === "field") return this.op([this.expr(e.index, s)], (index) => String(Math.trunc(toNumber(index))));
    if (e.t === "index")
      return this.withKey(
        e.keys.map((key) => this.expr(key, s)),
        (key) => key,
      );
    return { f: () => "" };
  }

  private modify(
    e: Expr,
    s: Scope | undefined,
    read: (place: string) => Value,
    write: (place: string, value: Value) => void,
    change: (old: Value) => { store: Value; give: Value },
  ): Code {
    return this.op([this.placeOf(e, s)], (place) => {
      const at = place as string;
      const { store, give } = change(read(at));
      write(at, store);
      return give;
    });
  }

  private assignment(e: Expr & { t: "assign" }, s: Scope | undefined): Code {
    const { read, write } = this.target(e.target, s);
    const value = this.expr(e.value, s);
    if (e.op === "") {
      if (e.target.t === "var" && value.f) {
        const { f } = value;
        return {
          f: () => {
            const result = f();
            write("", result);
            return result;
          },
        };
      }
      return this.op([value, this.placeOf(e.target, s)], (result, place) => {
        write(place as string, result);
        return result;
      });
    }
    const compute = this.binary(e.op);
    return this.op([value, this.placeOf(e.target, s)], (right, place) => {
      const result = compute(read(place as string), right);
      write(place as string, result);
      return result;
    });
  }

  private userCall(e: Expr & { t: "call" }, s: Scope | undefined): Code {
    const self = this;
    const args = e.args.map((arg) => ({
      // A bare name may be an array, or become one in the function.
      cell: arg.t === "var" && arg.name !== "NF" ? this.cellOf(arg.name, s) : undefined,
      code: this.expr(arg, s),
    }));
    return {
      *g() {
        const fn = self.functions.get(e.name)!;
        if (args.length > fn.params.length)
          throw new AwkFatal(`function \`${e.name}' called with more arguments than declared`);
        const frame: Cell[] = [];
        for (const arg of args) {
          const cell = arg.cell?.();
          if (cell?.v instanceof Map) frame.push({ v: cell.v });
          else if (cell !== undefined && cell.v === undefined) frame.push({ v: undefined, up: cell });
          else frame.push({ v: arg.code.f ? arg.code.f() : yield* call(arg.code.g!()) });
        }
        while (frame.length < fn.params.length) frame.push({ v: undefined });
        if (++self.depth > 10_000) throw new AwkFatal("function call stack too deep");
        const outer = self.frame;
        self.frame = frame;
        self.returned = UNINIT;
        const flow = yield* call(fn.run());
        self.frame = outer;
        self.depth--;
        if (flow === "exit" || flow === "next" || flow === "nextfile") throw new Unwind(flow);
        const value = self.returned;
        self.returned = UNINIT;
        return value;
      },
    };
  }

  // ---- getline ------------------------------------------------------------------------------------------------------

  private getline(e: Expr & { t: "getline" }, s: Scope | undefined): Code {
    const self = this;
    const source = e.source && this.expr(e.source, s);
    const target = e.target && this.target(e.target, s);
    const place = e.target && this.placeOf(e.target, s);
    return {
      *g() {
        let text: string | undefined;
        if (source === undefined) text = yield* call(self.nextRecord());
        else {
          const name = self.str(source.f ? source.f() : yield* call(source.g!()));
          const input = e.kind === "file" ? self.fileInput(name) : yield* call(self.commandInput(name));
          if (input === undefined) return -1;
          text = yield* call(self.recordOf(input));
          if (text !== undefined && e.kind === "command") self.cellNR.v = toNumber(self.cellNR.v as Value) + 1;
        }
        if (text === undefined) return 0;
        if (target) target.write(toText(place!.f ? place!.f() : yield* call(place!.g!())), fromInput(text));
        else self.setRecord(text);
        return 1;
      },
    };
  }

  private *recordOf(reader: RecordReader): Gen<string | undefined> {
    for (;;) {
      const text = reader.take(this.separator());
      if (text !== undefined) return text;
      yield* this.flushAll();
      if (!(yield* reader.fill())) return undefined;
    }
  }

  private fileInput(name: string): RecordReader | undefined {
    const open = this.inputs.get(name);
    if (open) return open.reader;
    try {
      const fd = name === "-" || name === "/dev/stdin" ? 0 : sys.open(this.t.p, name);
      const reader = new RecordReader(this.t.p, fd);
      this.inputs.set(name, { reader, child: undefined });
      return reader;
    } catch (error) {
      if (!isErrno(error)) throw error;
      return undefined;
    }
  }

  private *commandInput(command: string): Gen<RecordReader | undefined> {
    const open = this.inputs.get(command);
    if (open) return open.reader;
    yield* this.flushAll();
    const [read, write] = sys.pipe();
    const child = yield* this.shell(command, new Map([[1, write]]));
    const fd = this.t.p.freeFd(3);
    this.t.p.setFd(fd, read);
    const reader = new RecordReader(this.t.p, fd);
    this.inputs.set(command, { reader, child });
    return reader;
  }

  /** Starts `sh -c command` with some descriptors replaced. */
  private *shell(command: string, replaced: ReadonlyMap<number, OpenFile>): Gen<Process> {
    const { p } = this.t;
    const fds = new Map<number, OpenFile>();
    for (const fd of [0, 1, 2]) {
      const file = replaced.get(fd) ?? p.fds.get(fd);
      if (file) fds.set(fd, file);
    }
    try {
      return yield* sys.spawn(p, searchPath(p, "sh") ?? "/bin/sh", { argv: ["sh", "-c", command], fds });
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new AwkFatal(`cannot open pipe \`${command}': ${error.message}`);
    }
  }

  private *flushAll(): Gen<void> {
    if (!this.t.out.empty) yield* this.t.out.flush();
    for (const redirect of this.outputs.values()) if (!redirect.out.empty) yield* redirect.out.flush();
  }

  private *closeOutput(name: string): Gen<number> {
    const redirect = this.outputs.get(name);
    if (redirect === undefined) return -1;
    this.outputs.delete(name);
    yield* redirect.out.flush();
    if (redirect.fd > 2) sys.close(this.t.p, redirect.fd);
    if (redirect.child === undefined) return 0;
    const waited = yield* sys.waitFor(this.t.p, redirect.child);
    return exitCode(waited!.status);
  }

  private *closeInput(name: string): Gen<number> {
    const input = this.inputs.get(name);
    if (input === undefined) return -1;
    this.inputs.delete(name);
    this.t.close(input.reader.fd);
    if (input.child === undefined) return 0;
    const waited = yield* sys.waitFor(this.t.p, input.child);
    return exitCode(waited!.status);
  }

  private *redirect(kind: ">" | ">>" | "|", name: string): Gen<Output> {
    const open = this.outputs.get(name);
    if (open) return open.out;
    const { p } = this.t;
    if (kind === "|") {
      yield* this.flushAll();
      const [read, write] = sys.pipe();
      const fd = p.freeFd(3);
      p.setFd(fd, write);
      p.closeOnExec.add(fd);
      const child = yield* this.shell(name, new Map([[0, read]]));
      const redirect = { out: new Output(p, fd), fd, child };
      this.outputs.set(name, redirect);
      return redirect.out;
    }
    if (name === "/dev/stdout" || name === "-") return this.t.out;
    if (name === "/dev/stderr") {
      const redirect = { out: new Output(p, 2), fd: 2, child: undefined };
      this.outputs.set(name, redirect);
      return redirect.out;
    }
    try {
      const flags = { write: true, create: true, ...(kind === ">" ? { truncate: true } : { append: true }) };
      const fd = sys.open(p, name, flags);
      const redirect = { out: new Output(p, fd), fd, child: undefined };
      this.outputs.set(name, redirect);
      return redirect.out;
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new AwkFatal(`cannot redirect to \`${name}': ${error.message}`);
    }
  }

  // ---- built-in functions -------------------------------------------------------------------------------------------

  private builtin(name: string, args: Expr[], s: Scope | undefined): Code {
    const code = (i: number) => this.expr(args[i]!, s);
    const all = () => args.map((arg) => this.expr(arg, s));
    const self = this;
    const pattern = (arg: Expr): Code =>
      arg.t === "regex" ? { f: () => arg.source } : this.op([this.expr(arg, s)], (value) => this.str(value));
    switch (name) {
      case "length": {
        if (args.length === 0) return { f: () => codePoints(this.text0()) };
        const arg = args[0]!;
        if (arg.t === "var") {
          const cell = this.cellOf(arg.name, s);
          const value = this.expr(arg, s);
          return {
            f: () => {
              const { v } = cell();
              return v instanceof Map ? v.size : codePoints(this.str(value.f!()));
            },
          };
        }
        return this.op([code(0)], (value) => codePoints(this.str(value)));
      }
      case "substr":
        return this.op(all(), (text, from, length) =>
          substring(this.str(text), toNumber(from!), length === undefined ? undefined : toNumber(length)),
        );
      case "index":
        return this.op(all(), (text, part) => {
          const at = this.str(text).indexOf(this.str(part!));
          return at < 0 ? 0 : codePoints(this.str(text).slice(0, at)) + 1;
        });
      case "split": {
        const array = this.arrayOf((args[1] as Expr & { t: "var" }).name, s);
        const separators = args[3] && this.arrayOf((args[3] as Expr & { t: "var" }).name, s);
        const given = args[2];
        return this.op([code(0), given ? pattern(given) : { f: () => this.cellFS.v as Value }], (text, fs) => {
          const found: string[] = [];
          const source = this.str(text);
          const by = this.str(fs!);
          let parts: string[];
          if (source === "") parts = [];
          else if (given?.t === "regex" && by !== " ") parts = this.splitRegex(source, this.regex(by), found);
          else if (by.length > 1) parts = this.splitRegex(source, this.regex(by), found);
          else parts = this.splitText(source, by, false);
          const target = array();
          target.clear();
          parts.forEach((part, i) => {
            target.set(String(i + 1), fromInput(part));
          });
          if (separators) {
            const out = separators();
            out.clear();
            found.forEach((part, i) => {
              out.set(String(i + 1), part);
            });
          }
          return parts.length;
        });
      }
      case "sub":
      case "gsub": {
        const targetExpr: Expr = args[2] ?? { t: "field", index: { t: "num", value: 0 } };
        const assignable = ["var", "field", "index"].includes(targetExpr.t);
        const target = assignable ? this.target(targetExpr, s) : undefined;
        const plain = assignable ? undefined : this.expr(targetExpr, s);
        const place = assignable ? this.placeOf(targetExpr, s) : plain!;
        return this.op([pattern(args[0]!), code(1), place], (regex, replacement, at) => {
          const text = target ? this.str(target.read(at as string)) : this.str(at!);
          const result = substitute(text, this.regex(this.str(regex)), this.str(replacement!), name === "gsub");
          if (result.count > 0 && target) target.write(at as string, result.text);
          return result.count;
        });
      }
      case "gensub":
        return this.op(
          [pattern(args[0]!), code(1), code(2), args[3] ? code(3) : { f: () => this.text0() }],
          (regex, to, how, text) => gensub(this.str(text!), this.regex(this.str(regex)), this.str(to!), this.str(how!)),
        );
      case "match": {
        const array = args[2] && this.arrayOf((args[2] as Expr & { t: "var" }).name, s);
        return this.op([code(0), pattern(args[1]!)], (value, regex) => {
          const text = this.str(value);
          const match = this.regex(this.str(regex!)).exec(text);
          if (array) {
            const out = array();
            out.clear();
            match?.groups.forEach((group, i) => {
              if (group === undefined) return;
              out.set(String(i), fromInput(group));
              const subsep = toText(this.cellSubsep.v as Value);
              out.set(`${i}${subsep}start`, codePoints(text.slice(0, match.spans[2 * i])) + 1);
              out.set(`${i}${subsep}length`, codePoints(group));
            });
          }
          const start = match === null ? 0 : codePoints(text.slice(0, match.index)) + 1;
          this.variable("RSTART").v = start;
          this.variable("RLENGTH").v = match === null ? -1 : codePoints(match.groups[0]!);
          return start;
        });
      }
      case "sprintf":
        return this.op(all(), (format, ...rest) => sprintf(this.str(format), rest, this.convfmt()));
      case "sin":
        return this.op(all(), (x) => sin(toNumber(x)));
      case "cos":
        return this.op(all(), (x) => cos(toNumber(x)));
      case "atan2":
        return this.op(all(), (y, x) => atan2(toNumber(y), toNumber(x!)));
      case "exp":
        return this.op(all(), (x) => exp(toNumber(x)));
      case "log":
        return this.op(all(), (x) => log(toNumber(x)));
      case "sqrt":
        return this.op(all(), (x) => Math.sqrt(toNumber(x)));
      case "int":
        return this.op(all(), (x) => Math.trunc(toNumber(x)));
      case "rand":
        return { f: () => this.t.p.machine.kernel.random("awk").uint32() / 4_294_967_296 };
      case "srand":
        return this.op(all(), (value) => {
          const old = this.seed;
          this.seed = value === undefined ? Math.floor(this.t.p.machine.kernel.wallMs / 1000) : toNumber(value);
          return old;
        });
      case "tolower":
        return this.op(all(), (text) => this.str(text).toLowerCase());
      case "toupper":
        return this.op(all(), (text) => this.str(text).toUpperCase());
      case "strtonum":
        return this.op(all(), (value) => {
          const text = this.str(value);
          if (/^\s*0[xX][0-9a-fA-F]+/.test(text)) return Number.parseInt(text, 16);
          if (/^\s*0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
          return toNumber(value);
        });
      case "and":
        return this.op(all(), (...v) => Number(v.map((x) => BigInt(Math.trunc(toNumber(x)))).reduce((a, b) => a & b)));
      case "or":
        return this.op(all(), (...v) => Number(v.map((x) => BigInt(Math.trunc(toNumber(x)))).reduce((a, b) => a | b)));
      case "xor":
        return this.op(all(), (...v) => Number(v.map((x) => BigInt(Math.trunc(toNumber(x)))).reduce((a, b) => a ^ b)));
      case "lshift":
        return this.op(all(), (a, b) => Number(BigInt(Math.trunc(toNumber(a))) << BigInt(Math.trunc(toNumber(b!)))));
      case "rshift":
        return this.op(all(), (a, b) => Number(BigInt(Math.trunc(toNumber(a))) >> BigInt(Math.trunc(toNumber(b!)))));
      case "compl":
        return this.op(all(), (a) => 9007199254740991 - toNumber(a));
      case "systime":
        return { f: () => Math.floor(this.t.p.machine.kernel.wallMs / 1000) };
      case "mktime":
        return this.op(all(), (value) => {
          const parts = this.str(value).trim().split(/\s+/).map(Number);
          return parts.length < 6 || parts.some(Number.isNaN)
            ? -1
            : toEpoch(parts[0]!, parts[1]!, parts[2]!, parts[3], parts[4], parts[5]);
        });
      case "strftime":
        return this.op(all(), (format, when) =>
          strftime(
            format === undefined ? "%a %b %e %H:%M:%S %Z %Y" : this.str(format),
            calendar(
              when === undefined ? Math.floor(this.t.p.machine.kernel.wallMs / 1000) : Math.floor(toNumber(when)),
            ),
          ),
        );
      case "asort":
      case "asorti": {
        const from = this.arrayOf((args[0] as Expr & { t: "var" }).name, s);
        const to = args[1] ? this.arrayOf((args[1] as Expr & { t: "var" }).name, s) : from;
        return {
          f: () => {
            const values: Value[] = name === "asort" ? [...from().values()] : [...from().keys()];
            values.sort((a, b) => {
              const rank = (v: Value) => (typeof v === "string" ? 1 : 0);
              return rank(a) - rank(b) || compareValues(a, b, this.convfmt(), compareBytes);
            });
            const out = to();
            out.clear();
            values.forEach((value, i) => {
              out.set(String(i + 1), value);
            });
            return values.length;
          },
        };
      }
      case "system": {
        const command = code(0);
        return {
          *g() {
            const text = self.str(command.f ? command.f() : yield* call(command.g!()));
            yield* self.flushAll();
            const child = yield* self.shell(text, new Map());
            const waited = yield* sys.waitFor(self.t.p, child);
            return exitCode(waited!.status);
          },
        };
      }
      case "close": {
        const target = code(0);
        return {
          *g() {
            const text = self.str(target.f ? target.f() : yield* call(target.g!()));
            return self.outputs.has(text) ? yield* call(self.closeOutput(text)) : yield* call(self.closeInput(text));
          },
        };
      }
      default:
        // fflush
        return {
          *g() {
            yield* self.flushAll();
            return 0;
          },
        };
    }
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  private statement(stmt: Stmt, s: Scope | undefined): Run {
    const self = this;
    switch (stmt.t) {
      case "block": {
        const list = stmt.body.map((inner) => this.statement(inner, s));
        return function* () {
          for (const run of list) {
            const flow = yield* run();
            if (flow !== "normal") return flow;
          }
          return "normal";
        };
      }
      case "expr": {
        const value = this.expr(stmt.value, s);
        if (value.f) {
          const { f } = value;
          return function* () {
            if (++self.steps % 500 === 0) yield* cpu(200);
            f();
            return "normal";
          };
        }
        return function* () {
          if (++self.steps % 500 === 0) yield* cpu(200);
          try {
            yield* call(value.g!());
          } catch (error) {
            if (error instanceof Unwind) return error.flow;
            throw error;
          }
          return "normal";
        };
      }
      case "print":
        return this.print(stmt, s);
      case "if": {
        const test = this.expr(stmt.test, s);
        const yes = this.statement(stmt.yes, s);
        const no = stmt.no && this.statement(stmt.no, s);
        return function* () {
          if (toBool(test.f ? test.f() : yield* call(test.g!()))) return yield* yes();
          return no ? yield* no() : "normal";
        };
      }
      case "while": {
        const test = this.expr(stmt.test, s);
        const body = this.statement(stmt.body, s);
        return function* () {
          let first = stmt.first;
          for (;;) {
            if (++self.steps % 500 === 0) yield* cpu(200);
            if (!first && !toBool(test.f ? test.f() : yield* call(test.g!()))) return "normal";
            first = false;
            const flow = yield* body();
            if (flow === "break") return "normal";
            if (flow !== "normal" && flow !== "continue") return flow;
          }
        };
      }
      case "for": {
        const init = stmt.init && this.statement(stmt.init, s);
        const test = stmt.test && this.expr(stmt.test, s);
        const step = stmt.step && this.statement(stmt.step, s);
        const body = this.statement(stmt.body, s);
        return function* () {
          if (init) yield* init();
          for (;;) {
            if (++self.steps % 500 === 0) yield* cpu(200);
            if (test && !toBool(test.f ? test.f() : yield* call(test.g!()))) return "normal";
            const flow = yield* body();
            if (flow === "break") return "normal";
            if (flow !== "normal" && flow !== "continue") return flow;
            if (step) yield* step();
          }
        };
      }
      case "forin": {
        const array = this.arrayOf(stmt.array, s);
        const { write } = this.target({ t: "var", name: stmt.name }, s);
        const body = this.statement(stmt.body, s);
        return function* () {
          for (const key of self.ordered(array())) {
            write("", key);
            if (++self.steps % 500 === 0) yield* cpu(200);
            const flow = yield* body();
            if (flow === "break") return "normal";
            if (flow !== "normal" && flow !== "continue") return flow;
          }
          return "normal";
        };
      }
      case "switch": {
        const value = this.expr(stmt.value, s);
        const cases = stmt.cases.map((one) => ({
          test: one.test,
          code: one.test && one.test.t !== "regex" ? this.expr(one.test, s) : undefined,
          body: one.body.map((inner) => this.statement(inner, s)),
        }));
        return function* () {
          const v = value.f ? value.f() : yield* call(value.g!());
          let from = cases.findIndex((one) => {
            if (one.test === undefined) return false;
            if (one.test.t === "regex") return self.regex(one.test.source).test(self.str(v));
            return compareValues(v, one.code!.f!(), self.convfmt(), compareBytes) === 0;
          });
          if (from < 0) from = cases.findIndex((one) => one.test === undefined);
          for (const one of from < 0 ? [] : cases.slice(from)) {
            for (const run of one.body) {
              const flow = yield* run();
              if (flow === "break") return "normal";
              if (flow !== "normal") return flow;
            }
          }
          return "normal";
        };
      }
      case "delete": {
        const array = this.arrayOf(stmt.name, s);
        if (stmt.keys === undefined)
          return function* () {
            array().clear();
            return "normal";
          };
        const remove = this.withKey(
          stmt.keys.map((key) => this.expr(key, s)),
          (key) => Number(array().delete(key)),
        );
        return function* () {
          if (remove.f) remove.f();
          else yield* call(remove.g!());
          return "normal";
        };
      }
      case "exit": {
        const value = stmt.value && this.expr(stmt.value, s);
        return function* () {
          if (value) self.exitStatus = Math.trunc(toNumber(value.f ? value.f() : yield* call(value.g!()))) & 255;
          return "exit";
        };
      }
      case "return": {
        const value = stmt.value && this.expr(stmt.value, s);
        return function* () {
          self.returned = value ? (value.f ? value.f() : yield* call(value.g!())) : UNINIT;
          return "return";
        };
      }
      case "empty":
        return function* () {
          return "normal";
        };
      default: {
        const flow = stmt.t;
        return function* () {
          return flow;
        };
      }
    }
  }

  /** Keys in gawk's order where PROCINFO["sorted_in"] sets one, else as they came. */
  private ordered(array: AwkArray): string[] {
    const keys = [...array.keys()];
    const how = (this.variable("PROCINFO").v as AwkArray).get("sorted_in");
    if (how === undefined) return keys;
    const match = /^@(ind|val)_(str|num|type)_(asc|desc)$/.exec(toText(how));
    if (match === null) return keys;
    const sign = match[3] === "asc" ? 1 : -1;
    const pick = (key: string): Value => (match[1] === "ind" ? fromInput(key) : array.get(key)!);
    return keys.sort((a, b) => {
      const [x, y] = [pick(a), pick(b)];
      const order =
        match[2] === "num"
          ? toNumber(x) - toNumber(y)
          : match[2] === "str"
            ? compareBytes(this.str(x), this.str(y))
            : compareValues(x, y, this.convfmt(), compareBytes);
      return sign * (order || compareBytes(a, b));
    });
  }

  private print(stmt: Stmt & { t: "print" }, s: Scope | undefined): Run {
    const self = this;
    const args = stmt.args.map((arg) => this.expr(arg, s));
    const target = stmt.to && this.expr(stmt.to.target, s);
    const render = (values: Value[]): string => {
      if (stmt.format) {
        if (values.length === 0) throw new AwkFatal("printf: no arguments");
        return sprintf(self.str(values[0]!), values.slice(1), self.convfmt());
      }
      const ors = toText(self.cellORS.v as Value);
      if (args.length === 0) return self.text0() + ors;
      const { v } = self.cellOfmt;
      const ofmt = typeof v === "string" ? v : "%.6g";
      const ofs = toText((self.cellOFS.v as Value) ?? UNINIT);
      let out = "";
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        out += (i > 0 ? ofs : "") + (typeof value === "number" ? numberText(value, ofmt) : toText(value));
      }
      return out + ors;
    };
    const plain = args.every((arg) => arg.f);
    return function* () {
      if (++self.steps % 500 === 0) yield* cpu(200);
      let values: Value[];
      if (plain) values = args.map((arg) => arg.f!());
      else {
        values = [];
        for (const arg of args) values.push(arg.f ? arg.f() : yield* call(arg.g!()));
      }
      const text = render(values);
      if (target === undefined) {
        self.t.out.add(text);
        if (self.t.out.full) yield* self.t.out.flush();
        return "normal";
      }
      const name = self.str(target.f ? target.f() : yield* call(target.g!()));
      const out = yield* self.redirect(stmt.to!.kind, name);
      out.add(text);
      if (out.full || name === "/dev/stderr") yield* out.flush();
      return "normal";
    };
  }
}

/** `exit`, `next` within a function: they end more than the function. */
class Unwind extends Error {
  readonly flow: Flow;

  constructor(flow: Flow) {
    super(flow);
    this.flow = flow;
  }
}

/** Text assigned to a field: never a number by its looks. */
class Exact {
  readonly s: string;
  readonly n: number;

  constructor(text: string) {
    this.s = text;
    this.n = toNumber(text);
  }
}

function asArray(cell: Cell, name: string): AwkArray {
  if (cell.v instanceof Map) return cell.v;
  if (cell.v !== undefined) throw new AwkFatal(`attempt to use scalar \`${name}' as an array`);
  const array: AwkArray = new Map();
  for (let at: Cell | undefined = cell; at; at = at.up) at.v = array;
  return array;
}

function splitBlanks(text: string): string[] {
  const out: string[] = [];
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 32 || code === 9 || code === 10) {
      if (start >= 0) out.push(text.slice(start, i));
      start = -1;
    } else if (start < 0) start = i;
  }
  if (start >= 0) out.push(text.slice(start));
  return out;
}

function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00) count--;
  }
  return count;
}

function substring(text: string, from: number, length: number | undefined): string {
  // A start before the text counts as its first character, and takes nothing from the length.
  const first = Math.max(1, Math.trunc(from));
  const end = length === undefined ? Number.POSITIVE_INFINITY : first + Math.trunc(length);
  if (Number.isNaN(first) || end <= first) return "";
  if (codePoints(text) === text.length)
    return text.slice(first - 1, end === Number.POSITIVE_INFINITY ? undefined : end - 1);
  return [...text].slice(first - 1, end === Number.POSITIVE_INFINITY ? undefined : end - 1).join("");
}

function each(text: string, regex: Regex, visit: (match: RegexMatch) => boolean): void {
  let lastEnd = -1;
  for (let from = 0; from <= text.length; ) {
    const match = regex.exec(text, from);
    if (match === null) return;
    const empty = match.end === match.index;
    if (!(empty && match.index === lastEnd) && !visit(match)) return;
    lastEnd = match.end;
    from = empty ? match.end + 1 : match.end;
  }
}

function substitute(text: string, regex: Regex, replacement: string, all: boolean): { text: string; count: number } {
  let out = "";
  let at = 0;
  let count = 0;
  each(text, regex, (match) => {
    out += text.slice(at, match.index);
    for (let i = 0; i < replacement.length; i++) {
      const char = replacement[i]!;
      if (char === "\\" && (replacement[i + 1] === "&" || replacement[i + 1] === "\\")) out += replacement[++i];
      else if (char === "&") out += match.groups[0];
      else out += char;
    }
    at = match.end;
    count++;
    return all;
  });
  return { text: out + text.slice(at), count };
}

function gensub(text: string, regex: Regex, replacement: string, how: string): string {
  const all = /^[gG]/.test(how);
  const wanted = all ? 0 : Math.max(1, Math.trunc(Number(how) || 1));
  let out = "";
  let at = 0;
  let count = 0;
  each(text, regex, (match) => {
    count++;
    if (!all && count < wanted) return true;
    out += text.slice(at, match.index);
    for (let i = 0; i < replacement.length; i++) {
      const char = replacement[i]!;
      const next = replacement[i + 1];
      if (char === "\\" && next !== undefined && /[0-9]/.test(next)) {
        out += match.groups[Number(next)] ?? "";
        i++;
      } else if (char === "\\" && (next === "&" || next === "\\")) {
        out += next;
        i++;
      } else if (char === "&") out += match.groups[0];
      else out += char;
    }
    at = match.end;
    return all;
  });
  return out + text.slice(at);
}

/** Escapes of a dynamic or literal regular expression that regcomp does not know: \t, \n, \", \/, \y, octal. */
function awkPattern(source: string): string {
  let out = "";
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== "\\" || i + 1 >= source.length) {
      out += source[i];
      continue;
    }
    const next = source[++i]!;
    const simple: Record<string, string> = {
      n: "\n",
      t: "\t",
      r: "\r",
      f: "\f",
      v: "\v",
      a: "\x07",
      '"': '"',
      "/": "/",
      "&": "&",
    };
    if (simple[next] !== undefined) out += simple[next];
    else if (next === "y") out += "\\b";
    else if (next === "B") out += "\\B";
    else out += `\\${next}`;
  }
  return out;
}
