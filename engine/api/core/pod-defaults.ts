import { ImageReferenceError, parseReference } from "../../images/reference.ts";
import type { Draft } from "../kind.ts";
import { formatQuantity, quantity } from "../quantity.ts";
import { dropFromPodSpec } from "./disabled-fields.ts";

/**
 * Defaults of a Pod and of the pod templates inside workloads (pkg/apis/core/v1/defaults.go). Every function writes
 * to its draft.
 */

/** Tag of an image reference: `latest` without tag and digest, "" with only a digest or for what is none (pkg/util/parsers). */
export function imageTag(image: string): string {
  try {
    return parseReference(image).tag ?? "";
  } catch (error) {
    if (error instanceof ImageReferenceError) return "";
    throw error;
  }
}

/** SetDefaults_Pod: what a Pod has beyond its spec's defaults. */
export function defaultPod(pod: Draft): void {
  const spec = pod.spec;
  if (!spec) return;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    const { limits } = container.resources ?? {};
    if (!limits) continue;
    const requests = (container.resources.requests ??= {});
    for (const name of Object.keys(limits)) requests[name] ??= limits[name];
  }
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) {
    for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
      for (const port of container.ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort;
  }
  defaultPodSpec(spec);
  // Less than nothing is as little as there is (pkg/apis/core/v1/conversion.go).
  if (spec.terminationGracePeriodSeconds < 0) spec.terminationGracePeriodSeconds = 1;
}

/** SetDefaults_PodSpec with everything below it. */
export function defaultPodSpec(spec: Draft): void {
  dropFromPodSpec(spec);
  spec.restartPolicy ||= "Always";
  spec.dnsPolicy ||= "ClusterFirst";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  // The deprecated twin follows the field (core conversion).
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
  roundResources(spec.overhead);
}

function defaultContainer(container: Draft): void {
  if (!container.imagePullPolicy) {
    container.imagePullPolicy = imageTag(container.image ?? "") === "latest" ? "Always" : "IfNotPresent";
  }
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  for (const port of container.ports ?? []) {
    port.protocol ||= "TCP";
  }
  for (const env of container.env ?? []) defaultFieldRef(env.valueFrom?.fieldRef);
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) defaultProbe(probe);
  }
  defaultHttpGet(container.lifecycle?.postStart?.httpGet);
  defaultHttpGet(container.lifecycle?.preStop?.httpGet);
  roundResources(container.resources?.limits);
  roundResources(container.resources?.requests);
}

function defaultProbe(probe: Draft): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function defaultHttpGet(action: Draft | undefined): void {
  if (!action) return;
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

function defaultFieldRef(ref: Draft | undefined): void {
  if (ref) ref.apiVersion ||= "v1";
}

/** SetDefaults_ResourceList: nothing finer than a thousandth. */
export function roundResources(list: Record<string, string> | undefined): void {
  for (const name in list) {
    const text = list[name]!;
    if (!text.endsWith("n") && !text.endsWith("u")) continue;
    const value = quantity(text);
    const milli = (value.nano + 999_999n) / 1_000_000n;
    list[name] = formatQuantity({ nano: milli * 1_000_000n, format: value.format });
  }
}

const MODE = 0o644;

function defaultVolume(volume: Draft): void {
  let sources = 0;
  for (const key in volume) if (key !== "name") sources++;
  if (sources === 0) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= MODE;
  if (volume.configMap) volume.configMap.defaultMode ??= MODE;
  if (volume.hostPath) volume.hostPath.type ??= "";
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= MODE;
    for (const item of volume.downwardAPI.items ?? []) defaultFieldRef(item.fieldRef);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= MODE;
    for (const source of volume.projected.sources ?? []) {
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
      for (const item of source.downwardAPI?.items ?? []) defaultFieldRef(item.fieldRef);
    }
  }
  defaultStorage(volume);
  if (volume.ephemeral?.volumeClaimTemplate?.spec)
    volume.ephemeral.volumeClaimTemplate.spec.volumeMode ??= "Filesystem";
}

/** What a Pod's volumes and PersistentVolumes have in common. */
export function defaultStorage(source: Draft): void {
  const { iscsi, rbd, azureDisk, scaleIO } = source;
  if (iscsi) iscsi.iscsiInterface ||= "default";
  if (rbd) {
    rbd.pool ||= "rbd";
    rbd.user ||= "admin";
    rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= "ReadWrite";
    azureDisk.fsType ??= "ext4";
    azureDisk.readOnly ??= false;
    azureDisk.kind ??= "Shared";
  }
  if (scaleIO) {
    scaleIO.storageMode ||= "ThinProvisioned";
    scaleIO.fsType ||= "xfs";
  }
}

/** Defaults of a pod template: its spec's, and nothing that only a Pod gets. */
export function defaultTemplate(template: Draft | undefined): void {
  if (template?.spec) defaultPodSpec(template.spec);
}
