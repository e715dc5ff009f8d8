import { call, cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { compareBytes } from "../io.ts";
import { Fatal, shellQuote, Tool } from "../tool.ts";
import { Expression, type Search, type Test, type Visit } from "./find-expression.ts";

/** find(1) of findutils: its usual tests and actions. */
export const find: Program = function* (p) {
  const t = new Tool(p, p.argv[0] ?? "find");
  const args = p.argv.slice(1).filter((arg, i) => !(i === 0 && /^-[HLP]$/.test(arg)));
  const roots: string[] = [];
  while (args.length > 0 && !/^[-(!]/.test(args[0]!)) roots.push(args.shift()!);
  if (roots.length === 0) roots.push(".");
  const search: Search = {
    min: 0,
    max: Number.POSITIVE_INFINITY,
    depthFirst: false,
    acts: false,
    quit: false,
    ends: [],
  };
  try {
    const parser = new Expression(t, args, search);
    const test = parser.parse();
    const whole: Test = search.acts
      ? test
      : function* (visit) {
          if (!(yield* test(visit))) return false;
          t.out.add(`${visit.path}\n`);
          return true;
        };
    for (const root of roots) {
      let node: Inode;
      try {
        node = sys.stat(p, root, false);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`${shellQuote(root)}: ${error.message}`.replace(/^'(.*)': /, "‘$1’: "));
        continue;
      }
      yield* walk(t, { path: root, node, depth: 0, prune: false }, whole, search);
      if (search.quit) break;
    }
    for (const end of search.ends) yield* end();
  } catch (error) {
    if (!(error instanceof Fatal)) throw error;
    yield* t.error(error.message, 1);
  }
  yield* t.out.flush();
  return t.status;
};

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
        const node = sys.find(t.p, path, false);
        if (node !== undefined)
          yield* call(walk(t, { path, node, depth: visit.depth + 1, prune: false }, test, search));
      }
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`‘${visit.path}’: ${error.message}`);
    }
  }
  if (search.depthFirst && inside && !search.quit) yield* test(visit);
}
