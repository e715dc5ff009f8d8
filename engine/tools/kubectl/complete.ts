/** cobra's `__complete` (completions.go): what may stand where the cursor is, one candidate a line, then `:` and a directive. */
import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { type Command, command, type FlagDef, findFlag, findShorthand, localFlags, shortText } from "./commands.ts";
import { flagNames, requiredFlags } from "./complete-flags.ts";
import { completePlugin, type PluginTree, pluginTree, pluginWord } from "./complete-plugin.ts";
import {
  argumentsOf,
  type Candidates,
  DEFAULT,
  FILE_EXTENSIONS,
  NO_FILES,
  NO_SPACE,
  valuesOf,
} from "./complete-words.ts";
import { type Flags, findCommand, parseFlags, UsageError, wordsWithoutFlags } from "./flags.ts";
import { compareStrings } from "./go.ts";
import { Invocation } from "./invocation.ts";

/** What a line comes to: candidates, and what cobra says about the line on the way. */
interface Answer extends Candidates {
  said?: string;
  /** `options` prints everything on stdout. */
  oneStream?: boolean;
}

/** The program behind `kubectl __complete WORDS… LAST`. */
export function* complete(p: Process, words: readonly string[]): Gen<number> {
  const k = new Invocation(p, parseFlags("", []));
  const line = words.slice(1);
  if (line.length === 0) {
    k.err("error: requires at least 1 arg(s), only received 0\n");
    yield* k.flush();
    return 1;
  }
  const answer = yield* answerTo(p, line);
  const bare = withoutDescriptions(p, words[0]!);
  k.err(answer.said ?? "");
  for (const [word, description] of answer.words) {
    const shown = bare || !description ? word.split("\t")[0]! : `${word}\t${description}`;
    k.out(`${shown.split("\n")[0]!.trim()}\n`);
  }
  k.out(`:${answer.directive}\n`);
  const end = `Completion ended with directive: ${directiveNames(answer.directive)}\n`;
  if (answer.oneStream) k.out(end);
  else k.err(end);
  yield* k.flush();
  return 0;
}

function withoutDescriptions(p: Process, request: string): boolean {
  if (request === "__completeNoDesc") return true;
  const asked = p.env.get("KUBECTL_COMPLETION_DESCRIPTIONS") || p.env.get("COBRA_COMPLETION_DESCRIPTIONS") || "";
  return ["0", "f", "F", "false", "FALSE", "False"].includes(asked);
}

function directiveNames(directive: number): string {
  const names: string[] = [];
  if (directive & 1) names.push("ShellCompDirectiveError");
  if (directive & NO_SPACE) names.push("ShellCompDirectiveNoSpace");
  if (directive & NO_FILES) names.push("ShellCompDirectiveNoFileComp");
  if (directive & FILE_EXTENSIONS) names.push("ShellCompDirectiveFilterFileExt");
  if (directive & 16) names.push("ShellCompDirectiveFilterDirs");
  if (directive & 32) names.push("ShellCompDirectiveKeepOrder");
  return names.length > 0 ? names.join(", ") : "ShellCompDirectiveDefault";
}

function* answerTo(p: Process, line: readonly string[]): Gen<Answer> {
  const last = line.at(-1)!;
  const before = line.slice(0, -1);
  const found = findCommand(before);
  const plugins = pluginsFor(p, line);
  let said = "";
  if (found.command.path === "") {
    const [word] = wordsWithoutFlags("", found.rest);
    if (word === "help")
      return helpTopics(
        found.rest.filter((one) => one !== "help"),
        last,
      );
    if (line.length > 1 && !line[0]!.startsWith("-") && word !== undefined) {
      // A plugin knows nothing of kubectl's own flags.
      said = "[Debug] Cleared global flags for plugin completion\n";
      const answer = yield* completePlugin(p, plugins, before, last);
      if (answer) return { ...answer, said: said + answer.said };
    }
    if (word !== undefined) return failure(`unable to find a command for arguments: [${before.join(" ")}]`, said);
  }
  return yield* ofCommand(p, found.command, found.rest, last, plugins);
}

/** The plugins that a line may be about: those of a first word that is typed, or is no command. */
function pluginsFor(p: Process, line: readonly string[]): PluginTree {
  const [first = ""] = line;
  const known = command("")!.subcommands.includes(first);
  return first.startsWith("-") || (line.length > 1 && known) ? new Map() : pluginTree(p);
}

function failure(what: string, said = ""): Answer {
  return { words: [], directive: DEFAULT, said: `${said}[Debug] [Error] ${what}\n` };
}

/** What `help` may be asked about. */
function helpTopics(words: readonly string[], last: string): Answer {
  const { command: about, rest } = findCommand(words);
  const none = about.path === "" && wordsWithoutFlags("", rest).length > 0;
  return { words: none ? [] : subcommandNames(about, last), directive: NO_FILES };
}

function subcommandNames(found: Command, prefix: string, plugins: Iterable<string> = []): [string, string][] {
  const own = [...found.subcommands, ...(found.path === "" ? ["help"] : [])];
  const named: [string, string][] = own.map((name) => [
    name,
    name === "help" ? "Help about any command" : shortText(found.path === "" ? name : `${found.path} ${name}`),
  ]);
  for (const name of plugins) named.push(pluginWord(name));
  return named.filter(([name]) => name.startsWith(prefix)).sort(([a], [b]) => compareStrings(a, b));
}

/** A flag whose value is being typed, and what is left of the line then. */
interface Asked {
  flag?: FlagDef;
  rest: readonly string[];
  word: string;
  unknown?: string;
}

function flagOf(path: string, name: string): FlagDef | undefined {
  return name.length === 1 ? findShorthand(path, name) : findFlag(path, name.replace(/_/g, "-"));
}

/** cobra's checkIfFlagCompletion. */
function askedFlag(path: string, rest: readonly string[], last: string): Asked {
  const equals = last.startsWith("-") ? last.indexOf("=") : -1;
  if (last.startsWith("-") && equals < 0) return { rest, word: last };
  let name = "";
  let word = last;
  if (equals >= 0) {
    name = last.slice(0, equals).startsWith("--") ? last.slice(2, equals) : last.slice(equals - 1, equals);
    word = last.slice(equals + 1);
  }
  let trimmed = rest;
  const previous = rest.at(-1) ?? "";
  if (name === "" && /^(--.|-[^-])/s.test(previous) && !previous.includes("=")) {
    name = previous.startsWith("--") ? previous.slice(2) : previous.slice(-1);
    trimmed = rest.slice(0, -1);
  }
  if (name === "") return { rest: trimmed, word };
  const flag = flagOf(path, name);
  if (flag === undefined) return { rest, word: last, unknown: name };
  // What stands after a flag that needs no value is a word of its own.
  return equals < 0 && flag.bare !== undefined ? { rest, word } : { flag, rest: trimmed, word };
}

function* ofCommand(
  p: Process,
  found: Command,
  words: readonly string[],
  last: string,
  plugins: PluginTree,
): Gen<Answer> {
  const { path } = found;
  const { flag, rest, word, unknown } = askedFlag(path, words, last);
  let flags: Flags;
  try {
    flags = parseFlags(path, rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return failure(`Error while parsing flags from args [${rest.join(" ")}]: ${error.message}`);
  }
  // After `--` nothing is a flag.
  const flagsEnd = flags.dash >= 0;
  if (unknown !== undefined && !flagsEnd)
    return failure(`Subcommand '${path.split(" ").at(-1) || "kubectl"}' does not support flag '${unknown}'`);
  if (flags.changed("help")) return { words: [], directive: NO_FILES };
  const k = new Invocation(p, flags);
  if (flag && !flagsEnd) {
    if (flag.name === "filename") return { words: [["json"], ["yaml"], ["yml"]], directive: FILE_EXTENSIONS };
    return yield* valuesOf(k, flag, word);
  }
  if (!flag && word.startsWith("-") && !word.includes("=") && !flagsEnd) {
    const required = requiredFlags(flags, word);
    return { words: required.length > 0 ? required : flagNames(flags, word), directive: NO_FILES };
  }
  if (flag) return yield* ofArguments(k, found, word, [], DEFAULT);
  const named: (readonly [string, string?])[] = [];
  const { args } = flags;
  let directive = DEFAULT;
  const ownFlags = path !== "" && localFlags(path).some(({ name }) => flags.changed(name));
  if (args.length === 0 && !ownFlags && found.subcommands.length > 0) {
    named.push(...subcommandNames(found, word, path === "" ? plugins.keys() : []));
    directive = NO_FILES;
  }
  named.push(...requiredFlags(flags, word));
  const all = yield* ofArguments(k, found, word, named, directive);
  return { ...all, oneStream: path === "options" };
}

/** Candidates of a command's arguments after others. */
function* ofArguments(
  k: Invocation,
  found: Command,
  word: string,
  before: Candidates["words"],
  directive: number,
): Gen<Candidates> {
  const own = yield* argumentsOf(k, found.path, word);
  // What the server warned of.
  yield* k.flush();
  return own === undefined
    ? { words: before, directive }
    : { words: [...before, ...own.words], directive: own.directive };
}
