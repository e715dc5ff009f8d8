import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { userName } from "../../machine/users.ts";
import { tool } from "../tool.ts";
import { seenBy } from "./process-view.ts";

interface User {
  process: Process;
  pid: number;
  /** `c` works there, `e` runs it, `f` has it open, `F` for writing; empty for sockets. */
  access: string;
}

/** `-9`, `-TERM`: options that getopt would take apart. */
const signalWords = (args: string[]): string[] =>
  args.map((word) => (/^-(\d+|(SIG)?[A-Z][A-Z0-9]{2,})$/.test(word) ? `--signal=${word.slice(1)}` : word));

/** fuser(1) of psmisc: who has a file, a directory or a port (`8080/tcp`, `-n tcp 8080`). */
export const fuser = tool(
  {
    name: "fuser",
    usage:
      "[-fIMuvw] [-a|-s] [-4|-6] [-c|-m|-n SPACE]\n             [-k [-i] [-SIGNAL]] NAME...\n       fuser -l\n       fuser -V",
    about: "Show which processes use the named files, sockets, or filesystems.",
    version: "fuser (PSmisc) 23.6",
    short: "aiIklmMn:suvw46c",
    long: "all=a interactive=i kill=k list-signals=l mount=m namespace:=n silent=s user=u verbose=v writeonly=w signal: ipv4=4 ipv6=6",
    rewrite: signalWords,
  },
  function* (t, o) {
    const { p } = t;
    if (o.has("l")) {
      t.out.add(`${Object.keys(SIGNALS).join(" ")}\n`);
      return 0;
    }
    if (o.operands.length === 0) {
      yield* sys.printError(p, "No process specification given\n");
      return 1;
    }
    const given = (o.value("signal") ?? "KILL").replace(/^SIG/, "");
    const named = Object.entries(SIGNALS).find(([name, number]) => name === given || String(number) === given);
    if (named === undefined) {
      yield* sys.printError(p, `${given}: unknown signal; fuser -l lists signals.\n`);
      return 1;
    }
    let status = 1;
    for (const [i, name] of o.operands.entries()) {
      const socket = /^(\d+)(?:\/(tcp|udp))?$/.exec(name);
      const space = o.value("n") ?? socket?.[2] ?? "file";
      let found: User[];
      if (space === "file") {
        try {
          const path = sys.lookup(p, name).path;
          sys.stat(p, name);
          found = usersOf(p, path, o.has("m"));
        } catch (error) {
          if (!isErrno(error)) throw error;
          yield* sys.printError(p, `Specified filename ${name} does not exist.\n`);
          continue;
        }
      } else if (socket === null) {
        yield* sys.printError(p, `Specified filename ${name} does not exist.\n`);
        continue;
      } else found = listenersOn(p, space, Number(socket[1]));
      if (found.length === 0) continue;
      status = 0;
      const shown = space === "file" ? sys.lookup(p, name).path : `${socket![1]}/${space}`;
      if (!o.has("s") && o.has("v")) {
        const head = i === 0 ? `${" ".repeat(21)}USER        PID ACCESS COMMAND\n` : "";
        yield* sys.printError(p, head + verbose(p, shown, found));
      } else if (!o.has("s")) {
        yield* sys.printError(p, `${shown}:`.padEnd(20));
        yield* sys.print(
          p,
          found.map(({ pid, access }) => String(pid).padStart(6) + access.replace(/f/i, "")).join(""),
        );
        yield* sys.printError(p, "\n");
      }
      if (!o.has("k")) continue;
      for (const { process } of found)
        if (p.cred.uid === 0 || p.cred.uid === process.cred.uid) p.machine.signal(process, named[0] as Signal);
    }
    return status;
  },
);

function listenersOn(p: Process, protocol: string, port: number): User[] {
  return seenBy(p)
    .filter(({ process }) => p.cred.uid === 0 || process.cred.uid === p.cred.uid)
    .filter(({ process }) =>
      p.ns.net.listening().some((one) => one.pid === process.pid && one.protocol === protocol && one.port === port),
    )
    .map(({ process, pid }) => ({ process, pid, access: "" }));
}

/** Who works in, runs or has open what lies at a path; with `below`, also what lies below it. */
function usersOf(p: Process, path: string, below: boolean): User[] {
  const is = (other: string | undefined) =>
    other === path || (below && other?.startsWith(path === "/" ? "/" : `${path}/`) === true);
  const out: User[] = [];
  for (const { process, pid } of seenBy(p)) {
    if (process === p || process.ns.mnt !== p.ns.mnt) continue;
    const files = [...process.fds.values()].filter((file) => is(file.path));
    const open = files.length === 0 ? "" : files.some((file) => file.writable) ? "F" : "f";
    const access = `${is(process.cwd) ? "c" : ""}${is(process.exe) ? "e" : ""}${open}`;
    if (access !== "") out.push({ process, pid, access });
  }
  return out;
}

function verbose(p: Process, name: string, found: readonly User[]): string {
  const mark = (access: string, kinds: string) => [...kinds].find((kind) => access.includes(kind)) ?? ".";
  return found
    .map(({ process, pid, access }, i) => {
      const flags = `${mark(access, "Ff")}${mark(access, "")}${mark(access, "c")}${mark(access, "e")}.`;
      const user = userName(p.ns.mnt, process.cred.uid).padEnd(8);
      const first = i === 0 ? `${name}:`.padEnd(20) : " ".repeat(20);
      return `${first} ${user} ${String(pid).padStart(6)} ${flags} ${process.comm}\n`;
    })
    .join("");
}
