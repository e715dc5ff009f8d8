/** Messages, configuration files, shell commands, channels, the clock. */

import { type Gen, WaitQueue, wait } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import { calendar, strftime } from "../../../text/time.ts";
import { outputOf } from "../../output-of.ts";
import { type Command, type Context, here, runText, runWords, subject, surroundings, target } from "../command.ts";
import { format } from "../format.ts";
import { type Mode, textLines } from "../mode.ts";
import { parseText, TmuxError } from "../parse.ts";

/** Where a command's programs run: the session's directory, or that of who asks from outside of one. */
function directory(context: Context): string {
  return context.client?.session?.cwd ?? context.process.cwd;
}

/** Output and status of a shell command. */
function* shell(context: Context, command: string, cwd = directory(context)): Gen<{ text: string; status: number }> {
  const { process } = context;
  const stdin = sys.openFile(process, "/dev/null", { read: true });
  return yield* outputOf(process, "/bin/sh", ["sh", "-c", command], { stdin, cwd });
}

/** Runs a file's commands; errors are given back, with their places where `at` says how the file is to be called. */
export function* sourceFile(context: Context, path: string, at: string): Gen<string[]> {
  const errors: string[] = [];
  const text = sys.readText(context.process, path);
  let parsed: ReturnType<typeof parseText>;
  try {
    parsed = parseText(text, surroundings(context));
  } catch (error) {
    if (!(error instanceof TmuxError)) throw error;
    return [`${at || path}:${error.message}`];
  }
  for (const { line, words } of parsed) {
    if (words[0]!.startsWith("%")) continue;
    const assignment = /^([A-Za-z_]\w*)=(.*)$/.exec(words[0]!);
    if (assignment && words.length === 1) {
      context.server.env.set(assignment[1]!, assignment[2]!);
      continue;
    }
    try {
      yield* runWords(context, words);
    } catch (error) {
      if (!(error instanceof TmuxError)) throw error;
      errors.push(at === "" ? error.message : `${at}:${line}: ${error.message}`);
    }
  }
  return errors;
}

class ClockMode implements Mode {
  readonly name = "clock-mode";
  private readonly context: Context;

  constructor(context: Context) {
    this.context = context;
  }

  view(columns: number, rows: number) {
    const time = strftime("%H:%M", calendar(this.context.server.seconds));
    const lines = textLines("\n".repeat(rows));
    lines[rows >> 1] = textLines(time.padStart((columns + time.length) >> 1))[0]!;
    return { lines, row: 0, column: 0, cursor: false };
  }

  *key(): Gen<void> {
    const at = here(this.context);
    if (at) at.pane.mode = undefined;
    this.context.server.changed();
  }

  resized(): void {}
}

const INFO = "[#{session_name}] #{window_index}:#{window_name}, current pane #{pane_index} - (%H:%M %d-%b-%y)";

export const miscCommands: readonly Command[] = [
  {
    name: "display-message",
    alias: "display",
    options: "aCc:d:lINpt:F:v",
    most: 1,
    usage: "[-aIlNpv] [-c target-client] [-d delay] [-F format] [-t target-pane] [message]",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "pane");
      const own = flags.operands[0] ?? flags.value("F") ?? INFO;
      const text = flags.has("l") ? own : format(own, subject(context, at), true);
      if (flags.has("p")) context.print(text);
      else {
        const client = context.client ?? [...context.server.clients].find((one) => one.session === at.session);
        if (client) client.tell(text, flags.has("d") ? Number(flags.value("d")) : undefined);
      }
      context.server.messages.push(text);
    },
  },
  {
    name: "show-messages",
    alias: "showmsgs",
    options: "JTt:",
    most: 0,
    usage: "[-JT] [-t target-client]",
    *run(context) {
      if (!context.client) throw new TmuxError("no current client");
      for (const text of context.server.messages) context.print(text);
    },
  },
  {
    name: "source-file",
    alias: "source",
    options: "t:Fnqv",
    most: -1,
    usage: "[-Fnqv] [-t target-pane] path ...",
    *run(context, flags) {
      for (const path of flags.operands) {
        let errors: string[];
        try {
          errors = yield* sourceFile(context, path.startsWith("/") ? path : `${context.process.cwd}/${path}`, "");
        } catch (error) {
          if (!isErrno(error)) throw error;
          if (flags.has("q")) continue;
          throw new TmuxError(`${path}: ${error.message}`);
        }
        if (errors.length > 0) throw new TmuxError(errors.join("\n"));
      }
    },
  },
  {
    name: "run-shell",
    alias: "run",
    options: "bd:Ct:c:",
    most: 1,
    usage: "[-bC] [-c start-directory] [-d delay] [-t target-pane] [shell-command]",
    *run(context, flags) {
      const text = flags.operands[0];
      if (text === undefined) return;
      const command = format(text, subject(context, here(context)));
      if (flags.has("C")) {
        yield* runText(context, command);
        return;
      }
      const given = flags.value("c");
      const cwd =
        given === undefined ? directory(context) : given.startsWith("/") ? given : `${directory(context)}/${given}`;
      if (flags.has("b")) {
        yield* sys.spawn(context.server.process, "/bin/sh", {
          argv: ["sh", "-c", command],
          newSession: true,
          env: new Map(context.process.env),
          cwd,
        });
        return;
      }
      const { text: out, status } = yield* shell(context, command, cwd);
      for (const one of out === "" ? [] : out.replace(/\n$/, "").split("\n")) context.print(one);
      if (status !== 0) context.print(`'${command}' returned ${status}`);
    },
  },
  {
    name: "if-shell",
    alias: "if",
    options: "bFt:",
    most: 3,
    usage: "[-bF] [-t target-pane] shell-command command [command]",
    *run(context, flags) {
      const [test, yes, no] = flags.operands;
      if (yes === undefined) throw new TmuxError("command if-shell: too few arguments (need at least 2)");
      const at = flags.has("t") ? target(context, flags.value("t"), "pane") : here(context);
      const text = format(test!, subject(context, at));
      const holds = flags.has("F") ? text !== "" && text !== "0" : (yield* shell(context, text)).status === 0;
      const chosen = holds ? yes : no;
      if (chosen !== undefined) yield* runText(context, chosen);
    },
  },
  {
    name: "wait-for",
    alias: "wait",
    options: "LSU",
    most: 1,
    usage: "[-L|-S|-U] channel",
    *run(context, flags) {
      const name = flags.operands[0];
      if (name === undefined) throw new TmuxError("command wait-for: too few arguments (need at least 1)");
      const { channels } = context.server;
      let channel = channels.get(name);
      if (channel === undefined) channels.set(name, (channel = { woken: false, queue: new WaitQueue() }));
      if (flags.has("S") || flags.has("U")) {
        channel.woken = channel.queue.size === 0;
        channel.queue.wakeAll();
      } else if (flags.has("L")) {
        while (channel.woken) yield* wait(channel.queue);
      } else if (channel.woken) channels.delete(name);
      else yield* wait(channel.queue);
    },
  },
  {
    name: "clock-mode",
    options: "t:",
    most: 0,
    usage: "[-t target-pane]",
    *run(context, flags) {
      target(context, flags.value("t"), "pane").pane.mode = new ClockMode(context);
      context.server.changed();
    },
  },
];
