/** The state of a running awk program: variables, the record and its fields, the main input. */
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import { compileRegex, type Regex, RegexError } from "../../../text/regex/index.ts";
import type { Tool } from "../../tool.ts";
import { Channels } from "./channels.ts";
import { unescapeString } from "./lexer.ts";
import { RecordReader, type Separator } from "./records.ts";
import { awkPattern, isBlank, splitBlanks } from "./text-functions.ts";
import {
  type AwkArray,
  AwkFatal,
  type Cell,
  fromInput,
  toBool,
  toNumber,
  toText,
  UNINIT,
  type Value,
} from "./values.ts";

export class Runtime {
  readonly t: Tool;
  readonly channels: Channels;
  private readonly globals = new Map<string, Cell>();
  frame: Cell[] = [];
  private record = "";
  private fields: Value[] = [];
  /** All fields are known; before that only those that somebody asked for, up to `scanned` in the record. */
  private fieldsValid = true;
  private scanned = 0;
  /** FS when the record was read: a new one holds from the next record on. */
  private recordFs = " ";
  private recordValid = true;
  private nf = 0;
  returned: Value = UNINIT;
  exitStatus = 0;
  steps = 0;
  depth = 0;
  private main: RecordReader | undefined;
  private argument = 1;
  private usedArgument = false;
  inRules = false;
  seed = 0;
  readonly cellNR = this.variable("NR");
  readonly cellFNR = this.variable("FNR");
  readonly cellFS = this.variable("FS");
  readonly cellOFS = this.variable("OFS");
  readonly cellORS = this.variable("ORS");
  readonly cellRS = this.variable("RS");
  readonly cellRT = this.variable("RT");
  readonly cellSubsep = this.variable("SUBSEP");
  readonly cellConvfmt = this.variable("CONVFMT");
  readonly cellOfmt = this.variable("OFMT");
  readonly cellIgnoreCase = this.variable("IGNORECASE");
  readonly cellFilename = this.variable("FILENAME");

  constructor(t: Tool, args: readonly string[]) {
    this.t = t;
    this.channels = new Channels(t);
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

  /** The cell of a global variable. */
  variable(name: string): Cell {
    let cell = this.globals.get(name);
    if (cell === undefined) {
      cell = { v: undefined };
      this.globals.set(name, cell);
    }
    return cell;
  }

  /** gawk's place in messages: record counts once records are read. */
  get place(): string {
    if (!this.inRules) return "";
    const name = toText((this.cellFilename.v as Value) ?? UNINIT);
    return `(FILENAME=${name === "" ? "-" : name} FNR=${toText(this.cellFNR.v as Value)}) `;
  }

  private regexCache = new Map<string, Regex>();

  /** The regular expression of a text; those used lately are kept. */
  regex(source: string): Regex {
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

  separator(): Separator {
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

  /** The next record of the main input that is there without waiting. */
  takeRecord(): string | undefined {
    if (this.main === undefined) return undefined;
    const text = this.main.take(this.separator());
    if (text === undefined) return undefined;
    this.cellNR.v = toNumber(this.cellNR.v as Value) + 1;
    this.cellFNR.v = toNumber(this.cellFNR.v as Value) + 1;
    this.cellRT.v = this.main.terminator;
    return text;
  }

  /** The next record of the main input; undefined at its end. */
  *nextRecord(): Gen<string | undefined> {
    for (;;) {
      if (this.main === undefined && !(yield* this.openNext())) return undefined;
      const reader = this.main!;
      const text = this.takeRecord();
      if (text !== undefined) return text;
      yield* this.channels.flushAll();
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

  /** `nextfile`. */
  closeMain(): void {
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

  /** A new `$0`. */
  setRecord(text: string): void {
    this.record = text;
    this.recordValid = true;
    this.fieldsValid = false;
    this.scanned = this.nf = 0;
    const { v } = this.cellFS;
    this.recordFs = typeof v === "string" ? v : toText((v as Value) ?? UNINIT);
  }

  /** `$0`, put together again where fields were assigned to. */
  text0(): string {
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
    if (this.recordFs === " ") {
      this.splitUpTo(Number.POSITIVE_INFINITY);
      return;
    }
    this.fieldsValid = true;
    const parts = this.splitText(this.record, this.recordFs, true);
    this.fields = parts;
    this.nf = parts.length;
  }

  /** Finds the first `count` fields between blanks: most programs look at a few of many. */
  private splitUpTo(count: number): void {
    const { record } = this;
    let at = this.scanned;
    while (this.nf < count) {
      while (at < record.length && isBlank(record.charCodeAt(at))) at++;
      if (at >= record.length) {
        this.fieldsValid = true;
        this.fields.length = this.nf;
        break;
      }
      const from = at++;
      while (at < record.length && !isBlank(record.charCodeAt(at))) at++;
      this.fields[this.nf++] = record.slice(from, at);
    }
    this.scanned = at;
  }

  /** Splits by a field separator. */
  splitText(text: string, fs: string, fromRecord: boolean): string[] {
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

  /** Splits by a regular expression; what separated the parts goes to `separators`. */
  splitRegex(text: string, regex: Regex, separators: string[] | undefined): string[] {
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

  /** `$index`. */
  field(index: number): Value {
    if (index === 0) return fromInput(this.text0());
    if (index < 0) throw new AwkFatal(`attempt to access field ${index}`);
    if (!this.fieldsValid) {
      if (this.recordFs !== " ") this.splitRecord();
      else if (index > this.nf) this.splitUpTo(index);
    }
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

  /** `$index = value`. */
  setField(index: number, value: Value): void {
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

  /** `NF`. */
  getNF(): number {
    this.splitRecord();
    return this.nf;
  }

  /** `NF = count`. */
  setNF(count: number): void {
    if (count < 0) throw new AwkFatal("NF set to negative value");
    this.splitRecord();
    this.fields.length = Math.min(this.fields.length, count);
    while (this.fields.length < count) this.fields.push(UNINIT);
    this.nf = count;
    this.recordValid = false;
  }

  convfmt(): string {
    const { v } = this.cellConvfmt;
    return typeof v === "string" ? v : "%.6g";
  }

  /** A value as text, by CONVFMT. */
  str(value: Value): string {
    return typeof value === "string" ? value : toText(value, this.convfmt());
  }

  /** The next record of a `getline` from elsewhere. */
  *recordOf(reader: RecordReader): Gen<string | undefined> {
    for (;;) {
      const text = reader.take(this.separator());
      if (text !== undefined) return text;
      yield* this.channels.flushAll();
      if (!(yield* reader.fill())) return undefined;
    }
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

/** The array in a cell, which becomes one now when it has no value yet. */
export function asArray(cell: Cell, name: string): AwkArray {
  if (cell.v instanceof Map) return cell.v;
  if (cell.v !== undefined) throw new AwkFatal(`attempt to use scalar \`${name}' as an array`);
  const array: AwkArray = new Map();
  for (let at: Cell | undefined = cell; at; at = at.up) at.v = array;
  return array;
}
