/** jq's regular expressions: `match` and all that is made of it. */
import { compileRegex, RegexError } from "../../../text/regex/index.ts";
import { type Json, kind } from "./json.ts";
import { show, valued } from "./natives.ts";
import { JqError } from "./stream.ts";

valued("_match", 3, (v, [given, flagText, testOnly]) => {
  if (typeof v !== "string") throw new JqError(`${show(v)} cannot be matched, as it is not a string`);
  let pattern: Json = given!;
  let flags = flagText ?? null;
  if (Array.isArray(pattern)) [pattern, flags] = [pattern[0] ?? null, pattern[1] ?? null];
  if (typeof pattern !== "string") throw new JqError(`${kind(pattern)} not a string or array`);
  if (flags !== null && typeof flags !== "string") throw new JqError(`${show(flags)} is not a string`);
  const options = flags ?? "";
  for (const flag of options)
    if (!"gimnpslx".includes(flag)) throw new JqError(`${options} is not a valid modifier string`);
  let regex: ReturnType<typeof compileRegex>;
  try {
    regex = compileRegex(pattern, {
      syntax: "perl",
      ignoreCase: options.includes("i"),
      dotAll: options.includes("s") || options.includes("p"),
      extended: options.includes("x"),
      unicodeWords: true,
    });
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    const words: Record<string, string> = {
      "missing closing parenthesis": "end pattern with unmatched parenthesis",
      "unmatched closing parenthesis": "unmatched close parenthesis",
      "missing terminating ] for character class": "premature end of char-class",
      "quantifier does not follow a repeatable item": "target of repeat operator is not specified",
      "\\ at end of pattern": "end pattern at escape",
    };
    throw new JqError(`Regex failure: ${words[error.message] ?? error.message}`);
  }
  if (testOnly === true && !options.includes("n")) return regex.test(v);
  const all = options.includes("g");
  const out: Json[] = [];
  const count = (to: number) => [...v.slice(0, to)].length;
  for (let from = 0; from <= v.length; ) {
    const match = regex.exec(v, from);
    if (match === null) break;
    const captures: Json[] = [];
    for (let i = 1; i < match.groups.length; i++) {
      const group = match.groups[i];
      const name = [...regex.names].find(([, index]) => index === i)?.[0] ?? null;
      // Those of an empty match are empty themselves; jq tells of empty ones in another order.
      const empty = match.end === match.index;
      const offset = empty ? count(match.index) : group === undefined ? -1 : count(match.spans[2 * i]!);
      const length: [string, Json] = ["length", [...(group ?? "")].length];
      const string: [string, Json] = ["string", empty ? "" : (group ?? null)];
      captures.push(
        new Map<string, Json>([
          ["offset", offset],
          ...(length[1] === 0 ? [string, length] : [length, string]),
          ["name", name],
        ]),
      );
    }
    if (!(options.includes("n") && match.end === match.index))
      out.push(
        new Map<string, Json>([
          ["offset", count(match.index)],
          ["length", [...match.groups[0]!].length],
          ["string", match.groups[0]!],
          ["captures", captures],
        ]),
      );
    if (!all) break;
    from = match.end > match.index ? match.end : match.end + 1;
  }
  return testOnly === true ? out.length > 0 : out;
});
