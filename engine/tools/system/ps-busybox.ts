import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userName } from "../../machine/users.ts";
import { BUSYBOX_VERSION, commandLine, type Seen, seenBy } from "./process-view.ts";
import type { View } from "./ps-cells.ts";
import { COLUMNS } from "./ps-columns.ts";

const USAGE = `${BUSYBOX_VERSION}

Usage: ps [-o COL1,COL2=HEADER] [-T]

Show list of processes

	-o COL1,COL2=HEADER	Select columns for display
	-T			Show threads
`;

/** Headers and widths of its columns (procps/ps.c of BusyBox 1.37). */
const OWN: Readonly<Record<string, [string, number]>> = {
  user: ["USER", 8],
  group: ["GROUP", 8],
  comm: ["COMMAND", 16],
  args: ["COMMAND", 256],
  pid: ["PID", 5],
  ppid: ["PPID", 5],
  pgid: ["PGID", 5],
  etime: ["ELAPSED", 7],
  nice: ["NI", 5],
  rgroup: ["RGROUP", 8],
  ruser: ["RUSER", 8],
  time: ["TIME", 6],
  tty: ["TT", 6],
  vsz: ["VSZ", 4],
  sid: ["SID", 5],
  stat: ["STAT", 4],
  rss: ["RSS", 4],
};

const RIGHT = new Set(["pid", "ppid", "pgid", "sid", "nice", "vsz", "rss", "time"]);

/** `ps` of BusyBox: PID, USER, TIME, COMMAND of everything, or the columns of `-o`. */
export function* busyboxPs(p: Process): Gen<number> {
  const columns: [string, string][] = [];
  const args = p.argv.slice(1);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg.startsWith("-o") || arg === "o") {
      const list = arg.length > 2 ? arg.slice(2) : args[++i];
      if (list === undefined) {
        yield* sys.printError(p, `ps: option requires an argument -- 'o'\n${USAGE}`);
        return 1;
      }
      for (const item of list.split(",")) {
        const [name = "", header] = item.split(/=(.*)/s);
        const own = OWN[name];
        if (own === undefined) {
          yield* sys.printError(
            p,
            `ps: bad -o argument '${name}', supported arguments: ${Object.keys(OWN).join(",")}\n`,
          );
          return 1;
        }
        columns.push([name, header ?? own[0]]);
      }
    } else if (arg.startsWith("-") && !/^-[T]+$/.test(arg)) {
      yield* sys.printError(p, `ps: invalid option -- '${arg.replace(/^-[T]*/, "")[0] ?? "-"}'\n${USAGE}`);
      return 1;
    }
  }
  const rows = seenBy(p);
  yield* sys.print(p, columns.length > 0 ? chosen(p, columns, rows) : usual(p, rows));
  return 0;
}

function chosen(p: Process, columns: readonly [string, string][], rows: readonly Seen[]): string {
  const view: View = {
    viewer: p,
    shortNames: false,
    fullNames: false,
    environment: false,
    numericUsers: false,
    deadChildren: false,
  };
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, i) => {
        const [name, header] = columns[i]!;
        const own = OWN[name]!;
        const room = header === own[0] || header === "" ? own[1] : header.length;
        if (RIGHT.has(name) && cell !== header) return cell.slice(0, room).padStart(room);
        return i === cells.length - 1 ? cell : cell.slice(0, room).padEnd(room);
      })
      .join(" ")}\n`;
  const head = columns.some(([, header]) => header !== "") ? line(columns.map(([, header]) => header)) : "";
  const cell = (name: string, seen: Seen): string => {
    const { process } = seen;
    if (name === "args") return commandLine(process);
    if (name === "comm") return process.comm;
    if (name === "vsz" || name === "rss") return short(process.rssKib * (name === "vsz" ? 3 : 1));
    if (name === "time") return minutes(process);
    return COLUMNS.get(name)!.cell(seen, view).trim();
  };
  return head + rows.map((seen) => line(columns.map(([name]) => cell(name, seen)))).join("");
}

/** KiB in at most four characters: `3200`, `12m`. */
const short = (kib: number): string =>
  kib < 10_000 ? String(kib) : kib < 10_000 * 1024 ? `${Math.floor(kib / 1024)}m` : `${Math.floor(kib / 1_048_576)}g`;

function minutes(process: Process): string {
  const seconds = Math.floor(process.cpuUsed / 1_000_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function usual(p: Process, rows: readonly Seen[]): string {
  let text = "PID   USER     TIME  COMMAND\n";
  for (const { process, pid } of rows) {
    const name = userName(p.ns.mnt, process.cred.uid).slice(0, 8);
    text += `${String(pid).padStart(5)} ${name.padEnd(8)} ${minutes(process).padStart(5)} ${commandLine(process)}\n`;
  }
  return text;
}
