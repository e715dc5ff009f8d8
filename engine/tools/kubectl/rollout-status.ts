import type { KubeObject } from "../../api/types.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";

const REVISION = "deployment.kubernetes.io/revision";

/** What there is to say about a rollout, and whether it is over (kubectl pkg/polymorphichelpers/rollout_status.go). */
export function progress(object: KubeObject, revision: number, group: string): [text: string, done: boolean] {
  const { metadata, spec, status = {} } = object;
  const name = quote(metadata.name);
  const seen = (metadata.generation ?? 0) <= (status.observedGeneration ?? 0);
  if (object.kind === "Deployment") {
    const running = Number(metadata.annotations?.[REVISION] ?? 0);
    if (revision > 0 && revision !== running) {
      throw new KubectlError(`desired revision (${revision}) is different from the running revision (${running})`);
    }
    if (!seen) return ["Waiting for deployment spec update to be observed...\n", false];
    const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
    const progressing = (status.conditions ?? []).find((c: { type: string }) => c.type === "Progressing");
    if (progressing?.reason === "ProgressDeadlineExceeded") {
      throw new KubectlError(`deployment ${name} exceeded its progress deadline`);
    }
    const waiting = `Waiting for deployment ${name} rollout to finish:`;
    if (updatedReplicas < spec.replicas) {
      return [`${waiting} ${updatedReplicas} out of ${spec.replicas} new replicas have been updated...\n`, false];
    }
    if (replicas > updatedReplicas) {
      return [`${waiting} ${replicas - updatedReplicas} old replicas are pending termination...\n`, false];
    }
    if (availableReplicas < updatedReplicas) {
      return [`${waiting} ${availableReplicas} of ${updatedReplicas} updated replicas are available...\n`, false];
    }
    return [`deployment ${name} successfully rolled out\n`, true];
  }
  if (object.kind === "DaemonSet") {
    if (spec.updateStrategy?.type !== "RollingUpdate") {
      throw new KubectlError("rollout status is only available for RollingUpdate strategy type");
    }
    if (!seen) return ["Waiting for daemon set spec update to be observed...\n", false];
    const { updatedNumberScheduled = 0, desiredNumberScheduled = 0, numberAvailable = 0 } = status;
    const waiting = `Waiting for daemon set ${name} rollout to finish:`;
    if (updatedNumberScheduled < desiredNumberScheduled) {
      return [
        `${waiting} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...\n`,
        false,
      ];
    }
    if (numberAvailable < desiredNumberScheduled) {
      return [`${waiting} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...\n`, false];
    }
    return [`daemon set ${name} successfully rolled out\n`, true];
  }
  if (object.kind === "StatefulSet") return statefulSetProgress(object);
  const kind = group === "" ? object.kind : `${object.kind}.${group}`;
  throw new KubectlError(`no status viewer has been implemented for ${kind}`);
}

function statefulSetProgress({ metadata, spec, status = {} }: KubeObject): [text: string, done: boolean] {
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (type !== "RollingUpdate")
    throw new KubectlError("rollout status is only available for RollingUpdate strategy type");
  const { observedGeneration = 0, readyReplicas = 0, updatedReplicas = 0, currentReplicas = 0 } = status;
  if (observedGeneration === 0 || (metadata.generation ?? 0) > observedGeneration) {
    return ["Waiting for statefulset spec update to be observed...\n", false];
  }
  if (readyReplicas < spec.replicas)
    return [`Waiting for ${spec.replicas - readyReplicas} pods to be ready...\n`, false];
  if (rollingUpdate) {
    const wanted = spec.replicas - (rollingUpdate.partition ?? 0);
    if (updatedReplicas < wanted) {
      const words = `${updatedReplicas} out of ${wanted} new pods have been updated...\n`;
      return [`Waiting for partitioned roll out to finish: ${words}`, false];
    }
    return [`partitioned roll out complete: ${updatedReplicas} new pods have been updated...\n`, true];
  }
  const { updateRevision = "", currentRevision = "" } = status;
  if (updateRevision !== currentRevision) {
    const words = `to complete ${updatedReplicas} pods at revision ${updateRevision}...\n`;
    return [`waiting for statefulset rolling update ${words}`, false];
  }
  return [`statefulset rolling update complete ${currentReplicas} pods at revision ${currentRevision}...\n`, true];
}
