/** kubeadm upgrade: plan, apply and node, for a cluster whose packages are of one version (cmd/upgrade). */
import { clientFromKubeconfig } from "../../api/kubeconfig.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { VERSION } from "../../kubeadm/topology.ts";
import * as sys from "../../machine/sys.ts";
import { AGENT, CONFIG_MAPS, type Kubeadm, KubeadmError } from "./context.ts";

const [MINOR, PATCH] = VERSION.slice(3).split(".").map(Number) as [number, number];

/** What is said when the newest release cannot be asked for. */
export function* offline(k: Kubeadm): Gen {
  const url = "https://dl.k8s.io/release/stable-1.txt";
  const nameserver = /^nameserver\s+(\S+)/m.exec(k.read("/etc/resolv.conf") ?? "")?.[1] ?? "[::1]";
  const why = `Get "${url}": dial tcp: lookup dl.k8s.io on ${nameserver}:53: no such host`;
  yield* k.warn(
    "version.go:109",
    `could not fetch a Kubernetes version from the internet: unable to get URL "${url}": ${why}`,
  );
  yield* k.warn("version.go:110", `falling back to the local client version: ${VERSION}`);
}

export function* upgradePlan(k: Kubeadm): Gen {
  yield* k.print("[preflight] Running pre-flight checks.\n");
  yield* k.configuration("upgrade/config");
  yield* k.print(
    "[upgrade] Running cluster health checks\n[upgrade] Fetching available versions to upgrade to\n" +
      `[upgrade/versions] Cluster version: ${VERSION.slice(1)}\n[upgrade/versions] kubeadm version: ${VERSION}\n`,
  );
  yield* offline(k);
  yield* k.print(
    `[upgrade/versions] Target version: ${VERSION}\n[upgrade/versions] Latest version in the v1.32 series: ${VERSION}\n\n` +
      "Awesome, you're up-to-date! Enjoy!\n",
  );
}

/** Why the cluster cannot become of that version; undefined where it can. */
function versionFault(wanted: string, minor: number, patch: number): string | undefined {
  if (minor > MINOR)
    return `Specified version to upgrade to "${wanted}" is at least one minor release higher than the kubeadm minor release (${minor} > ${MINOR}). Such an upgrade is not supported`;
  if (minor === MINOR && patch > PATCH)
    return `Specified version to upgrade to "${wanted}" is higher than the kubeadm version "${VERSION}". Upgrade kubeadm first using the tool you used to install kubeadm`;
  return undefined;
}

export function* upgradeApply(k: Kubeadm): Gen {
  const [given] = k.args;
  if (given === undefined)
    throw new KubeadmError("missing one or more required arguments. Required arguments: [version]");
  yield* k.configuration("upgrade");
  yield* k.print("[upgrade/preflight] Running preflight checks\n[upgrade] Running cluster health checks\n");
  yield* k.print(`[upgrade/preflight] You have chosen to upgrade the cluster version to "${given}"\n`);
  yield* k.print(`[upgrade/versions] Cluster version: ${VERSION}\n[upgrade/versions] kubeadm version: ${VERSION}\n`);
  const match = /^v?1\.(\d+)\.(\d+)$/.exec(given);
  if (match === null) throw new KubeadmError(`couldn't parse version ${given}`);
  const wanted = given.replace(/^v?/, "v");
  const fault = versionFault(wanted, Number(match[1]), Number(match[2]));
  if (fault !== undefined) {
    throw new KubeadmError(
      "[upgrade/version] FATAL: the --version argument is invalid due to these fatal errors:\n\n" +
        `\t- ${fault}\n\nPlease fix the misalignments highlighted above and try upgrading again`,
    );
  }
  if (!k.on("yes") && !k.on("force") && !k.on("dry-run")) yield* k.confirm("upgrade");
  if (wanted !== VERSION) {
    throw new KubeadmError(
      `error execution phase preflight: [preflight] Some fatal errors occurred:\n\t[ERROR ImagePull]: failed to pull image registry.k8s.io/kube-apiserver:${wanted}\n` +
        "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`",
    );
  }
  yield* k.print(
    "[upgrade/preflight] Pulling images required for setting up a Kubernetes cluster\n" +
      "[upgrade/preflight] This might take a minute or two, depending on the speed of your internet connection\n" +
      "[upgrade/preflight] You can also perform this action beforehand using 'kubeadm config images pull'\n" +
      `[upgrade/control-plane] Upgrading your static Pod-hosted control plane to version "${wanted}" (timeout: 5m0s)...\n`,
  );
  yield* staticPods(k);
  yield* k.print(
    '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace\n' +
      '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster\n',
  );
  yield* kubeletConfig(k, yield* k.ask(() => k.client().get(CONFIG_MAPS, "kube-system", "kubelet-config")));
  yield* k.print(
    "[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to get nodes\n" +
      "[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to post CSRs in order for nodes to get long term certificate credentials\n" +
      "[bootstrap-token] Configured RBAC rules to allow the csrapprover controller automatically approve CSRs from a Node Bootstrap Token\n" +
      "[bootstrap-token] Configured RBAC rules to allow certificate rotation for all node client certificates in the cluster\n" +
      "[addons] Applied essential addon: CoreDNS\n[addons] Applied essential addon: kube-proxy\n\n" +
      `[upgrade] SUCCESS! A control plane node of your cluster was upgraded to "${wanted}".\n\n` +
      "[upgrade] Now please proceed with upgrading the rest of the nodes by following the right order.\n",
  );
}

export function* upgradeNode(k: Kubeadm): Gen {
  const controlPlane = k.read("/etc/kubernetes/manifests/kube-apiserver.yaml") !== undefined;
  const path = k.flag("kubeconfig") ?? `/etc/kubernetes/${controlPlane ? "admin" : "kubelet"}.conf`;
  if (k.read(path) === undefined) {
    throw new KubeadmError(
      `couldn't create a Kubernetes client from file "${path}": failed to load admin kubeconfig: open ${path}: no such file or directory`,
    );
  }
  const client = clientFromKubeconfig(k.p, path, AGENT);
  yield* k.configuration("upgrade", "your-config-file", client);
  yield* k.print("[upgrade/preflight] Running pre-flight checks\n");
  if (controlPlane) {
    yield* k.print(
      "[upgrade/preflight] Pulling images required for setting up a Kubernetes cluster\n" +
        "[upgrade/preflight] This might take a minute or two, depending on the speed of your internet connection\n" +
        "[upgrade/preflight] You can also perform this action beforehand using 'kubeadm config images pull'\n" +
        `[upgrade/control-plane] Upgrading your Static Pod-hosted control plane instance to version "${VERSION}"...\n`,
    );
    yield* staticPods(k);
  } else {
    yield* k.print(
      "[upgrade/preflight] Skipping prepull. Not a control plane node.\n" +
        "[upgrade/control-plane] Skipping phase. Not a control plane node.\n",
    );
  }
  yield* kubeletConfig(k, yield* k.ask(() => client.get(CONFIG_MAPS, "kube-system", "kubelet-config")));
  const skipped = (addon: string) => `[upgrade/addon] Skipping the addon/${addon} phase. Not a control plane node.\n`;
  yield* k.print(
    controlPlane
      ? "[addons] Applied essential addon: CoreDNS\n[addons] Applied essential addon: kube-proxy\n"
      : skipped("coredns") + skipped("kube-proxy"),
  );
}

/** Manifests of the version that runs are those that would be written. */
function* staticPods(k: Kubeadm): Gen {
  const id = k.p.machine.kernel.random(`kubeadm ${k.p.machine.hostname}`).string(10, "0123456789");
  const equal = (name: string) =>
    `[upgrade/staticpods] Preparing for "${name}" upgrade\n[upgrade/staticpods] Current and new manifests of ${name} are equal, skipping upgrade\n`;
  yield* k.print(
    equal("etcd") +
      `[upgrade/staticpods] Writing new Static Pod manifests to "/etc/kubernetes/tmp/kubeadm-upgraded-manifests${id}"\n` +
      ["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(equal).join("") +
      "[upgrade/control-plane] The control plane instance for this node was successfully upgraded!\n",
  );
}

/** The kubelet's configuration is the cluster's; the old one is kept. */
function* kubeletConfig(k: Kubeadm, map: KubeObject): Gen {
  const path = "/var/lib/kubelet/config.yaml";
  const id = k.p.machine.kernel.random(`kubeadm ${k.p.machine.hostname}`).string(10, "0123456789");
  const kept = `/etc/kubernetes/tmp/kubeadm-kubelet-config${id}`;
  yield* k.run("mkdir", "-p", kept);
  sys.writeText(k.p, `${kept}/config.yaml`, k.read(path) ?? "", 0o600);
  sys.writeText(k.p, path, map["data"]?.kubelet ?? "", 0o644);
  yield* k.print(
    `[upgrade/kubelet-config] Backing up kubelet config file to ${kept}/config.yaml\n` +
      `[kubelet-start] Writing kubelet configuration to file "${path}"\n` +
      "[upgrade/kubelet-config] The kubelet configuration for this node was successfully upgraded!\n",
  );
}
