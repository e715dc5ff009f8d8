import { decode, type Gen, SECOND, sleep, type Task, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { runAs } from "../../machine/login.ts";
import { exitCode, type Process, type Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { notify } from "../../machine/systemd/index.ts";
import { logger } from "../daemon.ts";
import {
  type KeepalivedConfiguration,
  readConfiguration,
  type VrrpInstance,
  type VrrpScript,
} from "./configuration.ts";
import { Router, type RouterState, segmentOf } from "./router.ts";

const VERSION = "v2.2.7 (01/16,2022)";
const DEFAULT_FILE = "/etc/keepalived/keepalived.conf";
/** Permanent error of the configuration (lib/main.h, KEEPALIVED_EXIT_CONFIG). */
const EXIT_CONFIG = 78;
const EXIT_CONFIG_TEST = 5;
/** Until then a session begins: what runs has been up before, and whose state is to be MASTER is the master at once. */
const SETTLED = 5 * SECOND;
/** A stopping master's last adverts go out. */
const STOP_DELAY = SECOND;

/** keepalived's VRRP: virtual addresses that one of several machines holds, by priority and what its scripts find. */
export const keepalived: Program = function* keepalived(p) {
  const { argv } = p;
  const option = (short: string, long: string) => {
    const at = argv.findIndex((word) => word === short || word === long || word.startsWith(`${long}=`));
    return at < 0 ? undefined : argv[at]!.includes("=") ? argv[at]!.slice(argv[at]!.indexOf("=") + 1) : argv[at + 1];
  };
  const has = (short: string, long: string) => argv.some((word) => word === short || word === long);
  if (has("-v", "--version")) {
    yield* sys.printError(p, `Keepalived ${VERSION}\n\nCopyright(C) 2001-2022 Alexandre Cassen, <acassen@gmail.com>\n`);
    return 0;
  }
  const unknown = unknownOption(argv.slice(1));
  if (unknown !== undefined) {
    yield* sys.printError(p, `Unknown option ${unknown}\n`);
    return 1;
  }
  const file = option("-f", "--use-file") ?? DEFAULT_FILE;
  if (has("-t", "--config-test")) {
    const { complaints, fault } = load(p, file);
    const lines = [...complaints, ...(fault === undefined ? [] : [fault])];
    yield* sys.printError(p, lines.map((line) => `${line}\n`).join(""));
    return lines.length === 0 ? 0 : EXIT_CONFIG_TEST;
  }
  if (!has("-n", "--dont-fork")) {
    // It goes on in the background.
    sys.fork(p, keepalived, { newSession: true }, [...argv, "-n"]);
    return 0;
  }
  const log = logTo(p, has("-l", "--log-console"));
  log("Keepalived", `Starting Keepalived ${VERSION}`);
  log("Keepalived", `Configuration file ${file}`);
  log("Keepalived", `Starting VRRP child process, pid=${p.pid}`);
  notify(p);
  log("Keepalived", "Startup complete");
  const daemon = new Daemon(p, log);
  p.dispositions.set("TERM", "catch");
  p.dispositions.set("INT", "catch");
  p.dispositions.set("HUP", "catch");
  p.dispositions.set("CHLD", "ignore");
  const never = new WaitQueue();
  let isAsked = false;
  try {
    if (!daemon.begin(load(p, file), p.machine.kernel.now < SETTLED)) return EXIT_CONFIG;
    for (;;) {
      const signal = p.takeSignal();
      if (signal === "TERM" || signal === "INT") break;
      if (signal === "HUP") {
        log("Keepalived", "Reloading ...");
        log("Keepalived_vrrp", "Reloading");
        if (!daemon.begin(load(p, file), false)) return EXIT_CONFIG;
        log("Keepalived_vrrp", "Reload complete");
      } else if (signal === undefined) yield* wait(never);
    }
    isAsked = true;
    log("Keepalived", "Stopping");
    daemon.end(false);
    yield* sleep(STOP_DELAY);
    log("Keepalived_vrrp", "Stopped");
    log("Keepalived", `Stopped Keepalived ${VERSION}`);
    return 0;
  } finally {
    if (!isAsked) daemon.end(true);
  }
};

/** Options that take a word (keepalived(8)), and those that stand alone. */
const VALUES = /^(-[fpcrbSgGiu]|--(use-file|pid|checkers_pid|vrrp_pid|bfd_pid|log-facility|log-file|config-id|umask))$/;
const FLAGS =
  /^(-[PCBIlDdnmMstvVRX]|--(vrrp|check|no_bfd|dont-respawn|log-console|log-detail|dump-conf|dont-fork|config-test|version|release-vips|dont-release-vrrp|dont-release-ipvs|no-syslog|flush-log-file))$/;

function unknownOption(words: readonly string[]): string | undefined {
  for (let i = 0; i < words.length; i++) {
    const name = words[i]!.replace(/^(--[^=]+)=.*$/s, "$1");
    if (VALUES.test(name)) i += name === words[i] ? 1 : 0;
    else if (!FLAGS.test(name)) return words[i];
  }
  return undefined;
}

type Log = (who: "Keepalived" | "Keepalived_vrrp", message: string) => void;

/** To syslog, or with -l to standard error. */
function logTo(p: Process, isConsole: boolean): Log {
  const line = logger(p);
  return (identifier, message) => {
    if (isConsole) line(message);
    else {
      p.machine.journal.append({
        identifier,
        pid: p.pid,
        unit: "keepalived.service",
        message,
        transport: "syslog",
      });
    }
  };
}

function load(p: Process, file: string): KeepalivedConfiguration {
  let text = "";
  try {
    text = decode(sys.readBytes(p, file));
  } catch (error) {
    if (!isErrno(error)) throw error;
    const complaints = [`Unable to find config file ${file} (${error.message})`];
    return { instances: [], scripts: new Map(), complaints, fault: `Configuration file '${file}' open problem` };
  }
  return readConfiguration(file, text, new Set(p.machine.net.interfaces.keys()));
}

/** The virtual routers of one machine, and the scripts that they track. */
class Daemon {
  private readonly p: Process;
  private readonly log: Log;
  private routers = new Map<string, Router>();
  private scripts: readonly ScriptRun[] = [];

  constructor(p: Process, log: Log) {
    this.p = p;
    this.log = log;
  }

  /** Runs a configuration in place of the one before: what is master stays so for now. False: it cannot be run. */
  begin(configuration: KeepalivedConfiguration, settled: boolean): boolean {
    const { complaints, fault, instances } = configuration;
    for (const line of complaints) this.log("Keepalived_vrrp", line);
    if (fault !== undefined) {
      this.log("Keepalived_vrrp", fault);
      this.log("Keepalived", `pid ${this.p.pid} exited with permanent error CONFIG. Terminating`);
      return false;
    }
    for (const script of this.scripts) script.stop();
    const before = this.routers;
    this.routers = new Map();
    for (const instance of instances) this.route(instance, before.get(instance.name), settled);
    for (const [name, router] of before) {
      if (this.routers.has(name)) continue;
      if (router.state === "MASTER") router.host.hold(false);
      router.stop(false);
    }
    this.scripts = [...configuration.scripts.values()]
      .filter(({ name }) => instances.some(({ tracks }) => tracks.has(name)))
      .map((script) => new ScriptRun(this.p, script, this.log, () => this.judge()));
    for (const script of this.scripts) script.start();
    return true;
  }

  end(vanishes: boolean): void {
    for (const script of this.scripts) script.stop();
    for (const router of this.routers.values()) {
      const { net, network } = this.p.machine;
      // A process that is killed leaves its addresses behind; a machine without power loses them.
      const leaves = vanishes && this.p.endingBy === "KILL" && !network.isDark(net);
      if (router.state === "MASTER" && !leaves) router.host.hold(false);
      router.stop(vanishes);
    }
    this.routers = new Map();
  }

  private route(instance: VrrpInstance, before: Router | undefined, settled: boolean): void {
    const { p } = this;
    const { net, network, kernel } = p.machine;
    const segment = segmentOf(network, instance.id);
    const cidrs = instance.addresses.map((address) => (address.includes("/") ? address : `${address}/32`));
    const owned = () => net.interfaces.get(instance.interface)?.addresses ?? [];
    const router = new Router(segment, kernel, instance, {
      address: () =>
        instance.unicastSource ??
        owned()
          .find((cidr) => !cidrs.includes(cidr))
          ?.split("/")[0] ??
        "0.0.0.0",
      isUp: () => net.interfaces.get(instance.interface)?.up === true && !network.isDark(net),
      isStopped: () => p.stopped,
      log: (message) => this.log("Keepalived_vrrp", message),
      hold: (holds) => {
        for (const cidr of cidrs) {
          if (!holds) net.removeAddress(instance.interface, cidr);
          else if (!owned().includes(cidr)) net.addAddress(instance.interface, cidr);
        }
      },
      entered: (state, priority) => this.tell(instance, state, priority),
    });
    this.routers.set(instance.name, router);
    const state = before?.state;
    if (before !== undefined) {
      // Addresses that the new configuration has as well are not given up meanwhile.
      if (state === "MASTER" && before.instance.addresses.join() !== instance.addresses.join()) before.host.hold(false);
      before.stop(true);
    } else for (const cidr of cidrs) net.removeAddress(instance.interface, cidr);
    segment.add(router);
    if (state === undefined) router.start(settled);
    else router.goOn(state);
  }

  /** What the scripts' results make of each router. */
  private judge(): void {
    for (const router of this.routers.values()) {
      let { priority } = router.instance;
      let isFaulty = false;
      for (const { script, isWell } of this.scripts) {
        if (!router.instance.tracks.has(script.name) || isWell === undefined) continue;
        const weight = router.instance.tracks.get(script.name) ?? script.weight;
        if (weight === 0) isFaulty ||= !isWell;
        else if (weight > 0 === isWell) priority += weight;
      }
      router.judge(Math.max(1, Math.min(254, priority)), isFaulty);
    }
  }

  /** Runs what is to be told of a change. */
  private tell(instance: VrrpInstance, state: RouterState, priority: number): void {
    const any = instance.notify.get("");
    const own = instance.notify.get(state);
    if (own !== undefined) run(this.p, own);
    if (any !== undefined && state !== "INIT") run(this.p, `${any} INSTANCE ${instance.name} ${state} ${priority}`);
  }
}

function run(p: Process, command: string): Process {
  return runAs(p.machine, { user: "root", argv: ["/bin/sh", "-c", command], cwd: "/", parent: p });
}

/** A vrrp_script that is run again and again. */
class ScriptRun {
  readonly script: VrrpScript;
  /** Undefined before its first result. */
  isWell: boolean | undefined;
  private readonly p: Process;
  private readonly log: Log;
  private readonly changed: () => void;
  private task: Task | undefined;

  constructor(p: Process, script: VrrpScript, log: Log, changed: () => void) {
    this.p = p;
    this.script = script;
    this.log = log;
    this.changed = changed;
  }

  start(): void {
    this.task = this.p.machine.kernel.spawn(`vrrp_script ${this.script.name}`, this.turns());
  }

  stop(): void {
    if (this.task) this.p.machine.kernel.kill(this.task);
  }

  private *turns(): Gen {
    const { name, script, interval, fall, rise } = this.script;
    let last: number | undefined;
    let same = 0;
    for (;;) {
      const process = run(this.p, script);
      while (process.status === undefined) yield* wait(process.task.ended);
      const code = exitCode(process.status);
      const isGood = code === 0;
      if (last !== undefined && code !== last) {
        this.log("Keepalived_vrrp", `Script \`${name}\` now returning ${code}`);
      }
      same = last !== undefined && (last === 0) === isGood ? same + 1 : 1;
      last = code;
      if (
        this.isWell !== isGood &&
        (this.isWell === undefined ? isGood || same >= fall : same >= (isGood ? rise : fall))
      ) {
        this.isWell = isGood;
        const words = isGood ? "succeeded" : `failed (exited with status ${code})`;
        this.log("Keepalived_vrrp", `VRRP_Script(${name}) ${words}`);
        this.changed();
      }
      yield* sleep(interval * SECOND);
    }
  }
}
