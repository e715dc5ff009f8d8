/** systemd-path, systemd-id128, systemd-notify and systemd-delta. */
import { decode } from "../../kernel/index.ts";
import { entriesOf } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, tool } from "../tool.ts";
import { VERSION } from "./systemd-version.ts";

const PATHS: readonly (readonly [string, string])[] = [
  ["temporary", "/tmp"],
  ["temporary-large", "/var/tmp"],
  ["system-binaries", "/usr/bin"],
  ["system-include", "/usr/include"],
  ["system-library-private", "/usr/lib"],
  ["system-library-arch", "/usr/lib/x86_64-linux-gnu"],
  ["system-shared", "/usr/share"],
  ["system-configuration-factory", "/usr/share/factory/etc"],
  ["system-state-factory", "/usr/share/factory/var"],
  ["system-configuration", "/etc"],
  ["system-runtime", "/run"],
  ["system-runtime-logs", "/run/log"],
  ["system-state-private", "/var/lib"],
  ["system-state-logs", "/var/log"],
  ["system-state-cache", "/var/cache"],
  ["system-state-spool", "/var/spool"],
  ["user-binaries", "~/.local/bin"],
  ["user-library-private", "~/.local/lib"],
  ["user-shared", "~/.local/share"],
  ["user-configuration", "~/.config"],
  ["user-state-cache", "~/.cache"],
  ["user", "~"],
  ["systemd-util", "/lib/systemd"],
  ["systemd-system-unit", "/lib/systemd/system"],
  ["systemd-system-preset", "/lib/systemd/system-preset"],
  ["systemd-user-unit", "/usr/lib/systemd/user"],
  ["systemd-system-conf", "/etc/systemd/system"],
  ["systemd-user-conf", "/etc/systemd/user"],
  ["tmpfiles", "/usr/lib/tmpfiles.d"],
  ["sysusers", "/usr/lib/sysusers.d"],
  ["sysctl", "/usr/lib/sysctl.d"],
  ["binfmt", "/usr/lib/binfmt.d"],
  ["modules-load", "/usr/lib/modules-load.d"],
  ["catalog", "/usr/lib/systemd/catalog"],
];

/** systemd-path(1): where kinds of files belong. */
export const systemdPath = tool(
  {
    name: "systemd-path",
    usage: "[OPTIONS...] [NAME...]",
    about: "\nShow system and user paths.\n",
    version: VERSION,
    short: "",
    long: "suffix: no-pager",
  },
  function* (t, o) {
    const suffix = o.value("suffix");
    const shown = (path: string) =>
      path.replace(/^~/, t.p.env.get("HOME") ?? "/root") + (suffix === undefined ? "" : `/${suffix}`);
    if (o.operands.length === 0) for (const [name, path] of PATHS) t.out.add(`${name}: ${shown(path)}\n`);
    for (const name of o.operands) {
      const found = PATHS.find(([own]) => own === name);
      if (found === undefined) throw new Fatal(`Path ${name} not known.`);
      t.out.add(`${shown(found[1])}\n`);
    }
    return 0;
  },
);

const dashed = (id: string): string => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

/** systemd-id128(1): identifiers of 128 bits, new ones and the machine's own. */
export const systemdId128 = tool(
  {
    name: "systemd-id128",
    usage: "[OPTIONS...] COMMAND",
    about: "\nGenerate and print 128bit identifiers.\n",
    version: VERSION,
    short: "pa:u",
    long: "pretty=p app-specific:=a uuid=u",
  },
  function* (t, o) {
    const { machine } = t.p;
    const [verb = "help"] = o.operands;
    const ids: Readonly<Record<string, () => string | undefined>> = {
      new: () => machine.kernel.random("systemd-id128").hex(32),
      "machine-id": () => machine.machineId,
      "boot-id": () => machine.journal.bootIds.at(-1),
      "invocation-id": () => t.p.env.get("INVOCATION_ID"),
    };
    const make = ids[verb];
    if (make === undefined) throw new Fatal(`Unknown command verb ${verb}.`);
    const id = make();
    if (id === undefined) throw new Fatal("Failed to get invocation-ID: No such device or address");
    t.out.add(`${o.has("u") ? dashed(id) : id}\n`);
    return 0;
  },
);

/** systemd-notify(1): tells the service manager how a service is, from a script. */
export const systemdNotify = tool(
  {
    name: "systemd-notify",
    usage: "[OPTIONS...] [VARIABLE=VALUE...]",
    about: "\nNotify the init system about service status updates.\n",
    version: VERSION,
    short: "",
    long: "ready status: pid:: uid: booted no-block",
  },
  function* (t, o) {
    const { p } = t;
    if (o.has("booted")) return p.machine.systemd !== undefined && p.ns.pid === p.machine.pids ? 0 : 1;
    const words = [...o.operands];
    const pid = o.last("pid");
    if (o.has("ready")) words.push("READY=1");
    if (o.value("status") !== undefined) words.push(`STATUS=${o.value("status")}`);
    if (pid !== undefined) words.push(`MAINPID=${pid.value ?? p.parent?.pid ?? p.pid}`);
    if (words.length === 0) {
      t.out.add("systemd-notify [OPTIONS...] [VARIABLE=VALUE...]\n");
      return 1;
    }
    if (!p.env.has("NOTIFY_SOCKET")) throw new Fatal("No status data could be sent: $NOTIFY_SOCKET was not set");
    // It speaks for the script that calls it, as root may.
    const caller = p.cred.uid === 0 && p.parent !== undefined && p.parent.pid !== 1 ? p.parent : p;
    p.machine.systemd?.notify(caller, words.join("\n"));
    return 0;
  },
);

const TOPS = ["/etc", "/run", "/usr/local/lib", "/usr/lib"];
const KINDS = ["masked", "equivalent", "redirected", "overridden", "extended", "unchanged", "default"];
const AREAS = ["sysctl.d", "tmpfiles.d", "modules-load.d", "binfmt.d", "systemd/system", "systemd/user", "systemd"];

/** systemd-delta(1): what of systemd's configuration somebody has changed. */
export const systemdDelta = tool(
  {
    name: "systemd-delta",
    usage: "[OPTIONS...] [SUFFIX...]",
    about: "\nFind overridden configuration files.\n",
    version: VERSION,
    short: "t:",
    long: "type:=t diff:: no-pager",
  },
  function* (t, o) {
    const { p } = t;
    const types = o.values("t").flatMap((value) => value.split(","));
    if (types.some((type) => !KINDS.includes(type))) throw new Fatal("Failed to parse flags field.");
    const wanted = (kind: string) =>
      types.length === 0 || types.includes("default") ? kind !== "unchanged" : types.includes(kind);
    let count = 0;
    const say = (kind: string, line: string) => {
      if (!wanted(kind)) return;
      t.out.add(`${`[${kind.toUpperCase()}]`.padEnd(13)}${line}\n`);
      count++;
    };
    const areas = o.operands.length > 0 ? o.operands : AREAS;
    for (const area of areas) {
      const names = new Map<string, string[]>();
      const dropIns: [string, string][] = [];
      for (const top of TOPS) {
        const node = sys.find(p, `${top}/${area}`);
        if (node?.kind !== "dir") continue;
        for (const [name, entry] of entriesOf(node)) {
          const path = `${top}/${area}/${name}`;
          if (entry.kind === "dir" && name.endsWith(".d"))
            for (const file of entriesOf(entry).keys()) dropIns.push([name.slice(0, -2), `${path}/${file}`]);
          if (entry.kind !== "dir") names.set(name, [...(names.get(name) ?? []), path]);
        }
      }
      for (const name of [...names.keys()].sort()) {
        const [first, second] = names.get(name)!;
        if (second === undefined) continue;
        const node = sys.find(p, first!, false);
        const masked = node?.kind === "symlink" && node.target === "/dev/null";
        const text = (path: string) => {
          const file = sys.find(p, path);
          return file?.kind === "file" ? decode(file.content.bytes()) : "";
        };
        say(masked ? "masked" : text(first!) === text(second) ? "equivalent" : "overridden", `${first} → ${second}`);
      }
      for (const [name, path] of dropIns.sort((a, b) => (a[1] < b[1] ? -1 : 1))) {
        const base = names.get(name)?.[0];
        if (base !== undefined) say("extended", `${base} → ${path}`);
      }
    }
    t.out.add(`${count > 0 ? "\n" : ""}${count} overridden configuration files found.\n`);
    return 0;
  },
);
