import { ApiClient } from "../api/client.ts";
import { formatTime } from "../api/time.ts";
import { ADMIN, harness } from "../apiserver/harness.ts";
import { SECOND } from "../kernel/index.ts";
import { ControllerManager } from "./controller-manager.ts";

export const MERGE = { headers: { "content-type": "application/merge-patch+json" } };
const CORE = "/api/v1/namespaces/default";

/** For tests: an API server and the controllers on it, without machines; `runPods` stands in for scheduler and kubelet. */
export function start() {
  const h = harness();
  for (const name of ["default", "kube-system"]) h.json("POST", "/api/v1/namespaces", { metadata: { name } });
  h.server.certificates.userOf = () => ADMIN;
  const lines: string[] = [];
  const manager = new ControllerManager({
    kernel: h.kernel,
    client: (name) =>
      new ApiClient({
        send: (request) => h.server.handle(request),
        userAgent: name ?? "kube-controller-manager",
        clientCertificate: "test",
      }),
    log: (line) => lines.push(line),
    identity: "cp-1",
    clusterCidr: "10.200.0.0/16",
    serviceCidr: "10.201.0.0/16",
    rootCa: "CA",
    serviceAccountKey: () => new Uint8Array(32).fill(7),
  });
  manager.start();
  const run = (seconds: number) => h.kernel.run(h.kernel.now + seconds * SECOND);
  run(1);
  const node = (name: string, ready = "True") => {
    h.json("POST", "/api/v1/nodes", { metadata: { name, labels: { "kubernetes.io/hostname": name } } });
    const conditions = [{ type: "Ready", status: ready, lastHeartbeatTime: "2025-03-01T09:00:00Z" }];
    h.json("PATCH", `/api/v1/nodes/${name}/status`, { status: { conditions } }, MERGE);
  };
  const pods = () => h.json("GET", `${CORE}/pods`).items;
  /** Stands in for scheduler and kubelet: every Pod runs and is ready. */
  const runPods = () => {
    let i = 0;
    for (const pod of pods()) {
      i++;
      if (pod.status?.podIP || pod.metadata.deletionTimestamp) continue;
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: "2025-03-01T09:00:01Z" }];
      const status = { phase: "Running", podIP: `10.200.0.${i + 1}`, conditions };
      h.json("PATCH", `${CORE}/pods/${pod.metadata.name}/status`, { status }, MERGE);
    }
  };
  const events = (name: string) =>
    h
      .json("GET", `${CORE}/events`)
      .items.filter((e: { involvedObject: { name: string } }) => e.involvedObject.name === name)
      .map((e: { reason: string; message: string }) => `${e.reason} ${e.message}`);
  /** Ends a Pod's containers with an exit status. */
  const endPod = (name: string, exitCode = 0) => {
    const finishedAt = formatTime(h.kernel.wallMs);
    const containerStatuses = [
      {
        name: "c",
        image: "i",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode, finishedAt } },
      },
    ];
    const status = { phase: exitCode === 0 ? "Succeeded" : "Failed", containerStatuses };
    h.json("PATCH", `${CORE}/pods/${name}/status`, { status }, MERGE);
  };
  return { ...h, endPod, manager, lines, run, node, pods, runPods, events };
}
