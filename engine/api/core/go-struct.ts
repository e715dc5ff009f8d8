import { fnv1a } from "../../kernel/index.ts";
import { goQuantity, goStringMap } from "../validation/value.ts";

/**
 * Fields of the internal types (pkg/apis/core/types.go, apimachinery pkg/apis/meta/v1/types.go) in Go's order, as far as
 * a Pod's template holds them by value: `%#v` prints those in full and of what a pointer leads to its address alone.
 * Name and type; without a package a type is core's, `^` marks an embedded struct, whose fields stand in JSON among the
 * others'.
 */
const STRUCTS: Readonly<Record<string, string>> = {
  PodTemplateSpec: "ObjectMeta v1.ObjectMeta metadata|Spec PodSpec",
  "v1.ObjectMeta":
    "Name string|GenerateName string|Namespace string|SelfLink string|UID string|ResourceVersion string|Generation int64|CreationTimestamp time|DeletionTimestamp notime|DeletionGracePeriodSeconds *int64|Labels map|Annotations map|OwnerReferences []v1.OwnerReference|Finalizers []string|ManagedFields []v1.ManagedFieldsEntry",
  "v1.ManagedFieldsEntry":
    "Manager string|Operation string|APIVersion string|Time *v1.Time|FieldsType string|FieldsV1 *v1.FieldsV1|Subresource string",
  "v1.OwnerReference": "APIVersion string|Kind string|Name string|UID string|Controller *bool|BlockOwnerDeletion *bool",
  PodSpec:
    "Volumes []Volume|InitContainers []Container|Containers []Container|EphemeralContainers []EphemeralContainer|RestartPolicy string|TerminationGracePeriodSeconds *int64|ActiveDeadlineSeconds *int64|DNSPolicy string|NodeSelector map|ServiceAccountName string|AutomountServiceAccountToken *bool|NodeName string|SecurityContext *PodSecurityContext|ImagePullSecrets []LocalObjectReference|Hostname string|Subdomain string|SetHostnameAsFQDN *bool|Affinity *Affinity|SchedulerName string|Tolerations []Toleration|HostAliases []HostAlias|PriorityClassName string|Priority *int32|PreemptionPolicy *PreemptionPolicy|DNSConfig *PodDNSConfig|ReadinessGates []PodReadinessGate|RuntimeClassName *string|Overhead ResourceList|EnableServiceLinks *bool|TopologySpreadConstraints []TopologySpreadConstraint|OS *PodOS|SchedulingGates []PodSchedulingGate|ResourceClaims []PodResourceClaim|Resources *ResourceRequirements",
  Volume: "Name string|VolumeSource ^VolumeSource",
  VolumeSource:
    "HostPath *HostPathVolumeSource|EmptyDir *EmptyDirVolumeSource|GCEPersistentDisk *GCEPersistentDiskVolumeSource|AWSElasticBlockStore *AWSElasticBlockStoreVolumeSource|GitRepo *GitRepoVolumeSource|Secret *SecretVolumeSource|NFS *NFSVolumeSource|ISCSI *ISCSIVolumeSource|Glusterfs *GlusterfsVolumeSource|PersistentVolumeClaim *PersistentVolumeClaimVolumeSource|RBD *RBDVolumeSource|Quobyte *QuobyteVolumeSource|FlexVolume *FlexVolumeSource|Cinder *CinderVolumeSource|CephFS *CephFSVolumeSource cephfs|Flocker *FlockerVolumeSource|DownwardAPI *DownwardAPIVolumeSource|FC *FCVolumeSource|AzureFile *AzureFileVolumeSource|ConfigMap *ConfigMapVolumeSource|VsphereVolume *VsphereVirtualDiskVolumeSource|AzureDisk *AzureDiskVolumeSource|PhotonPersistentDisk *PhotonPersistentDiskVolumeSource|Projected *ProjectedVolumeSource|PortworxVolume *PortworxVolumeSource|ScaleIO *ScaleIOVolumeSource|StorageOS *StorageOSVolumeSource storageos|CSI *CSIVolumeSource|Ephemeral *EphemeralVolumeSource|Image *ImageVolumeSource",
  Container:
    "Name string|Image string|Command []string|Args []string|WorkingDir string|Ports []ContainerPort|EnvFrom []EnvFromSource|Env []EnvVar|Resources ResourceRequirements|ResizePolicy []ContainerResizePolicy|RestartPolicy *ContainerRestartPolicy|VolumeMounts []VolumeMount|VolumeDevices []VolumeDevice|LivenessProbe *Probe|ReadinessProbe *Probe|StartupProbe *Probe|Lifecycle *Lifecycle|TerminationMessagePath string|TerminationMessagePolicy string|ImagePullPolicy string|SecurityContext *SecurityContext|Stdin bool|StdinOnce bool|TTY bool",
  EphemeralContainer: "EphemeralContainerCommon ^Container|TargetContainerName string",
  ContainerPort: "Name string|HostPort int32|ContainerPort int32|Protocol string|HostIP string",
  EnvFromSource: "Prefix string|ConfigMapRef *ConfigMapEnvSource|SecretRef *SecretEnvSource",
  EnvVar: "Name string|Value string|ValueFrom *EnvVarSource",
  ResourceRequirements: "Limits ResourceList|Requests ResourceList|Claims []ResourceClaim",
  ResourceClaim: "Name string|Request string",
  ContainerResizePolicy: "ResourceName string|RestartPolicy string",
  VolumeMount:
    "Name string|ReadOnly bool|RecursiveReadOnly *RecursiveReadOnlyMode|MountPath string|SubPath string|MountPropagation *MountPropagationMode|SubPathExpr string",
  VolumeDevice: "Name string|DevicePath string",
  LocalObjectReference: "Name string",
  Toleration: "Key string|Operator string|Value string|Effect string|TolerationSeconds *int64",
  HostAlias: "IP string|Hostnames []string",
  PodReadinessGate: "ConditionType string",
  TopologySpreadConstraint:
    "MaxSkew int32|TopologyKey string|WhenUnsatisfiable string|LabelSelector *v1.LabelSelector|MinDomains *int32|NodeAffinityPolicy *NodeInclusionPolicy|NodeTaintsPolicy *NodeInclusionPolicy|MatchLabelKeys []string",
  PodSchedulingGate: "Name string",
  SecurityContext:
    "Capabilities *Capabilities|Privileged *bool|SELinuxOptions *SELinuxOptions seLinuxOptions|WindowsOptions *WindowsSecurityContextOptions|RunAsUser *int64|RunAsGroup *int64|RunAsNonRoot *bool|ReadOnlyRootFilesystem *bool|AllowPrivilegeEscalation *bool|ProcMount *ProcMountType|SeccompProfile *SeccompProfile|AppArmorProfile *AppArmorProfile",
  SeccompProfile: "Type string|LocalhostProfile *string",
  PodResourceClaim: "Name string|ResourceClaimName *string|ResourceClaimTemplateName *string",
};

type Fields = Readonly<Record<string, unknown>>;

interface GoField {
  name: string;
  type: string;
  /** In JSON; "" for an embedded struct. */
  key: string;
}

const parsed = new Map<string, readonly GoField[]>();

function fieldsOf(type: string): readonly GoField[] {
  let fields = parsed.get(type);
  if (fields === undefined) {
    fields = STRUCTS[type]!.split("|").map((text) => {
      const [name = "", of = "", key] = text.split(" ");
      return { name, type: of, key: of.startsWith("^") ? "" : (key ?? jsonName(name)) };
    });
    parsed.set(type, fields);
  }
  return fields;
}

/** `DNSPolicy` is `dnsPolicy` in JSON, `TTY` is `tty`. */
function jsonName(name: string): string {
  return name.replace(/^(?:[A-Z]+(?=[A-Z][a-z]|$)|[A-Z])/, (head) => head.toLowerCase());
}

const SIMPLE = new Set(["string", "bool", "int32", "int64"]);

function goName(type: string): string {
  return SIMPLE.has(type) || type.includes(".") ? type : `core.${type}`;
}

/** `%#v` of a value of an internal type, e.g. `PodTemplateSpec`. Addresses are drawn from what is there. */
export function goStruct(type: string, value: unknown): string {
  const given = (value ?? {}) as Fields;
  const parts = fieldsOf(type).map(
    ({ name, type: of, key }) => `${name}:${goField(of, key === "" ? given : given[key])}`,
  );
  return `${goName(type)}{${parts.join(", ")}}`;
}

function goField(type: string, value: unknown): string {
  if (type.startsWith("*")) return `(*${goName(type.slice(1))})(${address(value)})`;
  if (type.startsWith("^")) return type === "^Container" ? embedded(value) : goStruct(type.slice(1), value);
  if (type.startsWith("[]")) {
    const of = type.slice(2);
    if (value === undefined || value === null) return `[]${goName(of)}(nil)`;
    const items = (value as unknown[]).map((one) => (of === "string" ? JSON.stringify(one) : goStruct(of, one)));
    return `[]${goName(of)}{${items.join(", ")}}`;
  }
  switch (type) {
    case "string":
      return JSON.stringify(value ?? "");
    case "bool":
      return String(value ?? false);
    case "int32":
    case "int64":
      return String(value ?? 0);
    case "map":
      return goStringMap(value as Record<string, string> | undefined);
    case "time":
      return "time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC)";
    case "notime":
      return "<nil>";
    case "ResourceList":
      return resourceList(value as Record<string, string> | undefined);
    default:
      return goStruct(type, value);
  }
}

/** EphemeralContainerCommon has the fields of a Container. */
function embedded(value: unknown): string {
  return goStruct("Container", value).replace("core.Container{", "core.EphemeralContainerCommon{");
}

function resourceList(list: Record<string, string> | undefined | null): string {
  if (!list) return "core.ResourceList(nil)";
  const names = Object.keys(list).sort();
  return `core.ResourceList{${names.map((name) => `${JSON.stringify(name)}:${goQuantity(list[name]!)}`).join(", ")}}`;
}

/** An address as Go's heap has them, the same for the same value; `nil` where there is none. */
export function address(value: unknown): string {
  if (value === undefined || value === null) return "nil";
  const hash = fnv1a(JSON.stringify(value)) & 0x1ffffff0;
  return `0xc00${hash.toString(16).padStart(8, "0").slice(-7)}`;
}
