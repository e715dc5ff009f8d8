import { beforeEach, describe, expect, it } from "vitest";
import type { HostClock } from "../runner.ts";
import { type HostMessage, type SessionMessage, SessionService } from "../service.ts";
import type { MapItem, MapPod, MapService } from "./items.ts";
import type { MapUpdate } from "./map.ts";

const SECOND = 1_000_000;

describe("the map", () => {
  let updates: MapUpdate[];
  let timers: (() => void)[];
  let service: SessionService;
  /** As a page keeps it. */
  let seen: Map<string, MapItem>;
  let scripts = 0;

  const clock: HostClock = {
    now: () => 0,
    after: (_ms, callback) => {
      timers.push(callback);
      return () => {};
    },
  };
  const post = (message: SessionMessage) => {
    if (message.type === "error") throw new Error(message.message);
    if (message.type === "map") updates.push(message.update);
  };
  const send = (message: HostMessage) => service.receive(message);
  const passTime = () => {
    for (const timer of timers.splice(0)) timer();
    for (const { full, items, gone } of updates.splice(0)) {
      if (full) seen.clear();
      for (const key of gone) seen.delete(key);
      for (const item of items) seen.set(item.key, item);
    }
  };
  const run = (text: string, seconds = 60) => {
    const id = `s${++scripts}`;
    const place = { id, machine: "workstation", user: "learner", name: "s.sh" };
    send({ type: "input", input: { type: "script", ...place, text } });
    send({ type: "run", us: seconds * SECOND });
  };
  const of = <K extends MapItem["kind"]>(kind: K) =>
    [...seen.values()].filter((item) => item.kind === kind) as Extract<MapItem, { kind: K }>[];

  beforeEach(() => {
    updates = [];
    timers = [];
    seen = new Map();
    service = new SessionService(post, clock);
    const topology = { controlPlanes: 1, workers: 2, loadBalancers: 0 };
    const spec = { lab: "test", seed: 1, epochMs: Date.UTC(2026, 2, 2, 9), topology };
    send({ type: "start", spec, paused: true });
  });

  it("tells nothing, and hears nothing, as long as nobody looks", () => {
    run("kubectl run a --image=nginx");
    expect(updates).toEqual([]);
    const { listeners } = service.session!.cluster.chronicle;
    expect(listeners.size).toBe(0);
    send({ type: "look", map: true });
    expect(listeners.size).toBe(1);
    send({ type: "look", map: false });
    expect(listeners.size).toBe(0);
  });

  it("shows machines, Pods by owner, and Services with their endpoints", () => {
    send({ type: "look", map: true });
    passTime();
    expect(of("machine").map(({ name, state }) => [name, state])).toEqual([
      ["cp-1", "ready"],
      ["worker-1", "ready"],
      ["worker-2", "ready"],
      ["workstation", "none"],
    ]);
    expect(seen.get("pod/kube-system/etcd-cp-1")).toMatchObject({ owner: { kind: "Node", name: "cp-1" } });
    run("kubectl create deployment web --image=nginx --replicas=2; kubectl expose deployment web --port=80");
    passTime();
    const pods = of("pod").filter(({ namespace }) => namespace === "default");
    expect(pods).toHaveLength(2);
    for (const pod of pods)
      expect(pod).toMatchObject({ owner: { kind: "Deployment", name: "web" }, state: "running", ready: "1/1" });
    const web = seen.get("service/default/web") as MapService;
    expect(web).toMatchObject({ type: "ClusterIP", ports: [{ port: 80, target: "80", protocol: "TCP" }], more: 0 });
    expect(web.endpoints.map(({ pod, state }) => [pod, state]).sort()).toEqual(
      pods.map(({ key }) => [key, "ready"]).sort(),
    );
  });

  it("tells only what looks different, gathered", () => {
    send({ type: "look", map: true });
    passTime();
    run("kubectl run a --image=nginx; kubectl wait --for=condition=Ready pod/a");
    // Many writes were one change of the picture.
    expect(updates).toEqual([]);
    expect(timers).toHaveLength(1);
    for (const timer of timers.splice(0)) timer();
    expect(updates).toMatchObject([{ full: false, items: [{ key: "pod/default/a", state: "running" }], gone: [] }]);
    passTime();
    run("", 600);
    for (const timer of timers.splice(0)) timer();
    expect(updates).toEqual([]);
    // The first process of a namespace does not heed SIGTERM unless it asks for it.
    run("kubectl run b --image=busybox -- sleep 10000");
    run("kubectl cordon worker-1; kubectl delete pod b --wait=false", 5);
    passTime();
    expect(seen.get("machine/worker-1")).toMatchObject({ cordoned: true });
    expect(seen.get("pod/default/b")).toMatchObject({ state: "terminating", status: "Terminating" });
    run("", 60);
    passTime();
    expect(seen.has("pod/default/b")).toBe(false);
  });

  it.each([
    ['kubectl run p --image=nginx --overrides=\'{"spec":{"nodeSelector":{"a":"b"}}}\'', "pending", "Pending", ""],
    ["kubectl run p --image=no.such.host/x", "failing", "ImagePullBackOff", "worker"],
    ["kubectl run p --image=busybox --restart=Never -- true", "done", "Completed", "worker"],
    ["kubectl run p --image=busybox --restart=Never -- false", "failing", "Error", "worker"],
    ["kubectl run p --image=busybox -- false", "failing", "CrashLoopBackOff", "worker"],
  ])("says how a Pod fares: %s", (script, state, status, node) => {
    send({ type: "look", map: true });
    run(script, 45);
    passTime();
    const found = () => seen.get("pod/default/p") as MapPod;
    // A Pod that crashes again and again is in turns of one state and another.
    for (let i = 0; i < 6 && found().status !== status; i++) {
      send({ type: "run", us: 5 * SECOND });
      passTime();
    }
    const pod = found();
    expect(pod).toMatchObject({ state, status });
    expect(pod.node.startsWith(node) && (node !== "" || pod.node === "")).toBe(true);
  });

  it("leaves the session as it is", () => {
    scripts = 0;
    const script = "kubectl create deployment web --image=nginx; kubectl expose deployment web --port=80";
    run(script);
    const digest = service.session!.digest();
    service = new SessionService(post, clock);
    const topology = { controlPlanes: 1, workers: 2, loadBalancers: 0 };
    send({ type: "start", spec: { lab: "test", seed: 1, epochMs: Date.UTC(2026, 2, 2, 9), topology }, paused: true });
    send({ type: "look", map: true });
    scripts = 0;
    const before = service.session!.inputs.length;
    run(script);
    passTime();
    expect(service.session!.inputs.length).toBe(before + 1);
    expect(service.session!.digest()).toBe(digest);
  });
});
