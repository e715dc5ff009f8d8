import { KERNEL_RELEASE } from "../../machine/base/proc.ts";
import * as sys from "../../machine/sys.ts";
import { lookupHosts } from "../../network/hosts.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";
import { VERSION } from "./systemd-version.ts";

/** hostname(1): shows or sets the name of this UTS namespace. */
export const hostname = tool(
  {
    name: "hostname",
    usage: "[-b] {hostname|-F file}         set host name (from file)",
    about:
      "       hostname [-a|-A|-d|-f|-i|-I|-s|-y]       display formatted name\n       hostname                                 display host name",
    version: "hostname 3.23",
    short: "aAbdfF:iIsyV",
    long: "alias=a all-fqdns=A boot=b domain=d fqdn=f long=f file:=F ip-address=i all-ip-addresses=I short=s yp=y nis=y",
    usageStatus: 255,
  },
  function* (t, o) {
    const { p } = t;
    const name = p.ns.uts.hostname;
    const set = o.value("F") === undefined ? o.operands[0] : sys.readText(p, o.value("F")!).trim();
    if (set !== undefined) {
      if (p.cred.uid !== 0) throw new Fatal("you must be root to change the host name");
      p.ns.uts.hostname = set;
      return 0;
    }
    const entry = lookupHosts(p, name);
    const last = o.list.at(-1)?.key;
    if (last === "I")
      t.out.add(
        `${p.ns.net
          .addresses()
          .filter((address) => !address.startsWith("127."))
          .join(" ")} \n`,
      );
    else if (last === "i") {
      if (entry === undefined) throw new Fatal("Name or service not known");
      t.out.add(`${entry.addresses.join(" ")}\n`);
    } else if (last === "f" || last === "A") {
      if (entry === undefined && last === "f") throw new Fatal("Name or service not known");
      t.out.add(`${entry?.canonical ?? name}\n`);
    } else if (last === "s") t.out.add(`${name.replace(/\..*$/, "")}\n`);
    else if (last === "d") t.out.add(`${(entry?.canonical ?? name).replace(/^[^.]*\.?/, "")}\n`);
    else if (last === "a") t.out.add(`${entry?.aliases.join(" ") ?? ""}\n`);
    else t.out.add(`${name}\n`);
    return 0;
  },
);

/** uname(1). */
export const uname = tool(
  {
    name: "uname",
    usage: "[OPTION]...",
    about: "Print certain system information.  With no OPTION, same as -s.",
    short: "asnrvmpio",
    long: "all=a kernel-name=s nodename=n kernel-release=r kernel-version=v machine=m processor=p hardware-platform=i operating-system=o",
  },
  function* (t, o) {
    if (o.operands.length > 0) throw new UsageError(`extra operand ${quote(o.operands[0]!)}`);
    const values: [string, string][] = [
      ["s", "Linux"],
      ["n", t.p.ns.uts.hostname],
      ["r", KERNEL_RELEASE],
      ["v", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.129-1 (2025-03-06)"],
      ["m", "x86_64"],
      ["p", "unknown"],
      ["i", "unknown"],
      ["o", "GNU/Linux"],
    ];
    const all = o.has("a");
    const asked = o.list.length === 0 ? ["s"] : o.list.map(({ key }) => key);
    const shown = values.filter(([key, value]) => (all ? value !== "unknown" : asked.includes(key)));
    t.out.add(`${shown.map(([, value]) => value).join(" ")}\n`);
    return 0;
  },
);

/** hostid(1): the machine's address with its halves exchanged, as the C library makes it up. */
export const hostid = tool(
  {
    name: "hostid",
    usage: "[OPTION]",
    about: "Print the numeric identifier (in hexadecimal) for the current host.",
    short: "",
  },
  function* (t, o) {
    if (o.operands.length > 0) throw new UsageError(`extra operand ‘${o.operands[0]}’`);
    const { p } = t;
    const own = sys.find(p, "/etc/hosts") === undefined ? [] : sys.readText(p, "/etc/hosts").split("\n");
    const line = own.find((one) => one.split(/\s+/).slice(1).includes(p.ns.uts.hostname));
    const address = line?.split(/\s+/)[0] ?? p.ns.net.addresses().find((one) => !one.startsWith("127.")) ?? "127.0.0.1";
    const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
    t.out.add(`${[b, a, d, c].map((byte) => (byte & 255).toString(16).padStart(2, "0")).join("")}\n`);
    return 0;
  },
);

/** arch(1). */
export const arch = tool(
  { name: "arch", usage: "[OPTION]...", about: "Print machine architecture.", short: "" },
  function* (t, o) {
    if (o.operands.length > 0) throw new UsageError(`extra operand ‘${o.operands[0]}’`);
    t.out.add("x86_64\n");
    return 0;
  },
);

/** hostnamectl(1) of systemd 252. */
const INFO: Readonly<Record<string, string>> = {
  "icon-name": "ICON_NAME",
  chassis: "CHASSIS",
  deployment: "DEPLOYMENT",
  location: "LOCATION",
};
const CHASSIS = "vm container desktop laptop convertible server tablet handset watch embedded".split(" ");
const HOSTNAME_VERBS = [
  "status",
  "hostname",
  "set-hostname",
  ...Object.keys(INFO).flatMap((key) => [key, `set-${key}`]),
];

/** What /etc/machine-info says (machine-info(5)). */
function info(t: Tool, key: string): string | undefined {
  if (sys.find(t.p, "/etc/machine-info") === undefined) return undefined;
  const line = sys
    .readText(t.p, "/etc/machine-info")
    .split("\n")
    .find((each) => each.startsWith(`${INFO[key]}=`));
  return line?.slice(line.indexOf("=") + 1).replace(/^"|"$/g, "");
}

function machineInfo(t: Tool, key: string, value: string | undefined): number {
  if (value === undefined) {
    t.out.add(`${info(t, key) ?? { "icon-name": "computer-vm", chassis: "vm" }[key] ?? ""}\n`);
    return 0;
  }
  const word = key.replace("-", " ");
  if (t.p.cred.uid !== 0) throw new Fatal(`Could not set ${word}: Access denied`);
  if (key === "chassis" && value !== "" && !CHASSIS.includes(value))
    throw new Fatal(`Could not set chassis: Invalid chassis '${value}'`);
  const path = "/etc/machine-info";
  const old = sys.find(t.p, path) === undefined ? [] : sys.readText(t.p, path).split("\n");
  const kept = old.filter((line) => line !== "" && !line.startsWith(`${INFO[key]}=`));
  if (value !== "") kept.push(`${INFO[key]}=${/^[\w.-]+$/.test(value) ? value : `"${value}"`}`);
  sys.writeText(t.p, path, kept.map((line) => `${line}\n`).join(""), 0o644);
  return 0;
}

export const hostnamectl = tool(
  {
    name: "hostnamectl",
    usage: "[OPTIONS...] COMMAND ...",
    about: "Query or change system hostname.",
    short: "H:M:",
    long: "static transient pretty no-ask-password json:",
    version: VERSION,
  },
  function* (t, o) {
    const { machine } = t.p;
    const [verb = "status", name] = o.operands;
    if (!HOSTNAME_VERBS.includes(verb)) throw new Fatal(`Unknown command verb ${verb}.`);
    if (o.operands.length > 2) throw new Fatal("Too many arguments.");
    if (verb in INFO || verb.replace(/^set-/, "") in INFO) return machineInfo(t, verb.replace(/^set-/, ""), name);
    if (verb === "set-hostname" && name === undefined) throw new Fatal("Too few arguments.");
    if (verb === "set-hostname" || (verb === "hostname" && name !== undefined)) {
      if (t.p.cred.uid !== 0) throw new Fatal("Could not set static hostname: Access denied");
      const given = name!.replace(/[^A-Za-z0-9.-]/g, "").replace(/^[-.]+|[-.]+$/g, "") || "localhost";
      machine.ns.uts.hostname = given;
      sys.writeText(t.p, "/etc/hostname", name === "" ? "" : `${given}\n`);
      return 0;
    }
    if (verb === "hostname" || o.has("static", "transient")) {
      t.out.add(`${machine.ns.uts.hostname}\n`);
      return 0;
    }
    const rows: [string, string][] = [
      ["Static hostname", sys.readText(t.p, "/etc/hostname").trim()],
      ["Icon name", info(t, "icon-name") ?? "computer-vm"],
      ["Chassis", info(t, "chassis") ?? "vm 🖴"],
      ...(["deployment", "location"] as const).flatMap((key): [string, string][] => {
        const value = info(t, key);
        return value === undefined ? [] : [[key[0]!.toUpperCase() + key.slice(1), value]];
      }),
      ["Machine ID", machine.machineId],
      ["Boot ID", machine.journal.bootIds.at(-1) ?? ""],
      ["Virtualization", "kvm"],
      ["Operating System", "Debian GNU/Linux 12 (bookworm)"],
      ["Kernel", `Linux ${KERNEL_RELEASE}`],
      ["Architecture", "x86-64"],
    ];
    for (const [label, value] of rows) t.out.add(`${label.padStart(16)}: ${value}\n`);
    return 0;
  },
);

/** lsb_release(1): what distribution this is. */
export const lsbRelease = tool(
  {
    name: "lsb_release",
    usage: "[options]",
    about: "",
    short: "vidrcas",
    long: "version=v id=i description=d release=r codename=c all=a short=s",
  },
  function* (t, o) {
    const facts = new Map<string, string>();
    for (const line of sys.readText(t.p, "/etc/os-release").split("\n")) {
      const equals = line.indexOf("=");
      if (equals > 0) facts.set(line.slice(0, equals), line.slice(equals + 1).replace(/^"|"$/g, ""));
    }
    const id = facts.get("ID") ?? "";
    const rows: [string, string, string][] = [
      ["i", "Distributor ID", id.slice(0, 1).toUpperCase() + id.slice(1)],
      ["d", "Description", facts.get("PRETTY_NAME") ?? ""],
      ["r", "Release", facts.get("VERSION_ID") ?? ""],
      ["c", "Codename", facts.get("VERSION_CODENAME") ?? ""],
    ];
    if (!o.has("s")) yield* sys.printError(t.p, "No LSB modules are available.\n");
    for (const [letter, name, value] of rows) {
      if (!o.has("a") && !o.has(letter)) continue;
      t.out.add(o.has("s") ? `${value}\n` : `${`${name}:`}\t${value}\n`);
    }
    return 0;
  },
);
