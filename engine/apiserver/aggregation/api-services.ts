import type { KindDef } from "../../api/kind.ts";

/** Places of the built-in groups in discovery (pkg/controlplane/apiserver and cmd/kube-apiserver aggregator.go). */
const GROUP_PRIORITIES: Readonly<Record<string, number>> = {
  "": 18_000,
  apps: 17_800,
  "events.k8s.io": 17_750,
  "authentication.k8s.io": 17_700,
  "authorization.k8s.io": 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  "certificates.k8s.io": 17_300,
  "networking.k8s.io": 17_200,
  policy: 17_100,
  "rbac.authorization.k8s.io": 17_000,
  "storage.k8s.io": 16_800,
  "admissionregistration.k8s.io": 16_700,
  "apiextensions.k8s.io": 16_700,
  "scheduling.k8s.io": 16_600,
  "coordination.k8s.io": 16_500,
  "node.k8s.io": 16_300,
  "discovery.k8s.io": 16_200,
  "flowcontrol.apiserver.k8s.io": 16_100,
};

/** Places of versions in their group; 15 for those not named. */
const VERSION_PRIORITIES: Readonly<Record<string, number>> = {
  "/v1": 1,
  "autoscaling/v2": 30,
  "flowcontrol.apiserver.k8s.io/v1": 21,
  "flowcontrol.apiserver.k8s.io/v1beta3": 18,
};

/** Groups of CustomResourceDefinitions come after all built-in ones (controller/crdregistration). */
const CUSTOM_GROUP = 1000;
const CUSTOM_VERSION = 100;

export const AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged";

/** The APIService that the server keeps for a group version which it serves itself; its status says so at once. */
export function localApiService({ group, version }: { group: string; version: string }, now: string): object {
  const priority = GROUP_PRIORITIES[group];
  const condition = {
    type: "Available",
    status: "True",
    lastTransitionTime: now,
    reason: "Local",
    message: "Local APIServices are always available",
  };
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: {
      name: `${version}.${group}`,
      labels: { [AUTOMANAGED]: priority === undefined ? "true" : "onstart" },
    },
    spec: {
      ...(group !== "" && { group }),
      version,
      groupPriorityMinimum: priority ?? CUSTOM_GROUP,
      versionPriority: priority === undefined ? CUSTOM_VERSION : (VERSION_PRIORITIES[`${group}/${version}`] ?? 15),
    },
    status: { conditions: [condition] },
  };
}

/** Group versions of kinds, each once. The aggregator's own group has no APIService. */
export function groupVersionsOf(kinds: readonly KindDef[]): { group: string; version: string }[] {
  const found = new Map<string, { group: string; version: string }>();
  for (const { resource } of kinds) {
    const { group, version } = resource;
    if (group !== "apiregistration.k8s.io") found.set(`${group}/${version}`, { group, version });
  }
  return [...found.values()];
}
