/**
 * Both ends of an rsync: what is asked of files where they lie. Here it is a call; on another machine the rsync that ssh
 * starts there (`--server`) answers over its standard input and output. What travels is a protocol of its own.
 */
import { concat, decode, encode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Inode } from "../../../machine/inode.ts";
import type { OpenFile } from "../../../machine/open-file.ts";
import { normalize } from "../../../machine/path.ts";
import { exitCode, type Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { groupByName, groupName, userByName, userName } from "../../../machine/users.ts";
import { searchPath } from "../../text/env.ts";
import { makeParents } from "../../text/mkdir.ts";

/** A file as the list of files tells of it. */
export interface Entry {
  /** Below the directory that was asked for; empty for that itself. */
  name: string;
  kind: Inode["kind"];
  mode: number;
  /** Seconds since 1970. */
  mtime: number;
  size: number;
  target: string;
  user: string;
  group: string;
  uid: number;
  gid: number;
}

export interface Attributes {
  mode?: number | undefined;
  mtime?: number | undefined;
  owner?: string | undefined;
  group?: string | undefined;
}

export type Request =
  | { op: "scan"; path: string; recursive: boolean; follow: boolean }
  | { op: "read"; path: string }
  | { op: "write"; path: string; attributes: Attributes; backup: string | undefined }
  | { op: "mkdir"; path: string; parents: boolean }
  | { op: "symlink"; path: string; target: string }
  | { op: "set"; path: string; attributes: Attributes }
  | { op: "remove"; path: string };

/** What came of it: `error` is the system's message and number, `whole` the path that it is about. */
export interface Reply {
  entries?: Entry[];
  error?: { message: string; number: number; whole: string };
}

export interface Side {
  readonly remote: boolean;
  ask(request: Request, content?: Uint8Array): Gen<{ reply: Reply; bytes: Uint8Array }>;
  /** Ends it; gives the exit status of what ran on the other machine. */
  end(): Gen<number>;
}

/** Files of this machine. */
export function localSide(p: Process): Side {
  return {
    remote: false,
    *ask(request, content) {
      return yield* handle(p, request, content ?? new Uint8Array(0));
    },
    *end() {
      return 0;
    },
  };
}

/** Does what is asked. */
export function* handle(p: Process, request: Request, content: Uint8Array): Gen<{ reply: Reply; bytes: Uint8Array }> {
  let bytes: Uint8Array = new Uint8Array(0);
  try {
    const reply: Reply = {};
    switch (request.op) {
      case "scan":
        reply.entries = scan(p, request.path, request.recursive, request.follow);
        break;
      case "read":
        bytes = yield* sys.readPath(p, request.path);
        break;
      case "write": {
        const { path, backup } = request;
        const old = sys.find(p, path, false);
        if (old !== undefined && backup !== undefined) sys.rename(p, path, backup);
        // As rsync does it: a new file takes the name.
        const temporary = path.replace(/[^/]*$/, (name) => `.${name}.${String(p.pid).padStart(6, "0")}`);
        sys.writeText(p, temporary, content, 0o600);
        settle(p, temporary, { mode: old?.mode ?? 0o666 & ~p.umask, ...defined(request.attributes) });
        sys.rename(p, temporary, path);
        break;
      }
      case "mkdir":
        if (request.parents && request.path.includes("/")) makeParents(p, request.path);
        if (sys.find(p, request.path) === undefined) sys.mkdir(p, request.path);
        break;
      case "symlink":
        if (sys.find(p, request.path, false) !== undefined) sys.unlink(p, request.path);
        sys.symlink(p, request.target, request.path);
        break;
      case "set":
        settle(p, request.path, request.attributes);
        break;
      case "remove":
        if (sys.find(p, request.path, false)?.kind === "dir") sys.rmdir(p, request.path);
        else sys.unlink(p, request.path);
    }
    return { reply, bytes };
  } catch (error) {
    if (!isErrno(error)) throw error;
    const whole = normalize(p.cwd, request.path);
    return { reply: { error: { message: error.message, number: error.number, whole } }, bytes };
  }
}

function defined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

function settle(p: Process, path: string, { mode, mtime, owner, group }: Attributes): void {
  const node = sys.stat(p, path, false);
  if (mode !== undefined && node.kind !== "symlink") node.mode = mode;
  if (mtime !== undefined) node.mtime = mtime * 1e6 - p.machine.kernel.epochMs * 1000;
  const id = (text: string, byName: (name: string) => number | undefined) =>
    /^\d+$/.test(text) ? Number(text) : byName(text);
  if (owner !== undefined && p.cred.uid === 0)
    node.uid = id(owner, (name) => userByName(p.ns.mnt, name)?.uid) ?? node.uid;
  if (group !== undefined && p.cred.uid === 0)
    node.gid = id(group, (name) => groupByName(p.ns.mnt, name)?.gid) ?? node.gid;
}

/** What lies at a path and, on demand, below it: in each directory its files, then its directories with what is in them. */
function scan(p: Process, path: string, recursive: boolean, follow: boolean): Entry[] {
  const out: Entry[] = [];
  const visit = (at: string, name: string): void => {
    const link = sys.stat(p, at, false);
    const node = follow || name === "" ? (sys.find(p, at) ?? link) : link;
    out.push({
      name,
      kind: node.kind,
      mode: node.mode & 0o7777,
      mtime: Math.floor((p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6),
      size: node.kind === "file" ? node.content.size() : node.kind === "symlink" ? node.target.length : 4096,
      target: node.kind === "symlink" ? node.target : "",
      user: userName(p.ns.mnt, node.uid),
      group: groupName(p.ns.mnt, node.gid),
      uid: node.uid,
      gid: node.gid,
    });
    if (node.kind !== "dir" || (!recursive && name !== "")) return;
    const children = [...sys.readDir(p, at).entries()].sort(([a, x], [b, y]) => {
      const order = Number(x.kind === "dir") - Number(y.kind === "dir");
      return order !== 0 ? order : a < b ? -1 : 1;
    });
    for (const [child] of children)
      visit(`${at.replace(/\/$/, "")}/${child}`, name === "" ? child : `${name}/${child}`);
  };
  visit(path, "");
  return out;
}

/** A message: the length of its head and of its content, both in four bytes, then these. */
function packed(head: object, content: Uint8Array): Uint8Array {
  const text = encode(JSON.stringify(head));
  const lengths = new Uint8Array(8);
  const view = new DataView(lengths.buffer);
  view.setUint32(0, text.length);
  view.setUint32(4, content.length);
  return concat([lengths, text, content]);
}

/** Messages of a descriptor. */
class Messages {
  private readonly p: Process;
  private readonly fd: number;
  private held: Uint8Array = new Uint8Array(0);

  constructor(p: Process, fd: number) {
    this.p = p;
    this.fd = fd;
  }

  private *fill(size: number): Gen<boolean> {
    const pieces = [this.held];
    let length = this.held.length;
    while (length < size) {
      const bytes = yield* sys.read(this.p, this.fd);
      if (bytes.length === 0) return false;
      pieces.push(bytes);
      length += bytes.length;
    }
    if (pieces.length > 1) this.held = concat(pieces);
    return true;
  }

  *next(): Gen<{ head: unknown; content: Uint8Array } | undefined> {
    if (!(yield* this.fill(8))) return undefined;
    const view = new DataView(this.held.buffer, this.held.byteOffset, 8);
    const [head, content] = [view.getUint32(0), view.getUint32(4)];
    if (!(yield* this.fill(8 + head + content))) return undefined;
    const all = this.held;
    this.held = all.slice(8 + head + content);
    return { head: JSON.parse(decode(all.subarray(8, 8 + head))), content: all.slice(8 + head, 8 + head + content) };
  }
}

/** `rsync --server`: answers on standard output what is asked on standard input. */
export function* serve(p: Process): Gen<number> {
  const messages = new Messages(p, 0);
  for (;;) {
    const message = yield* messages.next();
    if (message === undefined) return 0;
    const { reply, bytes } = yield* handle(p, message.head as Request, message.content);
    yield* sys.write(p, 1, packed(reply, bytes));
  }
}

/** Nothing comes from the other machine any more; its exit status says why. */
export class ConnectionLost extends Error {
  readonly status: number;

  constructor(status: number) {
    super("connection unexpectedly closed");
    this.status = status;
  }
}

/** Files of another machine, by way of a remote shell. */
export function* remoteSide(p: Process, shell: readonly string[], host: string, program: string): Gen<Side> {
  const [input, toShell] = sys.pipe();
  const [fromShell, output] = sys.pipe();
  const fds = new Map<number, OpenFile>([
    [0, input],
    [1, output],
  ]);
  const errors = p.fds.get(2);
  if (errors) fds.set(2, errors);
  const keep = (end: OpenFile): number => {
    const fd = p.freeFd(3);
    p.setFd(fd, end);
    p.closeOnExec.add(fd);
    return fd;
  };
  const [out, back] = [keep(toShell), keep(fromShell)];
  const path = searchPath(p, shell[0]!);
  if (path === undefined) throw new ConnectionLost(127);
  const child = yield* sys.spawn(p, path, { argv: [...shell, host, program, "--server"], fds });
  const messages = new Messages(p, back);
  let status: number | undefined;
  const end = function* (): Gen<number> {
    if (status === undefined) {
      sys.close(p, out);
      status = exitCode((yield* sys.waitFor(p, child))!.status);
    }
    return status;
  };
  return {
    remote: true,
    *ask(request, content) {
      try {
        yield* sys.write(p, out, packed(request, content ?? new Uint8Array(0)));
      } catch (error) {
        if (!isErrno(error)) throw error;
      }
      const message = yield* messages.next();
      if (message === undefined) throw new ConnectionLost(yield* end());
      return { reply: message.head as Reply, bytes: message.content };
    },
    end,
  };
}
