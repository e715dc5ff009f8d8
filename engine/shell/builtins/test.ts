import type { Gen } from "../../kernel/index.ts";
import { expanding } from "../expand.ts";
import { BINARY, testBinary, testUnary, UNARY } from "../file-tests.ts";
import { pattern } from "../pattern.ts";
import { matchRegex } from "../regex.ts";
import type { Shell } from "../shell.ts";
import type { Builtin } from "./index.ts";

class TestError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** Carries out `test`, `[` or `[[` of busybox; the last word of the latter two is left out. */
export function* testArguments(sh: Shell, name: string, args: readonly string[]): Gen<number> {
  try {
    return (yield* expanding(sh, () => new Test(sh, args, name).evaluate())) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TestError)) throw error;
    yield* sh.complain(`${name}: ${error.message}`);
    return 2;
  }
}

const NUMBER = /^\s*[+-]?\d+\s*$/;

/** Questions that only bash answers. */
const FOREIGN = new Set(["-v", "-N", "-R", "-o", "-a"]);

/** POSIX `test`: its meaning goes by the number of arguments, longer ones by grammar. */
class Test {
  private pos = 0;
  private readonly sh: Shell;
  private readonly args: readonly string[];
  private readonly name: string;

  constructor(sh: Shell, args: readonly string[], name: string) {
    this.sh = sh;
    this.args = args;
    this.name = name;
  }

  evaluate(): boolean {
    const { args } = this;
    if (args.length === 0) return false;
    if (args.length <= 4) return this.few(args);
    return this.whole();
  }

  /** An expression that takes all words. */
  private whole(): boolean {
    const value = this.or();
    const next = this.args[this.pos];
    if (next === undefined) return value;
    const { dialect } = this.sh.setup;
    if (dialect === "busybox") throw new TestError(`${next}: unknown operand`);
    if (dialect === "dash")
      throw new TestError(`${this.args[this.pos - 1] || ""}: unexpected operator`.replace(/^: /, ""));
    const names = next.startsWith("-") && this.sh.setup.dialect === "bash";
    throw new TestError(names ? `syntax error: \`${next}' unexpected` : "too many arguments");
  }

  private few(args: readonly string[]): boolean {
    const [a = "", b = "", c = "", d = ""] = args;
    switch (args.length) {
      case 1:
        return a !== "";
      case 2:
        if (a === "!") return b === "";
        if (UNARY.has(a) && (this.sh.setup.dialect === "bash" || !FOREIGN.has(a))) return this.unary(a, b);
        return this.other(`${a}: unary operator expected`);
      case 3:
        if (this.isBinary(b)) return this.binary(a, b, c);
        if (b === "-a") return a !== "" && c !== "";
        if (b === "-o") return a !== "" || c !== "";
        if (a === "!") return !this.few([b, c]);
        if (a === "(" && c === ")") return b !== "";
        return this.other(`${b}: binary operator expected`);
      default:
        if (a === "!") return !this.few([b, c, d]);
        if (a === "(" && d === ")") return this.few([b, c]);
        break;
    }
    return this.whole();
  }

  /** What is none of the forms that go by the number of words: an error in bash, to be read by grammar elsewhere. */
  private other(message: string): boolean {
    if (this.sh.setup.dialect === "bash") throw new TestError(message);
    return this.whole();
  }

  private isBinary(operator: string): boolean {
    if (operator === "==") return this.sh.setup.dialect !== "dash";
    return BINARY.has(operator) || (operator === "=~" && this.name === "[[");
  }

  private or(): boolean {
    let value = this.and();
    while (this.args[this.pos] === "-o") {
      this.pos++;
      const right = this.and();
      value = value || right;
    }
    return value;
  }

  private and(): boolean {
    let value = this.term();
    while (this.args[this.pos] === "-a") {
      this.pos++;
      const right = this.term();
      value = value && right;
    }
    return value;
  }

  private term(): boolean {
    const { args } = this;
    const word = args[this.pos];
    if (word === undefined) throw new TestError("argument expected");
    if (word === "!") {
      this.pos++;
      return !this.term();
    }
    if (word === "(") {
      this.pos++;
      const value = this.or();
      if (args[this.pos] !== ")") {
        const found = args[this.pos] ?? (this.name === "[" ? "]" : undefined);
        throw new TestError(found === undefined ? "`)' expected" : `\`)' expected, found ${found}`);
      }
      this.pos++;
      return value;
    }
    const operator = args[this.pos + 1];
    if (operator !== undefined && this.isBinary(operator) && args[this.pos + 2] === undefined && this.sh.posix)
      throw new TestError(`${operator}: argument expected`);
    if (operator !== undefined && this.isBinary(operator) && args[this.pos + 2] !== undefined) {
      this.pos += 3;
      return this.binary(word, operator, args[this.pos - 1]!);
    }
    if (word === "-t" && operator !== undefined && !NUMBER.test(operator)) {
      this.pos++;
      return false;
    }
    const known = UNARY.has(word) && (this.sh.setup.dialect === "bash" || !FOREIGN.has(word));
    if (known && operator !== undefined) {
      this.pos += 2;
      return this.unary(word, operator);
    }
    this.pos++;
    return word !== "";
  }

  private unary(operator: string, word: string): boolean {
    if (operator === "-t" && !NUMBER.test(word) && this.sh.posix)
      throw new TestError(`${word}: integer expression expected`);
    return testUnary(this.sh, operator, word);
  }

  private binary(left: string, operator: string, right: string): boolean {
    // In double brackets the right side is a pattern.
    if (this.name === "[[" && operator === "=~") return matchRegex(this.sh, left, right);
    if (this.name === "[[" && /^!?==?$/.test(operator)) return pattern(right).matches(left) === (operator !== "!=");
    return testBinary(this.sh.p, left, operator, right, (text) => this.integer(text));
  }

  private integer(text: string): bigint {
    const value = NUMBER.test(text) ? BigInt(text.trim().replace(/^\+/, "")) : undefined;
    if (value === undefined || BigInt.asIntN(64, value) !== value)
      throw new TestError(
        this.sh.setup.dialect === "bash"
          ? `${text}: integer expression expected`
          : this.sh.setup.dialect === "dash"
            ? `Illegal number: ${text}`
            : `${text}: bad number`,
      );
    return value;
  }
}

export const testBuiltins: Record<string, Builtin> = {
  *test(sh, args) {
    return yield* testArguments(sh, "test", args);
  },
  *"["(sh, args) {
    if (args.at(-1) !== "]") {
      yield* sh.complain(
        sh.setup.dialect === "bash" ? "[: missing `]'" : sh.setup.dialect === "dash" ? "[: missing ]" : "[: missing ]",
      );
      return 2;
    }
    return yield* testArguments(sh, "[", args.slice(0, -1));
  },
};
