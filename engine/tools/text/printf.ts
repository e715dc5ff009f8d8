import { formatPrintf } from "../../text/printf.ts";
import { quote, quoteName, shellQuote, tool, UsageError } from "../tool.ts";

/** printf(1) of coreutils. */
export const printf = tool(
  {
    name: "printf",
    speaksAs: "printf",
    short: "+",
    standard: false,
    usage: "FORMAT [ARGUMENT]...\n  or:  printf OPTION",
    about: "Print ARGUMENT(s) according to FORMAT.",
    // Only a first `--help` or `--version` is an option; everything else is a format.
    rewrite: (args) => (args[0] === "--" ? args : ["--", ...args]),
  },
  function* (t, o) {
    const [format, ...args] = o.operands;
    if (format === undefined) throw new UsageError("missing operand");
    const result = formatPrintf(format, args, {
      quote: (text) => (quoteName(text) === text ? text : shellQuote(text)),
    });
    t.out.add(result.text);
    const takesNone = !/%[^%]/.test(format.replaceAll("%%", ""));
    if (takesNone && args.length > 0)
      yield* t.error(`warning: ignoring excess arguments, starting with ${quote(args[0]!)}`, 0);
    for (const problem of result.problems) {
      if (problem.kind === "not-a-number") yield* t.error(`${quote(problem.text)}: expected a numeric value`);
      else if (problem.kind === "not-completely")
        yield* t.error(`${quote(problem.text)}: value not completely converted`);
      else if (problem.kind === "range") yield* t.error(`${quote(problem.text)}: Numerical result out of range`);
      else if (problem.kind === "bad-conversion") yield* t.error(`${problem.text}: invalid conversion specification`);
    }
    return t.status;
  },
);
