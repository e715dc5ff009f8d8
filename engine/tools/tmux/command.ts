/** Commands of tmux: how one is looked up, given its options, and run. */
import { call, type Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import type { Client } from "./client.ts";
import { commands } from "./commands/index.ts";
import { format, type Subject } from "./format.ts";
import type { Pane, Session, Start } from "./model.ts";
import { Flags, type ParseSurroundings, parseText, TmuxError, type Words } from "./parse.ts";
import type { Server } from "./server.ts";
import { currentTarget, findTarget, type Target } from "./target.ts";

/** Who runs a command, and where. */
export interface Context {
  server: Server;
  /** The client whose key it was, or which the command looks for. */
  client: Client | undefined;
  /** The process that asked. */
  process: Process;
  /** Where it was asked from. */
  pane: Pane | undefined;
  session: Session | undefined;
  print: (line: string) => void;
  /** The session that the terminal of the process is to show once all commands have run. */
  attach?: Session | undefined;
}

export interface Command {
  name: string;
  alias?: string;
  /** getopt string. */
  options: string;
  /** Most operands; -1 for any number. */
  most: number;
  usage: string;
  run: (context: Context, flags: Flags) => Gen<void>;
}

/** The command of a name, an alias or an unambiguous beginning. */
export function findCommand(name: string): Command {
  const exact = commands.find((one) => one.name === name || one.alias === name);
  if (exact) return exact;
  const fits = commands.filter((one) => one.name.startsWith(name));
  if (fits.length === 1) return fits[0]!;
  if (fits.length === 0) throw new TmuxError(`unknown command: ${name}`);
  const names = fits.map((one) => one.name).sort();
  throw new TmuxError(`ambiguous command: ${name}, could be: ${names.join(", ")}`);
}

export function* runWords(context: Context, words: Words): Gen<void> {
  const command = findCommand(words[0]!);
  const flags = new Flags(command.name, command.options, words.slice(1), command.most);
  yield* call(command.run(context, flags));
}

export function surroundings({ server, process }: Context): ParseSurroundings {
  return {
    env: (name) => server.env.get(name) ?? process.env.get(name),
    home: process.env.get("HOME") ?? server.env.get("HOME") ?? "/",
  };
}

/** Runs a text of commands; an error ends it. */
export function* runText(context: Context, text: string): Gen<void> {
  const parsed = parseText(text, surroundings(context));
  for (const { words } of parsed) findCommand(words[0]!);
  for (const { words } of parsed) yield* runWords(context, words);
}

// ---- what commands share --------------------------------------------------------------------------------------------

export function here(context: Context): Target | undefined {
  return currentTarget(context.server, context.pane, context.session);
}

export function target(context: Context, text: string | undefined, kind: "session" | "window" | "pane"): Target {
  return findTarget(context.server, text, kind, here(context));
}

export function subject(context: Context, at: Target | undefined): Subject {
  return {
    server: context.server,
    client: context.client ?? at?.session.clients[0],
    session: at?.session,
    link: at?.link,
    pane: at?.pane,
  };
}

/** A format of `-F`, or the command's own. */
export function line(context: Context, at: Target, flags: Flags, otherwise: string): string {
  return format(flags.value("F") ?? otherwise, subject(context, at));
}

/** The client that a command is about. */
export function clientOf(context: Context, name: string | undefined): Client {
  if (name !== undefined) {
    const found = [...context.server.clients].find(({ tty }) => tty.name === name || tty.name === `/dev/${name}`);
    if (found === undefined) throw new TmuxError(`can't find client: ${name}`);
    return found;
  }
  const own =
    context.client ??
    [...context.server.clients]
      .sort((a, b) => b.usedAt - a.usedAt)
      .find((one) => context.session === undefined || one.session === context.session);
  if (own === undefined) throw new TmuxError("no current client");
  return own;
}

/** What a new pane runs, from the options of the commands that make one. */
export function startOf(context: Context, flags: Flags, at: Target | undefined, operands = flags.operands): Start {
  const env = new Map<string, string>();
  for (const pair of flags.values.get("e") ?? []) {
    const equals = pair.indexOf("=");
    if (equals > 0) env.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  const given = flags.value("c");
  const cwd = given === undefined ? undefined : format(given, subject(context, at));
  const base = context.client && at ? at.session.cwd : context.process.cwd;
  const path = cwd === undefined || cwd === "" ? base : cwd.startsWith("/") ? cwd : `${base}/${cwd}`;
  return { command: operands, cwd: path, env };
}

/** What the beginning of a command's name or alias comes to, with a blank when it is one alone. */
export function commandPrefix(typed: string): string | undefined {
  const names = commands.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
  const found = names.filter((name) => name.startsWith(typed));
  if (typed === "" || found.length === 0) return undefined;
  if (found.length === 1) return `${found[0]} `;
  let common = found[0]!;
  for (const name of found) while (!name.startsWith(common)) common = common.slice(0, -1);
  return common;
}
