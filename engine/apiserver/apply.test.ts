import { beforeEach, describe, expect, it } from "vitest";
import { withManagedFields } from "../api/managed-fields/index.ts";
import type { KubeObject } from "../api/types.ts";
import type { Harness } from "./harness.ts";
import { bootedHarness, PODS, podOf } from "./testing.ts";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const APPLY = { headers: { "content-type": "application/apply-patch+yaml" } };
const MERGE = { headers: { "content-type": "application/merge-patch+json" } };

const deployment = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", labels: { app: "web" }, ...metadata },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "c", image: "nginx:1", ports: [{ containerPort: 80 }] }] },
    },
    ...spec,
  },
});

describe("managedFields and server-side apply", () => {
  let h: Harness;
  beforeEach(() => {
    h = bootedHarness();
  });

  const managers = (object: KubeObject) =>
    (withManagedFields(object).metadata.managedFields ?? []) as unknown as {
      manager: string;
      operation: string;
      subresource?: string;
      // biome-ignore lint/suspicious/noExplicitAny: tests look into it
      fieldsV1: any;
    }[];
  const names = (object: KubeObject) =>
    managers(object).map(({ manager, operation, subresource }) =>
      [operation, manager, subresource].filter(Boolean).join(" "),
    );
  const apply = (manager: string, body: object, query = "") =>
    h.json("PATCH", `${DEPLOYMENTS}/web?fieldManager=${manager}${query}`, body, APPLY);

  it("a created object's fields are its creator's, defaults too, what admission adds nobody's", () => {
    const pod = h.json("POST", `${PODS}?fieldManager=kubectl-run`, podOf("p", { metadata: { labels: { run: "p" } } }));
    expect(names(pod)).toEqual(["Update kubectl-run"]);
    expect(managers(pod)[0]!.fieldsV1).toEqual({
      "f:metadata": { "f:labels": { ".": {}, "f:run": {} } },
      "f:spec": {
        "f:containers": {
          'k:{"name":"c"}': {
            ".": {},
            "f:image": {},
            "f:imagePullPolicy": {},
            "f:name": {},
            "f:resources": {},
            "f:terminationMessagePath": {},
            "f:terminationMessagePolicy": {},
          },
        },
        "f:dnsPolicy": {},
        "f:enableServiceLinks": {},
        "f:restartPolicy": {},
        "f:schedulerName": {},
        "f:securityContext": {},
        "f:terminationGracePeriodSeconds": {},
      },
    });
  });

  it("a Deployment's too, as upstream's documents show it", () => {
    const object = h.json("POST", `${DEPLOYMENTS}?fieldManager=kubectl-create`, deployment());
    expect(managers(object)[0]!.fieldsV1["f:spec"]).toEqual({
      "f:progressDeadlineSeconds": {},
      "f:replicas": {},
      "f:revisionHistoryLimit": {},
      "f:selector": {},
      "f:strategy": { "f:rollingUpdate": { ".": {}, "f:maxSurge": {}, "f:maxUnavailable": {} }, "f:type": {} },
      "f:template": {
        "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
        "f:spec": {
          "f:containers": {
            'k:{"name":"c"}': {
              ".": {},
              "f:image": {},
              "f:imagePullPolicy": {},
              "f:name": {},
              "f:ports": {
                ".": {},
                'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {}, "f:protocol": {} },
              },
              "f:resources": {},
              "f:terminationMessagePath": {},
              "f:terminationMessagePolicy": {},
            },
          },
          "f:dnsPolicy": {},
          "f:restartPolicy": {},
          "f:schedulerName": {},
          "f:securityContext": {},
          "f:terminationGracePeriodSeconds": {},
        },
      },
    });
  });

  it("who changes a field takes it; a status has an entry of its own", () => {
    h.json("POST", `${DEPLOYMENTS}?fieldManager=kubectl-create`, deployment());
    h.json("PATCH", `${DEPLOYMENTS}/web?fieldManager=kubectl-scale`, { spec: { replicas: 3 } }, MERGE);
    const object = h.json("PATCH", `${DEPLOYMENTS}/web/status`, { status: { replicas: 3 } }, MERGE);
    expect(names(object)).toEqual(["Update kubectl-create", "Update kubectl-scale", "Update test status"]);
    const [create, scale, status] = managers(object);
    expect(create!.fieldsV1["f:spec"]["f:replicas"]).toBeUndefined();
    expect(scale!.fieldsV1).toEqual({ "f:spec": { "f:replicas": {} } });
    expect(status!.fieldsV1).toEqual({ "f:status": { "f:replicas": {} } });
  });

  it("apply creates, owns what it says, and says so again without a write", () => {
    const first = h.request("PATCH", `${DEPLOYMENTS}/web?fieldManager=me`, deployment(), APPLY);
    expect(first.status).toBe(201);
    const object = h.json("GET", `${DEPLOYMENTS}/web`);
    expect(names(object)).toEqual(["Apply me"]);
    expect(managers(object)[0]!.fieldsV1["f:spec"]["f:replicas"]).toBeUndefined();
    const again = apply("me", deployment());
    expect(again.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
  });

  it("what it leaves out goes, unless somebody else has it", () => {
    apply("me", deployment({ replicas: 4, minReadySeconds: 5 }, { labels: { app: "web", tier: "front" } }));
    apply("other", { apiVersion: "apps/v1", kind: "Deployment", metadata: { labels: { tier: "front" } } });
    const object = apply("me", deployment());
    expect(object.metadata.labels).toEqual({ app: "web", tier: "front" });
    expect(object.spec.minReadySeconds).toBeUndefined();
    expect(object.spec.replicas).toBe(1);
    // What changed nothing has no time, and comes first.
    expect(names(object)).toEqual(["Apply other", "Apply me"]);
  });

  it("fields of others are conflicts, until it is forced", () => {
    h.json("POST", `${DEPLOYMENTS}?fieldManager=kubectl-create`, deployment());
    h.json("PATCH", `${DEPLOYMENTS}/web?fieldManager=kubectl-scale`, { spec: { replicas: 3 } }, MERGE);
    const one = apply("me", deployment({ replicas: 5 }));
    expect(one).toMatchObject({ code: 409, reason: "Conflict" });
    expect(one.message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-scale" using apps/v1: .spec.replicas',
    );
    expect(one.details.causes).toEqual([
      {
        reason: "FieldManagerConflict",
        message: 'conflict with "kubectl-scale" using apps/v1',
        field: ".spec.replicas",
      },
    ]);
    const config = deployment({ replicas: 5 });
    config.spec.template.spec.containers[0]!.image = "nginx:2";
    expect(apply("me", config).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "kubectl-create" using apps/v1:\n' +
        '- .spec.template.spec.containers[name="c"].image\n' +
        'conflicts with "kubectl-scale" using apps/v1:\n' +
        "- .spec.replicas",
    );
    const forced = apply("me", config, "&force=true");
    expect(forced.spec.replicas).toBe(5);
    expect(names(forced)).toEqual(["Apply me", "Update kubectl-create"]);
  });

  it("a list by keys keeps others' items in their place", () => {
    const more = deployment();
    more.spec.template.spec.containers.push({ name: "side", image: "busybox", ports: [] });
    apply("me", more);
    const config = deployment();
    config.spec.template.spec.containers = [{ name: "log", image: "busybox", ports: [] }];
    delete (config.spec as { selector?: object }).selector;
    const object = apply("other", config);
    expect(object.spec.template.spec.containers.map((c: { name: string }) => c.name)).toEqual(["c", "side", "log"]);
    const after = apply("me", deployment());
    expect(after.spec.template.spec.containers.map((c: { name: string }) => c.name)).toEqual(["c", "log"]);
  });

  it("takes over without conflict what kubectl applied from the client", () => {
    const last = JSON.stringify(deployment({ replicas: 2 }));
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": last };
    h.json(
      "POST",
      `${DEPLOYMENTS}?fieldManager=kubectl-client-side-apply`,
      deployment({ replicas: 2 }, { annotations }),
    );
    const object = apply("kubectl", deployment({ replicas: 4 }));
    expect(object.spec.replicas).toBe(4);
    expect(object.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]).toContain('"replicas":4');
  });

  it.each<[string, object, string]>([
    [
      "unknown fields",
      deployment({ nothing: 1 }),
      "failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.nothing: field not declared in schema",
    ],
    [
      "types",
      deployment({ replicas: "3" }),
      "failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got string",
    ],
    ["managedFields", deployment({}, { managedFields: [] }), "metadata.managedFields must be nil"],
    ["versions", { ...deployment(), apiVersion: "apps/v2" }, "invalid object type: apps/v2, Kind=Deployment"],
  ])("refuses %s", (_what, body, message) => {
    expect(apply("me", body).message).toBe(message);
  });

  it("managedFields that a client sends back change nothing; an empty entry forgets the owners", () => {
    const object = withManagedFields(h.json("POST", `${DEPLOYMENTS}?fieldManager=one`, deployment()));
    const text = JSON.stringify({ ...object, metadata: { ...object.metadata, labels: { app: "web", a: "b" } } });
    const json = { headers: { "content-type": "application/json" } };
    const after = h.json("PUT", `${DEPLOYMENTS}/web?fieldManager=two`, undefined, { text, ...json });
    expect(names(after)).toEqual(["Update one", "Update two"]);
    const forgotten = h.json("PATCH", `${DEPLOYMENTS}/web`, { metadata: { managedFields: [{}] } }, MERGE);
    expect(names(forgotten)).toEqual([]);
  });
});
