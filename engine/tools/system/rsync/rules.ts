/** rsync's --include, --exclude and --filter: the first rule that fits a name decides. */
import { compileRegex, type Regex } from "../../../text/regex/index.ts";

interface Rule {
  includes: boolean;
  regex: Regex;
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
      regex: wildcards(pattern),
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

function fits(rule: Rule, path: string): boolean {
  if (rule.anchored) return rule.regex.test(path);
  const parts = path.split("/");
  if (!rule.path) return rule.regex.test(parts.at(-1)!);
  return parts.some((_part, i) => rule.regex.test(parts.slice(i).join("/")));
}

/** `*` and `?` stop at slashes, `**` does not, and `dir/***` is the directory as well. */
function wildcards(pattern: string): Regex {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (pattern.slice(i) === "/***") {
      source += "(/.*)?";
      break;
    }
    if (pattern.startsWith("**", i)) {
      source += ".*";
      i++;
    } else if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[" && pattern.indexOf("]", i + 2) > 0) {
      const end = pattern.indexOf("]", i + 2);
      source += `[${pattern.slice(i + 1, end).replace(/^!/, "^")}]`;
      i = end;
    } else if (char === "\\" && i + 1 < pattern.length) source += plain(pattern[++i]!);
    else source += plain(char);
  }
  return compileRegex(`^${source}$`, { syntax: "ere" });
}

function plain(char: string): string {
  return /[.^$*+?()[\]{}|\\]/.test(char) ? `\\${char}` : char;
}
