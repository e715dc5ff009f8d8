import { call, cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { parseSize } from "./input.ts";
import { blocksOf, human } from "./ls-view.ts";

interface Choice {
  all: boolean;
  apparent: boolean;
  follow: boolean;
  depth: number;
  separate: boolean;
  threshold: number;
  exclude: readonly string[];
  show: (bytes: number) => string;
  end: string;
  seen: Set<number>;
}

/** du(1). */
export const du = tool(
  {
    name: "du",
    short: "0aB:bcDd:hHklLmPsSt:xX:",
    long: "null=0 all=a apparent-size=A block-size:=B bytes=b total=c dereference-args=D max-depth:=d human-readable=h dereference=L no-dereference=P count-links=l separate-dirs=S si=si summarize=s threshold:=t time::=time exclude:=exclude one-file-system=x inodes=inodes",
    usage: "[OPTION]... [FILE]...\n  or:  du [OPTION]... --files0-from=F",
    about: "Summarize device usage of the set of FILEs, recursively for directories.",
  },
  function* (t, o) {
    const depthText = o.value("d");
    if (depthText !== undefined && !/^\d+$/.test(depthText))
      throw new UsageError(`invalid maximum depth ${quote(depthText)}`);
    if (o.has("s") && o.has("a")) throw new UsageError("cannot both summarize and show all entries");
    if (o.has("s") && depthText !== undefined && depthText !== "0")
      throw new UsageError(`warning: summarizing conflicts with --max-depth=${depthText}`);
    const unit = o.last("h", "si", "k", "m", "b", "B");
    const block =
      unit?.key === "m"
        ? 1024 * 1024
        : unit?.key === "b"
          ? 1
          : unit?.key === "B"
            ? (parseSize(unit.value!) ?? parseSize(`1${unit.value}`) ?? 1024)
            : 1024;
    const choice: Choice = {
      all: o.has("a"),
      apparent: o.has("A", "b"),
      follow: o.has("L"),
      depth: o.has("s") ? 0 : Number(depthText ?? Number.POSITIVE_INFINITY),
      separate: o.has("S"),
      threshold: o.has("t") ? (parseSize(o.value("t")!.replace(/^-/, "")) ?? 0) : 0,
      exclude: o.values("exclude"),
      show:
        unit?.key === "h"
          ? (bytes) => human(bytes)
          : unit?.key === "si"
            ? (bytes) => human(bytes, true)
            : (bytes) => String(Math.ceil(bytes / block)),
      end: o.has("0") ? "\0" : "\n",
      seen: new Set(),
    };
    let total = 0;
    for (const path of o.operands.length > 0 ? o.operands : ["."]) {
      let node: Inode;
      try {
        node = sys.stat(t.p, path, choice.follow || o.has("D"));
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`cannot access ${shellQuote(path)}: ${error.message}`);
        continue;
      }
      const trimmed = path.length > 1 && path.endsWith("/") && !choice.follow ? path : path;
      total += yield* measure(t, trimmed, node, 0, choice, true);
    }
    if (o.has("c")) t.out.add(`${choice.show(total)}\ttotal${choice.end}`);
    return t.status;
  },
);

function ownSize(node: Inode, choice: Choice): number {
  if (!choice.apparent) return blocksOf(node) * 1024;
  return node.kind === "file" ? node.content.size() : node.kind === "symlink" ? node.target.length : 0;
}

function* measure(t: Tool, path: string, node: Inode, depth: number, choice: Choice, operand: boolean): Gen<number> {
  yield* cpu(2);
  if ((node.nlink > 1 || operand) && node.kind !== "dir") {
    if (choice.seen.has(node.ino)) return 0;
    choice.seen.add(node.ino);
  } else if (node.kind === "dir") {
    if (choice.seen.has(node.ino)) return 0;
    choice.seen.add(node.ino);
  }
  let size = ownSize(node, choice);
  let below = 0;
  if (node.kind === "dir") {
    try {
      for (const [name, entry] of [...sys.readDir(t.p, path)]) {
        if (choice.exclude.some((pattern) => matches(pattern, name))) continue;
        const child = t.p.ns.mnt.through(entry);
        const inside = `${path.endsWith("/") ? path : `${path}/`}${name}`;
        const target = choice.follow && child.kind === "symlink" ? (sys.find(t.p, inside) ?? child) : child;
        const amount: number = yield* call(measure(t, inside, target, depth + 1, choice, false));
        if (choice.separate && target.kind === "dir") below += amount;
        else size += amount;
      }
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`cannot read directory ${shellQuote(path)}: ${error.message}`);
    }
  }
  const shown = node.kind === "dir" || choice.all || operand;
  if (shown && depth <= choice.depth && size >= choice.threshold)
    t.out.add(`${choice.show(size)}\t${path}${choice.end}`);
  if (t.out.full) yield* t.out.flush();
  return size + below;
}

/** `*` and `?` of --exclude. */
function matches(pattern: string, name: string): boolean {
  const go = (i: number, k: number): boolean => {
    if (i === pattern.length) return k === name.length;
    if (pattern[i] === "*") return go(i + 1, k) || (k < name.length && go(i, k + 1));
    return k < name.length && (pattern[i] === "?" || pattern[i] === name[k]) && go(i + 1, k + 1);
  };
  return go(0, 0);
}
