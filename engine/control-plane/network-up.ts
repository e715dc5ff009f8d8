import type { ApiClient } from "../api/client.ts";
import { NODES } from "../api/resources.ts";
import { StatusError } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import { type Gen, type Kernel, SECOND, sleep } from "../kernel/index.ts";
import { isNetError } from "../network/index.ts";

interface NetworkState {
  reason: string;
  message: string;
  annotations?: Readonly<Record<string, string>>;
}

const RETRY = SECOND;
const MOST_TRIES = 30;

/**
 * What a Pod network's agent tells of itself on its Node: annotations by which others find it, and that the network is
 * there (flannel pkg/subnet/kube; cilium operator/watchers/node_taint.go). A server that does not take it is asked again
 * for half a minute: the network works without.
 */
export function* tellNetworkUp(kernel: Kernel, client: ApiClient, node: string, network: NetworkState): Gen {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    try {
      yield* tell(client, node, network, formatTime(kernel.wallMs));
      return;
    } catch (error) {
      if (!isNetError(error) && !(error instanceof StatusError)) throw error;
    }
    yield* sleep(RETRY);
  }
}

function* tell(client: ApiClient, node: string, { reason, message, annotations }: NetworkState, now: string): Gen {
  if (annotations !== undefined) {
    yield* client.patch(NODES, undefined, node, { metadata: { annotations } }, "strategic", "status");
  }
  const times = { lastHeartbeatTime: now, lastTransitionTime: now };
  const condition = { type: "NetworkUnavailable", status: "False", ...times, reason, message };
  yield* client.patch(NODES, undefined, node, { status: { conditions: [condition] } }, "strategic", "status");
}
