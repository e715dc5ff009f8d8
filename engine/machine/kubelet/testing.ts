import { ApiClient } from "../../api/client.ts";
import type { HttpResponse } from "../../api/http.ts";
import { PODS, SERVICE_ACCOUNTS } from "../../api/resources.ts";
import type { KubeObject } from "../../api/types.ts";
import { harness } from "../../apiserver/harness.ts";
import { imagePrograms } from "../../images/programs.ts";
import { decode, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { Network } from "../../network/index.ts";
import { bash } from "../../shell/index.ts";
import { textPrograms } from "../../tools/text/index.ts";
import { Machine } from "../machine.ts";
import { ROOT } from "../path.ts";
import type { Program } from "../process.ts";
import { ensureDir, putFile } from "../runtime/files.ts";
import { containerd, runtimeOf, SANDBOX_IMAGE } from "../runtime/index.ts";
import { LogSink } from "../runtime/log-file.ts";
import { inForce } from "./configuration.ts";
import { Kubelet } from "./kubelet.ts";
import type { KubeletOptions } from "./options.ts";
import { handle, listen } from "./server.ts";
import type { Pod } from "./types.ts";

/** For tests: a node with runtime and kubelet against a real API server, without networks between them. */
export function node(programs: Record<string, Program> = {}, extra: Partial<KubeletOptions> = {}) {
  const api = harness();
  const { kernel } = api;
  const network = new Network(kernel);
  const all: Record<string, Program> = {
    ...textPrograms,
    ...imagePrograms,
    *sleep(p) {
      yield* sleep(Number(p.argv[1]) * SECOND);
      return 0;
    },
    sh: bash,
    bash,
    ...programs,
  };
  const machine = new Machine({ kernel, network, hostname: "worker-1", programs: new Map(Object.entries(all)) });
  machine.net.addInterface({
    name: "eth0",
    mac: "52:54:00:00:00:21",
    addresses: ["192.168.108.21/24"],
    up: true,
    mtu: 1500,
  });
  ensureDir(machine, "/etc/cni/net.d");
  putFile(
    machine,
    ensureDir(machine, "/etc/cni/net.d"),
    "10-test.conflist",
    JSON.stringify({ name: "cbr0", plugins: [{ type: "bridge", ipam: { subnet: "10.200.1.0/24" } }] }),
  );
  putFile(machine, ensureDir(machine, "/etc"), "resolv.conf", "nameserver 192.168.108.1\n");
  const runtime = runtimeOf(machine);
  runtime.images.preload([SANDBOX_IMAGE]);
  api.server.certificates.userOf = () => ({ name: "kubernetes-admin", groups: ["system:masters"] });
  const client = new ApiClient({
    send: (request) => api.server.handle({ ...request, clientCertificate: "test" }),
    userAgent: "kubelet",
  });
  const journal: string[] = [];
  const sink = () => {
    const out = new LogSink(undefined, "stderr");
    const put = out.put.bind(out);
    out.put = (bytes) => {
      journal.push(decode(bytes));
      put(bytes);
    };
    return out;
  };
  const spawn = (main: Program, name: string) =>
    machine.spawn({
      parent: undefined,
      main,
      argv: [name],
      env: new Map(),
      cwd: "/",
      cred: ROOT,
      ns: machine.ns,
      fds: new Map([[2, sink()]]),
    });
  spawn(function* (p) {
    p.dispositions.set("CHLD", "ignore");
    for (;;) yield* sleep(1e9 * SECOND);
  }, "init");
  spawn(containerd, "containerd");
  let kubelet!: Kubelet;
  const options: KubeletOptions = {
    kubeconfig: "",
    bootstrapKubeconfig: undefined,
    config: "",
    hostnameOverride: undefined,
    nodeIp: undefined,
    nodeLabels: {},
    taints: [],
    staticPodPath: "/etc/kubernetes/manifests",
    clusterDns: ["10.201.0.10"],
    clusterDomain: "cluster.local",
    maxPods: 110,
    serializeImagePulls: true,
    unsafeSysctls: [],
    port: 10_250,
    resolvConf: "/etc/resolv.conf",
    verbosity: 2,
    rates: { objects: { qps: 50, burst: 100 }, events: { qps: 50, burst: 100 } },
    runtimeEndpoint: "unix:///run/containerd/containerd.sock",
    configuration: inForce({}),
    ...extra,
  };
  const process = spawn(function* (p) {
    kubelet = new Kubelet(p, options, client);
    const close = listen(kubelet, p);
    kubelet.start();
    try {
      for (;;) yield* sleep(1e9 * SECOND);
    } finally {
      close();
      kubelet.stop();
    }
  }, "kubelet");
  const run = <T>(body: Gen<T>): T => {
    const task = kernel.spawn("test", body);
    kernel.runUntil(() => task.state === "done", kernel.now + 600 * SECOND);
    if (task.error !== undefined) throw task.error;
    return task.value as T;
  };
  for (const namespace of ["default", "kube-system", "kube-node-lease"]) {
    try {
      run(
        client.create(
          { group: "", version: "v1", resource: "namespaces", kind: "Namespace", namespaced: false },
          { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        ),
      );
    } catch {
      // It came with the server.
    }
    run(
      client.create(SERVICE_ACCOUNTS, {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "default", namespace },
      }),
    );
  }
  const pod = (name: string): Pod => run(client.get<Pod>(PODS, "default", name));
  const create = (name: string, spec: object, metadata: object = {}): Pod =>
    run(
      client.create<Pod>(PODS, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "default", ...metadata },
        spec: { nodeName: "worker-1", automountServiceAccountToken: false, ...spec },
      }),
    );
  const advance = (seconds: number): void => void kernel.run(kernel.now + seconds * SECOND);
  const events = (name?: string): KubeObject[] => {
    const list = run(client.list({ group: "", version: "v1", resource: "events", kind: "Event", namespaced: true }));
    return list.items.filter((event) => name === undefined || event["involvedObject"].name === name);
  };
  const eventLines = (name: string): string[] =>
    events(name).map((event) => `${event["type"]} ${event["reason"]} ${event["message"]}`);
  /** A request to port 10250, as the API server sends it. */
  const ask = (path: string): HttpResponse =>
    run(handle(kubelet, { method: "GET", path, headers: {}, remoteAddress: "192.168.108.11" }));
  const text = (path: string): string => {
    const { body } = ask(path);
    return body.type === "bytes" ? decode(body.bytes) : body.type;
  };
  /** Bugs, without the answers that a test expects. */
  const faults = () => kernel.faults.filter((fault) => fault.task !== "test");
  return {
    ask,
    text,
    faults,
    api,
    kernel,
    machine,
    runtime,
    client,
    kubelet: () => kubelet,
    process,
    journal,
    run,
    pod,
    create,
    advance,
    events,
    eventLines,
  };
}
