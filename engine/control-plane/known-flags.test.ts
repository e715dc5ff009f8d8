import { expect, test } from "vitest";
import { type Component, unknownFlag } from "./known-flags.ts";

test.each<[Component, string[], string | undefined]>([
  ["kube-apiserver", ["etcd-servers", "secure-port", "v"], undefined],
  ["kube-apiserver", ["etcd-servers", "this-is-very-wrong"], "unknown flag: --this-is-very-wrong"],
  ["kube-apiserver", ["leader-elect"], "unknown flag: --leader-elect"],
  ["kube-controller-manager", ["concurrent-deployment-syncs", "horizontal-pod-autoscaler-sync-period"], undefined],
  ["kube-scheduler", ["kubeconfig", "etcd-servers"], "unknown flag: --etcd-servers"],
])("%s %j", (component, names, words) => {
  expect(unknownFlag(component, names)).toBe(words);
});
