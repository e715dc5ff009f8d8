import { concat, type Gen, SECOND, sleep, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { isNamed } from "../../machine/fifo.ts";
import type { FileNode } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { hold } from "../io.ts";
import { argMatch, Fatal, quote, shellQuote, type Tool, tool } from "../tool.ts";
import { lastLines, openNamed, parseCount } from "./head.ts";

/** tail(1), with -f and -F (by name, seeing truncation and replacement). */
export const tail = tool(
  {
    name: "tail",
    short: "c:n:fFqvs:z",
    long: "bytes:=c lines:=n follow::=follow quiet=q silent=q verbose=v retry=retry pid:=pid sleep-interval:=s zero-terminated=z max-unchanged-stats:=stats -disable-inotify=polling",
    usage: "[OPTION]... [FILE]...",
    about:
      "Print the last 10 lines of each FILE to standard output.\nWith more than one FILE, precede each with a header giving the file name.",
    rewrite: (args) => {
      const old = args.length <= 2 && args[0] !== undefined ? /^([-+])(\d+)([cl]?)(f?)$/.exec(args[0]) : null;
      const misplaced = old === null && args[0] !== undefined ? /^-(\d)/.exec(args[0]) : null;
      if (misplaced !== null) throw new Fatal(`option used in invalid context -- ${misplaced[1]!}`);
      if (old === null || (old[1] === "+" && args[0]!.length < 2)) return args;
      const count = old[1] === "+" ? `+${old[2]}` : old[2]!;
      return [old[3] === "c" ? "-c" : "-n", count, ...(old[4] ? ["-f"] : []), ...args.slice(1)];
    },
  },
  function* (t, o) {
    const last = o.last("c", "n");
    const unit = last?.key === "c" ? "bytes" : "lines";
    const text = last?.value ?? "10";
    const fromStart = text.startsWith("+");
    const digits = /^[-+]/.test(text) ? text.slice(1) : text;
    const count = parseCount(digits);
    if (count === undefined) throw new Fatal(`invalid number of ${unit}: ${quote(text.replace(/^-/, ""))}`);
    const files = o.operands.length > 0 ? o.operands : ["-"];
    const follow = o.last("f", "F", "follow");
    const how = follow?.value === undefined ? "" : argMatch(follow.value, "--follow", ["descriptor", "name"]);
    const byName = follow?.key === "F" || how === "name";
    const retry = follow?.key === "F" || o.has("retry");
    const pids = o.values("pid").map((pid) => {
      if (!/^\d+$/.test(pid)) throw new Fatal(`invalid PID: ${quote(pid)}`);
      return Number(pid);
    });
    const interval = Number(o.value("s") ?? 1);
    if (!(interval >= 0)) throw new Fatal(`invalid number of seconds: ${quote(o.value("s")!)}`);
    if (o.has("retry") && follow === undefined)
      yield* t.error("warning: --retry ignored; --retry is useful only when following", 0);
    else if (o.has("retry") && !byName) yield* t.error("warning: --retry only effective for the initial open", 0);
    if (pids.length > 0 && follow === undefined)
      yield* t.error("warning: PID ignored; --pid=PID is useful only when following", 0);
    // Nothing to print and nothing to wait for: the files are not even opened.
    if (count === 0 && !fromStart && follow === undefined) return 0;
    const awaited = pids.length === 0 ? undefined : { pids, interval: Math.round(interval * SECOND) };
    const quiet = o.last("q", "v");
    const headers = quiet ? quiet.key === "v" : files.length > 1;
    const separator = o.has("z") ? 0 : 10;
    const watched: Watched[] = [];
    let shown: string | undefined;
    const header = (path: string) => {
      if (headers && shown !== path)
        t.out.add(`${shown === undefined ? "" : "\n"}==> ${path === "-" ? "standard input" : path} <==\n`);
      shown = path;
    };
    for (const path of files) {
      const fd = yield* openNamed(t, path);
      if (fd === undefined) {
        if (retry && follow) watched.push({ path, fd: undefined });
        continue;
      }
      header(path);
      try {
        yield* part(t, fd, unit, count, fromStart, separator, follow !== undefined);
        watched.push({ path, fd });
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`error reading ${shellQuote(path === "-" ? "standard input" : path)}: ${error.message}`);
        if (follow) yield* t.error(`${path}: cannot follow end of this type of file; giving up on this name`);
      }
    }
    yield* t.out.flush();
    if (follow) {
      if (watched.length === 0) yield* t.error("no files remaining");
      else yield* followFiles(t, watched, { byName, retry, awaited }, header);
    }
    return t.status;
  },
);

interface Watched {
  path: string;
  fd: number | undefined;
  /** A device that has come to its end: `tail -f /dev/null` is how containers are kept. */
  silent?: boolean;
}

interface Following {
  byName: boolean;
  retry: boolean;
  /** --pid: the end comes with these processes, looked at every so often (µs). */
  awaited: { pids: readonly number[]; interval: number } | undefined;
}

function* part(
  t: Tool,
  fd: number,
  unit: "bytes" | "lines",
  count: number,
  fromStart: boolean,
  separator: number,
  follow: boolean,
): Gen<void> {
  if (fromStart) {
    let skip = Math.max(0, count - 1);
    for (;;) {
      const bytes = yield* sys.read(t.p, fd);
      if (bytes.length === 0) return;
      let from = 0;
      if (unit === "bytes") {
        from = Math.min(skip, bytes.length);
        skip -= from;
      } else
        while (skip > 0) {
          const at = bytes.indexOf(separator, from);
          from = at < 0 ? bytes.length : at + 1;
          if (at < 0) break;
          skip--;
        }
      yield* t.out.bytes(bytes.subarray(from));
    }
  }
  const file = sys.file(t.p, fd);
  let bytes: Uint8Array;
  if (file.node?.kind === "file" && file.offset !== undefined) {
    const all = file.node.content.bytes();
    bytes = all.subarray(Math.min(file.offset, all.length));
    file.offset = all.length;
  } else if (follow && file.node === undefined && file.pipe === undefined) return;
  else bytes = yield* readEnd(t, fd, unit, count, separator);
  const from = unit === "bytes" ? Math.max(0, bytes.length - count) : lastLines(bytes, count, separator);
  yield* t.out.bytes(bytes.subarray(from));
}

/** Reads to the end, holding only what may still be printed. */
function* readEnd(t: Tool, fd: number, unit: "bytes" | "lines", count: number, separator: number): Gen<Uint8Array> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let limit = 1_000_000;
  for (;;) {
    const bytes = yield* sys.read(t.p, fd);
    if (bytes.length === 0) return concat(chunks);
    chunks.push(bytes);
    size += bytes.length;
    if (size > limit) {
      const all = concat(chunks);
      const rest = all.slice(unit === "bytes" ? Math.max(0, all.length - count) : lastLines(all, count, separator));
      chunks = [rest];
      size = rest.length;
      // What has to be kept is looked through again only when it has doubled.
      limit = Math.max(1_000_000, size * 2);
      yield* hold(t.p, size);
    }
  }
}

function hasEnded(process: Process | undefined): boolean {
  return process === undefined || process.status !== undefined;
}

/** Prints what is appended, for ever: woken by each change; names and pipes are looked at each second. */
function* followFiles(
  t: Tool,
  watched: Watched[],
  { byName, retry, awaited }: Following,
  header: (path: string) => void,
): Gen<void> {
  for (;;) {
    const over = awaited?.pids.every((pid) => hasEnded(t.p.ns.pid.byPid.get(pid))) === true;
    let regular: FileNode | undefined;
    for (const entry of watched) {
      if (byName || (retry && entry.fd === undefined)) yield* reopen(t, entry, retry);
      if (entry.fd === undefined || entry.silent) continue;
      const file = sys.file(t.p, entry.fd);
      if (file.node?.kind !== "file") {
        // A pipe or terminal: wait here, it is the only one that matters.
        for (;;) {
          const bytes = yield* sys.read(t.p, entry.fd);
          if (bytes.length === 0) break;
          header(entry.path);
          yield* t.out.bytes(bytes);
        }
        // A pipe without a name ends; writers may come to a fifo again, and nothing to a device.
        if (file.node?.kind === "char") entry.silent = true;
        else if (file.pipe === undefined || !isNamed(file.pipe)) entry.fd = undefined;
        continue;
      }
      regular = file.node;
      if (file.offset! > file.node.content.size()) {
        yield* t.error(`${entry.path}: file truncated`, 0);
        file.offset = 0;
      }
      for (;;) {
        const bytes = yield* sys.read(t.p, entry.fd);
        if (bytes.length === 0) break;
        header(entry.path);
        yield* t.out.bytes(bytes);
      }
    }
    if (over) return;
    const live = watched.filter((entry) => entry.fd !== undefined);
    if (live.length === 0 && !retry) return;
    // A reader that is gone ends us even without new text, as inotify-based tail does.
    const out = sys.file(t.p, 1).pipe;
    if (out !== undefined && out.readers === 0) {
      t.p.machine.signal(t.p, "PIPE");
    }
    if (awaited !== undefined) yield* sleep(awaited.interval);
    else if (live.every((entry) => entry.silent) && out === undefined) yield* wait(new WaitQueue());
    else if (regular !== undefined && live.length === 1 && !byName && out === undefined) yield* wait(regular.changed);
    else if (regular !== undefined && live.length === 1) yield* wait(regular.changed, SECOND);
    else yield* sleep(SECOND / 10);
  }
}

function* reopen(t: Tool, entry: Watched, retry: boolean): Gen<void> {
  const node = sys.find(t.p, entry.path);
  const open = entry.fd === undefined ? undefined : sys.file(t.p, entry.fd).node;
  if (node === open) return;
  if (node === undefined) {
    yield* t.error(`${shellQuote(entry.path)} has become inaccessible: No such file or directory`, 0);
    t.close(entry.fd!);
    entry.fd = undefined;
    if (!retry) t.status = 1;
    return;
  }
  try {
    const fd = sys.open(t.p, entry.path);
    const appeared = entry.fd === undefined;
    if (entry.fd !== undefined) t.close(entry.fd);
    entry.fd = fd;
    yield* t.error(`${shellQuote(entry.path)} has ${appeared ? "appeared" : "been replaced"};  following new file`, 0);
  } catch (error) {
    if (!isErrno(error)) throw error;
  }
}
