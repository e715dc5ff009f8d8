import { describe, expect, it } from "vitest";
import { type AuditPolicy, auditDecision, validateAuditPolicy } from "./audit-policy.ts";
import { requestInfo } from "./requestinfo.ts";
import { bootedHarness } from "./testing.ts";

const policy: AuditPolicy = {
  omitStages: ["RequestReceived"],
  rules: [
    { level: "None", users: ["system:kube-proxy"], verbs: ["watch"] },
    { level: "RequestResponse", resources: [{ group: "", resources: ["pods"] }], namespaces: ["prod"] },
    { level: "Request", resources: [{ group: "", resources: ["pods/log", "*/scale", "services/*"] }] },
    { level: "Request", resources: [{ group: "", resources: ["configmaps"], resourceNames: ["one"] }] },
    { level: "None", nonResourceURLs: ["/healthz*", "/version"] },
    { level: "Metadata", userGroups: ["system:authenticated"], omitStages: ["ResponseStarted"] },
  ],
};

describe("auditDecision", () => {
  const cases: [string, string, string, string][] = [
    ["GET", "/api/v1/services?watch=true", "system:kube-proxy", "None"],
    ["GET", "/api/v1/services", "system:kube-proxy", "Request"],
    ["POST", "/api/v1/namespaces/prod/pods", "jane", "RequestResponse"],
    ["POST", "/api/v1/namespaces/dev/pods", "jane", "Metadata"],
    ["GET", "/api/v1/namespaces/prod/pods/web/log", "jane", "Request"],
    ["GET", "/api/v1/namespaces/dev/configmaps/one", "jane", "Request"],
    ["GET", "/api/v1/namespaces/dev/configmaps/two", "jane", "Metadata"],
    ["PUT", "/apis/apps/v1/namespaces/dev/deployments/web/scale", "jane", "Metadata"],
    ["GET", "/healthz/etcd", "jane", "None"],
    ["GET", "/version/", "jane", "Metadata"],
  ];
  it.each(cases)("%s %s by %s: %s", (method, path, name, level) => {
    const info = requestInfo({ method, path, headers: {}, remoteAddress: "10.0.0.1" });
    expect(auditDecision(policy, { name, groups: ["system:authenticated"] }, info).level).toBe(level);
  });
});

it("finds faults in the words of upstream", () => {
  const causes = validateAuditPolicy({
    omitStages: ["Later" as "Panic"],
    rules: [
      { level: "metadata" as "Metadata" },
      {},
      { level: "None", nonResourceURLs: ["healthz", "/a*b"], namespaces: ["a"] },
      { level: "None", resources: [{ group: "apps/v1" }, { resourceNames: ["a"] }] },
    ],
  });
  expect(causes.map(({ field, message }) => `${field}: ${message.slice(0, 70)}`)).toMatchInlineSnapshot(`
    [
      "omitStages[0]: Invalid value: "Later": allowed stages are RequestReceived,ResponseSta",
      "rules[0].level: Unsupported value: "metadata": supported values: "None", "Metadata", "",
      "rules[1].level: Required value",
      "rules[2].nonResourceURLs[0]: Invalid value: "healthz": non-resource URL rules must begin with a '/'",
      "rules[2].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the fina",
      "rules[2].nonResourceURLs: Invalid value: []string{"healthz", "/a*b"}: rules cannot apply to both",
      "rules[3].resources.group: Invalid value: "apps/v1": a lowercase RFC 1123 subdomain must consist ",
      "rules[3].resources.resourceNames: Invalid value: []string{"a"}: using resourceNames requires at least on",
    ]
  `);
});

it("writes what the policy asks for, and keeps entries for the grader", () => {
  const lines: (() => string)[] = [];
  const rules: AuditPolicy["rules"] = [
    { level: "RequestResponse", resources: [{ resources: ["configmaps"] }], omitManagedFields: true },
  ];
  const h = bootedHarness({ auditSink: (line) => lines.push(line), audit: { policy: { rules } } });
  const before = h.server.audit.entries.length;
  h.json("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "a" }, data: { k: "v" } });
  h.json("POST", "/api/v1/namespaces/default/secrets", { metadata: { name: "a" } });
  h.request("DELETE", "/api/v1/namespaces/default/configmaps/a", undefined, {
    text: '{"propagationPolicy":"Background"}',
  });
  const events = lines.map((line) => JSON.parse(line()));
  expect(events.map(({ stage, verb, level }) => [stage, verb, level])).toEqual([
    ["RequestReceived", "create", "RequestResponse"],
    ["ResponseComplete", "create", "RequestResponse"],
    ["RequestReceived", "delete", "RequestResponse"],
    ["ResponseComplete", "delete", "RequestResponse"],
  ]);
  expect(events[0].responseStatus).toBeUndefined();
  expect(events[1].requestObject).toMatchObject({ data: { k: "v" } });
  expect(events[1].responseObject).toMatchObject({ kind: "ConfigMap", data: { k: "v" } });
  expect(events[1].responseObject.metadata.managedFields).toBeUndefined();
  expect(events[3].requestObject).toMatchObject({ kind: "DeleteOptions", propagationPolicy: "Background" });
  expect(h.server.audit.entries.length - before).toBe(3);
});

it("tells what PodSecurity found", () => {
  const lines: (() => string)[] = [];
  const h = bootedHarness({ auditSink: (line) => lines.push(line) });
  const pod = { metadata: { name: "a" }, spec: { hostPID: true, containers: [{ name: "a", image: "nginx" }] } };
  h.json("POST", "/api/v1/namespaces/default/pods", pod);
  const labels = { "pod-security.kubernetes.io/audit": "baseline" };
  const headers = { "content-type": "application/merge-patch+json" };
  h.json("PATCH", "/api/v1/namespaces/default", { metadata: { labels } }, { headers });
  h.json("POST", "/api/v1/namespaces/default/pods", { ...pod, metadata: { name: "b" } });
  const annotations = lines.map((line) => JSON.parse(line()).annotations);
  expect(annotations.at(-3)).toMatchObject({ "pod-security.kubernetes.io/enforce-policy": "privileged:latest" });
  expect(annotations.at(-1)).toMatchObject({
    "pod-security.kubernetes.io/audit-violations":
      'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    "pod-security.kubernetes.io/enforce-policy": "privileged:latest",
  });
});

it("tells what policies found", () => {
  const lines: (() => string)[] = [];
  const h = bootedHarness({ auditSink: (line) => lines.push(line) });
  const at = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic";
  h.json("POST", `${at}ies`, {
    metadata: { name: "two" },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
      },
      validations: [{ expression: "true" }, { expression: "has(object.data)", message: "no data" }],
      auditAnnotations: [{ key: "name", valueExpression: "'is ' + object.metadata.name" }],
    },
  });
  const spec = { policyName: "two", validationActions: ["Audit"] };
  h.json("POST", `${at}ybindings`, { metadata: { name: "both" }, spec });
  expect(h.json("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "a" } }).kind).toBe("ConfigMap");
  const { annotations } = JSON.parse(lines.at(-1)!());
  expect(annotations["two/name"]).toBe("is a");
  expect(JSON.parse(annotations["validation.policy.admission.k8s.io/validation_failure"])).toEqual([
    { message: "no data", policy: "two", binding: "both", expressionIndex: 1, validationActions: ["Audit"] },
  ]);
});
