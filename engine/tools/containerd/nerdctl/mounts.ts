/** What `-v`, `--mount` and `--tmpfs` mount into a container (pkg/mountutil). */
import type { Gen } from "../../../kernel/index.ts";
import type { Mount } from "../../../machine/runtime/index.ts";
import * as sys from "../../../machine/sys.ts";
import { splitCsv } from "../../pflag.ts";
import { type Nerd, NerdError } from "./context.ts";
import { anonymousVolume, badVolumeName, makeVolume, mountpointOf, volumeNames } from "./volumes.ts";

/** A mount as the label has it, and `inspect` shows it. */
export interface MountPoint {
  Type: "bind" | "volume" | "tmpfs";
  Name?: string;
  Source?: string;
  Destination: string;
  Driver?: string;
  Mode: string;
  RW: boolean;
  Propagation: string;
}

export interface Mounts {
  mounts: Mount[];
  points: MountPoint[];
  anonymous: string[];
}

const clean = (path: string): string => path.replace(/\/+/g, "/").replace(/(?<=.)\/$/, "");

function absolute(path: string): string {
  if (!path.startsWith("/")) throw new NerdError(`expected an absolute path, got ${JSON.stringify(path)}`);
  return path;
}

/** Reads the flags; makes volumes and directories that are missing. Throws NerdError. */
export function* mountsOf(c: Nerd, id: string): Gen<Mounts> {
  const out: Mounts = { mounts: [], points: [], anonymous: [] };
  for (const text of c.list("volume")) yield* volume(c, out, text);
  for (const text of c.list("tmpfs")) tmpfs(c, out, id, text.split(":")[0]!, text.split(":")[1] ?? "");
  for (const text of c.list("mount")) yield* long(c, out, id, text);
  return out;
}

function* volume(c: Nerd, out: Mounts, text: string): Gen {
  const parts = text.split(":");
  if (parts.length > 3) throw new NerdError(`failed to parse ${JSON.stringify(text)}`);
  if (parts.some((part) => part === ""))
    throw new NerdError(`failed to split volume mount specification: invalid volume specification: ${text}`);
  if (parts.length === 1) return bindAnonymous(c, out, absolute(parts[0]!));
  const [source, target, mode = ""] = parts as [string, string, string?];
  yield* mount(c, out, source, absolute(target), mode, true);
}

function bindAnonymous(c: Nerd, out: Mounts, target: string): void {
  const name = anonymousVolume(c);
  out.anonymous.push(name);
  const Source = mountpointOf(c, name);
  out.mounts.push({ containerPath: clean(target), hostPath: Source });
  out.points.push({ Type: "volume", Source, Destination: clean(target), Mode: "", RW: true, Propagation: "" });
}

function* mount(c: Nerd, out: Mounts, source: string, target: string, mode: string, make: boolean): Gen {
  const options = mode === "" ? [] : mode.split(",");
  const readOnly = options.includes("ro") || options.includes("readonly");
  const shared = { Destination: clean(target), Mode: mode, RW: !readOnly, Propagation: "" };
  const add = (hostPath: string) => out.mounts.push({ containerPath: clean(target), hostPath, readOnly });
  if (source.includes("/")) {
    let path = source;
    if (!path.startsWith("/")) {
      const hint = "(allowed for nerdctl, but disallowed for Docker, so unrecommended)";
      yield* c.log("warning", `expected an absolute path, got a relative path ${JSON.stringify(source)} ${hint}`);
      path = `${c.p.cwd}/${source}`;
    }
    if (sys.find(c.p, path) === undefined) {
      if (!make) throw new NerdError(`failed to stat ${JSON.stringify(path)}: stat ${path}: no such file or directory`);
      sys.makeAbove(c.p, `${path}/.`, 0o755);
    }
    add(clean(path));
    out.points.push({ Type: "bind", Source: clean(path), ...shared });
    return;
  }
  const bad = badVolumeName(source);
  if (bad !== undefined) throw new NerdError(bad);
  if (!volumeNames(c).includes(source)) makeVolume(c, source);
  const Source = mountpointOf(c, source);
  add(Source);
  const { Destination, ...rest } = shared;
  out.points.push({ Type: "volume", Name: source, Source, Destination, Driver: "local", ...rest });
}

function tmpfs(c: Nerd, out: Mounts, id: string, target: string, mode: string): void {
  const hostPath = `/run/nerdctl/tmpfs/${id}/${out.mounts.length}`;
  sys.makeAbove(c.p, `${hostPath}/.`, 0o755);
  out.mounts.push({ containerPath: clean(absolute(target)), hostPath, medium: "Memory" });
  out.points.push({ Type: "tmpfs", Destination: clean(target), Mode: mode, RW: true, Propagation: "" });
}

/** `--mount type=bind,src=/tmp,dst=/mnt,readonly`. */
function* long(c: Nerd, out: Mounts, id: string, text: string): Gen {
  const fields = new Map<string, string>();
  for (const field of splitCsv(text)) {
    const at = field.indexOf("=");
    const key = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    const value = at < 0 ? "true" : field.slice(at + 1);
    const plain = ["readonly", "ro", "rw"].includes(key);
    if (at < 0 && !plain) throw new NerdError(`invalid field '${field}' must be a key=value pair`);
    if (key === "type" && !["volume", "bind", "tmpfs"].includes(value))
      throw new NerdError(`invalid mount type '${value}' must be a volume/bind/tmpfs`);
    if (!KEYS.has(key)) throw new NerdError(`unexpected key '${key}' in '${field}'`);
    fields.set(SAME[key] ?? key, value);
  }
  const type = fields.get("type") ?? "volume";
  const target = absolute(fields.get("target") ?? "");
  if (type === "tmpfs") return tmpfs(c, out, id, target, "");
  const readOnly = fields.get("readonly") !== undefined && fields.get("readonly") !== "false";
  const source = fields.get("source");
  if (source === undefined) return bindAnonymous(c, out, target);
  yield* mount(c, out, source, target, readOnly ? "ro" : "", type === "volume");
}

const SAME: Readonly<Record<string, string>> = { src: "source", dst: "target", destination: "target", ro: "readonly" };
const KEYS = new Set(
  "type source src target dst destination readonly ro rw bind-propagation bind-nonrecursive tmpfs-size tmpfs-mode".split(
    " ",
  ),
);
