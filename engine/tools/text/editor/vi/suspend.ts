/** Leaving the terminal to others for a while: Ctrl-Z, and commands of the shell. */
import { encode, type Gen } from "../../../../kernel/index.ts";
import { isErrno } from "../../../../machine/errno.ts";
import { exitCode } from "../../../../machine/process.ts";
import * as sys from "../../../../machine/sys.ts";
import { shellPath, shellWords } from "../filter.ts";
import type { Vi } from "./state.ts";

/** Ctrl-Z, :stop: the shell's prompt comes back, and `fg` brings the editor back. */
export function* suspend(vi: Vi): Gen<void> {
  yield* vi.terminal.suspend();
  vi.message = "";
}

/** Runs a shell command on the terminal and waits for a key (`:!`); its exit status. */
export function* runOnTerminal(vi: Vi, command: string): Gen<number> {
  const { p, terminal } = vi;
  terminal.release();
  terminal.tty.display(encode("\n"));
  let status = 0;
  try {
    const child = yield* sys.spawn(p, shellPath(vi.p), { argv: shellWords(p, command) });
    status = exitCode((yield* sys.waitFor(p, child))!.status);
    if (status !== 0) terminal.tty.display(encode(`\nshell returned ${status}\n`));
  } catch (error) {
    if (!isErrno(error)) throw error;
    terminal.tty.display(encode(`\nCannot execute shell ${shellPath(vi.p)}\n`));
  }
  return status;
}
