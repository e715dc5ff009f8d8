import type { Image } from "../../images/index.ts";
import { type DirNode, dirNode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { MountNamespace, type RootFilesystem } from "../path.ts";
import { PidNamespace } from "../process.ts";
import { Places, Preview, Unseen } from "../unseen.ts";
import { CriError } from "./error.ts";
import { ensureDir, putLink, sharedDir } from "./files.ts";
import { ContainerLog, LogSink } from "./log-file.ts";
import { mountFilesystems } from "./mounts.ts";
import { snapshot } from "./snapshot.ts";
import { commandOf, environment, templateOf } from "./spec.ts";
import type { Container, ContainerConfig, Sandbox } from "./types.ts";
import { credentialsOf, homeOf } from "./user.ts";

const SNAPSHOTS = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";

/** Root file system of a container: its own layer over the image's. */
function overlay(id: number): RootFilesystem {
  const flags = `relatime,lowerdir=${SNAPSHOTS}/${id % 20}/fs,upperdir=${SNAPSHOTS}/${id}/fs,workdir=${SNAPSHOTS}/${id}/work`;
  return { fstype: "overlay", source: "overlay", flags };
}

/**
 * A container of an image on a layer of its own, with a log as the kubelet reads it, or with `log`, or with none when
 * `logs` is false; nothing runs yet. Throws CriError.
 */
export function newContainer(
  machine: Machine,
  sandbox: Sandbox,
  config: ContainerConfig,
  image: Image,
  {
    id,
    layer,
    logs = true,
    log: own,
    rootfs: given,
  }: { id: string; layer: number; logs?: boolean; log?: ContainerLog; rootfs?: DirNode },
): Container {
  const tree = given ?? templateOf(image);
  const rootfs = given ?? snapshot(tree, machine.programs);
  const mnt = new MountNamespace(rootfs, overlay(layer));
  const target =
    config.pidsOf === undefined
      ? undefined
      : sandbox.containers.findLast(({ config: { metadata } }) => metadata.name === config.pidsOf);
  const pids = sandbox.pids ?? target?.pids ?? new PidNamespace();
  const mount = mountFilesystems(machine, sandbox, config, rootfs, mnt, pids, image.def.volumes);
  mnt.readOnlyRoot = config.readOnlyRootfs ?? false;
  const user = credentialsOf(config.user ?? image.def.user ?? "", config, tree);
  if (typeof user === "string") {
    throw new CriError("Unknown", `failed to generate container "${id}" spec: failed to apply OCI options: ${user}`);
  }
  const env = environment(image, config, sandbox.uts.hostname, homeOf(user.uid, tree));
  const cwd = config.workingDir || image.def.workingDir || "/";
  const prepare = (): void => {
    mount();
    ensureDir(machine, cwd, 0o755, rootfs);
  };
  if (logs && given === undefined) mnt.unseen = unseen(machine, tree, config, image, cwd, prepare);
  if (mnt.unseen === undefined) prepare();
  if (commandOf(image, config).length === 0) {
    throw new CriError(
      "Unknown",
      `failed to generate container "${id}" spec: failed to generate spec: no command specified`,
    );
  }
  const log =
    own ??
    (logs
      ? createLog(machine, sandbox, id, config)
      : new ContainerLog(machine, dirNode({ time: machine.kernel.now }), "log"));
  return {
    id,
    sandbox,
    config,
    image,
    state: "created",
    createdAt: machine.kernel.now,
    startedAt: 0,
    finishedAt: 0,
    exitCode: 0,
    reason: "",
    message: "",
    get rootfs() {
      return mnt.root;
    },
    mnt,
    cred: user,
    cwd,
    env,
    pids,
    process: undefined,
    log,
    stdout: new LogSink(logs || own ? log : undefined, "stdout"),
    stderr: new LogSink(logs || own ? log : undefined, "stderr"),
    stdin: undefined,
    tty: undefined,
    stopSignal: image.def.stopSignal ?? "TERM",
    stopping: false,
  };
}

/** What is to be done to a container's files when somebody looks; undefined for what others see at once. */
function unseen(
  machine: Machine,
  tree: DirNode,
  config: ContainerConfig,
  image: Image,
  cwd: string,
  prepare: () => void,
): Unseen | undefined {
  const preview = previewOf(machine, tree);
  const asked = config.mounts.map(({ containerPath }) => containerPath);
  const places = preview.recall(`places ${cwd}\n${asked.join("\n")}`, () => placesOf(preview, asked, image, cwd));
  return places === "nested" ? undefined : new Unseen(machine, preview, places, prepare);
}

function placesOf(preview: Preview, asked: readonly string[], image: Image, cwd: string): Places | "nested" {
  const places = new Places(preview);
  // A mount point inside a volume is made on the machine. Colons part paths here.
  for (const path of [...asked, ...(image.def.volumes ?? [])])
    if (path.includes(":") || places.add(path)) return "nested";
  for (const path of ["/etc/hostname", "/etc/resolv.conf", ...(cwd === "/" ? [] : [cwd])]) places.add(path);
  return places;
}

const previews = new WeakMap<Machine, Map<DirNode, Preview>>();

function previewOf(machine: Machine, tree: DirNode): Preview {
  let known = previews.get(machine);
  if (known === undefined) previews.set(machine, (known = new Map()));
  let preview = known.get(tree);
  if (preview === undefined) {
    preview = new Preview(machine, tree, (lower) => snapshot(lower, machine.programs));
    known.set(tree, preview);
  }
  return preview;
}

/** A container is removed: what it wrote is no longer on the disk. */
export function discardFiles(machine: Machine, { mnt }: Pick<Container, "mnt">): void {
  if (mnt.unseen === undefined) machine.disk.release(mnt.root);
  else mnt.unseen.forget();
}

function createLog(machine: Machine, sandbox: Sandbox, id: string, config: ContainerConfig): ContainerLog {
  const slash = config.logPath.lastIndexOf("/");
  const [directory, file] = [config.logPath.slice(0, Math.max(0, slash)), config.logPath.slice(slash + 1)];
  const { logDirectory, metadata } = sandbox.config;
  const log = new ContainerLog(machine, ensureDir(machine, `${logDirectory}/${directory}`), file);
  const link = `${metadata.name}_${metadata.namespace}_${config.metadata.name}-${id}.log`;
  putLink(machine, sharedDir(machine, "/var/log/containers"), link, `${logDirectory}/${config.logPath}`);
  return log;
}
