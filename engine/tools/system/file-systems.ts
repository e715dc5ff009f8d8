/** The file systems of a process's tree: their sizes in blocks and inodes, as statfs(2) tells df(1) and stat(1). */
import { writtenBytes } from "../../machine/disk.ts";
import type { Process } from "../../machine/process.ts";

export interface FileSystem {
  source: string;
  /** `ext4`, as /proc/mounts has it. */
  type: string;
  target: string;
  /** KiB. */
  size: number;
  used: number;
  /** KiB that users other than root may still fill. */
  available: number;
  inodes: number;
  inodesUsed: number;
  /** Names the file system, which may be seen at several places. */
  device: string;
  /** Path within it of what is seen at `target`. */
  subtree: string;
}

/** A file system of bytes as ext4 makes it: an inode for each 16 KiB. */
const INODE_KIB = 16;
/** Inodes that an installed Debian has in use. */
const INSTALLED_INODES = 78_214;

const NOTHING = { size: 0, used: 0, available: 0, inodes: 0, inodesUsed: 0 };

/** All that is mounted, what lies below the others first. */
export function fileSystems(p: Process): FileSystem[] {
  const { machine } = p;
  const { diskKib, memoryKib } = machine.hardware;
  const memory = Math.floor(memoryKib / 2);
  const { usedKib: used, availableKib } = machine.disk;
  // An overlay tells what the file system of its upper directory does.
  const disk = {
    size: diskKib,
    used,
    available: availableKib,
    inodes: Math.floor(diskKib / INODE_KIB),
    inodesUsed: INSTALLED_INODES,
  };
  const inMemory = (target: string) => {
    const size = target === "/run" ? Math.floor(memory / 5) : memory;
    const taken = target === "/run" ? 612 : 0;
    return { size, used: taken, available: size - taken, inodes: Math.floor(memoryKib / 4), inodesUsed: 1 };
  };
  const sized = (type: string, target: string) =>
    type === "ext4" || type === "overlay" ? disk : type === "tmpfs" || type === "devtmpfs" ? inMemory(target) : NOTHING;
  const over = p.ns.mnt !== machine.ns.mnt;
  const root = over ? { source: "overlay", type: "overlay" } : { source: "/dev/vda1", type: "ext4" };
  const mounts = p.ns.mnt.list().map(({ source, fstype, target, root: top, size, subtree = "/", again }) => ({
    device: fstype === "ext4" ? source : (again ?? target),
    subtree,
    source: sized(fstype, target).size === diskKib && /^\/(var|dev)\//.test(source) ? "/dev/vda1" : source,
    type: fstype,
    target,
    ...sized(fstype, target),
    ...(size !== undefined && bounded(Math.floor(size / 1024), Math.floor(writtenBytes(top, 0) / 1024))),
  }));
  return [{ ...root, target: "/", device: over ? "/" : root.source, subtree: "/", ...disk }, ...mounts];
}

/** Of a tmpfs with a bound, in KiB. */
function bounded(size: number, used: number): Pick<FileSystem, "size" | "used" | "available"> {
  return { size, used, available: Math.max(0, size - used) };
}

/** The file system that a path (absolute, resolved) lies on. */
export function fileSystemOf(all: readonly FileSystem[], path: string): FileSystem {
  return all
    .filter(({ target }) => target === "/" || path === target || path.startsWith(`${target}/`))
    .sort((a, b) => b.target.length - a.target.length)[0]!;
}

/** The number and the name of a file system's type (statfs(2)), as `stat -f` calls it. */
export function typeOf({ type }: FileSystem): { magic: string; name: string } {
  const [magic, name = type] = TYPES[type] ?? ["0"];
  return { magic: magic!, name };
}

const TYPES: Readonly<Record<string, readonly [string, string?]>> = {
  cgroup2: ["63677270", "cgroup2fs"],
  devpts: ["1cd1"],
  devtmpfs: ["1021994", "tmpfs"],
  ext4: ["ef53", "ext2/ext3"],
  mqueue: ["19800202"],
  overlay: ["794c7630", "overlayfs"],
  proc: ["9fa0"],
  sysfs: ["62656572"],
  tmpfs: ["1021994"],
};
