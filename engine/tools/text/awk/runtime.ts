/** The state of a running awk program: variables, the record and its fields, the main input. */
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import type { Tool } from "../../tool.ts";
import { Channels } from "./channels.ts";
import { type Flow, type Run, Unwind } from "./code.ts";
import { Fields } from "./fields.ts";
import type { InPlace } from "./in-place.ts";
import { unescapeString } from "./lexer.ts";
import { Random } from "./random.ts";
import { RecordReader, type Separator } from "./records.ts";
import { type AwkArray, AwkFatal, type Cell, fromInput, toNumber, toText, UNINIT, type Value } from "./values.ts";

export class Runtime extends Fields {
  readonly t: Tool;
  readonly channels: Channels;
  frame: Cell[] = [];
  returned: Value = UNINIT;
  exitStatus = 0;
  steps = 0;
  depth = 0;
  private main: RecordReader | undefined;
  private argument = 1;
  private usedArgument = false;
  inRules = false;
  seed = 1;
  private chance: Random | undefined;
  /** Where the program stands, for messages: a part of it and a line in that. */
  line = 1;
  singleLine = true;
  /** gawk's name for the place of a line of the program. */
  placeOfLine: (line: number) => string = (line) => `cmd. line:${line}`;
  constructor(t: Tool, args: readonly string[]) {
    super();
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
    this.variable("RLENGTH").v = 0;
    for (const name of ["BINMODE", "IGNORECASE", "LINT"]) this.variable(name).v = 0;
    this.variable("TEXTDOMAIN").v = "messages";
    this.variable("ERRNO").v = "";
    this.variable("ARGC").v = args.length + 1;
    const argv: AwkArray = new Map([["0", t.p.argv[0]!.split("/").pop()! as Value]]);
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
      ["ppid", t.p.parent?.nsPid ?? 0],
      ["uid", t.p.cred.uid],
      ["euid", t.p.cred.uid],
      ["gid", t.p.cred.gid],
      ["egid", t.p.cred.gid],
      ["FS", "FS"],
      ["platform", "posix"],
      ["strftime", "%a %b %e %H:%M:%S %Z %Y"],
    ]);
  }

  override warn(message: string): void {
    this.warnings.push(`${this.placeOfLine(this.line)}: ${this.place}warning: ${message}`);
  }

  *sayWarnings(): Gen<void> {
    for (const warning of this.warnings.splice(0)) yield* this.t.error(warning, 0);
  }

  /** `-v name=value` and assignments among the operands. */
  assign(name: string, text: string): void {
    const value = fromInput(unescapeString(text, (_, message) => this.warnings.push(message)));
    if (name === "NF") this.setNF(toNumber(value));
    else {
      this.whenAssigned(name)?.();
      this.variable(name).v = value;
    }
  }

  /** gawk's place in messages: record counts once records are read. */
  get place(): string {
    if (!this.inRules) return "";
    const name = toText((this.cellFilename.v as Value) ?? UNINIT);
    return `(FILENAME=${name === "" ? "-" : name} FNR=${toText(this.cellFNR.v as Value)}) `;
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
      if (this.main === undefined) {
        if (!(yield* this.openNext())) return undefined;
        const flow = yield* this.beginFile();
        if (flow === "exit") throw new Unwind(flow);
        const passed = flow === "nextfile";
        if (!passed && this.failure !== undefined) {
          this.inRules = false;
          throw this.failure;
        }
        if (passed) {
          this.closeMain();
          continue;
        }
        this.inPlace?.begin(toText(this.cellFilename.v as Value));
      }
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
      if (!more) yield* this.endFile();
    }
  }

  /** Where -i inplace writes while a file is read. */
  inPlace: InPlace | undefined;
  /** The file that BEGINFILE is told of could not be opened: fatal unless it says `nextfile`. */
  private failure: AwkFatal | undefined;

  /** What BEGINFILE and ENDFILE do. */
  fileBegin: readonly Run[] = [];
  fileEnd: readonly Run[] = [];

  /** The main input has ended, or `nextfile` has. */
  *endFile(): Gen<void> {
    for (const body of this.fileEnd) {
      const flow = body.f ? body.f() : yield* body.g!();
      if (flow === "exit") throw new Unwind(flow);
    }
    yield* this.t.out.flush();
    this.inPlace?.end();
    this.closeMain();
  }

  private *beginFile(): Gen<Flow> {
    for (const body of this.fileBegin) {
      const flow = body.f ? body.f() : yield* body.g!();
      if (flow !== "normal") return flow;
    }
    if (this.inPlace) yield* this.t.out.flush();
    return "normal";
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
        this.variable("ERRNO").v = "";
        this.failure = undefined;
        return true;
      } catch (error) {
        if (!isErrno(error)) throw error;
        this.failure = new AwkFatal(
          `cannot open file \`${arg}' for reading: ${error.message}`,
          this.fileBegin.length > 0,
        );
        if (this.fileBegin.length === 0) throw this.failure;
        this.cellFilename.v = arg;
        this.variable("ERRNO").v = error.message;
        return true;
      }
    }
  }

  /** srand(): the same numbers follow the same seed. */
  reseed(seed: number): void {
    this.seed = Number.isFinite(seed) ? Math.trunc(seed) : 0;
    this.chance = undefined;
  }

  /** rand(): at least 0 and below 1. */
  random(): number {
    this.chance ??= new Random(this.seed);
    return this.chance.next();
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

/** The array in a cell, which becomes one now when it has no value yet; `name` as messages begin to write it. */
export function asArray(cell: Cell, name: string): AwkArray {
  if (cell.v instanceof Map) return cell.v;
  if (cell.v !== undefined) throw new AwkFatal(`attempt to use scalar ${name}' as an array`);
  const array: AwkArray = new Map();
  for (let at: Cell | undefined = cell; at; at = at.up) at.v = array;
  return array;
}
