/** What a cluster of a release runs (cmd/kubeadm/app/constants, images). */
import { RELEASE } from "../../api/build-info.ts";

/** The add-ons' and etcd's versions by minor release. */
const OTHERS: Readonly<Record<string, { etcd: string; coredns: string; pause?: string }>> = {
  "1.32": { etcd: "3.5.16-0", coredns: "v1.11.3" },
  "1.33": { etcd: "3.5.21-0", coredns: "v1.12.0" },
  "1.34": { etcd: "3.6.4-0", coredns: "v1.12.1", pause: "3.10.1" },
};

const PARTS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"];

export function othersOf(release: string): { etcd: string; coredns: string; pause?: string } {
  return OTHERS[release.slice(1).replace(/\.\d+$/, "")] ?? OTHERS[RELEASE.slice(1).replace(/\.\d+$/, "")]!;
}

/** Images in the order in which `kubeadm config images list` has them. */
export function imagesOf(release: string): string[] {
  const { etcd, coredns, pause = "3.10" } = othersOf(release);
  return [
    ...PARTS.map((name) => `registry.k8s.io/${name}:${release}`),
    `registry.k8s.io/coredns/coredns:${coredns}`,
    `registry.k8s.io/pause:${pause}`,
    `registry.k8s.io/etcd:${etcd}`,
  ];
}
