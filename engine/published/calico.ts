import { writeYaml } from "../machine/kubelet/yaml.ts";
import { definitionOf } from "./definition.ts";

const GROUP = "crd.projectcalico.org";
const RBAC = "rbac.authorization.k8s.io";

/** Kinds in which Calico keeps what it knows, by their plurals; the last two belong to namespaces. */
const KINDS: Readonly<Record<string, string>> = {
  bgpconfigurations: "BGPConfiguration",
  bgpfilters: "BGPFilter",
  bgppeers: "BGPPeer",
  blockaffinities: "BlockAffinity",
  caliconodestatuses: "CalicoNodeStatus",
  clusterinformations: "ClusterInformation",
  felixconfigurations: "FelixConfiguration",
  globalnetworkpolicies: "GlobalNetworkPolicy",
  globalnetworksets: "GlobalNetworkSet",
  hostendpoints: "HostEndpoint",
  ipamblocks: "IPAMBlock",
  ipamconfigs: "IPAMConfig",
  ipamhandles: "IPAMHandle",
  ippools: "IPPool",
  ipreservations: "IPReservation",
  kubecontrollersconfigurations: "KubeControllersConfiguration",
  tiers: "Tier",
  networkpolicies: "NetworkPolicy",
  networksets: "NetworkSet",
};

function crd([plural, kind]: [string, string]): object {
  const namespaced = plural === "networkpolicies" || plural === "networksets";
  return definitionOf({ group: GROUP, kind, plural, scope: namespaced ? "Namespaced" : "Cluster" });
}

/** Every kind of Calico's own. */
export const calicoCrds = (): object[] => Object.entries(KINDS).map(crd);

const READ = ["get", "list", "watch"];
const rule = (group: string, resources: string[], verbs: string[]) => ({ apiGroups: [group], resources, verbs });

function account(name: string, namespace: string, rules: object[]): object[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
  ];
}

const ALL_OWN = rule(GROUP, Object.keys(KINDS), ["get", "list", "watch", "create", "update", "delete"]);

/** The configuration of the plug-ins, which install-cni fills in. */
const CNI_CONFIG = JSON.stringify(
  {
    name: "k8s-pod-network",
    cniVersion: "0.3.1",
    plugins: [
      {
        type: "calico",
        log_level: "info",
        log_file_path: "/var/log/calico/cni/cni.log",
        datastore_type: "kubernetes",
        nodename: "__KUBERNETES_NODE_NAME__",
        mtu: 0,
        ipam: { type: "calico-ipam" },
        policy: { type: "k8s" },
        kubernetes: { kubeconfig: "__KUBECONFIG_FILEPATH__" },
      },
      { type: "portmap", snat: true, capabilities: { portMappings: true } },
      { type: "bandwidth", capabilities: { bandwidth: true } },
    ],
  },
  undefined,
  2,
);

export interface CalicoOptions {
  version: string;
  /** `kube-system`, or the operator's `calico-system`. */
  namespace: string;
  /** CALICO_IPV4POOL_CIDR; undefined: what kubeadm says. */
  cidr?: string | undefined;
  encapsulation: "ipip" | "vxlan";
}

/** What Calico consists of: who it is, its configuration, the agent of each node, and the controllers. */
export function calicoObjects({ version, namespace, cidr, encapsulation }: CalicoOptions): object[] {
  const node = rule(
    "",
    ["pods", "nodes", "namespaces", "serviceaccounts", "services", "endpoints", "configmaps"],
    READ,
  );
  return [
    ...account("calico-kube-controllers", namespace, [node, ALL_OWN]),
    ...account("calico-node", namespace, [
      node,
      rule("", ["pods/status", "nodes/status"], ["patch", "update"]),
      rule("", ["serviceaccounts/token"], ["create"]),
      rule("discovery.k8s.io", ["endpointslices"], READ),
      rule("networking.k8s.io", ["networkpolicies"], READ),
      ALL_OWN,
    ]),
    ...account("calico-cni-plugin", namespace, [node, rule("", ["pods/status"], ["patch"]), ALL_OWN]),
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "calico-config", namespace },
      data: {
        typha_service_name: "none",
        calico_backend: encapsulation === "ipip" ? "bird" : "vxlan",
        veth_mtu: "0",
        cni_network_config: CNI_CONFIG,
      },
    },
    daemonSet(version, namespace, cidr, encapsulation),
    controllers(version, namespace),
  ];
}

const fromConfig = (name: string, key: string) => ({
  name,
  valueFrom: { configMapKeyRef: { name: "calico-config", key } },
});
const fromNode = (name: string) => ({ name, valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } });
const hostPath = (name: string, path: string, type?: string) => ({ name, hostPath: { path, ...(type && { type }) } });

function daemonSet(
  version: string,
  namespace: string,
  cidr: string | undefined,
  encapsulation: CalicoOptions["encapsulation"],
): object {
  const labels = { "k8s-app": "calico-node" };
  const image = (name: string) => `docker.io/calico/${name}:${version}`;
  const privileged = { securityContext: { privileged: true } };
  const check = (...flags: string[]) => ({ exec: { command: ["/bin/calico-node", ...flags] } });
  const cni = [
    { mountPath: "/host/opt/cni/bin", name: "cni-bin-dir" },
    { mountPath: "/host/etc/cni/net.d", name: "cni-net-dir" },
  ];
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "calico-node", namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { "kubernetes.io/os": "linux" },
          hostNetwork: true,
          tolerations: [
            { effect: "NoSchedule", operator: "Exists" },
            { key: "CriticalAddonsOnly", operator: "Exists" },
            { effect: "NoExecute", operator: "Exists" },
          ],
          serviceAccountName: "calico-node",
          terminationGracePeriodSeconds: 0,
          priorityClassName: "system-node-critical",
          initContainers: [
            {
              name: "upgrade-ipam",
              image: image("cni"),
              imagePullPolicy: "IfNotPresent",
              command: ["/opt/cni/bin/calico-ipam", "-upgrade"],
              env: [fromNode("KUBERNETES_NODE_NAME"), fromConfig("CALICO_NETWORKING_BACKEND", "calico_backend")],
              ...privileged,
            },
            {
              name: "install-cni",
              image: image("cni"),
              imagePullPolicy: "IfNotPresent",
              command: ["/opt/cni/bin/install"],
              env: [
                { name: "CNI_CONF_NAME", value: "10-calico.conflist" },
                fromConfig("CNI_NETWORK_CONFIG", "cni_network_config"),
                fromNode("KUBERNETES_NODE_NAME"),
                fromConfig("CNI_MTU", "veth_mtu"),
                { name: "SLEEP", value: "false" },
              ],
              volumeMounts: cni,
              ...privileged,
            },
            {
              name: "mount-bpffs",
              image: image("node"),
              imagePullPolicy: "IfNotPresent",
              command: ["calico-node", "-init", "-best-effort"],
              ...privileged,
            },
          ],
          containers: [
            {
              name: "calico-node",
              image: image("node"),
              imagePullPolicy: "IfNotPresent",
              env: [
                { name: "DATASTORE_TYPE", value: "kubernetes" },
                { name: "WAIT_FOR_DATASTORE", value: "true" },
                fromNode("NODENAME"),
                fromConfig("CALICO_NETWORKING_BACKEND", "calico_backend"),
                { name: "CLUSTER_TYPE", value: "k8s,bgp" },
                { name: "IP", value: "autodetect" },
                { name: "CALICO_IPV4POOL_IPIP", value: encapsulation === "ipip" ? "Always" : "Never" },
                { name: "CALICO_IPV4POOL_VXLAN", value: encapsulation === "ipip" ? "Never" : "Always" },
                ...(cidr === undefined ? [] : [{ name: "CALICO_IPV4POOL_CIDR", value: cidr }]),
                { name: "CALICO_DISABLE_FILE_LOGGING", value: "true" },
                { name: "FELIX_DEFAULTENDPOINTTOHOSTACTION", value: "ACCEPT" },
                { name: "FELIX_IPV6SUPPORT", value: "false" },
                { name: "FELIX_HEALTHENABLED", value: "true" },
              ],
              resources: { requests: { cpu: "250m" } },
              lifecycle: { preStop: check("-shutdown") },
              livenessProbe: {
                ...check("-felix-live", "-bird-live"),
                periodSeconds: 10,
                initialDelaySeconds: 10,
                failureThreshold: 6,
                timeoutSeconds: 10,
              },
              readinessProbe: { ...check("-felix-ready", "-bird-ready"), periodSeconds: 10, timeoutSeconds: 10 },
              volumeMounts: [
                { mountPath: "/host/etc/cni/net.d", name: "cni-net-dir", readOnly: false },
                { mountPath: "/lib/modules", name: "lib-modules", readOnly: true },
                { mountPath: "/run/xtables.lock", name: "xtables-lock", readOnly: false },
                { mountPath: "/var/run/calico", name: "var-run-calico", readOnly: false },
                { mountPath: "/var/lib/calico", name: "var-lib-calico", readOnly: false },
              ],
              ...privileged,
            },
          ],
          volumes: [
            hostPath("lib-modules", "/lib/modules"),
            hostPath("var-run-calico", "/var/run/calico", "DirectoryOrCreate"),
            hostPath("var-lib-calico", "/var/lib/calico", "DirectoryOrCreate"),
            hostPath("xtables-lock", "/run/xtables.lock", "FileOrCreate"),
            hostPath("cni-bin-dir", "/opt/cni/bin", "DirectoryOrCreate"),
            hostPath("cni-net-dir", "/etc/cni/net.d"),
          ],
        },
      },
    },
  };
}

function controllers(version: string, namespace: string): object {
  const labels = { "k8s-app": "calico-kube-controllers" };
  const check = (flag: string) => ({ exec: { command: ["/usr/bin/check-status", flag] } });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "calico-kube-controllers", namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: { type: "Recreate" },
      template: {
        metadata: { name: "calico-kube-controllers", namespace, labels },
        spec: {
          nodeSelector: { "kubernetes.io/os": "linux" },
          tolerations: [
            { key: "CriticalAddonsOnly", operator: "Exists" },
            { key: "node-role.kubernetes.io/master", effect: "NoSchedule" },
            { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
          ],
          serviceAccountName: "calico-kube-controllers",
          priorityClassName: "system-cluster-critical",
          containers: [
            {
              name: "calico-kube-controllers",
              image: `docker.io/calico/kube-controllers:${version}`,
              imagePullPolicy: "IfNotPresent",
              env: [
                { name: "ENABLED_CONTROLLERS", value: "node,loadbalancer" },
                { name: "DATASTORE_TYPE", value: "kubernetes" },
              ],
              livenessProbe: {
                ...check("-l"),
                periodSeconds: 10,
                initialDelaySeconds: 10,
                failureThreshold: 6,
                timeoutSeconds: 10,
              },
              readinessProbe: { ...check("-r"), periodSeconds: 10 },
            },
          ],
        },
      },
    },
  };
}

/** The disruption budget that the manifest begins with. */
const BUDGET = {
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: {
    name: "calico-kube-controllers",
    namespace: "kube-system",
    labels: { "k8s-app": "calico-kube-controllers" },
  },
  spec: { maxUnavailable: 1, selector: { matchLabels: { "k8s-app": "calico-kube-controllers" } } },
};

/** manifests/calico.yaml of a release, or calico-vxlan.yaml. */
export function calicoManifest(version: string, encapsulation: CalicoOptions["encapsulation"] = "ipip"): string {
  const objects = calicoObjects({ version, namespace: "kube-system", encapsulation });
  return [BUDGET, ...calicoCrds(), ...objects].map((object) => writeYaml(object)).join("---\n");
}
