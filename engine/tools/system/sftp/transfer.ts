/** sftp's `get` and `put`: files and trees between the two sides. */
import { type Gen, sleep } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import {
  absolute,
  baseName,
  complain,
  isDirectory,
  matching,
  reason,
  type Sftp,
  SftpError,
  seconds,
} from "./session.ts";

export interface TransferOptions {
  recursive: boolean;
  preserve: boolean;
}

/** µs that so many bytes take on their way. */
const travel = (bytes: number) => sleep(2_000 + Math.ceil(bytes / 100));

function meter(name: string, size: number): string {
  return `${name.slice(0, 40).padEnd(40)} 100% ${String(size).padStart(5)}   ${"1.1MB/s".padStart(9)}   00:00    \n`;
}

function keep(from: Process, source: string, to: Process, target: string, preserve: boolean): void {
  const [a, b] = [sys.stat(from, source), sys.stat(to, target)];
  b.mode = preserve ? a.mode & 0o7777 : a.mode & 0o777 & ~to.umask;
  if (preserve) b.mtime = seconds(from, a.mtime) * 1e6 - to.machine.kernel.epochMs * 1000;
}

/** Downloads what a pattern stands for. */
export function* get(s: Sftp, pattern: string, to: string | undefined, o: TransferOptions): Gen<void> {
  const { p, far } = s;
  const target = absolute(s.cwd, pattern);
  const found = matching(far, target);
  if (found.length === 0) throw new SftpError(`File "${target}" not found.`);
  if (found.length > 1 && to !== undefined && !isDirectory(p, to))
    throw new SftpError(`Multiple source paths, but destination "${to}" is not a directory`);
  for (const one of found) {
    const isDir = isDirectory(far, one);
    const name = baseName(one);
    const local = to === undefined ? name : isDirectory(p, to) ? `${to.replace(/\/$/, "")}/${name}` : to;
    if (s.tells) yield* sys.print(p, `Fetching ${one}${isDir ? "/" : ""} to ${local}\n`);
    if (!isDir) yield* download(s, one, local, o);
    else if (o.recursive) yield* downloadTree(s, one, local, o);
    else yield* complain(s, `download ${one}/: not a regular file`);
  }
}

function* download(s: Sftp, from: string, to: string, o: TransferOptions): Gen<void> {
  const { p, far } = s;
  let bytes: Uint8Array;
  try {
    bytes = yield* sys.readPath(far, from);
  } catch (error) {
    yield* complain(s, `remote open "${from}": ${reason(error)}`);
    return;
  }
  yield* travel(bytes.length);
  try {
    const fresh = sys.find(p, to) === undefined;
    sys.writeText(p, to, bytes.slice());
    if (fresh || o.preserve) keep(far, from, p, to, o.preserve);
    if (s.meter) yield* sys.print(p, meter(from, bytes.length));
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* complain(s, `open local "${to}": ${error.message}`);
  }
}

function* downloadTree(s: Sftp, from: string, to: string, o: TransferOptions): Gen<void> {
  const { p, far } = s;
  yield* sys.print(p, `Retrieving ${from}\n`);
  if (!isDirectory(p, to)) sys.mkdir(p, to, 0o777 & ~p.umask);
  for (const [name, node] of [...sys.readDir(far, from)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (node.kind === "dir") yield* downloadTree(s, source, target, o);
    else if (sys.find(far, source)?.kind === "file") yield* download(s, source, target, o);
    else yield* complain(s, `download ${source}: not a regular file`);
  }
}

/** Uploads what a pattern stands for. */
export function* put(s: Sftp, pattern: string, to: string | undefined, o: TransferOptions): Gen<void> {
  const { p, far } = s;
  const found = matching(p, pattern);
  if (found.length === 0) throw new SftpError(`stat ${pattern}: No such file or directory`);
  const wanted = to === undefined ? undefined : absolute(s.cwd, to);
  const into = wanted !== undefined && isDirectory(far, wanted);
  if (found.length > 1 && wanted !== undefined && !into)
    throw new SftpError(`Multiple paths match, but destination "${wanted}" is not a directory`);
  for (const one of found) {
    const isDir = isDirectory(p, one);
    const target =
      wanted === undefined ? absolute(s.cwd, baseName(one)) : into ? absolute(wanted, baseName(one)) : wanted;
    if (s.tells) yield* sys.print(p, `Uploading ${one}${isDir ? "/" : ""} to ${target}\n`);
    if (isDir && o.recursive) yield* uploadTree(s, one, target, o);
    else if (isDir) yield* complain(s, `local "${one}/" is not a regular file`);
    else yield* upload(s, one, target, o);
  }
}

function* upload(s: Sftp, from: string, to: string, o: TransferOptions): Gen<void> {
  const { p, far } = s;
  let bytes: Uint8Array;
  try {
    bytes = yield* sys.readPath(p, from);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* complain(s, `open local "${from}": ${error.message}`);
    return;
  }
  yield* travel(bytes.length);
  try {
    const fresh = sys.find(far, to) === undefined;
    sys.writeText(far, to, bytes.slice());
    if (fresh || o.preserve) keep(p, from, far, to, o.preserve);
    if (s.meter) yield* sys.print(p, meter(from, bytes.length));
  } catch (error) {
    yield* complain(s, `dest open "${to}": ${reason(error)}`);
  }
}

function* uploadTree(s: Sftp, from: string, to: string, o: TransferOptions): Gen<void> {
  const { p, far } = s;
  yield* sys.print(p, `Entering ${from.replace(/\/$/, "")}/\n`);
  try {
    if (!isDirectory(far, to)) sys.mkdir(far, to, sys.stat(p, from).mode & 0o777);
  } catch (error) {
    yield* complain(s, `remote mkdir "${to}": ${reason(error)}`);
    return;
  }
  for (const [name, node] of [...sys.readDir(p, from)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [source, target] = [`${from.replace(/\/$/, "")}/${name}`, `${to}/${name}`];
    if (node.kind === "dir") yield* uploadTree(s, source, target, o);
    else if (sys.find(p, source)?.kind === "file") yield* upload(s, source, target, o);
    else yield* complain(s, `local "${source}" is not a regular file`);
  }
}
