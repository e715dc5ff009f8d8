import type { TestExpression } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { evaluate } from "./arith.ts";
import { ShellError } from "./control.ts";
import { compile, expanding, expandingAtOnce, isPure, piecesText, wordPattern, wordText } from "./expand.ts";
import { testBinary, testUnary } from "./file-tests.ts";
import { inLocale } from "./locale.ts";
import { pattern } from "./pattern.ts";
import { matchRegex, regexOf } from "./regex.ts";
import type { Shell } from "./shell.ts";
import { trace } from "./simple.ts";
import type { Piece } from "./word.ts";

/** Evaluates the inside of `[[ … ]]`. */
export function* evaluateTest(sh: Shell, node: TestExpression, sign = ""): Gen<boolean> {
  switch (node.type) {
    case "TestGroup":
      return yield* evaluateTest(sh, node.expression);
    case "TestNot": {
      const value = yield* evaluateTest(sh, node.operand, node.negations.length % 2 === 1 ? "! " : "");
      return node.negations.length % 2 === 1 ? !value : value;
    }
    case "TestLogical":
      for (const operand of node.operands) {
        const value = yield* evaluateTest(sh, operand);
        if (value !== (node.operator === "&&")) return value;
      }
      return node.operator === "&&";
    case "TestUnary": {
      const operand = node.operand.text;
      const role = node.operator === "-v" ? "reference" : "argument";
      const text = yield* (isPure(operand) ? expandingAtOnce : expanding)(sh, () => wordText(sh, operand, role));
      if (sh.has("xtrace")) yield* trace(sh, `[[ ${sign}${node.operator} ${shown(text)} ]]`);
      return yield* expandingAtOnce(sh, () => testUnary(sh, node.operator, text));
    }
    case "TestBinary":
      return yield* binary(sh, node.operator, node.left.text, node.right.text, sign);
  }
}

/** An operand as `set -x` shows it: as it is, but for an empty one. */
function shown(text: string): string {
  return text === "" ? "''" : text;
}

/** A pattern as `set -x` shows it: a backslash before every character that is quoted. */
function tracedPattern(sh: Shell, pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => {
      const text = piecesText(sh, [piece]);
      const quoted = piece.k === "quotes" || piece.k === "tilde" || (piece.k === "lit" && piece.q);
      return quoted ? [...text].map((char) => `\\${char}`).join("") : text;
    })
    .join("");
}

function* binary(sh: Shell, operator: string, leftText: string, rightText: string, sign: string): Gen<boolean> {
  const role = /^-(?:eq|ne|lt|le|gt|ge)$/.test(operator) ? "reference" : "argument";
  const left = yield* (isPure(leftText) ? expandingAtOnce : expanding)(sh, () => wordText(sh, leftText, role));
  switch (operator) {
    case "=":
    case "==":
    case "!=": {
      const text = yield* (isPure(rightText) ? expandingAtOnce : expanding)(sh, () => wordPattern(sh, rightText));
      if (sh.has("xtrace")) {
        const written = yield* expanding(sh, () => tracedPattern(sh, compile(rightText).pieces));
        yield* trace(sh, `[[ ${sign}${shown(left)} ${operator} ${shown(written)} ]]`);
      }
      const compiled = pattern(inLocale(sh, text), { extglob: true, ignoreCase: sh.shopts.has("nocasematch") });
      const matched = compiled.matches(inLocale(sh, left));
      return matched === (operator !== "!=");
    }
    case "=~": {
      const source = yield* expanding(sh, () => regexOf(compile(rightText).pieces, (piece) => piecesText(sh, [piece])));
      if (sh.has("xtrace")) yield* trace(sh, `[[ ${sign}${shown(left)} =~ ${shown(source)} ]]`);
      return matchRegex(sh, left, source);
    }
  }
  const right = yield* (isPure(rightText) ? expandingAtOnce : expanding)(sh, () => wordText(sh, rightText, role));
  if (sh.has("xtrace")) yield* trace(sh, `[[ ${sign}${shown(left)} ${operator} ${shown(right)} ]]`);
  return yield* compared(sh, () =>
    testBinary(sh.p, left, operator, right, (text) => {
      try {
        return BigInt(evaluate(text, sh.arith, 0));
      } catch (error) {
        if (!(error instanceof ShellError) || error.expanding || error.cleanup || error.how === "exit") throw error;
        throw new WrongOperand(`[[: ${error.message}`);
      }
    }),
  );
}

/** An operand that is no number: told, and the comparison is not so; what is written around it goes on. */
class WrongOperand {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

function* compared(sh: Shell, compare: () => boolean): Gen<boolean> {
  try {
    return yield* expandingAtOnce(sh, compare);
  } catch (error) {
    if (!(error instanceof WrongOperand)) throw error;
    yield* sh.complain(error.message);
    return false;
  }
}
