import { beforeEach, describe, expect, it } from "vitest";
import type { Gen } from "../../kernel/index.ts";
import type { Harness } from "../harness.ts";
import { bootedHarness, PODS, podOf } from "../testing.ts";

const CORE = "/api/v1/namespaces/default";
const POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
const HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const MERGE = { headers: { "content-type": "application/merge-patch+json" } };

describe("admission", () => {
  let h: Harness;
  beforeEach(() => {
    h = bootedHarness();
  });

  describe("LimitRanger", () => {
    const range = (limits: object[]) =>
      h.json("POST", `${CORE}/limitranges`, { metadata: { name: "limits" }, spec: { limits } });
    const create = (resources: object, name = "p") =>
      h.json("POST", PODS, podOf(name, { spec: { containers: [{ name: "c", image: "nginx", resources }] } }));

    it("fills in what containers leave out and says so", () => {
      const made = range([
        { type: "Container", max: { memory: "1Gi" }, min: { memory: "64Mi" }, default: { cpu: "500m" } },
      ]);
      expect(made.spec.limits[0]).toMatchObject({
        default: { cpu: "500m", memory: "1Gi" },
        defaultRequest: { cpu: "500m", memory: "1Gi" },
      });
      const pod = create({});
      expect(pod.spec.containers[0].resources).toEqual({
        limits: { cpu: "500m", memory: "1Gi" },
        requests: { cpu: "500m", memory: "1Gi" },
      });
      expect(pod.metadata.annotations["kubernetes.io/limit-ranger"]).toBe(
        "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c",
      );
    });

    it.each<[object, string]>([
      [{ limits: { memory: "2Gi" } }, "[maximum memory usage per Container is 1Gi, but limit is 2Gi]".slice(1, -1)],
      [{ limits: { memory: "32Mi" } }, "minimum memory usage per Container is 64Mi, but request is 32Mi"],
      [
        { requests: { cpu: "100m" }, limits: { cpu: "1" } },
        "cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000",
      ],
    ])("refuses %j", (resources, why) => {
      range([
        {
          type: "Container",
          max: { memory: "1Gi" },
          min: { memory: "64Mi" },
          default: { memory: "128Mi", cpu: "100m" },
          maxLimitRequestRatio: { cpu: "2" },
        },
      ]);
      expect(create(resources).message).toBe(`pods "p" is forbidden: ${why}`);
    });

    it("judges whole Pods and claims", () => {
      range([
        { type: "Pod", max: { cpu: "1" } },
        { type: "PersistentVolumeClaim", min: { storage: "1Gi" }, max: { storage: "5Gi" } },
      ]);
      expect(create({}).message).toBe('pods "p" is forbidden: maximum cpu usage per Pod is 1.  No limit is specified');
      const claim = (storage: string) =>
        h.json("POST", `${CORE}/persistentvolumeclaims`, {
          metadata: { name: "c" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
        });
      expect(claim("10Gi").message).toBe(
        'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 10Gi',
      );
      expect(claim("2Gi").kind).toBe("PersistentVolumeClaim");
    });

    it("must make sense itself", () => {
      expect(range([{ type: "Container", max: { cpu: "1" }, min: { cpu: "2" } }]).message).toContain(
        'spec.limits[0].min[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:2, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"2", Format:"DecimalSI"}: min value 2 is greater than max value 1, spec.limits[0].defaultRequest[cpu]',
      );
    });
  });

  describe("PodSecurity", () => {
    const label = (labels: object) => h.request("PATCH", "/api/v1/namespaces/default", { metadata: { labels } }, MERGE);
    const level = (mode: string, value: string) => label({ [`pod-security.kubernetes.io/${mode}`]: value });
    const c = (securityContext?: object) => [
      { name: "c", image: "nginx", ...(securityContext && { securityContext }) },
    ];

    it("enforces restricted in upstream's words", () => {
      level("enforce", "restricted");
      expect(h.json("POST", PODS, podOf("p")).message).toBe(
        'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
      );
      const good = c({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(h.json("POST", PODS, podOf("good", { spec: { containers: good } })).kind).toBe("Pod");
    });

    it.each<[string, object, string]>([
      [
        "privileged",
        { containers: c({ privileged: true }) },
        'privileged (container "c" must not set securityContext.privileged=true)',
      ],
      ["host namespaces", { hostNetwork: true, hostPID: true }, "host namespaces (hostNetwork=true, hostPID=true)"],
      [
        "capabilities",
        { containers: c({ capabilities: { add: ["NET_ADMIN", "CHOWN"] } }) },
        'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
      ],
      ["hostPath", { volumes: [{ name: "v", hostPath: { path: "/" } }] }, 'hostPath volumes (volume "v")'],
      [
        "host ports",
        { containers: [{ name: "c", image: "nginx", ports: [{ containerPort: 80, hostPort: 80 }] }] },
        'hostPort (container "c" uses hostPort 80)',
      ],
      [
        "sysctls",
        { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } },
        "forbidden sysctls (kernel.msgmax)",
      ],
    ])("enforces baseline: %s", (_what, spec, words) => {
      level("enforce", "baseline");
      const { message } = h.json("POST", PODS, podOf("p", { spec }));
      expect(message).toBe(`pods "p" is forbidden: violates PodSecurity "baseline:latest": ${words}`);
    });

    it("warns of workloads that would not pass, and lets them be", () => {
      level("warn", "baseline");
      const template = { metadata: { labels: { a: "b" } }, spec: { hostNetwork: true, containers: c() } };
      const response = h.request("POST", "/apis/apps/v1/namespaces/default/deployments", {
        metadata: { name: "d" },
        spec: { selector: { matchLabels: { a: "b" } }, template },
      });
      expect(response.status).toBe(201);
      expect(response.headers["warning"]).toBe(
        '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostNetwork=true)"',
      );
    });

    it("tells of Pods that are there when a namespace gets stricter, and refuses nonsense", () => {
      h.json("POST", PODS, podOf("a", { spec: { hostNetwork: true } }));
      h.json("POST", PODS, podOf("b", { spec: { hostNetwork: true } }));
      const response = level("enforce", "baseline");
      expect(response.headers["warning"]).toBe(
        '299 - "existing pods in namespace \\"default\\" violate the new PodSecurity enforce level \\"baseline:latest\\"", 299 - "a (and 1 other pod): host namespaces"',
      );
      const bad = h.json(
        "PATCH",
        "/api/v1/namespaces/default",
        { metadata: { labels: { "pod-security.kubernetes.io/warn": "x" } } },
        MERGE,
      );
      expect(bad.message).toBe(
        'Namespace "default" is invalid: metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: "x": must be one of privileged, baseline, restricted',
      );
    });
  });

  describe("ValidatingAdmissionPolicy", () => {
    const policy = (spec: object) =>
      h.json("POST", POLICIES, {
        metadata: { name: "small.example.com" },
        spec: {
          matchConstraints: {
            resourceRules: [
              { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
            ],
          },
          ...spec,
        },
      });
    const bind = (spec: object = {}) =>
      h.json("POST", BINDINGS, {
        metadata: { name: "small-everywhere" },
        spec: { policyName: "small.example.com", validationActions: ["Deny"], ...spec },
      });
    const create = (data: object, name = "c") => h.request("POST", `${CORE}/configmaps`, { metadata: { name }, data });
    const head = "ValidatingAdmissionPolicy 'small.example.com' with binding 'small-everywhere' denied request";

    it("denies with the expression, its message, or what the message's expression says", () => {
      policy({
        validations: [
          { expression: "object.data.size() <= 1" },
          { expression: "!('b' in object.data)", message: "no b here", reason: "Forbidden" },
        ],
        variables: [{ name: "n", expression: "object.data.size()" }],
      });
      expect(create({ a: "1", c: "2" }).status).toBe(201);
      bind();
      const one = create({ a: "1", c: "2" }, "d");
      expect(one.status).toBe(422);
      expect((one.body as { value: { message: string } }).value.message).toBe(
        `configmaps "d" is forbidden: ${head}: failed expression: object.data.size() <= 1`,
      );
      const two = create({ b: "1" }, "d");
      expect([two.status, (two.body as { value: { message: string } }).value.message]).toEqual([
        403,
        `configmaps "d" is forbidden: ${head}: no b here`,
      ]);
      expect(create({ a: "1" }, "d").status).toBe(201);
    });

    it("has variables, parameters and conditions", () => {
      h.json("POST", `${CORE}/configmaps`, { metadata: { name: "limit" }, data: { max: "2" } });
      policy({
        paramKind: { apiVersion: "v1", kind: "ConfigMap" },
        matchConditions: [{ name: "not-system", expression: "object.metadata.name != 'free'" }],
        variables: [{ name: "n", expression: "object.data.size()" }],
        validations: [
          {
            expression: "variables.n <= int(params.data.max)",
            messageExpression: "'at most ' + params.data.max + ', not ' + string(variables.n)",
          },
        ],
      });
      bind({ paramRef: { name: "limit", namespace: "default", parameterNotFoundAction: "Deny" } });
      const three = { a: "", b: "", c: "" };
      expect((create(three).body as { value: { message: string } }).value.message).toContain("at most 2, not 3");
      expect(create(three, "free").status).toBe(201);
    });

    it("may warn only; an expression that fails counts as refused", () => {
      policy({ validations: [{ expression: "object.data.a == '1'" }] });
      bind({ validationActions: ["Warn"] });
      const response = create({ b: "1" });
      expect(response.status).toBe(201);
      expect(response.headers["warning"]).toBe(
        "299 - \"Validation failed for ValidatingAdmissionPolicy 'small.example.com' with binding 'small-everywhere': expression 'object.data.a == '1'' resulted in error: no such key: a\"",
      );
    });

    it("must compile", () => {
      expect(policy({ validations: [{ expression: "object.data.a ==" }] }).message).toContain(
        "compilation failed: ERROR: <input>:1:",
      );
    });
  });

  describe("webhooks", () => {
    const hook = (more: object = {}) =>
      h.json("POST", HOOKS, {
        metadata: { name: "hooks" },
        webhooks: [
          {
            name: "judge.example.com",
            clientConfig: { service: { name: "judge", namespace: "default", path: "/validate" } },
            rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
            sideEffects: "None",
            admissionReviewVersions: ["v1"],
            timeoutSeconds: 5,
            ...more,
          },
        ],
      });
    const create = () => h.json("POST", `${CORE}/configmaps`, { metadata: { name: "c" } });
    const head =
      'Internal error occurred: failed calling webhook "judge.example.com": failed to call webhook: Post "https://judge.default.svc:443/validate?timeout=5s":';

    it("that cannot be reached refuse, unless failures are ignored", () => {
      hook();
      expect(create().message).toBe(`${head} service "judge" not found`);
      h.json("POST", `${CORE}/services`, { metadata: { name: "judge" }, spec: { ports: [{ port: 443 }] } });
      expect(create().message).toBe(`${head} no endpoints available for service "judge"`);
      h.json(
        "PATCH",
        `${HOOKS}/hooks`,
        { webhooks: [{ name: "judge.example.com", failurePolicy: "Ignore" }] },
        {
          headers: { "content-type": "application/strategic-merge-patch+json" },
        },
      );
      expect(create().kind).toBe("ConfigMap");
    });

    it("are asked and answer", () => {
      const seen: string[] = [];
      h = bootedHarness({
        webhooks: {
          *submitReview(address, path, review): Gen<unknown> {
            const { request } = review as {
              request: { uid: string; operation: string; object: { metadata: { name: string } } };
            };
            seen.push(`${address}${path} ${request.operation} ${request.object.metadata.name}`);
            return {
              response: { uid: request.uid, allowed: false, status: { message: "not today" }, warnings: ["careful"] },
            };
          },
        },
      });
      hook();
      h.json("POST", `${CORE}/services`, { metadata: { name: "judge" }, spec: { ports: [{ port: 443 }] } });
      h.json("POST", `${CORE}/endpoints`, {
        metadata: { name: "judge" },
        subsets: [{ addresses: [{ ip: "10.1.2.3" }], ports: [{ port: 8443 }] }],
      });
      expect(create()).toMatchObject({
        code: 403,
        message: 'admission webhook "judge.example.com" denied the request: not today',
      });
      expect(seen).toEqual(["10.1.2.3:8443/validate CREATE c"]);
    });

    it("must say what they do", () => {
      expect(hook({ name: "short", sideEffects: undefined }).message).toBe(
        'ValidatingWebhookConfiguration.admissionregistration.k8s.io "hooks" is invalid: [webhooks[0].name: Invalid value: "short": should be a domain with at least three segments separated by dots, webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun]',
      );
    });
  });

  it("a RuntimeClass must be there; a default IngressClass is filled in", () => {
    expect(h.json("POST", PODS, podOf("p", { spec: { runtimeClassName: "gvisor" } })).message).toBe(
      'pods "p" is forbidden: pod rejected: RuntimeClass "gvisor" not found',
    );
    h.json("POST", "/apis/networking.k8s.io/v1/ingressclasses", {
      metadata: { name: "nginx", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
      spec: { controller: "k8s.io/ingress-nginx" },
    });
    const ingress = h.json("POST", "/apis/networking.k8s.io/v1/namespaces/default/ingresses", {
      metadata: { name: "i" },
      spec: { defaultBackend: { service: { name: "s", port: { number: 80 } } } },
    });
    expect(ingress.spec.ingressClassName).toBe("nginx");
  });
});
