import { type ClusterSettings, dnsAddress } from "../settings.ts";
import { configMap, type Manifest, rbac, role, SYSTEM, serviceAccount, subject } from "./manifest.ts";

const corefile = (domain: string): string => `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes ${domain} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success ${domain}
       disable denial ${domain}
    }
    loop
    reload
    loadbalance
}
`;

/** CoreDNS and the Service kube-dns. */
export function coredns(settings: ClusterSettings): Manifest[] {
  const labels = { "k8s-app": "kube-dns" };
  const http = (path: string, port: number) => ({ httpGet: { path, port, scheme: "HTTP" } });
  return [
    configMap("coredns", SYSTEM, { Corefile: corefile(settings.domain) }),
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
        clusterIP: dnsAddress(settings),
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
