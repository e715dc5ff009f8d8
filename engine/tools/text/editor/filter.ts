import type { Gen } from "../../../kernel/index.ts";
import { fileNode } from "../../../machine/inode.ts";
import { RegularFile } from "../../../machine/open-file.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { outputOf } from "../../output-of.ts";

/** The shell that runs an editor's commands. */
export function shellPath(p: Process): string {
  const paths = [p.env.get("SHELL") ?? "", "/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/bash"];
  return paths.find((path) => path !== "" && sys.find(p, path)?.kind === "file") ?? "/bin/sh";
}

/** The words by which it is asked for a command. */
export const shellWords = (p: Process, command: string): string[] => [p.env.get("SHELL") || "sh", "-c", command];

/** What a shell command prints, given an input: filters, and `:r !`. */
export function* filter(p: Process, command: string, input: string): Gen<{ text: string; status: number }> {
  const stdin = new RegularFile(
    fileNode(input),
    "",
    { read: true, write: false, append: false },
    () => 0,
    () => {},
  );
  return yield* outputOf(p, shellPath(p), shellWords(p, command), { stdin });
}
