import { CSI_DRIVERS } from "../../api/resources.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { ensureDir, putFile } from "../runtime/files.ts";
import { hostView } from "../runtime/host-view.ts";
import * as sys from "../sys.ts";
import type { KubeletContext } from "./context.ts";
import { MountError, ProcessError } from "./mount-error.ts";
import { PODS_DIR } from "./pods-dir.ts";
import type { Pod, VolumeSpec } from "./types.ts";

/** Kinds of volume whose plugins upstream has taken out. */
const GONE = ["cephfs", "rbd", "glusterfs", "flocker", "quobyte", "scaleIO", "storageos", "photonPersistentDisk"];
/** What has to be at the path for a type of hostPath, and its name in the complaint. */
const CHECKED: Readonly<Record<string, readonly [kind: string, words: string]>> = {
  Directory: ["dir", "a directory"],
  File: ["file", "a file"],
  Socket: ["socket", "a socket file"],
  CharDevice: ["char", "a character device"],
  BlockDevice: ["block", "a block device"],
};

/** A path of the node, made where its type says so (pkg/volume/hostpath). */
export function setUpHostPath({ machine }: KubeletContext, { path, type }: { path: string; type?: string }): void {
  const node = sys.find(hostView(machine), path);
  if (type === "DirectoryOrCreate" || (!type && node === undefined)) ensureDir(machine, path);
  else if (type === "FileOrCreate" && node === undefined) {
    const slash = path.lastIndexOf("/");
    putFile(machine, ensureDir(machine, path.slice(0, slash)), path.slice(slash + 1), "");
  }
  const [kind, words] = CHECKED[type ?? ""] ?? [];
  if (kind !== undefined && node?.kind !== kind)
    throw new MountError(`hostPath type check failed: ${path} is not ${words}`);
}

/** No server exports anything to a node: the mount is refused. `name`: of the volume, or of the one behind a claim. */
export function refuseNfs(pod: Pod, name: string, { server, path }: { server: string; path: string }): MountError {
  const target = `${PODS_DIR}/${pod.metadata.uid}/volumes/kubernetes.io~nfs/${name}`;
  return new MountError(
    `mount failed: exit status 32\nMounting command: mount\nMounting arguments: -t nfs ${server}:${path} ${target}\n` +
      `Output: mount.nfs: Connection refused for ${server}:${path} on ${target}\n`,
    name,
  );
}

/** Volumes that a Pod names itself and that no plugin of the node sets up; throws in the plugins' words. */
export function* refuseSource(ctx: KubeletContext, pod: Pod, volume: VolumeSpec): Gen {
  const { name, nfs, csi } = volume;
  if (nfs) throw refuseNfs(pod, name, nfs);
  if (csi) yield* refuseCsi(ctx, csi.driver);
  if (GONE.some((kind) => kind in volume))
    throw new ProcessError(`failed to get Plugin from volumeSpec for volume "${name}" err=no volume plugin matched`);
}

/** A driver that serves a Pod's own volumes has to say so, and to run on the node (pkg/volume/csi NewMounter). */
function* refuseCsi({ client }: KubeletContext, driver: string): Gen<never> {
  let known: KubeObject | undefined;
  try {
    known = yield* client.get(CSI_DRIVERS, undefined, driver);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
  const modes: readonly string[] = known?.["spec"]?.volumeLifecycleModes ?? [];
  if (modes.includes("Ephemeral"))
    throw new MountError(
      `kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name ${driver} not found in the list of registered CSI drivers`,
    );
  const only = modes.map((mode) => JSON.stringify(mode)).join(" ");
  const why = known === undefined ? "no CSIDriver object" : `only supports [${only}]`;
  throw new MountError(
    `volume mode "Ephemeral" not supported by driver ${driver} (${why})`,
    undefined,
    "MountVolume.NewMounter initialization failed",
  );
}
