/** Plugins: programs of $PATH whose names begin with `kubectl-` (kubectl pkg/cmd/plugin). */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { EXECUTE, mayAccess } from "../../machine/path.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Command, command, subcommand } from "./commands.ts";
import { Exit, KubectlError } from "./errors.ts";
import { type Found, wordsWithoutFlags } from "./flags.ts";
import { quote } from "./go.ts";
import { goErrno } from "./go-errno.ts";
import type { Invocation } from "./invocation.ts";

function searchPath(p: Process): string[] {
  return [...new Set((p.env.get("PATH") ?? "").split(":"))].filter((dir) => dir.trim() !== "");
}

/** Paths of all files that are named as plugins are, in the order of $PATH; `skipped` is told what cannot be read. */
export function pluginPaths(p: Process, skipped: (dir: string, why: string) => void = () => {}): string[] {
  const found: string[] = [];
  for (const dir of searchPath(p)) {
    let entries: ReturnType<typeof sys.readDir>;
    try {
      entries = sys.readDir(p, dir);
    } catch (error) {
      if (!isErrno(error)) throw error;
      const call = error.code === "ENOTDIR" ? "readdirent" : "open";
      skipped(dir, `${call} ${dir}: ${goErrno(error.code, error.message)}`);
      continue;
    }
    for (const name of [...entries.keys()].sort()) {
      if (name.startsWith("kubectl-") && entries.get(name)!.kind !== "dir") {
        found.push(`${dir.replace(/\/$/, "")}/${name}`);
      }
    }
  }
  return found;
}

/** The program of $PATH that a name means (Go's exec.LookPath); undefined when there is none. */
export function lookPath(p: Process, name: string): string | undefined {
  return searchPath(p)
    .map((dir) => `${dir.replace(/\/$/, "")}/${name}`)
    .find((path) => {
      const node = sys.find(p, path);
      return node?.kind === "file" && mayAccess(node, p.cred, EXECUTE);
    });
}

/** What is wrong with a plugin (CommandOverrideVerifier). */
function problemsOf(p: Process, path: string, seen: Map<string, string>): string[] {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const problems: string[] = [];
  const node = sys.find(p, path);
  if (node === undefined) {
    problems.push(`error: unable to identify ${path} as an executable file: stat ${path}: no such file or directory`);
  } else if ((node.mode & 0o111) === 0) {
    problems.push(`warning: ${path} identified as a kubectl plugin, but it is not executable`);
  }
  const before = seen.get(name);
  if (before === undefined) seen.set(name, path);
  else problems.push(`warning: ${path} is overshadowed by a similarly named plugin: ${before}`);
  let overwritten: Command | undefined;
  for (const word of name.split("-").slice(1)) {
    const next = subcommand(overwritten ?? command("")!, word);
    if (next === undefined) break;
    overwritten = next;
  }
  if (overwritten)
    problems.push(`warning: ${name} overwrites existing command: ${quote(`kubectl ${overwritten.path}`)}`);
  return problems;
}

/** kubectl plugin list. */
export function* pluginList(k: Invocation): Gen<number> {
  const found = pluginPaths(k.p, (dir, why) => {
    k.err(`Unable to read directory ${quote(dir)} from your PATH: ${why}. Skipping...\n`);
  });
  if (found.length === 0) throw new KubectlError("unable to find any kubectl plugins in your PATH");
  k.out("The following compatible plugins are available:\n\n");
  const seen = new Map<string, string>();
  let warnings = 0;
  for (const path of found) {
    k.out(`${k.flags.bool("name-only") ? path.slice(path.lastIndexOf("/") + 1) : path}\n`);
    for (const problem of problemsOf(k.p, path, seen)) {
      k.err(`  - ${problem}\n`);
      warnings++;
    }
  }
  if (warnings === 0) return 0;
  throw new KubectlError(
    warnings === 1 ? "one plugin warning was found\n" : `${warnings} plugin warnings were found\n`,
  );
}

/**
 * Becomes the plugin that the words of a line name, the longest name first (HandlePluginCommand); undefined when there is
 * none. Beside kubectl's own commands only `create` takes plugins, as its subcommands.
 */
export function* becomePlugin(
  k: Invocation,
  words: readonly string[],
  { command: known, rest }: Found,
): Gen<number | undefined> {
  const first = rest[0] ?? "";
  const under = known.path === "create" && first !== "" && !first.startsWith("-");
  if (known.path !== "" && !under) return undefined;
  const names: string[] = [];
  for (const word of words) {
    if (word.startsWith("-")) break;
    names.push(word.replaceAll("-", "_"));
  }
  if (known.path === "" && names.length === 0 && wordsWithoutFlags("", rest).length > 0) {
    throw new Exit(1, `Error: flags cannot be placed before plugin name: ${words[0]}\n`);
  }
  for (const least = under ? words.length - rest.length + 1 : 1; names.length >= least; names.pop()) {
    const path = lookPath(k.p, `kubectl-${names.join("-")}`);
    if (path === undefined) continue;
    try {
      return yield* sys.exec(k.p, path, [path, ...words.slice(names.length)]);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Exit(1, `Error: ${error.message.toLowerCase()}\n`);
    }
  }
  return undefined;
}
