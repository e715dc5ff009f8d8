/** kubeadm reset (cmd/kubeadm/app/cmd/reset.go and phases/reset). */
import type { Gen } from "../../kernel/index.ts";
import { runtimeOf } from "../../machine/runtime/of.ts";
import * as sys from "../../machine/sys.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";
import { leaveEtcd } from "./etcd.ts";
import { judge } from "./preflight.ts";

const KUBERNETES = "/etc/kubernetes";
const ETCD = "/var/lib/etcd";
const KUBELET = "/var/lib/kubelet";
const CONFIGS = ["admin", "super-admin", "kubelet", "bootstrap-kubelet", "controller-manager", "scheduler"];

export function* reset(k: Kubeadm): Gen {
  const certificates = k.flag("cert-dir") ?? `${KUBERNETES}/pki`;
  const administers = k.read(k.flag("kubeconfig") ?? `${KUBERNETES}/admin.conf`) !== undefined;
  if (administers) yield* configuration(k);
  if (!k.on("force") && !k.on("dry-run")) yield* confirm(k);
  yield* k.print("[preflight] Running pre-flight checks\n");
  yield* judge(k, k.p.cred.uid === 0 ? [] : [{ check: "IsPrivilegedUser", text: "user is not running as root" }]);
  const would = k.on("dry-run");
  if (!administers)
    yield* k.warn("removeetcdmember.go:106", "[reset] No kubeadm config, using etcd pod spec to get data directory");
  if (would) yield* k.print(`[reset] Would delete contents of the etcd data directory: ${ETCD}\n`);
  else {
    leaveEtcd(k);
    yield* empty(k, ETCD);
    yield* k.print(`[reset] Deleted contents of the etcd data directory: ${ETCD}\n`);
  }
  yield* k.print(would ? "[reset] Would stop the kubelet service\n" : "[reset] Stopping the kubelet service\n");
  if (!would) yield* k.run("systemctl", "stop", "kubelet");
  yield* k.print(
    would
      ? `[reset] Would unmount mounted directories in "${KUBELET}"\n[reset] Would remove Kubernetes-managed containers\n`
      : `[reset] Unmounting mounted directories in "${KUBELET}"\n`,
  );
  if (!would) yield* removePods(k);
  const directories = [`${KUBERNETES}/manifests`, ...(would ? [] : [KUBELET]), certificates];
  if (k.on("cleanup-tmp-dir")) directories.push(`${KUBERNETES}/tmp`);
  const files = CONFIGS.map((name) => `${KUBERNETES}/${name}.conf`);
  const verb = would ? "Would delete" : "Deleting";
  yield* k.print(
    `[reset] ${verb} contents of directories: [${directories.join(" ")}]\n[reset] ${verb} files: [${files.join(" ")}]\n`,
  );
  if (!would) {
    for (const directory of directories) yield* empty(k, directory);
    for (const file of files) if (sys.find(k.p, file) !== undefined) sys.unlink(k.p, file);
  }
  yield* k.print(
    "\nThe reset process does not perform cleanup of CNI plugin configuration,\n" +
      "network filtering rules and kubeconfig files.\n\n" +
      "For information on how to perform this cleanup manually, please see:\n" +
      "    https://k8s.io/docs/reference/setup-tools/kubeadm/kubeadm-reset/\n\n",
  );
}

/** A cluster that does not answer is no hindrance. */
function* configuration(k: Kubeadm): Gen {
  try {
    yield* k.configuration("reset");
  } catch (error) {
    if (!(error instanceof KubeadmError)) throw error;
    yield* k.warn(
      "reset.go:143",
      `[reset] Unable to fetch the kubeadm-config ConfigMap from cluster: failed to get config map: ${error.message}`,
    );
  }
}

function* confirm(k: Kubeadm): Gen {
  yield* k.warn(
    "preflight.go:56",
    "[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' will be reverted.",
  );
  yield* k.confirm("reset");
}

function* empty(k: Kubeadm, directory: string): Gen {
  if (sys.find(k.p, directory)?.kind !== "dir") return;
  const paths = [...sys.readDir(k.p, directory).keys()]
    .filter((name) => name !== "." && name !== "..")
    .map((name) => `${directory}/${name}`);
  if (paths.length > 0) yield* k.run("rm", "-rf", ...paths);
}

function* removePods(k: Kubeadm): Gen {
  const runtime = runtimeOf(k.p.machine);
  if (runtime.daemon === undefined) return;
  for (const id of [...runtime.sandboxes.keys()]) yield* runtime.removePodSandbox(id);
}
