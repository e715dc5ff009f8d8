import { resourcePath } from "../../../api/client.ts";
import { isStatus } from "../../../api/status.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { aggregateText, isExpected, KubectlError, throwAll, throwCollected } from "../errors.ts";
import { SUGGEST_RESOURCES } from "../get.ts";
import type { Invocation } from "../invocation.ts";
import { build, type Info, type Result } from "../resources.ts";
import { describeHorizontalPodAutoscaler, describePodDisruptionBudget } from "./autoscaling.ts";
import { describeCronJob, describeJob } from "./batch.ts";
import { describeCertificateSigningRequest } from "./certificates.ts";
import {
  describeConfigMap,
  describeLimitRange,
  describeNamespace,
  describePriorityClass,
  describeResourceQuota,
  describeSecret,
  describeServiceAccount,
} from "./config.ts";
import { type Describer, Document } from "./document.ts";
import { describeGeneric } from "./generic.ts";
import { describeIngress, describeIngressClass, describeNetworkPolicy } from "./networking.ts";
import { describeNode } from "./node.ts";
import { describePod } from "./pod.ts";
import { describeRole, describeRoleBinding } from "./rbac.ts";
import { describeEndpointSlice, describeEndpoints, describeService } from "./services.ts";
import { describeReplicationController, describeStatefulSet } from "./statefulset.ts";
import {
  describeCsiNode,
  describePersistentVolume,
  describePersistentVolumeClaim,
  describeStorageClass,
} from "./storage.ts";
import { describeDaemonSet, describeDeployment, describeReplicaSet } from "./workloads.ts";

/** Describers by `Kind.group`; other kinds are described field by field. */
const DESCRIBERS: Record<string, Describer> = {
  "ConfigMap.": describeConfigMap,
  "Endpoints.": describeEndpoints,
  "LimitRange.": describeLimitRange,
  "Namespace.": describeNamespace,
  "Node.": describeNode,
  "Pod.": describePod,
  "ResourceQuota.": describeResourceQuota,
  "Secret.": describeSecret,
  "PersistentVolume.": describePersistentVolume,
  "PersistentVolumeClaim.": describePersistentVolumeClaim,
  "ReplicationController.": describeReplicationController,
  "Service.": describeService,
  "ServiceAccount.": describeServiceAccount,
  "DaemonSet.apps": describeDaemonSet,
  "Deployment.apps": describeDeployment,
  "ReplicaSet.apps": describeReplicaSet,
  "StatefulSet.apps": describeStatefulSet,
  "HorizontalPodAutoscaler.autoscaling": describeHorizontalPodAutoscaler,
  "CronJob.batch": describeCronJob,
  "Job.batch": describeJob,
  "CertificateSigningRequest.certificates.k8s.io": describeCertificateSigningRequest,
  "EndpointSlice.discovery.k8s.io": describeEndpointSlice,
  "Ingress.networking.k8s.io": describeIngress,
  "IngressClass.networking.k8s.io": describeIngressClass,
  "NetworkPolicy.networking.k8s.io": describeNetworkPolicy,
  "PodDisruptionBudget.policy": describePodDisruptionBudget,
  "ClusterRole.rbac.authorization.k8s.io": describeRole,
  "ClusterRoleBinding.rbac.authorization.k8s.io": describeRoleBinding,
  "Role.rbac.authorization.k8s.io": describeRole,
  "RoleBinding.rbac.authorization.k8s.io": describeRoleBinding,
  "PriorityClass.scheduling.k8s.io": describePriorityClass,
  "CSINode.storage.k8s.io": describeCsiNode,
  "StorageClass.storage.k8s.io": describeStorageClass,
};

/** kubectl describe. */
export function* describe(k: Invocation): Gen<number> {
  const { flags, args } = k;
  const files = flags.list("filename");
  if (args.length === 0 && files.length === 0 && flags.string("kustomize") === "") {
    throw new KubectlError(`You must specify the type of resource to describe. ${SUGGEST_RESOURCES}`);
  }
  const result = yield* build(k, {
    args,
    filenames: files,
    kustomize: flags.string("kustomize"),
    recursive: flags.bool("recursive"),
    labelSelector: flags.string("selector"),
    allNamespaces: flags.bool("all-namespaces"),
    enforceNamespace: k.target().explicitNamespace && !flags.bool("all-namespaces"),
    chunkSize: flags.int("chunk-size"),
    allowEmptySelector: true,
    continueOnError: true,
    flatten: true,
  });
  const errors: Error[] = [];
  const { errors: missing } = result;
  if (missing.length === 1 && isStatus(missing[0], "NotFound") && args.length === 2) {
    return yield* describeMatching(k, missing[0]!, args[0]!, args[1]!);
  }
  let first = true;
  for (const info of result.infos) {
    try {
      const text = yield* descriptionOf(k, info);
      k.out(first ? text : `\n\n${text}`);
      first = false;
    } catch (error) {
      if (!isExpected(error)) throw error;
      // The same again is told once.
      if (!errors.some(({ message }) => message === error.message)) errors.push(error);
    }
  }
  if (result.infos.length === 0 && missing.length === 0) {
    k.err(flags.bool("all-namespaces") ? "No resources found\n" : `No resources found in ${k.namespace} namespace.\n`);
  }
  // What could not be found is one error among those of describing; alone, that of files is a collection.
  if (errors.length === 0) (result.ofFiles ? throwCollected : throwAll)(missing);
  throwAll(missing.length > 0 ? [new KubectlError(aggregateText(missing)), ...errors] : errors);
  return 0;
}

/** Objects whose names begin with what was given. */
function* describeMatching(k: Invocation, original: Error, type: string, prefix: string): Gen<number> {
  const result: Result = yield* build(k, {
    args: [type],
    allowEmptySelector: true,
    flatten: true,
    singleResourceType: true,
  });
  const matching = result.infos.filter((info) => info.name.startsWith(prefix));
  if (matching.length === 0) throw original;
  for (const info of matching) k.out(`${yield* descriptionOf(k, info)}\n`);
  return 0;
}

/** Kinds whose describers ask for an older version when the present one does not answer. */
const OLDER = new Set([
  "Ingress.networking.k8s.io",
  "IngressClass.networking.k8s.io",
  "EndpointSlice.discovery.k8s.io",
  "PodDisruptionBudget.policy",
]);

function* readAnew(k: Invocation, { mapping, namespace, name }: Info): Gen<KubeObject> {
  try {
    return yield* k.object("GET", resourcePath(mapping, namespace, name));
  } catch (error) {
    if (!isExpected(error) || !OLDER.has(`${mapping.kind}.${mapping.group}`)) throw error;
    return yield* k.object("GET", resourcePath({ ...mapping, version: "v1beta1" }, namespace, name));
  }
}

function* descriptionOf(k: Invocation, info: Info): Gen<string> {
  const { mapping } = info;
  const document = new Document(k);
  const describer = DESCRIBERS[`${mapping.kind}.${mapping.group}`] ?? describeGeneric;
  // Describers read the object anew, with whatever else they show.
  const object = yield* readAnew(k, info);
  yield* describer(document, object);
  return document.text();
}
