/** What grep looks for: one matcher of its patterns, and the names that -r takes. */
import { globRegex } from "../../text/glob.ts";
import { compileRegex, type Regex, RegexError, type RegexMatch } from "../../text/regex/index.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal } from "../tool.ts";

export interface Matcher {
  /** The leftmost, then longest match from a place on. */
  find: (line: string, from: number) => RegexMatch | null;
  test: (line: string) => boolean;
  warnings: readonly string[];
}

/** One matcher of all patterns: the leftmost, then the longest of their matches. */
export function build(patterns: readonly string[], kind: string, o: ParsedOptions): Matcher {
  const ignoreCase = o.last("i", "y", "nic")?.key === "i" || o.has("y");
  const syntax = kind === "E" ? "ere" : kind === "F" ? "literal" : kind === "P" ? "perl" : "bre";
  if (kind === "P" && patterns.length > 1) throw new Fatal("the -P option only supports a single pattern", 2);
  let regexes: Regex[];
  try {
    regexes = patterns.map((pattern) => compileRegex(pattern, { syntax, ignoreCase, lenient: true }));
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new Fatal(error.message, 2);
  }
  const word = o.has("w");
  const line = o.has("x");
  const find = (text: string, from: number): RegexMatch | null => {
    let best: RegexMatch | null = null;
    for (const regex of regexes) {
      const match = line ? wholeLine(regex, text) : word ? wholeWord(regex, text, from) : regex.exec(text, from);
      if (match === null) continue;
      if (best === null || match.index < best.index || (match.index === best.index && match.end > best.end))
        best = match;
    }
    return best;
  };
  const plain = !word && !line;
  const single = regexes.length === 1 ? regexes[0]! : undefined;
  const test = plain
    ? single
      ? (text: string) => single.test(text)
      : (text: string) => regexes.some((regex) => regex.test(text))
    : (text: string) => find(text, 0) !== null;
  return { find, test, warnings: regexes.flatMap((regex) => regex.warnings) };
}

function wholeLine(regex: Regex, text: string): RegexMatch | null {
  // Leftmost-longest: if some match is the whole line, the one at 0 is at least as long.
  const match = regex.exec(text, 0);
  return match !== null && match.index === 0 && match.end === text.length ? match : null;
}

function wholeWord(regex: Regex, text: string, from: number): RegexMatch | null {
  const isWord = (char: string | undefined) => char !== undefined && /[A-Za-z0-9_\u00c0-\ud7ff]/.test(char);
  for (let start = from; start <= text.length; ) {
    const match = regex.exec(text, start);
    if (match === null) return null;
    // A shorter match at the same place may end at a word's end.
    for (let end = match.end; end >= match.index; end--) {
      if (isWord(text[match.index - 1]) || isWord(text[end])) {
        if (end > match.index) {
          const shorter = regex.exec(text.slice(0, end - 1), match.index);
          if (shorter === null || shorter.index !== match.index) break;
          end = shorter.end + 1;
        }
        continue;
      }
      return { ...match, end, groups: [text.slice(match.index, end)], spans: [match.index, end] };
    }
    start = match.index + 1;
  }
  return null;
}

/** `*`, `?` and bracket lists of --include and --exclude. */
export function nameFilter(o: ParsedOptions): (name: string, isDir: boolean, operand: boolean) => boolean {
  const glob = (pattern: string) => globRegex(pattern);
  const include = o.values("include").map(glob);
  const exclude = o.values("exclude").map(glob);
  const excludeDirs = o.values("exclude-dir").map((text) => glob(text.replace(/\/+$/, "")));
  return (name, isDir) => {
    if (isDir) return !excludeDirs.some((regex) => regex.test(name));
    if (exclude.some((regex) => regex.test(name))) return false;
    return include.length === 0 || include.some((regex) => regex.test(name));
  };
}
