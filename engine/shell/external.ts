import { cpu, decode, type Gen } from "../kernel/index.ts";
import { COST } from "../machine/costs.ts";
import { isErrno } from "../machine/errno.ts";
import { EXECUTE, mayAccess } from "../machine/path.ts";
import { type Process, ProcessExit } from "../machine/process.ts";
import { exec, executable, find, fork, readBytes, spawn } from "../machine/sys.ts";
import { ShellError } from "./control.ts";
import { jobText, waitForeground } from "./foreground.ts";
import { printable } from "./quote.ts";
import { runScriptFile } from "./script.ts";
import type { Shell } from "./shell.ts";
import { callFunction } from "./simple.ts";
import { resetSignals } from "./traps.ts";

/** Where a command is found in PATH; undefined when nowhere. Files that may not be executed count last. */
export function findCommand(sh: Shell, name: string, all = false): string[] {
  if (name.includes("/")) return [name];
  const out: string[] = [];
  let denied: string | undefined;
  for (const dir of (sh.standardPath ?? sh.get("PATH") ?? "").split(":")) {
    const path = `${dir === "" ? "." : dir}${dir.endsWith("/") ? "" : "/"}${name}`;
    const node = find(sh.p, path);
    if (node?.kind !== "file") continue;
    if (mayAccess(node, sh.p.cred, EXECUTE)) {
      out.push(path);
      if (!all) return out;
    } else denied ??= path;
  }
  if (out.length === 0 && denied !== undefined) out.push(denied);
  return out;
}

function resolveCommand(sh: Shell, name: string): string | undefined {
  if (sh.restricted && name.includes("/"))
    throw new ShellError(`${name}: restricted: cannot specify \`/' in command names`, "fail", 1);
  if (name.includes("/")) return name;
  const known = sh.standardPath === undefined ? sh.hashed.get(name) : undefined;
  if (known) {
    known.hits++;
    return known.path;
  }
  const path = findCommand(sh, name)[0];
  if (path !== undefined && sh.has("hashall") && sh.standardPath === undefined) sh.hashed.set(name, { path, hits: 1 });
  return path;
}

/** Words and status for a command that cannot be run. */
function cannotRun(sh: Shell, name: string, path: string, error: { code: string; message: string }): ShellError {
  const { dialect } = sh.setup;
  if (error.code === "ENOENT") {
    const bytes = find(sh.p, path)?.kind === "file" ? decode(readBytes(sh.p, path).subarray(0, 128)) : "";
    const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(bytes)?.[1];
    if (interpreter !== undefined && dialect === "bash") {
      return new ShellError(`${name}: cannot execute: required file not found`, "fail", 127);
    }
    return new ShellError(
      dialect === "bash" ? `${name}: No such file or directory` : `${name}: not found`,
      "fail",
      127,
    );
  }
  if (error.code === "EACCES" && find(sh.p, path)?.kind === "dir" && dialect === "bash")
    return new ShellError(`${name}: Is a directory`, "fail", 126);
  if (error.code === "ENOTDIR") return new ShellError(`${name}: Not a directory`, "fail", 126);
  return new ShellError(`${name}: ${error.message}`, "fail", 126);
}

function* notFound(sh: Shell, words: readonly string[]): Gen<number> {
  const handler = sh.functions.get("command_not_found_handle");
  if (handler) {
    const { command } = sh;
    yield* callFunction(sh, "command_not_found_handle", handler, ["command_not_found_handle", ...words]);
    // It runs in a process of its own, as the program would.
    sh.command = command;
    return sh.status;
  }
  const path = sh.get("PATH");
  const message =
    path === undefined && sh.setup.dialect === "bash"
      ? "No such file or directory"
      : sh.setup.dialect === "bash"
        ? "command not found"
        : "not found";
  const name = sh.setup.dialect === "bash" ? printable(words[0]!) : words[0];
  yield* sh.complain(`${name}: ${message}`);
  return 127;
}

/** True when a file looks like a program for some machine and not like a script. */
function isBinary(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(10);
  return bytes.subarray(0, end < 0 ? 80 : Math.min(end, 80)).includes(0);
}

/** The environment of a program: bash tells it its path in `_`. */
function environmentOf(sh: Shell, path: string, env: Map<string, string>): Map<string, string> {
  return sh.setup.dialect === "bash" ? new Map(env).set("_", path) : env;
}

/** `shopt -s autocd`: the name of a directory goes there. */
export function entersDirectory(sh: Shell, name: string): boolean {
  if (!sh.setup.interactive || !sh.shopts.has("autocd") || (!name.includes("/") && findCommand(sh, name).length > 0))
    return false;
  return find(sh.p, name)?.kind === "dir";
}

/** Runs a program in the foreground and waits for it. */
export function* runExternal(sh: Shell, words: readonly string[], env: Map<string, string>): Gen<number> {
  const path = words[0] === "" ? undefined : resolveCommand(sh, words[0]!);
  if (path === undefined) return yield* notFound(sh, words);
  yield* sh.settle();
  let child: Process;
  const group = sh.has("monitor") ? ({ group: "new" } as const) : {};
  try {
    child = yield* spawn(sh.p, path, { argv: words, env: environmentOf(sh, path, env), ...group });
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (error.code === "EAGAIN") throw new ShellError("fork: Resource temporarily unavailable", "exit", 254);
    if (error.code !== "ENOEXEC") {
      // A remembered path is looked up again only with `checkhash`.
      const stale = error.code === "ENOENT" && !words[0]!.includes("/") && sh.hashed.has(words[0]!);
      if (stale && (sh.shopts.has("checkhash") || (sh.has("posix") && !sh.posix))) {
        sh.hashed.delete(words[0]!);
        return yield* runExternal(sh, words, env);
      }
      throw cannotRun(sh, stale ? path : words[0]!, path, error);
    }
    const bytes = readBytes(sh.p, path);
    if (isBinary(bytes))
      throw new ShellError(`${words[0]}: cannot execute binary file: Exec format error`, "fail", 126);
    yield* cpu(COST.fork);
    child = fork(sh.p, (p) => runScriptFile(p, path, words, sh.setup.dialect), { argv: words, env, ...group });
  }
  resetSignals(sh, child, false);
  return yield* waitForeground(sh, [child], sh.simpleNode ? jobText(sh, sh.simpleNode) : () => words.join(" "));
}

/** Lets a program take over the shell's process, `env` undefined without environment. Comes back only by `ProcessExit` or with an error. */
export function* execExternal(
  sh: Shell,
  words: readonly string[],
  env: Map<string, string> | undefined,
  argv0?: string,
): Gen<void> {
  const path = words[0] === "" ? undefined : resolveCommand(sh, words[0]!);
  if (path === undefined) {
    sh.status = yield* notFound(sh, words);
    return;
  }
  yield* sh.settle();
  const argv = argv0 === undefined ? words : [argv0, ...words.slice(1)];
  try {
    executable(sh.p, path, argv);
    resetSignals(sh, sh.p, false);
    const given = env === undefined ? new Map<string, string>() : environmentOf(sh, path, env);
    // A shell that takes this one's place is at the same level.
    const level = given.get("SHLVL");
    if (level !== undefined && sh.subshellDepth === 0 && sh.setup.dialect === "bash")
      given.set("SHLVL", String(Number(level) - 1));
    yield* exec(sh.p, path, argv, given);
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (error.code !== "ENOEXEC") throw cannotRun(sh, words[0]!, path, error);
    if (isBinary(readBytes(sh.p, path)))
      throw new ShellError(`${words[0]}: cannot execute binary file: Exec format error`, "fail", 126);
    sh.p.env = new Map(env ?? []);
    throw new ProcessExit(yield* runScriptFile(sh.p, path, words, sh.setup.dialect));
  }
}
