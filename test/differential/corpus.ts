import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Case {
  /** `file.txt:12`. */
  name: string;
  command: string;
}

/** Lines of every *.txt in a folder: one command a line, `#` comments and blank lines passed over. */
export function corpus(folder: string): Map<string, Case[]> {
  const out = new Map<string, Case[]>();
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".txt"))
    .sort()) {
    const cases: Case[] = [];
    readFileSync(join(folder, file), "utf8")
      .split("\n")
      .forEach((line, number) => {
        if (line.trim() !== "" && !line.startsWith("#")) cases.push({ name: `${file}:${number + 1}`, command: line });
      });
    out.set(file, cases);
  }
  return out;
}
