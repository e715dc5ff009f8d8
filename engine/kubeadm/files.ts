/** Puts on a machine what `kubeadm` and the course's set-up leave on one of its role. */

import { formatTime } from "../api/time.ts";
import { cniPlugin } from "../machine/base/cni-plugins.ts";
import type { Content, Inode } from "../machine/inode.ts";
import {
  type DirNode,
  dirNode,
  entriesOf,
  fileNode,
  LazyContent,
  type NodeAttributes,
  symlinkNode,
} from "../machine/inode.ts";
import type { Machine } from "../machine/machine.ts";
import { runtimeOf } from "../machine/runtime/of.ts";
import { kubeconfig, kubeconfigOf } from "./kubeconfig.ts";
import { kubeletConfiguration } from "./kubelet-configuration.ts";
import { AUDIT_POLICY, staticPodManifests } from "./manifests.ts";
import type { Authority, ClusterPki, IssueOptions } from "./pki.ts";
import {
  API_PORT,
  KUBERNETES_SERVICE_IP,
  type MachineSpec,
  type Topology,
  VERSION,
  virtualAddress,
} from "./topology.ts";

export interface ClusterFacts {
  readonly pki: ClusterPki;
  readonly server: string;
  readonly specs: readonly MachineSpec[];
  readonly topology: Topology;
}

const LEARNER: NodeAttributes = { uid: 1000, gid: 1000 };

const NODE_IMAGES = [
  "registry.k8s.io/pause:3.10",
  `registry.k8s.io/kube-proxy:${VERSION}`,
  "docker.io/flannel/flannel:v0.26.5",
  "registry.k8s.io/coredns/coredns:v1.11.3",
];

const CONTROL_PLANE_IMAGES = [
  `registry.k8s.io/kube-apiserver:${VERSION}`,
  `registry.k8s.io/kube-controller-manager:${VERSION}`,
  `registry.k8s.io/kube-scheduler:${VERSION}`,
  "registry.k8s.io/etcd:3.5.16-0",
];

/** Creates or replaces a file of a machine, with the directories above it. */
export function installFile(machine: Rooted, path: string, content: string | Content, at: NodeAttributes = {}): void {
  install(machine, path, fileNode(content, at), at);
}

function install(machine: Rooted, path: string, node: Inode, at: NodeAttributes = {}): void {
  const parts = path.split("/").filter(Boolean);
  const name = parts.pop()!;
  let dir = machine.root;
  for (const part of parts) {
    let next = entriesOf(dir).get(part);
    if (next === undefined) {
      next = dirNode({ ...at, mode: 0o755 });
      next.parent = dir;
      entriesOf(dir).set(part, next);
    }
    if (next.kind !== "dir") throw new Error(`installFile: ${path} runs through what is no directory`);
    dir = next;
  }
  entriesOf(dir).set(name, node);
}

function installDirectory(machine: Rooted, path: string, at: NodeAttributes = {}): DirNode {
  installFile(machine, `${path}/.keep`, "", at);
  const parts = path.split("/").filter(Boolean);
  let dir = machine.root;
  for (const part of parts) {
    const next = entriesOf(dir).get(part);
    if (next?.kind === "dir") dir = next;
  }
  entriesOf(dir).delete(".keep");
  if (at.mode !== undefined) dir.mode = at.mode;
  return dir;
}

type AuthorityName = { [K in keyof ClusterPki]: ClusterPki[K] extends Authority ? K : never }[keyof ClusterPki];

const lazy = (make: () => string) => new LazyContent(make);
const SECRET = { mode: 0o600 };
const LEARNER_CONFIG = "/home/learner/.kube/config";
const ROOT_CONFIG = "/root/.kube/config";
const ADMIN = { commonName: "kubernetes-admin", organizations: ["kubeadm:cluster-admins"] };

export function furnish(machine: Machine, spec: MachineSpec, facts: ClusterFacts): void {
  layOut(machine, spec, facts);
  if (spec.role !== "control-plane" && spec.role !== "worker") return;
  // What kubeadm pulled before it began, and the network add-on's.
  runtimeOf(machine).images.preload(
    spec.role === "control-plane" ? [...NODE_IMAGES, ...CONTROL_PLANE_IMAGES] : NODE_IMAGES,
  );
}

/** What has a file tree. */
type Rooted = Pick<Machine, "root">;

function layOut(machine: Rooted, spec: MachineSpec, facts: ClusterFacts): void {
  switch (spec.role) {
    case "load-balancer":
      balancer(machine, spec, facts);
      return;
    case "control-plane":
      controlPlane(machine, spec, facts);
      administrate(machine, spec, facts);
      node(machine, spec, facts);
      return;
    case "worker":
      node(machine, spec, facts);
      return;
    default:
      administrate(machine, spec, facts);
  }
}

/** admin.conf, and `kubeadm init`'s last advice followed for whoever works on the machine: their kubectl has a copy. */
function administrate(machine: Rooted, spec: MachineSpec, facts: ClusterFacts): void {
  let made: string | undefined;
  const copy = () => lazy(() => (made ??= adminConfig(facts)));
  if (spec.role === "control-plane") installFile(machine, "/etc/kubernetes/admin.conf", copy(), SECRET);
  installFile(machine, LEARNER_CONFIG, copy(), { ...LEARNER, ...SECRET });
  installFile(machine, ROOT_CONFIG, copy(), SECRET);
}

/** Gives the learner's kubeconfig a context for each further cluster, called as it is; the first stays the current one. */
export function addContexts(workstation: Machine, own: ClusterFacts, others: readonly ClusterFacts[]): void {
  const make = () => {
    const entry = (facts: ClusterFacts) => ({
      ...facts,
      name: facts.topology.name ?? "kubernetes",
      user: facts.topology.name === undefined ? "kubernetes-admin" : `${facts.topology.name}-admin`,
      context: facts.topology.name ?? "kubernetes-admin@kubernetes",
      subject: ADMIN,
    });
    return kubeconfigOf([...others, own].map(entry), "kubernetes-admin@kubernetes");
  };
  installFile(workstation, LEARNER_CONFIG, lazy(make), { ...LEARNER, ...SECRET });
  installFile(workstation, ROOT_CONFIG, lazy(make), SECRET);
}

/** The kubeconfig of `kubernetes-admin`. */
export function adminConfig({ pki, server }: ClusterFacts): string {
  return kubeconfig({ pki, server, user: "kubernetes-admin", subject: ADMIN });
}

function node(machine: Rooted, spec: MachineSpec, { pki, server, topology }: ClusterFacts): void {
  const user = `system:node:${spec.name}`;
  const subject = { commonName: user, organizations: ["system:nodes"] };
  const current = "/var/lib/kubelet/pki/kubelet-client-current.pem";
  const put = (path: string, content: string | Content, at?: NodeAttributes) => installFile(machine, path, content, at);
  put(
    "/etc/kubernetes/kubelet.conf",
    lazy(() => kubeconfig({ pki, server, user, subject, clientFiles: { certificate: current, key: current } })),
    SECRET,
  );
  const stamp = formatTime(pki.kubernetes.bornMs).slice(0, 19).replace("T", "-").replaceAll(":", "-");
  const file = current.replace("current", stamp);
  put(
    file,
    lazy(() => both(pki.kubernetes.issue({ subject, usages: ["clientAuth"] }))),
    SECRET,
  );
  install(machine, current, symlinkNode(file));
  const serving = (part: "certificate" | "key") => lazy(() => pki.kubernetes.selfMade(spec.name)[part]);
  put("/var/lib/kubelet/pki/kubelet.crt", serving("certificate"));
  put("/var/lib/kubelet/pki/kubelet.key", serving("key"), SECRET);
  put(
    "/etc/kubernetes/pki/ca.crt",
    lazy(() => pki.kubernetes.certificate),
  );
  put("/var/lib/kubelet/config.yaml", kubeletConfiguration());
  put(
    "/var/lib/kubelet/kubeadm-flags.env",
    'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock --pod-infra-container-image=registry.k8s.io/pause:3.10 --v=2"\n',
  );
  if (spec.role === "worker") installDirectory(machine, "/etc/kubernetes/manifests");
  // What the network add-on's DaemonSet copies there.
  const plugin = topology.network === "cilium" ? "cilium-cni" : "flannel";
  entriesOf(installDirectory(machine, "/opt/cni/bin")).set(plugin, cniPlugin());
}

function both(issued: { certificate: string; key: string }): string {
  return issued.certificate + issued.key;
}

function controlPlane(machine: Rooted, spec: MachineSpec, facts: ClusterFacts): void {
  const { specs } = facts;
  const planes = specs.filter(({ role }) => role === "control-plane");
  const put = (path: string, content: string | Content, at?: NodeAttributes) => installFile(machine, path, content, at);
  const index = planes.findIndex(({ name }) => name === spec.name);
  const manifests = staticPodManifests({
    name: spec.name,
    address: spec.address,
    first: index === 0,
    // Each member was added with the list as it stood then, as `kubeadm join --control-plane` does it.
    initialCluster: planes.slice(0, index + 1).map(({ name, address }) => `${name}=https://${address}:2380`),
  });
  for (const [name, text] of Object.entries(manifests)) put(`/etc/kubernetes/manifests/${name}`, text, SECRET);
  put("/etc/kubernetes/audit-policy.yaml", AUDIT_POLICY);
  installDirectory(machine, "/var/log/kubernetes/audit");
  installDirectory(machine, "/var/lib/etcd", { mode: 0o700 });
  put(
    "/etc/kubernetes/super-admin.conf",
    lazy(() => config(facts, "kubernetes-super-admin", "kubernetes-super-admin", ["system:masters"])),
    SECRET,
  );
  put(
    "/etc/kubernetes/controller-manager.conf",
    lazy(() => config(facts, "system:kube-controller-manager", "system:kube-controller-manager", [])),
    SECRET,
  );
  put(
    "/etc/kubernetes/scheduler.conf",
    lazy(() => config(facts, "system:kube-scheduler", "system:kube-scheduler", [])),
    SECRET,
  );
  certificates(machine, spec, facts);
}

function config(facts: ClusterFacts, user: string, commonName: string, organizations: string[]): string {
  return kubeconfig({ pki: facts.pki, server: facts.server, user, subject: { commonName, organizations } });
}

function certificates(machine: Rooted, spec: MachineSpec, { pki, topology }: ClusterFacts): void {
  const dir = "/etc/kubernetes/pki";
  const put = (name: string, make: () => string, mode = 0o644) =>
    installFile(machine, `${dir}/${name}`, lazy(make), { mode });
  const pair = (name: string, authority: AuthorityName, options: IssueOptions) => {
    put(`${name}.crt`, () => pki[authority].issue(options).certificate);
    put(`${name}.key`, () => pki[authority].issue(options).key, 0o600);
  };
  put("ca.crt", () => pki.kubernetes.certificate);
  put("ca.key", () => pki.kubernetes.privateKey, 0o600);
  put("front-proxy-ca.crt", () => pki.frontProxy.certificate);
  put("front-proxy-ca.key", () => pki.frontProxy.privateKey, 0o600);
  put("etcd/ca.crt", () => pki.etcd.certificate);
  put("etcd/ca.key", () => pki.etcd.privateKey, 0o600);
  put("sa.key", () => pki.serviceAccount.private, 0o600);
  put("sa.pub", () => pki.serviceAccount.public, 0o600);
  const name = (commonName: string, ...organizations: string[]) => ({ commonName, organizations });
  const own = { dnsNames: [spec.name, "localhost"], ipAddresses: [spec.address, "127.0.0.1"] };
  pair("apiserver", "kubernetes", {
    subject: name("kube-apiserver"),
    usages: ["serverAuth"],
    dnsNames: [
      spec.name,
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
    ],
    ipAddresses: [KUBERNETES_SERVICE_IP, spec.address, virtualAddress(topology)],
  });
  pair("apiserver-kubelet-client", "kubernetes", {
    subject: name("kube-apiserver-kubelet-client", "kubeadm:cluster-admins"),
    usages: ["clientAuth"],
  });
  pair("front-proxy-client", "frontProxy", { subject: name("front-proxy-client"), usages: ["clientAuth"] });
  pair("apiserver-etcd-client", "etcd", { subject: name("kube-apiserver-etcd-client"), usages: ["clientAuth"] });
  pair("etcd/server", "etcd", { subject: name(spec.name), usages: ["serverAuth", "clientAuth"], ...own });
  const peer = { subject: name(spec.name), purpose: "peer ", usages: ["serverAuth", "clientAuth"], ...own } as const;
  pair("etcd/peer", "etcd", peer);
  pair("etcd/healthcheck-client", "etcd", { subject: name("kube-etcd-healthcheck-client"), usages: ["clientAuth"] });
}

function balancer(machine: Rooted, spec: MachineSpec, { specs, topology }: ClusterFacts): void {
  const planes = specs.filter(({ role }) => role === "control-plane");
  const first = specs.find(({ role }) => role === "load-balancer") === spec;
  const servers = planes
    .map(({ name, address }) => `    server ${name} ${address}:${API_PORT} check verify none\n`)
    .join("");
  installFile(
    machine,
    "/etc/haproxy/haproxy.cfg",
    "global\n    log /dev/log local0\n    user haproxy\n    group haproxy\n    daemon\n\n" +
      "defaults\n    log global\n    mode tcp\n    option tcplog\n    timeout connect 5s\n    timeout client 1h\n    timeout server 1h\n\n" +
      `frontend kube-apiserver\n    bind *:${API_PORT}\n    default_backend control-plane\n\n` +
      `backend control-plane\n    balance roundrobin\n    option httpchk\n    http-check connect ssl\n` +
      `    http-check send meth GET uri /readyz\n    http-check expect status 200\n` +
      `    default-server on-marked-down shutdown-sessions\n${servers}`,
  );
  installFile(
    machine,
    "/etc/keepalived/keepalived.conf",
    `vrrp_instance VI_1 {\n    state ${first ? "MASTER" : "BACKUP"}\n    interface eth0\n    virtual_router_id 51\n` +
      `    priority ${first ? 101 : 100}\n    advert_int 1\n    virtual_ipaddress {\n        ${virtualAddress(topology)}/24\n    }\n}\n`,
  );
}
