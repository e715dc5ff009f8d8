/** systemd-run(1): a command as a service, scope or timer of its own, which has its file below /run/systemd/transient. */
import { type Gen, sleep, wait } from "../../kernel/index.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { CalendarSpec } from "../../machine/systemd/calendar.ts";
import type { Systemd } from "../../machine/systemd/index.ts";
import { settingsOf } from "../../machine/systemd/settings.ts";
import { parseSpan } from "../../machine/systemd/unit-file.ts";
import type { ParsedOptions } from "../options.ts";
import { searchPath } from "../text/env.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { counted, jobEnd } from "./systemctl-jobs.ts";
import { assignments } from "./systemctl-property.ts";
import { managerOf } from "./systemd-tools.ts";
import { VERSION } from "./systemd-version.ts";
import { span } from "./when.ts";

const DIR = "/run/systemd/transient";
const HEAD = "# This is a transient unit file, created programmatically via the systemd API. Do not edit.\n";
const SPANS = {
  "on-active": "OnActiveSec",
  "on-boot": "OnBootSec",
  "on-startup": "OnStartupSec",
  "on-unit-active": "OnUnitActiveSec",
  "on-unit-inactive": "OnUnitInactiveSec",
} as const;

export const systemdRun = tool(
  {
    name: "systemd-run",
    usage: "[OPTIONS...] COMMAND [ARGUMENTS...]",
    about: "\nRun the specified command in a transient scope or service.\n",
    version: VERSION,
    short: "+H:M:p:rtPqGd:E:Su:",
    long: "scope unit:=u property:=p description: slice: slice-inherit wait pty=t pipe=P quiet=q collect=G remain-after-exit=r uid: gid: nice: working-directory:=d same-dir setenv:=E user system no-block on-active: on-boot: on-startup: on-unit-active: on-unit-inactive: on-calendar: on-clock-change on-timezone-change timer-property: path-property: socket-property: service-type: shell=S no-ask-password send-sighup",
  },
  function* (t, o) {
    const { p } = t;
    const manager = managerOf(t);
    const timer = timerLines(o);
    const command = o.has("S") ? [p.env.get("SHELL") ?? "/bin/bash"] : [...o.operands];
    if (command.length === 0) throw new Fatal("Command line to execute required.");
    if ((o.has("t") || o.has("P")) && (timer.length > 0 || o.has("scope")))
      throw new Fatal("--pty/--pipe is not compatible in timer or --scope mode.");
    if (o.has("wait") && o.has("scope")) throw new Fatal("--wait may not be combined with --scope.");
    if (o.has("wait") && timer.length > 0) throw new Fatal("--wait may not be combined with timer operations.");
    const found = searchPath(p, command[0]!);
    if (found === undefined) throw new Fatal(`Failed to find executable ${command[0]}: No such file or directory`);
    if (p.cred.uid !== 0)
      throw new Fatal(`Failed to start transient ${o.has("scope") ? "scope" : "service"} unit: Access denied`);
    const name = yield* nameOf(t, o);
    const argv = [found, ...command.slice(1)];
    if (o.has("scope", "P", "t")) return yield* beside(t, o, found, command, name);
    if (manager.unit(name).load !== "not-found" && manager.unit(name).active !== "inactive")
      throw new Fatal(
        `Failed to start transient service unit: Unit ${name} was already loaded or has a fragment file.`,
      );
    const description = o.value("description") ?? argv.join(" ");
    write(p, name, serviceText(o, argv, description));
    yield* sleep(500);
    if (timer.length > 0) {
      const timerName = name.replace(/\.service$/, ".timer");
      const lines = ["[Unit]", `Description=${description}`, "", "[Timer]", ...timer, "RemainAfterElapse=no"];
      write(p, timerName, lines);
      yield* sleep(500);
      yield* manager.start(manager.unit(timerName));
      if (!o.has("q"))
        yield* sys.printError(p, `Running timer as unit: ${timerName}\nWill run service as unit: ${name}\n`);
      return 0;
    }
    return yield* serve(t, o, manager, name);
  },
);

/** The unit's name: what --unit says, mended where it is none, else one of its own. */
function* nameOf(t: Tool, o: ParsedOptions): Gen<string> {
  const random = t.p.machine.kernel.random("systemd-run");
  const given = o.value("u");
  const suffix = o.has("scope") ? ".scope" : ".service";
  if (given === undefined)
    return o.has("scope") ? `run-r${random.hex(32)}.scope` : `run-u${random.int(10, 99)}.service`;
  const mended = given.replaceAll("/", "-");
  if (mended !== given)
    yield* sys.printError(
      t.p,
      `Invalid unit name "${given}" escaped as "${mended}" (maybe you should use systemd-escape?).\n`,
    );
  return mended.endsWith(suffix) ? mended : `${mended.replace(/\.(timer|service)$/, "")}${suffix}`;
}

/** Lines of the timer that the options ask for, if they do. */
function timerLines(o: ParsedOptions): string[] {
  const out: string[] = [];
  for (const [option, key] of Object.entries(SPANS))
    for (const value of o.values(option)) {
      if (parseSpan(value) === undefined) throw new Fatal(`Failed to parse ${key}=${value}: Invalid argument`);
      out.push(`${key}=${span(parseSpan(value)!)}`);
    }
  for (const value of o.values("on-calendar")) {
    if (CalendarSpec.parse(value) === undefined)
      throw new Fatal("Failed to parse calendar event specification: Invalid argument");
    out.push(`OnCalendar=${value}`);
  }
  if (out.length > 0) out.push(...o.values("timer-property"));
  return out;
}

const quoted = (word: string) => `"${word.replace(/["\\]/g, "\\$&").replaceAll("$", "$$$$").replaceAll("%", "%%")}"`;

function serviceText(o: ParsedOptions, argv: readonly string[], description: string): string[] {
  const slice = o.value("slice");
  if (slice?.startsWith("/"))
    throw new Fatal(
      `Failed to start transient service unit: Unit name '${slice.slice(1).replaceAll("/", "-")}.mount' is not a slice`,
    );
  const own: string[] = [];
  const unit: string[] = [];
  for (const { name, value } of assignments(o.values("p")))
    (settingsOf("Unit")!.has(name) ? unit : own).push(`${name}=${value}`);
  const option = (key: string, setting: string) => {
    const value = o.value(key);
    if (value !== undefined) own.push(`${setting}=${value}`);
  };
  if (slice !== undefined) own.push(`Slice=${slice.endsWith(".slice") ? slice : `${slice}.slice`}`);
  if (o.has("G")) unit.push("CollectMode=inactive-or-failed");
  option("service-type", "Type");
  if (o.has("r")) own.push("RemainAfterExit=yes");
  option("uid", "User");
  option("gid", "Group");
  option("nice", "Nice");
  option("d", "WorkingDirectory");
  for (const pair of o.values("E")) own.push(`Environment=${quoted(pair)}`);
  return [
    "[Unit]",
    `Description=${description.replaceAll("%", "%%")}`,
    ...unit,
    "",
    "[Service]",
    ...own,
    "ExecStart=",
    `ExecStart=${argv.map(quoted).join(" ")}`,
  ];
}

function write(p: Process, name: string, lines: readonly string[]): void {
  for (const dir of ["/run/systemd", DIR]) if (sys.find(p, dir) === undefined) sys.mkdir(p, dir, 0o755);
  sys.writeText(p, `${DIR}/${name}`, `${HEAD}${lines.join("\n")}\n`, 0o644);
}

function* serve(t: Tool, o: ParsedOptions, manager: Systemd, name: string): Gen<number> {
  const { p } = t;
  const unit = manager.unit(name);
  unit.jobs++;
  try {
    const start = manager.start(unit);
    if (o.has("no-block")) manager.machine.kernel.spawn(`systemd-run ${name}`, counted(unit, start));
    else {
      const told = jobEnd(unit, yield* start);
      if (told !== undefined) {
        yield* sys.printError(p, told);
        return 1;
      }
    }
    if (!o.has("q")) yield* sys.printError(p, `Running as unit: ${name}\n`);
    if (!o.has("wait")) return 0;
    while (unit.active !== "inactive" && unit.active !== "failed") yield* wait(unit.changed);
    const code = unit.mainStatus === undefined ? 0 : exitCode(unit.mainStatus);
    if (o.has("q")) return code;
    const ran = Math.max(1000, (unit.mainEndedAt ?? 0) - (unit.mainStartedAt ?? 0));
    const how =
      unit.mainStatus?.kind === "signaled" ? `killed/status=${unit.mainStatus.signal}` : `exited/status=${code}`;
    yield* sys.printError(
      p,
      `Finished with result: ${unit.result}\nMain processes terminated with: code=${how}\nService runtime: ${span(ran)}\nCPU time consumed: ${span(Math.max(1000, unit.main?.cpuUsed ?? 0))}\n`,
    );
    return code;
  } finally {
    unit.jobs--;
    if (!o.has("no-block")) manager.collect();
  }
}

/** --scope, --pipe and --pty: the command keeps this program's descriptors. */
function* beside(t: Tool, o: ParsedOptions, found: string, command: readonly string[], name: string): Gen<number> {
  const { p } = t;
  if (!o.has("q")) {
    yield* sys.printError(p, `Running ${o.has("scope") ? "scope " : ""}as unit: ${name}\n`);
    if (o.has("t")) yield* sys.printError(p, "Press ^] three times within 1s to disconnect TTY.\n");
  }
  const child = yield* sys.spawn(p, found, { argv: [...command] });
  child.ns = { ...child.ns, cgroup: `/system.slice/${name}` };
  return exitCode((yield* sys.waitFor(p, child))!.status);
}
