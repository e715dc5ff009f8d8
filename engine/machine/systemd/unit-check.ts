/** What systemd says of a unit file while it reads it (src/core/load-fragment.c, src/shared/conf-parser.c). */
import { CalendarSpec } from "./calendar.ts";
import { BOOLEANS, SPANS, settingsOf } from "./settings.ts";
import { isYes, parseSpan, splitWords, type UnitFile, unitLines } from "./unit-file.ts";

export interface Complaint {
  text: string;
  /** syslog(3). */
  priority: number;
}

export interface Verdict {
  complaints: readonly Complaint[];
  /** A setting that keeps the unit from being started. */
  fatal: boolean;
  /** The file cannot be read as a unit file at all. */
  malformed: boolean;
  /** Settings that are ignored as their values mean nothing, as `line` numbers from 1. */
  ignored: ReadonlySet<number>;
}

const WARNING = 4;
const ERROR = 3;

const CHOICES: Readonly<Record<string, readonly [string, string]>> = {
  Type: ["service type", "simple exec forking oneshot dbus notify idle"],
  Restart: ["service restart specifier", "no on-success on-failure on-abnormal on-watchdog on-abort always"],
  KillMode: ["kill mode", "control-group process mixed none"],
  NotifyAccess: ["notify access specifier", "none main exec all"],
  ProtectSystem: ["protect system value", "no yes strict full true false 1 0 on off"],
  ProtectHome: ["protect home value", "no yes read-only tmpfs true false 1 0 on off"],
  CollectMode: ["garbage collection mode", "inactive inactive-or-failed"],
};

const SIGNAL_NAME = /^(SIG)?[A-Z][A-Z0-9]*([+-]\d+)?$|^\d+$/;
const UNIT_NAME = /^[A-Za-z0-9:_.\\@%-]+\.(service|socket|target|device|mount|automount|swap|timer|path|slice|scope)$/;
const UNIT_LISTS = new Set(
  "Requires Requisite Wants BindsTo Upholds Conflicts Before After OnSuccess OnFailure PartOf PropagatesReloadTo ReloadPropagatedFrom PropagatesStopTo StopPropagatedFrom JoinsNamespaceOf".split(
    " ",
  ),
);

const yesOrNo = /^(1|0|yes|no|y|n|true|false|t|f|on|off)$/i;

const verdicts = new Map<string, Verdict>();
const KEPT = 512;

/** Judges the text of one file; `path` is named in what is said. */
export function checkUnit(path: string, text: string): Verdict {
  const key = `${path}\0${text}`;
  let verdict = verdicts.get(key);
  if (verdict === undefined) {
    if (verdicts.size >= KEPT) verdicts.clear();
    verdicts.set(key, (verdict = check(path, text)));
  }
  return verdict;
}

function check(path: string, text: string): Verdict {
  const complaints: Complaint[] = [];
  const ignored = new Set<number>();
  let fatal = false;
  let section = "";
  let known: ReadonlySet<string> | undefined;
  let foreign = false;
  let malformed = false;
  for (const { first, number, line } of unitLines(text)) {
    const say = (message: string, priority = WARNING) =>
      complaints.push({ text: `${path}:${number}: ${message}`, priority });
    if (line.startsWith("[")) {
      if (!line.endsWith("]")) {
        say(`Invalid section header '${line}'`, ERROR);
        malformed = true;
        break;
      }
      section = line.slice(1, -1);
      known = settingsOf(section);
      foreign = section.startsWith("X-");
      if (known === undefined && !foreign) say(`Unknown section '${section}'. Ignoring.`);
      continue;
    }
    if (section === "") {
      say("Assignment outside of section. Ignoring.");
      continue;
    }
    if (known === undefined || foreign) continue;
    const equals = line.indexOf("=");
    if (equals < 0) {
      say("Missing '=', ignoring line.");
      continue;
    }
    const name = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trim();
    if (name === "") {
      say("Missing key name before '=', ignoring line.");
      continue;
    }
    if (!known.has(name)) {
      if (!name.startsWith("X-")) say(`Unknown key '${name}' in section [${section}], ignoring.`);
      continue;
    }
    if (name === "User" && (value === "nobody" || value === "65534"))
      say(`Special user ${value} configured, this is not safe!`);
    const wrong = value === "" ? undefined : wrongValue(name, value);
    if (wrong === undefined) continue;
    for (let each = first; each <= number; each++) ignored.add(each);
    say(wrong.text, wrong.fatal ? ERROR : WARNING);
    fatal ||= wrong.fatal === true;
  }
  return { complaints, fatal, malformed, ignored };
}

/** What is wrong with a value, if anything is. */
function wrongValue(name: string, value: string): { text: string; fatal?: boolean } | undefined {
  const choice = CHOICES[name];
  if (choice !== undefined && !choice[1].split(" ").includes(value))
    return { text: `Failed to parse ${choice[0]}, ignoring: ${value}` };
  if (BOOLEANS.has(name) && !yesOrNo.test(value)) return { text: `Failed to parse boolean value, ignoring: ${value}` };
  if ((SPANS.has(name) || name === "TimeoutAbortSec") && parseSpan(value) === undefined)
    return {
      text: `Failed to parse ${name === "TimeoutStartSec" || name === "TimeoutStopSec" ? name : "sec value"}${name.startsWith("Timeout") ? "=" : ""}, ignoring: ${value}`,
    };
  if (/^On(Active|Boot|Startup|UnitActive|UnitInactive)Sec$/.test(name) && parseSpan(value) === undefined)
    return { text: `Failed to parse timer value, ignoring: ${value}` };
  if (name === "OnCalendar" && CalendarSpec.parse(value) === undefined)
    return { text: `Failed to parse calendar specification, ignoring: ${value}` };
  if (/^(Kill|RestartKill|FinalKill|Watchdog)Signal$/.test(name) && !SIGNAL_NAME.test(value))
    return { text: `Failed to parse signal value, ignoring: ${value}` };
  if (/^Exec(Condition|Start|StartPre|StartPost|Reload|Stop|StopPost|StopPre)$/.test(name)) return wrongCommand(value);
  if (name === "WorkingDirectory" && !/^-?(\/|~|%)/.test(value))
    return { text: `Working directory path '${value.replace(/^-/, "")}' is not absolute.`, fatal: true };
  if (UNIT_LISTS.has(name)) {
    const bad = splitWords(value).find((word) => !UNIT_NAME.test(word));
    if (bad !== undefined) return { text: `Failed to add dependency on ${bad}, ignoring: Invalid argument` };
  }
  return undefined;
}

function wrongCommand(value: string): { text: string; fatal?: boolean } | undefined {
  const first = splitWords(value)[0];
  const prefix = /^[-@:+!|]*/.exec(value)![0];
  const program = (first ?? "").slice(prefix.length);
  if (program === "") return { text: `Empty path in command line, ignoring: ${value}` };
  if (program.startsWith("/") && program.endsWith("/"))
    return { text: `Executable path specifies a directory: ${program}`, fatal: !prefix.includes("-") };
  if (!program.startsWith("/") && program.includes("/"))
    return {
      text: `Neither a valid executable name nor an absolute path${prefix.includes("-") ? ", ignoring" : ""}: ${program}`,
      fatal: !prefix.includes("-"),
    };
  return undefined;
}

/** What a service as a whole lacks (service_verify() of src/core/service.c); undefined when it may be started. */
export function serviceFault(file: UnitFile): string | undefined {
  const starts = file.all("Service", "ExecStart").length;
  const type = file.get("Service", "Type") ?? (starts === 0 ? "oneshot" : "simple");
  const stops = file.all("Service", "ExecStop").length;
  if (starts === 0 && stops === 0 && file.get("Unit", "SuccessAction") === undefined)
    return "Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.";
  if (type !== "oneshot" && starts === 0)
    return "Service has no ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.";
  const remains = isYes(file.get("Service", "RemainAfterExit"));
  if (!remains && starts === 0 && file.get("Unit", "SuccessAction") === undefined)
    return "Service has no ExecStart= and no SuccessAction= settings and does not have RemainAfterExit=yes set. Refusing.";
  if (type !== "oneshot" && starts > 1)
    return "Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.";
  const restart = file.get("Service", "Restart");
  if (type === "oneshot" && (restart === "always" || restart === "on-success"))
    return `Service has Restart= set to either always or on-success, which isn't allowed for Type=oneshot services. Refusing.`;
  if (type === "dbus" && file.get("Service", "BusName") === undefined)
    return "Service is of type D-Bus but no D-Bus service name has been specified. Refusing.";
  return undefined;
}

/** What a timer lacks (timer_verify() of src/core/timer.c). */
export function timerFault(file: UnitFile): string | undefined {
  const has = ["OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec"].some(
    (key) =>
      file
        .all("Timer", key)
        .some((value) => (key === "OnCalendar" ? CalendarSpec.parse(value) : parseSpan(value)) !== undefined),
  );
  const changes = file.get("Timer", "OnClockChange") ?? file.get("Timer", "OnTimezoneChange");
  return has || changes !== undefined ? undefined : "Timer unit lacks value setting. Refusing.";
}
