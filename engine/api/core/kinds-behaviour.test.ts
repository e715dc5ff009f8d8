import { describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64 } from "../../kernel/index.ts";
import { decodeObject } from "../decode.ts";
import type { Draft } from "../kind.ts";
import { kindByGvk } from "../kinds.ts";

function made(value: Draft): Draft {
  const kind = kindByGvk(value.apiVersion, value.kind)!;
  const metadata = { name: "a", ...(kind.resource.namespaced && { namespace: "default" }), ...value.metadata };
  const { object } = decodeObject({ ...value, metadata }, kind.resource);
  kind.defaults?.(object);
  return object;
}

const messages = (value: Draft) =>
  kindByGvk(value.apiVersion, value.kind)!.validate!(made(value)).map((c) => `${c.field}: ${c.message}`);

describe("defaults", () => {
  it("of a Service", () => {
    const { spec } = made({ apiVersion: "v1", kind: "Service", spec: { ports: [{ port: 80 }] } });
    expect(spec).toEqual({
      ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
      sessionAffinity: "None",
      type: "ClusterIP",
      internalTrafficPolicy: "Cluster",
    });
  });

  it("of a NodePort Service", () => {
    const { spec } = made({ apiVersion: "v1", kind: "Service", spec: { type: "NodePort", ports: [{ port: 80 }] } });
    expect(spec.externalTrafficPolicy).toBe("Cluster");
  });

  it("of a Secret", () => {
    const secret = made({ apiVersion: "v1", kind: "Secret", stringData: { a: "hi" } });
    expect(secret).toMatchObject({ type: "Opaque", data: { a: "aGk=" } });
    expect(secret.stringData).toBeUndefined();
  });

  it("of a Namespace", () => {
    const namespace = made({ apiVersion: "v1", kind: "Namespace" });
    expect(namespace.metadata.labels).toEqual({ "kubernetes.io/metadata.name": "a" });
    kindByGvk("v1", "Namespace")!.prepareForCreate!(namespace);
    expect(namespace).toMatchObject({ spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } });
  });

  it("of a DaemonSet", () => {
    const { spec } = made({
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      spec: { template: { spec: { containers: [] } } },
    });
    expect(spec.updateStrategy).toEqual({ type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } });
    expect(spec.revisionHistoryLimit).toBe(10);
  });
});

describe("validation", () => {
  it.each([
    [{ apiVersion: "v1", kind: "Service", spec: {} }, ["spec.ports: Required value"]],
    [
      { apiVersion: "v1", kind: "Service", spec: { clusterIP: "x", ports: [{ port: 0 }] } },
      [
        "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
        'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      { apiVersion: "v1", kind: "ConfigMap", data: { "a b": "x" } },
      [
        "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls" },
      ["data[tls.crt]: Required value", "data[tls.key]: Required value"],
    ],
    [
      { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", rules: [{ resources: ["pods"] }] },
      [
        "rules[0].verbs: Required value: verbs must contain at least one value",
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
      ],
    ],
    [{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "system:x" } }, []],
    [
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        spec: { template: { spec: { containers: [{ name: "a", image: "b" }] } } },
      },
      [
        "spec.selector: Required value",
        "spec.template.metadata.labels: Invalid value: map[string]string(nil): `selector` does not match template `labels`",
      ],
    ],
    [
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        spec: {
          selector: { matchLabels: { a: "b" } },
          strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: "0%" } },
          template: {
            metadata: { labels: { a: "b" } },
            spec: { containers: [{ name: "a", image: "b" }], restartPolicy: "Never" },
          },
        },
      },
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:0, IntVal:0, StrVal:""}: may not be 0 when `maxSurge` is 0',
      ],
    ],
    [
      { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", value: 2_000_000_001 },
      ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
    ],
  ] as [Draft, string[]][])("%j", (value, expected) => {
    expect(messages(value)).toEqual(expected);
  });

  it("keeps a Deployment's selector", () => {
    const template = { metadata: { labels: { a: "b", c: "d" } }, spec: { containers: [{ name: "a", image: "b" }] } };
    const of = (matchLabels: object) =>
      made({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { resourceVersion: "1" },
        spec: { selector: { matchLabels }, template },
      });
    const causes = kindByGvk("apps/v1", "Deployment")!.validateUpdate!(of({ c: "d" }), of({ a: "b" }));
    expect(causes).toEqual([
      {
        reason: "FieldValueInvalid",
        field: "spec.selector",
        message:
          'Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"c":"d"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable',
      },
    ]);
  });

  it("keeps what is marked immutable", () => {
    const of = (data: object) =>
      made({ apiVersion: "v1", kind: "ConfigMap", immutable: true, metadata: { resourceVersion: "1" }, data });
    expect(kindByGvk("v1", "ConfigMap")!.validateUpdate!(of({ a: "2" }), of({ a: "1" }))).toEqual([
      {
        reason: "FieldValueForbidden",
        field: "data",
        message: "Forbidden: field is immutable when `immutable` is set",
      },
    ]);
  });

  it("of what amounts are counted in", () => {
    const of = (resource: string, divisor: string) => {
      const env = [{ name: "A", valueFrom: { resourceFieldRef: { resource, divisor } } }];
      const spec = { containers: [{ name: "c", image: "i", env }] };
      return messages({ apiVersion: "v1", kind: "Pod", spec });
    };
    const at = "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value:";
    const bytes = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
    expect(of("limits.cpu", "1000m")).toEqual([]);
    expect(of("limits.memory", "1Mi")).toEqual([]);
    expect(of("requests.cpu", "2")).toEqual([
      `${at} "requests.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
    ]);
    expect(of("limits.memory", "25Mi")).toEqual([
      `${at} "limits.memory": only divisor's values ${bytes} are supported with the memory resource`,
    ]);
    expect(of("limits.ephemeral-storage", "1m")).toEqual([
      `${at} "limits.ephemeral-storage": only divisor's values ${bytes} are supported with the local ephemeral storage resource`,
    ]);
  });

  it("of the parameters of a StorageClass", () => {
    const of = (parameters: Record<string, string>) =>
      messages({ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", provisioner: "x.example/y", parameters });
    const many = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`p${i}`, ""]));
    expect(of(many(512))).toEqual([]);
    expect(of(many(513))).toEqual(["parameters: Too long: may not be more than 512 bytes"]);
    expect(of({ a: "é".repeat(131_072) })).toEqual(["parameters: Too long: may not be more than 262144 bytes"]);
  });
});

describe("base64", () => {
  it.each(["", "a", "ab", "abc", "안녕"])("%j", (text) => {
    const bytes = new TextEncoder().encode(text);
    expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
    expect(decodeBase64(encodeBase64(bytes))).toEqual(Uint8Array.from(bytes));
  });
});
