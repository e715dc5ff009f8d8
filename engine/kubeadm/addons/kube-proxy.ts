import { stringify } from "yaml";
import type { ClusterSettings } from "../settings.ts";
import { configMap, type Manifest, rbac, role, SYSTEM, serviceAccount, subject } from "./manifest.ts";

const LOOPS = { minSyncPeriod: "0s", syncPeriod: "0s" };

/**
 * The KubeProxyConfiguration that kubeadm writes: every field of kubeproxy.config.k8s.io/v1alpha1 of 1.32, most of them left
 * to kube-proxy to fill in, and what was given.
 */
function kubeProxyConfiguration(clusterCIDR: string, given: ClusterSettings["proxy"]): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    bindAddress: "0.0.0.0",
    bindAddressHardFail: false,
    clientConnection: {
      acceptContentTypes: "",
      burst: 0,
      contentType: "",
      kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf",
      qps: 0,
    },
    clusterCIDR,
    configSyncPeriod: "0s",
    conntrack: {
      maxPerCore: null,
      min: null,
      tcpBeLiberal: false,
      tcpCloseWaitTimeout: null,
      tcpEstablishedTimeout: null,
      udpStreamTimeout: "0s",
      udpTimeout: "0s",
    },
    detectLocal: { bridgeInterface: "", interfaceNamePrefix: "" },
    detectLocalMode: "",
    enableProfiling: false,
    healthzBindAddress: "",
    hostnameOverride: "",
    iptables: { localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, ...LOOPS },
    ipvs: {
      excludeCIDRs: null,
      minSyncPeriod: "0s",
      scheduler: "",
      strictARP: false,
      syncPeriod: "0s",
      tcpFinTimeout: "0s",
      tcpTimeout: "0s",
      udpTimeout: "0s",
    },
    kind: "KubeProxyConfiguration",
    logging: {
      flushFrequency: 0,
      options: { json: { infoBufferSize: "0" }, text: { infoBufferSize: "0" } },
      verbosity: 0,
    },
    metricsBindAddress: "",
    mode: "",
    nftables: { masqueradeAll: false, masqueradeBit: null, ...LOOPS },
    nodePortAddresses: null,
    oomScoreAdj: null,
    portRange: "",
    showHiddenMetricsForVersion: "",
    winkernel: {
      enableDSR: false,
      forwardHealthCheckVip: false,
      networkName: "",
      rootHnsEndpointName: "",
      sourceVip: "",
    },
  };
  for (const [name, value] of Object.entries(given)) {
    const own = fields[name];
    fields[name] = isGroup(own) && isGroup(value) ? { ...own, ...value } : value;
  }
  return fields;
}

const isGroup = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** kube-proxy on every node. `server`: URL of the API. */
export function kubeProxy(server: string, { podCidr, version, proxy }: ClusterSettings): Manifest[] {
  const configuration = stringify(kubeProxyConfiguration(podCidr ?? "", proxy), { lineWidth: 0 });
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
