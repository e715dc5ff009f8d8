/** An awk program's variables, its record and the fields of that. */
import { compileRegex, type Regex, RegexError } from "../../../text/regex/index.ts";
import { compareBytes } from "../../io.ts";
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

  /** Warnings that wait to be printed. */
  readonly warnings: string[] = [];

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
    this.fieldsValid = false;
    this.scanned = this.nf = 0;
    const { v } = this.cellFS;
    if (this.cellFpat.v !== undefined || this.cellWidths.v !== undefined) this.recordCut = this.fieldCut();
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
    const pattern = toText((this.cellFpat.v as Value) ?? UNINIT);
    if (pattern !== "") {
      const regex = this.regex(pattern);
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
    let at = 0;
    for (let from = 0; from < text.length; ) {
      const match = regex.exec(text, from);
      if (match === null) break;
      if (match.end === match.index) {
        from = match.index + 1;
        continue;
      }
      between?.push(text.slice(at, match.index));
      out.push(match.groups[0]!);
      at = from = match.end;
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
      if (this.recordFs !== " " || this.recordCut !== undefined) this.splitRecord();
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
