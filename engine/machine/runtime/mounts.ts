import { procfs } from "../base/proc.ts";
import { sysEntries } from "../base/sysfs.ts";
import { type DirNode, deviceNode, dirNode, entriesOf, fileNode, type Inode, symlinkNode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { type Mount, type MountNamespace, ROOT, resolve } from "../path.ts";
import type { PidNamespace } from "../process.ts";
import { ensureDir } from "./files.ts";
import { snapshot } from "./snapshot.ts";
import type { ContainerConfig, Sandbox } from "./types.ts";

const KERNEL_FLAGS = "nosuid,nodev,noexec,relatime";
const DEV_FLAGS = "nosuid,size=65536k,mode=755";
/** Of /proc what may only be read, and what of /proc and /sys is hidden where a container has no privileges, in runc's order. */
const READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
const HIDDEN = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"];
/** Those of them that are files: /dev/null lies over them. */
const FILES = new Set(["/proc/kcore", "/proc/keys", "/proc/timer_list"]);
const DISK = { fstype: "ext4", source: "/dev/vda1" };
const MEMORY = { fstype: "tmpfs", source: "tmpfs" };

const DEVICES = ["null", "zero", "full", "random", "urandom", "tty"];

function devEntries(tty: boolean): DirNode {
  const dir = dirNode();
  const out = entriesOf(dir);
  for (const name of DEVICES) out.set(name, deviceNode(name));
  out.set("fd", symlinkNode("/proc/self/fd"));
  out.set("stdin", symlinkNode("/proc/self/fd/0"));
  out.set("stdout", symlinkNode("/proc/self/fd/1"));
  out.set("stderr", symlinkNode("/proc/self/fd/2"));
  out.set("ptmx", symlinkNode("pts/ptmx"));
  out.set("core", symlinkNode("/proc/kcore"));
  for (const name of ["pts", "mqueue"]) out.set(name, dirNode());
  out.set("shm", dirNode({ mode: 0o1777 }));
  if (tty) out.set("console", deviceNode("console"));
  out.set("termination-log", fileNode("", { mode: 0o666 }));
  return dir;
}

const DEV = devEntries(false);
const DEV_TTY = devEntries(true);

/** procfs of a container, made when somebody looks into it. */
function lazyProc(machine: Machine, ns: Parameters<typeof procfs>[1]): DirNode {
  let made: DirNode | undefined;
  const proc = dirNode({ mode: 0o555 }, () => entriesOf((made ??= procfs(machine, ns))));
  proc.volatile = true;
  return proc;
}

/** /dev/null of a container. */
export const nullDevice = (): Inode => entriesOf(DEV).get("null")!;

/**
 * What every container sees over its image: /proc, /dev, /sys, names of the sandbox, and the volumes asked for. What the
 * machine has of these is looked up at once; the function that comes back mounts it.
 */
export function mountFilesystems(
  machine: Machine,
  sandbox: Sandbox,
  config: ContainerConfig,
  rootfs: DirNode,
  mnt: MountNamespace,
  pids: PidNamespace,
  volumes: readonly string[] = [],
): () => void {
  const kept = `/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/${sandbox.id}`;
  const own = ["hostname", "resolv.conf"].flatMap((name) => {
    const file = entriesOf(sandbox.files).get(name);
    return file ? [{ containerPath: `/etc/${name}`, hostPath: `${kept}/${name}`, source: file }] : [];
  });
  const shm = { containerPath: "/dev/shm", hostPath: "", source: shmOf(sandbox) };
  const given = config.mounts.map((mount) => ({
    ...mount,
    source: resolve(machine.ns.mnt, "/", mount.hostPath, ROOT).node,
  }));
  const taken = new Set(given.map(({ containerPath }) => containerPath.replace(/(?<=.)\/+$/, "")));
  // Those nearer to the root first, as containerd sorts them: no mount then hides another.
  const mounts = [...given, ...[...own, shm].filter(({ containerPath }) => !taken.has(containerPath))].sort(
    (a, b) => depth(a.containerPath) - depth(b.containerPath),
  );
  return () => {
    const at = (name: string): DirNode => ensureDir(machine, name, 0o755, rootfs);
    const proc = lazyProc(machine, { pid: pids, uts: sandbox.uts, mnt, net: sandbox.net });
    mnt.cover(at("proc"), "/proc", proc, { fstype: "proc", source: "proc", flags: KERNEL_FLAGS });
    const dev = snapshot(config.tty ? DEV_TTY : DEV, machine.programs);
    const inMemory = { ...MEMORY, flags: DEV_FLAGS, size: 65_536 * 1024 };
    mnt.cover(at("dev"), "/dev", dev, inMemory);
    const { privileged = false } = config;
    const seen = (path: string, options: Partial<Mount>) => mnt.cover(dirNode(), path, dirNode(), options);
    const pts = "nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666";
    seen("/dev/pts", { fstype: "devpts", source: "devpts", flags: pts });
    seen("/dev/mqueue", { fstype: "mqueue", source: "mqueue", flags: KERNEL_FLAGS });
    const sys = dirNode({ mode: 0o555 }, () => sysEntries(machine, true));
    mnt.cover(at("sys"), "/sys", sys, { fstype: "sysfs", source: "sysfs", readOnly: true, flags: KERNEL_FLAGS });
    const cgroup = { fstype: "cgroup2", source: "cgroup", flags: `${KERNEL_FLAGS},nsdelegate,memory_recursiveprot` };
    seen("/sys/fs/cgroup", { ...cgroup, readOnly: !privileged });
    for (const mount of mounts) {
      const { source, containerPath } = mount;
      if (source === undefined) continue;
      if (mount === shm) {
        const memory = { fstype: "tmpfs", source: "shm", flags: `${KERNEL_FLAGS},size=65536k`, size: inMemory.size };
        mnt.cover(entriesOf(dev).get("shm")!, "/dev/shm", source, memory);
        continue;
      }
      const { medium, size, readOnly = false, hostPath }: ContainerConfig["mounts"][number] = mount;
      const covered = target(machine, mnt, rootfs, containerPath, source.kind === "dir");
      const { fstype, source: device } = medium === "Memory" ? MEMORY : DISK;
      // Where it really is: /var/run of many images is a link to /run.
      const { path } = resolve(mnt, "/", containerPath, ROOT, source.kind === "dir");
      const bound = size === undefined ? {} : { size, flags: `relatime,size=${Math.ceil(size / 1024)}k,inode64` };
      const subtree = medium === "Memory" ? undefined : hostPath;
      over(mnt, covered, path, source, { fstype, source: device, readOnly, subtree, ...bound });
    }
    for (const path of volumes) {
      if (taken.has(path)) continue;
      const covered = target(machine, mnt, rootfs, path, true) as DirNode;
      over(mnt, covered, path, volumeOf(covered), { ...DISK, subtree: `${kept}${path}` });
    }
    if (privileged) return;
    // What has no privileges reads the kernel's settings only; nothing need be looked at for that.
    for (const path of READ_ONLY) {
      const flags = { fstype: "proc", source: "proc", flags: KERNEL_FLAGS, readOnly: true };
      mnt.cover(dirNode({ mode: 0o555 }), path, path === "/proc/sys" ? proc : dirNode(), flags);
    }
    for (const path of HIDDEN) {
      if (FILES.has(path)) seen(path, { ...inMemory, again: "/dev" });
      else seen(path, { ...MEMORY, readOnly: true, flags: "relatime,inode64" });
    }
  };
}

const depth = (path: string): number => path.replace(/\/+$/, "").split("/").length;

/** /dev/shm, which the containers of a sandbox share. */
const sharedMemory = new WeakMap<Sandbox, DirNode>();

function shmOf(sandbox: Sandbox): DirNode {
  let shm = sharedMemory.get(sandbox);
  if (shm === undefined) sharedMemory.set(sandbox, (shm = dirNode({ mode: 0o1777 })));
  return shm;
}

/** A volume begins with what the image has at its path (containerd, pkg/oci WithVolumes). */
function volumeOf(covered: DirNode): DirNode {
  const { mode, uid, gid } = covered;
  const volume = dirNode({ mode, uid, gid });
  for (const [name, node] of entriesOf(covered)) entriesOf(volume).set(name, node);
  return volume;
}

/** Mounts over what lies at a path; through a link, over what it leads to. */
function over(mnt: MountNamespace, covered: Inode, path: string, root: Inode, options: Partial<Mount>): void {
  if (covered.kind === "symlink") mnt.mount(path, root, options);
  else mnt.cover(mnt.through(covered), path, root, options);
}

/** Makes the mount point: a directory, or an empty file for a file. */
function target(machine: Machine, mnt: MountNamespace, rootfs: DirNode, path: string, isDir: boolean): Inode {
  const parts = path.split("/").filter((part) => part !== "");
  const last = parts.pop();
  let dir = mnt.through(rootfs) as DirNode;
  for (const part of parts) dir = child(machine, mnt, rootfs, dir, part);
  if (last === undefined) return dir;
  return isDir ? child(machine, mnt, rootfs, dir, last) : placeholder(dir, last);
}

function child(machine: Machine, mnt: MountNamespace, rootfs: DirNode, dir: DirNode, name: string): DirNode {
  const found = entriesOf(dir).get(name);
  const seen = found && mnt.through(found);
  if (seen?.kind === "dir") return seen;
  if (seen?.kind === "symlink") {
    const reached = resolve(mnt, "/", seen.target.startsWith("/") ? seen.target : `/${seen.target}`, ROOT).node;
    if (reached?.kind === "dir") return reached;
    // It leads to what the image does not have, as /var/run does where there is no /run.
    if (reached === undefined) return ensureDir(machine, seen.target, 0o755, rootfs);
  }
  return ensureDir(machine, name, 0o755, dir);
}

function placeholder(dir: DirNode, name: string): Inode {
  const entries = entriesOf(dir);
  let there = entries.get(name);
  if (there === undefined) entries.set(name, (there = fileNode("")));
  return there;
}
