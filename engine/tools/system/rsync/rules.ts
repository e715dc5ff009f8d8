/** rsync's --include, --exclude and --filter: the first rule that fits a name decides. */
import { globRegex } from "../../../text/glob.ts";
import type { Regex } from "../../../text/regex/index.ts";

interface Rule {
  includes: boolean;
  /** `dir/***` is the directory as well as what is in it. */
  regexes: readonly Regex[];
  /** The pattern ends in a slash: directories only. */
  directory: boolean;
  /** Matched from the root of the transfer. */
  anchored: boolean;
  /** Matched against the whole path, not the last name. */
  path: boolean;
}

/** Rules in the order of the command line. */
export class Rules {
  private readonly rules: Rule[] = [];

  get any(): boolean {
    return this.rules.length > 0;
  }

  /** A pattern of --include or --exclude, or a line of their files: `+ ` and `- ` before it say which. */
  add(text: string, includes: boolean): void {
    const sign = /^([-+])[ _](.*)$/.exec(text);
    const written = sign === null ? text : sign[2]!;
    const directory = written.endsWith("/");
    const anchored = written.startsWith("/");
    const pattern = written.replace(/^\//, "").replace(/\/$/, "");
    if (pattern === "") return;
    this.rules.push({
      includes: sign === null ? includes : sign[1] === "+",
      regexes: forms(pattern).map((form) => globRegex(form, { path: true })),
      directory,
      anchored,
      path: pattern.includes("/") || pattern.includes("**"),
    });
  }

  /** Whether a name is left out; `path` from the root of the transfer, without a leading slash. */
  excludes(path: string, isDirectory: boolean): boolean {
    for (const rule of this.rules) {
      if (rule.directory && !isDirectory) continue;
      if (fits(rule, path)) return !rule.includes;
    }
    return false;
  }
}

const forms = (pattern: string): string[] =>
  pattern.endsWith("/***") ? [pattern.slice(0, -4), pattern.slice(0, -1)] : [pattern];

function fits(rule: Rule, path: string): boolean {
  const takes = (text: string) => rule.regexes.some((regex) => regex.test(text));
  if (rule.anchored) return takes(path);
  const parts = path.split("/");
  if (!rule.path) return takes(parts.at(-1)!);
  return parts.some((_part, i) => takes(parts.slice(i).join("/")));
}
