import { compileRegex, RegexError } from "../../text/regex/index.ts";
import { compareBytes } from "../io.ts";
import { Fatal, quote, tool, UsageError } from "../tool.ts";

/** expr(1): integers without limit, texts, basic regular expressions. */
export const expr = tool(
  {
    name: "expr",
    short: "+",
    usage: "EXPRESSION\n  or:  expr OPTION",
    about: "Print the value of EXPRESSION to standard output.",
    usageStatus: 2,
    // Only a single --help or --version is an option; negative numbers and the like are operands.
    rewrite: (args) =>
      args.length === 1 && (args[0] === "--help" || args[0] === "--version")
        ? args
        : args[0] === "--"
          ? args
          : ["--", ...args],
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    const value = new Expression(o.operands).value();
    t.out.add(`${value}\n`);
    return isNull(value) ? 1 : 0;
  },
);

function isNull(value: string): boolean {
  return value === "" || /^-?0+$/.test(value);
}

function integer(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw new Fatal("non-integer argument", 2);
  return BigInt(text);
}

class Expression {
  private readonly words: readonly string[];
  private at = 0;

  constructor(words: readonly string[]) {
    this.words = words;
  }

  value(): string {
    const value = this.or(true);
    if (this.at < this.words.length)
      throw new Fatal(`syntax error: unexpected argument ${quote(this.words[this.at]!)}`, 2);
    return value;
  }

  private next(...operators: string[]): string | undefined {
    const word = this.words[this.at];
    if (word === undefined || !operators.includes(word)) return undefined;
    this.at++;
    return word;
  }

  /** `run` false: parsed, not evaluated. */
  private or(run: boolean): string {
    let left = this.and(run);
    while (this.next("|")) {
      const right = this.and(run && isNull(left));
      if (isNull(left)) left = isNull(right) ? "0" : right;
    }
    return left;
  }

  private and(run: boolean): string {
    let left = this.comparison(run);
    while (this.next("&")) {
      const right = this.comparison(run && !isNull(left));
      if (isNull(left) || isNull(right)) left = "0";
    }
    return left;
  }

  private comparison(run: boolean): string {
    let left = this.sum(run);
    for (;;) {
      const operator = this.next("<", "<=", "=", "==", "!=", ">=", ">");
      if (operator === undefined) return left;
      const right = this.sum(run);
      const numbers = /^-?\d+$/.test(left) && /^-?\d+$/.test(right);
      const order = numbers
        ? Number(BigInt(left) - BigInt(right) > 0n) - Number(BigInt(left) - BigInt(right) < 0n)
        : compareBytes(left, right);
      const holds = {
        "<": order < 0,
        "<=": order <= 0,
        "=": order === 0,
        "==": order === 0,
        "!=": order !== 0,
        ">=": order >= 0,
        ">": order > 0,
      }[operator];
      left = holds ? "1" : "0";
    }
  }

  private sum(run: boolean): string {
    let left = this.product(run);
    for (;;) {
      const operator = this.next("+", "-");
      if (operator === undefined) return left;
      const right = this.product(run);
      if (!run) continue;
      const [a, b] = [integer(left), integer(right)];
      left = String(operator === "+" ? a + b : a - b);
    }
  }

  private product(run: boolean): string {
    let left = this.match(run);
    for (;;) {
      const operator = this.next("*", "/", "%");
      if (operator === undefined) return left;
      const right = this.match(run);
      if (!run) continue;
      const [a, b] = [integer(left), integer(right)];
      if (operator !== "*" && b === 0n) throw new Fatal("division by zero", 2);
      left = String(operator === "*" ? a * b : operator === "/" ? a / b : a % b);
    }
  }

  private match(run: boolean): string {
    let left = this.word(run);
    while (this.next(":")) {
      const right = this.word(run);
      if (run) left = matchOf(left, right);
    }
    return left;
  }

  private word(run: boolean): string {
    if (this.next("+")) return this.take();
    if (this.next("length")) return String([...this.word(run)].length);
    if (this.next("match")) {
      const text = this.word(run);
      const pattern = this.word(run);
      return run ? matchOf(text, pattern) : "";
    }
    if (this.next("index")) {
      const text = [...this.word(run)];
      const set = [...this.word(run)];
      return String(text.findIndex((char) => set.includes(char)) + 1);
    }
    if (this.next("substr")) {
      const text = [...this.word(run)];
      const [from, length] = [this.word(run), this.word(run)];
      if (!/^-?\d+$/.test(from) || !/^-?\d+$/.test(length)) return "";
      const [start, count] = [Number(from), Number(length)];
      return start <= 0 || count <= 0 ? "" : text.slice(start - 1, start - 1 + count).join("");
    }
    if (this.next("(")) {
      const value = this.or(run);
      if (this.words[this.at] === undefined)
        throw new Fatal(`syntax error: expecting ')' after ${quote(this.words[this.at - 1]!)}`, 2);
      if (!this.next(")")) throw new Fatal(`syntax error: expecting ')' instead of ${quote(this.words[this.at]!)}`, 2);
      return value;
    }
    if (this.words[this.at] === ")") throw new Fatal("syntax error: unexpected ')'", 2);
    return this.take();
  }

  private take(): string {
    const word = this.words[this.at];
    if (word === undefined)
      throw new Fatal(`syntax error: missing argument after ${quote(this.words[this.at - 1]!)}`, 2);
    this.at++;
    return word;
  }
}

/** `text : pattern`, anchored: the first group, or the number of characters matched. */
function matchOf(text: string, pattern: string): string {
  let regex: ReturnType<typeof compileRegex>;
  try {
    regex = compileRegex(pattern, { syntax: "bre" });
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new Fatal(error.message, 2);
  }
  const found = regex.exec(text, 0);
  const hit = found?.index === 0 ? found : undefined;
  const grouped = /\\\(/.test(pattern.replace(/\\\\/g, ""));
  if (hit === undefined) return grouped ? "" : "0";
  return grouped ? (hit.groups[1] ?? "") : String([...text.slice(0, hit.end)].length);
}
