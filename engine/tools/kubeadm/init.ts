/** kubeadm init: a new cluster on a machine that has none (cmd/kubeadm/app/cmd/init.go, phases/init). */
import type { ApiClient } from "../../api/client.ts";
import { clientFromKubeconfig, RequestError } from "../../api/kubeconfig.ts";
import { NODES } from "../../api/resources.ts";
import { StatusError } from "../../api/status.ts";
import { clusterContext } from "../../control-plane/context.ts";
import { type Gen, MINUTE, MS, SECOND, sleep } from "../../kernel/index.ts";
import { initObjects } from "../../kubeadm/addons/index.ts";
import type { Manifest } from "../../kubeadm/addons/manifest.ts";
import { annotateCriSocket, createObject, markControlPlane, persistently } from "../../kubeadm/init.ts";
import { kubeletConfiguration } from "../../kubeadm/kubelet-configuration.ts";
import { staticPodManifests } from "../../kubeadm/manifests.ts";
import * as sys from "../../machine/sys.ts";
import { authorityText, certsPhase } from "./certificates.ts";
import { certificateKey, uploadCertificates } from "./certificates-secret.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";
import { imagesOf, othersOf } from "./images.ts";
import { type InitSettings, initSettings, serverOf, wantedVersion } from "./init-settings.ts";
import { KUBECONFIG_NAMES, writeKubeconfigs } from "./kubeconfigs.ts";
import { initFaults, judge } from "./preflight.ts";
import { namedRelease, newestRelease } from "./releases.ts";
import { createToken, joinWords, newToken } from "./token.ts";
import { pull } from "./upgrade.ts";

export const MANIFESTS = "/etc/kubernetes/manifests";
const CONFIG = "/var/lib/kubelet/config.yaml";
const FLAGS = "/var/lib/kubelet/kubeadm-flags.env";
const KUBELET_CONF = "/etc/kubernetes/kubelet.conf";
const CURRENT = "/var/lib/kubelet/pki/kubelet-client-current.pem";
const PATIENCE = 4 * MINUTE;

export const CONTROL_PLANE = ["apiserver", "controller-manager", "scheduler"];

/** Whether a phase is among those of `--skip-phases`, by its own name or its parent's. */
const skips = (k: Kubeadm, phase: string): boolean =>
  (k.flag("skip-phases") ?? "").split(",").some((one) => one === phase || phase.startsWith(`${one}/`));

export function* init(k: Kubeadm): Gen {
  const wanted = initSettings(k);
  const named = wantedVersion(k);
  const version = named === undefined ? yield* newestRelease(k) : yield* namedRelease(k, named);
  const settings = { ...wanted, version };
  yield* k.print(`[init] Using Kubernetes version: ${settings.version}\n`);
  yield* preflight(k, settings);
  if (k.on("dry-run")) return;
  if (!skips(k, "certs")) yield* certsPhase(k, settings);
  if (!skips(k, "kubeconfig")) {
    yield* k.print('[kubeconfig] Using kubeconfig folder "/etc/kubernetes"\n');
    yield* writeKubeconfigs(k, settings, KUBECONFIG_NAMES, "/etc/kubernetes");
  }
  // From here on it is the cluster that the rack's parts belong to.
  clusterContext(k.p.ns.net.network).settings = settings;
  if (!skips(k, "etcd")) yield* etcdManifest(k, settings);
  if (!skips(k, "control-plane")) {
    yield* k.print(`[control-plane] Using manifest folder "${MANIFESTS}"\n`);
    yield* controlPlaneManifests(k, settings, CONTROL_PLANE);
  }
  yield* startKubelet(k, settings);
  const client = clientFromKubeconfig(k.p, "/etc/kubernetes/super-admin.conf", k.agent);
  yield* waitForControlPlane(k, client, settings);
  yield* populate(k, client, settings);
}

function* preflight(k: Kubeadm, settings: InitSettings): Gen {
  if (skips(k, "preflight")) return;
  yield* k.print("[preflight] Running pre-flight checks\n");
  yield* judge(k, initFaults(k, settings.version));
  const { raft } = clusterContext(k.p.machine.network);
  const own = raft.on(k.p.machine.hostname);
  const others = raft.members().filter(({ id }) => id !== own && raft.isRunning(id));
  if (others.length > 0) {
    throw new KubeadmError(
      "error execution phase preflight: [preflight] Some fatal errors occurred:\n" +
        `\t[ERROR ExternalEtcd]: this simulation's network has one cluster, and control planes of it still run: ${others.map(({ name }) => name).join(", ")}\n` +
        "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`",
    );
  }
  yield* k.print(
    "[preflight] Pulling images required for setting up a Kubernetes cluster\n" +
      "[preflight] This might take a minute or two, depending on the speed of your internet connection\n" +
      "[preflight] You can also perform this action beforehand using 'kubeadm config images pull'\n",
  );
  if (!k.on("dry-run")) for (const image of imagesOf(settings.version)) yield* pull(k, image);
}

// ---- manifests ------------------------------------------------------------------------------------------------------

function manifestsOf(k: Kubeadm, s: InitSettings): Record<string, string> {
  const { raft } = clusterContext(k.p.machine.network);
  const own = `https://${s.address}:2380`;
  // Where no other member runs there is nothing to be joined.
  const known = raft.members().filter(({ name, peerUrls }) => name !== "" && !peerUrls.includes(own));
  const others = known.some(({ id }) => raft.isRunning(id)) ? known : [];
  const peers = others.map(({ name, peerUrls }) => `${name}=${peerUrls[0] ?? ""}`);
  const machine = {
    name: s.nodeName,
    address: s.address,
    initialCluster: [...peers, `${s.nodeName}=${own}`],
    first: others.length === 0,
  };
  return staticPodManifests(machine, s, `registry.k8s.io/etcd:${othersOf(s.version).etcd}`);
}

function* write(k: Kubeadm, s: InitSettings, name: string): Gen {
  yield* k.run("mkdir", "-p", MANIFESTS);
  sys.writeText(k.p, `${MANIFESTS}/${name}.yaml`, manifestsOf(k, s)[`${name}.yaml`]!, 0o600);
}

export function* etcdManifest(k: Kubeadm, s: InitSettings): Gen {
  yield* k.print(`[etcd] Creating static Pod manifest for local etcd in "${MANIFESTS}"\n`);
  yield* k.run("mkdir", "-p", "-m", "700", "/var/lib/etcd");
  yield* write(k, s, "etcd");
}

export function* controlPlaneManifests(k: Kubeadm, s: InitSettings, parts: readonly string[]): Gen {
  for (const part of parts) {
    yield* k.print(`[control-plane] Creating static Pod manifest for "kube-${part}"\n`);
    yield* write(k, s, `kube-${part}`);
  }
}

// ---- the kubelet and the control plane ------------------------------------------------------------------------------

export function* kubeletFiles(k: Kubeadm, s: InitSettings): Gen {
  yield* k.run("mkdir", "-p", "/var/lib/kubelet/pki");
  const more = [
    s.nodeName === k.p.machine.hostname ? "" : ` --hostname-override=${s.nodeName}`,
    s.nodeLabels === undefined ? "" : ` --node-labels=${s.nodeLabels}`,
  ].join("");
  sys.writeText(
    k.p,
    FLAGS,
    `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock${more} --pod-infra-container-image=registry.k8s.io/pause:3.10"\n`,
    0o644,
  );
  sys.writeText(k.p, CONFIG, kubeletConfiguration(s), 0o644);
}

function* startKubelet(k: Kubeadm, s: InitSettings): Gen {
  yield* k.print(
    `[kubelet-start] Writing kubelet environment file with flags to file "${FLAGS}"\n` +
      `[kubelet-start] Writing kubelet configuration to file "${CONFIG}"\n[kubelet-start] Starting the kubelet\n`,
  );
  yield* k.run("systemctl", "stop", "kubelet");
  yield* kubeletFiles(k, s);
  yield* k.run("systemctl", "start", "kubelet");
}

/** Asks again until the API server is well. */
function* waitForControlPlane(k: Kubeadm, client: ApiClient, s: InitSettings): Gen {
  const { kernel } = k.p.machine;
  const start = kernel.now;
  const took = () => {
    const seconds = (kernel.now - start) / SECOND;
    return seconds < 1
      ? `${(seconds * 1000).toFixed(6).replace(/0+$/, "")}ms`
      : `${seconds.toFixed(9).replace(/0+$/, "")}s`;
  };
  yield* k.print(
    `[wait-control-plane] Waiting for the kubelet to boot up the control plane as static Pods from directory "${MANIFESTS}"\n` +
      "[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to 4m0s\n",
  );
  yield* sleep(501 * MS);
  const listens = () => k.p.ns.net.listening().some((one) => one.protocol === "tcp" && one.port === 10_250);
  while (!listens()) {
    if (kernel.now - start > PATIENCE) throw yield* timedOut(k, "The kubelet is not running");
    yield* sleep(500 * MS);
  }
  yield* k.print(
    `[kubelet-check] The kubelet is healthy after ${took()}\n[api-check] Waiting for a healthy API server. This can take up to 4m0s\n`,
  );
  for (;;) {
    try {
      yield* client.get(NODES, undefined, s.nodeName);
      break;
    } catch (error) {
      if (error instanceof StatusError && error.reason === "NotFound") {
        // It serves; the kubelet is about to register.
      } else if (!(error instanceof RequestError) && !(error instanceof StatusError)) throw error;
      if (kernel.now - start > PATIENCE) throw yield* timedOut(k, "The control plane does not come up");
      yield* sleep(500 * MS);
    }
  }
  yield* k.print(`[api-check] The API server is healthy after ${took()}\n`);
}

function* timedOut(k: Kubeadm, why: string): Gen<KubeadmError> {
  yield* k.print(
    "\nUnfortunately, an error has occurred:\n\tcontext deadline exceeded\n\nThis error is likely caused by:\n" +
      `\t- ${why}\n\t- The kubelet is unhealthy due to a misconfiguration of the node in some way (required cgroups disabled)\n\n` +
      "If you are on a systemd-powered system, you can try to troubleshoot the error with the following commands:\n" +
      "\t- 'systemctl status kubelet'\n\t- 'journalctl -xeu kubelet'\n",
  );
  return new KubeadmError("error execution phase wait-control-plane: could not initialize a Kubernetes cluster");
}

// ---- what goes through the API --------------------------------------------------------------------------------------

const OF_ADDON: Readonly<Record<string, RegExp>> = {
  "addon/coredns": /^(coredns|system:coredns|kube-dns)$/,
  "addon/kube-proxy": /^(kube-proxy|kubeadm:node-proxier)$/,
};

function* populate(k: Kubeadm, client: ApiClient, s: InitSettings): Gen {
  const objects = initObjects(serverOf(s), authorityText(k), s);
  const create = function* (belongs: (manifest: Manifest) => boolean): Gen {
    for (const manifest of objects.filter(belongs)) yield* persistently(() => createObject(client, manifest));
  };
  const addonOf = ({ metadata: { name } }: Manifest) =>
    Object.keys(OF_ADDON).find((addon) => OF_ADDON[addon]!.test(name));
  yield* create((manifest) => addonOf(manifest) === undefined && manifest.metadata.name !== "cluster-info");
  yield* k.print(
    '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace\n' +
      '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster\n',
  );
  yield* persistently(() => annotateCriSocket(client, s.nodeName));
  const key = k.on("upload-certs") ? (s.certificateKey ?? certificateKey(k)) : undefined;
  yield* uploadCertificates(k, client, key);
  yield* mark(k, client, s);
  const token = s.token ?? newToken(k);
  if (!skips(k, "bootstrap-token")) {
    yield* k.ask(() =>
      createToken(k, client, token, {
        ttl: s.ttl,
        description: "The default bootstrap token generated by 'kubeadm init'.",
      }),
    );
    yield* create(({ metadata: { name } }) => name === "cluster-info");
    yield* k.print(
      `[bootstrap-token] Using token: ${token}\n` +
        "[bootstrap-token] Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles\n" +
        "[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to get nodes\n" +
        "[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to post CSRs in order for nodes to get long term certificate credentials\n" +
        "[bootstrap-token] Configured RBAC rules to allow the csrapprover controller automatically approve CSRs from a Node Bootstrap Token\n" +
        "[bootstrap-token] Configured RBAC rules to allow certificate rotation for all node client certificates in the cluster\n" +
        '[bootstrap-token] Creating the "cluster-info" ConfigMap in the "kube-public" namespace\n',
    );
  }
  yield* finalizeKubelet(k);
  for (const [addon, title] of [
    ["addon/coredns", "CoreDNS"],
    ["addon/kube-proxy", "kube-proxy"],
  ] as const) {
    if (skips(k, addon)) continue;
    yield* create((manifest) => addonOf(manifest) === addon);
    yield* k.print(`[addons] Applied essential addon: ${title}\n`);
  }
  yield* farewell(k, s, token, key);
}

function* mark(k: Kubeadm, client: ApiClient, s: InitSettings): Gen {
  if (skips(k, "mark-control-plane")) return;
  yield* k.print(
    `[mark-control-plane] Marking the node ${s.nodeName} as control-plane by adding the labels: [node-role.kubernetes.io/control-plane node.kubernetes.io/exclude-from-external-load-balancers]\n` +
      (s.taints?.length === 0
        ? ""
        : `[mark-control-plane] Marking the node ${s.nodeName} as control-plane by adding the taints [node-role.kubernetes.io/control-plane:NoSchedule]\n`),
  );
  yield* persistently(() => markControlPlane(client, s.nodeName, s.taints));
}

/** The kubelet's certificate moves to where it can be rotated (phases/init/kubeletfinalize.go). */
function* finalizeKubelet(k: Kubeadm): Gen {
  const text = k.read(KUBELET_CONF) ?? "";
  const data = [/client-certificate-data: (\S+)/, /client-key-data: (\S+)/].map((pattern) => pattern.exec(text)?.[1]);
  const [certificate, key] = data.map((encoded) => encoded && k.fromBase64(encoded));
  if (!certificate || !key) return;
  yield* k.print(
    `[kubelet-finalize] Updating "${KUBELET_CONF}" to point to a rotatable kubelet client certificate and key\n`,
  );
  sys.writeText(k.p, CURRENT, certificate + key, 0o600);
  const pointed = text.replace(/client-(certificate|key)-data: \S+/g, `client-$1: ${CURRENT}`);
  sys.writeText(k.p, KUBELET_CONF, pointed, 0o600);
  yield* k.run("systemctl", "restart", "kubelet");
}

function* farewell(k: Kubeadm, s: InitSettings, token: string, key: string | undefined): Gen {
  const join = joinWords(k, k.on("skip-token-print") ? "<value withheld>" : token);
  let text =
    "\nYour Kubernetes control-plane has initialized successfully!\n\nTo start using your cluster, you need to run the following as a regular user:\n\n" +
    "  mkdir -p $HOME/.kube\n  sudo cp -i /etc/kubernetes/admin.conf $HOME/.kube/config\n  sudo chown $(id -u):$(id -g) $HOME/.kube/config\n\n" +
    "Alternatively, if you are the root user, you can run:\n\n  export KUBECONFIG=/etc/kubernetes/admin.conf\n\n" +
    'You should now deploy a pod network to the cluster.\nRun "kubectl apply -f [podnetwork].yaml" with one of the options listed at:\n' +
    "  https://kubernetes.io/docs/concepts/cluster-administration/addons/\n\n";
  if (s.endpoint !== undefined) {
    text +=
      key === undefined
        ? `You can now join any number of control-plane nodes by copying certificate authorities\nand service account keys on each node and then running the following as root:\n\n  ${join} \\\n\t--control-plane \n\n`
        : `You can now join any number of control-plane nodes running the following command on each as root:\n\n  ${join} \\\n\t--control-plane --certificate-key ${key}\n\n` +
          "Please note that the certificate-key gives access to cluster sensitive data, keep it secret!\n" +
          'As a safeguard, uploaded-certs will be deleted in two hours; If necessary, you can use\n"kubeadm init phase upload-certs --upload-certs" to reload certs afterward.\n\n';
  }
  yield* k.print(
    `${text}Then you can join any number of worker nodes by running the following on each as root:\n\n${join} \n`,
  );
}
