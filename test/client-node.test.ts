import { PassThrough } from "node:stream";
import {
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type V1Pod,
  type V1Status,
  Watch,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServing, serveApi } from "../cli/api.ts";

/** The JavaScript client against a session that `kubetude api` serves, over real sockets and at twenty times real time. */
describe("@kubernetes/client-node", () => {
  let serving: ApiServing;
  const config = new KubeConfig();
  let core: CoreV1Api;
  let apps: AppsV1Api;
  const namespace = "default";

  beforeAll(async () => {
    serving = await serveApi({ lab: "playground", seed: 5, port: 0, host: "127.0.0.1", speed: 20, paused: false });
    config.loadFromString(serving.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
    apps = config.makeApiClient(AppsV1Api);
    await core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: "web", labels: { app: "web" } },
        spec: { containers: [{ name: "c", image: "nginx" }] },
      },
    });
    await until(async () => isReady(await core.readNamespacedPod({ namespace, name: "web" })));
  }, 120_000);

  afterAll(() => serving?.close());

  const isReady = (pod: V1Pod): boolean =>
    (pod.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");

  async function until(done: () => boolean | Promise<boolean>): Promise<void> {
    for (let i = 0; i < 400; i++) {
      if (await done()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error("it did not come to that");
  }

  it("lists, by selector and in pages", async () => {
    const { items } = await core.listNamespacedPod({ namespace, labelSelector: "app=web" });
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(["web"]);
    const first = await core.listPodForAllNamespaces({ limit: 5 });
    expect(first.items).toHaveLength(5);
    const rest = await core.listPodForAllNamespaces({ _continue: first.metadata!._continue! });
    const all = await core.listPodForAllNamespaces();
    expect(first.items.length + rest.items.length).toBe(all.items.length);
  });

  it("patches in each of the forms", async () => {
    const strategies = [
      [PatchStrategy.MergePatch, { metadata: { labels: { a: "1" } } }],
      [PatchStrategy.StrategicMergePatch, { metadata: { labels: { b: "2" } } }],
      [PatchStrategy.JsonPatch, [{ op: "add", path: "/metadata/labels/c", value: "3" }]],
    ] as const;
    for (const [strategy, body] of strategies) {
      await core.patchNamespacedPod({ namespace, name: "web", body }, setHeaderOptions("Content-Type", strategy));
    }
    const pod = await core.readNamespacedPod({ namespace, name: "web" });
    expect(pod.metadata?.labels).toMatchObject({ a: "1", b: "2", c: "3" });
    const applied = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ssa" }, data: { k: "v" } };
    const made = await core.patchNamespacedConfigMap(
      { namespace, name: "ssa", body: applied, fieldManager: "me" },
      setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply),
    );
    expect(made.metadata?.managedFields?.[0]?.manager).toBe("me");
  });

  it("reports failures with the server's Status", async () => {
    await expect(core.readNamespacedPod({ namespace, name: "nobody" })).rejects.toMatchObject({
      code: 404,
      body: expect.stringContaining('pods \\"nobody\\" not found'),
    });
  });

  it("keeps an informer in step", async () => {
    const seen: string[] = [];
    const list = () => core.listNamespacedPod({ namespace, labelSelector: "app=inf" });
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const informer = makeInformer<V1Pod>(config, path, list, "app=inf");
    for (const event of ["add", "delete"] as const) {
      informer.on(event, (pod) => void seen.push(`${event} ${pod.metadata?.name}`));
    }
    informer.on("error", (error) => seen.push(`error ${error}`));
    await informer.start();
    const template = {
      metadata: { labels: { app: "inf" } },
      spec: { containers: [{ name: "c", image: "nginx" }], terminationGracePeriodSeconds: 0 },
    };
    const spec = { replicas: 2, selector: { matchLabels: { app: "inf" } }, template };
    await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: "inf" }, spec } });
    await until(() => seen.filter((line) => line.startsWith("add")).length === 2);
    await apps.deleteNamespacedDeployment({ namespace, name: "inf" });
    await until(() => seen.filter((line) => line.startsWith("delete")).length === 2);
    expect(seen.filter((line) => line.startsWith("error"))).toEqual([]);
    await informer.stop();
  });

  it("watches", async () => {
    const seen: string[] = [];
    const watch = new Watch(config);
    const options = { fieldSelector: "metadata.name=settings" };
    const request = await watch.watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      options,
      (type, object) => void seen.push(`${type} ${object.data?.a}`),
      () => {},
    );
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "settings" }, data: { a: "1" } } });
    await until(() => seen.length === 1);
    await core.deleteNamespacedConfigMap({ namespace, name: "settings" });
    await until(() => seen.length === 2);
    expect(seen).toEqual(["ADDED 1", "DELETED 1"]);
    request.abort();
  });

  it("runs a command, with its input, outputs and status", async () => {
    const [out, err, input] = [new PassThrough(), new PassThrough(), new PassThrough()];
    let text = "";
    let errors = "";
    out.on("data", (chunk) => (text += chunk));
    err.on("data", (chunk) => (errors += chunk));
    const command = ["sh", "-c", "read x; echo got $x; echo bad >&2; exit 4"];
    const status = await new Promise<V1Status>((resolve) => {
      void new Exec(config).exec(namespace, "web", "c", command, out, err, input, false, resolve);
      input.write("word\n");
    });
    await until(() => text !== "" && errors !== "");
    expect([text, errors]).toEqual(["got word\n", "bad\n"]);
    expect(status).toMatchObject({
      status: "Failure",
      reason: "NonZeroExitCode",
      details: { causes: [{ message: "4" }] },
    });
  });

  it("follows logs", async () => {
    const out = new PassThrough();
    let text = "";
    out.on("data", (chunk) => (text += chunk));
    const request = await new Log(config).log(namespace, "web", "c", out, { follow: true, tailLines: 3 });
    await until(() => text.split("\n").length >= 3);
    expect(text).toContain("start worker process");
    request.abort();
  });

  it("forwards a port", async () => {
    const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
    let text = "";
    output.on("data", (chunk) => (text += chunk));
    await new PortForward(config).portForward(namespace, "web", [80], output, errors, input);
    input.write("GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n");
    await until(() => text.includes("</html>"));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it("had no fault of the engine", () => {
    expect(serving.runner.session.kernel.faults).toEqual([]);
  });
});
