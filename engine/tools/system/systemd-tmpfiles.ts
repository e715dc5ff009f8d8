/** systemd-tmpfiles(8): makes, cleans and removes files as tmpfiles.d(5) says. */
import type { Gen } from "../../kernel/index.ts";
import { entriesOf } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseSpan, splitWords } from "../../machine/systemd/unit-file.ts";
import { expand } from "../../machine/systemd/unit-name.ts";
import { groupByName, userByName } from "../../machine/users.ts";
import { Fatal, tool } from "../tool.ts";
import { VERSION } from "./systemd-version.ts";

const DIRS = ["/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"];
const TYPES = "fFwdDeqQpLcbCxXrRzZtThHaA";

interface Line {
  type: string;
  modifiers: string;
  path: string;
  mode: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
  age: number | undefined;
  argument: string | undefined;
}

/** Configuration files: those that are named, else all, those in /etc over others of the same name. */
function configFiles(p: Process, names: readonly string[]): string[] {
  if (names.length > 0)
    return names.map((name) => {
      if (name.includes("/")) return name;
      const found = DIRS.map((dir) => `${dir}/${name}`).find((path) => sys.find(p, path) !== undefined);
      if (found === undefined) throw new Fatal(`Failed to open '${name}': No such file or directory`);
      return found;
    });
  const byName = new Map<string, string>();
  for (const dir of DIRS) {
    const node = sys.find(p, dir);
    if (node?.kind !== "dir") continue;
    for (const name of entriesOf(node).keys())
      if (name.endsWith(".conf") && !byName.has(name)) byName.set(name, `${dir}/${name}`);
  }
  return [...byName.keys()].sort().map((name) => byName.get(name)!);
}

/** A line, or what is wrong with it. */
function parseLine(p: Process, text: string): Line | string {
  const words = splitWords(text);
  const [kind = "", given = "", mode = "-", user = "-", group = "-", age = "-"] = words;
  if (words.length < 2) return "Syntax error.";
  const type = kind[0]!;
  if (!TYPES.includes(type)) return `Unknown command type '${type}'.`;
  if (/[^!+\-=~^$]/.test(kind.slice(1))) return `Unknown modifiers in command '${kind}'.`;
  const path = expand(given, "tmpfiles.service", p.machine);
  if (!path.startsWith("/")) return `Path '${path}' not absolute.`;
  const unset = (word: string) => word === "-" || word === "";
  if (!unset(mode) && !/^[~:]*[0-7]{1,4}$/.test(mode)) return `Invalid mode '${mode}'.`;
  const who = (word: string, find: (name: string) => number | undefined, what: string): number | undefined | string => {
    if (unset(word)) return undefined;
    const name = word.replace(/^:/, "");
    const id = /^\d+$/.test(name) ? Number(name) : find(name);
    return id ?? `Failed to resolve ${what} '${name}': No such process`;
  };
  const uid = who(user, (name) => userByName(p.ns.mnt, name)?.uid, "user");
  if (typeof uid === "string") return uid;
  const gid = who(group, (name) => groupByName(p.ns.mnt, name)?.gid, "group");
  if (typeof gid === "string") return gid;
  const span = unset(age) ? undefined : parseSpan(age.replace(/^~/, "").replace(/^[a-zA-Z]+:/, ""));
  if (!unset(age) && span === undefined) return `Invalid age '${age}'.`;
  const rest = words.slice(6);
  return {
    type,
    modifiers: kind.slice(1),
    path,
    mode: unset(mode) ? undefined : Number.parseInt(mode.replace(/^[~:]*/, ""), 8),
    uid,
    gid,
    age: span,
    argument: rest.length === 0 || (rest.length === 1 && rest[0] === "-") ? undefined : rest.join(" "),
  };
}

function own(p: Process, line: Line, fallback: number): void {
  const node = sys.find(p, line.path, false);
  if (node === undefined || node.kind === "symlink") return;
  const mode = line.mode ?? (["z", "Z", "e"].includes(line.type) ? undefined : fallback);
  if (mode !== undefined) node.mode = (node.mode & ~0o7777) | mode;
  if (line.uid !== undefined) node.uid = line.uid;
  if (line.gid !== undefined) node.gid = line.gid;
}

function create(p: Process, line: Line): void {
  const { type, path, argument } = line;
  const node = sys.find(p, path, false);
  if ("zZe".includes(type)) own(p, line, 0o755);
  else if ("dDqQ".includes(type)) {
    if (node === undefined) {
      sys.makeAbove(p, path, 0o755);
      if (sys.find(p, path) === undefined) sys.mkdir(p, path, 0o755);
    }
    own(p, line, 0o755);
  } else if (type === "f" || type === "F") {
    const over = type === "F" || line.modifiers.includes("+");
    if (node === undefined || over) {
      sys.makeAbove(p, path, 0o755);
      sys.writeText(p, path, argument ?? "", 0o644);
    }
    own(p, line, 0o644);
  } else if (type === "w") {
    if (node?.kind === "file") sys.writeText(p, path, argument ?? "");
  } else if (type === "L") {
    if (node !== undefined && !line.modifiers.includes("+")) return;
    if (node !== undefined) removeAll(p, path);
    sys.makeAbove(p, path, 0o755);
    sys.symlink(p, argument ?? `/usr/share/factory${path}`, path);
  }
}

function removeAll(p: Process, path: string): void {
  const node = sys.find(p, path, false);
  if (node === undefined) return;
  if (node.kind !== "dir") {
    sys.unlink(p, path);
    return;
  }
  for (const name of [...sys.readDir(p, path).keys()]) removeAll(p, `${path}/${name}`);
  sys.rmdir(p, path);
}

function remove(p: Process, line: Line): void {
  const node = sys.find(p, line.path, false);
  if (node === undefined) return;
  if (line.type === "R") removeAll(p, line.path);
  else if (line.type === "r" && node.kind !== "dir") sys.unlink(p, line.path);
  else if (line.type === "D" && node.kind === "dir")
    for (const name of [...sys.readDir(p, line.path).keys()]) removeAll(p, `${line.path}/${name}`);
}

/** --clean: what lies in a folder and is older than its age. */
function clean(p: Process, line: Line): void {
  if (line.age === undefined || !"dDeqQ".includes(line.type)) return;
  const node = sys.find(p, line.path);
  if (node?.kind !== "dir") return;
  const before = p.machine.kernel.now - line.age;
  for (const [name, entry] of [...entriesOf(node)]) if (entry.mtime < before) removeAll(p, `${line.path}/${name}`);
}

export const systemdTmpfiles = tool(
  {
    name: "systemd-tmpfiles",
    usage: "[OPTIONS...] [CONFIGURATION FILE...]",
    about: "\nCreates, deletes and cleans up volatile and temporary files and directories.\n",
    version: VERSION,
    short: "E",
    long: "user create clean remove boot prefix: exclude-prefix: root: image: replace: cat-config no-pager",
  },
  function* (t, o) {
    const { p } = t;
    const files = () => configFiles(p, o.operands);
    if (o.has("cat-config")) {
      t.out.add(
        files()
          .map((path) => `# ${path}\n${sys.readText(p, path)}`)
          .join("\n"),
      );
      return 0;
    }
    if (!o.has("create", "clean", "remove"))
      throw new Fatal("You need to specify at least one of --clean, --create or --remove.");
    const lines: Line[] = [];
    let bad = false;
    for (const path of files()) {
      if (sys.find(p, path) === undefined) throw new Fatal(`Failed to open '${path}': No such file or directory`);
      for (const [i, raw] of sys.readText(p, path).split("\n").entries()) {
        const text = raw.trim();
        if (text === "" || text.startsWith("#")) continue;
        const line = parseLine(p, text);
        if (typeof line === "string") {
          yield* sys.printError(p, `${path}:${i + 1}: ${line}\n`);
          bad = true;
        } else if (wanted(line, o.values("prefix"), o.has("boot"))) lines.push(line);
      }
    }
    yield* act(p, lines, { remove: o.has("remove"), clean: o.has("clean"), create: o.has("create") });
    return bad ? 65 : 0;
  },
);

function wanted(line: Line, prefixes: readonly string[], boot: boolean): boolean {
  if (line.modifiers.includes("!") && !boot) return false;
  return prefixes.length === 0 || prefixes.some((prefix) => line.path === prefix || line.path.startsWith(`${prefix}/`));
}

function* act(p: Process, lines: readonly Line[], what: { remove: boolean; clean: boolean; create: boolean }): Gen {
  // A folder before what is in it.
  const ordered = [...lines].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  if (what.remove) for (const line of [...ordered].reverse()) remove(p, line);
  if (what.clean) for (const line of ordered) clean(p, line);
  if (what.create) for (const line of ordered) create(p, line);
}
