import { describe, expect, it } from "vitest";
import { SECOND } from "../kernel/index.ts";
import { bootedHarness, PODS, podOf } from "./testing.ts";

function bound() {
  const h = bootedHarness();
  h.json("POST", PODS, podOf("web"));
  h.json("POST", `${PODS}/web/binding`, { metadata: { name: "web" }, target: { kind: "Node", name: "n1" } });
  return h;
}

describe("the life of a Pod in the API", () => {
  it("is given its ServiceAccount's token, tolerations and priority", () => {
    const h = bootedHarness();
    const { spec, status } = h.json("POST", PODS, podOf("web"));
    const [{ name }] = spec.volumes;
    expect(name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(spec.containers[0].volumeMounts).toEqual([
      { name, readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
    ]);
    expect(spec).toMatchObject({ serviceAccountName: "default", serviceAccount: "default", priority: 0 });
    expect(spec.tolerations).toHaveLength(2);
    expect(status).toEqual({ phase: "Pending", qosClass: "BestEffort" });
  });

  it("is bound once", () => {
    const h = bound();
    expect(h.json("GET", `${PODS}/web`)).toMatchObject({
      spec: { nodeName: "n1" },
      status: { conditions: [{ type: "PodScheduled", status: "True" }] },
    });
    const again = h.json("POST", `${PODS}/web/binding`, {
      metadata: { name: "web" },
      target: { kind: "Node", name: "n2" },
    });
    expect(again.message).toBe(
      'Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "n1"',
    );
  });

  it("goes at once while no node has it", () => {
    const h = bootedHarness();
    h.json("POST", PODS, podOf("web"));
    expect(h.json("DELETE", `${PODS}/web`)).toMatchObject({ kind: "Pod" });
    expect(h.json("GET", `${PODS}/web`).code).toBe(404);
  });

  it("waits out its grace period, which a second delete can only shorten", () => {
    const h = bound();
    const first = h.json("DELETE", `${PODS}/web`);
    expect(first.metadata).toMatchObject({
      deletionTimestamp: "2025-03-01T09:00:30Z",
      deletionGracePeriodSeconds: 30,
    });
    h.kernel.run(h.kernel.now + 5 * SECOND);
    expect(h.json("DELETE", `${PODS}/web`, { gracePeriodSeconds: 60 }).metadata.deletionGracePeriodSeconds).toBe(30);
    expect(h.json("DELETE", `${PODS}/web`, { gracePeriodSeconds: 2 }).metadata.deletionTimestamp).toBe(
      "2025-03-01T09:00:07Z",
    );
    h.json("DELETE", `${PODS}/web`, { gracePeriodSeconds: 0 });
    expect(h.json("GET", `${PODS}/web`).code).toBe(404);
  });

  it("stays while a finalizer holds it, and goes with the last one", () => {
    const h = bootedHarness();
    const path = "/api/v1/namespaces/default/configmaps";
    h.json("POST", path, { metadata: { name: "a", finalizers: ["example.com/x"] } });
    expect(h.json("DELETE", `${path}/a`).metadata).toMatchObject({ deletionGracePeriodSeconds: 0 });
    const merge = { headers: { "content-type": "application/merge-patch+json" } };
    h.json("PATCH", `${path}/a`, { metadata: { finalizers: null } }, merge);
    expect(h.json("GET", `${path}/a`).code).toBe(404);
  });

  it("changes nothing in a dry run", () => {
    const h = bootedHarness();
    const before = h.store.revision;
    expect(h.json("POST", `${PODS}?dryRun=All`, podOf("web"))).toMatchObject({ kind: "Pod" });
    expect(h.json("GET", `${PODS}/web`).code).toBe(404);
    expect(h.store.revision).toBe(before);
  });

  it("keeps the parts of an object that an update does not touch, and its version when nothing changes", () => {
    const h = bound();
    const strategic = { headers: { "content-type": "application/strategic-merge-patch+json" } };
    const before = h.json("GET", `${PODS}/web`);
    const after = h.json("PATCH", `${PODS}/web/status`, { status: { phase: "Running" } }, strategic);
    expect(after.spec).toBe(before.spec);
    expect(h.json("PATCH", `${PODS}/web/status`, { status: { phase: "Running" } }, strategic)).toBe(after);
    expect(after.status.conditions).toBe(before.status.conditions);
  });

  it("is warned of what is valid and still not wise", () => {
    const h = bootedHarness();
    const env = [
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ];
    const nodeSelector = { "beta.kubernetes.io/os": "linux" };
    const spec = { nodeSelector, containers: [{ name: "c", image: "x", env }] };
    const { headers } = h.request("POST", PODS, podOf("a.b", { spec }));
    expect(headers["warning"]).toBe(
      [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
        'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
      ]
        .map((text) => `299 - ${JSON.stringify(text)}`)
        .join(", "),
    );
  });

  it("names the kubelet that could not be reached", () => {
    const h = bound();
    h.json("POST", "/api/v1/nodes", { metadata: { name: "n1" } });
    expect(h.json("GET", `${PODS}/web/log`).message).toBe("no dialer to nodes is configured");
  });
});

it.each([
  ["0", true],
  ["-100", true],
  ["2147483647", true],
  ["2147483648", false],
  ["+10", false],
  ["008", false],
  ["abc", false],
  ["", false],
])("a deletion cost of %j", (cost, fits) => {
  const pod = podOf("web");
  const annotations = { "controller.kubernetes.io/pod-deletion-cost": cost };
  const answer = bootedHarness().json("POST", PODS, { ...pod, metadata: { name: "web", annotations } });
  if (fits) expect(answer.message).toBeUndefined();
  else expect(answer.message).toContain(`pod-deletion-cost]: Invalid value: "${cost}": must be a 32bit integer`);
});
