import type { ApiClient } from "../../api/client.ts";
import { LeaseKeeper } from "../../api/lease-keeper.ts";
import { CSI_NODES, NODES } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, MS, sleep } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import type { KubeletContext } from "./context.ts";
import { KUBELET } from "./durations.ts";

/** Objects that a kubelet makes for its node besides the Node, and that go with it. */

/** The node's heartbeat. */
export function nodeLease(ctx: KubeletContext): LeaseKeeper {
  return new LeaseKeeper(ctx, {
    client: ctx.heartbeatClient,
    namespace: "kube-node-lease",
    name: ctx.nodeName,
    holderIdentity: ctx.nodeName,
    seconds: KUBELET.leaseSeconds,
    metadata: function* () {
      return yield* ownedByNode(ctx, ctx.heartbeatClient);
    },
    jitterMs: () => ctx.random.int(0, KUBELET.leaseJitterMs),
  });
}

/** Plugins of the node whose volumes CSI drivers serve now (pkg/volume/csimigration/plugin_manager.go). */
const MIGRATED = "aws-ebs azure-disk azure-file cinder gce-pd portworx-volume vsphere-volume"
  .split(" ")
  .map((name) => `kubernetes.io/${name}`)
  .join();

/** First pause, its factor and how often it is tried (pkg/volume/csi/csi_plugin.go initializeCSINode). */
const BACKOFF = { first: 15 * MS, factor: 6, steps: 6 };

/** The node's CSINode, without a driver until one registers (pkg/volume/csi/nodeinfomanager InitializeCSINodeWithAnnotation). */
export function* ensureCsiNode(ctx: KubeletContext): Gen {
  const { client, nodeName } = ctx;
  for (let step = 0, pause = BACKOFF.first; step < BACKOFF.steps; step++, pause *= BACKOFF.factor) {
    try {
      const annotations = { "storage.alpha.kubernetes.io/migrated-plugins": MIGRATED };
      const metadata = { name: nodeName, annotations, ...(yield* ownedByNode(ctx, client)) };
      yield* client.create(CSI_NODES, {
        apiVersion: "storage.k8s.io/v1",
        kind: "CSINode",
        metadata,
        spec: { drivers: null },
      });
      return;
    } catch (error) {
      if (isStatus(error, "AlreadyExists")) return;
      if (!(error instanceof StatusError) && !isNetError(error)) throw error;
      yield* sleep(pause);
    }
  }
}

function* ownedByNode(ctx: KubeletContext, client: ApiClient): Gen<object> {
  const { nodeName: name } = ctx;
  const node = ctx.node() ?? (yield* client.get<KubeObject>(NODES, undefined, name));
  return { ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid: node.metadata.uid }] };
}
