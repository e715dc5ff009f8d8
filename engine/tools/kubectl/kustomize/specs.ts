/** Where kustomize 5.5 writes and reads by default (api/internal/konfig/builtinpluginconsts). */

/** A field of some kinds; empty parts of the selector take anything. */
export interface FieldSpec {
  /** Steps separated by `/`; lists are passed through, `[]` says that one must be there. */
  path: string;
  group?: string;
  version?: string;
  kind?: string;
  /** Missing maps on the way are made. */
  create?: boolean;
}

/** `path Kind,Kind.group` as specs, one a kind. */
function specs(create: boolean, lines: readonly string[]): FieldSpec[] {
  const out: FieldSpec[] = [];
  for (const line of lines) {
    const [path, kinds = ""] = line.split(" ") as [string, string?];
    for (const word of kinds.split(",")) {
      const dot = word.indexOf(".");
      const kind = dot < 0 ? word : word.slice(0, dot);
      const group = dot < 0 ? "" : word.slice(dot + 1);
      out.push({ path, ...(kind && { kind }), ...(group && { group }), ...(create && { create }) });
    }
  }
  return out;
}

const core = (path: string, kind: string): FieldSpec => ({ path, version: "v1", kind, create: true });

/** Labels of objects and of the templates in them. */
export const TEMPLATE_LABELS: readonly FieldSpec[] = [
  ...specs(true, ["metadata/labels"]),
  core("spec/template/metadata/labels", "ReplicationController"),
  ...specs(true, [
    "spec/template/metadata/labels Deployment,ReplicaSet,DaemonSet,StatefulSet.apps,Job.batch",
    "spec/jobTemplate/metadata/labels CronJob.batch",
    "spec/jobTemplate/spec/template/metadata/labels CronJob.batch",
  ]),
];

const AFFINITY = ["podAffinity", "podAntiAffinity"].flatMap((field) => [
  `spec/template/spec/affinity/${field}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels`,
  `spec/template/spec/affinity/${field}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels`,
]);

/** The same and selectors. */
export const COMMON_LABELS: readonly FieldSpec[] = [
  core("spec/selector", "Service"),
  core("spec/selector", "ReplicationController"),
  ...specs(true, ["spec/selector/matchLabels Deployment,ReplicaSet,DaemonSet,StatefulSet.apps"]),
  ...specs(
    false,
    [...AFFINITY, "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels"].map(
      (path) => `${path} Deployment.apps,StatefulSet.apps`,
    ),
  ),
  ...specs(false, [
    "spec/selector/matchLabels Job.batch,PodDisruptionBudget.policy",
    "spec/jobTemplate/spec/selector/matchLabels CronJob.batch",
    "spec/podSelector/matchLabels NetworkPolicy.networking.k8s.io",
    "spec/ingress/from/podSelector/matchLabels NetworkPolicy.networking.k8s.io",
    "spec/egress/to/podSelector/matchLabels NetworkPolicy.networking.k8s.io",
  ]),
  ...TEMPLATE_LABELS,
  ...specs(true, ["spec/volumeClaimTemplates[]/metadata/labels StatefulSet.apps"]),
];

export const ONLY_LABELS: readonly FieldSpec[] = [{ path: "metadata/labels", create: true }];

export const COMMON_ANNOTATIONS: readonly FieldSpec[] = TEMPLATE_LABELS.map((spec) => ({
  ...spec,
  path: spec.path.replace(/labels$/, "annotations"),
}));

export const IMAGES: readonly FieldSpec[] = specs(true, [
  "spec/containers[]/image",
  "spec/initContainers[]/image",
  "spec/template/spec/containers[]/image",
  "spec/template/spec/initContainers[]/image",
]);

export const REPLICAS: readonly FieldSpec[] = specs(true, [
  "spec/replicas Deployment,StatefulSet,ReplicaSet,ReplicationController",
]);

/** Beyond metadata.namespace. */
export const NAMESPACE: readonly FieldSpec[] = [
  ...specs(true, ["metadata/name Namespace", "spec/service/namespace APIService.apiregistration.k8s.io"]),
  ...specs(false, [
    "spec/conversion/webhook/clientConfig/service/namespace CustomResourceDefinition.apiextensions.k8s.io",
  ]),
];

/** Where the names of objects of a kind are written in others. */
export interface NameReference {
  kind: string;
  group?: string;
  version?: string;
  fields: readonly FieldSpec[];
}

const WORKLOADS = "Deployment,ReplicaSet,DaemonSet,StatefulSet,Job";
const WITH_CONTROLLER = "StatefulSet,Deployment,ReplicationController,CronJob,Job,DaemonSet";

/** A field of Pods and of whatever makes Pods. */
function inPods(path: string): FieldSpec[] {
  return [
    { path: `spec/${path}`, version: "v1", kind: "Pod" },
    ...specs(false, [
      `template/spec/${path} PodTemplate`,
      `spec/template/spec/${path} ${WORKLOADS}`,
      `spec/jobTemplate/spec/template/spec/${path} CronJob`,
    ]),
  ];
}

/** The fields that the upstream table lists for Pods and fewer of their makers. */
function inSomePods(path: string): FieldSpec[] {
  return specs(false, [
    `spec/${path} Pod`,
    ...WITH_CONTROLLER.split(",").map((kind) =>
      kind === "CronJob" ? `spec/jobTemplate/spec/template/spec/${path} CronJob` : `spec/template/spec/${path} ${kind}`,
    ),
  ]);
}

const containers = (path: string) => ["containers", "initContainers"].flatMap((list) => inPods(`${list}/${path}`));
const inRoles = specs(false, ["rules/resourceNames Role,ClusterRole"]);

export const NAME_REFERENCES: readonly NameReference[] = [
  ...["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"].map((kind) => ({
    kind,
    fields: specs(false, ["spec/scaleTargetRef/name HorizontalPodAutoscaler"]),
  })),
  {
    kind: "ConfigMap",
    version: "v1",
    fields: [
      ...inPods("volumes/configMap/name"),
      ...containers("env/valueFrom/configMapKeyRef/name"),
      ...containers("envFrom/configMapRef/name"),
      ...inPods("volumes/projected/sources/configMap/name"),
      ...inRoles,
      ...specs(false, ["metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap Ingress"]),
    ],
  },
  {
    kind: "Secret",
    version: "v1",
    fields: [
      ...inPods("volumes/secret/secretName"),
      ...containers("env/valueFrom/secretKeyRef/name"),
      ...containers("envFrom/secretRef/name"),
      ...inPods("imagePullSecrets/name"),
      ...inPods("volumes/projected/sources/secret/name"),
      ...specs(false, [
        "spec/tls/secretName Ingress",
        "metadata/annotations/ingress.kubernetes.io\\/auth-secret Ingress",
        "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret Ingress",
        "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret Ingress",
        "imagePullSecrets/name ServiceAccount",
        "parameters/secretName StorageClass",
        "parameters/adminSecretName StorageClass",
        "parameters/userSecretName StorageClass",
        "parameters/secretRef StorageClass",
      ]),
      ...inRoles,
    ],
  },
  {
    kind: "Service",
    version: "v1",
    fields: specs(false, [
      "spec/serviceName StatefulSet.apps",
      "spec/rules/http/paths/backend/serviceName Ingress",
      "spec/backend/serviceName Ingress",
      "spec/rules/http/paths/backend/service/name Ingress",
      "spec/defaultBackend/service/name Ingress",
      "spec/service/name APIService.apiregistration.k8s.io",
      "webhooks/clientConfig/service ValidatingWebhookConfiguration.admissionregistration.k8s.io",
      "webhooks/clientConfig/service MutatingWebhookConfiguration.admissionregistration.k8s.io",
    ]),
  },
  {
    kind: "Role",
    group: "rbac.authorization.k8s.io",
    fields: specs(false, ["roleRef/name RoleBinding.rbac.authorization.k8s.io"]),
  },
  {
    kind: "ClusterRole",
    group: "rbac.authorization.k8s.io",
    fields: specs(false, [
      "roleRef/name RoleBinding.rbac.authorization.k8s.io,ClusterRoleBinding.rbac.authorization.k8s.io",
    ]),
  },
  {
    kind: "ServiceAccount",
    version: "v1",
    fields: [
      ...specs(false, ["subjects RoleBinding.rbac.authorization.k8s.io,ClusterRoleBinding.rbac.authorization.k8s.io"]),
      ...inSomePods("serviceAccountName"),
    ],
  },
  { kind: "PersistentVolumeClaim", version: "v1", fields: inSomePods("volumes/persistentVolumeClaim/claimName") },
  {
    kind: "PersistentVolume",
    version: "v1",
    fields: specs(false, ["spec/volumeName PersistentVolumeClaim", "rules/resourceNames ClusterRole"]),
  },
  {
    kind: "StorageClass",
    version: "v1",
    group: "storage.k8s.io",
    fields: specs(false, [
      "spec/storageClassName PersistentVolume,PersistentVolumeClaim",
      "spec/volumeClaimTemplates/spec/storageClassName StatefulSet",
    ]),
  },
  {
    kind: "PriorityClass",
    version: "v1",
    group: "scheduling.k8s.io",
    fields: inSomePods("priorityClassName"),
  },
];

const FIRST = [
  "Namespace",
  "ResourceQuota",
  "StorageClass",
  "CustomResourceDefinition",
  "ServiceAccount",
  "PodSecurityPolicy",
  "Role",
  "ClusterRole",
  "RoleBinding",
  "ClusterRoleBinding",
  "ConfigMap",
  "Secret",
  "Endpoints",
  "Service",
  "LimitRange",
  "PriorityClass",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "Deployment",
  "StatefulSet",
  "CronJob",
  "PodDisruptionBudget",
];
const LAST = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/** Ranks of kinds in the output; 0 for those that are not named. */
export function kindRanks(first: readonly string[] = FIRST, last: readonly string[] = LAST): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const [i, kind] of first.entries()) ranks.set(kind, i - first.length);
  for (const [i, kind] of last.entries()) ranks.set(kind, i + 1);
  return ranks;
}

/** A field of what has Pods or makes them, without CronJobs. */
const ofPods = (path: string): string[] => [
  `spec/${path} Pod`,
  `spec/template/spec/${path} DaemonSet,Deployment,Job,ReplicaSet,StatefulSet`,
];

/** Where `$(NAME)` stands for a variable. */
export const VAR_REFERENCES: readonly FieldSpec[] = specs(false, [
  ...["containers", "initContainers"].flatMap((list) =>
    ["args", "command", "env/value", "volumeMounts/mountPath"].flatMap((field) => [
      ...ofPods(`${list}/${field}`),
      `spec/jobTemplate/spec/template/spec/${list}/${field} CronJob`,
    ]),
  ),
  "spec/volumes/nfs/server Pod",
  "spec/template/spec/volumes/nfs/server DaemonSet,Deployment,Job,ReplicaSet",
  "spec/volumeClaimTemplates/spec/nfs/server StatefulSet",
  "spec/jobTemplate/spec/template/volumes/nfs/server CronJob",
  "spec/nfs/server PersistentVolume",
  "spec/ports/port Service",
  "spec/ports/targetPort Service",
  "spec/rules/host Ingress",
  "spec/tls/hosts Ingress",
  "spec/tls/secretName Ingress",
  "spec/template/metadata/annotations Deployment",
  "metadata/labels",
  "metadata/annotations",
]);
