import type { Gen } from "../../kernel/index.ts";
import { tryAssign } from "../assignment.ts";
import type { Builtin } from "./index.ts";
import { badOption, usage } from "./usage.ts";

/** `getopts`: OPTIND is the next argument, `getoptsPosition` the next letter in it. */
export const getopts: Builtin = function* (sh, args) {
  const wrong = /^-[^-]/.exec(args[0] ?? "");
  if (wrong && sh.setup.dialect === "bash") return yield* badOption(sh, "getopts", wrong[0]);
  const rest = args[0] === "--" ? args.slice(1) : args;
  if (rest.length < 2) return yield* usage(sh, "getopts");
  const [spec, name] = rest as [string, string];
  const named = /^[A-Za-z_]\w*$/.test(name);
  if (!named && sh.posix) {
    yield* sh.complain(`getopts: \`${name}': not a valid identifier`);
    return 1;
  }
  const words = rest.length > 2 ? rest.slice(2) : sh.positional;
  const quiet = spec.startsWith(":");
  let index = Number(sh.get("OPTIND") ?? 1) || 1;
  if (sh.getoptsPosition === 0) sh.getoptsPosition = 1;
  const word = words[index - 1];
  /** Sets the name that was given; a read-only one is an error of its own. */
  const answer = function* (value: string, status = 0): Gen<number> {
    if (!named) {
      // Bash finds out when the argument is read.
      yield* sh.complain(`getopts: \`${name}': not a valid identifier`);
      return 1;
    }
    return sh.posix
      ? (sh.assign(name, undefined, value), status)
      : (yield* tryAssign(sh, name, value, "getopts: "))
        ? status
        : sh.vars.find(name)?.readonly
          ? status || 2
          : 1;
  };
  const setIndex = function* (value: number): Gen<void> {
    const position = sh.getoptsPosition;
    yield* tryAssign(sh, "OPTIND", String(value));
    sh.getoptsPosition = position;
  };
  const clearArgument = () => {
    // Read-only or not.
    sh.vars.remove("OPTARG");
  };
  if (word === "--") index++;
  if (word === undefined || word === "--" || word === "-" || word[0] !== "-") {
    clearArgument();
    yield* setIndex(Math.min(index, words.length + 1));
    sh.getoptsPosition = 0;
    return yield* answer("?", 1);
  }
  const letter = word[sh.getoptsPosition]!;
  sh.getoptsPosition++;
  const at = letter === ":" ? -1 : spec.indexOf(letter, quiet ? 1 : 0);
  const endWord = () => {
    if (sh.getoptsPosition >= word.length) {
      index++;
      sh.getoptsPosition = 1;
    }
  };
  if (at < 0) {
    endWord();
    yield* setIndex(index);
    if (quiet) yield* tryAssign(sh, "OPTARG", letter);
    else {
      clearArgument();
      if (sh.get("OPTERR") !== "0") yield* sh.writeTo(2, `${sh.arg0}: illegal option -- ${letter}\n`);
    }
    return yield* answer("?");
  }
  if (spec[at + 1] === ":") {
    let value: string | undefined;
    if (sh.getoptsPosition < word.length) {
      value = word.slice(sh.getoptsPosition);
      index++;
    } else {
      value = words[index];
      index += 2;
    }
    sh.getoptsPosition = 1;
    yield* setIndex(Math.min(index, words.length + 1));
    if (value === undefined) {
      if (quiet) yield* tryAssign(sh, "OPTARG", letter);
      else {
        clearArgument();
        if (sh.get("OPTERR") !== "0") yield* sh.writeTo(2, `${sh.arg0}: option requires an argument -- ${letter}\n`);
      }
      return yield* answer(quiet ? ":" : "?");
    }
    yield* tryAssign(sh, "OPTARG", value);
    return yield* answer(letter);
  }
  endWord();
  yield* setIndex(index);
  if (sh.posix) yield* tryAssign(sh, "OPTARG", "");
  else clearArgument();
  return yield* answer(letter);
};
