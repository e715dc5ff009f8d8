import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { withManagedFields } from "../api/managed-fields/index.ts";
import type { Harness } from "./harness.ts";
import { bootedHarness } from "./testing.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const CRONTABS = "/apis/stable.example.com/v1/namespaces/default/crontabs";

const CRD = String.raw`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: crontabs.stable.example.com }
spec:
  group: stable.example.com
  scope: Namespaced
  names: { plural: crontabs, kind: CronTab, shortNames: [ct], categories: [all] }
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: { specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas }
    additionalPrinterColumns:
    - { name: Spec, type: string, jsonPath: .spec.cronSpec, description: The cron spec }
    - { name: Replicas, type: integer, jsonPath: .spec.replicas }
    - { name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status' }
    - { name: Age, type: date, jsonPath: .metadata.creationTimestamp }
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            x-kubernetes-validations:
            - { rule: self.minReplicas <= self.replicas, message: replicas must not be below minReplicas }
            - rule: self.replicas <= self.maxReplicas
            required: [cronSpec]
            properties:
              cronSpec: { type: string, pattern: '^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$' }
              image: { type: string, default: nginx }
              mode: { type: string, enum: [a, b] }
              replicas: { type: integer, minimum: 1, maximum: 10, default: 1 }
              minReplicas: { type: integer, default: 0 }
              maxReplicas: { type: integer, default: 100 }
              fixed: { type: string, x-kubernetes-validations: [{ rule: self == oldSelf, message: fixed is immutable }] }
          status:
            type: object
            x-kubernetes-preserve-unknown-fields: true
            properties: { replicas: { type: integer } }
`;

describe("custom resources", () => {
  let h: Harness;
  beforeEach(() => {
    h = bootedHarness();
    expect(h.request("POST", DEFINITIONS, parse(CRD)).status).toBe(201);
    h.kernel.run(h.kernel.now + 1000);
  });

  const crontab = (name: string, spec: object, more: object = {}) => ({
    apiVersion: "stable.example.com/v1",
    kind: "CronTab",
    metadata: { name },
    spec: { cronSpec: "* * * * */5", ...spec },
    ...more,
  });
  const merge = { headers: { "content-type": "application/merge-patch+json" } };

  it("are established and discovered at once, with the names' defaults", () => {
    const crd = h.json("GET", `${DEFINITIONS}/crontabs.stable.example.com`);
    expect(crd.spec.names).toMatchObject({ singular: "crontab", listKind: "CronTabList" });
    expect(crd.status.storedVersions).toEqual(["v1"]);
    expect(crd.status.conditions.map((c: { type: string; status: string }) => [c.type, c.status])).toEqual([
      ["NamesAccepted", "True"],
      ["Established", "True"],
    ]);
    const { resources } = h.json("GET", "/apis/stable.example.com/v1");
    expect(resources.map((r: { name: string }) => r.name)).toEqual(["crontabs", "crontabs/scale", "crontabs/status"]);
    expect(h.kernel.faults).toEqual([]);
  });

  it("are pruned with a warning, defaulted, and lose a status at creation", () => {
    const response = h.request("POST", CRONTABS, crontab("a", { other: 1 }, { status: { replicas: 4 } }));
    expect(response.headers["warning"]).toBe('299 - "unknown field \\"spec.other\\""');
    const object = h.json("GET", `${CRONTABS}/a`);
    const spec = { cronSpec: "* * * * */5", image: "nginx", maxReplicas: 100, minReplicas: 0, replicas: 1 };
    expect(object).toMatchObject({ metadata: { generation: 1 }, spec });
    expect(object.status).toBeUndefined();
  });

  it.each<[string, object, string]>([
    [
      "pattern and bounds",
      { cronSpec: "* *", replicas: 11 },
      "[spec.cronSpec: Invalid value: \"* *\": spec.cronSpec in body should match '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$', spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10]",
    ],
    [
      "types, after which rules are not judged",
      { replicas: "2" },
      '[spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string", .spec.replicas: Invalid value: 0: .spec.replicas accessor error: 2 is of the type string, expected int64, <nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]',
    ],
    [
      "enumerations",
      { mode: "c" },
      '[spec.mode: Unsupported value: "c": supported values: "a", "b", <nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]',
    ],
    [
      "rules with a message",
      { replicas: 2, minReplicas: 3 },
      'spec: Invalid value: "object": replicas must not be below minReplicas',
    ],
    [
      "rules without one",
      { replicas: 2, maxReplicas: 1 },
      'spec: Invalid value: "object": failed rule: self.replicas <= self.maxReplicas',
    ],
  ])("are validated: %s", (_what, spec, message) => {
    const status = h.json("POST", CRONTABS, crontab("x", spec));
    expect(status.message).toBe(`CronTab.stable.example.com "x" is invalid: ${message}`);
  });

  it("keep their owners where a default is shown that is not stored", () => {
    const definition = parse(CRD);
    definition.metadata.name = "pages.stable.example.com";
    definition.spec.names = { plural: "pages", kind: "Page" };
    const { schema } = definition.spec.versions[0];
    schema.openAPIV3Schema.properties.status.default = { replicas: 0 };
    expect(h.request("POST", DEFINITIONS, definition).status).toBe(201);
    h.kernel.run(h.kernel.now + 1000);
    const path = "/apis/stable.example.com/v1/namespaces/default/pages";
    h.request("POST", path, { ...crontab("a", {}), kind: "Page" });
    const page = withManagedFields(h.json("GET", `${path}/a`));
    expect(page["status"]).toEqual({ replicas: 0 });
    const [owner] = page.metadata["managedFields"] as unknown as { fieldsV1: object }[];
    expect(Object.keys(owner?.fieldsV1 ?? {})).toEqual(["f:spec"]);
  });

  it("obey transition rules on updates only", () => {
    h.json("POST", CRONTABS, crontab("a", { fixed: "1" }));
    const status = h.json("PATCH", `${CRONTABS}/a`, { spec: { fixed: "2" } }, merge);
    expect(status.message).toBe(
      'CronTab.stable.example.com "a" is invalid: spec.fixed: Invalid value: "string": fixed is immutable',
    );
  });

  it("have status and scale, and a table by their columns", () => {
    h.json("POST", CRONTABS, crontab("a", {}));
    expect(h.json("PATCH", `${CRONTABS}/a/scale`, { spec: { replicas: 7 } }, merge).spec).toEqual({ replicas: 7 });
    const status = { replicas: 6, conditions: [{ type: "Ready", status: "True" }] };
    const object = h.json("PATCH", `${CRONTABS}/a/status`, { status, spec: { replicas: 3 } }, merge);
    expect(object).toMatchObject({ spec: { replicas: 7 }, status, metadata: { generation: 2 } });
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const table = h.json("GET", CRONTABS, undefined, { headers: { accept } });
    expect(table.rows[0].cells).toEqual(["a", "* * * * */5", 7, "True", "0s"]);
  });

  it("take no strategic merge patch and no update without a version", () => {
    h.json("POST", CRONTABS, crontab("a", {}));
    const headers = { "content-type": "application/strategic-merge-patch+json" };
    expect(h.request("PATCH", `${CRONTABS}/a`, {}, { headers }).status).toBe(415);
    expect(h.json("PUT", `${CRONTABS}/a`, crontab("a", {})).message).toContain("metadata.resourceVersion");
  });

  it("go with their definition, which waits for their finalizers", () => {
    h.json("POST", CRONTABS, crontab("a", {}));
    const held = crontab("b", {});
    h.json("POST", CRONTABS, { ...held, metadata: { name: "b", finalizers: ["example.com/wait"] } });
    h.json("DELETE", `${DEFINITIONS}/crontabs.stable.example.com`);
    h.kernel.run(h.kernel.now + 1000);
    expect(h.json("GET", CRONTABS).items.map((one: { metadata: { name: string } }) => one.metadata.name)).toEqual([
      "b",
    ]);
    expect(h.json("POST", CRONTABS, crontab("c", {})).message).toBe(
      "create not allowed while custom resource definition is terminating",
    );
    h.json("PATCH", `${CRONTABS}/b`, { metadata: { finalizers: null } }, merge);
    h.kernel.run(h.kernel.now + 6_000_000);
    expect(h.request("GET", CRONTABS).status).toBe(404);
    expect(h.request("GET", `${DEFINITIONS}/crontabs.stable.example.com`).status).toBe(404);
    expect(h.kernel.faults).toEqual([]);
  });

  it("show one object in every served version", () => {
    const crd = parse(CRD);
    const [v1] = crd.spec.versions;
    crd.metadata.name = "things.stable.example.com";
    crd.spec.names = { plural: "things", kind: "Thing" };
    crd.spec.versions = [
      { ...v1, storage: true },
      { ...v1, name: "v1beta1", storage: false, deprecated: true },
    ];
    h.json("POST", DEFINITIONS, crd);
    h.kernel.run(h.kernel.now + 1000);
    const things = "/apis/stable.example.com/v1beta1/namespaces/default/things";
    const made = h.request("POST", things, {
      ...crontab("a", {}),
      apiVersion: "stable.example.com/v1beta1",
      kind: "Thing",
    });
    expect(made.headers["warning"]).toBe(
      '299 - "stable.example.com/v1beta1 Thing is deprecated; use stable.example.com/v1 Thing"',
    );
    expect(h.json("GET", `${things}/a`).apiVersion).toBe("stable.example.com/v1beta1");
    expect(h.json("GET", `${things.replace("v1beta1", "v1")}/a`).apiVersion).toBe("stable.example.com/v1");
    expect(h.json("GET", "/apis").groups.at(-1).preferredVersion.version).toBe("v1");
  });

  it("refuses names that another definition of the group has", () => {
    const crd = parse(CRD);
    crd.metadata.name = "others.stable.example.com";
    crd.spec.names = { plural: "others", kind: "CronTab", shortNames: ["ct"] };
    h.json("POST", DEFINITIONS, crd);
    h.kernel.run(h.kernel.now + 1000);
    const { conditions } = h.json("GET", `${DEFINITIONS}/others.stable.example.com`).status;
    expect(conditions[0]).toMatchObject({
      status: "False",
      reason: "ListKindConflict",
      message: '"CronTabList" is already in use',
    });
    expect(conditions[1]).toMatchObject({ type: "Established", status: "False", reason: "NotAccepted" });
  });

  it.each<[string, (crd: ReturnType<typeof parse>) => void, string]>([
    ["its name", (c) => (c.metadata.name = "x.stable.example.com"), 'must be spec.names.plural+"."+spec.group'],
    ["a schema", (c) => delete c.spec.versions[0].schema, "schemas are required"],
    [
      "types",
      (c) => delete c.spec.versions[0].schema.openAPIV3Schema.properties.spec.type,
      "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields",
    ],
    [
      "one storage version",
      (c) => (c.spec.versions[0].storage = false),
      "must have exactly one version marked as storage version",
    ],
    ["a scope", (c) => delete c.spec.scope, "spec.scope: Required value"],
  ])("a definition needs %s", (_what, spoil, words) => {
    const crd = parse(CRD);
    crd.metadata.name = "news.stable.example.com";
    crd.spec.names = { plural: "news", kind: "New" };
    spoil(crd);
    expect(h.json("POST", DEFINITIONS, crd).message).toContain(words);
  });
});
