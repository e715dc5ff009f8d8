import { CSI_DRIVERS, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from "../../api/resources.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { hostView } from "../runtime/host-view.ts";
import * as sys from "../sys.ts";
import type { KubeletContext } from "./context.ts";
import { MountError, NotAttached, ProcessError } from "./mount-error.ts";
import type { Pod, VolumeSpec } from "./types.ts";
import { refuseNfs, setUpHostPath } from "./volume-plugins.ts";

/** Name of the claim that a volume of a Pod mounts; undefined for other volumes. */
export function claimOf(pod: Pod, volume: VolumeSpec): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined;
}

/**
 * Path on the node of the volume behind a claim, set up. Throws MountError or ProcessError in the words of the volume manager and the
 * plugins (pkg/kubelet/volumemanager/populator, pkg/volume/{hostpath,local,nfs}).
 */
export function* claimedPath(ctx: KubeletContext, pod: Pod, claimName: string): Gen<string> {
  const namespace = pod.metadata.namespace!;
  const claim = yield* found(ctx, PERSISTENT_VOLUME_CLAIMS, namespace, claimName);
  if (claim === undefined) {
    throw new ProcessError(
      `error processing PVC ${namespace}/${claimName}: failed to fetch PVC from API server: persistentvolumeclaims "${claimName}" not found`,
    );
  }
  const { volumeName } = claim["spec"];
  if (claim["status"]?.phase !== "Bound" || !volumeName) {
    throw new ProcessError(`error processing PVC ${namespace}/${claimName}: PVC is not bound`);
  }
  const bound = yield* found(ctx, PERSISTENT_VOLUMES, undefined, volumeName);
  if (bound === undefined) {
    throw new ProcessError(
      `error processing PVC ${namespace}/${claimName}: failed to fetch PV ${volumeName} from API server: persistentvolumes "${volumeName}" not found`,
    );
  }
  yield* attached(ctx, bound);
  return pathOf(ctx, pod, bound);
}

/** The controller attaches what its driver says it has to; the node's status tells when that is done (VerifyControllerAttachedVolume). */
function* attached(ctx: KubeletContext, bound: KubeObject): Gen {
  const { csi } = bound["spec"];
  if (!csi) return;
  const driver = yield* found(ctx, CSI_DRIVERS, undefined, csi.driver);
  if (driver?.["spec"].attachRequired === false) return;
  const name = `kubernetes.io/csi/${csi.driver}^${csi.volumeHandle}`;
  const there: readonly { name: string }[] = ctx.node()?.["status"]?.volumesAttached ?? [];
  if (there.some((one) => one.name === name)) return;
  throw new NotAttached(
    `Volume not attached according to node status for volume "${bound.metadata.name}" (UniqueName: "${name}")`,
  );
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

function pathOf(ctx: KubeletContext, pod: Pod, bound: KubeObject): string {
  const { hostPath, local, nfs, csi } = bound["spec"];
  const { name } = bound.metadata;
  if (hostPath) {
    try {
      setUpHostPath(ctx, hostPath);
    } catch (error) {
      throw error instanceof MountError ? new MountError(error.message, name) : error;
    }
    return hostPath.path;
  }
  if (local) {
    if (sys.find(hostView(ctx.machine), local.path) !== undefined) return local.path;
    throw new MountError(`path "${local.path}" does not exist`, name, "MountVolume.NewMounter initialization failed");
  }
  if (nfs) throw refuseNfs(pod, name, nfs);
  if (csi)
    throw new MountError(
      `kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name ${csi.driver} not found in the list of registered CSI drivers`,
      name,
      "MountVolume.MountDevice failed",
    );
  throw new ProcessError(`failed to get Plugin from volumeSpec for volume "${name}" err=no volume plugin matched`);
}
