import { expect, it } from "vitest";
import { ApiClient } from "../api/client.ts";
import { EventRecorder } from "../api/event-recorder.ts";
import type { HttpRequest } from "../api/http.ts";
import { withManagedFields } from "../api/managed-fields/index.ts";
import type { KubeObject } from "../api/types.ts";
import { ADMIN } from "./harness.ts";
import { bootedHarness, PODS, podOf } from "./testing.ts";

/** What a recorder says, with its bodies as they are, and as copies: those go the long way. */
function said(copy: <T>(value: T) => T): string {
  const h = bootedHarness();
  h.server.certificates.userOf = () => ADMIN;
  const client = new ApiClient({
    userAgent: "kubelet/v1.32.3",
    clientCertificate: "test",
    send: (request: HttpRequest) =>
      h.server.handle({
        ...request,
        ...(request.body?.type === "object" && { body: { type: "object", value: copy(request.body.value) } }),
      }),
  });
  const events = (component: string, host?: string) =>
    new EventRecorder({ kernel: h.kernel, client, component, ...(host && { host }) });
  const kubelet = events("kubelet", "worker-1");
  const controller = events("job-controller");
  const pod = h.json("POST", PODS, podOf("web")) as KubeObject;
  h.json("POST", "/api/v1/namespaces", { metadata: { name: "going", finalizers: ["example.com/wait"] } });
  const settle = () => h.kernel.run(h.kernel.now + 1_000_000);
  kubelet.event(pod, "Normal", "Pulled", "Container image is there", "spec.containers{web}");
  kubelet.event(pod, "Normal", "Started", "", "spec.containers{web}");
  settle();
  kubelet.event(pod, "Normal", "Pulled", "Container image is there", "spec.containers{web}");
  kubelet.event({ kind: "Node", name: "worker-1", uid: "worker-1" }, "Normal", "Starting", "Starting kubelet.");
  controller.event(pod, "Warning", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
  kubelet.event({ kind: "Pod", apiVersion: "v1", name: "a", namespace: "nowhere" }, "Normal", "Killing", "Stopping");
  h.json("DELETE", "/api/v1/namespaces/going");
  kubelet.event({ kind: "Pod", apiVersion: "v1", name: "a", namespace: "going" }, "Normal", "Killing", "Stopping");
  settle();
  const all = h.json("GET", "/api/v1/events").items as KubeObject[];
  return JSON.stringify({ all: all.map(withManagedFields), revision: h.registry.revision });
}

it("events that go the short way leave what the long way leaves", () => {
  const short = said((value) => value);
  expect(short).toBe(said((value) => structuredClone(value)));
  const { all } = JSON.parse(short) as { all: KubeObject[] };
  expect(all.map((event) => `${event["reason"]} ${event["count"]}`).sort()).toEqual([
    "BackoffLimitExceeded 1",
    "Pulled 2",
    "Started 1",
    "Starting 1",
  ]);
});
