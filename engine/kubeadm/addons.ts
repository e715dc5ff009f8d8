/** What `kubeadm init` and a network add-on's manifest create through the API once it answers. */

import { stringify } from "yaml";
import type { KubeObject } from "../api/types.ts";
import { encode, encodeBase64 } from "../kernel/index.ts";
import { writeYaml } from "../machine/kubelet/yaml.ts";
import { localPathObjects } from "../published/local-path.ts";
import { cilium } from "./cilium.ts";
import { CLUSTER_DOMAIN, DNS_SERVICE_IP, POD_CIDR, SERVICE_CIDR, type Topology, VERSION } from "./topology.ts";

type Manifest = Omit<KubeObject, "metadata"> & {
  metadata: { name: string; namespace?: string; [field: string]: unknown };
};

const SYSTEM = "kube-system";

function configMap(name: string, namespace: string, data: Record<string, string>): Manifest {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}

function serviceAccount(name: string, namespace = SYSTEM): Manifest {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } };
}

function rbac(kind: string, name: string, rest: object, namespace?: string): Manifest {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
    ...rest,
  };
}

const subject = {
  group: (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name }),
  account: (name: string, namespace = SYSTEM) => ({ kind: "ServiceAccount", name, namespace }),
};

const role = (name: string, kind = "ClusterRole") => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });

/** Every object, in the order in which kubeadm creates them. `server`: `https://host:port` of the API. */
export function addons(
  server: string,
  caCertificate: string,
  { network = "flannel", storage = "none" }: Pick<Topology, "network" | "storage"> = {},
): readonly Manifest[] {
  const key = `${network} ${storage} ${server} ${caCertificate}`;
  let manifests = made.get(key);
  if (manifests === undefined) {
    if (made.size >= 4) made.clear();
    const volumes = storage === "local-path" ? (localPathObjects("v0.0.31", true) as Manifest[]) : [];
    manifests = [...bootstrapObjects(server, caCertificate), ...dns(), ...networkOf(network, server), ...volumes];
    made.set(key, manifests);
  }
  return manifests;
}

function networkOf(network: Topology["network"], server: string): Manifest[] {
  return network === "cilium" ? cilium(server) : [...proxy(server), ...flannel()];
}

/** The objects of the clusters made last: sessions of the same birth have the same ones. */
const made = new Map<string, readonly Manifest[]>();

function bootstrapObjects(server: string, ca: string): Manifest[] {
  const clusterConfiguration = stringify(
    {
      apiServer: {},
      apiVersion: "kubeadm.k8s.io/v1beta4",
      caCertificateValidityPeriod: "87600h0m0s",
      certificateValidityPeriod: "8760h0m0s",
      certificatesDir: "/etc/kubernetes/pki",
      clusterName: "kubernetes",
      controlPlaneEndpoint: server.replace("https://", ""),
      controllerManager: {},
      dns: {},
      encryptionAlgorithm: "ECDSA-P256",
      etcd: { local: { dataDir: "/var/lib/etcd" } },
      imageRepository: "registry.k8s.io",
      kind: "ClusterConfiguration",
      kubernetesVersion: VERSION,
      networking: { dnsDomain: CLUSTER_DOMAIN, podSubnet: POD_CIDR, serviceSubnet: SERVICE_CIDR },
      proxy: {},
      scheduler: {},
    },
    { lineWidth: 0 },
  );
  return [
    rbac("ClusterRoleBinding", "kubeadm:cluster-admins", {
      roleRef: role("cluster-admin"),
      subjects: [subject.group("kubeadm:cluster-admins")],
    }),
    configMap("kubeadm-config", SYSTEM, { ClusterConfiguration: clusterConfiguration }),
    rbac(
      "Role",
      "kubeadm:nodes-kubeadm-config",
      {
        rules: [{ apiGroups: [""], resourceNames: ["kubeadm-config"], resources: ["configmaps"], verbs: ["get"] }],
      },
      SYSTEM,
    ),
    rbac(
      "RoleBinding",
      "kubeadm:nodes-kubeadm-config",
      {
        roleRef: role("kubeadm:nodes-kubeadm-config", "Role"),
        subjects: [subject.group("system:bootstrappers:kubeadm:default-node-token"), subject.group("system:nodes")],
      },
      SYSTEM,
    ),
    configMap("kubelet-config", SYSTEM, { kubelet: kubeletConfiguration() }),
    rbac(
      "Role",
      "kubeadm:kubelet-config",
      {
        rules: [{ apiGroups: [""], resourceNames: ["kubelet-config"], resources: ["configmaps"], verbs: ["get"] }],
      },
      SYSTEM,
    ),
    rbac(
      "RoleBinding",
      "kubeadm:kubelet-config",
      {
        roleRef: role("kubeadm:kubelet-config", "Role"),
        subjects: [subject.group("system:nodes"), subject.group("system:bootstrappers:kubeadm:default-node-token")],
      },
      SYSTEM,
    ),
    rbac("ClusterRole", "kubeadm:get-nodes", { rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get"] }] }),
    rbac("ClusterRoleBinding", "kubeadm:get-nodes", {
      roleRef: role("kubeadm:get-nodes"),
      subjects: [subject.group("system:bootstrappers:kubeadm:default-node-token")],
    }),
    rbac("ClusterRoleBinding", "kubeadm:kubelet-bootstrap", {
      roleRef: role("system:node-bootstrapper"),
      subjects: [subject.group("system:bootstrappers:kubeadm:default-node-token")],
    }),
    rbac("ClusterRoleBinding", "kubeadm:node-autoapprove-bootstrap", {
      roleRef: role("system:certificates.k8s.io:certificatesigningrequests:nodeclient"),
      subjects: [subject.group("system:bootstrappers:kubeadm:default-node-token")],
    }),
    rbac("ClusterRoleBinding", "kubeadm:node-autoapprove-certificate-rotation", {
      roleRef: role("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"),
      subjects: [subject.group("system:nodes")],
    }),
    configMap("cluster-info", "kube-public", {
      kubeconfig: stringify(
        {
          apiVersion: "v1",
          clusters: [{ cluster: { "certificate-authority-data": encodeBase64(encode(ca)), server }, name: "" }],
          contexts: null,
          "current-context": "",
          kind: "Config",
          preferences: {},
          users: null,
        },
        { indentSeq: false, lineWidth: 0 },
      ),
    }),
    rbac(
      "Role",
      "kubeadm:bootstrap-signer-clusterinfo",
      {
        rules: [{ apiGroups: [""], resourceNames: ["cluster-info"], resources: ["configmaps"], verbs: ["get"] }],
      },
      "kube-public",
    ),
    rbac(
      "RoleBinding",
      "kubeadm:bootstrap-signer-clusterinfo",
      {
        roleRef: role("kubeadm:bootstrap-signer-clusterinfo", "Role"),
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "system:anonymous" }],
      },
      "kube-public",
    ),
  ];
}

/** /var/lib/kubelet/config.yaml as kubeadm fills it in. */
export function kubeletConfiguration(): string {
  configuration ??= writeConfiguration();
  return configuration;
}

let configuration: string | undefined;

function writeConfiguration(): string {
  return writeYaml(
    {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      authentication: {
        anonymous: { enabled: false },
        webhook: { cacheTTL: "0s", enabled: true },
        x509: { clientCAFile: "/etc/kubernetes/pki/ca.crt" },
      },
      authorization: { mode: "Webhook", webhook: { cacheAuthorizedTTL: "0s", cacheUnauthorizedTTL: "0s" } },
      cgroupDriver: "systemd",
      clusterDNS: [DNS_SERVICE_IP],
      clusterDomain: CLUSTER_DOMAIN,
      containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
      cpuManagerReconcilePeriod: "0s",
      evictionPressureTransitionPeriod: "0s",
      fileCheckFrequency: "0s",
      healthzBindAddress: "127.0.0.1",
      healthzPort: 10248,
      httpCheckFrequency: "0s",
      imageMaximumGCAge: "0s",
      imageMinimumGCAge: "0s",
      kind: "KubeletConfiguration",
      logging: {
        flushFrequency: 0,
        options: { json: { infoBufferSize: "0" }, text: { infoBufferSize: "0" } },
        verbosity: 0,
      },
      memorySwap: {},
      nodeStatusReportFrequency: "0s",
      nodeStatusUpdateFrequency: "0s",
      rotateCertificates: true,
      runtimeRequestTimeout: "0s",
      shutdownGracePeriod: "0s",
      shutdownGracePeriodCriticalPods: "0s",
      staticPodPath: "/etc/kubernetes/manifests",
      streamingConnectionIdleTimeout: "0s",
      syncFrequency: "0s",
      volumeStatsAggPeriod: "0s",
    },
    { indentSeq: false, lineWidth: 0 },
  );
}

const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes ${CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success ${CLUSTER_DOMAIN}
       disable denial ${CLUSTER_DOMAIN}
    }
    loop
    reload
    loadbalance
}
`;

function dns(): Manifest[] {
  const labels = { "k8s-app": "kube-dns" };
  const http = (path: string, port: number) => ({ httpGet: { path, port, scheme: "HTTP" } });
  return [
    configMap("coredns", SYSTEM, { Corefile: COREFILE }),
    rbac("ClusterRole", "system:coredns", {
      rules: [
        { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      ],
    }),
    rbac("ClusterRoleBinding", "system:coredns", {
      roleRef: role("system:coredns"),
      subjects: [subject.account("coredns")],
    }),
    serviceAccount("coredns"),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "coredns", namespace: SYSTEM, labels },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
        template: {
          metadata: { labels },
          spec: {
            affinity: {
              podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  {
                    podAffinityTerm: {
                      labelSelector: { matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns"] }] },
                      topologyKey: "kubernetes.io/hostname",
                    },
                    weight: 100,
                  },
                ],
              },
            },
            containers: [
              {
                args: ["-conf", "/etc/coredns/Corefile"],
                image: "registry.k8s.io/coredns/coredns:v1.11.3",
                imagePullPolicy: "IfNotPresent",
                livenessProbe: {
                  ...http("/health", 8080),
                  failureThreshold: 5,
                  initialDelaySeconds: 60,
                  successThreshold: 1,
                  timeoutSeconds: 5,
                },
                name: "coredns",
                ports: [
                  { containerPort: 53, name: "dns", protocol: "UDP" },
                  { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
                  { containerPort: 9153, name: "metrics", protocol: "TCP" },
                ],
                readinessProbe: http("/ready", 8181),
                resources: { limits: { memory: "170Mi" }, requests: { cpu: "100m", memory: "70Mi" } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
                  readOnlyRootFilesystem: true,
                },
                volumeMounts: [{ mountPath: "/etc/coredns", name: "config-volume", readOnly: true }],
              },
            ],
            dnsPolicy: "Default",
            nodeSelector: { "kubernetes.io/os": "linux" },
            priorityClassName: "system-cluster-critical",
            serviceAccountName: "coredns",
            tolerations: [
              { key: "CriticalAddonsOnly", operator: "Exists" },
              { effect: "NoSchedule", key: "node-role.kubernetes.io/control-plane" },
            ],
            volumes: [
              { configMap: { items: [{ key: "Corefile", path: "Corefile" }], name: "coredns" }, name: "config-volume" },
            ],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "kube-dns",
        namespace: SYSTEM,
        annotations: { "prometheus.io/port": "9153", "prometheus.io/scrape": "true" },
        labels: { ...labels, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
      },
      spec: {
        clusterIP: DNS_SERVICE_IP,
        ports: [
          { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
          { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
          { name: "metrics", port: 9153, protocol: "TCP", targetPort: 9153 },
        ],
        selector: labels,
      },
    },
  ];
}

function proxy(server: string): Manifest[] {
  const configuration = stringify(
    {
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      bindAddress: "0.0.0.0",
      clientConnection: { kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf" },
      clusterCIDR: POD_CIDR,
      kind: "KubeProxyConfiguration",
      mode: "",
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
                image: `registry.k8s.io/kube-proxy:${VERSION}`,
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

function flannel(): Manifest[] {
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
        "net-conf.json": `${JSON.stringify({ Network: POD_CIDR, EnableNFTables: false, Backend: { Type: "vxlan" } }, null, 2)}\n`,
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
