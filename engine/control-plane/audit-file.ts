import type { AuditSink } from "../apiserver/audit.ts";
import { encode } from "../kernel/index.ts";
import { weightOf } from "../machine/disk.ts";
import { isErrno } from "../machine/errno.ts";
import { type DirNode, entriesOf, type FileNode, MemoryContent } from "../machine/inode.ts";
import type { Process } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";

/** Rotated files that are kept. */
const MAX_BACKUPS = 10;
const MEBIBYTE = 1024 * 1024;
/** Bytes that the disk counts for a line before it is made: about what they have. */
const LINE = 800;

/** Appends audit lines to `--audit-log-path`, and starts a new file once it holds `maxMebibytes` (lumberjack's rotation). */
export function auditFile(p: Process, path: string | undefined, maxMebibytes: number): AuditSink {
  if (path === undefined) return () => {};
  let node: FileNode | undefined;
  let backups: string[] = [];
  let dir: DirNode | undefined;
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  const open = (): FileNode | undefined => {
    // The file may have been moved or removed by hand.
    if (node !== undefined && dir !== undefined && entriesOf(dir).get(name) === node) return node;
    const file = sys.openFile(p, path, { write: true, append: true, create: true, mode: 0o600 });
    const parent = sys.find(p, path.slice(0, slash) || "/");
    dir = parent?.kind === "dir" ? parent : undefined;
    return file.node?.kind === "file" ? file.node : undefined;
  };
  return (line) => {
    if (p.status !== undefined) return;
    try {
      node = open();
      if (node === undefined) return;
      if (weightOf(node.content) + LINE > maxMebibytes * MEBIBYTE) {
        const backup = path.replace(/(\.log)?$/, `-${Math.floor(p.machine.kernel.wallMs)}.log`);
        sys.rename(p, path, backup);
        backups = [...backups, backup];
        if (backups.length > MAX_BACKUPS) sys.unlink(p, backups.shift()!);
        node = open();
      }
      if (node === undefined) return;
      const { content } = node;
      p.machine.disk.charge(node, weightOf(content) + LINE);
      if (content instanceof MemoryContent) content.appendLater(() => `${line()}\n`, LINE);
      else content.append(encode(`${line()}\n`));
      node.mtime = node.ctime = p.machine.kernel.now;
      node.changed.wakeAll();
    } catch (error) {
      // A full disk loses audit lines; the server goes on (audit-log-mode=blocking would not, but only for policy errors).
      if (!isErrno(error)) throw error;
    }
  };
}
