import { describe, expect, it } from "vitest";
import { decodeObject } from "../decode.ts";
import type { Draft } from "../kind.ts";
import { pod, podSummary } from "./pod.ts";
import { imageTag } from "./pod-defaults.ts";
import { qosClass } from "./qos.ts";

const GVK = { group: "", version: "v1", kind: "Pod" };
const NOW = 1_740_819_600_000;

/** A Pod as it stands after decoding and defaulting. */
function made(spec: object, metadata: object = {}): Draft {
  const { object } = decodeObject(
    { apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "default", ...metadata }, spec },
    GVK,
  );
  pod.defaults!(object);
  return object;
}

const nginx = { name: "web", image: "nginx" };
const messages = (draft: Draft) => pod.validate!(draft).map((c) => `${c.field}: ${c.message}`);

describe("Pod defaults", () => {
  it("are those of core/v1", () => {
    const { spec } = made({
      containers: [
        {
          ...nginx,
          ports: [{ containerPort: 80 }],
          resources: { limits: { cpu: "1", memory: "64Mi" }, requests: { cpu: "250m" } },
          readinessProbe: { httpGet: { port: 80 } },
        },
      ],
      volumes: [{ name: "v" }, { name: "c", configMap: { name: "c" } }, { name: "h", hostPath: { path: "/" } }],
    });
    expect(spec).toEqual({
      containers: [
        {
          name: "web",
          image: "nginx",
          imagePullPolicy: "Always",
          ports: [{ containerPort: 80, protocol: "TCP" }],
          resources: { limits: { cpu: "1", memory: "64Mi" }, requests: { cpu: "250m", memory: "64Mi" } },
          readinessProbe: {
            httpGet: { port: 80, path: "/", scheme: "HTTP" },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
        },
      ],
      volumes: [
        { name: "v", emptyDir: {} },
        { name: "c", configMap: { name: "c", defaultMode: 420 } },
        { name: "h", hostPath: { path: "/", type: "" } },
      ],
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      schedulerName: "default-scheduler",
      enableServiceLinks: true,
    });
  });

  it.each([
    ["nginx", "latest"],
    ["nginx:1.27", "1.27"],
    ["localhost:5000/nginx", "latest"],
    ["localhost:5000/nginx:1", "1"],
    ["nginx@sha256:0123", ""],
  ])("tag of %s is %j", (image, tag) => {
    expect(imageTag(image)).toBe(tag);
  });

  it("are idempotent", () => {
    const once = made({ containers: [nginx] });
    const twice = structuredClone(once);
    pod.defaults!(twice);
    expect(twice).toEqual(once);
  });
});

describe("Pod creation", () => {
  it.each([
    [{ containers: [nginx] }, "BestEffort"],
    [{ containers: [{ ...nginx, resources: { requests: { cpu: "1" } } }] }, "Burstable"],
    [{ containers: [{ ...nginx, resources: { limits: { cpu: "1", memory: "1Gi" } } }] }, "Guaranteed"],
    [{ containers: [{ ...nginx, resources: { limits: { cpu: "1", memory: "1Gi" } } }, nginx] }, "Burstable"],
  ])("%j is %s", (spec, expected) => {
    const draft = made(spec);
    expect(qosClass(draft.spec)).toBe(expected);
    pod.prepareForCreate!(draft);
    expect(draft.status).toEqual({ phase: "Pending", qosClass: expected });
  });
});

describe("Pod validation", () => {
  it("accepts a good Pod", () => {
    expect(messages(made({ containers: [nginx] }))).toEqual([]);
  });

  it.each([
    [{ containers: [] }, ["spec.containers: Required value"]],
    [
      { containers: [{ name: "Web", image: "" }] },
      [
        "spec.containers[0].name: Invalid value: \"Web\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        "spec.containers[0].image: Required value",
      ],
    ],
    [{ containers: [nginx, nginx] }, ['spec.containers[1].name: Duplicate value: "web"']],
    [
      { containers: [nginx], restartPolicy: "Sometimes" },
      ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      { containers: [{ ...nginx, volumeMounts: [{ name: "x", mountPath: "/x" }] }] },
      ['spec.containers[0].volumeMounts[0].name: Not found: "x"'],
    ],
    [
      { containers: [{ ...nginx, ports: [{ containerPort: 70000 }] }] },
      ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
    ],
    [
      { containers: [{ ...nginx, resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }] },
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      { containers: [{ ...nginx, resources: { requests: { foo: "2" } } }] },
      [
        "spec.containers[0].resources.requests[foo]: Invalid value: foo: must be a standard resource type or fully qualified",
        "spec.containers[0].resources.requests[foo]: Invalid value: foo: must be a standard resource for containers",
      ],
    ],
    [
      { containers: [{ ...nginx, livenessProbe: { successThreshold: 2 } }] },
      [
        "spec.containers[0].livenessProbe: Required value: must specify a handler type",
        "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
      ],
    ],
    [
      { containers: [nginx], initContainers: [{ name: "web", image: "x", readinessProbe: {} }] },
      [
        'spec.initContainers[0].name: Duplicate value: "web"',
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
      ],
    ],
    [
      { containers: [nginx], tolerations: [{ operator: "Equal", value: "x" }] },
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
  ])("%j", (spec, expected) => {
    expect(messages(made(spec))).toEqual(expected);
  });

  it("checks metadata", () => {
    expect(messages(made({ containers: [nginx] }, { name: "", labels: { "a b": "c" } }))).toEqual([
      "metadata.name: Required value: name or generateName is required",
      "metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ]);
  });

  it("keeps the spec but for images", () => {
    const old = made({ containers: [nginx] }, { resourceVersion: "1" });
    const image = made(
      { containers: [{ ...nginx, image: "nginx:2", imagePullPolicy: "Always" }] },
      { resourceVersion: "1" },
    );
    expect(pod.validateUpdate!(image, old)).toEqual([]);
    const host = made({ containers: [nginx], hostname: "x" }, { resourceVersion: "1" });
    const [cause] = pod.validateUpdate!(host, old);
    expect(cause!.field).toBe("spec");
    expect(cause!.message).toContain(
      "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n  core.PodSpec{",
    );
  });
});

describe("Pod table", () => {
  const status = (s: object, metadata: object = {}, spec: object = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a", uid: "", resourceVersion: "1", creationTimestamp: "2025-03-01T08:55:00Z", ...metadata },
    spec: { containers: [nginx], ...spec },
    status: s,
  });
  const running = { name: "web", restartCount: 0, ready: true, state: { running: {} } };

  it.each([
    [status({ phase: "Pending" }), ["0/1", "Pending", "0", "5m"]],
    [status({ phase: "Running", containerStatuses: [running] }), ["1/1", "Running", "0", "5m"]],
    [
      status({
        phase: "Running",
        containerStatuses: [
          {
            ...running,
            restartCount: 3,
            lastState: { terminated: { exitCode: 1, finishedAt: "2025-03-01T08:58:00Z" } },
          },
        ],
      }),
      ["1/1", "Running", "3 (2m ago)", "5m"],
    ],
    [
      status({
        phase: "Running",
        containerStatuses: [{ ...running, ready: false, state: { waiting: { reason: "CrashLoopBackOff" } } }],
      }),
      ["0/1", "CrashLoopBackOff", "0", "5m"],
    ],
    [
      status(
        {
          phase: "Pending",
          initContainerStatuses: [
            { name: "i", restartCount: 0, ready: true, state: { terminated: { exitCode: 0, reason: "Completed" } } },
            { name: "j", restartCount: 0, ready: false, state: { running: {} } },
          ],
          containerStatuses: [{ ...running, ready: false, state: { waiting: { reason: "PodInitializing" } } }],
        },
        {},
        { initContainers: [{ name: "i" }, { name: "j" }] },
      ),
      ["0/1", "Init:1/2", "0", "5m"],
    ],
    [
      status({ phase: "Running", containerStatuses: [running] }, { deletionTimestamp: "2025-03-01T09:00:30Z" }),
      ["1/1", "Terminating", "0", "5m"],
    ],
    [
      status({
        phase: "Succeeded",
        containerStatuses: [{ ...running, ready: false, state: { terminated: { exitCode: 0, reason: "Completed" } } }],
      }),
      ["0/1", "Completed", "0", "5m"],
    ],
    [
      status({
        phase: "Failed",
        containerStatuses: [{ ...running, ready: false, state: { terminated: { exitCode: 3 } } }],
      }),
      ["0/1", "ExitCode:3", "0", "5m"],
    ],
  ])("case %#", (object, expected) => {
    expect(pod.cells(object as never, NOW).slice(1, 5)).toEqual(expected);
  });

  it("counts a running sidecar", () => {
    const object = status(
      {
        phase: "Running",
        initContainerStatuses: [{ name: "side", restartCount: 1, ready: true, started: true, state: { running: {} } }],
        containerStatuses: [running],
      },
      {},
      { initContainers: [{ name: "side", restartPolicy: "Always" }] },
    );
    expect(podSummary(object as never)).toMatchObject({ ready: 2, total: 2, restarts: 1, reason: "Running" });
  });
});
