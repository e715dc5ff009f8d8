/** Programs of psmisc: pstree and killall. */
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { userByName, userName } from "../../machine/users.ts";
import { type Tool, tool } from "../tool.ts";
import { commandLine, type Seen, seenBy } from "./process-view.ts";

interface Branch {
  label: string;
  children: Branch[];
  /** Equal siblings that are drawn as one. */
  count: number;
}

interface Look {
  pids: boolean;
  args: boolean;
  users: boolean;
  numeric: boolean;
  compact: boolean;
}

/** pstree(1): processes as a tree from init, or from a pid or a user's. */
export const pstree = tool(
  {
    name: "pstree",
    usage: "[-acglpsStTuZ] [ -h | -H PID ] [ -n | -N type ]\n              [ -A | -G | -U ] [ PID | USER ]",
    about: "",
    version: "pstree (PSmisc) 23.6",
    short: "acghH:lnN:pstTuAGUZ",
    long: "arguments=a compact-not=c show-pids=p numeric-sort=n uid-changes=u long=l show-parents=s ascii=A",
  },
  function* (t, o) {
    const all = seenBy(t.p);
    const look: Look = {
      pids: o.has("p"),
      args: o.has("a"),
      users: o.has("u"),
      numeric: o.has("n"),
      compact: !o.has("p", "c", "a"),
    };
    const [operand] = o.operands;
    let roots = all.filter(({ pid }) => pid === 1);
    if (operand !== undefined && /^\d+$/.test(operand)) roots = all.filter(({ pid }) => pid === Number(operand));
    else if (operand !== undefined) {
      const user = userByName(t.p.ns.mnt, operand);
      if (user === undefined) {
        yield* sys.printError(t.p, `No such user name: ${operand}\n`);
        return 1;
      }
      const own = all.filter(({ process }) => process.cred.uid === user.uid);
      roots = own.filter(({ ppid }) => !own.some(({ pid }) => pid === ppid));
      if (roots.length === 0) t.out.add("No processes found.\n");
    }
    roots.forEach((root, i) => {
      if (i > 0) t.out.add("\n");
      const branch = grow(all, root, look, undefined);
      if (look.args) drawArguments(t, branch, "", "", o.has("A"));
      else draw(t, branch, "", o.has("A"));
    });
    return roots.length === 0 ? 1 : 0;
  },
);

function grow(all: readonly Seen[], seen: Seen, look: Look, above: Process | undefined): Branch {
  const { process, pid } = seen;
  const changed = look.users && above !== undefined && above.cred.uid !== process.cred.uid;
  const notes = [
    ...(look.pids && !look.args ? [String(pid)] : []),
    ...(changed ? [userName(process.ns.mnt, process.cred.uid)] : []),
  ];
  const name = look.args ? `${commandLine(process)}` : process.comm;
  const label = `${look.args && look.pids ? name.replace(/^(\S+)/, `$1,${pid}`) : name}${notes.length > 0 ? `(${notes.join(",")})` : ""}`;
  let children = all.filter(({ ppid }) => ppid === pid).map((child) => grow(all, child, look, process));
  if (!look.numeric) children.sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));
  if (look.compact) {
    const kinds = new Map<string, Branch>();
    for (const child of children) {
      const key = JSON.stringify(child);
      const twin = kinds.get(key);
      if (twin) twin.count++;
      else kinds.set(key, { ...child });
    }
    children = [...kinds.values()];
  }
  return { label, children, count: 1 };
}

/** The compact form: the first child stands on its parent's line. */
function draw(t: Tool, branch: Branch, before: string, ascii: boolean): void {
  const [first, tee, corner, bar, single] = ascii
    ? ["-+-", " |-", " `-", " | ", "---"]
    : ["─┬─", " ├─", " └─", " │ ", "───"];
  const many = branch.count > 1 ? `${branch.count}*[` : "";
  const text = `${many}${branch.label}`;
  t.out.add(text);
  if (branch.children.length === 0) {
    t.out.add(`${many === "" ? "" : "]"}\n`);
    return;
  }
  const gap = before + " ".repeat([...text].length);
  branch.children.forEach((child, i) => {
    const last = i === branch.children.length - 1;
    if (i === 0) t.out.add(last ? single! : first!);
    else t.out.add(`${gap}${last ? corner : tee}`);
    draw(t, child, gap + (last ? "   " : bar), ascii);
  });
}

/** -a: a line for each process. */
function drawArguments(t: Tool, branch: Branch, before: string, below: string, ascii: boolean): void {
  t.out.add(`${before}${branch.label}\n`);
  branch.children.forEach((child, i) => {
    const last = i === branch.children.length - 1;
    const [tee, corner, bar] = ascii ? ["  |-", "  `-", "  | "] : ["  ├─", "  └─", "  │ "];
    drawArguments(t, child, below + (last ? corner : tee), below + (last ? "    " : bar), ascii);
  });
}

/** killall(1): signals by name. */
export const killall = tool(
  {
    name: "killall",
    usage: "[OPTION]... [--] NAME...\n       killall -l, --list\n       killall -V, --version",
    about: "",
    version: "killall (PSmisc) 23.6",
    short: "eIgilo:qrs:u:vVwy:nZ:",
    long: "exact=e ignore-case=I interactive=i list=l quiet=q regexp=r signal:=s user:=u verbose=v wait=w",
    rewrite: (args) =>
      args.map((arg) => {
        const match = /^-(SIG)?([A-Z]{3,}\d*|\d+)$/.exec(arg);
        return match === null ? arg : `-s${match[2]}`;
      }),
  },
  function* (t, o) {
    if (o.has("l")) {
      t.out.add(`${Object.keys(SIGNALS).join(" ")}\n`);
      return 0;
    }
    const wanted = o.value("s") ?? "TERM";
    const signal = Object.entries(SIGNALS).find(
      ([name, number]) => name === wanted.toUpperCase().replace(/^SIG/, "") || String(number) === wanted,
    )?.[0] as Signal | undefined;
    if (signal === undefined && wanted !== "0") {
      yield* sys.printError(t.p, `${wanted}: unknown signal; killall -l lists signals.\n`);
      return 1;
    }
    if (o.operands.length === 0 && !o.has("u")) {
      yield* sys.printError(t.p, "Usage: killall [OPTION]... [--] NAME...\n");
      return 1;
    }
    const user = o.value("u") === undefined ? undefined : userByName(t.p.ns.mnt, o.value("u")!);
    let status = 0;
    for (const name of o.operands.length > 0 ? o.operands : [""]) {
      const hit = seenBy(t.p).filter(
        ({ process }) =>
          process !== t.p &&
          process.status === undefined &&
          (name === "" || names(process, name, o.has("I"))) &&
          (user === undefined || process.cred.uid === user.uid),
      );
      if (hit.length === 0) {
        if (!o.has("q")) yield* sys.printError(t.p, `${name}: no process found\n`);
        status = 1;
      }
      for (const seen of hit) status = Math.max(status, yield* send(t, seen, signal, o.has("v")));
      if (o.has("w")) for (const { process } of hit) while (process.status === undefined) yield* sleepABit();
    }
    return status;
  },
);

function names(process: Process, name: string, ignoreCase: boolean): boolean {
  if (name.includes("/")) return process.exe === name;
  const same = (a: string, b: string) => (ignoreCase ? a.toLowerCase() === b.toLowerCase() : a === b);
  return same(process.comm, name.slice(0, 15));
}

function* send(t: Tool, { process, pid }: Seen, signal: Signal | undefined, verbose: boolean): Gen<number> {
  try {
    sys.kill(t.p, pid, signal ?? 0);
    if (verbose)
      yield* sys.printError(
        t.p,
        `Killed ${process.comm}(${pid}) with signal ${signal === undefined ? 0 : SIGNALS[signal]}\n`,
      );
    return 0;
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(t.p, `${process.comm}(${pid}): ${error.message}\n`);
    return 1;
  }
}

function* sleepABit(): Gen<void> {
  yield* sleep(SECOND / 10);
}
