/** chroot, unshare and lsns: other roots and namespaces for a command. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { MountNamespace } from "../../machine/path.ts";
import type { Namespaces, Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { credentialsOf, userByName, userName } from "../../machine/users.ts";
import { NetNamespace } from "../../network/namespace.ts";
import { searchPath } from "../text/env.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";
import { namedSpaces } from "./ip-netns.ts";
import { commandLine, seenBy } from "./process-view.ts";
import { su } from "./sudo.ts";

function* become(t: Tool, command: string, args: readonly string[], failed: (why: string) => string): Gen<never> {
  const path = searchPath(t.p, command);
  yield* t.out.flush();
  if (path === undefined) throw new Fatal(failed("No such file or directory"), 127);
  try {
    return yield* sys.exec(t.p, path, [command, ...args]);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(failed(error.message), error.code === "ENOENT" ? 127 : 126);
  }
}

/** chroot(8): the directory becomes the root of a mount namespace of its own. */
export const chroot = tool(
  {
    name: "chroot",
    usage: "[OPTION]... NEWROOT [COMMAND [ARG]...]",
    about: "Run COMMAND with root directory set to NEWROOT.",
    short: "+",
    long: "groups: userspec: skip-chdir",
    usageStatus: 125,
  },
  function* (t, o) {
    const [root, command, ...args] = o.operands;
    if (root === undefined) throw new UsageError("missing operand");
    const { p } = t;
    const fail = (why: string) => new Fatal(`cannot change root directory to '${root}': ${why}`, 125);
    const node = sys.find(p, root);
    if (node === undefined) throw fail("No such file or directory");
    if (p.cred.uid !== 0) throw fail("Operation not permitted");
    if (node.kind !== "dir") throw fail("Not a directory");
    p.ns = { ...p.ns, mnt: new MountNamespace(node) };
    p.cwd = "/";
    const shell = command ?? p.env.get("SHELL") ?? "/bin/sh";
    const rest = command === undefined ? ["-i"] : args;
    return yield* become(t, shell, rest, (why) => `failed to run command ‘${shell}’: ${why}`);
  },
);

/** unshare(1): namespaces of its own for a command; root only, since user namespaces are not modelled. */
export const unshare = tool(
  {
    name: "unshare",
    usage: "[options] [<program> [<argument>...]]",
    about: "Run a program with some namespaces unshared from the parent.",
    version: "unshare from util-linux 2.38.1",
    short: "+m::u::i::n::p::U::C::T::frcR:w:S:G:",
    long: "mount::=m uts::=u ipc::=i net::=n pid::=p user::=U cgroup::=C time::=T fork=f mount-proc::=mp map-root-user=r map-current-user=c root:=R wd:=w setuid:=S setgid:=G propagation: kill-child::",
  },
  function* (t, o) {
    const { p } = t;
    if (p.cred.uid !== 0 && !o.has("U", "r")) throw new Fatal("unshare failed: Operation not permitted");
    if (o.has("U", "r")) throw new Fatal("unshare failed: Operation not permitted");
    const shared: Namespaces = { ...p.ns };
    if (o.has("u")) shared.uts = { ...p.ns.uts };
    if (o.has("n")) shared.net = new NetNamespace(p.ns.net.network, `unshared-${p.pid}`, p.ns.net.host);
    p.ns = shared;
    const [command = p.env.get("SHELL") ?? "/bin/sh", ...args] = o.operands;
    return yield* become(t, command, args, (why) => `failed to execute ${command}: ${why}`);
  },
);

/** runuser(1): with -u a command as somebody, without a shell; else as su(1) is, for root alone. */
export const runuser: Program = function* (p) {
  const words = p.argv.slice(1);
  const at = words.findIndex((word) => word === "-u" || word === "--user");
  if (p.cred.uid !== 0) {
    yield* sys.printError(p, "runuser: may not be used by non-root users\n");
    return 1;
  }
  if (at < 0) return yield* su(p);
  const user = userByName(p.ns.mnt, words[at + 1] ?? "");
  const command = words.slice(at + 2).filter((word, i) => !(i === 0 && word === "--"));
  const path = command[0] === undefined ? undefined : searchPath(p, command[0]);
  if (user === undefined || path === undefined) {
    yield* sys.printError(
      p,
      user === undefined
        ? `runuser: user ${words[at + 1]} does not exist or the user entry does not contain all the required fields\n`
        : command[0] === undefined
          ? "runuser: no command was specified\n"
          : `runuser: failed to execute ${command[0]}: No such file or directory\n`,
    );
    return user === undefined || command[0] === undefined ? 1 : 127;
  }
  p.cred = credentialsOf(p.ns.mnt, user);
  return yield* sys.exec(p, path, command);
};

const KINDS = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] as const;

/** Numbers of namespaces as the links of /proc/PID/ns have them. */
function numberOf(t: Tool, process: Process, kind: string): string {
  const pid = [...t.p.ns.pid.byPid].find(([, one]) => one === process)?.[0];
  const node = pid === undefined ? undefined : sys.find(t.p, `/proc/${pid}/ns/${kind}`, false);
  return node?.kind === "symlink" ? (/\[(\d+)\]/.exec(node.target)?.[1] ?? "") : "";
}

/** What `lsns -o` may name. */
const LSNS_COLUMNS = ["NS", "TYPE", "PATH", "NPROCS", "PID", "PPID", "COMMAND", "UID", "USER", "NETNSID", "NSFS"];

/** lsns(8): namespaces with how many processes are in each, and the first of them. */
export const lsns = tool(
  {
    name: "lsns",
    usage: "[options] [<namespace>]",
    about: "List system namespaces.",
    version: "lsns from util-linux 2.38.1",
    short: "Jlno:p:rt:uWTP",
    long: "noheadings=n output:=o task:=p type:=t list=l raw=r notruncate=u",
  },
  function* (t, o) {
    const type = o.value("t");
    if (type !== undefined && !(KINDS as readonly string[]).includes(type))
      throw new Fatal(`unknown namespace type: ${type}`);
    const found = new Map<string, { kind: string; first: Process; pid: number; count: number }>();
    const task = o.value("p");
    if (task !== undefined && !/^\d+$/.test(task)) throw new Fatal(`invalid PID argument: '${task}'`);
    for (const { process, pid } of seenBy(t.p)) {
      if (process.status !== undefined || (t.p.cred.uid !== 0 && process.cred.uid !== t.p.cred.uid)) continue;
      for (const kind of KINDS) {
        if (type !== undefined && kind !== type) continue;
        const number = numberOf(t, process, kind);
        if (number === "") continue;
        const row = found.get(number);
        if (row === undefined) found.set(number, { kind, first: process, pid, count: 1 });
        else row.count++;
      }
    }
    const only = task === undefined ? undefined : t.p.ns.pid.byPid.get(Number(task));
    if (task !== undefined && only === undefined) return 0;
    // Namespaces of the network tell their number, and where they are mounted.
    const named = type === "net" ? namedSpaces(t.p) : undefined;
    const rows = [...found]
      .filter(([number, { kind }]) => only === undefined || numberOf(t, only, kind) === number)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([number, { kind, first, pid, count }]) => {
        const own = named?.find(({ space }) => space === first.ns.net);
        return {
          NS: number,
          TYPE: kind,
          PATH: `/proc/${pid}/ns/${kind}`,
          NPROCS: String(count),
          PID: String(pid),
          PPID: String(first.parent?.pid ?? 0),
          UID: String(first.cred.uid),
          USER: userName(t.p.ns.mnt, first.cred.uid),
          NETNSID: kind !== "net" ? "" : own?.id === undefined ? "unassigned" : String(own.id),
          NSFS: own ? `/run/netns/${own.name}` : "",
          COMMAND: commandLine(first),
        } as Readonly<Record<string, string>>;
      });
    const usual = ["NS", "TYPE", "NPROCS", "PID", "USER", ...(named ? ["NETNSID", "NSFS"] : []), "COMMAND"];
    const asked = o.value("o")?.toUpperCase();
    const head =
      asked === undefined ? usual : asked.startsWith("+") ? [...usual, ...asked.slice(1).split(",")] : asked.split(",");
    const unknown = head.find((name) => !LSNS_COLUMNS.includes(name));
    if (unknown !== undefined) throw new Fatal(`unknown column: ${unknown}`);
    const cells = rows.map((row) => head.map((name) => row[name] ?? ""));
    const all = o.has("n") ? cells : [head, ...cells];
    const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
    const right = ["NS", "NPROCS", "PID", "PPID", "UID", "NETNSID"];
    const shown = (text: string, i: number) =>
      right.includes(head[i]!) ? text.padStart(widths[i]!) : i === head.length - 1 ? text : text.padEnd(widths[i]!);
    for (const row of all) t.out.add(`${o.has("r") ? row.join(" ") : row.map(shown).join(" ")}\n`);
    return 0;
  },
);
