import { POD_CIDR } from "../topology.ts";
import { type Manifest, SYSTEM } from "./manifest.ts";

const VERSION = "v1.17.3";

/** What `cilium install` makes with kubeProxyReplacement: the agent on every node and one operator. `server`: URL of the API. */
export function cilium(server: string): Manifest[] {
  const [, host, port] = /^https:\/\/(.+):(\d+)$/.exec(server)!;
  // There is no kube-proxy that would translate the Service kubernetes: the agents are told where the API is.
  const api = [
    { name: "KUBERNETES_SERVICE_HOST", value: host },
    { name: "KUBERNETES_SERVICE_PORT", value: port },
  ];
  return [
    ...accounts(),
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cilium-config", namespace: SYSTEM },
      data: {
        "cluster-name": "default",
        "cluster-pool-ipv4-cidr": POD_CIDR,
        "enable-ipv4": "true",
        "enable-ipv6": "false",
        ipam: "kubernetes",
        "kube-proxy-replacement": "true",
        "routing-mode": "tunnel",
        "tunnel-protocol": "vxlan",
      },
    },
    agent(api),
    operator(api),
  ];
}

function accounts(): Manifest[] {
  return ["cilium", "cilium-operator"].flatMap((name) => [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: SYSTEM } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name, labels: { "app.kubernetes.io/part-of": "cilium" } },
      rules: [
        {
          apiGroups: [""],
          resources: ["namespaces", "services", "pods", "endpoints", "nodes"],
          verbs: ["get", "list", "watch"],
        },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
        { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["get", "list", "watch"] },
        { apiGroups: [""], resources: ["nodes", "nodes/status"], verbs: ["patch"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name, labels: { "app.kubernetes.io/part-of": "cilium" } },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: SYSTEM }],
    },
  ]);
}

function agent(api: readonly object[]): Manifest {
  const labels = { "k8s-app": "cilium" };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "cilium", namespace: SYSTEM, labels: { ...labels, "app.kubernetes.io/part-of": "cilium" } },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, "app.kubernetes.io/name": "cilium-agent" } },
        spec: {
          containers: [
            {
              args: ["--config-dir=/tmp/cilium/config-map"],
              command: ["cilium-agent"],
              env: [
                { name: "K8S_NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
                { name: "CILIUM_K8S_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
                ...api,
              ],
              image: `quay.io/cilium/cilium:${VERSION}`,
              imagePullPolicy: "IfNotPresent",
              name: "cilium-agent",
              readinessProbe: {
                httpGet: { host: "127.0.0.1", path: "/healthz", port: 9879, scheme: "HTTP" },
                periodSeconds: 30,
                timeoutSeconds: 5,
              },
              securityContext: { privileged: true },
              volumeMounts: [
                { mountPath: "/host/etc/cni/net.d", name: "etc-cni-netd" },
                { mountPath: "/tmp/cilium/config-map", name: "cilium-config-path", readOnly: true },
              ],
            },
          ],
          hostNetwork: true,
          nodeSelector: { "kubernetes.io/os": "linux" },
          priorityClassName: "system-node-critical",
          serviceAccountName: "cilium",
          tolerations: [{ operator: "Exists" }],
          volumes: [
            { hostPath: { path: "/etc/cni/net.d", type: "DirectoryOrCreate" }, name: "etc-cni-netd" },
            { configMap: { name: "cilium-config" }, name: "cilium-config-path" },
          ],
        },
      },
    },
  };
}

function operator(api: readonly object[]): Manifest {
  const labels = { "io.cilium/app": "operator", name: "cilium-operator" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "cilium-operator", namespace: SYSTEM, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              command: ["cilium-operator-generic"],
              env: api,
              image: `quay.io/cilium/operator-generic:${VERSION}`,
              imagePullPolicy: "IfNotPresent",
              name: "cilium-operator",
            },
          ],
          hostNetwork: true,
          priorityClassName: "system-cluster-critical",
          serviceAccountName: "cilium-operator",
          tolerations: [{ operator: "Exists" }],
        },
      },
    },
  };
}
