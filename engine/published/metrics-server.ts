import { writeYaml } from "../machine/kubelet/yaml.ts";

const SYSTEM = "kube-system";
const LABELS = { "k8s-app": "metrics-server" };
const RBAC = "rbac.authorization.k8s.io";
const PORT = 10250;

const named = (name: string, namespace?: string, more: Record<string, string> = {}) => ({
  labels: { ...LABELS, ...more },
  name,
  ...(namespace && { namespace }),
});

const account = { kind: "ServiceAccount", name: "metrics-server", namespace: SYSTEM };

function binding(kind: string, name: string, role: [kind: string, name: string], namespace?: string): object {
  return {
    apiVersion: `${RBAC}/v1`,
    kind,
    metadata: named(name, namespace),
    roleRef: { apiGroup: RBAC, kind: role[0], name: role[1] },
    subjects: [account],
  };
}

function clusterRole(name: string, rules: object[], labels: Record<string, string> = {}): object {
  return { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: named(name, undefined, labels), rules };
}

const READ = ["get", "list", "watch"];
const aggregated = (role: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${role}`]: "true" });

const probe = (path: string, more: object = {}) => ({
  failureThreshold: 3,
  httpGet: { path, port: "https", scheme: "HTTPS" },
  periodSeconds: 10,
  ...more,
});

const deployment = (version: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: named("metrics-server", SYSTEM),
  spec: {
    selector: { matchLabels: LABELS },
    strategy: { rollingUpdate: { maxUnavailable: 0 } },
    template: {
      metadata: { labels: LABELS },
      spec: {
        containers: [
          {
            args: [
              "--cert-dir=/tmp",
              `--secure-port=${PORT}`,
              "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
              "--kubelet-use-node-status-port",
              "--metric-resolution=15s",
            ],
            image: `registry.k8s.io/metrics-server/metrics-server:${version}`,
            imagePullPolicy: "IfNotPresent",
            livenessProbe: probe("/livez"),
            name: "metrics-server",
            ports: [{ containerPort: PORT, name: "https", protocol: "TCP" }],
            readinessProbe: probe("/readyz", { initialDelaySeconds: 20 }),
            resources: { requests: { cpu: "100m", memory: "200Mi" } },
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ["ALL"] },
              readOnlyRootFilesystem: true,
              runAsNonRoot: true,
              runAsUser: 1000,
              seccompProfile: { type: "RuntimeDefault" },
            },
            volumeMounts: [{ mountPath: "/tmp", name: "tmp-dir" }],
          },
        ],
        nodeSelector: { "kubernetes.io/os": "linux" },
        priorityClassName: "system-cluster-critical",
        serviceAccountName: "metrics-server",
        volumes: [{ emptyDir: {}, name: "tmp-dir" }],
      },
    },
  },
});

/** What metrics-server's releases offer as components.yaml: the same objects, for `version` (`v0.7.2`). */
export function metricsServerManifest(version: string): string {
  const objects = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: named("metrics-server", SYSTEM) },
    clusterRole(
      "system:aggregated-metrics-reader",
      [{ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: READ }],
      { ...aggregated("admin"), ...aggregated("edit"), ...aggregated("view") },
    ),
    clusterRole("system:metrics-server", [
      { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods", "nodes"], verbs: READ },
    ]),
    binding("RoleBinding", "metrics-server-auth-reader", ["Role", "extension-apiserver-authentication-reader"], SYSTEM),
    binding("ClusterRoleBinding", "metrics-server:system:auth-delegator", ["ClusterRole", "system:auth-delegator"]),
    binding("ClusterRoleBinding", "system:metrics-server", ["ClusterRole", "system:metrics-server"]),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: named("metrics-server", SYSTEM),
      spec: { ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: "https" }], selector: LABELS },
    },
    deployment(version),
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: named("v1beta1.metrics.k8s.io"),
      spec: {
        group: "metrics.k8s.io",
        groupPriorityMinimum: 100,
        insecureSkipTLSVerify: true,
        service: { name: "metrics-server", namespace: SYSTEM },
        version: "v1beta1",
        versionPriority: 100,
      },
    },
  ];
  return objects.map((object) => writeYaml(object)).join("---\n");
}
