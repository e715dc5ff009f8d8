/** kubeadm upgrade apply and node (cmd/kubeadm/app/cmd/phases/upgrade, phases/upgrade/staticpods.go). */

import { parseRelease } from "../../api/build-info.ts";
import type { ApiClient } from "../../api/client.ts";
import { clientFromKubeconfig, RequestError } from "../../api/kubeconfig.ts";
import { DAEMON_SETS, DEPLOYMENTS, PODS } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, MINUTE, SECOND, sleep } from "../../kernel/index.ts";
import { isCriError, runtimeOf } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { renewFor } from "./certs.ts";
import { CONFIG_MAPS, type Kubeadm, KubeadmError } from "./context.ts";
import { imagesOf, othersOf } from "./images.ts";
import { namedRelease } from "./releases.ts";

const SYSTEM = "kube-system";
const PULLING =
  "[upgrade/preflight] Pulling images required for setting up a Kubernetes cluster\n" +
  "[upgrade/preflight] This might take a minute or two, depending on the speed of your internet connection\n" +
  "[upgrade/preflight] You can also perform this action beforehand using 'kubeadm config images pull'\n";

/** The release that a cluster's configuration names. */
export function clusterRelease(configuration: KubeObject): string {
  const text: string = configuration["data"]?.ClusterConfiguration ?? "";
  return /^kubernetesVersion: (\S+)/m.exec(text)?.[1] ?? "v1.32.3";
}

/** Why the cluster cannot become of that version; undefined where it can (phases/upgrade/policy.go). */
function versionFault(k: Kubeadm, wanted: string, cluster: string): string | undefined {
  const [to, own, now] = [wanted, k.release, cluster].map((text) => parseRelease(text)!) as [Part, Part, Part];
  // What is below the minor release before kubeadm's has been refused already, so this is its very first patch.
  if (to.minor < own.minor && to.patch === 0)
    return `Specified version to upgrade to "${wanted}" is equal to or lower than the minimum supported version "${cluster}". Please specify a higher version to upgrade to`;
  if (to.minor > own.minor)
    return `Specified version to upgrade to "${wanted}" is at least one minor release higher than the kubeadm minor release (${to.minor} > ${own.minor}). Such an upgrade is not supported`;
  if (to.minor === own.minor && to.patch > own.patch)
    return `Specified version to upgrade to "${wanted}" is higher than the kubeadm version "${k.release}". Upgrade kubeadm first using the tool you used to install kubeadm`;
  if (to.minor > now.minor + 1)
    return `Specified version to upgrade to "${wanted}" is too high; kubeadm can upgrade only 1 minor version at a time`;
  if (to.minor < now.minor - 1)
    return `Specified version to downgrade to "${wanted}" is too low; kubeadm can downgrade only 1 minor version at a time`;
  return undefined;
}
type Part = { minor: number; patch: number };

/** What goes wrong is told as that of the preflight phase. */
function* inPreflight<T>(steps: Gen<T>): Gen<T> {
  try {
    return yield* steps;
  } catch (error) {
    if (!(error instanceof KubeadmError)) throw error;
    throw new KubeadmError(`error execution phase preflight: ${error.message}`);
  }
}

export function* upgradeApply(k: Kubeadm): Gen {
  const [given] = k.args;
  if (given === undefined)
    throw new KubeadmError("missing one or more required arguments. Required arguments: [version]");
  const configuration = yield* k.configuration("upgrade");
  const cluster = clusterRelease(configuration);
  yield* k.print("[upgrade/preflight] Running preflight checks\n[upgrade] Running cluster health checks\n");
  const wanted = yield* inPreflight(namedRelease(k, given));
  yield* k.print(`[upgrade/preflight] You have chosen to upgrade the cluster version to "${wanted}"\n`);
  yield* k.print(`[upgrade/versions] Cluster version: ${cluster}\n[upgrade/versions] kubeadm version: ${k.release}\n`);
  const fault = versionFault(k, wanted, cluster);
  if (fault !== undefined) {
    throw new KubeadmError(
      "error execution phase preflight: the version argument is invalid due to these fatal errors:\n\n" +
        `\t- ${fault}\n\nPlease fix the misalignments highlighted above and try upgrading again`,
    );
  }
  if (!k.on("yes") && !k.on("force") && !k.on("dry-run")) yield* k.confirm("upgrade");
  if (k.on("dry-run"))
    return yield* k.print(
      "[dryrun] Would pull the required images (like 'kubeadm config images pull')\n" +
        "[upgrade/successful] Finished dryrunning successfully!\n",
    );
  yield* k.print(PULLING);
  for (const image of imagesOf(wanted)) yield* pull(k, image);
  yield* k.print(
    `[upgrade/control-plane] Upgrading your static Pod-hosted control plane to version "${wanted}" (timeout: 5m0s)...\n`,
  );
  const client = k.client();
  yield* staticPods(k, client, wanted);
  yield* k.print(
    '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace\n',
  );
  yield* uploadVersion(k, client, configuration, wanted);
  yield* k.print(
    '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster\n',
  );
  yield* kubeletConfig(k, yield* k.ask(() => client.get(CONFIG_MAPS, SYSTEM, "kubelet-config")));
  yield* k.print(
    "[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to get nodes\n" +
      "[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to post CSRs in order for nodes to get long term certificate credentials\n" +
      "[bootstrap-token] Configured RBAC rules to allow the csrapprover controller automatically approve CSRs from a Node Bootstrap Token\n" +
      "[bootstrap-token] Configured RBAC rules to allow certificate rotation for all node client certificates in the cluster\n",
  );
  yield* addons(k, client, wanted);
  yield* k.print(
    `\n[upgrade] SUCCESS! A control plane node of your cluster was upgraded to "${wanted}".\n\n` +
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
  const client = clientFromKubeconfig(k.p, path, k.agent);
  const release = clusterRelease(yield* k.configuration("upgrade", client));
  yield* k.print("[upgrade/preflight] Running pre-flight checks\n");
  if (controlPlane) {
    yield* k.print(PULLING);
    for (const image of imagesOf(release)) yield* pull(k, image);
    yield* k.print(
      `[upgrade/control-plane] Upgrading your Static Pod-hosted control plane instance to version "${release}"...\n`,
    );
    yield* staticPods(k, client, release);
  } else {
    yield* k.print(
      "[upgrade/preflight] Skipping prepull. Not a control plane node.\n" +
        "[upgrade/control-plane] Skipping phase. Not a control plane node.\n",
    );
  }
  yield* kubeletConfig(k, yield* k.ask(() => client.get(CONFIG_MAPS, SYSTEM, "kubelet-config")));
  const skipped = (addon: string) => `[upgrade/addon] Skipping the addon/${addon} phase. Not a control plane node.\n`;
  if (controlPlane) yield* addons(k, client, release);
  else yield* k.print(skipped("coredns") + skipped("kube-proxy"));
}

/** Fetches an image by the machine's runtime; what it cannot fetch ends kubeadm. */
export function* pull(k: Kubeadm, image: string): Gen {
  const runtime = runtimeOf(k.p.machine);
  if (runtime.images.find(image) !== undefined) return;
  try {
    yield* runtime.pullImage(image);
  } catch (error) {
    if (!isCriError(error)) throw error;
    throw new KubeadmError(
      `error execution phase preflight: [preflight] Some fatal errors occurred:\n\t[ERROR ImagePull]: failed to pull image ${image}: ${error.message}\n` +
        "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`",
    );
  }
}

const MANIFESTS = "/etc/kubernetes/manifests";
const TEMPORARY = "/etc/kubernetes/tmp";

/** The image of a manifest: repository and tag. */
const IMAGE = /^(\s*image: \S+:)[^\s:]+$/m;

/** Replaces the images of the control plane's manifests one by one, and waits for each to run. */
function* staticPods(k: Kubeadm, client: ApiClient, release: string): Gen {
  const id = k.p.machine.kernel.random(`kubeadm ${k.p.machine.hostname}`).string(10, "0123456789");
  yield* k.print(
    `[upgrade/staticpods] Writing new Static Pod manifests to "${TEMPORARY}/kubeadm-upgraded-manifests${id}"\n`,
  );
  const parts: [string, string][] = [
    ["etcd", othersOf(release).etcd],
    ["kube-apiserver", release],
    ["kube-controller-manager", release],
    ["kube-scheduler", release],
  ];
  const backup = `${TEMPORARY}/kubeadm-backup-manifests-${stampOf(k)}`;
  for (const [name, tag] of parts) {
    const path = `${MANIFESTS}/${name}.yaml`;
    const old = k.read(path);
    if (old === undefined)
      throw new KubeadmError(`[upgrade/staticpods] FATAL: open ${path}: no such file or directory`);
    yield* k.print(`[upgrade/staticpods] Preparing for "${name}" upgrade\n`);
    const changed = old.replace(IMAGE, `$1${tag}`);
    if (changed === old) {
      yield* k.print(`[upgrade/staticpods] Current and new manifests of ${name} are equal, skipping upgrade\n`);
      continue;
    }
    if (k.flag("certificate-renewal") !== "false") {
      for (const certificate of renewFor(k, name))
        yield* k.print(`[upgrade/staticpods] Renewing ${certificate} certificate\n`);
    }
    yield* k.run("mkdir", "-p", backup);
    sys.writeText(k.p, `${backup}/${name}.yaml`, old, 0o600);
    sys.writeText(k.p, path, changed, 0o600);
    yield* k.print(
      `[upgrade/staticpods] Moving new manifest to "${path}" and backing up old manifest to "${backup}/${name}.yaml"\n` +
        "[upgrade/staticpods] Waiting for the kubelet to restart the component\n[upgrade/staticpods] This can take up to 5m0s\n",
    );
    yield* untilRuns(k, client, name, tag);
    const found = yield* k.ask(() => client.list(PODS, { namespace: SYSTEM, labelSelector: `component=${name}` }));
    yield* k.print(
      `[apiclient] Found ${found.items.length} Pods for label selector component=${name}\n` +
        `[upgrade/staticpods] Component "${name}" upgraded successfully!\n`,
    );
  }
  yield* k.print("[upgrade/control-plane] The control plane instance for this node was successfully upgraded!\n");
}

/** `2026-03-02-09-00-00`. */
const stampOf = (k: Kubeadm): string => formatTime(k.nowMs).replace(/[T:]/g, "-").replace("Z", "");

const PATIENCE = 5 * MINUTE;

/** Waits for the mirror Pod of a component to run with its new image. */
function* untilRuns(k: Kubeadm, client: ApiClient, name: string, tag: string): Gen {
  const { kernel, hostname } = k.p.machine;
  const until = kernel.now + PATIENCE;
  for (;;) {
    yield* sleep(SECOND);
    try {
      const pod = yield* client.get<KubeObject>(PODS, SYSTEM, `${name}-${hostname}`);
      const [status] = (pod.status?.containerStatuses ?? []) as { image: string; ready: boolean }[];
      if (status?.image.endsWith(`:${tag}`) && status.ready) return;
    } catch (error) {
      if (!(error instanceof StatusError) && !(error instanceof RequestError)) throw error;
    }
    if (kernel.now >= until) {
      throw new KubeadmError(
        `[upgrade/control-plane] FATAL: couldn't upgrade control plane. kubeadm has tried to recover everything into the earlier state. Errors faced: static Pod hash for component ${name} on Node ${hostname} did not change after 5m0s: context deadline exceeded`,
      );
    }
  }
}

function* uploadVersion(k: Kubeadm, client: ApiClient, configuration: KubeObject, release: string): Gen {
  const text: string = configuration["data"]?.ClusterConfiguration ?? "";
  const ClusterConfiguration = text.replace(/^(kubernetesVersion: )\S+/m, `$1${release}`);
  yield* k.ask(() => client.patch(CONFIG_MAPS, SYSTEM, "kubeadm-config", { data: { ClusterConfiguration } }));
}

/** CoreDNS and kube-proxy follow when the last control plane is of the release. */
function* addons(k: Kubeadm, client: ApiClient, release: string): Gen {
  const servers = yield* k.ask(() =>
    client.list(PODS, { namespace: SYSTEM, labelSelector: "component=kube-apiserver" }),
  );
  const behind = servers.items
    .filter((pod) => !pod.spec.containers[0].image.endsWith(`:${release}`))
    .map((pod) => pod.spec.nodeName as string);
  const skip = `[upgrade/addons] skip upgrade addons because control plane instances [${behind.join(" ")}] have not been upgraded\n`;
  if (behind.length > 0) return yield* k.print(skip + skip);
  const { coredns } = othersOf(release);
  const image = (name: string, reference: string) => ({
    spec: { template: { spec: { containers: [{ name, image: reference }] } } },
  });
  const dns = image("coredns", `registry.k8s.io/coredns/coredns:${coredns}`);
  const proxy = image("kube-proxy", `registry.k8s.io/kube-proxy:${release}`);
  yield* k.ask(() => ifThere(() => client.patch(DEPLOYMENTS, SYSTEM, "coredns", dns, "strategic")));
  yield* k.print("[addons] Applied essential addon: CoreDNS\n");
  yield* k.ask(() => ifThere(() => client.patch(DAEMON_SETS, SYSTEM, "kube-proxy", proxy, "strategic")));
  yield* k.print("[addons] Applied essential addon: kube-proxy\n");
}

function* ifThere(request: () => Gen<unknown>): Gen {
  try {
    yield* request();
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

/** The kubelet's configuration is the cluster's; the old one is kept. */
function* kubeletConfig(k: Kubeadm, map: KubeObject): Gen {
  const path = "/var/lib/kubelet/config.yaml";
  const id = k.p.machine.kernel.random(`kubeadm ${k.p.machine.hostname}`).string(10, "0123456789");
  const kept = `${TEMPORARY}/kubeadm-kubelet-config${id}`;
  yield* k.run("mkdir", "-p", kept);
  sys.writeText(k.p, `${kept}/config.yaml`, k.read(path) ?? "", 0o600);
  sys.writeText(k.p, path, map["data"]?.kubelet ?? "", 0o644);
  yield* k.print(
    `[upgrade/kubelet-config] Backing up kubelet config file to ${kept}/config.yaml\n` +
      `[kubelet-start] Writing kubelet configuration to file "${path}"\n` +
      "[upgrade/kubelet-config] The kubelet configuration for this node was successfully upgraded!\n",
  );
}
