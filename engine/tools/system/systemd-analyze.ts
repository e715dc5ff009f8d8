import { decode, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { Systemd, Unit } from "../../machine/systemd/index.ts";
import { searchPath } from "../text/env.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { managerOf } from "./systemd-tools.ts";
import { VERSION } from "./systemd-version.ts";
import { span } from "./when.ts";

/** The kernel's and the initial RAM disk's part of a boot, in µs: it is over before the model's PID 1 runs. */
const KERNEL_US = 1_512_000;

/** How long a unit took to start, in µs; undefined when it has not. */
function startTime(t: Tool, unit: Unit): number | undefined {
  if (unit.activeEnter === undefined || unit.mainStartedAt === undefined) return undefined;
  const began = unit.mainStartedAt;
  return began < t.p.machine.bootedAt ? undefined : Math.max(1000, unit.activeEnter - began);
}

/** systemd-analyze(1): time, blame, critical-chain, verify, unit-paths, cat-config. */
export const systemdAnalyze = tool(
  {
    name: "systemd-analyze",
    usage: "[OPTIONS...] COMMAND ...",
    about: "\nProfile systemd, show unit dependencies, check unit files.\n",
    version: VERSION,
    short: "H:M:qh",
    long: "no-pager system user global order require from-pattern: to-pattern: fuzz: man:: generators:: quiet=q root: recursive-errors:",
  },
  function* (t, o) {
    const [verb = "time", ...names] = o.operands;
    const manager = managerOf(t);
    const { machine } = t.p;
    const target = manager.unit("multi-user.target");
    const userspace = Math.max(1000, (target.activeEnter ?? machine.bootedAt) - machine.bootedAt);
    switch (verb) {
      case "time":
        t.out.add(
          `Startup finished in ${span(KERNEL_US, 1000)} (kernel) + ${span(userspace, 1000)} (userspace) = ${span(KERNEL_US + userspace, 1000)} \nmulti-user.target reached after ${span(userspace, 1000)} in userspace.\n`,
        );
        return 0;
      case "blame": {
        const rows = manager
          .loaded()
          .map((unit) => ({ unit, us: startTime(t, unit) }))
          .filter((row): row is { unit: Unit; us: number } => row.us !== undefined && row.unit.type === "service")
          .sort((a, b) => b.us - a.us);
        const width = Math.max(0, ...rows.map(({ us }) => span(us, 1000).length));
        for (const { unit, us } of rows) t.out.add(`${span(us, 1000).padStart(width)} ${unit.name}\n`);
        return 0;
      }
      case "critical-chain": {
        t.out.add(
          'The time when unit became active or started is printed after the "@" character.\nThe time the unit took to start is printed after the "+" character.\n\n',
        );
        chain(t, manager, manager.unit(names[0] ?? "multi-user.target"), "", new Set());
        return 0;
      }
      case "verify":
        if (names.length === 0) throw new Fatal("Too few arguments.");
        return yield* verify(t, manager, names);
      case "unit-paths":
        for (const path of [
          "/etc/systemd/system",
          "/run/systemd/system",
          "/usr/local/lib/systemd/system",
          "/lib/systemd/system",
        ])
          t.out.add(`${path}\n`);
        return 0;
      default:
        throw new Fatal(`Unknown command verb '${verb}'.`);
    }
  },
);

function chain(t: Tool, manager: Systemd, unit: Unit, before: string, seen: Set<string>): void {
  const { bootedAt } = t.p.machine;
  const took = startTime(t, unit);
  const at = unit.activeEnter === undefined ? "" : ` @${span(Math.max(1000, unit.activeEnter - bootedAt), 1000)}`;
  t.out.add(`${before}${unit.name}${at}${took === undefined ? "" : ` +${span(took, 1000)}`}\n`);
  seen.add(unit.name);
  const after = [...unit.names("After"), ...(unit.type === "target" ? manager.loaded().map(({ name }) => name) : [])]
    .map((name) => manager.unit(name))
    .filter((other) => !seen.has(other.name) && other.activeEnter !== undefined && other.active === "active")
    .filter((other) => other.activeEnter! <= (unit.activeEnter ?? Number.POSITIVE_INFINITY))
    .sort((a, b) => b.activeEnter! - a.activeEnter!)[0];
  if (after === undefined) return;
  const below = before === "" ? "└─" : `  ${before}`;
  chain(t, manager, after, below, seen);
}

const SECTIONS = new Set([
  "Unit",
  "Service",
  "Install",
  "Timer",
  "Socket",
  "Mount",
  "Path",
  "Slice",
  "Target",
  "Swap",
  "Scope",
]);

/** verify: what systemd would say while it loads a unit file, and whether its programs are there. */
function* verify(t: Tool, manager: Systemd, names: readonly string[]): Gen<number> {
  let status = 0;
  const complain = function* (line: string) {
    yield* sys.printError(t.p, `${line}\n`);
    status = 1;
  };
  for (const given of names) {
    const path = given.includes("/") ? given : manager.unit(given).path;
    const node = path === undefined ? undefined : sys.find(t.p, path);
    if (path === undefined || node?.kind !== "file") {
      yield* complain(`Failed to prepare filename ${given}: No such file or directory`);
      continue;
    }
    const name = path.slice(path.lastIndexOf("/") + 1);
    const later: string[] = [];
    let section = "";
    let execs = 0;
    for (const [i, raw] of decode(node.content.bytes()).split("\n").entries()) {
      const line = raw.trim();
      if (line === "" || /^[#;]/.test(line)) continue;
      const head = /^\[(.*)\]$/.exec(line);
      if (head !== null) {
        section = head[1]!;
        if (!SECTIONS.has(section) && !section.startsWith("X-"))
          yield* complain(`${path}:${i + 1}: Unknown section '${section}'. Ignoring.`);
        continue;
      }
      if (line.startsWith("[")) {
        yield* complain(`${path}:${i + 1}: Invalid section header '${line}'`);
        continue;
      }
      const equals = line.indexOf("=");
      if (equals < 0) {
        if (!raw.startsWith(" ") && !raw.startsWith("\t"))
          yield* complain(`${path}:${i + 1}: Missing '=', ignoring line.`);
        continue;
      }
      if (section === "") yield* complain(`${path}:${i + 1}: Assignment outside of section. Ignoring.`);
      const [key, value] = [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
      if (!/^Exec(Start|Stop|Reload)/.test(key) || value === "") continue;
      if (key === "ExecStart") execs++;
      const program = value.replace(/^[-@:+!]+/, "").split(/\s+/)[0]!;
      if (program.startsWith("$")) continue;
      const found = program.includes("/") ? sys.find(t.p, program) : searchPath(t.p, program);
      if (found === undefined) later.push(`${name}: Command ${program} is not executable: No such file or directory`);
    }
    for (const line of later) yield* complain(line);
    if (name.endsWith(".service") && execs === 0)
      yield* complain(`${name}: Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.`);
  }
  return status;
}
