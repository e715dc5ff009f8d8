import { call, cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { globRegex } from "../../text/glob.ts";
import type { Regex } from "../../text/regex/index.ts";
import { strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { argMatch, Fatal, quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { blockSizeOf, blocksOfBytes, inBlocks } from "./block-size.ts";
import { linesOf, parseSize } from "./input.ts";
import { blocksOf } from "./ls-view.ts";

interface Choice {
  all: boolean;
  apparent: boolean;
  inodes: boolean;
  follow: boolean;
  depth: number;
  separate: boolean;
  hardLinks: boolean;
  threshold: number;
  exclude: readonly Regex[];
  show: (amount: number) => string;
  /** The time of --time in its style; empty without one. */
  when: (micros: number) => string;
  time: "mtime" | "atime" | "ctime";
  end: string;
  seen: Set<number>;
}

/** What lies below a path: bytes or inodes, and the latest change. */
interface Sum {
  amount: number;
  time: number;
}

const TIMES = [
  ["atime", "access", "use"],
  ["ctime", "status"],
];
const STYLES: Readonly<Record<string, string>> = {
  "full-iso": "%Y-%m-%d %H:%M:%S.%N %z",
  "long-iso": "%Y-%m-%d %H:%M",
  iso: "%Y-%m-%d",
};

/** du(1). */
export const du = tool(
  {
    name: "du",
    short: "0aAB:bcDd:hHklLmPsSt:xX:",
    long: "null=0 all=a apparent-size=A block-size:=bs bytes=b total=c dereference-args=D max-depth:=d human-readable=h dereference=L no-dereference=P count-links=l separate-dirs=S si=si summarize=s threshold:=t time::=time time-style:=ts exclude:=exclude exclude-from:=X one-file-system=x inodes=inodes files0-from:=from",
    usage: "[OPTION]... [FILE]...\n  or:  du [OPTION]... --files0-from=F",
    about: "Summarize device usage of the set of FILEs, recursively for directories.",
  },
  function* (t, o) {
    const choice = choiceOf(t, o);
    if (o.has("s") && o.value("d") !== undefined) {
      if (Number(o.value("d")) !== 0)
        throw new UsageError(`warning: summarizing conflicts with --max-depth=${o.value("d")}`);
      yield* t.error("warning: summarizing is the same as using --max-depth=0", 0);
    }
    const total: Sum = { amount: 0, time: 0 };
    for (const path of yield* namesOf(t, o)) {
      if (choice.exclude.some((pattern) => pattern.test(path))) continue;
      let node: Inode;
      try {
        node = sys.stat(t.p, path, choice.follow || o.has("D", "H"));
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`cannot access ${shellQuote(path)}: ${error.message}`);
        continue;
      }
      const sum = yield* measure(t, path, node, 0, choice, true);
      total.amount += sum.amount;
      total.time = Math.max(total.time, sum.time);
    }
    if (o.has("c")) t.out.add(`${choice.show(total.amount)}\t${choice.when(total.time)}total${choice.end}`);
    return t.status;
  },
);

function choiceOf(t: Tool, o: ParsedOptions): Choice {
  const depthText = o.value("d");
  if (depthText !== undefined && !/^\d+$/.test(depthText))
    throw new UsageError(`invalid maximum depth ${quote(depthText)}`);
  if (o.has("s") && o.has("a")) throw new UsageError("cannot both summarize and show all entries");
  const inodes = o.has("inodes");
  const unit = blockSizeOf(t.p, o, { key: o.has("B") ? "B" : "bs", variables: ["DU_BLOCK_SIZE"], usual: 1024 });
  const timed = o.last("time");
  const word = timed?.value === undefined ? undefined : argMatch(timed.value, "--time", TIMES);
  const kernel = t.p.machine.kernel;
  const zone = localZone(t.p);
  const format = timed === undefined ? "" : styleOf(o.value("ts") ?? t.p.env.get("TIME_STYLE") ?? "long-iso");
  const threshold = o.value("t");
  const amount = threshold === undefined ? 0 : parseSize(threshold.replace(/^-/, ""));
  const option = t.p.argv.some((arg) => arg.startsWith("--th")) ? "--threshold" : "-t";
  if (amount === undefined) throw new Fatal(`invalid ${option} argument '${threshold}'`);
  if (threshold?.startsWith("-") && amount === 0) throw new Fatal(`invalid --threshold argument '${threshold}'`);
  const listed = o.values("X").flatMap((path) => {
    try {
      return linesOf(decode(sys.readBytes(t.p, path)));
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`${path}: ${error.message}`);
    }
  });
  return {
    all: o.has("a"),
    apparent: o.has("A", "b"),
    inodes,
    follow: o.has("L") && o.last("L", "P")?.key === "L",
    depth: o.has("s") ? 0 : Number(depthText ?? Number.POSITIVE_INFINITY),
    separate: o.has("S"),
    hardLinks: o.has("l"),
    threshold: threshold?.startsWith("-") ? -amount : amount,
    exclude: [...o.values("exclude"), ...listed].map((pattern) => globRegex(pattern)),
    show: (n) => inBlocks(n, inodes && unit.scales === undefined ? blocksOfBytes(1) : unit),
    when: (micros) => {
      if (timed === undefined) return "";
      const whole = kernel.epochMs * 1000 + micros;
      const seconds = Math.floor(whole / 1e6);
      return `${strftime(format, zone.calendar(seconds, Math.floor(whole - seconds * 1e6) * 1000))}\t`;
    },
    time: word === "atime" ? "atime" : word === "ctime" ? "ctime" : "mtime",
    end: o.has("0") ? "\0" : "\n",
    seen: new Set(),
  };
}

function styleOf(style: string): string {
  if (style.startsWith("+")) return style.slice(1);
  return STYLES[argMatch(style, "time style", Object.keys(STYLES))]!;
}

/** The operands, or the names of --files0-from. */
function* namesOf(t: Tool, o: ParsedOptions): Gen<readonly string[]> {
  const from = o.value("from");
  if (from === undefined) return o.operands.length > 0 ? o.operands : ["."];
  if (o.operands.length > 0)
    throw new UsageError(`extra operand ${quote(o.operands[0]!)}\nfile operands cannot be combined with --files0-from`);
  let fd = 0;
  try {
    if (from !== "-") fd = sys.open(t.p, from);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`cannot open ${shellQuote(from)} for reading: ${error.message}`);
  }
  const names = linesOf(decode(yield* readWhole(t.p, fd)), "\0");
  for (const [i, name] of names.entries())
    if (name === "") yield* t.error(`${from}:${i + 1}: invalid zero-length file name`);
  return names.filter((name) => name !== "");
}

function ownAmount(node: Inode, choice: Choice): number {
  if (choice.inodes) return 1;
  if (!choice.apparent) return blocksOf(node) * 1024;
  return node.kind === "file" ? node.content.size() : node.kind === "symlink" ? node.target.length : 0;
}

function* measure(t: Tool, path: string, node: Inode, depth: number, choice: Choice, operand: boolean): Gen<Sum> {
  yield* cpu(2);
  if (node.kind === "dir" || operand || (node.nlink > 1 && !choice.hardLinks)) {
    if (choice.seen.has(node.ino)) return { amount: 0, time: 0 };
    choice.seen.add(node.ino);
  }
  const sum: Sum = { amount: ownAmount(node, choice), time: node[choice.time] };
  let below = 0;
  if (node.kind === "dir") {
    try {
      for (const [name, entry] of [...sys.readDir(t.p, path)]) {
        const inside = `${path.endsWith("/") ? path : `${path}/`}${name}`;
        if (choice.exclude.some((pattern) => pattern.test(name) || pattern.test(inside))) continue;
        const child = t.p.ns.mnt.through(entry);
        const target = choice.follow && child.kind === "symlink" ? (sys.find(t.p, inside) ?? child) : child;
        const one: Sum = yield* call(measure(t, inside, target, depth + 1, choice, false));
        if (choice.separate && target.kind === "dir") below += one.amount;
        else {
          sum.amount += one.amount;
          sum.time = Math.max(sum.time, one.time);
        }
      }
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`cannot read directory ${shellQuote(path)}: ${error.message}`);
    }
  }
  const within = choice.threshold < 0 ? sum.amount <= -choice.threshold : sum.amount >= choice.threshold;
  if ((node.kind === "dir" || choice.all || operand) && depth <= choice.depth && within)
    t.out.add(`${choice.show(sum.amount)}\t${choice.when(sum.time)}${path}${choice.end}`);
  if (t.out.full) yield* t.out.flush();
  return { amount: sum.amount + below, time: sum.time };
}
