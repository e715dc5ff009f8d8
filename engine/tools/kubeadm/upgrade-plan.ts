/** kubeadm upgrade plan (cmd/kubeadm/app/cmd/upgrade/plan.go). */
import { parseRelease } from "../../api/build-info.ts";
import { NODES, PODS } from "../../api/resources.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { TabWriter } from "../kubectl/printers/tabwriter.ts";
import type { Kubeadm } from "./context.ts";
import { othersOf } from "./images.ts";
import { newestPatch, newestRelease } from "./releases.ts";
import { clusterRelease } from "./upgrade.ts";

const LINE = `${"_".repeat(69)}\n\n`;
const CONFIGS = `
The table below shows the current state of component configs as understood by this version of kubeadm.
Configs that have a "yes" mark in the "MANUAL UPGRADE REQUIRED" column require manual config upgrade or
resetting to kubeadm defaults before a successful upgrade can be performed. The version to manually
upgrade to is denoted in the "PREFERRED VERSION" column.

API GROUP                 CURRENT VERSION   PREFERRED VERSION   MANUAL UPGRADE REQUIRED
kubeproxy.config.k8s.io   v1alpha1          v1alpha1            no
kubelet.config.k8s.io     v1beta1           v1beta1             no
`;

export function* upgradePlan(k: Kubeadm): Gen {
  yield* k.print("[preflight] Running pre-flight checks.\n");
  const cluster = clusterRelease(yield* k.configuration("upgrade/config"));
  yield* k.print(
    "[upgrade] Running cluster health checks\n[upgrade] Fetching available versions to upgrade to\n" +
      `[upgrade/versions] Cluster version: ${cluster.slice(1)}\n[upgrade/versions] kubeadm version: ${k.release}\n`,
  );
  const target = k.args[0]?.replace(/^v?/, "v") ?? (yield* newestRelease(k));
  const patch = yield* newestPatch(k, cluster);
  const series = `v1.${parseRelease(cluster)?.minor}`;
  yield* k.print(
    `[upgrade/versions] Target version: ${target}\n[upgrade/versions] Latest version in the ${series} series: ${patch}\n\n`,
  );
  const upgrades: [string, string][] = [];
  if (older(cluster, patch)) upgrades.push([`version in the ${series} series`, patch]);
  if (target !== patch && older(cluster, target)) upgrades.push(["stable version", target]);
  if (upgrades.length === 0) yield* k.print("Awesome, you're up-to-date! Enjoy!\n");
  const client = k.client();
  const nodes = (yield* k.ask(() => client.list(NODES))).items;
  const selector = "tier=control-plane";
  const parts = (yield* k.ask(() => client.list(PODS, { namespace: "kube-system", labelSelector: selector }))).items;
  for (const [about, to] of upgrades) yield* k.print(described(k, { about, to, cluster, nodes, parts }));
  if (upgrades.length > 0) yield* k.print(`${CONFIGS}${LINE}`);
}

function older(a: string, b: string): boolean {
  const [x, y] = [parseRelease(a), parseRelease(b)];
  if (x === undefined || y === undefined) return false;
  return x.minor < y.minor || (x.minor === y.minor && x.patch < y.patch);
}

interface Upgrade {
  about: string;
  to: string;
  cluster: string;
  nodes: readonly KubeObject[];
  parts: readonly KubeObject[];
}

function described(k: Kubeadm, { about, to, cluster, nodes, parts }: Upgrade): string {
  const kubelets = new TabWriter(10, 3);
  kubelets.write("COMPONENT\tNODE\tCURRENT\tTARGET\n");
  const rows = nodes
    .map((node) => [node.status?.nodeInfo?.kubeletVersion as string, node.metadata.name] as const)
    .filter(([version]) => version !== to)
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1));
  for (const [version, name] of rows) kubelets.write(`kubelet\t${name}\t${version}\t${to}\n`);
  const table = new TabWriter(10, 3);
  table.write("COMPONENT\tNODE\tCURRENT\tTARGET\n");
  const component = (name: string, target: string) => {
    for (const pod of parts.filter((one) => one.metadata.labels?.["component"] === name)) {
      const tag = (pod.spec.containers[0].image as string).replace(/^.*:/, "");
      table.write(`${name}\t${pod.spec.nodeName}\t${tag}\t${target}\n`);
    }
  };
  for (const name of ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]) component(name, to);
  table.write(`kube-proxy\t\t${cluster.slice(1)}\t${to}\n`);
  table.write(`CoreDNS\t\t${othersOf(cluster).coredns}\t${othersOf(to).coredns}\n`);
  component("etcd", othersOf(to).etcd);
  const note = older(k.release, to)
    ? `Note: Before you can perform this upgrade, you have to update kubeadm to ${to}.\n\n`
    : "";
  const head =
    "Components that must be upgraded manually after you have upgraded the control plane with 'kubeadm upgrade apply':\n";
  return (
    `${rows.length === 0 ? "" : `${head}${kubelets.flush()}\n`}Upgrade to the latest ${about}:\n\n${table.flush()}\n` +
    `You can now apply the upgrade by executing the following command:\n\n\tkubeadm upgrade apply ${to}\n\n${note}${LINE}`
  );
}
