import type { HttpRequest, HttpResponse } from "../api/http.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";

/** How an API server reaches kubelets. Throws what the network throws (NetError). */
export interface NodeProxy {
  /**
   * Sends a request to the kubelet of a node, port 10250, as user `kube-apiserver-kubelet-client`. Paths are the
   * kubelet's own: `/containerLogs/<ns>/<pod>/<container>?follow=true&tailLines=5`,
   * `/exec/<ns>/<pod>/<container>?command=sh&input=1&output=1&error=1&tty=1`, `/attach/…`, `/portForward/<ns>/<pod>`.
   * Log answers have a body of bytes or a stream, exec and attach answer 101 with channels.
   */
  request(node: KubeObject, request: Pick<HttpRequest, "method" | "path">): Gen<HttpResponse>;
}

/** How an API server reaches admission webhooks. */
export interface WebhookClient {
  /** Posts a review to `address` (`10.200.1.3:8443`); the review that comes back, or why none did (`dial tcp …`). */
  submitReview(address: string, path: string, review: unknown, timeoutSeconds: number): Gen<unknown>;
}

/** The address that `--kubelet-preferred-address-types` picks: InternalIP here. */
export function kubeletAddress(node: KubeObject): string {
  const addresses: { type: string; address: string }[] = node["status"]?.addresses ?? [];
  const found = addresses.find(({ type }) => type === "InternalIP") ?? addresses[0];
  return found?.address ?? node.metadata.name;
}
