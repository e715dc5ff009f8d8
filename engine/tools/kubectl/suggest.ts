import { suggestions } from "../suggest.ts";
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
  return `unknown command ${quote(word)} for "kubectl"${suggestions(word, order(), MEANT)}`;
}
