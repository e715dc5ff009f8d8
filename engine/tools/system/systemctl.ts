import { sleep } from "../../kernel/index.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, tool } from "../tool.ts";
import { ENVIRONMENT_VERBS } from "./systemctl-environment.ts";
import { FILE_VERBS } from "./systemctl-files.ts";
import { JOB_VERBS } from "./systemctl-jobs.ts";
import { VIEW_VERBS } from "./systemctl-view.ts";
import type { Verb } from "./systemctl-words.ts";
import { VERSION } from "./systemd-version.ts";

/** systemctl(1) of systemd 252. */
export const systemctl: Program = tool(
  {
    name: "systemctl",
    usage: "[OPTIONS...] COMMAND ...",
    about: "\nQuery or send control commands to the system manager.\n",
    version: VERSION,
    short: "t:p:P:s:n:o:alqfHM:TiCM:",
    long: "type:=t state: property:=p value all=a full=l no-pager no-legend plain quiet=q now force=f failed signal:=s kill-whom: kill-who: lines:=n output:=o system user no-block no-ask-password show-types reverse after before recursive no-reload root: no-wall wait legend: message: runtime job-mode: show-transaction=T dry-run what: boot-loader-entry: firmware-setup preset-mode: host:=H machine:=M global timestamp: with-dependencies check-inhibitors: marked read-only mkdir image: no-warn reboot-argument: when:",
  },
  function* (t, o) {
    const { p } = t;
    const manager = p.machine.systemd;
    if (manager === undefined || p.ns.pid !== p.machine.pids) {
      yield* sys.printError(
        p,
        "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n",
      );
      return 1;
    }
    yield* sleep(1_500);
    const [verb = "list-units", ...names] = o.operands;
    const found = VERBS[verb];
    if (found === undefined) throw new Fatal(`Unknown command verb ${verb}.`);
    if (names.length < (found.least ?? 0)) throw new Fatal("Too few arguments.");
    if (names.length > (found.most ?? Number.POSITIVE_INFINITY)) throw new Fatal("Too many arguments.");
    manager.collect();
    return yield* found.run(t, manager, names, o);
  },
);

const VERBS: Readonly<Record<string, Verb>> = { ...JOB_VERBS, ...FILE_VERBS, ...VIEW_VERBS, ...ENVIRONMENT_VERBS };
