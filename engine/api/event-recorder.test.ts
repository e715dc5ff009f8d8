import { expect, it } from "vitest";
import { ADMIN, harness } from "../apiserver/harness.ts";
import { MINUTE, SECOND } from "../kernel/index.ts";
import { ApiClient } from "./client.ts";
import { EventRecorder } from "./event-recorder.ts";
import { EventSeriesRecorder } from "./event-series-recorder.ts";
import { klog } from "./klog.ts";
import { LeaderElection } from "./leader-election.ts";

function start() {
  const h = harness();
  for (const name of ["default", "kube-system"]) h.json("POST", "/api/v1/namespaces", { metadata: { name } });
  h.server.certificates.userOf = () => ADMIN;
  const client = new ApiClient({ send: (r) => h.server.handle(r), userAgent: "test", clientCertificate: "test" });
  const run = (us: number) => h.kernel.run(h.kernel.now + us);
  const events = () => h.json("GET", "/api/v1/namespaces/default/events").items;
  return { ...h, client, run, events };
}

const POD = { kind: "Pod", apiVersion: "v1", namespace: "default", name: "web", uid: "u1", resourceVersion: "7" };

it("counts equal events, combines similar ones, stops spam", () => {
  const s = start();
  const recorder = new EventRecorder({ ...s, component: "kubelet", host: "worker-1" });
  for (let i = 0; i < 3; i++) {
    recorder.event(POD, "Warning", "BackOff", "Back-off restarting", "spec.containers{web}");
    s.run(10 * SECOND);
  }
  const [event] = s.events();
  expect(s.events()).toHaveLength(1);
  expect(event).toMatchObject({
    count: 3,
    firstTimestamp: "2025-03-01T09:00:00Z",
    lastTimestamp: "2025-03-01T09:00:20Z",
    source: { component: "kubelet", host: "worker-1" },
    reportingComponent: "kubelet",
    reportingInstance: "worker-1",
    involvedObject: { ...POD, fieldPath: "spec.containers{web}" },
  });
  expect(event.metadata.name).toMatch(/^web\.[0-9a-f]{16}$/);
  for (let i = 0; i < 12; i++) recorder.event(POD, "Normal", "Pulled", `image ${i}`);
  s.run(SECOND);
  const pulled = s.events().filter((e: { reason: string }) => e.reason === "Pulled");
  expect(pulled).toHaveLength(10);
  expect(pulled.at(-1)).toMatchObject({
    message: "(combined from similar events): image 11",
    count: 3,
    source: { component: "kubelet", host: "worker-1" },
    reportingComponent: "",
    reportingInstance: "",
  });
  for (let i = 0; i < 30; i++) recorder.event(POD, "Normal", `Reason${i}`, "text");
  s.run(SECOND);
  // 15 of the 25 that may come at once were used up.
  expect(s.events().filter((e: { reason: string }) => e.reason.startsWith("Reason"))).toHaveLength(10);
  expect(s.kernel.faults).toEqual([]);
});

it("turns a repeated event of the newer kind into a series, written again when it ends", () => {
  const s = start();
  const recorder = new EventSeriesRecorder({ ...s, controller: "default-scheduler", host: "cp-1" });
  for (let i = 0; i < 4; i++) {
    recorder.event(POD, "Warning", "FailedScheduling", "Scheduling", "0/1 nodes are available: 1 Too many pods.");
    s.run(SECOND);
  }
  expect(s.events()).toMatchObject([{ series: { count: 2 }, reportingInstance: "default-scheduler-cp-1" }]);
  s.run(20 * MINUTE);
  expect(s.events()).toMatchObject([{ series: { count: 4 } }]);
});

it("hands the lease to another when its holder falls silent", () => {
  const s = start();
  const log: string[] = [];
  const make = (identity: string) =>
    new LeaderElection({
      ...s,
      name: "kube-scheduler",
      identity,
      component: "default-scheduler",
      log: (line) => log.push(line),
      onStartedLeading: () => log.push(`${identity} leads`),
      onStoppedLeading: () => log.push(`${identity} lost`),
    });
  const [one, two] = [make("cp-1"), make("cp-2")];
  one.start();
  s.run(SECOND);
  two.start();
  s.run(MINUTE);
  expect([one.leading, two.leading]).toEqual([true, false]);
  one.stop();
  s.run(20 * SECOND);
  expect(two.leading).toBe(true);
  const lease = s.json("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler");
  expect(lease.spec).toMatchObject({ leaseTransitions: 1, leaseDurationSeconds: 15 });
  expect(lease.spec.holderIdentity).toMatch(/^cp-2_[0-9a-f-]{36}$/);
  expect(log.filter((line) => line.endsWith("leads"))).toEqual(["cp-1 leads", "cp-2 leads"]);
  const said = s.json("GET", "/api/v1/namespaces/kube-system/events").items.map((e: { message: string }) => e.message);
  expect(said).toContain(`${two.holderIdentity} became leader`);
});

it("writes klog lines", () => {
  const s = start();
  s.kernel.run(1_234_567);
  expect(
    klog(s.kernel, 1, "I", "schedule_one.go:314", "Successfully bound pod to node", { pod: "default/web", n: 2 }),
  ).toBe('I0301 09:00:01.234567       1 schedule_one.go:314] "Successfully bound pod to node" pod="default/web" n=2');
});
