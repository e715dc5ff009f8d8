/** etcdctl watch: events of keys, and programs that are run for each. */
import { type Event, prefixEnd, valueBytes, type Watcher } from "../../etcd/index.ts";
import { decode, type Gen, type Task, WaitQueue, wait } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { LineReader } from "../io.ts";
import { printEvents } from "./answer.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";
import { OptionMistake, readLine } from "./command-line.ts";
import { runProgram } from "./exec.ts";
import { words } from "./txn.ts";

const bad = (text: string) => new EtcdctlError(text, 128);
const NAMES = new Set(["watch"]);

/** What is watched, and the program that is run for each event; of the environment where no key is given. */
function asked(r: Run): { key: string; end: string | undefined; command: readonly string[] } {
  const { args, dash } = r;
  const plain = dash < 0 ? args : args.slice(0, dash);
  const command = dash < 0 ? [] : args.slice(dash);
  const key = r.p.env.get("ETCDCTL_WATCH_KEY") ?? "";
  if (key !== "" && plain.length > 0) throw bad("bad number of arguments (found conflicting environment key)");
  if (key !== "") return { key, end: r.p.env.get("ETCDCTL_WATCH_RANGE_END") || undefined, command };
  if (plain.length === 0) throw bad("bad number of arguments");
  return { key: plain[0]!, end: plain.length === 2 ? plain[1] : undefined, command };
}

/** Opens a watch; the generator tells of its events, and ends where the watch does. Throws EtcdctlError. */
function* open(r: Run): Gen<{ watcher: Watcher; tell: () => Gen }> {
  const { key, end, command } = asked(r);
  const prefix = r.on("prefix");
  if (prefix && end !== undefined) throw bad("`range_end` and `--prefix` are mutually exclusive");
  const range = prefix
    ? { key: key === "" ? "\0" : key, rangeEnd: key === "" ? "\0" : prefixEnd(key) }
    : { key, ...(end === undefined ? {} : { rangeEnd: end }) };
  yield* r.client.first();
  const queue: { events: readonly Event[]; revision: number }[] = [];
  const more = new WaitQueue();
  let isOver = false;
  const watcher = r.client.store.watch(
    { ...range, startRevision: Number(r.flag("rev") ?? 0), prevKv: r.on("prev-kv") },
    {
      events: (events, revision) => {
        queue.push({ events, revision });
        more.wakeAll();
      },
      cancelled: () => {
        isOver = true;
        more.wakeAll();
      },
    },
  );
  function* tell(): Gen {
    for (;;) {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
        yield* printEvents(r, one.events, one.revision);
        if (command.length > 0) for (const event of one.events) yield* runFor(r, command, event, one.revision);
      }
      if (isOver) {
        const why = "etcdserver: mvcc: required revision has been compacted";
        yield* sys.printError(r.p, `watch was canceled (${why})\n`);
        throw new EtcdctlError("watch is canceled by the server", 5);
      }
      yield* wait(more);
    }
  }
  return { watcher, tell };
}

/** Runs the program of a watch for an event; one that fails ends etcdctl. */
function* runFor(r: Run, command: readonly string[], { type, kv }: Event, revision: number): Gen {
  const { why } = yield* runProgram(r.p, command, {
    ETCD_WATCH_REVISION: String(revision),
    ETCD_WATCH_EVENT_TYPE: quoteString(type),
    ETCD_WATCH_KEY: quoteString(kv.key),
    ETCD_WATCH_VALUE: quoteString(kv.version === 0 ? "" : decode(valueBytes(kv))),
  });
  if (why === "") return;
  yield* sys.printError(r.p, `command [${command.map((word) => quoteString(word)).join(" ")}] error (${why})\n`);
  throw new EtcdctlError("", 1);
}

/** A line of `watch -i`. */
function* obey(r: Run, line: string, start: (tell: () => Gen, watcher: Watcher) => void): Gen {
  const parts = words(line);
  const [verb] = parts;
  if (verb === undefined) {
    yield* sys.printError(r.p, `Invalid command: ${line} (watch and progress supported)\n`);
  } else if (verb === "progress") {
    yield* sys.print(r.p, `progress notify: ${r.client.view.revision}\n`);
  } else if (verb !== "watch") {
    yield* sys.printError(r.p, `Invalid command ${line} (only support watch)\n`);
  } else if (parts.length < 2 && !r.p.env.get("ETCDCTL_WATCH_KEY")) {
    yield* sys.printError(r.p, `Invalid command ${line} (command type or key is not provided)\n`);
  } else {
    try {
      const { args, flags, dash } = readLine("etcdctl", NAMES, parts);
      const one: Run = { ...r, args, dash, flag: (name) => flags.get(name), on: (name) => flags.get(name) === "true" };
      const { tell, watcher } = yield* open(one);
      start(tell, watcher);
    } catch (error) {
      if (error instanceof OptionMistake) throw bad(error.message);
      if (!(error instanceof EtcdctlError)) throw error;
      yield* sys.printError(r.p, `Invalid command ${line} (${error.message})\n`);
    }
  }
}

/** `watch -i`: watches are opened by lines of standard input, until it ends. */
function* interactive(r: Run): Gen {
  const { kernel } = r.p.machine;
  const watchers: Watcher[] = [];
  const tasks: Task[] = [];
  const lines = new LineReader(r.p, 0);
  yield* r.client.first();
  try {
    while (yield* lines.fill()) {
      for (let line = lines.take(); line !== undefined; line = lines.take()) {
        yield* obey(r, line, (tell, watcher) => {
          watchers.push(watcher);
          tasks.push(kernel.spawn("etcdctl watch", quietly(tell())));
        });
      }
    }
    throw new EtcdctlError("error reading watch request line: EOF", 3);
  } finally {
    for (const watcher of watchers) watcher.cancel();
    for (const task of tasks) kernel.kill(task);
  }
}

/** One of several watches ends alone. */
function* quietly(told: Gen): Gen {
  try {
    yield* told;
  } catch (error) {
    if (!(error instanceof EtcdctlError)) throw error;
  }
}

export const watch: Subcommand = {
  usage: "watch [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...] [flags]",
  about: "Watches events stream on keys or prefixes",
  *run(r) {
    if (r.on("interactive")) {
      yield* interactive(r);
      return;
    }
    const { watcher, tell } = yield* open(r);
    try {
      yield* tell();
    } finally {
      watcher.cancel();
    }
  },
};
