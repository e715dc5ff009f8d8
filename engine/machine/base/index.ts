import { imagePrograms } from "../../images/programs.ts";
import { encode, sha256Hex } from "../../kernel/index.ts";
import { type DirNode, deviceNode, dirNode, entriesOf, fileNode, type Inode, symlinkNode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import type { Program } from "../process.ts";
import { snapshot } from "../runtime/snapshot.ts";
import { BASH_COMPLETION, cobraCompletion } from "./bash-completion.ts";
import { cgroupDir } from "./cgroup-fs.ts";
import { cniPlugins } from "./cni-plugins.ts";
import * as etc from "./etc.ts";
import { type BaseOptions, etcDir } from "./etc-dir.ts";
import { GZIP_SCRIPTS } from "./gzip-scripts.ts";
import { LazyEntries } from "./lazy.ts";
import { AT, dir, INSTALLED, isNode, text } from "./nodes.ts";
import { procfs } from "./proc.ts";
import {
  CONTROL_PLANE_ONLY,
  IMAGES_ONLY,
  INSTALLED_ONLY,
  LIB_SYSTEMD,
  LOAD_BALANCER_ONLY,
  NODE_ONLY,
  SBIN,
} from "./programs.ts";
import { sysEntries } from "./sysfs.ts";
import { type Role, unitFiles } from "./units.ts";

export type { BaseOptions } from "./etc-dir.ts";
export { INSTALLED } from "./nodes.ts";
export { procfs } from "./proc.ts";
export type { Role } from "./units.ts";

const LEARNER = { uid: 1000, gid: 1000, time: INSTALLED };

/**
 * Fills a new machine's file tree with a Debian 12 as kubeadm's guide leaves it: /etc, the programs, users' homes,
 * /proc, /dev and the unit files of its role. Directories are filled when first looked into.
 */
export function buildBase(machine: Machine, options: BaseOptions = {}): void {
  const role = options.role ?? "worker";
  const root = entriesOf(machine.root);
  machine.root.mtime = INSTALLED;
  for (const name of ["bin", "sbin", "lib"]) root.set(name, symlinkNode(`usr/${name}`, AT));
  root.set("boot", dir());
  root.set("dev", devices(machine));
  root.set("etc", etcDir(machine, role, options));
  root.set(
    "home",
    dir(() => new Map([["learner", home({ ...LEARNER, mode: 0o755 }, labKey(machine))]])),
  );
  root.set("media", dir());
  root.set("mnt", dir());
  root.set(
    "opt",
    isNode(role)
      ? dir(() => new Map([["cni", dir(() => new Map([["bin", dir(cniPlugins)]]))]]))
      : // Where exercises ask for answers (/opt/course/…): of whoever sits at the workstation, as at an examination.
        dirNode(role === "workstation" ? { ...LEARNER, mode: 0o755 } : { ...AT, mode: 0o755 }),
  );
  root.set("proc", dirNode({ ...AT, mode: 0o555 }));
  root.set("root", home({ ...AT, mode: 0o700 }, labKey(machine)));
  root.set(
    "run",
    dir(() => runEntries()),
  );
  root.set("srv", dir());
  root.set(
    "sys",
    dirNode({ ...AT, mode: 0o555 }, () => sysEntries(machine)),
  );
  root.set("tmp", dirNode({ ...AT, mode: 0o1777 }));
  const { programs } = options;
  root.set(
    "usr",
    programs === undefined
      ? snapshot(usrOf(machine, role), machine.programs)
      : dir(() => usrEntries([...programs], role)),
  );
  root.set(
    "var",
    dir(() => varEntries(role)),
  );
  const { mnt } = machine.ns;
  mnt.mount("/proc", procfs(machine, machine.ns), { fstype: "proc", source: "proc" });
  mnt.mount("/sys", root.get("sys")!, { fstype: "sysfs", source: "sysfs" });
  mnt.mount(
    "/sys/fs/cgroup",
    cgroupDir(machine, () => "/", true),
    { fstype: "cgroup2", source: "cgroup2" },
  );
  mnt.mount("/dev", root.get("dev")!, { fstype: "devtmpfs", source: "udev" });
  mnt.mount("/run", root.get("run")!, { fstype: "tmpfs", source: "tmpfs" });
}

/** /usr of all machines of a role, in whichever session: each has a view of its own over it. */
const usrs = new WeakMap<ReadonlyMap<string, Program>, Map<Role, DirNode>>();

function usrOf(machine: Machine, role: Role): DirNode {
  let byRole = usrs.get(machine.programs);
  if (byRole === undefined) usrs.set(machine.programs, (byRole = new Map()));
  let usr = byRole.get(role);
  if (usr === undefined) byRole.set(role, (usr = dir(() => usrEntries(defaultPrograms(machine, role), role))));
  return usr;
}

function defaultPrograms(machine: Machine, role: Role): string[] {
  const node = isNode(role);
  return [...machine.programs.keys()].filter(
    (name) =>
      !IMAGES_ONLY.has(name) &&
      !INSTALLED_ONLY.has(name) &&
      !(name in imagePrograms) &&
      (node || !NODE_ONLY.has(name)) &&
      (role === "control-plane" || !CONTROL_PLANE_ONLY.has(name)) &&
      (role === "load-balancer" || !LOAD_BALANCER_ONLY.has(name)),
  );
}

function home(at: { mode: number; time: number; uid?: number; gid?: number }, key?: string): DirNode {
  return dirNode(at, () => {
    const file = (content: string, mode = 0o644) => fileNode(content, { ...at, mode });
    const entries = new Map<string, Inode>([
      [".bashrc", file(etc.USER_BASHRC)],
      [".profile", file(etc.USER_PROFILE)],
    ]);
    const keys = () =>
      new Map<string, Inode>([
        ["authorized_keys", file(`${key}\n`, 0o600)],
        ["id_ed25519", file(etc.PRIVATE_KEY, 0o600)],
        ["id_ed25519.pub", file(`${key}\n`)],
      ]);
    if (key !== undefined) entries.set(".ssh", dirNode({ ...at, mode: 0o700 }, keys));
    return entries;
  });
}

/** The learner's public key, the same on all machines of a session: it opens each of them, root's account too. */
function labKey(machine: Machine): string {
  const digits = sha256Hex(`${machine.kernel.seed} learner key`);
  let text = "";
  for (let i = 0; i < 42; i++) text += BASE64[Number.parseInt(digits.slice(i, i + 2), 16) & 63];
  return `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${text} learner@workstation`;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function usrEntries(installed: string[], role: Role): Map<string, Inode> {
  return new Map<string, Inode>([
    ["bin", dir(() => binEntries(installed))],
    ["games", dir()],
    ["include", dir()],
    ["lib", dir(() => libEntries(installed, role))],
    [
      "local",
      dir(
        () =>
          new Map(
            ["bin", "etc", "games", "include", "lib", "man", "sbin", "share", "src"].map((name) => [name, dir()]),
          ),
      ),
    ],
    ["sbin", dir(() => programFiles(installed.filter((name) => SBIN.has(name))))],
    [
      "share",
      dir(
        () =>
          new Map<string, Inode>([
            [
              "bash-completion",
              dir(
                () =>
                  new Map<string, Inode>([
                    ["bash_completion", text(BASH_COMPLETION)],
                    ["completions", dir(() => completions(installed))],
                  ]),
              ),
            ],
            ["doc", dir()],
            ["zoneinfo", dir(() => new Map([["Etc", dir(() => new Map([["UTC", text("TZif2")]]))]]))],
          ]),
      ),
    ],
    ["src", dir()],
  ]);
}

/** Completions that come with programs, read when they are first wanted. */
function completions(installed: string[]): Map<string, Inode> {
  const names = ["kubectl"].filter((name) => installed.includes(name));
  return new Map(names.map((name) => [name, text(cobraCompletion(name))]));
}

const setUid = new Set(["sudo", "su", "mount", "umount", "ping", "passwd", "chsh", "gpasswd"]);

/** A program's file: a little ELF-like content, so that it has a size and no text. */
function programFiles(names: readonly string[]): Map<string, Inode> {
  const out = new LazyEntries();
  for (const name of [...names].sort()) {
    out.later(name, makerOf(name));
  }
  return out;
}

const makers = new Map<string, () => Inode>();

/** Makes a program's file; all machines share the function. */
function makerOf(name: string): () => Inode {
  let make = makers.get(name);
  if (make === undefined) {
    make = () => fileNode(ELF, { ...AT, mode: setUid.has(name) ? 0o4755 : 0o755 }, name);
    makers.set(name, make);
  }
  return make;
}

const ELF = encode("\x7fELF");

function binEntries(installed: string[]): Map<string, Inode> {
  const entries = programFiles(installed.filter((name) => !SBIN.has(name) && !LIB_SYSTEMD.has(name)));
  if (!entries.has("sh") && entries.has("bash")) {
    entries.set("sh", symlinkNode("dash", AT));
    if (!entries.has("dash")) entries.set("dash", fileNode("\x7fELF", { ...AT, mode: 0o755 }, "bash"));
  }
  if (entries.has("gzip"))
    for (const [name, script] of Object.entries(GZIP_SCRIPTS)) entries.set(name, text(script, 0o755));
  if (entries.has("grep")) entries.set("rgrep", text('#!/bin/sh\nexec grep -r "$@"\n', 0o755));
  return entries;
}

function libEntries(installed: string[], role: Role): Map<string, Inode> {
  const programs = installed.filter((name) => LIB_SYSTEMD.has(name));
  return new Map<string, Inode>([
    ["modules", dir(() => new Map([["6.1.0-32-amd64", dir()]]))],
    ["os-release", text(etc.OS_RELEASE)],
    [
      "sysctl.d",
      dir(() => new Map(Object.entries(etc.SYSCTL_DIRECTORY).map(([name, content]) => [name, text(content)]))),
    ],
    [
      "systemd",
      dir(() => new Map<string, Inode>([...programFiles(programs), ["system", dir(() => unitEntries(role))]])),
    ],
  ]);
}

function unitEntries(role: Role): Map<string, Inode> {
  const out = new Map<string, Inode>();
  for (const [path, content] of Object.entries(unitFiles(role))) {
    const [first, second] = path.split("/") as [string, string?];
    if (second === undefined) out.set(first, text(content));
    else
      out.set(
        first,
        dir(() => new Map([[second, text(content)]])),
      );
  }
  out.set("default.target", symlinkNode("multi-user.target", AT));
  return out;
}

function varEntries(role: Role): Map<string, Inode> {
  return new Map<string, Inode>([
    ["backups", dir()],
    ["cache", dir(() => new Map([["apt", dir()]]))],
    [
      "lib",
      dir(
        () =>
          new Map<string, Inode>([
            ["apt", dir()],
            ...(isNode(role) ? ([["containerd", dir(containerdData)]] as const) : []),
            ["dpkg", dir()],
            ["systemd", dir()],
          ]),
      ),
    ],
    ["local", dir()],
    ["lock", symlinkNode("/run/lock", AT)],
    [
      "log",
      dir(
        () =>
          new Map<string, Inode>([
            ["apt", dir()],
            ["journal", dir()],
            ["dpkg.log", text("")],
            ["lastlog", text("")],
          ]),
      ),
    ],
    ["mail", dir()],
    ["opt", dir()],
    ["run", symlinkNode("/run", AT)],
    [
      "spool",
      dir(() => new Map([["cron", dir(() => new Map([["crontabs", dirNode({ ...AT, mode: 0o1730, gid: 105 })]]))]])),
    ],
    ["tmp", dirNode({ ...AT, mode: 0o1777 })],
  ]);
}

/** What containerd's plug-ins keep their data in (its config.toml: root). */
function containerdData(): Map<string, Inode> {
  const plugins = [
    "content.v1.content",
    "metadata.v1.bolt",
    "runtime.v1.linux",
    "runtime.v2.task",
    "snapshotter.v1.overlayfs",
  ];
  const own = plugins.map((name): [string, Inode] => [`io.containerd.${name}`, dirNode({ ...AT, mode: 0o711 })]);
  return new Map([...own, ["tmpmounts", dirNode({ ...AT, mode: 0o700 })]]);
}

/** /run: a tmpfs, empty after each boot but for these. */
export function runEntries(): Map<string, Inode> {
  return new Map<string, Inode>([
    ["lock", dirNode({ ...AT, mode: 0o1777 })],
    ["sshd", dir()],
    ["systemd", dir(() => new Map<string, Inode>([["system", dir()]]))],
    ["user", dir()],
  ]);
}

/** /dev of a machine: the devices programs use, and one entry of pts for each open terminal. */
export function devices(machine: Machine): DirNode {
  const pts = dirNode({ mode: 0o755 }, () => {
    const out = new Map<string, Inode>();
    for (const [number, tty] of machine.ttys) {
      out.set(String(number), deviceNode(`pts/${number}`, { mode: 0o620, uid: tty.uid, gid: 5 }));
    }
    out.set("ptmx", deviceNode("ptmx", { mode: 0o000 }));
    return out;
  });
  pts.volatile = true;
  return dirNode({ mode: 0o755 }, () => {
    const out = new Map<string, Inode>();
    for (const name of ["full", "null", "random", "tty", "urandom", "zero"]) out.set(name, deviceNode(name));
    out.set("console", deviceNode("console", { mode: 0o600 }));
    out.set("fd", symlinkNode("/proc/self/fd"));
    out.set("pts", pts);
    out.set("shm", dirNode({ mode: 0o1777 }));
    ["stdin", "stdout", "stderr"].forEach((name, fd) => {
      out.set(name, symlinkNode(`/proc/self/fd/${fd}`));
    });
    return out;
  });
}
