/** Completion of plugins: their names, and their words by a program beside them (kubectl pkg/cmd/plugin/plugin_completion.go). */
import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { command, subcommand } from "./commands.ts";
import { type Candidates, DEFAULT } from "./complete-words.ts";
import { compareStrings } from "./go.ts";
import { lookPath, pluginPaths } from "./plugin.ts";

/** Commands that plugins are, by the words of their names: each with the names below it. */
export type PluginTree = Map<string, PluginTree>;

/** The plugins of $PATH as commands. */
export function pluginTree(p: Process): PluginTree {
  const root: PluginTree = new Map();
  for (const path of pluginPaths(p)) {
    let at = root;
    for (const part of path
      .slice(path.lastIndexOf("/") + 1)
      .split("-")
      .slice(1)) {
      const name = part.replaceAll("_", "-");
      if (at === root && subcommand(command("")!, name) !== undefined) break;
      if (!at.has(name)) at.set(name, new Map());
      at = at.get(name)!;
    }
  }
  return root;
}

/** One line about a plugin in the list of commands. */
export function pluginWord(name: string): [string, string] {
  return [name, `The command ${name} is a plugin installed by the user`];
}

/**
 * Candidates behind a plugin's name: the plugins below it, then what `kubectl_complete-NAME` prints, whose last line may be
 * `:DIRECTIVE`. `said` is what kubectl tells of its search. Undefined when the words name no plugin.
 */
export function* completePlugin(
  p: Process,
  plugins: PluginTree,
  words: readonly string[],
  last: string,
): Gen<(Candidates & { said: string }) | undefined> {
  let at = plugins;
  const names: string[] = [];
  while (at.has(words[names.length] ?? "")) {
    const name = words[names.length]!;
    at = at.get(name)!;
    names.push(name);
  }
  if (names.length === 0) return undefined;
  const rest = words.slice(names.length);
  const below =
    rest.length === 0 && !last.startsWith("-")
      ? [...at.keys()].filter((name) => name.startsWith(last)).sort(compareStrings)
      : [];
  const name = `kubectl ${names.join(" ")}`.replaceAll("-", "_").replaceAll(" ", "-");
  const program = name.replace("-", "_complete-");
  let said = `[Debug] About to look for: ${program}\n`;
  const before = below.map(pluginWord);
  const path = lookPath(p, program);
  if (path === undefined) {
    said += `[Debug] Plugin ${name} does not provide a matching completion executable\n`;
    return { words: before, directive: DEFAULT, said };
  }
  const args = [...rest, last];
  said += `[Debug] About to call: ${path} ${args.join(" ")}\n`;
  const lines = ((yield* printed(p, path, args)) ?? "").split("\n").filter((line) => line !== "");
  const directive = /^:(-?\d+)$/.exec(lines.at(-1) ?? "");
  if (directive) lines.pop();
  return {
    words: [...before, ...lines.map((line) => [line] as const)],
    directive: directive ? Number(directive[1]) : DEFAULT,
    said,
  };
}

/** What a program prints; undefined when it fails. */
function* printed(p: Process, path: string, args: readonly string[]): Gen<string | undefined> {
  const [reader, writer] = sys.pipe();
  const fds = new Map(p.fds);
  fds.set(1, writer);
  try {
    const child = yield* sys.spawn(p, path, { argv: [path, ...args], fds });
    const fd = p.freeFd(3);
    p.setFd(fd, reader);
    const output = decode(yield* sys.readAll(p, fd));
    sys.close(p, fd);
    return exitCode((yield* sys.waitFor(p, child))!.status) === 0 ? output : undefined;
  } catch (error) {
    if (!isErrno(error)) throw error;
    return undefined;
  }
}
