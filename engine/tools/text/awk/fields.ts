/** An awk program's variables, its record and the fields of that. */
import { compileRegex, type Regex, RegexError } from "../../../text/regex/index.ts";
import { compareBytes } from "../../io.ts";
import { oddEscapes } from "./lexer.ts";
import { awkPattern, isBlank, splitBlanks } from "./text-functions.ts";
import { AwkFatal, type Cell, fromInput, toBool, toNumber, toText, UNINIT, type Value } from "./values.ts";

export class Fields {
  private readonly globals = new Map<string, Cell>();
  private record = "";
  private fields: Value[] = [];
  /** All fields are known; before that only those that somebody asked for, up to `scanned` in the record. */
  private fieldsValid = true;
  private scanned = 0;
  /** FS when the record was read: a new one holds from the next record on. */
  private recordFs = " ";
  private recordValid = true;
  /** The record is a text that the program made: never a number by its looks. */
  private recordExact = false;
  private nf = 0;
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
  private readonly cellFpat = this.variable("FPAT");
  private readonly cellWidths = this.variable("FIELDWIDTHS");
  /** How the record's fields are found, when FPAT or FIELDWIDTHS says so. */
  private recordCut: ((text: string) => string[]) | undefined;

  /** Which of the variables that tell how fields are found was assigned last: that one does. */
  private fieldsBy: FieldVariable = "FS";

  /** FS, FPAT or FIELDWIDTHS is assigned to. */
  separateBy(name: FieldVariable): void {
    this.fieldsBy = name;
    (this.variable("PROCINFO").v as Map<string, Value>).set("FS", name);
  }

  /** What an assignment to a variable of the language does besides. */
  whenAssigned(name: string): (() => void) | undefined {
    if (name === "FS" || name === "FPAT" || name === "FIELDWIDTHS") return () => this.separateBy(name);
    // The record is put together with the separator that its fields were changed under.
    return name === "OFS" ? () => this.text0() : undefined;
  }

  /** `$index` is not there, or was only made because one behind it was. */
  isAbsent(index: number): boolean {
    this.splitRecord();
    return index > this.nf || this.fields[index - 1] === ABSENT;
  }

  /** Warnings that wait to be printed. */
  readonly warnings: string[] = [];
  /** Characters whose meaningless escapes were told of. */
  warned = new Set<string>();

  /** Says something at the next pause: what warns is no generator. */
  warn(message: string): void {
    this.warnings.push(`warning: ${message}`);
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

  private regexCache = new Map<string, Regex>();

  /** The regular expression of a text; those used lately are kept. */
  regex(source: string): Regex {
    const ignoreCase = this.cellIgnoreCase.v !== undefined && toBool(this.cellIgnoreCase.v as Value);
    const key = ignoreCase ? `i${source}` : `c${source}`;
    let found = this.regexCache.get(key);
    if (found === undefined) {
      try {
        // A backslash alone is one.
        for (const [char, message] of oddEscapes(source)) {
          if (this.warned.has(`r${char}`)) continue;
          this.warned.add(`r${char}`);
          this.warn(message.replace("warning: ", ""));
        }
        found = compileRegex(awkPattern(source === "\\" ? "\\\\" : source), { syntax: "awk", ignoreCase });
      } catch (error) {
        if (!(error instanceof RegexError)) throw error;
        throw new AwkFatal(`${error.message}: /${source}/`, true, "error");
      }
      if (this.regexCache.size > 200) this.regexCache.clear();
      this.regexCache.set(key, found);
    }
    return found;
  }

  /** The order of two texts: by their bytes, or as IGNORECASE has it. */
  compareTexts(a: string, b: string): number {
    const ignores = this.cellIgnoreCase.v !== undefined && toBool(this.cellIgnoreCase.v as Value);
    return ignores ? compareBytes(a.toLowerCase(), b.toLowerCase()) : compareBytes(a, b);
  }

  convfmt(): string {
    const { v } = this.cellConvfmt;
    return typeof v === "string" ? v : "%.6g";
  }

  /** A value as text, by CONVFMT. */
  str(value: Value): string {
    return typeof value === "string" ? value : toText(value, this.convfmt());
  }

  /** A new `$0`. */
  setRecord(text: string): void {
    this.record = text;
    this.recordValid = true;
    this.recordExact = this.fieldsValid = false;
    this.scanned = this.nf = 0;
    const { v } = this.cellFS;
    if (this.fieldsBy !== "FS" || this.recordCut) this.recordCut = this.fieldCut();
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
      this.recordValid = this.recordExact = true;
    }
    return this.record;
  }

  private splitRecord(): void {
    if (this.fieldsValid) return;
    if (this.recordFs === " " && this.recordCut === undefined) {
      this.splitUpTo(Number.POSITIVE_INFINITY);
      return;
    }
    this.fieldsValid = true;
    const parts = this.recordCut?.(this.record) ?? this.splitText(this.record, this.recordFs, true);
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

  /** gawk's other ways to find fields: what matches FPAT, or columns of FIELDWIDTHS (`2 3:4 *`: skip 3, take 4). */
  private fieldCut(): ((text: string) => string[]) | undefined {
    if (this.fieldsBy === "FS") return undefined;
    if (this.fieldsBy === "FPAT") {
      const regex = this.regex(toText((this.cellFpat.v as Value) ?? UNINIT));
      return (text) => this.matches(text, regex, undefined);
    }
    const widths = toText((this.cellWidths.v as Value) ?? UNINIT);
    if (widths === "") return undefined;
    return (text) => {
      const chars = [...text];
      const out: string[] = [];
      let at = 0;
      for (const word of splitBlanks(widths)) {
        const [skip, take] = word.includes(":") ? word.split(":") : ["0", word];
        at += Number(skip);
        if (at >= chars.length) break;
        const end = take === "*" ? chars.length : at + Number(take);
        out.push(chars.slice(at, end).join(""));
        at = end;
      }
      return out;
    };
  }

  /** The parts of a text that match; what stands around them goes to `between`. */
  matches(text: string, regex: Regex, between: string[] | undefined): string[] {
    const out: string[] = [];
    if (text === "") return out;
    let at = 0;
    // Nothing may match between two separators or at an end, but not where a match has just ended.
    for (let from = 0; from <= text.length; ) {
      const match = regex.exec(text, from);
      if (match === null) break;
      const empty = match.end === match.index;
      if (empty && match.index === at && at > 0) {
        from = match.index + 1;
        continue;
      }
      between?.push(text.slice(at, match.index));
      out.push(match.groups[0]!);
      at = match.end;
      from = empty ? at + 1 : at;
    }
    between?.push(text.slice(at));
    return out;
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
    return this.splitRegex(text, this.regex(fs), undefined);
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
    if (index === 0) {
      const text = this.text0();
      return this.recordExact ? text : fromInput(text);
    }
    if (index < 0) throw new AwkFatal(`attempt to access field ${index}`);
    if (!this.fieldsValid) {
      if (this.recordFs !== " " || this.recordCut !== undefined) this.splitRecord();
      else if (index > this.nf) this.splitUpTo(index);
    }
    const value = this.fields[index - 1];
    // A field that is not there is an empty text, unlike a variable.
    if (value === undefined || index > this.nf) return "";
    if (value instanceof Exact) return value.s;
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
      this.recordExact = typeof value === "string";
      return;
    }
    this.splitRecord();
    while (this.fields.length < index) this.fields.push(ABSENT);
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
    while (this.fields.length < count) this.fields.push(ABSENT);
    this.nf = count;
    this.recordValid = false;
  }
}

/** A variable that tells how fields are found. */
export type FieldVariable = "FS" | "FPAT" | "FIELDWIDTHS";

/** Text assigned to a field: never a number by its looks. */
class Exact {
  readonly s: string;
  readonly n: number;

  constructor(text: string) {
    this.s = text;
    this.n = toNumber(text);
  }
}

/** A field that another one behind it made. */
const ABSENT = new Exact("");
