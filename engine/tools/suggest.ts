/** What programs made with cobra say of a word that is no command of theirs (command.go SuggestionsFor). */

/**
 * `Did you mean this?` and the names that may have been meant, in their order, to be put behind the complaint; "" where none
 * is close: at most `most` letters away, begun with the word, or listed in `meant` as a word for it.
 */
export function suggestions(
  word: string,
  names: readonly string[],
  meant: Readonly<Record<string, readonly string[]>> = {},
  most = 2,
): string {
  const typed = word.toLowerCase();
  const close = names.filter(
    (name) => distance(typed, name) <= most || name.startsWith(typed) || meant[name]?.includes(typed),
  );
  return close.length === 0 ? "" : `\n\nDid you mean this?\n${close.map((name) => `\t${name}\n`).join("")}`;
}

/** Levenshtein distance. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, substitute));
    }
    row = next;
  }
  return row[b.length]!;
}
