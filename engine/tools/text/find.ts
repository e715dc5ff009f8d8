import { call, cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import { normalize } from "../../machine/path.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { compareBytes, readWhole } from "../io.ts";
import { Fatal, quote, shellQuote, Tool } from "../tool.ts";
import { Expression, type Search, type Test, type Visit } from "./find-expression.ts";

/** find(1) of findutils: its usual tests and actions. */
export const find: Program = function* (p) {
  const t = new Tool(p, p.argv[0] ?? "find");
  const args = p.argv.slice(1);
  let follow = false;
  while (args.length > 0 && /^-([HLP]|O\d?|D)$/.test(args[0]!)) {
    const option = args.shift()!;
    if (option === "-D") args.shift();
    else if (/^-[HLP]$/.test(option)) follow = option === "-L";
  }
  if (args[0] === "--help" || args[0] === "-help") {
    yield* sys.print(p, "Usage: find [-H] [-L] [-P] [-Olevel] [-D debugopts] [path...] [expression]\n");
    return 0;
  }
  if (args[0] === "--version" || args[0] === "-version") {
    yield* sys.print(p, "find (GNU findutils) 4.9.0\n");
    return 0;
  }
  const roots: string[] = [];
  while (args.length > 0 && !/^[-(!]/.test(args[0]!)) roots.push(args.shift()!);
  const search: Search = {
    min: 0,
    max: Number.POSITIVE_INFINITY,
    depthFirst: false,
    oneFileSystem: false,
    acts: false,
    quit: false,
    syntax: "emacs",
    daystart: false,
    follow,
    ends: [],
    namesFrom: undefined,
  };
  try {
    const parser = new Expression(t, args, search);
    const test = parser.parse();
    if (search.namesFrom !== undefined) roots.push(...(yield* namesOf(t, search.namesFrom, roots)));
    else if (roots.length === 0) roots.push(".");
    const whole: Test = search.acts
      ? test
      : function* (visit) {
          if (!(yield* test(visit)) || search.quit) return false;
          t.out.add(`${visit.path}\n`);
          return true;
        };
    for (const warning of parser.warnings.splice(0)) yield* t.error(`warning: ${warning}`, 0);
    for (const root of roots) {
      let node: Inode;
      try {
        node = (search.follow ? sys.find(p, root) : undefined) ?? sys.stat(p, root, false);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`${shellQuote(root)}: ${error.message}`.replace(/^'(.*)': /, "‘$1’: "));
        continue;
      }
      yield* walk(t, { path: root, root, node, depth: 0, prune: false }, whole, search);
      if (search.quit) break;
    }
    for (const warning of parser.warnings.splice(0)) yield* t.error(`warning: ${warning}`, 0);
    for (const end of search.ends) yield* end();
  } catch (error) {
    if (!(error instanceof Fatal)) throw error;
    yield* t.error(error.message, 1);
  }
  yield* t.out.flush();
  return t.status;
};

/** The starting points in a file, each with a NUL behind it. */
function* namesOf(t: Tool, file: string, given: readonly string[]): Gen<string[]> {
  if (given.length > 0)
    throw new Fatal(`extra operand ${quote(given[0]!)}\nfind: file operands cannot be combined with -files0-from`);
  try {
    const text = decode(file === "-" ? yield* readWhole(t.p, 0) : yield* sys.readPath(t.p, file));
    return text.split("\0").filter((name) => name !== "");
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`cannot open ${quote(file)} for reading: ${error.message}`);
  }
}

/** Whether another file system begins at `path`. */
function mounted({ p }: Tool, path: string, above: string): boolean {
  const whole = normalize(p.cwd, path);
  if (whole === normalize(p.cwd, above)) return false;
  return p.ns.mnt.list().some((mount) => mount.target === whole);
}

function* walk(t: Tool, visit: Visit, test: Test, search: Search): Gen<void> {
  if (search.quit) return;
  const inside = visit.depth >= search.min && visit.depth <= search.max;
  if (!search.depthFirst && inside) yield* test(visit);
  if (visit.node.kind === "dir" && visit.depth < search.max && !visit.prune) {
    yield* cpu(4);
    if (t.out.full) yield* t.out.flush();
    try {
      const names = [...sys.readDir(t.p, visit.path).keys()].sort(compareBytes);
      for (const name of names) {
        const path = visit.path.endsWith("/") ? visit.path + name : `${visit.path}/${name}`;
        const node = (search.follow ? sys.find(t.p, path) : undefined) ?? sys.find(t.p, path, false);
        if (node === undefined || (search.oneFileSystem && mounted(t, path, visit.path))) continue;
        yield* call(walk(t, { path, root: visit.root, node, depth: visit.depth + 1, prune: false }, test, search));
      }
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`‘${visit.path}’: ${error.message}`);
    }
  }
  if (search.depthFirst && inside && !search.quit) yield* test(visit);
}
