import { POD_CIDR } from "../topology.ts";
import { configMap, type Manifest, rbac, role, serviceAccount, subject } from "./manifest.ts";

/** kube-flannel.yml with the vxlan backend and network policies. */
export function flannel(network = POD_CIDR): Manifest[] {
  const namespace = "kube-flannel";
  const labels = { app: "flannel", "k8s-app": "flannel" };
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: namespace,
        labels: { "k8s-app": "flannel", "pod-security.kubernetes.io/enforce": "privileged" },
      },
    },
    serviceAccount("flannel", namespace),
    rbac("ClusterRole", "flannel", {
      rules: [
        { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
        { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
        { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
        // As the chart adds for netpol.enabled.
        { apiGroups: [""], resources: ["pods", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["list", "watch"] },
      ],
    }),
    rbac("ClusterRoleBinding", "flannel", {
      roleRef: role("flannel"),
      subjects: [subject.account("flannel", namespace)],
    }),
    {
      ...configMap("kube-flannel-cfg", namespace, {
        "cni-conf.json": `${JSON.stringify(
          {
            name: "cbr0",
            cniVersion: "0.3.1",
            plugins: [
              { type: "flannel", delegate: { hairpinMode: true, isDefaultGateway: true } },
              { type: "portmap", capabilities: { portMappings: true } },
            ],
          },
          null,
          2,
        )}\n`,
        "net-conf.json": `${JSON.stringify({ Network: network, EnableNFTables: false, Backend: { Type: "vxlan" } }, null, 2)}\n`,
      }),
      metadata: { name: "kube-flannel-cfg", namespace, labels: { ...labels, tier: "node" } },
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "kube-flannel-ds", namespace, labels: { ...labels, tier: "node" } },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels: { ...labels, tier: "node" } },
          spec: {
            affinity: {
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: {
                  nodeSelectorTerms: [
                    { matchExpressions: [{ key: "kubernetes.io/os", operator: "In", values: ["linux"] }] },
                  ],
                },
              },
            },
            containers: [
              {
                args: ["--ip-masq", "--kube-subnet-mgr"],
                command: ["/opt/bin/flanneld"],
                env: [
                  { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                  { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
                  { name: "EVENT_QUEUE_DEPTH", value: "5000" },
                ],
                image: "docker.io/flannel/flannel:v0.26.5",
                name: "kube-flannel",
                resources: { requests: { cpu: "100m", memory: "50Mi" } },
                securityContext: { capabilities: { add: ["NET_ADMIN", "NET_RAW"] }, privileged: false },
                volumeMounts: [
                  { mountPath: "/run/flannel", name: "run" },
                  { mountPath: "/etc/kube-flannel/", name: "flannel-cfg" },
                  { mountPath: "/run/xtables.lock", name: "xtables-lock" },
                ],
              },
            ],
            hostNetwork: true,
            initContainers: [
              {
                args: ["-f", "/etc/kube-flannel/cni-conf.json", "/etc/cni/net.d/10-flannel.conflist"],
                command: ["cp"],
                image: "docker.io/flannel/flannel:v0.26.5",
                name: "install-cni",
                volumeMounts: [
                  { mountPath: "/etc/cni/net.d", name: "cni" },
                  { mountPath: "/etc/kube-flannel/", name: "flannel-cfg" },
                ],
              },
            ],
            priorityClassName: "system-node-critical",
            serviceAccountName: "flannel",
            tolerations: [{ effect: "NoSchedule", operator: "Exists" }],
            volumes: [
              { hostPath: { path: "/run/flannel" }, name: "run" },
              { hostPath: { path: "/etc/cni/net.d" }, name: "cni" },
              { configMap: { name: "kube-flannel-cfg" }, name: "flannel-cfg" },
              { hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" }, name: "xtables-lock" },
            ],
          },
        },
      },
    },
  ];
}
