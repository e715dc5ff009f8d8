/** tmux(1), as 3.5a has it: sessions that outlive the terminal, windows, panes, and the commands that rule them. */
import { call, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { socketNode } from "../../machine/inode.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Client } from "./client.ts";
import { type Context, findCommand, runWords } from "./command.ts";
import { sourceFile } from "./commands/misc.ts";
import { parseArgv, TmuxError, type Words } from "./parse.ts";
import { Server, serverAt } from "./server.ts";

const USAGE =
  "usage: tmux [-2CDlNuVv] [-c shell-command] [-f file] [-L socket-name]\n            [-S socket-path] [-T features] [command [flags]]\n";

/** Commands that start a server when there is none (CMD_STARTSERVER). */
const STARTS = new Set(["new-session", "attach-session", "start-server", "kill-server"]);

interface Invocation {
  socket: string;
  config: string[] | undefined;
  commands: Words[];
}

export const tmux: Program = function* (p) {
  const invocation = readArguments(p);
  if (typeof invocation === "string") {
    if (invocation === "version") yield* sys.print(p, "tmux 3.5a\n");
    else yield* sys.printError(p, `tmux: ${invocation}\n${USAGE}`);
    return invocation === "version" ? 0 : 1;
  }
  try {
    return yield* call(run(p, invocation));
  } catch (error) {
    if (!(error instanceof TmuxError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return 1;
  }
};

/** What is asked for; `version`, or what is wrong with it in getopt's words. */
function readArguments(p: Process): Invocation | string {
  const directory = `${p.env.get("TMUX_TMPDIR") || "/tmp"}/tmux-${p.cred.uid}`;
  let socket = p.env.get("TMUX")?.split(",")[0] || `${directory}/default`;
  let config: string[] | undefined;
  const args = p.argv.slice(1);
  let i = 0;
  for (; i < args.length && args[i]!.startsWith("-") && args[i] !== "--"; i++) {
    const arg = args[i]!;
    for (let k = 1; k < arg.length; k++) {
      const flag = arg[k]!;
      if ("2CDlNuv".includes(flag)) continue;
      if (flag === "V") return "version";
      if (!"cfLST".includes(flag)) return `unknown option -- ${flag}`;
      const value = arg.slice(k + 1) || args[++i];
      if (value === undefined) return `option requires an argument -- ${flag}`;
      if (flag === "L") socket = `${directory}/${value}`;
      else if (flag === "S") socket = value.startsWith("/") ? value : `${p.cwd}/${value}`;
      else if (flag === "f") (config ??= []).push(value);
      break;
    }
  }
  const commands = parseArgv(args.slice(i));
  return { socket, config, commands: commands.length > 0 ? commands : [["new-session"]] };
}

/** The server's socket in the file tree, made with its directory. */
function makeSocket(p: Process, socket: string): void {
  const directory = socket.slice(0, socket.lastIndexOf("/"));
  try {
    if (sys.find(p, directory) === undefined) sys.mkdir(p, directory, 0o700);
    if (sys.find(p, socket) === undefined)
      sys.link(p, socket, socketNode({ mode: 0o660, uid: p.cred.uid, gid: p.cred.gid, time: p.machine.kernel.now }));
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new TmuxError(`error creating ${socket} (${error.message})`);
  }
}

function* run(p: Process, { socket, config, commands }: Invocation): Gen<number> {
  let server = serverAt(p.machine, socket);
  let begun = false;
  if (server === undefined) {
    const first = commands[0]![0]!;
    let starts = false;
    try {
      starts = STARTS.has(findCommand(first).name);
    } catch (error) {
      if (!(error instanceof TmuxError)) throw error;
    }
    if (!starts || findCommand(first).name === "kill-server") {
      const exists = sys.find(p, socket) !== undefined;
      throw new TmuxError(
        exists ? `no server running on ${socket}` : `error connecting to ${socket} (No such file or directory)`,
      );
    }
    makeSocket(p, socket);
    server = Server.begin(p, socket);
    begun = true;
  }
  const inside = /^(.*),\d+,\d+$/.exec(p.env.get("TMUX") ?? "")?.[1] === socket;
  const paneId = inside ? p.env.get("TMUX_PANE") : undefined;
  const context: Context = {
    server,
    client: undefined,
    process: p,
    pane: server.sorted
      .flatMap((one) => one.links.flatMap(({ window }) => window.panes))
      .find((pane) => `%${pane.id}` === paneId),
    session: undefined,
    print: () => {},
  };
  const out: string[] = [];
  context.print = (line) => out.push(line);
  if (begun) yield* configure(context, config);
  try {
    for (const words of commands) {
      const { name } = findCommand(words[0]!);
      if (p.env.get("TMUX") && (name === "attach-session" || (name === "new-session" && !words.includes("-d"))))
        throw new TmuxError("sessions should be nested with care, unset $TMUX to force");
      yield* runWords(context, words);
      for (const line of out.splice(0)) yield* sys.print(p, `${line}\n`);
    }
  } finally {
    // A server that came to hold nothing does not stay.
    if (server.sessions.size === 0 && server.options.get("exit-empty") !== "off" && begun) server.stop();
  }
  if (context.attach === undefined) return 0;
  const tty = p.fds.get(0)?.tty;
  if (tty === undefined) throw new TmuxError("open terminal failed: not a terminal");
  const { text, status } = yield* call(new Client(server, p, tty).attach(context.attach));
  if (text !== "") yield* sys.print(p, `[${text}]\n`);
  return status;
}

/** Reads /etc/tmux.conf and the user's, or those of -f. */
function* configure(context: Context, config: string[] | undefined): Gen<void> {
  const home = context.process.env.get("HOME") ?? "";
  const files = config ?? ["/etc/tmux.conf", `${home}/.tmux.conf`, `${home}/.config/tmux/tmux.conf`];
  for (const file of files) {
    try {
      const errors = yield* sourceFile(context, file, file);
      context.server.messages.push(...errors);
      for (const error of errors) context.server.problems.push(error);
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (config !== undefined) context.server.problems.push(`${file}: ${error.message}`);
    }
  }
}
