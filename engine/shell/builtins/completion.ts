import { runSpec } from "../compspec.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { badOption, parseOptions } from "./usage.ts";

const OPTIONS = "abcdefgjksuvprDEIo:A:G:W:F:C:X:P:S:";

function specOf(options: readonly { letter: string; value: string | undefined }[]): string[] {
  return options.flatMap(({ letter, value }) =>
    "prDEI".includes(letter) ? [] : value === undefined ? [`-${letter}`] : [`-${letter}`, value],
  );
}

const complete: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, OPTIONS);
  if (parsed.bad) return yield* badOption(sh, "complete", parsed.bad);
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  if (has("r")) {
    if (parsed.rest.length === 0) sh.completions.clear();
    for (const name of parsed.rest) sh.completions.delete(name);
    return 0;
  }
  if (has("p") || args.length === 0) {
    const names = parsed.rest.length > 0 ? parsed.rest : [...sh.completions.keys()];
    let status = 0;
    for (const name of names) {
      const spec = sh.completions.get(name);
      if (spec === undefined) {
        yield* sh.complain(`complete: ${name}: no completion specification`);
        status = 1;
      } else
        yield* put(
          sh,
          "complete",
          `complete ${spec.map((part, i) => (spec[i - 1] === "-W" || /\s/.test(part) ? `'${part}'` : part)).join(" ")} ${name}\n`,
        );
    }
    return status;
  }
  for (const name of parsed.rest) sh.completions.set(name, specOf(parsed.options));
  return 0;
};

const compgen: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, OPTIONS);
  if (parsed.bad) return yield* badOption(sh, "compgen", parsed.bad);
  const word = parsed.rest[0] ?? "";
  const { values } = yield* runSpec(sh, specOf(parsed.options), ["compgen", word]);
  if (values.length === 0) return 1;
  return yield* put(sh, "compgen", values.map((value) => `${value}\n`).join(""));
};

export const completionBuiltins: Record<string, Builtin> = {
  complete,
  compgen,
  *compopt() {
    return 0;
  },
  *bind() {
    return 0;
  },
};
