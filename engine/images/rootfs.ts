import { type DirNode, dirNode, entriesOf, fileNode, type Inode, symlinkNode } from "../machine/inode.ts";
import { executableOf } from "../machine/stamp.ts";

/** One path of an image: text of a file, an executable by its program's name, a link, or a directory. */
export type Entry =
  | string
  | { program: string; release?: string }
  | { link: string }
  | { text: string; mode?: number; uid?: number; gid?: number }
  | { dir: number; uid?: number; gid?: number };

/** When images were built: files carry this time, in µs of virtual time. */
const BUILT = -24 * 86_400 * 1_000_000;

export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A file tree from paths without a leading slash; missing directories are made with mode 0755. */
export function rootfs(...parts: Readonly<Record<string, Entry>>[]): DirNode {
  const root = dirNode({ time: BUILT });
  for (const part of parts) {
    for (const [path, entry] of Object.entries(part)) {
      const names = path.split("/");
      const last = names.pop()!;
      let dir = root;
      for (const name of names) dir = directory(dir, name);
      if (typeof entry === "object" && "dir" in entry) {
        const made = directory(dir, last);
        made.mode = entry.dir;
        made.uid = entry.uid ?? 0;
        made.gid = entry.gid ?? 0;
      } else entriesOf(dir).set(last, nodeOf(entry));
    }
  }
  return root;
}

function directory(parent: DirNode, name: string): DirNode {
  const found = entriesOf(parent).get(name);
  if (found?.kind === "dir") return found;
  const made = dirNode({ time: BUILT });
  made.parent = parent;
  entriesOf(parent).set(name, made);
  return made;
}

function nodeOf(entry: Exclude<Entry, { dir: number }>): Inode {
  if (typeof entry === "string") return fileNode(entry, { time: BUILT });
  if ("program" in entry && entry.release !== undefined)
    return executableOf(entry.program, entry.release, { time: BUILT });
  if ("program" in entry) return fileNode("", { mode: 0o755, time: BUILT }, entry.program);
  if ("link" in entry) return symlinkNode(entry.link, { time: BUILT });
  return fileNode(entry.text, { mode: entry.mode ?? 0o644, uid: entry.uid ?? 0, gid: entry.gid ?? 0, time: BUILT });
}

/** Directories every Linux image has. */
export const SKELETON: Readonly<Record<string, Entry>> = {
  dev: { dir: 0o755 },
  etc: { dir: 0o755 },
  home: { dir: 0o755 },
  proc: { dir: 0o555 },
  root: { dir: 0o700 },
  sys: { dir: 0o555 },
  tmp: { dir: 0o1777 },
  usr: { dir: 0o755 },
  var: { dir: 0o755 },
};
