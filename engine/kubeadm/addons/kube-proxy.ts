import { stringify } from "yaml";
import type { ClusterSettings } from "../settings.ts";
import { configMap, type Manifest, rbac, role, SYSTEM, serviceAccount, subject } from "./manifest.ts";

/** kube-proxy on every node. `server`: URL of the API. */
export function kubeProxy(server: string, { podCidr, version, proxy }: ClusterSettings): Manifest[] {
  const configuration = stringify(
    {
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      bindAddress: "0.0.0.0",
      clientConnection: { kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf" },
      clusterCIDR: podCidr ?? "",
      kind: "KubeProxyConfiguration",
      mode: "",
      ...proxy,
    },
    { lineWidth: 0 },
  );
  const kubeconfig = stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          cluster: { "certificate-authority": "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", server },
          name: "default",
        },
      ],
      contexts: [{ context: { cluster: "default", namespace: "default", user: "default" }, name: "default" }],
      "current-context": "default",
      users: [{ name: "default", user: { tokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token" } }],
    },
    { indentSeq: false, lineWidth: 0 },
  );
  const labels = { "k8s-app": "kube-proxy" };
  return [
    serviceAccount("kube-proxy"),
    rbac("ClusterRoleBinding", "kubeadm:node-proxier", {
      roleRef: role("system:node-proxier"),
      subjects: [subject.account("kube-proxy")],
    }),
    {
      ...configMap("kube-proxy", SYSTEM, { "config.conf": configuration, "kubeconfig.conf": kubeconfig }),
      metadata: { name: "kube-proxy", namespace: SYSTEM, labels: { app: "kube-proxy" } },
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "kube-proxy", namespace: SYSTEM, labels },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                command: [
                  "/usr/local/bin/kube-proxy",
                  "--config=/var/lib/kube-proxy/config.conf",
                  "--hostname-override=$(NODE_NAME)",
                ],
                env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
                image: `registry.k8s.io/kube-proxy:${version}`,
                imagePullPolicy: "IfNotPresent",
                name: "kube-proxy",
                securityContext: { privileged: true },
                volumeMounts: [
                  { mountPath: "/var/lib/kube-proxy", name: "kube-proxy" },
                  { mountPath: "/run/xtables.lock", name: "xtables-lock" },
                  { mountPath: "/lib/modules", name: "lib-modules", readOnly: true },
                ],
              },
            ],
            hostNetwork: true,
            nodeSelector: { "kubernetes.io/os": "linux" },
            priorityClassName: "system-node-critical",
            serviceAccountName: "kube-proxy",
            tolerations: [{ operator: "Exists" }],
            volumes: [
              { configMap: { name: "kube-proxy" }, name: "kube-proxy" },
              { hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" }, name: "xtables-lock" },
              { hostPath: { path: "/lib/modules" }, name: "lib-modules" },
            ],
          },
        },
        updateStrategy: { type: "RollingUpdate" },
      },
    },
  ];
}
