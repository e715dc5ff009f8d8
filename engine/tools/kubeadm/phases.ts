/** kubeadm init phase: parts of `kubeadm init` on a control plane that stands (cmd/kubeadm/app/cmd/phases/init). */
import { kindByGvk } from "../../api/kinds.ts";
import { isStatus } from "../../api/status.ts";
import { clusterContext } from "../../control-plane/context.ts";
import type { Gen } from "../../kernel/index.ts";
import { markControlPlane } from "../../kubeadm/init.ts";
import * as sys from "../../machine/sys.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";

const MANIFESTS = "/etc/kubernetes/manifests";
const FOLDER = "/etc/kubernetes";

/** The file as `kubeadm init` wrote it; throws on a machine that it never ran on. */
function first(k: Kubeadm, path: string): string {
  const text = clusterContext(k.p.ns.net.network).laidOut(k.p.machine, path);
  if (text === undefined) throw new KubeadmError(`this machine has no ${path}: it is no control plane`);
  return text;
}

function* manifest(k: Kubeadm, name: string): Gen {
  const path = `${MANIFESTS}/${name}.yaml`;
  const text = first(k, path).replace(/^(\s*image: registry\.k8s\.io\/kube-\S+:)\S+$/m, `$1${k.release}`);
  yield* k.run("mkdir", "-p", MANIFESTS);
  sys.writeText(k.p, path, text, 0o600);
}

const CONTROL_PLANE = ["apiserver", "controller-manager", "scheduler"];

/** `control-plane all`, or one of its parts. */
export function* controlPlanePhase(k: Kubeadm): Gen {
  const [which] = k.args;
  if (which !== "all" && !CONTROL_PLANE.includes(which ?? "")) throw subcommand("control-plane", which);
  if (which === "all") yield* k.print(`[control-plane] Using manifest folder "${MANIFESTS}"\n`);
  for (const part of which === "all" ? CONTROL_PLANE : [which!]) {
    yield* k.print(`[control-plane] Creating static Pod manifest for "kube-${part}"\n`);
    yield* manifest(k, `kube-${part}`);
  }
}

export function* etcdPhase(k: Kubeadm): Gen {
  if (k.args[0] !== "local") throw subcommand("etcd", k.args[0]);
  yield* k.print(`[etcd] Creating static Pod manifest for local etcd in "${MANIFESTS}"\n`);
  yield* manifest(k, "etcd");
}

const KUBECONFIGS = ["admin", "super-admin", "kubelet", "controller-manager", "scheduler"];

/** `kubeconfig all`, or one of them; those that are there stay. */
export function* kubeconfigPhase(k: Kubeadm): Gen {
  const [which] = k.args;
  if (which !== "all" && !KUBECONFIGS.includes(which ?? "")) throw subcommand("kubeconfig", which);
  const folder = k.flag("kubeconfig-dir") ?? FOLDER;
  if (which === "all") yield* k.print(`[kubeconfig] Using kubeconfig folder "${folder}"\n`);
  yield* k.run("mkdir", "-p", folder);
  for (const name of which === "all" ? KUBECONFIGS : [which!]) {
    const path = `${folder}/${name}.conf`;
    if (sys.find(k.p, path) !== undefined) {
      yield* k.print(`[kubeconfig] Using existing kubeconfig file: "${path}"\n`);
      continue;
    }
    yield* k.print(`[kubeconfig] Writing "${name}.conf" kubeconfig file\n`);
    sys.writeText(k.p, path, first(k, `${FOLDER}/${name}.conf`), 0o600);
  }
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

/** Creates what is missing of them, and leaves what is there. */
function* objects(k: Kubeadm, which: string): Gen {
  const { names, said } = OBJECTS[which]!;
  const client = k.client();
  for (const object of clusterContext(k.p.ns.net.network).addons()) {
    const kind = kindByGvk(object.apiVersion, object.kind);
    if (!names.test(object.metadata.name) || kind === undefined) continue;
    yield* k.ask(function* () {
      try {
        yield* client.create(kind.resource, object);
      } catch (error) {
        if (!isStatus(error, "AlreadyExists")) throw error;
      }
    });
  }
  yield* k.print(said);
}

function phaseOf(phase: string, parts: readonly string[]): (k: Kubeadm) => Gen {
  return function* (k) {
    const [which] = k.args;
    if (which !== "all" && !parts.includes(which ?? "")) throw subcommand(phase, which);
    for (const part of which === "all" ? parts : [which!]) yield* objects(k, part);
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
  yield* k.ask(() => markControlPlane(k.client(), name));
}

function subcommand(phase: string, which: string | undefined): KubeadmError {
  return new KubeadmError(
    which === undefined
      ? `missing subcommand; "${phase}" is not meant to be run on its own`
      : `unknown command "${which}" for "kubeadm init phase ${phase}"`,
  );
}
