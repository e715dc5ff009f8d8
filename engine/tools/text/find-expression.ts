/** find's expression: its operators; tests and actions have files of their own. */
import type { Gen } from "../../kernel/index.ts";
import type { Inode } from "../../machine/inode.ts";
import { Fatal, type Tool } from "../tool.ts";
import { ACTIONS } from "./find-actions.ts";
import { TESTS } from "./find-tests.ts";

export interface Visit {
  path: string;
  /** The starting point it was found under. */
  root: string;
  node: Inode;
  depth: number;
  prune: boolean;
}

export type Test = (visit: Visit) => Gen<boolean>;

export interface Search {
  min: number;
  max: number;
  depthFirst: boolean;
  /** Stays on the file system of the starting point. */
  oneFileSystem: boolean;
  /** Something prints or runs by itself, so that nothing is printed at the end. */
  acts: boolean;
  quit: boolean;
  /** How -regex reads its pattern. */
  syntax: "emacs" | "ere" | "bre";
  /** Times are counted from the end of today (-daystart). */
  daystart: boolean;
  /** Walked after symbolic links (-L, -follow). */
  follow: boolean;
  ends: (() => Gen<void>)[];
  /** The file with the starting points (-files0-from). */
  namesFrom: string | undefined;
}

/** What makes a test of the words of an expression. */
export type Maker = (expression: Expression, name: string) => Test;

/** The words of an expression, read from the left. */
export class Expression {
  readonly t: Tool;
  readonly search: Search;
  /** Warnings that go before everything else. */
  readonly warnings: string[] = [];
  /** -warn: also of what is likely no mistake. On by default where a person types. */
  warns: boolean;
  private readonly args: string[];
  private at = 0;

  constructor(t: Tool, args: string[], search: Search) {
    this.t = t;
    this.args = args;
    this.search = search;
    this.warns = t.p.fds.get(0)?.tty !== undefined;
  }

  parse(): Test {
    if (this.args.length === 0) return always(true);
    const test = this.or();
    if (this.at < this.args.length) {
      const arg = this.args[this.at]!;
      if (arg === ")") throw new Fatal("you have too many ')'");
      throw new Fatal(`paths must precede expression: \`${arg}'`);
    }
    return test;
  }

  /** The next word; none is the end. */
  word(): string | undefined {
    return this.args[this.at++];
  }

  /** The word that belongs to a test. */
  value(name: string): string {
    const value = this.word();
    if (value === undefined) throw new Fatal(`missing argument to \`${name}'`);
    return value;
  }

  private or(): Test {
    let left = this.and();
    for (;;) {
      const operator = this.args[this.at];
      if (operator !== "-o" && operator !== "-or" && operator !== ",") return left;
      this.at++;
      this.operand(operator);
      const [a, b] = [left, this.and()];
      left =
        operator === ","
          ? function* (visit) {
              yield* a(visit);
              return yield* b(visit);
            }
          : function* (visit) {
              return (yield* a(visit)) || (yield* b(visit));
            };
    }
  }

  private and(): Test {
    let left = this.not();
    for (;;) {
      const arg = this.args[this.at];
      if (arg === undefined || arg === ")" || arg === "-o" || arg === "-or" || arg === ",") return left;
      if (arg === "-a" || arg === "-and") {
        this.at++;
        this.operand(arg);
      }
      const [a, b] = [left, this.not()];
      left = function* (visit) {
        return (yield* a(visit)) && (yield* b(visit));
      };
    }
  }

  /** Something must follow an operator. */
  private operand(operator: string): void {
    if (this.at >= this.args.length) throw new Fatal(`expected an expression after '${operator}'`);
  }

  private not(): Test {
    const arg = this.args[this.at];
    if (arg === "!" || arg === "-not") {
      this.at++;
      this.operand(arg);
      const inner = this.not();
      return function* (visit) {
        return !(yield* inner(visit));
      };
    }
    if (arg === "(") {
      this.at++;
      if (this.args[this.at] === ")") throw new Fatal("invalid expression; empty parentheses are not allowed.");
      if (this.at >= this.args.length)
        throw new Fatal(
          "invalid expression; expected to find a ')' but didn't see one. Perhaps you need an extra predicate after '('",
        );
      const inner = this.or();
      if (this.args[this.at] !== ")")
        throw new Fatal("invalid expression; I was expecting to find a ')' somewhere but did not see one.");
      this.at++;
      return inner;
    }
    return this.primary();
  }

  private primary(): Test {
    const name = this.word();
    if (name !== undefined && /^(-o|-or|-a|-and|,)$/.test(name))
      throw new Fatal(`invalid expression; you have used a binary operator '${name}' with nothing before it.`);
    if (name === ")") throw new Fatal("invalid expression; you have too many ')'");
    const make = name === undefined ? undefined : (TESTS[name] ?? ACTIONS[name]);
    if (make !== undefined) return make(this, name!);
    if (name !== undefined && /^-newer[a-zA-Z]{2}$/.test(name)) {
      if (name[6] === "B" || name[7] === "B")
        throw new Fatal(
          `This system does not provide a way to find the birth time of a file.\nfind: invalid predicate \`${name}'`,
        );
      throw new Fatal(`invalid predicate \`${name}'`);
    }
    if (name?.startsWith("-")) throw new Fatal(`unknown predicate \`${name}'`);
    throw new Fatal(`paths must precede expression: \`${name}'`);
  }
}

/** A test that always answers the same. */
export function always(value: boolean): Test {
  return function* () {
    return value;
  };
}
