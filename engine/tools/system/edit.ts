import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";

/** Opens the editor that one of these variables names, else nano or vi; its exit status. */
export function* runEditor(
  p: Process,
  path: string,
  variables: readonly string[],
  options: readonly string[] = [],
): Gen<number> {
  const named = variables.map((name) => p.env.get(name)).find((value) => value);
  const words = (named ?? "/usr/bin/nano").split(" ").filter(Boolean);
  const name = words[0]!;
  const dirs = name.includes("/") ? [""] : ["/usr/local/bin/", "/usr/bin/", "/bin/"];
  const file = dirs.map((dir) => dir + name).find((one) => sys.find(p, one)?.kind === "file") ?? "/usr/bin/vi";
  try {
    const child = yield* sys.spawn(p, file, { argv: [...words, ...options, path] });
    return exitCode((yield* sys.waitFor(p, child))!.status);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return 127;
  }
}
