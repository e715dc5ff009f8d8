import { isErrno } from "../../machine/errno.ts";
import { entriesOf } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Tool, tool } from "../tool.ts";

const ROOT = "/proc/sys";
/** Directories of `--system`, the first one's file of a name counts. */
const DIRECTORIES = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"];

const pathOf = (key: string): string => `${ROOT}/${key.includes("/") ? key : key.split(".").join("/")}`;

/** Files that `--system` applies, in the order of their names, /etc/sysctl.conf last. */
function systemFiles(p: Process): string[] {
  const byName = new Map<string, string>();
  for (const directory of DIRECTORIES) {
    const node = sys.find(p, directory);
    if (node?.kind !== "dir") continue;
    for (const name of entriesOf(node).keys())
      if (name.endsWith(".conf") && !byName.has(name)) byName.set(name, `${directory}/${name}`);
  }
  const files = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
  return sys.find(p, "/etc/sysctl.conf") === undefined ? files : [...files, "/etc/sysctl.conf"];
}

/** `key = value` lines of a configuration; `-` before a key forgives its failure. */
function settingsOf(text: string): { key: string; value: string; forgiven: boolean }[] {
  const out = [];
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    const equals = trimmed.indexOf("=");
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";") || equals < 0) continue;
    const key = trimmed.slice(0, equals).trim();
    out.push({ key: key.replace(/^-/, ""), value: trimmed.slice(equals + 1).trim(), forgiven: key.startsWith("-") });
  }
  return out;
}

/** Names of everything below /proc/sys, sorted as the directory is walked. */
function everything(p: Process): string[] {
  const out: string[] = [];
  const walk = (path: string, prefix: string): void => {
    const node = sys.find(p, path);
    if (node?.kind !== "dir") return;
    for (const [name, child] of [...entriesOf(node)].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (child.kind === "dir") walk(`${path}/${name}`, `${prefix}${name}.`);
      else out.push(prefix + name);
    }
  };
  walk(ROOT, "");
  return out;
}

/** sysctl(8): reads and writes /proc/sys. */
export const sysctl = tool(
  {
    name: "sysctl",
    usage: "[options] [variable[=value] ...]",
    about: "",
    short: "abeNnpfqwAXr:",
    long: "all=a binary=b ignore=e names=N values=n load=p quiet=q write=w pattern=r system",
    version: "sysctl from procps-ng 4.0.2",
  },
  function* (t, o) {
    const show = (key: string, value: string): void => {
      if (!o.has("q")) t.out.add(o.has("N") ? `${key}\n` : o.has("n") ? `${value}\n` : `${key} = ${value}\n`);
    };
    const { p } = t;
    if (o.has("system", "p", "f")) {
      const files = o.has("system") ? systemFiles(p) : o.operands.length > 0 ? o.operands : ["/etc/sysctl.conf"];
      const lines = [];
      for (const path of files) {
        if (o.has("system") && !o.has("q")) t.out.add(`* Applying ${path} ...\n`);
        const text = o.has("system") || path !== "-" ? read(p, path) : undefined;
        if (text === undefined) yield* t.error(`cannot open "${path}": No such file or directory`, 1);
        else lines.push(...settingsOf(text));
      }
      for (const { key, value, forgiven } of lines) {
        const why = write(p, key, value);
        if (why === undefined) show(key, value);
        else if (!forgiven && !o.has("e")) yield* failed(t, why);
      }
      return undefined;
    }
    for (const word of o.has("a", "A", "X") ? everything(p) : o.operands) {
      const equals = word.indexOf("=");
      const key = (equals < 0 ? word : word.slice(0, equals)).trim();
      if (equals < 0) {
        const node = sys.find(p, pathOf(key));
        const names = node?.kind === "dir" ? everything(p).filter((name) => name.startsWith(`${key}.`)) : [key];
        for (const name of names) {
          const text = read(p, pathOf(name));
          if (text !== undefined) show(name, text.trimEnd());
          else if (!o.has("e")) yield* failed(t, `cannot stat ${pathOf(name)}: No such file or directory`);
        }
        continue;
      }
      const value = word.slice(equals + 1).trim();
      const why = write(p, key, value);
      if (why === undefined) show(key, value);
      else if (!o.has("e")) yield* failed(t, why);
    }
    return undefined;
  },
);

function read(p: Process, path: string): string | undefined {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return undefined;
  }
}

/** Sets a value; the reason when it cannot. */
function write(p: Process, key: string, value: string): string | undefined {
  const path = pathOf(key);
  if (sys.find(p, path) === undefined) return `cannot stat ${path}: No such file or directory`;
  try {
    sys.writeText(p, path, `${value}\n`);
    return undefined;
  } catch (error) {
    if (!isErrno(error)) throw error;
    return `permission denied on key "${key}"`;
  }
}

function* failed(t: Tool, why: string): ReturnType<Tool["error"]> {
  yield* t.error(why, why.startsWith("permission") ? 255 : 1);
}
