/** Programs that kubectl starts on its own machine: diff, editors. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Invocation } from "./invocation.ts";

/** Runs a program of $PATH with kubectl's own descriptors: its exit status, or Go's words for why it did not start. */
export function* runProgram(k: Invocation, argv: readonly string[]): Gen<number | string> {
  yield* k.flush();
  const [name] = argv as [string];
  const dirs = name.includes("/") ? [""] : (k.p.env.get("PATH") ?? "").split(":").map((dir) => `${dir || "."}/`);
  const path = dirs.map((dir) => dir + name).find((file) => sys.find(k.p, file)?.kind === "file");
  if (path === undefined) {
    return name.includes("/") ? `fork/exec ${name}: no such file or directory` : "executable file not found in $PATH";
  }
  try {
    const child = yield* sys.spawn(k.p, path, { argv });
    return exitCode((yield* sys.waitFor(k.p, child))!.status);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return `fork/exec ${path}: ${error.message.toLowerCase()}`;
  }
}

/** A name as os.CreateTemp and os.MkdirTemp make it: ten random digits at the star. */
export function tempName(k: Invocation, before: string, after = ""): string {
  const dir = k.p.env.get("TMPDIR") || "/tmp";
  const digits = k.p.machine.kernel.random("kubectl-temp").int(1_000_000_000, 4_294_967_295);
  return `${dir}/${before}${digits}${after}`;
}

/** Removes a directory of plain files. */
export function removeDirectory(k: Invocation, dir: string): void {
  for (const name of sys.readDir(k.p, dir).keys()) sys.unlink(k.p, `${dir}/${name}`);
  sys.rmdir(k.p, dir);
}
