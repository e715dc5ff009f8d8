import { sha256Hex } from "../../kernel/index.ts";
import { toJson } from "./go.ts";

/** Hex digits that would make words, and what stands for them. */
const LETTERS: Record<string, string> = { "0": "g", "1": "h", "3": "k", a: "m", e: "t" };

/** Ten letters for what an object holds, as kubectl and kustomize add them to names (kubectl pkg/util/hash encodeHash). */
export function hashLetters(content: Readonly<Record<string, unknown>>): string {
  const sorted = Object.fromEntries(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1)));
  return [...sha256Hex(toJson(sorted)).slice(0, 10)].map((char) => LETTERS[char] ?? char).join("");
}
