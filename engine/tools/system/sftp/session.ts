/** A session of sftp(1): where it is on both sides, names and patterns of either. */
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { globRegex } from "../../../text/glob.ts";

/** A command that failed; the message is told, with `\r\n` behind it. */
export class SftpError extends Error {}

export interface Sftp {
  /** The client. */
  p: Process;
  /** The server's process, with the rights that it has. */
  far: Process;
  cwd: string;
  /** Says what it does with files (not with -b, -q). */
  tells: boolean;
  meter: boolean;
  failed: boolean;
}

/** What the server says of a failed call: it knows few words (sftp-server.c errno_to_portable). */
export function reason(error: unknown): string {
  if (!isErrno(error)) throw error;
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return "No such file or directory";
  return error.code === "EACCES" || error.code === "EPERM" ? "Permission denied" : "Failure";
}

/** A complaint that does not end anything but a batch. */
export function* complain(s: Sftp, message: string): Gen<void> {
  s.failed = true;
  yield* sys.printError(s.p, `${message}\r\n`);
}

/** An absolute path without `.` and `..`. */
export function absolute(base: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

export const baseName = (path: string) => path.replace(/\/+$/, "").split("/").at(-1)!;

/** Paths that a pattern stands for, in order; the pattern itself where it is plain. Only those that are there. */
export function matching(p: Process, pattern: string): string[] {
  let found = [pattern.startsWith("/") ? "/" : ""];
  const parts = pattern.split("/").filter((part) => part !== "");
  for (const part of parts) {
    const next: string[] = [];
    for (const base of found) {
      const join = (name: string) => (base === "" ? name : base.endsWith("/") ? base + name : `${base}/${name}`);
      const plain = part.replace(/\\(.)/g, "$1");
      if (!/(?<!\\)[*?[]/.test(part)) {
        if (part === ".." || part === "." || sys.find(p, join(plain), false) !== undefined) next.push(join(plain));
        continue;
      }
      if (!isDirectory(p, base === "" ? "." : base)) continue;
      const regex = globRegex(part);
      for (const name of [...sys.readDir(p, base === "" ? "." : base).keys()].sort())
        if (regex.test(name) && (!name.startsWith(".") || part.startsWith("."))) next.push(join(name));
    }
    found = next;
  }
  return found;
}

export function isDirectory(p: Process, path: string): boolean {
  return sys.find(p, path)?.kind === "dir";
}

/** A path relative to where the session is, as listings show it. */
export function shortened(s: Sftp, path: string): string {
  const base = s.cwd === "/" ? "/" : `${s.cwd}/`;
  return path.startsWith(base) ? path.slice(base.length) : path;
}

/** Seconds since 1970 of an inode's time. */
export function seconds(p: Process, micros: number): number {
  return Math.floor((p.machine.kernel.epochMs * 1000 + micros) / 1e6);
}
