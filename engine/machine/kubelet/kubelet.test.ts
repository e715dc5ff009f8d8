import { describe, expect, it } from "vitest";
import { CONFIG_MAPS, LEASES, NODES, PODS } from "../../api/resources.ts";
import { decode } from "../../kernel/index.ts";
import { entriesOf } from "../inode.ts";
import { ensureDir, putFile, removeEntry } from "../runtime/files.ts";
import { node } from "./testing.ts";
import type { Pod } from "./types.ts";

const SLEEP = { name: "main", image: "busybox:1.36", command: ["sleep", "3600"] };

describe("kubelet", () => {
  it("runs a Pod of the API: sandbox, address, image, container, status and events", () => {
    const n = node();
    n.advance(3);
    n.create("web", { containers: [{ name: "web", image: "nginx" }] });
    n.advance(30);
    const { status } = n.pod("web");
    expect(status?.phase).toBe("Running");
    expect(status?.podIP).toBe("10.200.1.2");
    expect(status?.conditions?.map((c) => `${c.type}=${c.status}`)).toEqual([
      "PodReadyToStartContainers=True",
      "Initialized=True",
      "Ready=True",
      "ContainersReady=True",
      "PodScheduled=True",
    ]);
    expect(n.eventLines("web")[0]).toBe('Normal Pulling Pulling image "nginx"');
    expect(n.eventLines("web")[1]).toMatch(
      /^Normal Pulled Successfully pulled image "nginx" in \d+\.\d+s \(\d+\.\d+s including waiting\)\. Image size: 72080558 bytes\.$/,
    );
    expect(n.eventLines("web").slice(2)).toEqual([
      "Normal Created Created container: web",
      "Normal Started Started container web",
    ]);
    const log = n.text("/containerLogs/default/web/web");
    expect(log).toContain("/docker-entrypoint.sh: Configuration complete; ready for start up\n");
    expect(log).toMatch(/\[notice\] 1#1: start worker process \d+\n$/);
    expect(n.faults()).toEqual([]);
  });

  it("stops a process 1 that ignores SIGTERM after its 30 s, then deletes the object", () => {
    const n = node();
    n.create("s", { containers: [SLEEP] });
    n.advance(20);
    expect(n.pod("s").status?.phase).toBe("Running");
    n.run(n.client.delete(PODS, "default", "s"));
    n.advance(29);
    expect(n.pod("s").metadata.deletionTimestamp).toBeDefined();
    n.advance(4);
    expect(() => n.pod("s")).toThrow('pods "s" not found');
    expect(n.eventLines("s").at(-1)).toBe("Normal Killing Stopping container main");
    n.advance(5);
    expect(n.runtime.sandboxes.size).toBe(0);
    expect([...n.machine.processes.values()].map((p) => p.comm)).toEqual(["init", "containerd", "kubelet"]);
    expect(n.faults()).toEqual([]);
  });

  it("stops nginx at once: it heeds SIGQUIT", () => {
    const n = node();
    n.create("web", { containers: [{ name: "web", image: "nginx" }] });
    n.advance(30);
    n.run(n.client.delete(PODS, "default", "web"));
    n.advance(3);
    expect(() => n.pod("web")).toThrow("not found");
  });

  it("restarts what fails with a back-off that doubles, and tells why", () => {
    const n = node();
    n.create("c", { containers: [{ name: "main", image: "busybox:1.36", command: ["sh", "-c", "echo hi; exit 3"] }] });
    n.advance(12);
    const [first] = n.pod("c").status!.containerStatuses!;
    expect(first!.restartCount).toBe(1);
    expect(first!.state.waiting).toEqual({
      reason: "CrashLoopBackOff",
      message: `back-off 10s restarting failed container=main pod=c_default(${n.pod("c").metadata.uid})`,
    });
    expect(first!.lastState.terminated).toMatchObject({ exitCode: 3, reason: "Error" });
    n.advance(290);
    const status = n.pod("c").status!.containerStatuses![0]!;
    expect(status.restartCount).toBe(5);
    expect(status.state.waiting?.message).toMatch(/^back-off 2m40s /);
    expect(n.eventLines("c")).toContain(
      `Warning BackOff Back-off restarting failed container main in pod c_default(${n.pod("c").metadata.uid})`,
    );
    expect(n.text("/containerLogs/default/c/main?previous=true")).toBe("hi\n");
    expect(n.faults()).toEqual([]);
  });

  it("shows ErrImagePull, then ImagePullBackOff, for an image that nobody knows", () => {
    const n = node();
    n.create("x", { containers: [{ name: "main", image: "nosuchimage:v1" }] });
    n.advance(3);
    const waiting = () => n.pod("x").status!.containerStatuses![0]!.state.waiting!;
    expect(waiting().reason).toBe("ErrImagePull");
    n.advance(20);
    expect(waiting().reason).toBe("ImagePullBackOff");
    const words =
      'failed to pull and unpack image "docker.io/library/nosuchimage:v1": failed to resolve reference "docker.io/library/nosuchimage:v1": ' +
      "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed";
    expect(waiting().message).toBe(`Back-off pulling image "nosuchimage:v1": ErrImagePull: ${words}`);
    expect(n.eventLines("x").slice(0, 5)).toEqual([
      'Normal Pulling Pulling image "nosuchimage:v1"',
      `Warning Failed Failed to pull image "nosuchimage:v1": ${words}`,
      "Warning Failed Error: ErrImagePull",
      'Normal BackOff Back-off pulling image "nosuchimage:v1"',
      "Warning Failed Error: ImagePullBackOff",
    ]);
    expect(n.text("/containerLogs/default/x/main")).toBe(
      'container "main" in pod "x" is waiting to start: trying and failing to pull image',
    );
  });

  it.each([
    [
      { image: "Nginx" },
      "InvalidImageName",
      /couldn't parse image name "Nginx": invalid reference format: repository name \(library\/Nginx\) must be lowercase/,
    ],
    [
      { image: "nginx", imagePullPolicy: "Never" },
      "ErrImageNeverPull",
      /^Container image "nginx" is not present with pull policy of Never$/,
    ],
    [
      { image: "busybox:1.36", command: ["nope"] },
      "RunContainerError",
      /exec: "nope": executable file not found in \$PATH: unknown$/,
    ],
    [
      { image: "busybox:1.36", env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "cm", key: "k" } } }] },
      "CreateContainerConfigError",
      /^configmap "cm" not found$/,
    ],
  ])("waits with the right reason: %j", (container, reason, message) => {
    const n = node();
    n.create("w", { containers: [{ name: "main", ...container }] });
    n.advance(6);
    const status = n.pod("w").status!.containerStatuses![0]!;
    const seen =
      reason === "RunContainerError"
        ? n.eventLines("w").find((line) => line.includes("Error: "))
        : status.state.waiting!.message;
    expect(seen).toMatch(message);
    if (reason === "RunContainerError") {
      expect(status.lastState.terminated).toMatchObject({
        exitCode: 128,
        reason: "StartError",
        startedAt: "1970-01-01T00:00:00Z",
      });
    } else expect(status.state.waiting!.reason).toBe(reason);
    expect(n.faults()).toEqual([]);
  });

  it("runs init containers one after the other before the others", () => {
    const n = node();
    const init = (name: string) => ({
      name,
      image: "busybox:1.36",
      command: ["sh", "-c", `echo ${name} >> /work/out`],
      volumeMounts: [{ name: "w", mountPath: "/work" }],
    });
    n.create("i", {
      initContainers: [init("one"), init("two")],
      containers: [{ ...SLEEP, volumeMounts: [{ name: "w", mountPath: "/work" }] }],
      volumes: [{ name: "w", emptyDir: {} }],
    });
    n.advance(1);
    expect(n.pod("i").status?.conditions?.find((c) => c.type === "Initialized")?.status).toBe("False");
    n.advance(20);
    expect(n.pod("i").status?.phase).toBe("Running");
    const [sandbox] = [...n.runtime.sandboxes.values()];
    const main = sandbox!.containers.find((c) => c.config.metadata.name === "main")!;
    const session = n.run(n.runtime.exec(main.id, ["cat", "/work/out"], { collect: true }));
    n.advance(1);
    expect(decode(session.stdout.take(100))).toBe("one\ntwo\n");
  });

  it("waits for a missing configMap before it makes the sandbox", () => {
    const n = node();
    n.create("v", {
      containers: [{ ...SLEEP, volumeMounts: [{ name: "cfg", mountPath: "/cfg" }] }],
      volumes: [{ name: "cfg", configMap: { name: "missing" } }],
    });
    n.advance(5);
    expect(n.runtime.sandboxes.size).toBe(0);
    expect(n.eventLines("v")[0]).toBe(
      'Warning FailedMount MountVolume.SetUp failed for volume "cfg" : configmap "missing" not found',
    );
    n.run(
      n.client.create(CONFIG_MAPS, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "missing", namespace: "default" },
        data: { a: "1" },
      }),
    );
    n.advance(20);
    expect(n.pod("v").status?.phase).toBe("Running");
    const [container] = [...n.runtime.containers.values()];
    const session = n.run(n.runtime.exec(container!.id, ["cat", "/cfg/a"], { collect: true }));
    n.advance(1);
    expect(decode(session.stdout.take(100))).toBe("1");
  });

  it("ends with Succeeded or Failed when nothing is restarted", () => {
    const n = node();
    for (const [name, code] of [
      ["ok", 0],
      ["bad", 7],
    ] as const) {
      n.create(name, {
        restartPolicy: "Never",
        containers: [{ name: "main", image: "busybox:1.36", command: ["sh", "-c", `exit ${code}`] }],
      });
    }
    n.advance(10);
    expect([n.pod("ok").status?.phase, n.pod("bad").status?.phase]).toEqual(["Succeeded", "Failed"]);
    expect(n.pod("ok").status?.conditions?.find((c) => c.type === "Ready")).toMatchObject({
      status: "False",
      reason: "PodCompleted",
    });
    expect(n.pod("bad").status?.containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 7,
      reason: "Error",
    });
    n.run(n.client.delete(PODS, "default", "ok"));
    n.advance(2);
    expect(() => n.pod("ok")).toThrow("not found");
  });

  it("restarts a container whose liveness probe fails and keeps it unready while the readiness probe does", () => {
    const n = node();
    n.create("p", {
      containers: [
        {
          name: "main",
          image: "busybox:1.36",
          command: ["sh", "-c", "touch /tmp/ok; sleep 20; rm /tmp/ok; sleep 600"],
          livenessProbe: { exec: { command: ["cat", "/tmp/ok"] }, periodSeconds: 5, failureThreshold: 2 },
          readinessProbe: { tcpSocket: { port: 81 }, periodSeconds: 5 },
        },
      ],
      terminationGracePeriodSeconds: 1,
    });
    n.advance(15);
    expect(n.pod("p").status?.containerStatuses?.[0]).toMatchObject({ ready: false, started: true });
    n.advance(40);
    expect(n.pod("p").status?.containerStatuses?.[0]?.restartCount).toBe(1);
    const lines = n.eventLines("p");
    expect(lines).toContain(
      "Warning Unhealthy Readiness probe failed: dial tcp 10.200.1.2:81: connect: connection refused",
    );
    expect(lines.some((line) => line.startsWith("Warning Unhealthy Liveness probe failed: cat: "))).toBe(true);
    expect(lines).toContain("Normal Killing Container main failed liveness probe, will be restarted");
    expect(n.faults()).toEqual([]);
  });

  it("carries out a probe of what says by itself that it is well only while that is news", () => {
    const n = node();
    let asked = 0;
    let well = true;
    n.machine.net.listen({
      protocol: "tcp",
      address: "127.0.0.1",
      port: 8090,
      program: "target",
      well: (path) => well && path === "/ready",
      *http() {
        asked++;
        return { status: well ? 200 : 500, headers: {}, body: { type: "bytes", bytes: new Uint8Array(0) } };
      },
    });
    const httpGet = { host: "127.0.0.1", port: 8090, path: "/ready" };
    n.create("p", {
      hostNetwork: true,
      containers: [
        {
          name: "main",
          image: "busybox:1.36",
          command: ["sleep", "3600"],
          readinessProbe: { httpGet, periodSeconds: 1, failureThreshold: 2 },
        },
      ],
    });
    const ready = () => n.pod("p").status?.containerStatuses?.[0]?.ready;
    n.advance(15);
    expect([ready(), asked]).toEqual([true, 1]);
    const before = n.kernel.eventIndex;
    n.advance(8);
    expect(n.kernel.eventIndex - before).toBeLessThan(12);
    well = false;
    n.advance(5);
    expect(ready()).toBe(false);
    expect(n.eventLines("p")).toContain(
      "Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 500",
    );
    well = true;
    asked = 0;
    n.advance(5);
    expect([ready(), asked]).toEqual([true, 1]);
    expect(n.faults()).toEqual([]);
  });

  it("runs static Pods from manifests and shows them as mirror Pods; removing the file ends both", () => {
    const n = node();
    const dir = ensureDir(n.machine, "/etc/kubernetes/manifests");
    const manifest = `apiVersion: v1\nkind: Pod\nmetadata:\n  name: etcd\n  namespace: kube-system\nspec:\n  hostNetwork: true\n  containers:\n  - name: etcd\n    image: busybox:1.36\n    command: [sleep, "3600"]\n`;
    putFile(n.machine, dir, "etcd.yaml", manifest);
    n.advance(10);
    const mirror = () => n.run(n.client.get<Pod>(PODS, "kube-system", "etcd-worker-1"));
    expect(mirror().status?.phase).toBe("Running");
    expect(mirror().status?.podIP).toBe("192.168.108.21");
    expect(mirror().metadata.annotations?.["kubernetes.io/config.source"]).toBe("file");
    expect(mirror().metadata.annotations?.["kubernetes.io/config.mirror"]).toBe(
      mirror().metadata.annotations?.["kubernetes.io/config.hash"],
    );
    const { uid } = mirror().metadata;
    n.run(n.client.delete(PODS, "kube-system", "etcd-worker-1", { gracePeriodSeconds: 0 }));
    n.advance(3);
    expect(mirror().metadata.uid).not.toBe(uid);
    removeEntry(n.machine, dir, "etcd.yaml");
    n.advance(40);
    expect(mirror).toThrow("not found");
    expect(n.runtime.sandboxes.size).toBe(0);
    expect(n.faults()).toEqual([]);
  });

  it("starts a changed static Pod once the old one has ended, and tells nobody of the old one's end", () => {
    const n = node();
    const dir = ensureDir(n.machine, "/etc/kubernetes/manifests");
    const manifest = (seconds: number): string =>
      `apiVersion: v1\nkind: Pod\nmetadata:\n  name: etcd\nspec:\n  hostNetwork: true\n  containers:\n  - name: etcd\n    image: busybox:1.36\n    command: [sleep, "${seconds}"]\n`;
    putFile(n.machine, dir, "etcd.yaml", manifest(3600));
    n.advance(10);
    const mirror = () => n.run(n.client.get<Pod>(PODS, "default", "etcd-worker-1"));
    const old = mirror();
    expect(old.status?.phase).toBe("Running");
    putFile(n.machine, dir, "etcd.yaml", manifest(3601));
    n.advance(8);
    expect(mirror()).toEqual(old);
    // It ends after its 30 s, and the new one asks every 10 s to 15 s.
    n.advance(45);
    expect(mirror().metadata.uid).not.toBe(old.metadata.uid);
    expect(mirror().spec.containers[0]!.command).toEqual(["sleep", "3601"]);
    expect(mirror().status?.phase).toBe("Running");
    expect(n.runtime.sandboxes.size).toBe(1);
    expect(n.faults()).toEqual([]);
  });

  it("keeps containers running while kubelet or containerd are away", () => {
    const n = node();
    n.create("s", { containers: [SLEEP] });
    n.advance(15);
    const [container] = [...n.runtime.containers.values()];
    n.machine.signal(n.process, "KILL");
    n.advance(60);
    expect(container!.state).toBe("running");
    expect(n.runtime.listeners.size).toBe(0);
  });

  it("renews its Lease every ten seconds and reports the node", () => {
    const n = node();
    n.advance(30);
    const lease = n.run(n.client.get(LEASES, "kube-node-lease", "worker-1"));
    expect(lease["spec"]).toMatchObject({ holderIdentity: "worker-1", leaseDurationSeconds: 40 });
    const found = n.run(n.client.get(NODES, undefined, "worker-1"));
    expect(found["status"].conditions.at(-1)).toMatchObject({ type: "Ready", status: "True", reason: "KubeletReady" });
    expect(n.events().map((e) => e["reason"])).toContain("NodeReady");
  });

  it("follows a log to the container's end, and gives tails", () => {
    const n = node();
    n.create("l", {
      restartPolicy: "Never",
      containers: [
        {
          name: "main",
          image: "busybox:1.36",
          command: ["sh", "-c", "for i in 1 2 3 4; do echo line $i; sleep 5; done"],
        },
      ],
    });
    n.advance(8);
    const { body } = n.ask("/containerLogs/default/l/main?follow=true");
    if (body.type !== "stream") throw new Error(body.type);
    n.advance(30);
    expect(decode(body.pipe.take(1000))).toBe("line 1\nline 2\nline 3\nline 4\n");
    expect(body.pipe.writers).toBe(0);
    expect(n.text("/containerLogs/default/l/main?tailLines=2")).toBe("line 3\nline 4\n");
    expect(n.text("/containerLogs/default/l/main?tailLines=1&timestamps=true")).toMatch(/^2025-03-01T\S+Z line 4\n$/);
  });

  it("executes commands and says how they ended", () => {
    const n = node();
    n.create("e", { containers: [SLEEP] });
    n.advance(15);
    const response = n.ask(
      "/exec/default/e/main?command=sh&command=-c&command=echo%20out%3B%20echo%20err%20%3E%262%3B%20exit%204&output=1&error=1",
    );
    if (response.body.type !== "channels") throw new Error(response.body.type);
    n.advance(1);
    const { channels } = response.body;
    expect(decode(channels.stdout!.take(100))).toBe("out\n");
    expect(decode(channels.stderr!.take(100))).toBe("err\n");
    expect(channels.result).toMatchObject({
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "4" }] },
    });
  });

  it("refuses a Pod that does not fit the node", () => {
    const n = node();
    n.advance(2);
    n.create("big", { containers: [{ ...SLEEP, resources: { requests: { cpu: "3" } } }] });
    n.advance(3);
    expect(n.pod("big").status).toMatchObject({
      phase: "Failed",
      reason: "OutOfcpu",
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000",
    });
  });

  it("runs postStart and preStop hooks; a failing postStart ends the container", () => {
    const n = node();
    const say = (text: string) => ({ exec: { command: ["sh", "-c", `echo ${text} >> /log/out`] } });
    n.create("h", {
      containers: [
        {
          name: "main",
          image: "nginx",
          lifecycle: { postStart: say("started"), preStop: say("stopping") },
          volumeMounts: [{ name: "log", mountPath: "/log" }],
        },
        { ...SLEEP, name: "bad", lifecycle: { postStart: { exec: { command: ["sh", "-c", "exit 1"] } } } },
      ],
      volumes: [{ name: "log", hostPath: { path: "/var/hooks", type: "DirectoryOrCreate" } }],
      terminationGracePeriodSeconds: 2,
    });
    n.advance(30);
    expect(n.eventLines("h")).toContain("Warning FailedPostStartHook PostStartHook failed");
    n.run(n.client.delete(PODS, "default", "h"));
    n.advance(20);
    const file = entriesOf(ensureDir(n.machine, "/var/hooks")).get("out");
    expect(file?.kind === "file" && decode(file.content.bytes())).toBe("started\nstopping\n");
    expect(n.faults()).toEqual([]);
  });

  it("starts a sidecar before the others, counts it, and ends it after them", () => {
    const n = node();
    n.create("side", {
      initContainers: [{ ...SLEEP, name: "side", restartPolicy: "Always" }],
      containers: [{ name: "main", image: "nginx" }],
      terminationGracePeriodSeconds: 2,
    });
    n.advance(30);
    expect(n.pod("side").status?.initContainerStatuses?.[0]).toMatchObject({ ready: true, started: true });
    expect(n.pod("side").status?.phase).toBe("Running");
    n.run(n.client.delete(PODS, "default", "side"));
    n.advance(10);
    expect(() => n.pod("side")).toThrow("not found");
    expect(n.eventLines("side").slice(-2)).toEqual([
      "Normal Killing Stopping container main",
      "Normal Killing Stopping container side",
    ]);
  });

  it("gives a token, the CA and the namespace to a Pod, and Service variables", () => {
    const n = node();
    n.run(
      n.client.create(CONFIG_MAPS, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "kube-root-ca.crt", namespace: "default" },
        data: { "ca.crt": "CA" },
      }),
    );
    n.create("t", {
      automountServiceAccountToken: true,
      containers: [
        {
          ...SLEEP,
          env: [
            { name: "WHO", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "BOTH", value: "$(WHO)-$$(WHO)-$(NONE)" },
            { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          ],
        },
      ],
    });
    n.advance(20);
    const [container] = [...n.runtime.containers.values()];
    expect([...container!.env].filter(([name]) => ["WHO", "BOTH", "IP"].includes(name))).toEqual([
      ["WHO", "t"],
      ["BOTH", "t-$(WHO)-$(NONE)"],
      ["IP", "10.200.1.2"],
    ]);
    const dir = "/var/run/secrets/kubernetes.io/serviceaccount";
    const session = n.run(
      n.runtime.exec(container!.id, ["sh", "-c", `cd ${dir}; cat ca.crt namespace; wc -l < token`], { collect: true }),
    );
    n.advance(1);
    expect(decode(session.stdout.take(100))).toBe("CAdefault0\n");
  });
});
