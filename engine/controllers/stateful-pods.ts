import type { KubeObject } from "../api/types.ts";
import { controllerRef, podFromTemplate } from "./pods.ts";

/** Names and shapes of a StatefulSet's Pods and claims, all pure (pkg/controller/statefulset/stateful_set_utils.go). */

/** Carries the name of the Pod's revision. */
export const REVISION_LABEL = "controller-revision-hash";

/** The number at the end of a Pod's name when the rest is the set's; -1 otherwise. */
export function ordinalOf(set: KubeObject, pod: KubeObject): number {
  const { name } = pod.metadata;
  const dash = name.lastIndexOf("-");
  const digits = name.slice(dash + 1);
  return name.slice(0, dash) === set.metadata.name && /^\d+$/.test(digits) ? Number(digits) : -1;
}

/** Whether the set has a Pod of this ordinal. */
export function inRange(set: KubeObject, ordinal: number): boolean {
  const start: number = set.spec.ordinals?.start ?? 0;
  return ordinal >= start && ordinal < start + set.spec.replicas;
}

/** The labels that tell a Pod apart from its siblings (updateIdentity). */
export function identityOf(set: KubeObject, ordinal: number): Record<string, string> {
  return {
    "apps.kubernetes.io/pod-index": String(ordinal),
    "statefulset.kubernetes.io/pod-name": `${set.metadata.name}-${ordinal}`,
  };
}

export const revisionOf = (pod: KubeObject): string => pod.metadata.labels?.[REVISION_LABEL] ?? "";

/** The Pod of an ordinal in one revision's template, with its own name, host name and volumes. */
export function statefulPod(set: KubeObject, template: KubeObject, revision: string, ordinal: number): KubeObject {
  const name = `${set.metadata.name}-${ordinal}`;
  const pod = podFromTemplate(template, set);
  const { generateName: _, ...metadata } = pod.metadata;
  const claims: readonly KubeObject[] = set.spec.volumeClaimTemplates ?? [];
  const own: readonly { name: string }[] = pod.spec.volumes ?? [];
  const volumes = [
    ...claims.map((claim) => ({
      name: claim.metadata.name,
      persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
    })),
    ...own.filter((volume) => !claims.some((claim) => claim.metadata.name === volume.name)),
  ];
  return {
    ...pod,
    metadata: {
      ...metadata,
      name,
      generateName: `${set.metadata.name}-`,
      labels: {
        ...metadata.labels,
        ...identityOf(set, ordinal),
        [REVISION_LABEL]: revision,
      },
      ownerReferences: [controllerRef(set)],
    },
    spec: {
      ...pod.spec,
      hostname: name,
      ...(set.spec.serviceName && { subdomain: set.spec.serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  };
}

function claimName(set: KubeObject, claim: KubeObject, ordinal: number): string {
  return `${claim.metadata.name}-${set.metadata.name}-${ordinal}`;
}

/** The claims an ordinal's Pod mounts. */
export function claimsOf(set: KubeObject, ordinal: number): KubeObject[] {
  const goes = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete";
  return ((set.spec.volumeClaimTemplates ?? []) as readonly KubeObject[]).map(
    (claim) =>
      ({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: {
          name: claimName(set, claim, ordinal),
          namespace: set.metadata.namespace,
          labels: { ...claim.metadata.labels, ...set.spec.selector.matchLabels },
          ...(claim.metadata.annotations && { annotations: claim.metadata.annotations }),
          ...(goes && { ownerReferences: [controllerRef(set)] }),
        },
        spec: claim["spec"],
      }) as unknown as KubeObject,
  );
}
