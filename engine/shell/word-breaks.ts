import { skipQuoted } from "./scan.ts";

/** COMP_WORDBREAKS as bash begins with it. */
export const WORD_BREAKS = " \t\n\"'@><=;|&(:";

const BLANK = /[ \t\n]/;

/**
 * The words of a command line as COMP_WORDS has them, and which the cursor is in: parted by blanks, and each run of other
 * break characters a word of its own (subst.c split_at_delims). Quotes stay, and part nothing.
 */
export function breakWords(line: string, point: number, breaks: string): { words: string[]; at: number } {
  const words: string[] = [];
  let at = -1;
  const parts = (char: string) => breaks.includes(char) && char !== "'" && char !== '"';
  for (let i = 0; i < line.length; ) {
    if (BLANK.test(line[i]!)) {
      i++;
      continue;
    }
    const start = i;
    if (parts(line[i]!)) while (i < line.length && parts(line[i]!) && !BLANK.test(line[i]!)) i++;
    else while (i < line.length && !parts(line[i]!) && !BLANK.test(line[i]!)) i = Math.max(skipQuoted(line, i), i + 1);
    // Between two words the cursor is in an empty one.
    if (at < 0 && point < start) at = words.push("") - 1;
    words.push(line.slice(start, i));
    if (at < 0 && point <= i) at = words.length - 1;
  }
  if (at < 0) at = words.push("") - 1;
  return { words, at };
}
