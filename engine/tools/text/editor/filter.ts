import { decode, type Gen } from "../../../kernel/index.ts";
import { fileNode } from "../../../machine/inode.ts";
import { RegularFile } from "../../../machine/open-file.ts";
import { exitCode, type Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";

/** The shell that runs an editor's commands. */
export function shellPath(p: Process): string {
  const paths = [p.env.get("SHELL") ?? "", "/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/bash"];
  return paths.find((path) => path !== "" && sys.find(p, path)?.kind === "file") ?? "/bin/sh";
}

/** The words by which it is asked for a command. */
export const shellWords = (p: Process, command: string): string[] => [p.env.get("SHELL") || "sh", "-c", command];

/** What a shell command prints, given an input: filters, and `:r !`. */
export function* filter(p: Process, command: string, input: string): Gen<{ text: string; status: number }> {
  const [reader, writer] = sys.pipe();
  const fds = new Map(p.fds);
  fds.set(
    0,
    new RegularFile(
      fileNode(input),
      "",
      { read: true, write: false, append: false },
      () => 0,
      () => {},
    ),
  );
  fds.set(1, writer);
  fds.set(2, writer);
  const from = p.freeFd(10);
  p.setFd(from, reader);
  try {
    const child = yield* sys.spawn(p, shellPath(p), { argv: shellWords(p, command), fds });
    const text = decode(yield* sys.readAll(p, from));
    return { text, status: exitCode((yield* sys.waitFor(p, child))!.status) };
  } finally {
    p.closeFd(from);
  }
}
