/**
 * The system calls of programs: what a program may do to its machine. Failing calls throw `Errno`. Calls that may
 * wait are generators; the others take effect at once. All charge modelled CPU where it matters (`costs.ts`).
 */
import { encode, type Gen, Pipe } from "../kernel/index.ts";
import { writtenBytes } from "./disk.ts";
import { Errno } from "./errno.ts";
import { FifoEnd, isNamed } from "./fifo.ts";
import {
  appendZeros,
  type Content,
  copyContent,
  type DirNode,
  dirNode,
  entriesOf,
  type FileNode,
  fileNode,
  heldBytes,
  type Inode,
  symlinkNode,
} from "./inode.ts";
import { DeviceFile, type OpenFile, PipeEnd, RegularFile } from "./open-file.ts";
import { EXECUTE, READ, type Resolved, requireAccess, requireMutable, resolve, seek, WRITE } from "./path.ts";
import type { Process } from "./process.ts";
import { readAll } from "./sys-io.ts";
import { areZeros } from "./zeros.ts";

export * from "./sys-io.ts";
export * from "./sys-process.ts";

export interface OpenFlags {
  read?: boolean;
  write?: boolean;
  append?: boolean;
  create?: boolean;
  exclusive?: boolean;
  truncate?: boolean;
  /** Permission bits of a new file before the umask; 0o666 by default. */
  mode?: number;
}

// ---- files ----------------------------------------------------------------------------------------------------------

/** Walks a path as this process sees it. */
export function lookup(p: Process, path: string, followLast = true): Resolved {
  return resolve(p.ns.mnt, p.cwd, path, p.cred, followLast);
}

/** The inode at a path; ENOENT when there is none. `follow` false is lstat. */
export function stat(p: Process, path: string, follow = true): Inode {
  const { node } = lookup(p, path, follow);
  if (node === undefined) throw new Errno("ENOENT");
  return node;
}

/** Like `stat`, but undefined instead of an error. */
export function find(p: Process, path: string, follow = true): Inode | undefined {
  return seek(p.ns.mnt, p.cwd, path, p.cred, follow);
}

/** Opens a file for redirections and tools; the caller puts it at a descriptor with `setFd`. */
export function openFile(p: Process, path: string, flags: OpenFlags): OpenFile {
  const special = path.startsWith("/dev/") || path.startsWith("/proc/") ? ownDescriptor(p, path) : undefined;
  if (special) return special;
  let found = lookup(p, path, false);
  if (found.node?.kind === "symlink") {
    const own = ownDescriptor(p, path);
    if (own) return own;
    found = lookup(p, path, !flags.exclusive);
  }
  let node = found.node;
  if (node === undefined) {
    if (!flags.create || found.name === "") throw new Errno("ENOENT");
    if (path.endsWith("/")) throw new Errno("EISDIR");
    node = fileNode("", { mode: (flags.mode ?? 0o666) & ~p.umask, ...ownership(p) });
    addEntry(p, found, node);
  } else {
    if (flags.exclusive && flags.create) throw new Errno("EEXIST");
    if (flags.read) requireAccess(node, p.cred, READ);
    if (flags.write) {
      requireAccess(node, p.cred, WRITE);
      requireMutable(node, flags.append === true && flags.truncate !== true);
    }
    if (node.kind === "dir" && flags.write) throw new Errno("EISDIR");
    if (flags.write && p.ns.mnt.readOnlyAt(found.path) && node.kind === "file") throw new Errno("EROFS");
  }
  switch (node.kind) {
    case "file": {
      const file = node;
      if (flags.truncate && flags.write && file.content.size() > 0) setContent(p, file, new Uint8Array(0));
      const mode = { read: flags.read ?? false, write: flags.write ?? false, append: flags.append ?? false };
      return new RegularFile(
        file,
        found.path,
        mode,
        () => p.machine.kernel.now,
        (bytes, zeros) => {
          requireRoom(p, found.path, bytes);
          p.machine.disk.grow(file, bytes, zeros);
        },
      );
    }
    case "char":
      if (node.device === "tty" || node.device === "console") {
        if (p.tty === undefined) throw new Errno("ENXIO");
        return p.tty;
      }
      if (node.device.startsWith("pts/")) {
        const tty = p.machine.ttys.get(Number(node.device.slice(4)));
        if (tty === undefined) throw new Errno("EIO");
        return tty;
      }
      return new DeviceFile(node, found.path, node.device, p.machine.kernel.random("urandom"));
    case "fifo":
      return isNamed(node.pipe)
        ? new FifoEnd(node.pipe, flags)
        : new PipeEnd(node.pipe, flags.write ? "write" : "read");
    case "dir":
      return new DirectoryFile(node, found.path);
    default:
      throw new Errno("ENXIO");
  }
}

/** Throws ENOSPC where a tmpfs with a bound has no room for so many bytes more. */
function requireRoom(p: Process, path: string, bytes: number): void {
  const mount = p.ns.mnt.at(path);
  if (mount?.size !== undefined && writtenBytes(mount.root, 0) + bytes > mount.size) throw new Errno("ENOSPC");
}

/**
 * The open file behind /dev/fd/63, /proc/self/fd/1, /dev/stdout, or a symbolic link to one (a log file of an image).
 * Unlike in Linux a regular file is not opened anew, so the position is shared.
 */
function ownDescriptor(p: Process, path: string): OpenFile | undefined {
  let target = path;
  for (let links = 0; links < 4; links++) {
    const match = /^\/(?:dev|proc\/self)\/fd\/(\d+)$|^\/dev\/std(in|out|err)$/.exec(target);
    if (match) return p.fds.get(match[1] ? Number(match[1]) : { in: 0, out: 1, err: 2 }[match[2] as "in"]);
    const node = find(p, target, false);
    if (node?.kind !== "symlink" || !node.target.startsWith("/")) return undefined;
    target = node.target;
  }
  return undefined;
}

/** A directory opened for reading: only good for `cd`, `ls` and EISDIR. */
class DirectoryFile implements OpenFile {
  refs = 0;
  readonly readable = true;
  readonly writable = false;
  readonly node: DirNode;
  readonly path: string;

  constructor(node: DirNode, path: string) {
    this.node = node;
    this.path = path;
  }

  *read(): Gen<Uint8Array> {
    throw new Errno("EISDIR");
  }

  *write(): Gen<"ok"> {
    throw new Errno("EBADF");
  }

  close(): void {}
}

/** Opens a file at the lowest free descriptor. */
export function open(p: Process, path: string, flags: OpenFlags = { read: true }): number {
  const file = openFile(p, path, flags);
  const fd = p.freeFd();
  if (fd >= (p.limits?.nofile ?? 1024)) throw new Errno("EMFILE");
  p.setFd(fd, file);
  return fd;
}

export function close(p: Process, fd: number): void {
  if (!p.closeFd(fd)) throw new Errno("EBADF");
}

/** Replaces a file's bytes without going through a descriptor. */
export function setContent(p: Process, node: FileNode, bytes: Uint8Array): void {
  p.machine.disk.charge(node, bytes.length, areZeros(bytes) ? 0 : bytes.length);
  node.content.replace(bytes);
  changed(p, node);
}

/**
 * Gives a file what another one holds, or as much of it as the disk has room for. Returns why that is not all; throws
 * EFBIG.
 */
export function copyFile(p: Process, from: Content, to: FileNode): Errno | undefined {
  const { disk } = p.machine;
  const whole = from.size();
  const size = Math.max(0, Math.min(whole, disk.room + (to.charge?.size ?? 0)));
  disk.charge(to, size, Math.min(size, heldBytes(from)));
  copyContent(from, to.content, size);
  changed(p, to);
  return size < whole ? new Errno("ENOSPC") : undefined;
}

/** ftruncate(2): a file is cut, or filled up with zeros. Throws EFBIG or ENOSPC. */
export function resize(p: Process, node: FileNode, size: number): void {
  const now = node.content.size();
  if (size <= now) {
    const kept = node.content.part?.(0, size) ?? node.content.bytes().subarray(0, size);
    setContent(p, node, areZeros(kept) ? kept : kept.slice());
    return;
  }
  p.machine.disk.grow(node, size - now, true);
  appendZeros(node.content, size - now);
  changed(p, node);
}

function changed(p: Process, node: FileNode): void {
  node.mtime = node.ctime = p.machine.kernel.now;
  node.changed.wakeAll();
}

/** All bytes of a file by path, without descriptors. Throws ENOENT, EACCES, EISDIR … */
export function readBytes(p: Process, path: string): Uint8Array {
  return readable(p, path)?.bytes() ?? new Uint8Array(0);
}

/** The content of a file that may be read; undefined for what is none. Throws ENOENT, EACCES, EISDIR … */
export function readable(p: Process, path: string): Content | undefined {
  const node = stat(p, path);
  requireAccess(node, p.cred, READ);
  if (node.kind === "dir") throw new Errno("EISDIR");
  return node.kind === "file" ? node.content : undefined;
}

/** Everything a path gives when it is opened and read to its end: also a pipe at /dev/fd/63, a terminal, a fifo. */
export function* readPath(p: Process, path: string): Gen<Uint8Array> {
  const fd = open(p, path);
  try {
    return yield* readAll(p, fd);
  } finally {
    p.closeFd(fd);
  }
}

export function readText(p: Process, path: string): string {
  return readable(p, path)?.text() ?? "";
}

/** Creates or replaces a file by path. */
export function writeText(p: Process, path: string, text: string | Uint8Array, mode = 0o666): void {
  const file = openFile(p, path, { write: true, create: true, truncate: true, mode });
  const { node } = file;
  if (node?.kind !== "file") return;
  // Plain text need not be made bytes before somebody reads it.
  if (typeof text === "string" && node.content.replaceText && /^[\x00-\x7f]*$/.test(text)) {
    p.machine.disk.charge(node, text.length);
    node.content.replaceText(text);
    changed(p, node);
  } else setContent(p, node, typeof text === "string" ? encode(text) : text);
}

/** Names in a directory, unsorted. */
export function readDir(p: Process, path: string): Map<string, Inode> {
  const node = stat(p, path);
  if (node.kind !== "dir") throw new Errno("ENOTDIR");
  requireAccess(node, p.cred, READ);
  return entriesOf(node);
}

function ownership(p: Process): { uid: number; gid: number; time: number } {
  return { uid: p.cred.uid, gid: p.cred.gid, time: p.machine.kernel.now };
}

function mayChange(p: Process, found: Resolved): void {
  if (p.ns.mnt.readOnlyAt(found.path)) throw new Errno("EROFS");
  requireAccess(found.dir, p.cred, WRITE | EXECUTE);
  requireMutable(found.dir, true);
}

function addEntry(p: Process, found: Resolved, node: Inode): void {
  mayChange(p, found);
  p.machine.disk.need(64);
  entriesOf(found.dir).set(found.name, node);
  // A set-group-ID directory hands its group on (inode(7)).
  if ((found.dir.mode & 0o2000) !== 0) {
    node.gid = found.dir.gid;
    if (node.kind === "dir") node.mode |= 0o2000;
  }
  if (node.kind === "dir") node.parent = found.dir;
  found.dir.mtime = found.dir.ctime = p.machine.kernel.now;
  found.dir.watchers?.wakeAll();
}

export function mkdir(p: Process, path: string, mode = 0o777): void {
  const found = lookup(p, path.length > 1 ? path.replace(/\/+$/, "") || "/" : path, false);
  if (found.node !== undefined) throw new Errno("EEXIST");
  addEntry(p, found, dirNode({ mode: mode & ~p.umask, ...ownership(p) }));
}

/** Makes the directories above a file that are missing. */
export function makeAbove(p: Process, path: string, mode = 0o777): void {
  for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) {
    const directory = path.slice(0, at);
    if (find(p, directory) === undefined) mkdir(p, directory, mode);
  }
}

/** Makes any inode at a path, e.g. a symbolic link or a fifo. */
export function link(p: Process, path: string, node: Inode): void {
  const found = lookup(p, path, false);
  if (found.node !== undefined) throw new Errno("EEXIST");
  requireMutable(node);
  addEntry(p, found, node);
}

export function symlink(p: Process, target: string, path: string): void {
  link(p, path, symlinkNode(target, ownership(p)));
}

/** Removes a name that is no directory. */
export function unlink(p: Process, path: string): void {
  const found = lookup(p, path, false);
  if (found.node === undefined) throw new Errno("ENOENT");
  if (found.node.kind === "dir") throw new Errno("EISDIR");
  remove(p, found);
  const node = found.node;
  if (--node.nlink === 0 && node.kind === "file") p.machine.disk.release(node);
}

export function rmdir(p: Process, path: string): void {
  const found = lookup(p, path, false);
  if (found.node === undefined) throw new Errno("ENOENT");
  if (found.node.kind !== "dir") throw new Errno("ENOTDIR");
  if (/(^|\/)\.\/*$/.test(path)) throw new Errno("EINVAL");
  if (/(^|\/)\.\.\/*$/.test(path)) throw new Errno("ENOTEMPTY");
  if (found.name === "") throw new Errno("EBUSY");
  if (entriesOf(found.node).size > 0) throw new Errno("ENOTEMPTY");
  remove(p, found);
}

function remove(p: Process, found: Resolved): void {
  mayChange(p, found);
  requireMutable(found.dir);
  requireMutable(found.node!);
  const sticky = (found.dir.mode & 0o1000) !== 0;
  if (sticky && p.cred.uid !== 0 && found.node!.uid !== p.cred.uid && found.dir.uid !== p.cred.uid)
    throw new Errno("EPERM");
  if (p.ns.mnt.through(entriesOf(found.dir).get(found.name)!) !== entriesOf(found.dir).get(found.name))
    throw new Errno("EBUSY");
  entriesOf(found.dir).delete(found.name);
  found.dir.mtime = found.dir.ctime = p.machine.kernel.now;
  found.dir.watchers?.wakeAll();
}

export function rename(p: Process, from: string, to: string): void {
  const source = lookup(p, from, false);
  if (source.node === undefined) throw new Errno("ENOENT");
  const target = lookup(p, to.length > 1 ? to.replace(/\/+$/, "") : to, false);
  if (target.node === source.node) return;
  if (target.path.startsWith(`${source.path}/`)) throw new Errno("EINVAL");
  if (target.node?.kind === "dir") {
    if (source.node.kind !== "dir") throw new Errno("EISDIR");
    if (entriesOf(target.node).size > 0) throw new Errno("ENOTEMPTY");
  } else if (target.node !== undefined && source.node.kind === "dir") throw new Errno("ENOTDIR");
  mayChange(p, target);
  if (target.node !== undefined) requireMutable(target.node);
  remove(p, source);
  if (target.node?.kind === "file" && --target.node.nlink === 0) p.machine.disk.release(target.node);
  entriesOf(target.dir).set(target.name, source.node);
  if (source.node.kind === "dir") source.node.parent = target.dir;
  target.dir.mtime = target.dir.ctime = p.machine.kernel.now;
  target.dir.watchers?.wakeAll();
}

export function chdir(p: Process, path: string): void {
  const found = lookup(p, path);
  if (found.node === undefined) throw new Errno("ENOENT");
  if (found.node.kind !== "dir") throw new Errno("ENOTDIR");
  requireAccess(found.node, p.cred, EXECUTE);
  p.cwd = found.path;
}

/** The two ends of a new pipe, read end first, not yet at a descriptor. */
export function pipe(): [PipeEnd, PipeEnd] {
  const both = new Pipe();
  return [new PipeEnd(both, "read"), new PipeEnd(both, "write")];
}
