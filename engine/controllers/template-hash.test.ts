import { describe, expect, it } from "vitest";
import { start } from "./harness.ts";

const APPS = "/apis/apps/v1/namespaces/default";

describe("pod-template-hash", () => {
  // What clusters of 1.32 call these ReplicaSets.
  it("is upstream's, for kubectl create deployment nginx --image=nginx", () => {
    const s = start();
    const labels = { app: "nginx" };
    const container = { name: "nginx", image: "nginx", resources: {} };
    s.json("POST", `${APPS}/deployments`, {
      metadata: { name: "nginx", labels },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    });
    s.run(1);
    expect(s.json("GET", `${APPS}/replicasets`).items[0].metadata.name).toBe("nginx-5869d7778c");
  });

  it("is upstream's, for kubeadm's CoreDNS", () => {
    const s = start();
    const probe = (path: string, port: number, extra = {}) => ({
      httpGet: { path, port, scheme: "HTTP" },
      ...extra,
    });
    const labels = { "k8s-app": "kube-dns" };
    const term = {
      labelSelector: { matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns"] }] },
      topologyKey: "kubernetes.io/hostname",
    };
    s.json("POST", `${APPS}/deployments`, {
      metadata: { name: "coredns" },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            priorityClassName: "system-cluster-critical",
            serviceAccountName: "coredns",
            affinity: {
              podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
              },
            },
            tolerations: [
              { key: "CriticalAddonsOnly", operator: "Exists" },
              { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
            ],
            nodeSelector: { "kubernetes.io/os": "linux" },
            containers: [
              {
                name: "coredns",
                image: `registry.${"k8s.io"}/coredns/coredns:v1.11.3`,
                imagePullPolicy: "IfNotPresent",
                resources: { limits: { memory: "170Mi" }, requests: { cpu: "100m", memory: "70Mi" } },
                args: ["-conf", "/etc/coredns/Corefile"],
                volumeMounts: [{ name: "config-volume", mountPath: "/etc/coredns", readOnly: true }],
                ports: [
                  { containerPort: 53, name: "dns", protocol: "UDP" },
                  { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
                  { containerPort: 9153, name: "metrics", protocol: "TCP" },
                ],
                livenessProbe: probe("/health", 8080, {
                  initialDelaySeconds: 60,
                  timeoutSeconds: 5,
                  successThreshold: 1,
                  failureThreshold: 5,
                }),
                readinessProbe: probe("/ready", 8181),
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
                  readOnlyRootFilesystem: true,
                },
              },
            ],
            dnsPolicy: "Default",
            volumes: [
              { name: "config-volume", configMap: { name: "coredns", items: [{ key: "Corefile", path: "Corefile" }] } },
            ],
          },
        },
      },
    });
    s.run(1);
    expect(s.json("GET", `${APPS}/replicasets`).items[0].metadata.name).toBe("coredns-668d6bf9bc");
  });

  // What clusters of 1.32 call them: a quantity keeps its text only where it could be told otherwise.
  it.each([
    [{ resources: { limits: { memory: "64Mi" } } }, "55d55d759f"],
    [{ resources: { limits: { memory: "70Mi" } } }, "6bc4f99d89"],
    [{ resources: { limits: { memory: "128Mi" } } }, "7cc4884d96"],
    [{ resources: { limits: { memory: "64Mi" }, requests: { cpu: "10m", memory: "32Mi" } } }, "68dc55cd77"],
    [{ resources: { limits: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "1Gi" } } }, "5b48d5c66d"],
    [{ resources: { requests: { cpu: 0.5, memory: "1G" } } }, "6bcccf5f95"],
    [{ resources: { requests: { memory: "1024Mi" } } }, "68f796c8bc"],
    [{ resources: { requests: { memory: 1000 } } }, "5c55b4c7c9"],
    [{ resources: { limits: { memory: "0" } } }, "75ddddc99"],
    [{ resources: { requests: { cpu: "0", memory: "8Gi" } } }, "99bf75c5d"],
    [{ readinessProbe: { httpGet: { path: "/", port: 80, httpHeaders: [{ name: "A", value: "b" }] } } }, "78449b6dfd"],
    [{ lifecycle: { preStop: { sleep: { seconds: 3 } } } }, "89f68769d"],
  ])("is upstream's, for a container with %j", (extra, hash) => {
    const s = start();
    const labels = { a: "b" };
    s.json("POST", `${APPS}/deployments`, {
      metadata: { name: "q" },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "x", ...extra }] } },
      },
    });
    s.run(1);
    expect(s.json("GET", `${APPS}/replicasets`).items[0].metadata.name).toBe(`q-${hash}`);
  });
});
