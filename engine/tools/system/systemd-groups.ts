/** Control groups as systemd draws them: systemd-cgls and systemd-cgtop. */
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { commandLine } from "./process-view.ts";
import { VERSION } from "./systemd-version.ts";
import { bytes } from "./when.ts";

interface Group {
  name: string;
  path: string;
  children: Map<string, Group>;
  processes: Process[];
}

/** The groups that hold processes, below the root. */
function groups(p: Process): Group {
  const root: Group = { name: "", path: "", children: new Map(), processes: [] };
  for (const process of p.machine.processes.values()) {
    if (process.status !== undefined) continue;
    let at = root;
    for (const name of process.ns.cgroup.split("/").filter(Boolean)) {
      let next = at.children.get(name);
      if (next === undefined) {
        next = { name, path: `${at.path}/${name}`, children: new Map(), processes: [] };
        at.children.set(name, next);
      }
      at = next;
    }
    at.processes.push(process);
  }
  return root;
}

/** The group of a path, or of a unit with -u. */
function find(root: Group, path: string): Group | undefined {
  let at: Group | undefined = root;
  for (const name of path
    .replace(/^\/sys\/fs\/cgroup/, "")
    .split("/")
    .filter(Boolean))
    at = at?.children.get(name);
  return at;
}

function byName(group: Group, name: string): Group | undefined {
  for (const child of group.children.values()) {
    const found = child.name === name ? child : byName(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** systemd-cgls(1): the tree of control groups with their processes. */
export const systemdCgls = tool(
  {
    name: "systemd-cgls",
    usage: "[OPTIONS...] [CGROUP...]",
    about: "Recursively show control group contents.",
    version: VERSION,
    short: "aklM:u::cx",
    long: "all=a full=l no-pager unit::=u machine:=M user-unit::",
  },
  function* (t, o) {
    const root = groups(t.p);
    const { machine } = t.p;
    const delegated = (name: string) =>
      name.endsWith(".service") && machine.systemd?.unit(name).service("Delegate") === "yes";
    const units = o.has("u");
    for (const [i, name] of (o.operands.length > 0 ? o.operands : [o.value("u") ?? ""]).entries()) {
      if (i > 0) t.out.add("\n");
      if (units && name !== "") {
        const full = /\.\w+$/.test(name) ? name : `${name}.service`;
        const found = byName(root, full);
        if (found === undefined)
          throw new Fatal(`Unit ${full} not found.\nFailed to list cgroup tree: No such file or directory`);
        t.out.add(`Unit ${full} (${found.path}):\n`);
        t.out.add(drawn(found, "", delegated));
        continue;
      }
      const found = find(root, name);
      if (found === undefined) {
        t.out.add(`Control group ${name}:\n`);
        yield* t.out.flush();
        throw new Fatal("Failed to list cgroup tree: No such file or directory");
      }
      t.out.add(`${name === "" ? "Control group /:\n-.slice" : `Control group ${found.path}:`}\n`);
      t.out.add(drawn(found, "", delegated));
    }
    return 0;
  },
);

/** The tree of all control groups, each line after `before`. */
export function drawGroups(p: Process, before: string): string {
  return drawn(groups(p), before);
}

/** A tree's lines; `delegated` tells of groups that others manage. */
function drawn(group: Group, before: string, delegated: (name: string) => boolean = () => false): string {
  let out = "";
  const children = [...group.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const processes = [...group.processes].sort((a, b) => a.pid - b.pid);
  const width = Math.max(0, ...processes.map(({ pid }) => String(pid).length));
  processes.forEach((process, i) => {
    const last = i === processes.length - 1 && children.length === 0;
    out += `${before}${last ? "└─" : "├─"}${String(process.pid).padStart(width)} ${commandLine(process)}\n`;
  });
  children.forEach((child, i) => {
    const last = i === children.length - 1;
    out += `${before}${last ? "└─" : "├─"}${child.name}${delegated(child.name) ? " …" : ""}\n`;
    out += drawn(child, before + (last ? "  " : "│ "), delegated);
  });
  return out;
}

interface Usage {
  path: string;
  tasks: number;
  cpu: number;
  memory: number;
}

function usage(root: Group): Usage[] {
  const out: Usage[] = [];
  const walk = (group: Group): Usage => {
    const own: Usage = { path: group.path === "" ? "/" : group.path.slice(1), tasks: 0, cpu: 0, memory: 0 };
    out.push(own);
    for (const process of group.processes) {
      own.tasks++;
      own.cpu += process.cpuUsed;
      own.memory += process.rssKib * 1024;
    }
    for (const child of group.children.values()) {
      const below = walk(child);
      own.tasks += below.tasks;
      own.cpu += below.cpu;
      own.memory += below.memory;
    }
    return own;
  };
  walk(root);
  return out;
}

/** systemd-cgtop(1) as it writes where there is no terminal (and with -b): a table for each iteration. */
export const systemdCgtop = tool(
  {
    name: "systemd-cgtop",
    usage: "[OPTIONS...] [CGROUP]",
    about: "Show top control groups by their resource usage.",
    version: VERSION,
    short: "hptcmirbn:d:PkM:1",
    long: "batch=b iterations:=n delay:=d raw=r depth: order: cpu::=cpu recursive:",
  },
  function* (t, o) {
    const iterations = o.value("n");
    if (iterations !== undefined && !/^\d+$/.test(iterations))
      throw new Fatal(`Failed to parse iterations parameter '${iterations}': Invalid argument`);
    const order = o.value("order");
    if (order !== undefined && !["path", "tasks", "cpu", "memory", "io"].includes(order))
      throw new Fatal(`Invalid argument to --order=: ${order}`);
    const depth = Number(o.value("depth") ?? 3);
    const times = o.has("1")
      ? 1
      : Number(o.value("n") ?? (t.p.fds.get(1)?.tty === undefined ? 1 : Number.POSITIVE_INFINITY));
    const delay = Number.parseFloat(o.value("d") ?? "1") * SECOND;
    const screen = t.p.fds.get(1)?.tty !== undefined && !o.has("b");
    let before = new Map<string, number>();
    for (let n = 0; n < times; n++) {
      if (n > 0) yield* pause(t, delay);
      const rows = usage(groups(t.p)).filter(({ path }) => path === "/" || path.split("/").length <= depth);
      if (screen) t.out.add("\x1b[H\x1b[J");
      const width = Math.max(screen ? 12 : 0, ...rows.map((row) => row.path.length));
      if (screen) t.out.add(`${"Control Group".padEnd(width)}   Tasks   %CPU   Memory  Input/s Output/s\n`);
      const share = (row: Usage) => {
        const old = before.get(row.path);
        return old === undefined ? undefined : ((row.cpu - old) / delay) * 100;
      };
      rows.sort((a, b) => (share(b) ?? 0) - (share(a) ?? 0) || b.memory - a.memory || (a.path < b.path ? -1 : 1));
      for (const row of rows) {
        const cpu = share(row);
        t.out.add(
          `${row.path.padEnd(width)} ${String(row.tasks).padStart(7)} ${(cpu === undefined ? "-" : cpu.toFixed(1)).padStart(6)} ${(o.has("r") ? String(row.memory) : bytes(row.memory)).padStart(8)}        -        -\n`,
        );
      }
      before = new Map(rows.map((row) => [row.path, row.cpu]));
      yield* t.out.flush();
    }
    return 0;
  },
);

function* pause(t: Tool, us: number): Gen<void> {
  yield* t.out.flush();
  yield* sleep(us);
  yield* sys.print(t.p, "");
}
