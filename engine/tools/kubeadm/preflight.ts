import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";

const STATIC = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"];

interface Fault {
  /** `Port-10250`, as --ignore-preflight-errors names it. */
  check: string;
  text: string;
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

/** What stands in the way of `kubeadm init` (cmd/kubeadm/app/preflight/checks.go). */
export function initFaults(k: Kubeadm): Fault[] {
  return [
    ...notRoot(k),
    ...used(k, [...CONTROL_PLANE_PORTS, 10_250]),
    ...present(k, STATIC.map(inManifests)),
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
  const isIgnored = ({ check }: Fault) => ignored.includes("all") || ignored.includes(check.toLowerCase());
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
