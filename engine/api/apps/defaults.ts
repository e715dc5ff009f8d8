import { defaultTemplate } from "../core/pod-defaults.ts";
import type { Draft } from "../kind.ts";

/** Defaults of workloads (pkg/apis/apps/v1/defaults.go). */

export function defaultDeployment(draft: Draft): void {
  const spec = (draft.spec ??= {});
  spec.replicas ??= 1;
  const strategy = (spec.strategy ??= {});
  strategy.type ||= "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    const rolling = (strategy.rollingUpdate ??= {});
    rolling.maxUnavailable ??= "25%";
    rolling.maxSurge ??= "25%";
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  defaultTemplate(spec.template);
}

export function defaultReplicaSet(draft: Draft): void {
  const spec = (draft.spec ??= {});
  spec.replicas ??= 1;
  defaultTemplate(spec.template);
}

export function defaultDaemonSet(draft: Draft): void {
  const spec = (draft.spec ??= {});
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    const rolling = (strategy.rollingUpdate ??= {});
    rolling.maxUnavailable ??= 1;
    rolling.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  defaultTemplate(spec.template);
}

export function defaultStatefulSet(draft: Draft): void {
  const spec = (draft.spec ??= {});
  spec.podManagementPolicy ||= "OrderedReady";
  const strategy = (spec.updateStrategy ??= {});
  if (!strategy.type) {
    strategy.type = "RollingUpdate";
    strategy.rollingUpdate ??= {};
  }
  // MaxUnavailableStatefulSet is off: what a client asks for is not kept.
  delete strategy.rollingUpdate?.maxUnavailable;
  if (strategy.type === "RollingUpdate" && strategy.rollingUpdate) strategy.rollingUpdate.partition ??= 0;
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  retention.whenDeleted ||= "Retain";
  retention.whenScaled ||= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  defaultTemplate(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    // Whatever the client calls it; its status stays as it was given.
    claim.apiVersion = "v1";
    claim.kind = "PersistentVolumeClaim";
    claim.spec.volumeMode ??= "Filesystem";
    claim.status = { ...claim.status, phase: claim.status?.phase || "Pending" };
  }
}
