import { command } from "./commands.ts";
import { quote } from "./go.ts";

/** Words that are no command but mean one. */
const MEANT: Record<string, readonly string[]> = { get: ["list", "ps"], wait: ["list", "ps"], delete: ["rm"] };

/** Commands of kubectl in the order in which they are made, which is that of suggestions. */
function order(): string[] {
  const names = command("")!.subcommands.filter((name) => !LAST.includes(name));
  return [...names, ...LAST];
}

const LAST = ["config", "plugin", "version", "api-versions", "api-resources", "options"];

/** `unknown command "x" for "kubectl"` and what it may have been (cobra SuggestionsFor). */
export function unknownCommand(word: string): string {
  const typed = word.toLowerCase();
  const close = order().filter((name) => {
    if (distance(typed, name) <= 2 || name.startsWith(typed)) return true;
    return MEANT[name]?.includes(typed) ?? false;
  });
  const text = `unknown command ${quote(word)} for "kubectl"`;
  if (close.length === 0) return text;
  return `${text}\n\nDid you mean this?\n${close.map((name) => `\t${name}\n`).join("")}`;
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
