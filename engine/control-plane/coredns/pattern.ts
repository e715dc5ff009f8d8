import { compileRegex, type Regex } from "../../text/regex/index.ts";
import { re2Mistake } from "../../text/regex/re2.ts";
import { SetupError } from "./plugin.ts";

/** A pattern of Go's regexp, which sees names with their final dot. `wrong` makes the error of one that is none. */
export function patternOf(text: string, wrong: (why: string) => Error = (why) => new SetupError(why)): Regex {
  const mistake = re2Mistake(text);
  if (mistake !== undefined) throw wrong(mistake);
  return compileRegex(text, { syntax: "perl", ignoreCase: true });
}

/** `{1}` of a replacement is the pattern's first group. */
export function filledIn(replacement: string, groups: readonly (string | undefined)[]): string {
  return replacement.replace(/\{(\d)\}/g, (_, digit: string) => groups[Number(digit)] ?? "");
}
