/** kubeadm join (cmd/kubeadm/app/cmd/join.go, phases/join, discovery/token). */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { BOOTSTRAP_TOKEN, detachedSignature } from "../../api/bootstrap-token.ts";
import type { ApiClient } from "../../api/client.ts";
import { clientFromKubeconfig, type Kubeconfig, loadKubeconfig } from "../../api/kubeconfig.ts";
import { NODES } from "../../api/resources.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, decodeBase64, type Gen, MINUTE, MS, SECOND, sleep } from "../../kernel/index.ts";
import { annotateCriSocket, markControlPlane, persistently } from "../../kubeadm/init.ts";
import { AUDIT_POLICY } from "../../kubeadm/manifests.ts";
import * as sys from "../../machine/sys.ts";
import { fromPem } from "../../pki/der.ts";
import { readCertificate } from "../../pki/documents.ts";
import { certsPhase } from "./certificates.ts";
import { downloadCertificates } from "./certificates-secret.ts";
import { CONFIG_MAPS, type Kubeadm, KubeadmError } from "./context.ts";
import { announceMember, promote } from "./etcd.ts";
import { imagesOf } from "./images.ts";
import { CONTROL_PLANE, controlPlaneManifests, etcdManifest, MANIFESTS } from "./init.ts";
import { type InitSettings, joinSettings } from "./init-settings.ts";
import { writeKubeconfigs } from "./kubeconfigs.ts";
import { joinFaults, judge } from "./preflight.ts";
import { pull } from "./upgrade.ts";

const BOOTSTRAP = "/etc/kubernetes/bootstrap-kubelet.conf";
const KUBECONFIG = "/etc/kubernetes/kubelet.conf";
const PKI = "/etc/kubernetes/pki";
const CA = `${PKI}/ca.crt`;
const AUDIT = "/etc/kubernetes/audit-policy.yaml";
const CONFIG = "/var/lib/kubelet/config.yaml";
const FLAGS = "/var/lib/kubelet/kubeadm-flags.env";
/** What the kubelet is started with; a name that is not the host's has to be told. */
const environment = (k: Kubeadm) =>
  `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock${nodeNameOf(k) === k.p.machine.hostname ? "" : ` --hostname-override=${nodeNameOf(k)}`} --pod-infra-container-image=registry.k8s.io/pause:3.10 --v=2"\n`;

const nodeNameOf = (k: Kubeadm): string => (k.flag("node-name") ?? k.p.machine.hostname).toLowerCase();

interface Wanted {
  /** `host:port`. */
  endpoint: string;
  id: string;
  secret: string;
  /** `sha256:…`; none: whatever CA the cluster shows is taken. */
  hashes: readonly string[];
}

/** What the command line asks for; throws where it does not say enough. */
function wanted(k: Kubeadm): Wanted {
  const [endpoint] = k.args;
  const token = k.flag("discovery-token") ?? k.flag("token");
  if (endpoint === undefined || token === undefined)
    throw new KubeadmError('discovery: Invalid value: "": bootstrapToken or file must be set');
  const match = BOOTSTRAP_TOKEN.exec(token);
  if (match === null) {
    throw new KubeadmError('discovery.tlsBootstrapToken: Invalid value: "": the bootstrap token is invalid');
  }
  const hashes = (k.flag("discovery-token-ca-cert-hash") ?? "").split(",").filter((hash) => hash !== "");
  if (hashes.length === 0 && !k.on("discovery-token-unsafe-skip-ca-verification")) {
    throw new KubeadmError(
      'discovery.bootstrapToken: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. ' +
        "Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue",
    );
  }
  return { endpoint, id: match[1]!, secret: match[2]!, hashes };
}

export function* join(k: Kubeadm): Gen {
  const controlPlane = k.on("control-plane");
  const want = wanted(k);
  yield* k.print("[preflight] Running pre-flight checks\n");
  yield* judge(k, joinFaults(k, controlPlane));
  const { authority, server } = yield* discover(k, want);
  const bootstrap = bootstrapConfig(authority, server, `${want.id}.${want.secret}`);
  const client = clientFromKubeconfig(k.p, loadKubeconfig(bootstrap), k.agent);
  const configuration = yield* k.configuration("preflight", client);
  const settings = controlPlane && joinSettings(k, configuration["data"]?.ClusterConfiguration ?? "");
  if (settings) yield* prepareControlPlane(k, client, settings);
  yield* startKubelet(k, client, bootstrap, authority);
  if (settings) yield* announceControlPlane(k, settings);
  else {
    yield* k.print(
      "\nThis node has joined the cluster:\n* Certificate signing request was sent to apiserver and a response was received.\n" +
        "* The Kubelet was informed of the new secure connection details.\n\n" +
        "Run 'kubectl get nodes' on the control-plane to see this node join the cluster.\n\n",
    );
  }
}

// ---- discovery ------------------------------------------------------------------------------------------------------

const PATIENCE = 5 * MINUTE;
const RETRY = 5 * SECOND;

/** The cluster by its public cluster-info, which must be signed with the token and bear a CA that is pinned. */
function* discover(k: Kubeadm, { endpoint, id, secret, hashes }: Wanted): Gen<{ authority: string; server: string }> {
  const until = k.p.machine.kernel.now + PATIENCE;
  const anonymous: Kubeconfig = {
    // Whether this is the right one is known when the authority that it names is compared with the pinned key.
    clusters: [{ name: "", cluster: { server: `https://${endpoint}`, "insecure-skip-tls-verify": true } }],
    contexts: [{ name: "", context: { cluster: "" } }],
    users: [],
    "current-context": "",
  };
  const client = clientFromKubeconfig(k.p, anonymous, k.agent);
  const refuse = (why: string) =>
    new KubeadmError(`error execution phase preflight: couldn't validate the identity of the API Server: ${why}`);
  for (;;) {
    let why: string;
    try {
      const info = yield* k.ask(() => client.get<KubeObject>(CONFIG_MAPS, "kube-public", "cluster-info"));
      const text: string = info["data"]?.kubeconfig ?? "";
      const signature = info["data"]?.[`jws-kubeconfig-${id}`];
      if (signature === detachedSignature(text, { id, secret })) {
        const { cluster } = loadKubeconfig(text).clusters[0]!;
        const authority = cluster["certificate-authority-data"] ?? "";
        const hash = `sha256:${spkiHash(authority)}`;
        if (hashes.length > 0 && !hashes.includes(hash)) {
          throw refuse(
            `cluster CA found in cluster-info ConfigMap is invalid: none of the public keys ${JSON.stringify(hash)} are pinned`,
          );
        }
        return { authority, server: cluster.server ?? `https://${endpoint}` };
      }
      why =
        signature === undefined
          ? `could not find a JWS signature in the cluster-info ConfigMap for token ID ${JSON.stringify(id)}`
          : "failed to verify JWS signature of received cluster info object, can't trust this API Server";
    } catch (error) {
      if (!(error instanceof KubeadmError) || error.message.startsWith("error execution")) throw error;
      why = `failed to request the cluster-info ConfigMap: ${error.message}`;
    }
    if (k.p.machine.kernel.now >= until) throw refuse(why);
    yield* sleep(RETRY);
  }
}

function spkiHash(authority: string): string {
  const der = fromPem("CERTIFICATE", decode(decodeBase64(authority) ?? new Uint8Array(0)));
  const spki = der && readCertificate(der)?.spki;
  return spki ? bytesToHex(sha256(spki)) : "";
}

function bootstrapConfig(authority: string, server: string, token: string): string {
  return (
    `apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: ${authority}\n    server: ${server}\n  name: kubernetes\n` +
    "contexts:\n- context:\n    cluster: kubernetes\n    user: tls-bootstrap-token-user\n" +
    "  name: tls-bootstrap-token-user@kubernetes\ncurrent-context: tls-bootstrap-token-user@kubernetes\n" +
    `kind: Config\npreferences: {}\nusers:\n- name: tls-bootstrap-token-user\n  user:\n    token: ${token}\n`
  );
}

// ---- the kubelet ----------------------------------------------------------------------------------------------------

const HEALTH = 4 * MINUTE;

function* startKubelet(k: Kubeadm, client: ApiClient, bootstrap: string, authority: string): Gen {
  const name = nodeNameOf(k);
  const phase = (text: string) => new KubeadmError(`error execution phase kubelet-start: ${text}`);
  for (const directory of ["/etc/kubernetes/pki", "/etc/kubernetes/manifests", "/var/lib/kubelet/pki"])
    yield* k.run("mkdir", "-p", directory);
  sys.writeText(k.p, BOOTSTRAP, bootstrap, 0o600);
  try {
    if (k.read(CA) === undefined) sys.writeText(k.p, CA, decode(decodeBase64(authority) ?? new Uint8Array(0)), 0o644);
    if (yield* isReady(k, client, name)) {
      throw phase(
        `a Node with name ${JSON.stringify(name)} and status "Ready" already exists in the cluster. ` +
          "You must delete the existing Node or change the name of this new joining Node",
      );
    }
    yield* k.run("systemctl", "stop", "kubelet");
    const config = yield* k.ask(() => client.get<KubeObject>(CONFIG_MAPS, "kube-system", "kubelet-config"));
    yield* k.print(
      `[kubelet-start] Writing kubelet configuration to file "${CONFIG}"\n` +
        `[kubelet-start] Writing kubelet environment file with flags to file "${FLAGS}"\n[kubelet-start] Starting the kubelet\n`,
    );
    sys.writeText(k.p, CONFIG, config["data"]?.kubelet ?? "", 0o644);
    sys.writeText(k.p, FLAGS, environment(k), 0o644);
    yield* k.run("systemctl", "start", "kubelet");
    yield* k.print(
      "[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to 4m0s\n",
    );
    yield* bootstrapped(k, phase);
    const own = clientFromKubeconfig(k.p, KUBECONFIG, k.agent);
    yield* persistently(() => annotateCriSocket(own, name));
  } finally {
    if (k.read(BOOTSTRAP) !== undefined) sys.unlink(k.p, BOOTSTRAP);
  }
}

function* isReady(k: Kubeadm, client: ApiClient, name: string): Gen<boolean> {
  try {
    const node = yield* client.get<KubeObject>(NODES, undefined, name);
    const conditions: { type: string; status: string }[] = node.status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === "Ready" && status === "True");
  } catch (error) {
    if (isStatus(error, "NotFound")) return false;
    return yield* k.ask(function* () {
      throw error;
    });
  }
}

/** Until the kubelet has its own kubeconfig. */
function* bootstrapped(k: Kubeadm, phase: (text: string) => KubeadmError): Gen {
  const { kernel } = k.p.machine;
  const start = kernel.now;
  yield* sleep(500 * MS);
  yield* k.print(
    `[kubelet-check] The kubelet is healthy after ${((kernel.now - start) / MS).toFixed(3)}ms\n` +
      "[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap\n",
  );
  while (k.read(KUBECONFIG) === undefined) {
    if (kernel.now - start > HEALTH) {
      yield* k.print(
        "\nUnfortunately, an error has occurred:\n\tcontext deadline exceeded\n\nThis error is likely caused by:\n" +
          "\t- The kubelet is not running\n\t- The kubelet is unhealthy due to a misconfiguration of the node in some way (required cgroups disabled)\n\n" +
          "If you are on a systemd-powered system, you can try to troubleshoot the error with the following commands:\n" +
          "\t- 'systemctl status kubelet'\n\t- 'journalctl -xeu kubelet'\n",
      );
      throw phase("context deadline exceeded");
    }
    yield* sleep(SECOND);
  }
}

// ---- a further control plane ----------------------------------------------------------------------------------------

function* prepareControlPlane(k: Kubeadm, client: ApiClient, settings: InitSettings): Gen {
  const key = k.flag("certificate-key");
  const shared = k.read(`${PKI}/ca.key`) !== undefined;
  if (key === undefined && !shared) {
    throw new KubeadmError(
      "error execution phase preflight: \nOne or more conditions for hosting a new control plane instance is not satisfied.\n\n" +
        "[failure loading certificate for CA: couldn't load the certificate file /etc/kubernetes/pki/ca.crt: open /etc/kubernetes/pki/ca.crt: no such file or directory]\n\n" +
        "Please ensure that:\n* The cluster has a stable controlPlaneEndpoint address.\n* The certificates that must be shared among control plane instances are provided.\n\n",
    );
  }
  yield* k.print(
    "[preflight] Running pre-flight checks before initializing the new control plane instance\n" +
      "[preflight] Pulling images required for setting up a Kubernetes cluster\n" +
      "[preflight] This might take a minute or two, depending on the speed of your internet connection\n" +
      "[preflight] You can also perform this action beforehand using 'kubeadm config images pull'\n",
  );
  for (const image of imagesOf(settings.version)) yield* pull(k, image);
  if (key !== undefined) {
    yield* k.print(
      '[download-certs] Downloading the certificates in Secret "kubeadm-certs" in the "kube-system" Namespace\n' +
        `[download-certs] Saving the certificates to the folder: "${PKI}"\n`,
    );
    const files = yield* downloadCertificates(client, key);
    yield* k.run("mkdir", "-p", `${PKI}/etcd`);
    for (const [name, bytes] of files)
      sys.writeText(k.p, `${PKI}/${name}`, decode(bytes), name.endsWith(".crt") ? 0o644 : 0o600);
  }
  yield* certsPhase(k, settings);
  yield* k.print('[kubeconfig] Generating kubeconfig files\n[kubeconfig] Using kubeconfig folder "/etc/kubernetes"\n');
  yield* writeKubeconfigs(k, settings, ["admin", "controller-manager", "scheduler"], "/etc/kubernetes");
  // The course's set-up audits on every control plane.
  if (settings.audited && k.read(AUDIT) === undefined) sys.writeText(k.p, AUDIT, AUDIT_POLICY, 0o644);
  yield* k.print(`[control-plane] Using manifest folder "${MANIFESTS}"\n`);
  yield* controlPlaneManifests(k, settings, CONTROL_PLANE);
  yield* k.print("[check-etcd] Checking that the etcd cluster is healthy\n");
}

function* announceControlPlane(k: Kubeadm, settings: InitSettings): Gen {
  const member = yield* announceMember(k, settings);
  yield* k.print("[etcd] Announced new etcd member joining to the existing etcd cluster\n");
  yield* etcdManifest(k, settings);
  yield* k.print("[etcd] Waiting for the new etcd member to join the cluster. This can take up to 40s\n");
  if (member !== undefined) yield* promote(k, member);
  yield* k.print(
    `[mark-control-plane] Marking the node ${nodeNameOf(k)} as control-plane by adding the labels: [node-role.kubernetes.io/control-plane node.kubernetes.io/exclude-from-external-load-balancers]\n` +
      `[mark-control-plane] Marking the node ${nodeNameOf(k)} as control-plane by adding the taints [node-role.kubernetes.io/control-plane:NoSchedule]\n`,
  );
  const admin = k.client();
  yield* persistently(() => markControlPlane(admin, nodeNameOf(k)));
  yield* k.print(
    "\nThis node has joined the cluster and a new control plane instance was created:\n\n" +
      "* Certificate signing request was sent to apiserver and approval was received.\n" +
      "* The Kubelet was informed of the new secure connection details.\n" +
      "* Control plane label and taint were applied to the new node.\n* The Kubernetes control plane instances scaled up.\n" +
      "* A new etcd member was added to the local/stacked etcd cluster.\n\n" +
      "To start administering your cluster from this node, you need to run the following as a regular user:\n\n" +
      "\tmkdir -p $HOME/.kube\n\tsudo cp -i /etc/kubernetes/admin.conf $HOME/.kube/config\n" +
      "\tsudo chown $(id -u):$(id -g) $HOME/.kube/config\n\nRun 'kubectl get nodes' to see this node join the cluster.\n\n",
  );
}
