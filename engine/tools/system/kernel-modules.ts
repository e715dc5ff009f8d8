/** modprobe, lsmod, rmmod and modinfo of kmod 30. */
import { KERNEL_RELEASE } from "../../machine/base/proc.ts";
import { knownModule, moduleName } from "../../machine/kernel-modules.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, tool } from "../tool.ts";

const VERSION = "kmod version 30\n+ZSTD +XZ -ZLIB +LIBCRYPTO -EXPERIMENTAL";
const fileOf = (name: string): string => `/lib/modules/${KERNEL_RELEASE}/kernel/${moduleName(name)}.ko`;

/** modprobe(8). */
export const modprobe = tool(
  {
    name: "modprobe",
    usage: "[options] [-i] [-b] modulename",
    about: "",
    short: "arRibfqnvDcsVC:d:S:",
    long: "all=a remove=r dry-run=n show=n quiet=q verbose=v force=f show-depends=D showconfig=c use-blacklist=b first-time remove-dependencies syslog=s",
    version: VERSION,
  },
  function* (t, o) {
    const { modules } = t.p.machine;
    const names = o.has("a", "r") ? o.operands : o.operands.slice(0, 1);
    if (o.has("c")) return 0;
    if (names.length === 0) throw new Fatal("ERROR: missing parameters. See -h.", 1);
    for (const name of names) {
      if (knownModule(name) === undefined) {
        if (o.has("q")) return 1;
        throw new Fatal(
          o.has("r")
            ? `FATAL: Module ${name} not found.`
            : `${o.has("a") ? "WARNING" : "FATAL"}: Module ${name} not found in directory /lib/modules/${KERNEL_RELEASE}`,
        );
      }
      if (o.has("D")) {
        for (const one of withNeeds(name)) t.out.add(`insmod ${fileOf(one)} \n`);
        continue;
      }
      if (o.has("r")) {
        if (!modules.has(name)) continue;
        if (modules.users(name).length > 0) throw new Fatal(`FATAL: Module ${moduleName(name)} is in use.`);
        if (t.p.cred.uid !== 0)
          throw new Fatal(`ERROR: could not remove '${moduleName(name)}': Operation not permitted`);
        if (o.has("v")) t.out.add(`rmmod ${moduleName(name)}\n`);
        if (!o.has("n")) modules.unload(name);
        continue;
      }
      if (modules.has(name)) {
        if (o.has("first-time"))
          throw new Fatal(`ERROR: could not insert '${moduleName(name)}': Module already in kernel`);
        continue;
      }
      if (o.has("v", "n"))
        for (const one of withNeeds(name)) if (!modules.has(one)) t.out.add(`insmod ${fileOf(one)} \n`);
      if (o.has("n")) continue;
      if (t.p.cred.uid !== 0) throw new Fatal(`ERROR: could not insert '${moduleName(name)}': Operation not permitted`);
      modules.load(name);
    }
    return 0;
  },
);

/** A module after those that it needs. */
function withNeeds(name: string): string[] {
  const out: string[] = [];
  const visit = (one: string): void => {
    if (out.includes(one)) return;
    out.push(one);
    for (const need of knownModule(one)?.needs ?? []) visit(need);
  };
  visit(moduleName(name));
  return out.reverse();
}

/** rmmod(8). */
export const rmmod = tool(
  { name: "rmmod", usage: "[options] modulename ...", about: "", short: "fsvV", version: VERSION },
  function* (t, o) {
    const { modules } = t.p.machine;
    if (o.operands.length === 0) throw new Fatal("ERROR: missing module name.");
    for (const name of o.operands) {
      const users = modules.users(name);
      if (!modules.has(name)) yield* t.error(`ERROR: Module ${name} is not currently loaded`);
      else if (users.length > 0) yield* t.error(`ERROR: Module ${name} is in use by: ${users.join(" ")}`);
      else if (t.p.cred.uid !== 0) yield* t.error(`ERROR: could not remove '${name}': Operation not permitted`);
      else modules.unload(name);
    }
    return undefined;
  },
);

/** lsmod(8). */
export const lsmod = tool({ name: "lsmod", usage: "", about: "", short: "" }, function* (t) {
  t.out.add("Module                  Size  Used by\n");
  for (const line of sys.readText(t.p, "/proc/modules").trimEnd().split("\n")) {
    const [name, size, used, by] = line.split(" ");
    if (name)
      t.out.add(`${name.padEnd(19)} ${size!.padStart(8)}  ${used}${by === "-" ? "" : ` ${by!.replace(/,$/, "")}`}\n`);
  }
  return 0;
});

/** modinfo(8). */
export const modinfo = tool(
  {
    name: "modinfo",
    usage: "[options] filename [args]",
    about: "",
    short: "adlpn0F:k:b:",
    long: "field:=F filename=n description=d author=a license=l parameters=p",
    version: VERSION,
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new Fatal("ERROR: missing module or filename.");
    for (const name of o.operands) {
      const known = knownModule(name);
      if (known === undefined) {
        yield* t.error(`ERROR: Module ${name} not found.`);
        continue;
      }
      const rows: [string, string][] = [
        ["filename", fileOf(name)],
        ["description", known.about],
        ["license", "GPL"],
        ["depends", known.needs.join(",")],
        ["retpoline", "Y"],
        ["intree", "Y"],
        ["name", moduleName(name)],
        ["vermagic", `${KERNEL_RELEASE} SMP preempt mod_unload modversions `],
      ];
      const field =
        o.value("F") ?? (o.has("n") ? "filename" : o.has("d") ? "description" : o.has("l") ? "license" : undefined);
      for (const [label, value] of rows) {
        if (field === undefined && (label !== "description" || value !== ""))
          t.out.add(`${`${label}:`.padEnd(15)} ${value}\n`);
        else if (field === label) t.out.add(`${value}\n`);
      }
    }
    return undefined;
  },
);
