/** Leaving the terminal to others for a while: Ctrl-Z, and commands of the shell. */
import { cpu, decode, encode, type Gen } from "../../../../kernel/index.ts";
import { isErrno } from "../../../../machine/errno.ts";
import { fileNode } from "../../../../machine/inode.ts";
import { RegularFile } from "../../../../machine/open-file.ts";
import { exitCode } from "../../../../machine/process.ts";
import * as sys from "../../../../machine/sys.ts";
import type { Vi } from "./state.ts";

/** Ctrl-Z, :stop: the shell's prompt comes back, and `fg` brings the editor back. */
export function* suspend(vi: Vi): Gen<void> {
  vi.terminal.release();
  vi.p.machine.signalGroup(vi.p.group, "TSTP");
  yield* cpu(0);
  vi.terminal.take();
}

/** Runs a shell command on the terminal and waits for a key (`:!`); its exit status. */
export function* runOnTerminal(vi: Vi, command: string): Gen<number> {
  const { p, terminal } = vi;
  terminal.release();
  terminal.tty.display(encode("\n"));
  let status = 0;
  try {
    const child = yield* sys.spawn(p, shellPath(vi), { argv: ["sh", "-c", command] });
    status = exitCode((yield* sys.waitFor(p, child))!.status);
    if (status !== 0) terminal.tty.display(encode(`\nshell returned ${status}\n`));
  } catch (error) {
    if (!isErrno(error)) throw error;
    terminal.tty.display(encode(`\nCannot execute shell ${shellPath(vi)}\n`));
  }
  return status;
}

function shellPath(vi: Vi): string {
  return (
    ["/bin/bash", "/bin/sh", "/usr/bin/bash", "/usr/bin/sh"].find((path) => sys.find(vi.p, path)?.kind === "file") ??
    "/bin/sh"
  );
}

/** What a shell command prints, given an input: filters, and `:r !`. */
export function* filter(vi: Vi, command: string, input: string): Gen<{ text: string; status: number }> {
  const { p } = vi;
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
    const child = yield* sys.spawn(p, shellPath(vi), { argv: ["sh", "-c", command], fds });
    const text = decode(yield* sys.readAll(p, from));
    return { text, status: exitCode((yield* sys.waitFor(p, child))!.status) };
  } finally {
    p.closeFd(from);
  }
}
