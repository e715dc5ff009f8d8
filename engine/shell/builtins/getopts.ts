import type { Builtin } from "./index.ts";
import { usage } from "./usage.ts";

/** `getopts`: OPTIND is the next argument, `getoptsPosition` the next letter in it. */
export const getopts: Builtin = function* (sh, args) {
  const rest = args[0] === "--" ? args.slice(1) : args;
  if (rest.length < 2) return yield* usage(sh, "getopts");
  const [spec, name] = rest as [string, string];
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    yield* sh.complain(`getopts: \`${name}': not a valid identifier`);
    return 1;
  }
  const words = rest.length > 2 ? rest.slice(2) : sh.positional;
  const quiet = spec.startsWith(":");
  let index = Number(sh.get("OPTIND") ?? 1) || 1;
  if (sh.getoptsPosition === 0) sh.getoptsPosition = 1;
  const word = words[index - 1];
  const finish = (): number => {
    sh.assign(name, undefined, "?");
    sh.vars.remove("OPTARG");
    setIndex(index);
    sh.getoptsPosition = 0;
    return 1;
  };
  const setIndex = (value: number) => {
    const position = sh.getoptsPosition;
    sh.assign("OPTIND", undefined, String(value));
    sh.getoptsPosition = position;
  };
  if (word === undefined || word === "-" || word[0] !== "-") return finish();
  if (word === "--") {
    index++;
    return finish();
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
    setIndex(index);
    sh.assign(name, undefined, "?");
    if (quiet) sh.assign("OPTARG", undefined, letter);
    else {
      sh.vars.remove("OPTARG");
      if (sh.get("OPTERR") !== "0") yield* sh.writeTo(2, `${sh.arg0}: illegal option -- ${letter}\n`);
    }
    return 0;
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
    setIndex(Math.min(index, words.length + 1));
    if (value === undefined) {
      sh.assign(name, undefined, quiet ? ":" : "?");
      if (quiet) sh.assign("OPTARG", undefined, letter);
      else {
        sh.vars.remove("OPTARG");
        if (sh.get("OPTERR") !== "0") yield* sh.writeTo(2, `${sh.arg0}: option requires an argument -- ${letter}\n`);
      }
      return 0;
    }
    sh.assign("OPTARG", undefined, value);
    sh.assign(name, undefined, letter);
    return 0;
  }
  endWord();
  setIndex(index);
  sh.vars.remove("OPTARG");
  sh.assign(name, undefined, letter);
  return 0;
};
