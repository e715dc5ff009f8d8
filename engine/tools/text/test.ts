import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { BINARY, testBinary, testFile } from "../../shell/file-tests.ts";
import { quote } from "../tool.ts";

class TestError extends Error {}

/** test(1) and [(1) as files: what env, xargs, find -exec and timeout run. The shell has its own. */
export const testProgram: Program = function* (p) {
  const name = p.argv[0]!.slice(p.argv[0]!.lastIndexOf("/") + 1);
  try {
    let args = p.argv.slice(1);
    if (name === "[") {
      if (args.length === 1 && (args[0] === "--help" || args[0] === "--version")) {
        yield* sys.print(
          p,
          args[0] === "--help"
            ? "Usage: test EXPRESSION\n  or:  test\n  or:  [ EXPRESSION ]\n  or:  [ ]\n  or:  [ OPTION\nExit with the status determined by EXPRESSION.\n"
            : "[ (GNU coreutils) 9.7\n",
        );
        return 0;
      }
      if (args.at(-1) !== "]") throw new TestError(`missing ${quote("]")}`);
      args = args.slice(0, -1);
    }
    return new Condition(p, args).holds() ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TestError)) throw error;
    yield* sys.printError(p, `${name}: ${error.message}\n`);
    return 2;
  }
};

const UNARY = /^-[bcdefghkprstuwxGLNOSnz]$/;

/** By the number of arguments first, as POSIX has it; longer ones by grammar. */
class Condition {
  private readonly p: Process;
  private readonly args: readonly string[];
  private at = 0;

  constructor(p: Process, args: readonly string[]) {
    this.p = p;
    this.args = args;
  }

  holds(): boolean {
    if (this.args.length === 0) return false;
    const value = this.part(this.args.length);
    if (this.at < this.args.length) throw new TestError(`extra argument ${quote(this.args[this.at]!)}`);
    return value;
  }

  private part(count: number): boolean {
    const { args } = this;
    const [a, b] = [args[this.at]!, args[this.at + 1]];
    if (count === 1) {
      this.at++;
      return a !== "";
    }
    if (count === 2) {
      if (a === "!") {
        this.at++;
        return !this.part(1);
      }
      if (!UNARY.test(a))
        throw new TestError(
          /^-[A-Za-z]$/.test(a) ? `${quote(a)}: unary operator expected` : `missing argument after ${quote(b!)}`,
        );
      this.at += 2;
      return this.unary(a, b!);
    }
    if (count === 3) {
      if (BINARY.has(b!)) return this.binary();
      if (a === "!") {
        this.at++;
        return !this.part(2);
      }
      if (a === "(" && args[this.at + 2] === ")") {
        const value = b !== "";
        this.at += 3;
        return value;
      }
      if (b !== "-a" && b !== "-o" && b !== ">" && b !== "<")
        throw new TestError(`${quote(b!)}: binary operator expected`);
    }
    if (count === 4) {
      if (a === "!") {
        this.at++;
        return !this.part(3);
      }
      if (a === "(" && args[this.at + 3] === ")") {
        this.at++;
        const value = this.part(2);
        this.at++;
        return value;
      }
    }
    return this.or();
  }

  private or(): boolean {
    let value = this.and();
    while (this.args[this.at] === "-o") {
      this.at++;
      value = this.and() || value;
    }
    return value;
  }

  private and(): boolean {
    let value = this.term();
    while (this.args[this.at] === "-a") {
      this.at++;
      value = this.term() && value;
    }
    return value;
  }

  private term(): boolean {
    const { args } = this;
    const word = args[this.at];
    if (word === undefined) throw new TestError(`missing argument after ${quote(args[this.at - 1] ?? "")}`);
    if (word === "!") {
      this.at++;
      return !this.term();
    }
    if (word === "(") {
      this.at++;
      const value = this.or();
      if (args[this.at] !== ")")
        throw new TestError(
          args[this.at] === undefined ? `${quote(")")} expected` : `${quote(")")} expected, found ${args[this.at]}`,
        );
      this.at++;
      return value;
    }
    if (args.length - this.at >= 3 && BINARY.has(args[this.at + 1]!)) return this.binary();
    if (UNARY.test(word) && args.length - this.at >= 2) {
      this.at += 2;
      return this.unary(word, args[this.at - 1]!);
    }
    this.at++;
    return word !== "";
  }

  private binary(): boolean {
    const [left, operator, right] = [this.args[this.at]!, this.args[this.at + 1]!, this.args[this.at + 2]!];
    this.at += 3;
    return testBinary(this.p, left, operator, right, integer);
  }

  private unary(operator: string, word: string): boolean {
    const { p } = this;
    if (operator === "-n") return word !== "";
    if (operator === "-z") return word === "";
    if (operator === "-t") return p.fds.get(Number(integer(word)))?.tty !== undefined;
    return testFile(p, operator, word);
  }
}

function integer(text: string): bigint {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new TestError(`invalid integer ${quote(text)}`);
  return BigInt(text.trim().replace(/^\+/, ""));
}
