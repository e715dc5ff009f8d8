import { cpu, type Gen } from "../../kernel/index.ts";
import { COST } from "../../machine/costs.ts";
import type { Process, Program } from "../../machine/process.ts";
import { DEPRECATED, helpText } from "./commands.ts";
import { complete } from "./complete.ts";
import { asksFirst } from "./config-order.ts";
import { answersIn, Exit, errorText, isExpected, KubectlError } from "./errors.ts";
import { type Flags, findCommand, parseFlags, UsageError, wordsWithoutFlags } from "./flags.ts";
import { quote } from "./go.ts";
import { Invocation } from "./invocation.ts";
import { verbose } from "./klog.ts";
import { becomePlugin } from "./plugin.ts";
import { runners } from "./runners.ts";
import { unknownCommand } from "./suggest.ts";

/** kubectl 1.32.3. */
export const kubectl: Program = function* kubectl(p) {
  const words = p.argv.slice(1);
  // Controllers get as far meanwhile as they do beside the real one: a new namespace has its ServiceAccount.
  yield* cpu(COST.kubectl);
  if (words[0] === "__complete" || words[0] === "__completeNoDesc") return yield* complete(p, words);
  const k = new Invocation(p, parseFlags("", []));
  let status: number;
  try {
    status = yield* main(p, k, words);
  } catch (error) {
    if (!(isExpected(error) || error instanceof Exit || error instanceof UsageError)) throw error;
    k.err(errorText(error));
    status = error instanceof Exit ? error.code : 1;
  }
  yield* k.flush();
  return status;
};

function* main(p: Process, top: Invocation, words: readonly string[]): Gen<number> {
  if (words[0] === "help") return help(top, words.slice(1));
  const found = findCommand(words);
  const plugin = yield* becomePlugin(top, words, found);
  if (plugin !== undefined) return plugin;
  const { command, rest } = found;
  const { path } = command;
  if (path === "") {
    const [first] = wordsWithoutFlags("", rest);
    if (first === "alpha") {
      top.err("No alpha commands are available in this version of kubectl\n");
      return 0;
    }
    if (first !== undefined) throw new KubectlError(unknownCommand(first));
  }
  let flags: Flags;
  try {
    flags = parseFlags(path, rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const name = `kubectl${path === "" ? "" : ` ${path}`}`;
    if (path === "diff") throw new Exit(2, `error: ${error.message}\nSee 'kubectl diff -h' for help and examples`);
    throw new KubectlError(
      path === "options"
        ? `${error.message}\nRun '${name}' without flags.`
        : `${error.message}\nSee '${name} --help' for usage.`,
    );
  }
  for (const { name } of flags.given) {
    if (DEPRECATED[name] !== undefined) top.err(`Flag --${name} has been deprecated, ${DEPRECATED[name]}\n`);
  }
  yield* top.flush();
  if (flags.bool("help")) {
    top.out(helpText(path));
    return 0;
  }
  const run = runners[path];
  const k = new Invocation(p, flags);
  if (run === undefined) {
    if (command.subcommands.length > 0 || path === "") return defaultSubcommand(top, path, flags);
    throw new KubectlError(`kubectl ${path} is not supported`);
  }
  try {
    const first = asksFirst(path);
    if (first !== undefined) k.lookAhead(first === "client");
    yield* k.takePipes(rest);
    const status = yield* run(k);
    const warnings = k.warned.size;
    if (status !== 0 || warnings === 0 || !flags.has("warnings-as-errors") || !flags.bool("warnings-as-errors")) {
      return status;
    }
    throw new KubectlError(`${warnings} warning${warnings === 1 ? "" : "s"} received`);
  } catch (error) {
    if (!isExpected(error) && !(error instanceof Exit)) throw error;
    for (const { status } of answersIn(error)) {
      verbose(k, 4, "helpers.go:246", `server response object: %s[${JSON.stringify(status, null, 2)}]`);
    }
    yield* k.flush();
    throw error;
  } finally {
    yield* k.flush();
  }
}

/** Where a command without its subcommand prints its help, and its status. */
const BARE: Record<string, readonly [fd: 1 | 2, status: number]> = {
  "create secret": [2, 1],
  "create service": [2, 1],
  plugin: [2, 1],
  set: [2, 1],
  auth: [2, 1],
  config: [2, 1],
  rollout: [1, 1],
  top: [2, 1],
};

/** Commands whose answer to a word that they do not know is their help all the same (cobra Command.Help). */
const HELPFUL = ["", "certificate"];

/** A command that only has subcommands prints its help, or complains about the word it does not know. */
function defaultSubcommand(k: Invocation, path: string, flags: Flags): number {
  if (flags.args.length > 0 && !HELPFUL.includes(path)) {
    throw new KubectlError(
      `unknown command ${quote(flags.args.join(" "))}\nSee 'kubectl ${path} -h' for help and examples`,
    );
  }
  const [fd, status] = BARE[path] ?? [1, 0];
  if (fd === 2) k.err(helpText(path));
  else k.out(helpText(path));
  return status;
}

function help(k: Invocation, words: readonly string[]): number {
  const { command, rest } = findCommand(words);
  const [unknown] = wordsWithoutFlags(command.path, rest);
  if (unknown !== undefined && command.path === "") {
    k.err(
      `Unknown help topic [${words.map((word) => `\`${word}\``).join(" ")}]\n${UNKNOWN_TOPIC_GAP}${usageOf(helpText(""))}`,
    );
    return 0;
  }
  k.out(helpText(command.path));
  return 0;
}

const UNKNOWN_TOPIC_GAP = "\n\n";

/** A help text from its list of commands on. */
function usageOf(text: string): string {
  return text.slice(text.indexOf("Basic Commands"));
}
