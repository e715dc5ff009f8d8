/** Static Pod manifests of the control plane, as kubeadm 1.32 writes them to /etc/kubernetes/manifests. */
import { NODE_CRITICAL } from "../api/scheduling/priorityclass.ts";
import { writeYaml } from "../machine/kubelet/yaml.ts";
import { type ClusterSettings, type ExtraArguments, OWN } from "./settings.ts";

const PKI = "/etc/kubernetes/pki";

interface Probe {
  path: string;
  port: number;
  host: string;
  scheme: "HTTP" | "HTTPS";
  failureThreshold: number;
  initialDelaySeconds?: number;
  periodSeconds?: number;
}

function probe({ path, port, host, scheme, ...times }: Probe): object {
  return {
    failureThreshold: times.failureThreshold,
    httpGet: { host, path, port, scheme },
    ...(times.initialDelaySeconds === undefined ? {} : { initialDelaySeconds: times.initialDelaySeconds }),
    ...(times.periodSeconds === undefined ? {} : { periodSeconds: times.periodSeconds }),
    timeoutSeconds: 15,
  };
}

interface StaticPod {
  component: string;
  image: string;
  command: string[];
  cpu: string;
  memory?: string;
  annotations?: Record<string, string>;
  liveness: Probe;
  readiness?: Probe;
  startup: Probe;
  /** Name, path on the machine, and whether it is a file. */
  volumes: {
    name: string;
    path: string;
    type: "File" | "DirectoryOrCreate" | "FileOrCreate";
    readOnly: boolean;
    mount?: string;
  }[];
}

const written = new Map<string, string>();

/** Every session writes the same few manifests, and writing YAML is slow: the texts are kept. */
function staticPod(pod: StaticPod): string {
  const key = JSON.stringify(pod);
  let text = written.get(key);
  if (text === undefined) {
    if (written.size >= 256) written.clear();
    text = manifest(pod);
    written.set(key, text);
  }
  return text;
}

function manifest(pod: StaticPod): string {
  return writeYaml(
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...(pod.annotations ? { annotations: pod.annotations } : {}),
        creationTimestamp: null,
        labels: { component: pod.component, tier: "control-plane" },
        name: pod.component,
        namespace: "kube-system",
      },
      spec: {
        containers: [
          {
            command: pod.command,
            image: pod.image,
            imagePullPolicy: "IfNotPresent",
            livenessProbe: probe(pod.liveness),
            name: pod.component,
            ...(pod.readiness ? { readinessProbe: probe(pod.readiness) } : {}),
            resources: { requests: { cpu: pod.cpu, ...(pod.memory ? { memory: pod.memory } : {}) } },
            startupProbe: probe(pod.startup),
            volumeMounts: pod.volumes.map((volume) => ({
              mountPath: volume.mount ?? volume.path,
              name: volume.name,
              ...(volume.readOnly ? { readOnly: true } : {}),
            })),
          },
        ],
        hostNetwork: true,
        priority: NODE_CRITICAL,
        priorityClassName: "system-node-critical",
        securityContext: { seccompProfile: { type: "RuntimeDefault" } },
        volumes: pod.volumes.map(({ name, path, type }) => ({ hostPath: { path, type }, name })),
      },
      status: {},
    },
    { indentSeq: false, lineWidth: 0 },
  );
}

export interface ControlPlaneMachine {
  name: string;
  address: string;
  /** All members, `name=https://address:2380`. */
  initialCluster: string[];
  /** Whether etcd was first started with this machine. */
  first: boolean;
}

/** The four manifests by file name. */
export function staticPodManifests(
  machine: ControlPlaneMachine,
  settings: ClusterSettings = OWN,
  etcdImage = ETCD_IMAGE,
): Record<string, string> {
  return {
    "etcd.yaml": etcd(machine, settings, etcdImage),
    "kube-apiserver.yaml": apiServer(machine, settings),
    "kube-controller-manager.yaml": controllerManager(settings),
    "kube-scheduler.yaml": scheduler(settings),
  };
}

const ETCD_IMAGE = "registry.k8s.io/etcd:3.5.16-0";

/** A command with the arguments that somebody gave in place of kubeadm's own, in the order of their names. */
function commandOf(command: readonly string[], extra: ExtraArguments): string[] {
  if (Object.keys(extra).length === 0) return [...command];
  const [program = "", ...rest] = command;
  const kept = rest.filter((arg) => extra[arg.replace(/^--/, "").replace(/=.*$/s, "")] === undefined);
  const given = Object.entries(extra).map(([name, value]) => `--${name}=${value}`);
  return [program, ...[...kept, ...given].sort()];
}

function etcd(
  { name, address, initialCluster }: ControlPlaneMachine,
  { extra }: ClusterSettings,
  image: string,
): string {
  const get = (path: string): Omit<Probe, "failureThreshold"> => ({
    path,
    port: 2381,
    host: "127.0.0.1",
    scheme: "HTTP",
    periodSeconds: 10,
    initialDelaySeconds: 10,
  });
  const { initialDelaySeconds: _, periodSeconds: __, ...ready } = get("/readyz");
  return staticPod({
    component: "etcd",
    image,
    annotations: { "kubeadm.kubernetes.io/etcd.advertise-client-urls": `https://${address}:2379` },
    command: commandOf(
      [
        "etcd",
        `--advertise-client-urls=https://${address}:2379`,
        `--cert-file=${PKI}/etcd/server.crt`,
        "--client-cert-auth=true",
        "--data-dir=/var/lib/etcd",
        "--experimental-initial-corrupt-check=true",
        "--experimental-watch-progress-notify-interval=5s",
        `--initial-advertise-peer-urls=https://${address}:2380`,
        `--initial-cluster=${initialCluster.join(",")}`,
        ...(initialCluster.length > 1 ? ["--initial-cluster-state=existing"] : []),
        `--key-file=${PKI}/etcd/server.key`,
        `--listen-client-urls=https://127.0.0.1:2379,https://${address}:2379`,
        "--listen-metrics-urls=http://127.0.0.1:2381",
        `--listen-peer-urls=https://${address}:2380`,
        `--name=${name}`,
        `--peer-cert-file=${PKI}/etcd/peer.crt`,
        "--peer-client-cert-auth=true",
        `--peer-key-file=${PKI}/etcd/peer.key`,
        `--peer-trusted-ca-file=${PKI}/etcd/ca.crt`,
        "--snapshot-count=10000",
        `--trusted-ca-file=${PKI}/etcd/ca.crt`,
      ],
      extra.etcd,
    ),
    cpu: "100m",
    memory: "100Mi",
    liveness: { ...get("/livez"), failureThreshold: 8 },
    readiness: { ...ready, failureThreshold: 3, periodSeconds: 1 },
    startup: { ...get("/readyz"), failureThreshold: 24 },
    volumes: [
      { name: "etcd-data", path: "/var/lib/etcd", type: "DirectoryOrCreate", readOnly: false },
      { name: "etcd-certs", path: `${PKI}/etcd`, type: "DirectoryOrCreate", readOnly: false },
    ],
  });
}

/** Where distributions keep the authorities that they trust; among a Pod's volumes in the order of their names. */
const CERTIFICATES_OF_ETC = [
  { name: "ca-certs", path: "/etc/ssl/certs", type: "DirectoryOrCreate", readOnly: true },
  { name: "etc-ca-certificates", path: "/etc/ca-certificates", type: "DirectoryOrCreate", readOnly: true },
] as const;
const CERTIFICATES_OF_USR = [
  {
    name: "usr-local-share-ca-certificates",
    path: "/usr/local/share/ca-certificates",
    type: "DirectoryOrCreate",
    readOnly: true,
  },
  { name: "usr-share-ca-certificates", path: "/usr/share/ca-certificates", type: "DirectoryOrCreate", readOnly: true },
] as const;

const AUDIT_ARGUMENTS = [
  "--audit-log-maxage=30",
  "--audit-log-maxbackup=10",
  "--audit-log-maxsize=100",
  "--audit-log-path=/var/log/kubernetes/audit/audit.log",
  "--audit-policy-file=/etc/kubernetes/audit-policy.yaml",
];
const AUDIT_VOLUMES = [
  { name: "audit-policy", path: "/etc/kubernetes/audit-policy.yaml", type: "File", readOnly: true },
  { name: "audit-logs", path: "/var/log/kubernetes/audit", type: "DirectoryOrCreate", readOnly: false },
] as const;

function apiServer(
  { address }: ControlPlaneMachine,
  { version, serviceCidr, domain, extra, audited }: ClusterSettings,
): string {
  const get = (path: string) => ({ path, port: 6443, host: address, scheme: "HTTPS" as const });
  return staticPod({
    component: "kube-apiserver",
    image: `registry.k8s.io/kube-apiserver:${version}`,
    annotations: { "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": `${address}:6443` },
    command: commandOf(
      [
        "kube-apiserver",
        `--advertise-address=${address}`,
        "--allow-privileged=true",
        ...(audited ? AUDIT_ARGUMENTS : []),
        "--authorization-mode=Node,RBAC",
        `--client-ca-file=${PKI}/ca.crt`,
        "--enable-admission-plugins=NodeRestriction",
        "--enable-bootstrap-token-auth=true",
        `--etcd-cafile=${PKI}/etcd/ca.crt`,
        `--etcd-certfile=${PKI}/apiserver-etcd-client.crt`,
        `--etcd-keyfile=${PKI}/apiserver-etcd-client.key`,
        "--etcd-servers=https://127.0.0.1:2379",
        `--kubelet-client-certificate=${PKI}/apiserver-kubelet-client.crt`,
        `--kubelet-client-key=${PKI}/apiserver-kubelet-client.key`,
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        `--proxy-client-cert-file=${PKI}/front-proxy-client.crt`,
        `--proxy-client-key-file=${PKI}/front-proxy-client.key`,
        "--requestheader-allowed-names=front-proxy-client",
        `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`,
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        "--secure-port=6443",
        `--service-account-issuer=https://kubernetes.default.svc.${domain}`,
        `--service-account-key-file=${PKI}/sa.pub`,
        `--service-account-signing-key-file=${PKI}/sa.key`,
        `--service-cluster-ip-range=${serviceCidr}`,
        `--tls-cert-file=${PKI}/apiserver.crt`,
        `--tls-private-key-file=${PKI}/apiserver.key`,
      ],
      extra.apiServer,
    ),
    cpu: "250m",
    liveness: { ...get("/livez"), failureThreshold: 8, initialDelaySeconds: 10, periodSeconds: 10 },
    readiness: { ...get("/readyz"), failureThreshold: 3, periodSeconds: 1 },
    startup: { ...get("/livez"), failureThreshold: 24, initialDelaySeconds: 10, periodSeconds: 10 },
    volumes: [
      ...CERTIFICATES_OF_ETC,
      ...(audited ? AUDIT_VOLUMES : []),
      { name: "k8s-certs", path: PKI, type: "DirectoryOrCreate", readOnly: true },
      ...CERTIFICATES_OF_USR,
    ],
  });
}

function local(port: number) {
  const get = (path: string) => ({ path, port, host: "127.0.0.1", scheme: "HTTPS" as const });
  return {
    liveness: { ...get("/healthz"), failureThreshold: 8, initialDelaySeconds: 10, periodSeconds: 10 },
    startup: { ...get("/healthz"), failureThreshold: 24, initialDelaySeconds: 10, periodSeconds: 10 },
  };
}

function controllerManager({ version, podCidr, serviceCidr, clusterName, extra }: ClusterSettings): string {
  return staticPod({
    component: "kube-controller-manager",
    image: `registry.k8s.io/kube-controller-manager:${version}`,
    command: commandOf(
      [
        "kube-controller-manager",
        ...(podCidr === undefined ? [] : ["--allocate-node-cidrs=true"]),
        "--authentication-kubeconfig=/etc/kubernetes/controller-manager.conf",
        "--authorization-kubeconfig=/etc/kubernetes/controller-manager.conf",
        "--bind-address=127.0.0.1",
        `--client-ca-file=${PKI}/ca.crt`,
        ...(podCidr === undefined ? [] : [`--cluster-cidr=${podCidr}`]),
        `--cluster-name=${clusterName}`,
        `--cluster-signing-cert-file=${PKI}/ca.crt`,
        `--cluster-signing-key-file=${PKI}/ca.key`,
        "--controllers=*,bootstrapsigner,tokencleaner",
        "--kubeconfig=/etc/kubernetes/controller-manager.conf",
        "--leader-elect=true",
        `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`,
        `--root-ca-file=${PKI}/ca.crt`,
        `--service-account-private-key-file=${PKI}/sa.key`,
        ...(podCidr === undefined ? [] : [`--service-cluster-ip-range=${serviceCidr}`]),
        "--use-service-account-credentials=true",
      ],
      extra.controllerManager,
    ),
    cpu: "200m",
    ...local(10257),
    volumes: [
      ...CERTIFICATES_OF_ETC,
      {
        name: "flexvolume-dir",
        path: "/usr/libexec/kubernetes/kubelet-plugins/volume/exec",
        type: "DirectoryOrCreate",
        readOnly: false,
      },
      { name: "k8s-certs", path: PKI, type: "DirectoryOrCreate", readOnly: true },
      { name: "kubeconfig", path: "/etc/kubernetes/controller-manager.conf", type: "FileOrCreate", readOnly: true },
      ...CERTIFICATES_OF_USR,
    ],
  });
}

function scheduler({ version, extra }: ClusterSettings): string {
  return staticPod({
    component: "kube-scheduler",
    image: `registry.k8s.io/kube-scheduler:${version}`,
    command: commandOf(
      [
        "kube-scheduler",
        "--authentication-kubeconfig=/etc/kubernetes/scheduler.conf",
        "--authorization-kubeconfig=/etc/kubernetes/scheduler.conf",
        "--bind-address=127.0.0.1",
        "--kubeconfig=/etc/kubernetes/scheduler.conf",
        "--leader-elect=true",
      ],
      extra.scheduler,
    ),
    cpu: "100m",
    ...local(10259),
    volumes: [{ name: "kubeconfig", path: "/etc/kubernetes/scheduler.conf", type: "FileOrCreate", readOnly: true }],
  });
}

/** The audit policy that every control-plane machine carries. */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
- RequestReceived
rules:
# Leases and events come all the time and tell a learner nothing.
- level: None
  resources:
  - group: coordination.k8s.io
    resources: ["leases"]
  - group: ""
    resources: ["events"]
  - group: events.k8s.io
    resources: ["events"]
# What the system's own components read.
- level: None
  users: ["system:kube-scheduler", "system:kube-controller-manager", "system:apiserver", "system:kube-proxy"]
  verbs: ["get", "list", "watch"]
- level: None
  userGroups: ["system:nodes", "system:serviceaccounts:kube-system"]
  verbs: ["get", "list", "watch"]
- level: None
  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi/*"]
- level: Metadata
`;
