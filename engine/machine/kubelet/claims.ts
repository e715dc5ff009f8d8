import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from "../../api/resources.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { ensureDir } from "../runtime/files.ts";
import { hostView } from "../runtime/host-view.ts";
import * as sys from "../sys.ts";
import type { KubeletContext } from "./context.ts";
import { MountError } from "./mount-error.ts";
import { PODS_DIR } from "./pods-dir.ts";
import type { Pod, VolumeSpec } from "./types.ts";

/** Name of the claim that a volume of a Pod mounts; undefined for other volumes. */
export function claimOf(pod: Pod, volume: VolumeSpec): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined;
}

/**
 * Path on the node of the volume behind a claim, set up. Throws MountError in the words of the volume manager and the
 * plugins (pkg/kubelet/volumemanager/populator, pkg/volume/{hostpath,local,nfs}).
 */
export function* claimedPath(ctx: KubeletContext, pod: Pod, volume: VolumeSpec, claimName: string): Gen<string> {
  const namespace = pod.metadata.namespace!;
  const claim = yield* found(ctx, PERSISTENT_VOLUME_CLAIMS, namespace, claimName);
  if (claim === undefined) {
    throw new MountError(
      `error processing PVC ${namespace}/${claimName}: failed to fetch PVC from API server: persistentvolumeclaims "${claimName}" not found`,
    );
  }
  const { volumeName } = claim["spec"];
  if (claim["status"]?.phase !== "Bound" || !volumeName) {
    throw new MountError(`error processing PVC ${namespace}/${claimName}: PVC is not bound`);
  }
  const bound = yield* found(ctx, PERSISTENT_VOLUMES, undefined, volumeName);
  if (bound === undefined) {
    throw new MountError(
      `error processing PVC ${namespace}/${claimName}: failed to fetch PV ${volumeName} from API server: persistentvolumes "${volumeName}" not found`,
    );
  }
  return pathOf(ctx, pod, volume, bound);
}

function* found(
  { client }: KubeletContext,
  resource: typeof PERSISTENT_VOLUMES,
  namespace: string | undefined,
  name: string,
): Gen<KubeObject | undefined> {
  try {
    return yield* client.get(resource, namespace, name);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

function pathOf({ machine }: KubeletContext, pod: Pod, volume: VolumeSpec, bound: KubeObject): string {
  const { hostPath, local, nfs, csi } = bound["spec"];
  const own = (plugin: string) => `${PODS_DIR}/${pod.metadata.uid}/volumes/kubernetes.io~${plugin}/${volume.name}`;
  if (hostPath) {
    const node = sys.find(hostView(machine), hostPath.path);
    if (hostPath.type === "Directory" && node?.kind !== "dir") {
      throw new MountError(`hostPath type check failed: ${hostPath.path} is not a directory`);
    }
    if (node === undefined) ensureDir(machine, hostPath.path);
    return hostPath.path;
  }
  if (local) {
    if (sys.find(hostView(machine), local.path) !== undefined) return local.path;
    throw new MountError(`path "${local.path}" does not exist`);
  }
  if (nfs) {
    const target = own("nfs");
    throw new MountError(
      `mount failed: exit status 32\nMounting command: mount\nMounting arguments: -t nfs ${nfs.server}:${nfs.path} ${target}\n` +
        `Output: mount.nfs: Connection refused for ${nfs.server}:${nfs.path} on ${target}\n`,
    );
  }
  if (csi)
    throw new MountError(
      `kubernetes.io/csi: driver name ${csi.driver} not found in the list of registered CSI drivers`,
    );
  throw new MountError("no volume plugin matched");
}
