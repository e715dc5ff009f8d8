import type { Systemd, Unit } from "../../machine/systemd/index.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { showCalendar, showSpan, showTimestamp } from "./systemd-times.ts";
import { managerOf } from "./systemd-tools.ts";
import { catConfig, condition, exitStatus, verify } from "./systemd-verify.ts";
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

/** Where the manager looks for unit files, the first one winning. */
const SEARCHED = [
  "/etc/systemd/system.control",
  "/run/systemd/system.control",
  "/run/systemd/transient",
  "/run/systemd/generator.early",
  "/etc/systemd/system",
  "/etc/systemd/system.attached",
  "/run/systemd/system",
  "/run/systemd/system.attached",
  "/run/systemd/generator",
  "/usr/local/lib/systemd/system",
  "/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/run/systemd/generator.late",
];

/** systemd-analyze(1): time, blame, critical-chain, verify, unit-paths, cat-config. */
export const systemdAnalyze = tool(
  {
    name: "systemd-analyze",
    usage: "[OPTIONS...] COMMAND ...",
    about: "\nProfile systemd, show unit dependencies, check unit files.\n",
    version: VERSION,
    short: "H:M:qh",
    long: "no-pager system user global order require from-pattern: to-pattern: fuzz: man:: generators:: quiet=q root: image: recursive-errors: iterations: base-time: offline: threshold: json: security-policy: unit: profile:",
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
      case "calendar":
      case "timespan":
      case "timestamp":
        if (names.length === 0) throw new Fatal("Too few arguments.");
        return yield* { calendar: showCalendar, timespan: showSpan, timestamp: showTimestamp }[verb](t, names, o);
      case "cat-config":
        if (names.length === 0) throw new Fatal("Too few arguments.");
        catConfig(t, names);
        return 0;
      case "exit-status":
        exitStatus(t, names);
        return 0;
      case "condition":
        return condition(t, names);
      case "unit-files":
        for (const name of names) {
          const unit = manager.unit(name);
          t.out.add(`ids: ${unit.name} → ${unit.path ?? "-"}\naliases: ${unit.name} ← ${unit.name}\n`);
        }
        return 0;
      case "log-level":
        t.out.add(`${manager.logLevel}\n`);
        return 0;
      case "log-target":
        t.out.add(`${manager.logTarget}\n`);
        return 0;
      case "unit-paths":
        t.out.add(SEARCHED.map((path) => `${path}\n`).join(""));
        return 0;
      default:
        throw new Fatal(`Unknown command verb ${verb}.`);
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
