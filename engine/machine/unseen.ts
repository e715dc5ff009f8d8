import { Disk } from "./disk.ts";
import { Errno, isErrno } from "./errno.ts";
import type { DirNode } from "./inode.ts";
import type { Machine } from "./machine.ts";
import { type Credentials, MountNamespace, ROOT, resolve } from "./path.ts";
import type { Process } from "./process.ts";

/** Below so little room on the disk nothing is put off: what is done might fail. */
const ROOM = 1 << 20;

/**
 * How a tree looks after the same steps as those of a container that nobody has looked at: a copy for all containers of
 * an image on one machine. What was found out about it is kept with it.
 */
export class Preview {
  /** Sees the tree, to read only. */
  readonly view: Process;
  /** Bytes that the steps wrote. */
  readonly bytes: number;
  private readonly memory = new Map<string, unknown>();
  private readonly paths = new Map<string, readonly string[]>();
  private readonly machine: Machine;
  private readonly copy: (tree: DirNode) => DirNode;

  constructor(machine: Machine, tree: DirNode, copy: (tree: DirNode) => DirNode, step?: (p: Process) => void) {
    this.machine = machine;
    this.copy = copy;
    const disk = new Disk(machine.hardware.diskKib);
    // All of the machine but its disk, which counts what containers write.
    const aside = Object.create(machine, { disk: { value: disk } }) as Machine;
    const ns = { ...machine.ns, mnt: new MountNamespace(copy(tree)) };
    this.view = viewOf(aside, ns, ROOT);
    step?.(this.view);
    this.bytes = disk.used;
  }

  /** What `find` says, asked once. */
  recall<T>(key: string, find: (view: Process) => T): T {
    let found = this.memory.get(key) as T | undefined;
    if (found === undefined) {
      found = find(this.view);
      this.memory.set(key, found);
    }
    return found;
  }

  /** The tree after one step more; an error where that fails. */
  after(key: string, step: (p: Process) => void): Preview | Errno {
    return this.recall(`after ${key}`, (view) => {
      try {
        return new Preview(this.machine, view.ns.mnt.root, this.copy, step);
      } catch (error) {
        if (isErrno(error)) return error;
        throw error;
      }
    });
  }

  /** Paths with colons between them, without symbolic links as far as they are there. */
  canonical(paths: string): readonly string[] {
    let found = this.paths.get(paths);
    if (found === undefined) {
      found = paths.split(":").map((path) => this.canonicalOf(path));
      this.paths.set(paths, found);
    }
    return found;
  }

  private canonicalOf(path: string): string {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      try {
        const found = resolve(this.view.ns.mnt, "/", path.slice(0, end), ROOT);
        if (found.node !== undefined) return (found.path === "/" ? "" : found.path) + path.slice(end);
      } catch (error) {
        if (!isErrno(error)) throw error;
      }
    }
    return path;
  }
}

/** Where every container has something mounted. */
const KERNEL = ["/proc", "/sys", "/dev"];

/** One lies below the other, or is it. */
export function meet(a: string, b: string): boolean {
  const [long, short] = a.length < b.length ? [b, a] : [a, b];
  return long.startsWith(short) && (long.length === short.length || long.charCodeAt(short.length) === SLASH);
}

const SLASH = 47;

const viewOf = (machine: Machine, ns: Process["ns"], cred: Credentials): Process =>
  ({ machine, ns, cred, cwd: "/", umask: 0o022, fds: new Map(), tty: undefined }) as unknown as Process;

/** Where something is mounted in a container, without symbolic links; the same for many containers of an image. */
export class Places {
  private readonly preview: Preview;
  private readonly targets: string[] = [];
  private readonly answers = new Map<string, boolean>();

  constructor(preview: Preview) {
    this.preview = preview;
  }

  /** One more; true when it lies in or above one that was there before. */
  add(path: string): boolean {
    const [own = ""] = this.preview.canonical(path);
    const touches = this.targets.some((other) => meet(own, other));
    this.targets.push(own);
    return touches;
  }

  /** Nothing is mounted over, in or above any of these paths (with colons between them). */
  spare(paths: string): boolean {
    let answer = this.answers.get(paths);
    if (answer === undefined) {
      const apart = (path: string): boolean => ![...KERNEL, ...this.targets].some((target) => meet(path, target));
      answer = this.preview.canonical(paths).every(apart);
      this.answers.set(paths, answer);
    }
    return answer;
  }
}

/**
 * What is done to the files of a container before anybody looks at them, from its mounts on: most containers start, run
 * and end without that. It is done, each step as of its time, when somebody does look.
 */
export class Unseen {
  private readonly machine: Machine;
  private preview: Preview;
  private readonly places: Places;
  private readonly steps: { readonly at: number; readonly run: () => void }[];
  /** Bytes that the disk counts for what is to be written. */
  private promised = 0;

  constructor(machine: Machine, preview: Preview, places: Places, mount: () => void) {
    this.machine = machine;
    this.preview = preview;
    this.places = places;
    this.steps = [{ at: machine.kernel.now, run: mount }];
  }

  /** How the tree looks, provided that nothing is mounted over, in or above any of these paths (with colons between them). */
  peek(paths: string): Preview | undefined {
    return this.machine.disk.room >= ROOM && this.places.spare(paths) ? this.preview : undefined;
  }

  /**
   * Puts off what a process does to files; `key` says what that is, for those who do the same. False when it would
   * fail: it is then to be done at once.
   */
  putOff(p: Process, key: string, step: (p: Process) => void): boolean {
    const { machine } = this;
    const next = this.preview.after(key, step);
    if (next instanceof Errno) return false;
    machine.disk.used += next.bytes;
    this.promised += next.bytes;
    this.preview = next;
    this.steps.push({ at: machine.kernel.now, run: () => step(p) });
    return true;
  }

  /** For MountNamespace: does it all. */
  settle(): void {
    const { kernel, disk } = this.machine;
    this.forget();
    disk.grant(() => {
      for (const { at, run } of this.steps) kernel.asOf(at, run);
    });
  }

  /** The container is gone: nothing was written. */
  forget(): void {
    this.machine.disk.used -= this.promised;
    this.promised = 0;
  }
}
