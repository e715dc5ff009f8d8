import { parseRelease } from "../../api/build-info.ts";
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { installedRelease } from "../system/packages/kubernetes.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";

const STATIC = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"];

interface Fault {
  /** `Port-10250`, as --ignore-preflight-errors names it. */
  check: string;
  text: string;
  /** It never stands in the way. */
  warning?: boolean;
}

const notRoot = (k: Kubeadm): Fault[] =>
  k.p.cred.uid === 0 ? [] : [{ check: "IsPrivilegedUser", text: "user is not running as root" }];

const used = (k: Kubeadm, ports: readonly number[]): Fault[] =>
  ports
    .filter((port) => k.p.ns.net.listening().some((one) => one.protocol === "tcp" && one.port === port))
    .map((port) => ({ check: `Port-${port}`, text: `Port ${port} is in use` }));

const present = (k: Kubeadm, paths: readonly string[]): Fault[] =>
  paths
    .filter((path) => sys.find(k.p, path) !== undefined)
    .map((path) => ({ check: `FileAvailable-${path.replaceAll("/", "-")}`, text: `${path} already exists` }));

function filled(k: Kubeadm, path: string): Fault[] {
  const node = sys.find(k.p, path);
  if (node?.kind !== "dir" || sys.readDir(k.p, path).size === 0) return [];
  return [{ check: `DirAvailable-${path.replaceAll("/", "-")}`, text: `${path} is not empty` }];
}

const inManifests = (name: string) => `/etc/kubernetes/manifests/${name}.yaml`;
const CONTROL_PLANE_PORTS = [6443, 10_259, 10_257];

/** A control plane that is newer than kubeadm is warned of (KubernetesVersionCheck). */
function newerThanKubeadm(k: Kubeadm, version: string): Fault[] {
  const own = parseRelease(k.release)?.minor ?? 0;
  if ((parseRelease(version)?.minor ?? 0) <= own) return [];
  const text = `Kubernetes version is greater than kubeadm version. Please consider to upgrade kubeadm. Kubernetes version: ${version.slice(1)}. Kubeadm version: 1.${own}.x`;
  return [{ check: "KubernetesVersion", text, warning: true }];
}

/** A kubelet serves no control plane of an earlier minor release (KubeletVersionCheck). */
function kubeletTooNew(k: Kubeadm, version: string): Fault[] {
  const kubelet = installedRelease(k.p, "kubelet");
  if ((parseRelease(kubelet)?.minor ?? 0) <= (parseRelease(version)?.minor ?? 0)) return [];
  const text = `the kubelet version is higher than the control plane version. This is not a supported version skew and may lead to a malfunctional cluster. Kubelet version: "${kubelet.slice(1)}" Control plane version: "${version.slice(1)}"`;
  return [{ check: "KubeletVersion", text }];
}

/** What stands in the way of `kubeadm init` of a version, in the order of cmd/kubeadm/app/preflight/checks.go. */
export function initFaults(k: Kubeadm, version: string): Fault[] {
  return [
    ...notRoot(k),
    ...newerThanKubeadm(k, version),
    ...used(k, CONTROL_PLANE_PORTS),
    ...present(k, STATIC.map(inManifests)),
    ...kubeletTooNew(k, version),
    ...used(k, [10_250]),
    ...used(k, [2379, 2380]),
    ...filled(k, "/var/lib/etcd"),
  ];
}

/** What stands in the way of `kubeadm join`. */
export function joinFaults(k: Kubeadm, controlPlane: boolean): Fault[] {
  return [
    ...notRoot(k),
    ...(controlPlane ? [] : filled(k, "/etc/kubernetes/manifests")),
    ...present(k, ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/bootstrap-kubelet.conf"]),
    ...used(k, [10_250]),
    ...(controlPlane ? [] : present(k, ["/etc/kubernetes/pki/ca.crt"])),
    ...(controlPlane ? [...used(k, CONTROL_PLANE_PORTS), ...filled(k, "/var/lib/etcd")] : []),
  ];
}

/** Ends kubeadm when a fault is not among those to be ignored; warns of the others. */
export function* judge(k: Kubeadm, faults: readonly Fault[]): Gen {
  const ignored = (k.flag("ignore-preflight-errors") ?? "").toLowerCase().split(",");
  const isIgnored = ({ check, warning }: Fault) =>
    warning || ignored.includes("all") || ignored.includes(check.toLowerCase());
  const warned = faults.filter(isIgnored);
  for (const { check, text } of warned) yield* sys.printError(k.p, `\t[WARNING ${check}]: ${text}\n`);
  const errors = faults.filter((one) => !isIgnored(one));
  if (errors.length === 0) return;
  throw new KubeadmError(
    `error execution phase preflight: [preflight] Some fatal errors occurred:\n${errors
      .map(({ check, text }) => `\t[ERROR ${check}]: ${text}\n`)
      .join(
        "",
      )}[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\``,
  );
}
