import { decode, type Gen } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import { readBytes } from "../machine/sys.ts";
import { runSource } from "./execute.ts";
import { finishing } from "./fork.ts";
import type { Dialect } from "./shell.ts";
import { Source } from "./source.ts";
import { startShell } from "./start.ts";

/** Runs an executable file without a `#!` line as a script of the shell that met it. */
export function* runScriptFile(p: Process, path: string, words: readonly string[], dialect: Dialect): Gen<number> {
  const sh = startShell(p, { dialect, interactive: false, login: false });
  sh.arg0 = sh.commandName = words[0]!.includes("/") ? words[0]! : path;
  sh.positional = words.slice(1);
  const source = new Source(decode(readBytes(p, path)), sh.arg0, 1);
  sh.calls.push({ kind: "main", name: "main", file: sh.arg0, line: 0, args: sh.positional });
  return yield* finishing(
    sh,
    (function* () {
      yield* runSource(sh, source);
      return sh.status;
    })(),
  );
}
