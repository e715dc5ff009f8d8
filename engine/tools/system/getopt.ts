/** getopt(1): options of a script put in order and quoted for `eval set --`. */
import type { Gen } from "../../kernel/index.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";

interface Grammar {
  short: string;
  long: readonly { name: string; argument: "none" | "required" | "optional" }[];
  /** Long options may begin with one dash. */
  single: boolean;
  /** `+`: options end at the first operand; `-`: operands stay in their places. */
  order: "permute" | "stop" | "keep";
}

/** The words of an answer, and what is wrong with the command line. */
class Reading {
  readonly out: string[] = [];
  readonly errors: string[] = [];
  private readonly grammar: Grammar;
  private readonly quote: (text: string) => string;

  constructor(grammar: Grammar, quote: (text: string) => string) {
    this.grammar = grammar;
    this.quote = quote;
  }

  read(args: readonly string[]): void {
    const operands: string[] = [];
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]!;
      if (arg === "--") {
        operands.push(...args.slice(i + 1));
        break;
      }
      if (arg === "-" || !arg.startsWith("-")) {
        if (this.grammar.order === "stop") {
          operands.push(...args.slice(i));
          break;
        }
        if (this.grammar.order === "keep") this.out.push(this.quote(arg));
        else operands.push(arg);
        continue;
      }
      i += this.option(arg, args[i + 1]);
    }
    this.out.push("--", ...operands.map(this.quote));
  }

  /** One word of options; how many words after it belong to it. */
  private option(arg: string, next: string | undefined): number {
    const dashes = arg.startsWith("--") ? "--" : "-";
    if (dashes === "--" || (this.grammar.single && this.fitting(arg.slice(1)).length > 0))
      return this.longOption(arg, dashes, next);
    for (let k = 1; k < arg.length; k++) {
      const letter = arg[k]!;
      const at = letter === ":" ? -1 : this.grammar.short.indexOf(letter);
      if (at < 0) {
        this.errors.push(`invalid option -- '${letter}'`);
        continue;
      }
      if (this.grammar.short[at + 1] !== ":") {
        this.out.push(`-${letter}`);
        continue;
      }
      const rest = arg.slice(k + 1);
      if (rest !== "" || this.grammar.short[at + 2] === ":") {
        this.out.push(`-${letter}`, this.quote(rest));
        return 0;
      }
      if (next === undefined) {
        this.errors.push(`option requires an argument -- '${letter}'`);
        return 0;
      }
      this.out.push(`-${letter}`, this.quote(next));
      return 1;
    }
    return 0;
  }

  private fitting(word: string) {
    const name = word.split("=")[0]!;
    const exact = this.grammar.long.filter((option) => option.name === name);
    return exact.length > 0 ? exact.slice(0, 1) : this.grammar.long.filter((option) => option.name.startsWith(name));
  }

  private longOption(arg: string, dashes: string, next: string | undefined): number {
    const equals = arg.indexOf("=");
    const value = equals < 0 ? undefined : arg.slice(equals + 1);
    const fits = this.fitting(arg.slice(dashes.length));
    const [option] = fits;
    if (option === undefined) {
      this.errors.push(`unrecognized option '${equals < 0 ? arg : arg.slice(0, equals)}'`);
      return 0;
    }
    if (fits.length > 1) {
      const list = fits.map(({ name }) => `'${dashes}${name}'`).join(" ");
      this.errors.push(`option '${arg}' is ambiguous; possibilities: ${list}`);
      return 0;
    }
    if (option.argument === "none" && value !== undefined) {
      this.errors.push(`option '${dashes}${option.name}' doesn't allow an argument`);
      return 0;
    }
    const given = option.argument === "required" ? (value ?? next) : value;
    if (option.argument === "required" && given === undefined) {
      this.errors.push(`option '${dashes}${option.name}' requires an argument`);
      return 0;
    }
    this.out.push(`--${option.name}`);
    if (option.argument !== "none") this.out.push(this.quote(given ?? ""));
    return option.argument === "required" && value === undefined ? 1 : 0;
  }
}

function quoteSh(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function quoteCsh(text: string): string {
  let out = "'";
  for (const char of text) {
    if (char === "'") out += "'\\''";
    else if (char === "!") out += "'\\!'";
    else if (char === "\\") out += "\\\\";
    else if (char === "\n") out += "'\\\\n'";
    else if (/\s/.test(char)) out += `'\\${char}'`;
    else out += char;
  }
  return `${out}'`;
}

/** getopt(1) of util-linux; its old form `getopt ab: "$@"` writes words as they are. */
export const getopt = tool(
  {
    name: "getopt",
    usage:
      "<optstring> <parameters>\n getopt [options] [--] <optstring> <parameters>\n getopt [options] -o|--options <optstring> [options] [--] <parameters>",
    about: "Parse command options.",
    version: "getopt from util-linux 2.38.1",
    short: "+ao:l:n:qQs:Tu",
    long: "options:=o longoptions:=l quiet=q quiet-output=Q shell:=s test=T unquoted=u alternative=a name:=n",
    usageStatus: 2,
    // The old form: no option of getopt's own comes first.
    rewrite: (args) => (args[0] !== undefined && !args[0].startsWith("-") ? ["-u", "--", ...args] : args),
  },
  function* (t, o) {
    if (o.has("T")) return 4;
    const rest = [...o.operands];
    const short = o.value("o") ?? rest.shift();
    if (short === undefined) throw new UsageError("missing optstring argument");
    const shell = o.value("s") ?? "bash";
    if (!["sh", "bash", "csh", "tcsh"].includes(shell))
      throw new UsageError("unknown shell after -s or --shell argument");
    const grammar: Grammar = {
      short: short.replace(/^[+-]/, ""),
      long: o
        .values("l")
        .flatMap((list) => list.split(/[,\s]+/))
        .filter((name) => name !== "")
        .map((name) => ({
          name: name.replace(/:+$/, ""),
          argument: name.endsWith("::") ? "optional" : name.endsWith(":") ? "required" : "none",
        })),
      single: o.has("a"),
      order:
        short.startsWith("+") || t.p.env.has("POSIXLY_CORRECT") ? "stop" : short.startsWith("-") ? "keep" : "permute",
    };
    if (grammar.long.some(({ name }) => name === "")) throw new Fatal("empty long option after -l or --long argument");
    const quote = o.has("u") ? (text: string) => text : shell.endsWith("csh") ? quoteCsh : quoteSh;
    const reading = new Reading(grammar, quote);
    reading.read(rest);
    if (!o.has("q")) yield* complain(t, o.value("n") ?? t.name, reading.errors);
    if (!o.has("Q")) t.out.add(`${reading.out.map((word) => ` ${word}`).join("")}\n`);
    return reading.errors.length > 0 ? 1 : 0;
  },
);

function* complain(t: Tool, name: string, errors: readonly string[]): Gen<void> {
  t.prefix = `${name}: `;
  for (const error of errors) yield* t.error(error);
}
