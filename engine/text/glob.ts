import { compileRegex, type Regex } from "./regex/index.ts";

export interface GlobOptions {
  ignoreCase?: boolean;
  /** `*`, `?` and sets stop at slashes; `**` does not. */
  path?: boolean;
}

/**
 * A pattern of file names as fnmatch(3) reads it, without special dots. It takes a time that grows with the name only:
 * patterns come from everybody.
 */
export function globRegex(pattern: string, { ignoreCase = false, path = false }: GlobOptions = {}): Regex {
  const any = path ? "[^/]" : ".";
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (path && pattern.startsWith("**", i)) {
      source += ".*";
      i++;
    } else if (char === "*") source += `${any}*`;
    else if (char === "?") source += any;
    else if (char === "\\" && i + 1 < pattern.length) source += plain(pattern[++i]!);
    else if (char === "[") {
      const end = pattern.indexOf("]", i + 2);
      if (end < 0) source += "\\[";
      else {
        source += `[${pattern.slice(i + 1, end).replace(/^!/, "^")}]`;
        i = end;
      }
    } else source += plain(char);
  }
  return compileRegex(`^${source}$`, { syntax: "ere", ignoreCase });
}

function plain(char: string): string {
  return /[.^$*+?()[\]{}|\\]/.test(char) ? `\\${char}` : char;
}
