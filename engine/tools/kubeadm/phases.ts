/** kubeadm init phase: parts of `kubeadm init` by themselves (cmd/kubeadm/app/cmd/phases/init). */
import type { ApiClient } from "../../api/client.ts";
import { clientFromKubeconfig } from "../../api/kubeconfig.ts";
import { clusterContext } from "../../control-plane/context.ts";
import type { Gen } from "../../kernel/index.ts";
import { adminBinding } from "../../kubeadm/addons/bootstrap.ts";
import { initObjects } from "../../kubeadm/addons/index.ts";
import { createObject, markControlPlane } from "../../kubeadm/init.ts";
import { authorityText, CERTIFICATE_NAMES, certsPhase as certificates } from "./certificates.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";
import { CONTROL_PLANE, controlPlaneManifests, etcdManifest, kubeletFiles, MANIFESTS } from "./init.ts";
import { type InitSettings, initSettings, phaseSettings, serverOf } from "./init-settings.ts";
import { KUBECONFIG_NAMES, writeKubeconfigs } from "./kubeconfigs.ts";
import { initFaults, judge } from "./preflight.ts";
import { createToken, newToken } from "./token.ts";

const SUPER_ADMIN = "/etc/kubernetes/super-admin.conf";

export function* preflightPhase(k: Kubeadm): Gen {
  const { version } = initSettings(k);
  yield* k.print("[preflight] Running pre-flight checks\n");
  yield* judge(k, initFaults(k, version));
}

/** Where no cluster runs they are those of a new one, which the phases make step by step. */
function settingsOf(k: Kubeadm): InitSettings {
  const { network } = k.p.machine;
  const { raft } = clusterContext(network);
  if (raft.members().some(({ id }) => raft.isRunning(id))) return phaseSettings(k);
  const settings = initSettings(k);
  clusterContext(network).settings = settings;
  return settings;
}

/** `certs all`, or one of its certificates. */
export function* certsPhase(k: Kubeadm): Gen {
  const [which] = k.args;
  if (which !== "all" && !CERTIFICATE_NAMES.includes(which ?? "")) throw subcommand("certs", which);
  yield* certificates(k, settingsOf(k), which);
}

/** `control-plane all`, or one of its parts. */
export function* controlPlanePhase(k: Kubeadm): Gen {
  const [which] = k.args;
  if (which !== "all" && !CONTROL_PLANE.includes(which ?? "")) throw subcommand("control-plane", which);
  if (which === "all") yield* k.print(`[control-plane] Using manifest folder "${MANIFESTS}"\n`);
  yield* controlPlaneManifests(k, settingsOf(k), which === "all" ? CONTROL_PLANE : [which!]);
}

export function* etcdPhase(k: Kubeadm): Gen {
  if (k.args[0] !== "local") throw subcommand("etcd", k.args[0]);
  yield* etcdManifest(k, settingsOf(k));
}

/** `kubeconfig all`, or one of them; those that are there stay. */
export function* kubeconfigPhase(k: Kubeadm): Gen {
  const [which] = k.args;
  if (which !== "all" && !KUBECONFIG_NAMES.includes(which ?? "")) throw subcommand("kubeconfig", which);
  const folder = k.flag("kubeconfig-dir") ?? "/etc/kubernetes";
  if (which === "all") yield* k.print(`[kubeconfig] Using kubeconfig folder "${folder}"\n`);
  yield* writeKubeconfigs(k, settingsOf(k), which === "all" ? KUBECONFIG_NAMES : [which!], folder);
}

export function* kubeletStartPhase(k: Kubeadm): Gen {
  yield* k.print(
    '[kubelet-start] Writing kubelet environment file with flags to file "/var/lib/kubelet/kubeadm-flags.env"\n' +
      '[kubelet-start] Writing kubelet configuration to file "/var/lib/kubelet/config.yaml"\n[kubelet-start] Starting the kubelet\n',
  );
  yield* k.run("systemctl", "stop", "kubelet");
  yield* kubeletFiles(k, settingsOf(k));
  yield* k.run("systemctl", "start", "kubelet");
}

export function* bootstrapTokenPhase(k: Kubeadm): Gen {
  const settings = settingsOf(k);
  const token = settings.token ?? newToken(k);
  const client = yield* adminClient(k);
  yield* k.ask(() => createToken(k, client, token, { ttl: settings.ttl }));
  yield* k.print(
    `[bootstrap-token] Using token: ${token}\n[bootstrap-token] Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles\n`,
  );
  yield* objects(k, settings, /^(cluster-info|kubeadm:.*)$/);
  yield* k.print('[bootstrap-token] Creating the "cluster-info" ConfigMap in the "kube-public" namespace\n');
}

/** Objects of the add-ons, of the configuration's upload, by their names. */
const OBJECTS: Readonly<Record<string, { names: RegExp; said: string }>> = {
  coredns: { names: /^(coredns|system:coredns|kube-dns)$/, said: "[addons] Applied essential addon: CoreDNS\n" },
  "kube-proxy": {
    names: /^(kube-proxy|kubeadm:node-proxier)$/,
    said: "[addons] Applied essential addon: kube-proxy\n",
  },
  kubeadm: {
    names: /^kubeadm-config$/,
    said: '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace\n',
  },
  kubelet: {
    names: /^kubelet-config$/,
    said: '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster\n',
  },
};

/** The client of admin.conf, whose group is given its role by super-admin.conf's where nobody did (EnsureAdminClusterRoleBinding). */
function* adminClient(k: Kubeadm): Gen<ApiClient> {
  const own = k.client();
  if (k.flag("kubeconfig") !== undefined || k.read(SUPER_ADMIN) === undefined) return own;
  const first = clientFromKubeconfig(k.p, SUPER_ADMIN, k.agent);
  yield* k.ask(() => createObject(first, adminBinding()));
  return own;
}

/** Creates what is missing of them, and leaves what is there. */
function* objects(k: Kubeadm, settings: InitSettings, names: RegExp): Gen {
  const client = yield* adminClient(k);
  for (const object of initObjects(serverOf(settings), authorityText(k), settings)) {
    if (names.test(object.metadata.name)) yield* k.ask(() => createObject(client, object));
  }
}

function phaseOf(phase: string, parts: readonly string[]): (k: Kubeadm) => Gen {
  return function* (k) {
    const [which] = k.args;
    if (which !== "all" && !parts.includes(which ?? "")) throw subcommand(phase, which);
    for (const part of which === "all" ? parts : [which!]) {
      const { names, said } = OBJECTS[part]!;
      yield* objects(k, phaseSettings(k), names);
      yield* k.print(said);
    }
  };
}

export const addonPhase = phaseOf("addon", ["coredns", "kube-proxy"]);
export const uploadConfigPhase = phaseOf("upload-config", ["kubeadm", "kubelet"]);

export function* markPhase(k: Kubeadm): Gen {
  const name = k.flag("node-name") ?? k.p.machine.hostname;
  yield* k.print(
    `[mark-control-plane] Marking the node ${name} as control-plane by adding the labels: [node-role.kubernetes.io/control-plane node.kubernetes.io/exclude-from-external-load-balancers]\n` +
      `[mark-control-plane] Marking the node ${name} as control-plane by adding the taints [node-role.kubernetes.io/control-plane:NoSchedule]\n`,
  );
  const client = yield* adminClient(k);
  yield* k.ask(() => markControlPlane(client, name));
}

function subcommand(phase: string, which: string | undefined): KubeadmError {
  return new KubeadmError(
    which === undefined
      ? `missing subcommand; "${phase}" is not meant to be run on its own`
      : `unknown command "${which}" for "kubeadm init phase ${phase}"`,
  );
}
