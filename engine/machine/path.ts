import { Errno } from "./errno.ts";
import { type DirNode, entriesOf, type Inode } from "./inode.ts";
import type { Unseen } from "./unseen.ts";

/** Who acts: effective user, group and supplementary groups. */
export interface Credentials {
  uid: number;
  gid: number;
  groups: readonly number[];
}

export const ROOT: Credentials = { uid: 0, gid: 0, groups: [0] };

/** What a mount point shows. */
export interface Mount {
  /** Where it is seen, as an absolute path of its namespace. */
  readonly target: string;
  readonly root: Inode;
  readonly fstype: string;
  readonly source: string;
  readonly readOnly: boolean;
  /** Flags after `rw` or `ro`, as /proc/mounts lists them. */
  readonly flags: string;
  /** Bytes that files of a tmpfs may take; undefined where nobody set a bound. */
  readonly size?: number | undefined;
  /** Path of `root` within its file system; undefined: all of it is seen. */
  readonly subtree?: string | undefined;
  /** The mount of the same namespace whose file system this shows once more. */
  readonly again?: string | undefined;
}

/** File system of a root directory, as /proc/mounts lists it. */
export interface RootFilesystem {
  readonly fstype: string;
  readonly source: string;
  readonly flags: string;
}

const DISK: RootFilesystem = { fstype: "ext4", source: "/dev/vda1", flags: "relatime,errors=remount-ro" };

/** A view of the file tree: a root directory and what is mounted over it. Containers have one each. */
export class MountNamespace {
  private readonly top: DirNode;
  readonly filesystem: RootFilesystem;
  /** The root file system is read-only; what is mounted over it has flags of its own. */
  readOnlyRoot = false;
  /** By the inode that is covered. */
  private readonly mounts = new Map<Inode, Mount>();
  /** What is done to it as soon as somebody looks; undefined once that is so. */
  unseen: Unseen | undefined;

  constructor(root: DirNode, filesystem = DISK) {
    this.top = root;
    this.filesystem = filesystem;
  }

  get root(): DirNode {
    if (this.unseen !== undefined) this.look();
    return this.top;
  }

  private look(): void {
    const { unseen } = this;
    this.unseen = undefined;
    unseen?.settle();
  }

  list(): Mount[] {
    if (this.unseen !== undefined) this.look();
    return [...this.mounts.values()];
  }

  /** Mounts `root` over the existing directory or file `target`. */
  mount(target: string, root: Inode, options: Partial<Omit<Mount, "target" | "root">> = {}): void {
    const covered = resolve(this, "/", target, ROOT).node;
    if (covered === undefined) throw new Errno("ENOENT");
    this.cover(covered, target, root, options);
  }

  /** The same where the inode at `target` is at hand. */
  cover(covered: Inode, target: string, root: Inode, options: Partial<Omit<Mount, "target" | "root">> = {}): void {
    if (this.unseen !== undefined) this.look();
    covered.covered = true;
    this.mounts.set(covered, {
      target,
      root,
      fstype: options.fstype ?? "none",
      source: options.source ?? "none",
      readOnly: options.readOnly ?? false,
      flags: options.flags ?? "relatime",
      ...(options.size !== undefined && { size: options.size }),
      ...(options.subtree !== undefined && { subtree: options.subtree }),
      ...(options.again !== undefined && { again: options.again }),
    });
  }

  unmount(target: string): void {
    if (this.unseen !== undefined) this.look();
    for (const [covered, mount] of this.mounts) if (mount.target === target) this.mounts.delete(covered);
  }

  /** The inode that is seen where `node` lies. */
  through(node: Inode): Inode {
    return node.covered ? (this.mounts.get(node)?.root ?? node) : node;
  }

  /** True below a read-only mount. */
  readOnlyAt(path: string): boolean {
    return this.at(path)?.readOnly ?? this.readOnlyRoot;
  }

  /** The mount that a path (absolute, resolved) lies on; undefined on the root file system. */
  at(path: string): Mount | undefined {
    if (this.unseen !== undefined) this.look();
    let best: Mount | undefined;
    for (const mount of this.mounts.values()) {
      if (path !== mount.target && !path.startsWith(`${mount.target}/`)) continue;
      if (best === undefined || mount.target.length > best.target.length) best = mount;
    }
    return best;
  }
}

export interface Resolved {
  /** Directory that holds (or would hold) the last component. */
  dir: DirNode;
  /** Last component; empty for the root itself. */
  name: string;
  node: Inode | undefined;
  /** The absolute path without `.`, `..` and symbolic links. */
  path: string;
}

const READ = 4;
const WRITE = 2;
const EXECUTE = 1;

/** True when `who` may read (4), write (2), execute or search (1) the inode: access(2), with root's exemption. */
export function mayAccess(node: Inode, who: Credentials, wanted: number): boolean {
  if (who.uid === 0) return (wanted & EXECUTE) === 0 || node.kind === "dir" || (node.mode & 0o111) !== 0;
  const shift = node.uid === who.uid ? 6 : node.gid === who.gid || who.groups.includes(node.gid) ? 3 : 0;
  return ((node.mode >> shift) & wanted) === wanted;
}

export function requireAccess(node: Inode, who: Credentials, wanted: number): void {
  if (!mayAccess(node, who, wanted)) throw new Errno("EACCES");
}

/** Throws EPERM for what chattr(1) has made immutable, or append-only where more than that is asked. */
export function requireMutable(node: Inode, appends = false): void {
  if (node.attributes === undefined) return;
  if (node.attributes.includes("i") || (!appends && node.attributes.includes("a"))) throw new Errno("EPERM");
}

export { EXECUTE, READ, WRITE };

/**
 * Walks a path (path_resolution(7)). Throws ENOENT/ENOTDIR/EACCES/ELOOP/ENAMETOOLONG for the way there; a missing last
 * component comes back with `node` undefined.
 */
export function resolve(ns: MountNamespace, cwd: string, path: string, who: Credentials, followLast = true): Resolved {
  if (path === "") throw new Errno("ENOENT");
  if (path.length > 4096) throw new Errno("ENAMETOOLONG");
  const plain = followPlain(ns, path, who, followLast);
  if (plain === "missing") throw new Errno("ENOENT");
  return plain ?? walk(ns, cwd, path, who, followLast);
}

/** The inode at a path that can be reached, undefined where the walk fails: for the many looks at what is not there. */
export function seek(
  ns: MountNamespace,
  cwd: string,
  path: string,
  who: Credentials,
  follow = true,
): Inode | undefined {
  const plain = path.length > 4096 ? undefined : followPlain(ns, path, who, follow);
  if (plain !== undefined) return plain === "missing" ? undefined : plain.node;
  try {
    return resolve(ns, cwd, path, who, follow).node;
  } catch (error) {
    if (error instanceof Errno) return undefined;
    throw error;
  }
}

/** The walk for all other paths. */
function walk(ns: MountNamespace, cwd: string, path: string, who: Credentials, followLast: boolean): Resolved {
  const stack: { node: DirNode; name: string }[] = [];
  const root = ns.through(ns.root) as DirNode;
  let links = 0;
  const todo = parts(path.startsWith("/") ? path : `${cwd}/${path}`).reverse();
  const mustBeDir = path.endsWith("/") && path !== "/";
  const here = (): DirNode => stack[stack.length - 1]?.node ?? root;
  const pathHere = (): string => `/${stack.map((entry) => entry.name).join("/")}`;
  // Where the walk stands: an empty `name` is the directory on top of the stack itself. The path is put together once, at the end.
  let dir = root;
  let name = "";
  let node: Inode = root;
  while (todo.length > 0) {
    name = todo.pop()!;
    if (name === "." || name === "..") {
      if (name === "..") stack.pop();
      dir = here();
      node = dir;
      name = "";
      continue;
    }
    dir = here();
    if (name.length > 255) throw new Errno("ENAMETOOLONG");
    requireAccess(dir, who, EXECUTE);
    const found = entriesOf(dir).get(name);
    const last = todo.length === 0;
    if (found === undefined) {
      if (!last) throw new Errno("ENOENT");
      return { dir, name, node: undefined, path: join(pathHere(), name) };
    }
    node = ns.through(found);
    if (node.kind === "symlink" && (!last || followLast || mustBeDir)) {
      if (++links > 40) throw new Errno("ELOOP");
      const reached = node.follow?.();
      if (node.follow && reached?.kind !== "dir") return { dir, name, node: reached, path: node.target };
      if (reached?.kind === "dir" && !leadsTo(ns, node.target, reached)) {
        if (last) return { dir, name, node: reached, path: join(pathHere(), name) };
        stack.push({ node: reached, name });
        continue;
      }
      if (node.target.startsWith("/")) stack.length = 0;
      for (const part of parts(node.target).reverse()) todo.push(part);
      dir = here();
      node = dir;
      name = "";
      continue;
    }
    if (node.kind === "dir") stack.push({ node, name });
    else if (!last || mustBeDir) throw new Errno("ENOTDIR");
  }
  return { dir, name, node, path: name === "" || node.kind === "dir" ? pathHere() : join(pathHere(), name) };
}

/** Whether a path of this namespace is that inode; it need not be there at all. */
function leadsTo(ns: MountNamespace, path: string, node: Inode): boolean {
  try {
    return resolve(ns, "/", path, ROOT).node === node;
  } catch {
    return false;
  }
}

/**
 * The walk for most paths: absolute, without dots and few links; undefined for all others. `missing`: there is no such
 * directory on the way.
 */
function followPlain(
  ns: MountNamespace,
  path: string,
  who: Credentials,
  followLast: boolean,
  links = 0,
): Resolved | "missing" | undefined {
  const { length } = path;
  if (path.charCodeAt(0) !== SLASH || length === 1 || path.charCodeAt(length - 1) === SLASH) return undefined;
  let dir = ns.through(ns.root) as DirNode;
  let from = 1;
  for (;;) {
    const slash = path.indexOf("/", from);
    const end = slash < 0 ? length : slash;
    if (end === from || end - from > 255) return undefined;
    if (who.uid !== 0 && !mayAccess(dir, who, EXECUTE)) return undefined;
    const name = path.slice(from, end);
    if (name === "." || name === "..") return undefined;
    const found = entriesOf(dir).get(name);
    if (found === undefined) return slash < 0 ? { dir, name, node: undefined, path } : "missing";
    const node = found.covered ? ns.through(found) : found;
    if (node.kind === "symlink" && (slash >= 0 || followLast)) {
      const { target } = node;
      if (node.follow || target === "" || target.endsWith("/") || links > 8) return undefined;
      // What was walked so far has no links: the way goes on as if it had been asked for like this.
      const head = target.startsWith("/") ? target : `${path.slice(0, from)}${target}`;
      return followPlain(ns, slash < 0 ? head : head + path.slice(slash), who, followLast, links + 1);
    }
    if (slash < 0) {
      // A directory names itself by itself, as the long way does.
      return { dir, name, node, path };
    }
    if (node.kind !== "dir") return undefined;
    dir = node;
    from = slash + 1;
  }
}

const SLASH = 47;

function parts(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function join(dir: string, name: string): string {
  return dir === "/" ? `/${name}` : `${dir}/${name}`;
}

/** The path made absolute against `cwd`, with `.` and `..` taken out textually. */
export function normalize(cwd: string, path: string): string {
  const out: string[] = [];
  for (const part of parts(path.startsWith("/") ? path : `${cwd}/${path}`)) {
    if (part === "..") out.pop();
    else if (part !== ".") out.push(part);
  }
  return `/${out.join("/")}`;
}
