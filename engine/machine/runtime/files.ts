import { type Content, type DirNode, dirNode, entriesOf, type FileNode, fileNode, symlinkNode } from "../inode.ts";
import type { Machine } from "../machine.ts";

/** The directory at an absolute path of a machine, made with its parents where missing (mkdir -p as root). */
export function ensureDir(machine: Machine, path: string, mode = 0o755, from: DirNode = machine.root): DirNode {
  let dir = from;
  for (let at = 0, end = 0; at < path.length; at = end + 1) {
    end = path.indexOf("/", at);
    if (end < 0) end = path.length;
    if (end === at) continue;
    const name = path.slice(at, end);
    const entries = entriesOf(dir);
    let next = entries.get(name);
    if (next?.kind === "symlink") {
      dir = ensureDir(machine, next.target, mode);
      continue;
    }
    if (next === undefined || next.kind !== "dir") {
      next = dirNode({ mode, time: machine.kernel.now });
      next.parent = dir;
      entries.set(name, next);
      touch(machine, dir);
    }
    dir = next;
  }
  return dir;
}

/** The same for one of the few directories that all Pods of a machine lie in: its path is taken apart once. */
export function sharedDir(machine: Machine, path: string, mode = 0o755): DirNode {
  let names = taken.get(path);
  if (names === undefined) taken.set(path, (names = path.split("/").filter((name) => name !== "")));
  let dir = machine.root;
  for (const name of names) {
    const next = entriesOf(dir).get(name);
    if (next?.kind !== "dir") return ensureDir(machine, path, mode);
    dir = next;
  }
  return dir;
}

const taken = new Map<string, readonly string[]>();

/** Puts a file into a directory, replacing what had the name. */
export function putFile(
  machine: Machine,
  dir: DirNode,
  name: string,
  content: string | Uint8Array | Content,
  mode = 0o644,
  owner: { uid?: number; gid?: number } = {},
): FileNode {
  const made = fileNode(content, { mode, time: machine.kernel.now, ...owner });
  entriesOf(dir).set(name, made);
  touch(machine, dir);
  return made;
}

export function putLink(machine: Machine, dir: DirNode, name: string, target: string): void {
  entriesOf(dir).set(name, symlinkNode(target, { time: machine.kernel.now }));
  touch(machine, dir);
}

export function removeEntry(machine: Machine, dir: DirNode, name: string): void {
  const entries = entriesOf(dir);
  const node = entries.get(name);
  if (node === undefined) return;
  machine.disk.release(node);
  entries.delete(name);
  touch(machine, dir);
}

function touch(machine: Machine, dir: DirNode): void {
  dir.mtime = dir.ctime = machine.kernel.now;
  dir.watchers?.wakeAll();
}
