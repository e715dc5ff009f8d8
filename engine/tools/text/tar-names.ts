/** Which names of an archive tar takes. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { globRegex } from "../../text/glob.ts";
import type { Regex } from "../../text/regex/index.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";

const END = "\ntar: Error is not recoverable: exiting now";

/** A pattern of --exclude or of a name to take out, with the options that stood before it. */
export interface Pattern {
  readonly text: string;
  /** Matches from the beginning of a name only, not behind any of its slashes. */
  readonly anchored: boolean;
  readonly ignoreCase: boolean;
  /** Of a pattern with wildcards; the text is a name where there is none. */
  readonly regex: Regex | undefined;
}

const MODES = ["anchored", "no-anchored", "ignore-case", "no-ignore-case", "wildcards", "no-wildcards"];

/** What the options so far make of a pattern; exclusions match anywhere and by wildcards unless they are told otherwise. */
function patternOf(modes: ReadonlySet<string>, text: string, exclusion: boolean): Pattern {
  const bare = text.replace(/(.)\/+$/, "$1");
  const ignoreCase = modes.has("ignore-case");
  const wildcards = exclusion ? !modes.has("no-wildcards") : modes.has("wildcards");
  return {
    text: bare,
    anchored: exclusion ? modes.has("anchored") : !modes.has("no-anchored"),
    ignoreCase,
    regex: wildcards ? globRegex(bare, { ignoreCase }) : undefined,
  };
}

function setMode(modes: Set<string>, key: string): void {
  const opposite = key.startsWith("no-") ? key.slice(3) : `no-${key}`;
  modes.delete(opposite);
  modes.add(key);
}

/**
 * Patterns of --exclude and of files of them; of an archive that is written only those before the last name. Throws
 * `Fatal` for a file that is not there.
 */
export function exclusions(t: Tool, o: ParsedOptions, writes: boolean): Pattern[] {
  const modes = new Set<string>();
  const out: Pattern[] = [];
  const last = lastName(o);
  for (const { key, value } of !writes || last < 0 ? o.list : o.list.slice(0, last)) {
    if (MODES.includes(key)) setMode(modes, key);
    if (key === "exclude") out.push(patternOf(modes, value!, true));
    if (key !== "X") continue;
    try {
      for (const line of sys.readText(t.p, value!).split("\n")) if (line !== "") out.push(patternOf(modes, line, true));
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`${value}: ${error.message}${END}`, 2);
    }
  }
  return out;
}

/** The names that -x, -t and -d are given. */
export function inclusions(o: ParsedOptions): Pattern[] {
  const modes = new Set<string>();
  const out: Pattern[] = [];
  for (const { key, value } of o.list) {
    if (MODES.includes(key)) setMode(modes, key);
    if (key === "") out.push(patternOf(modes, value!, false));
  }
  return out;
}

/** Whether a pattern is of a name, or of a directory that the name lies in. */
export function matches(pattern: Pattern, path: string): boolean {
  const fold = (text: string) => (pattern.ignoreCase ? text.toLowerCase() : text);
  const text = fold(pattern.text);
  const parts = path.replace(/(.)\/+$/, "$1").split("/");
  for (let from = 0; from < (pattern.anchored ? 1 : parts.length); from++)
    for (let to = from + 1; to <= parts.length; to++) {
      const part = parts.slice(from, to).join("/");
      if (pattern.regex?.test(part) ?? text === fold(part)) return true;
    }
  return false;
}

/** True when a pattern of --exclude or of a file of them takes a path out. */
export function excluded(patterns: readonly Pattern[], path: string): boolean {
  return patterns.some((pattern) => matches(pattern, path));
}

function lastName(o: ParsedOptions): number {
  return o.list.findLastIndex(({ key }) => key === "" || key === "T" || key === "add-file");
}

/** Where options that change what follows stand behind the last name: nothing follows that they could change. */
export function* misplaced(t: Tool, o: ParsedOptions): Gen<void> {
  const last = lastName(o);
  const late = o.list.slice(last + 1).filter(({ key }) => key === "exclude" || key === "X");
  if (last < 0 || late.length === 0) return;
  yield* t.error(
    "The following options were used after non-option arguments.  These options are positional and affect only arguments that follow them.  Please, rearrange them properly.",
    2,
  );
  for (const { key, value } of late)
    yield* t.error(`${key === "X" ? "--exclude-from" : "--exclude"} ‘${value}’ has no effect`, 2);
}
