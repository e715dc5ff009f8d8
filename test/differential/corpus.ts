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

/** Lines of a corpus, and the files that `@file NAME` … `@end` give them. */
export function linesAndFiles(text: string): { files: Record<string, string>; lines: string[] } {
  const files: Record<string, string> = {};
  const lines: string[] = [];
  let open: string | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("@file ")) {
      open = line.slice(6);
      files[open] = "";
    } else if (line === "@end") open = undefined;
    else if (open !== undefined) files[open] += `${line}\n`;
    else if (line !== "" && !line.startsWith("#")) lines.push(line);
  }
  return { files, lines };
}
