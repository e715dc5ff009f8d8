import type { TestCommand, TestExpression, Word } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { testArguments } from "./builtins/test.ts";
import { expanding, expandWords } from "./expand.ts";
import type { Shell } from "./shell.ts";

function word(text: string): Word {
  return { type: "Word", text, value: text, pos: 0, end: 0 };
}

const written = new WeakMap<TestCommand, Word[]>();

/** The words between the brackets, `&&` and `||` as `test` has them. */
function wordsOf(expression: TestExpression): string[] {
  switch (expression.type) {
    case "TestGroup":
      return ["\\(", ...wordsOf(expression.expression), "\\)"];
    case "TestNot":
      return [...expression.negations.map(() => "!"), ...wordsOf(expression.operand)];
    case "TestLogical":
      return expression.operands.flatMap((one, i) =>
        i === 0 ? wordsOf(one) : [expression.operator === "&&" ? "-a" : "-o", ...wordsOf(one)],
      );
    case "TestUnary":
      return [expression.operator, expression.operand.text];
    default:
      return [expression.left.text, expression.operator.replace(/^[<>]$/, "\\$&"), expression.right.text];
  }
}

/** `[[ … ]]` of busybox (BASH_TEST2): a builtin like `[`, whose words are split, but for its patterns. */
export function* runPlainTest(sh: Shell, node: TestCommand): Gen<void> {
  let words = written.get(node);
  if (words === undefined) written.set(node, (words = wordsOf(node.expression).map(word)));
  const args = yield* expanding(sh, () => expandWords(sh, words));
  sh.status = yield* testArguments(sh, "[[", args);
}
