import type { ApiClient } from "../api/client.ts";
import { NODES } from "../api/resources.ts";
import { StatusError } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import type { Gen, Kernel } from "../kernel/index.ts";
import { isNetError } from "../network/index.ts";

/**
 * What a Pod network's agent tells of itself on its Node: annotations by which others find it, and that the network is
 * there (flannel pkg/subnet/kube; cilium operator/watchers/node_taint.go). A server that does not take it is left alone.
 */
export function* tellNetworkUp(
  kernel: Kernel,
  client: ApiClient,
  node: string,
  network: { reason: string; message: string; annotations?: Readonly<Record<string, string>> },
): Gen {
  const { reason, message, annotations } = network;
  const now = formatTime(kernel.wallMs);
  const condition = {
    type: "NetworkUnavailable",
    status: "False",
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason,
    message,
  };
  try {
    if (annotations !== undefined) {
      yield* client.patch(NODES, undefined, node, { metadata: { annotations } }, "strategic", "status");
    }
    yield* client.patch(NODES, undefined, node, { status: { conditions: [condition] } }, "strategic", "status");
  } catch (error) {
    if (!isNetError(error) && !(error instanceof StatusError)) throw error;
  }
}
