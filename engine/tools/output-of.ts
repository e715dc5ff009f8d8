import { decode, type Gen } from "../kernel/index.ts";
import type { OpenFile } from "../machine/open-file.ts";
import { exitCode, type Process } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";

/**
 * What a program writes on its standard output and error, and its exit status. Standard input is that of `p`, or
 * `stdin`. Throws Errno when it cannot be run.
 */
export function* outputOf(
  p: Process,
  path: string,
  argv: readonly string[],
  { stdin, cwd }: { stdin?: OpenFile; cwd?: string } = {},
): Gen<{ text: string; status: number }> {
  const [reader, writer] = sys.pipe();
  const fds = new Map<number, OpenFile>([
    [1, writer],
    [2, writer],
  ]);
  const input = stdin ?? p.fds.get(0);
  if (input) fds.set(0, input);
  const fd = p.freeFd(10);
  p.setFd(fd, reader);
  try {
    const child = yield* sys.spawn(p, path, { argv, fds, ...(cwd !== undefined && { cwd }) });
    fds.clear();
    const text = decode(yield* sys.readAll(p, fd));
    const ended = yield* sys.waitFor(p, child);
    return { text, status: ended ? exitCode(ended.status) : 0 };
  } finally {
    p.closeFd(fd);
  }
}
