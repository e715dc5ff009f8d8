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
});
