import { givenEmpty } from "../given-empty.ts";
import { goQuantityParts } from "../validation/value.ts";

/**
 * Structs of the API server's internal types that error messages print (pkg/apis/core/types.go, apimachinery
 * pkg/apis/meta/v1/types.go), their fields in Go's order: name, type and, where it is not the name in lower camel case,
 * the name in JSON. Without a package a type is core's; `^` marks an embedded struct, whose fields stand in JSON among
 * the others'.
 */
const STRUCTS: Readonly<Record<string, string>> = {
  PodTemplateSpec: "ObjectMeta v1.ObjectMeta metadata|Spec PodSpec",
  "v1.ObjectMeta":
    "Name string|GenerateName string|Namespace string|SelfLink string|UID string|ResourceVersion string|Generation int64|CreationTimestamp v1.Time|DeletionTimestamp *v1.Time|DeletionGracePeriodSeconds *int64|Labels map[string]string|Annotations map[string]string|OwnerReferences []v1.OwnerReference|Finalizers []string|ManagedFields []v1.ManagedFieldsEntry",
  "v1.OwnerReference": "APIVersion string|Kind string|Name string|UID string|Controller *bool|BlockOwnerDeletion *bool",
  "v1.ManagedFieldsEntry":
    "Manager string|Operation v1.ManagedFieldsOperationType|APIVersion string|Time *v1.Time|FieldsType string|FieldsV1 *v1.FieldsV1|Subresource string",
  PodSpec:
    "Volumes []Volume|InitContainers []Container|Containers []Container|EphemeralContainers []EphemeralContainer|RestartPolicy RestartPolicy|TerminationGracePeriodSeconds *int64|ActiveDeadlineSeconds *int64|DNSPolicy DNSPolicy|NodeSelector map[string]string|ServiceAccountName string|AutomountServiceAccountToken *bool|NodeName string|SecurityContext *PodSecurityContext|ImagePullSecrets []LocalObjectReference|Hostname string|Subdomain string|SetHostnameAsFQDN *bool|Affinity *Affinity|SchedulerName string|Tolerations []Toleration|HostAliases []HostAlias|PriorityClassName string|Priority *int32|PreemptionPolicy *PreemptionPolicy|DNSConfig *PodDNSConfig|ReadinessGates []PodReadinessGate|RuntimeClassName *string|Overhead ResourceList|EnableServiceLinks *bool|TopologySpreadConstraints []TopologySpreadConstraint|OS *PodOS|SchedulingGates []PodSchedulingGate|ResourceClaims []PodResourceClaim|Resources *ResourceRequirements",
  Volume: "Name string|VolumeSource ^VolumeSource",
  VolumeSource:
    "HostPath *HostPathVolumeSource|EmptyDir *EmptyDirVolumeSource|GCEPersistentDisk *GCEPersistentDiskVolumeSource|AWSElasticBlockStore *AWSElasticBlockStoreVolumeSource|GitRepo *GitRepoVolumeSource|Secret *SecretVolumeSource|NFS *NFSVolumeSource|ISCSI *ISCSIVolumeSource|Glusterfs *GlusterfsVolumeSource|PersistentVolumeClaim *PersistentVolumeClaimVolumeSource|RBD *RBDVolumeSource|Quobyte *QuobyteVolumeSource|FlexVolume *FlexVolumeSource|Cinder *CinderVolumeSource|CephFS *CephFSVolumeSource cephfs|Flocker *FlockerVolumeSource|DownwardAPI *DownwardAPIVolumeSource|FC *FCVolumeSource|AzureFile *AzureFileVolumeSource|ConfigMap *ConfigMapVolumeSource|VsphereVolume *VsphereVirtualDiskVolumeSource|AzureDisk *AzureDiskVolumeSource|PhotonPersistentDisk *PhotonPersistentDiskVolumeSource|Projected *ProjectedVolumeSource|PortworxVolume *PortworxVolumeSource|ScaleIO *ScaleIOVolumeSource|StorageOS *StorageOSVolumeSource storageos|CSI *CSIVolumeSource|Ephemeral *EphemeralVolumeSource|Image *ImageVolumeSource",
  HostPathVolumeSource: "Path string|Type *HostPathType",
  EmptyDirVolumeSource: "Medium StorageMedium|SizeLimit *resource.Quantity",
  GCEPersistentDiskVolumeSource: "PDName string|FSType string|Partition int32|ReadOnly bool",
  AWSElasticBlockStoreVolumeSource: "VolumeID string|FSType string|Partition int32|ReadOnly bool",
  GitRepoVolumeSource: "Repository string|Revision string|Directory string",
  SecretVolumeSource: "SecretName string|Items []KeyToPath|DefaultMode *int32|Optional *bool",
  KeyToPath: "Key string|Path string|Mode *int32",
  NFSVolumeSource: "Server string|Path string|ReadOnly bool",
  ISCSIVolumeSource:
    "TargetPortal string|IQN string|Lun int32|ISCSIInterface string|FSType string|ReadOnly bool|Portals []string|DiscoveryCHAPAuth bool chapAuthDiscovery|SessionCHAPAuth bool chapAuthSession|SecretRef *LocalObjectReference|InitiatorName *string",
  LocalObjectReference: "Name string",
  GlusterfsVolumeSource: "EndpointsName string endpoints|Path string|ReadOnly bool",
  PersistentVolumeClaimVolumeSource: "ClaimName string|ReadOnly bool",
  RBDVolumeSource:
    "CephMonitors []string monitors|RBDImage string image|FSType string|RBDPool string pool|RadosUser string user|Keyring string|SecretRef *LocalObjectReference|ReadOnly bool",
  QuobyteVolumeSource: "Registry string|Volume string|ReadOnly bool|User string|Group string|Tenant string",
  FlexVolumeSource:
    "Driver string|FSType string|SecretRef *LocalObjectReference|ReadOnly bool|Options map[string]string",
  CinderVolumeSource: "VolumeID string|FSType string|ReadOnly bool|SecretRef *LocalObjectReference",
  CephFSVolumeSource:
    "Monitors []string|Path string|User string|SecretFile string|SecretRef *LocalObjectReference|ReadOnly bool",
  FlockerVolumeSource: "DatasetName string|DatasetUUID string",
  DownwardAPIVolumeSource: "Items []DownwardAPIVolumeFile|DefaultMode *int32",
  DownwardAPIVolumeFile:
    "Path string|FieldRef *ObjectFieldSelector|ResourceFieldRef *ResourceFieldSelector|Mode *int32",
  ObjectFieldSelector: "APIVersion string|FieldPath string",
  ResourceFieldSelector: "ContainerName string|Resource string|Divisor resource.Quantity",
  FCVolumeSource: "TargetWWNs []string|Lun *int32|FSType string|ReadOnly bool|WWIDs []string wwids",
  AzureFileVolumeSource: "SecretName string|ShareName string|ReadOnly bool",
  ConfigMapVolumeSource:
    "LocalObjectReference ^LocalObjectReference|Items []KeyToPath|DefaultMode *int32|Optional *bool",
  VsphereVirtualDiskVolumeSource: "VolumePath string|FSType string|StoragePolicyName string|StoragePolicyID string",
  AzureDiskVolumeSource:
    "DiskName string|DataDiskURI string diskURI|CachingMode *AzureDataDiskCachingMode|FSType *string|ReadOnly *bool|Kind *AzureDataDiskKind",
  PhotonPersistentDiskVolumeSource: "PdID string|FSType string",
  ProjectedVolumeSource: "Sources []VolumeProjection|DefaultMode *int32",
  VolumeProjection:
    "Secret *SecretProjection|DownwardAPI *DownwardAPIProjection|ConfigMap *ConfigMapProjection|ServiceAccountToken *ServiceAccountTokenProjection|ClusterTrustBundle *ClusterTrustBundleProjection",
  SecretProjection: "LocalObjectReference ^LocalObjectReference|Items []KeyToPath|Optional *bool",
  DownwardAPIProjection: "Items []DownwardAPIVolumeFile",
  ConfigMapProjection: "LocalObjectReference ^LocalObjectReference|Items []KeyToPath|Optional *bool",
  ServiceAccountTokenProjection: "Audience string|ExpirationSeconds int64|Path string",
  ClusterTrustBundleProjection:
    "Name *string|SignerName *string|LabelSelector *v1.LabelSelector|Optional *bool|Path string",
  "v1.LabelSelector": "MatchLabels map[string]string|MatchExpressions []v1.LabelSelectorRequirement",
  "v1.LabelSelectorRequirement": "Key string|Operator v1.LabelSelectorOperator|Values []string",
  PortworxVolumeSource: "VolumeID string|FSType string|ReadOnly bool",
  ScaleIOVolumeSource:
    "Gateway string|System string|SecretRef *LocalObjectReference|SSLEnabled bool|ProtectionDomain string|StoragePool string|StorageMode string|VolumeName string|FSType string|ReadOnly bool",
  StorageOSVolumeSource:
    "VolumeName string|VolumeNamespace string|FSType string|ReadOnly bool|SecretRef *LocalObjectReference",
  CSIVolumeSource:
    "Driver string|ReadOnly *bool|FSType *string|VolumeAttributes map[string]string|NodePublishSecretRef *LocalObjectReference",
  EphemeralVolumeSource: "VolumeClaimTemplate *PersistentVolumeClaimTemplate",
  PersistentVolumeClaimTemplate: "ObjectMeta v1.ObjectMeta metadata|Spec PersistentVolumeClaimSpec",
  PersistentVolumeClaimSpec:
    "AccessModes []PersistentVolumeAccessMode|Selector *v1.LabelSelector|Resources VolumeResourceRequirements|VolumeName string|StorageClassName *string|VolumeMode *PersistentVolumeMode|DataSource *TypedLocalObjectReference|DataSourceRef *TypedObjectReference|VolumeAttributesClassName *string",
  VolumeResourceRequirements: "Limits ResourceList|Requests ResourceList",
  TypedLocalObjectReference: "APIGroup *string|Kind string|Name string",
  TypedObjectReference: "APIGroup *string|Kind string|Name string|Namespace *string",
  ImageVolumeSource: "Reference string|PullPolicy PullPolicy",
  Container:
    "Name string|Image string|Command []string|Args []string|WorkingDir string|Ports []ContainerPort|EnvFrom []EnvFromSource|Env []EnvVar|Resources ResourceRequirements|ResizePolicy []ContainerResizePolicy|RestartPolicy *ContainerRestartPolicy|VolumeMounts []VolumeMount|VolumeDevices []VolumeDevice|LivenessProbe *Probe|ReadinessProbe *Probe|StartupProbe *Probe|Lifecycle *Lifecycle|TerminationMessagePath string|TerminationMessagePolicy TerminationMessagePolicy|ImagePullPolicy PullPolicy|SecurityContext *SecurityContext|Stdin bool|StdinOnce bool|TTY bool",
  ContainerPort: "Name string|HostPort int32|ContainerPort int32|Protocol Protocol|HostIP string",
  EnvFromSource: "Prefix string|ConfigMapRef *ConfigMapEnvSource|SecretRef *SecretEnvSource",
  ConfigMapEnvSource: "LocalObjectReference ^LocalObjectReference|Optional *bool",
  SecretEnvSource: "LocalObjectReference ^LocalObjectReference|Optional *bool",
  EnvVar: "Name string|Value string|ValueFrom *EnvVarSource",
  EnvVarSource:
    "FieldRef *ObjectFieldSelector|ResourceFieldRef *ResourceFieldSelector|ConfigMapKeyRef *ConfigMapKeySelector|SecretKeyRef *SecretKeySelector",
  ConfigMapKeySelector: "LocalObjectReference ^LocalObjectReference|Key string|Optional *bool",
  SecretKeySelector: "LocalObjectReference ^LocalObjectReference|Key string|Optional *bool",
  ResourceRequirements: "Limits ResourceList|Requests ResourceList|Claims []ResourceClaim",
  ResourceClaim: "Name string|Request string",
  ContainerResizePolicy: "ResourceName ResourceName|RestartPolicy ResourceResizeRestartPolicy",
  VolumeMount:
    "Name string|ReadOnly bool|RecursiveReadOnly *RecursiveReadOnlyMode|MountPath string|SubPath string|MountPropagation *MountPropagationMode|SubPathExpr string",
  VolumeDevice: "Name string|DevicePath string",
  Probe:
    "ProbeHandler ^ProbeHandler|InitialDelaySeconds int32|TimeoutSeconds int32|PeriodSeconds int32|SuccessThreshold int32|FailureThreshold int32|TerminationGracePeriodSeconds *int64",
  ProbeHandler: "Exec *ExecAction|HTTPGet *HTTPGetAction|TCPSocket *TCPSocketAction|GRPC *GRPCAction",
  ExecAction: "Command []string",
  HTTPGetAction: "Path string|Port intstr.IntOrString|Host string|Scheme URIScheme|HTTPHeaders []HTTPHeader",
  HTTPHeader: "Name string|Value string",
  TCPSocketAction: "Port intstr.IntOrString|Host string",
  GRPCAction: "Port int32|Service *string",
  Lifecycle: "PostStart *LifecycleHandler|PreStop *LifecycleHandler",
  LifecycleHandler: "Exec *ExecAction|HTTPGet *HTTPGetAction|TCPSocket *TCPSocketAction|Sleep *SleepAction",
  SleepAction: "Seconds int64",
  SecurityContext:
    "Capabilities *Capabilities|Privileged *bool|SELinuxOptions *SELinuxOptions|WindowsOptions *WindowsSecurityContextOptions|RunAsUser *int64|RunAsGroup *int64|RunAsNonRoot *bool|ReadOnlyRootFilesystem *bool|AllowPrivilegeEscalation *bool|ProcMount *ProcMountType|SeccompProfile *SeccompProfile|AppArmorProfile *AppArmorProfile",
  Capabilities: "Add []Capability|Drop []Capability",
  SELinuxOptions: "User string|Role string|Type string|Level string",
  WindowsSecurityContextOptions:
    "GMSACredentialSpecName *string|GMSACredentialSpec *string|RunAsUserName *string|HostProcess *bool",
  SeccompProfile: "Type SeccompProfileType|LocalhostProfile *string",
  AppArmorProfile: "Type AppArmorProfileType|LocalhostProfile *string",
  EphemeralContainer: "EphemeralContainerCommon ^EphemeralContainerCommon|TargetContainerName string",
  EphemeralContainerCommon:
    "Name string|Image string|Command []string|Args []string|WorkingDir string|Ports []ContainerPort|EnvFrom []EnvFromSource|Env []EnvVar|Resources ResourceRequirements|ResizePolicy []ContainerResizePolicy|RestartPolicy *ContainerRestartPolicy|VolumeMounts []VolumeMount|VolumeDevices []VolumeDevice|LivenessProbe *Probe|ReadinessProbe *Probe|StartupProbe *Probe|Lifecycle *Lifecycle|TerminationMessagePath string|TerminationMessagePolicy TerminationMessagePolicy|ImagePullPolicy PullPolicy|SecurityContext *SecurityContext|Stdin bool|StdinOnce bool|TTY bool",
  PodSecurityContext:
    "HostNetwork bool|HostPID bool|HostIPC bool|ShareProcessNamespace *bool|HostUsers *bool|SELinuxOptions *SELinuxOptions|WindowsOptions *WindowsSecurityContextOptions|RunAsUser *int64|RunAsGroup *int64|RunAsNonRoot *bool|SupplementalGroups []int64|SupplementalGroupsPolicy *SupplementalGroupsPolicy|FSGroup *int64|FSGroupChangePolicy *PodFSGroupChangePolicy|Sysctls []Sysctl|SeccompProfile *SeccompProfile|AppArmorProfile *AppArmorProfile|SELinuxChangePolicy *PodSELinuxChangePolicy",
  Sysctl: "Name string|Value string",
  Affinity: "NodeAffinity *NodeAffinity|PodAffinity *PodAffinity|PodAntiAffinity *PodAntiAffinity",
  NodeAffinity:
    "RequiredDuringSchedulingIgnoredDuringExecution *NodeSelector|PreferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm",
  NodeSelector: "NodeSelectorTerms []NodeSelectorTerm",
  NodeSelectorTerm: "MatchExpressions []NodeSelectorRequirement|MatchFields []NodeSelectorRequirement",
  NodeSelectorRequirement: "Key string|Operator NodeSelectorOperator|Values []string",
  PreferredSchedulingTerm: "Weight int32|Preference NodeSelectorTerm",
  PodAffinity:
    "RequiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm|PreferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm",
  PodAffinityTerm:
    "LabelSelector *v1.LabelSelector|Namespaces []string|TopologyKey string|NamespaceSelector *v1.LabelSelector|MatchLabelKeys []string|MismatchLabelKeys []string",
  WeightedPodAffinityTerm: "Weight int32|PodAffinityTerm PodAffinityTerm",
  PodAntiAffinity:
    "RequiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm|PreferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm",
  Toleration: "Key string|Operator TolerationOperator|Value string|Effect TaintEffect|TolerationSeconds *int64",
  HostAlias: "IP string|Hostnames []string",
  PodDNSConfig: "Nameservers []string|Searches []string|Options []PodDNSConfigOption",
  PodDNSConfigOption: "Name string|Value *string",
  PodReadinessGate: "ConditionType PodConditionType",
  TopologySpreadConstraint:
    "MaxSkew int32|TopologyKey string|WhenUnsatisfiable UnsatisfiableConstraintAction|LabelSelector *v1.LabelSelector|MinDomains *int32|NodeAffinityPolicy *NodeInclusionPolicy|NodeTaintsPolicy *NodeInclusionPolicy|MatchLabelKeys []string",
  PodOS: "Name OSName",
  PodSchedulingGate: "Name string",
  PodResourceClaim: "Name string|ResourceClaimName *string|ResourceClaimTemplateName *string",
  PersistentVolumeSource:
    "GCEPersistentDisk *GCEPersistentDiskVolumeSource|AWSElasticBlockStore *AWSElasticBlockStoreVolumeSource|HostPath *HostPathVolumeSource|Glusterfs *GlusterfsPersistentVolumeSource|NFS *NFSVolumeSource|RBD *RBDPersistentVolumeSource|Quobyte *QuobyteVolumeSource|ISCSI *ISCSIPersistentVolumeSource|FlexVolume *FlexPersistentVolumeSource|Cinder *CinderPersistentVolumeSource|CephFS *CephFSPersistentVolumeSource cephfs|FC *FCVolumeSource|Flocker *FlockerVolumeSource|AzureFile *AzureFilePersistentVolumeSource|VsphereVolume *VsphereVirtualDiskVolumeSource|AzureDisk *AzureDiskVolumeSource|PhotonPersistentDisk *PhotonPersistentDiskVolumeSource|PortworxVolume *PortworxVolumeSource|ScaleIO *ScaleIOPersistentVolumeSource|Local *LocalVolumeSource|StorageOS *StorageOSPersistentVolumeSource storageos|CSI *CSIPersistentVolumeSource",
  GlusterfsPersistentVolumeSource:
    "EndpointsName string endpoints|Path string|ReadOnly bool|EndpointsNamespace *string",
  RBDPersistentVolumeSource:
    "CephMonitors []string monitors|RBDImage string image|FSType string|RBDPool string pool|RadosUser string user|Keyring string|SecretRef *SecretReference|ReadOnly bool",
  SecretReference: "Name string|Namespace string",
  ISCSIPersistentVolumeSource:
    "TargetPortal string|IQN string|Lun int32|ISCSIInterface string|FSType string|ReadOnly bool|Portals []string|DiscoveryCHAPAuth bool chapAuthDiscovery|SessionCHAPAuth bool chapAuthSession|SecretRef *SecretReference|InitiatorName *string",
  FlexPersistentVolumeSource:
    "Driver string|FSType string|SecretRef *SecretReference|ReadOnly bool|Options map[string]string",
  CinderPersistentVolumeSource: "VolumeID string|FSType string|ReadOnly bool|SecretRef *SecretReference",
  CephFSPersistentVolumeSource:
    "Monitors []string|Path string|User string|SecretFile string|SecretRef *SecretReference|ReadOnly bool",
  AzureFilePersistentVolumeSource: "SecretName string|ShareName string|ReadOnly bool|SecretNamespace *string",
  ScaleIOPersistentVolumeSource:
    "Gateway string|System string|SecretRef *SecretReference|SSLEnabled bool|ProtectionDomain string|StoragePool string|StorageMode string|VolumeName string|FSType string|ReadOnly bool",
  LocalVolumeSource: "Path string|FSType *string",
  StorageOSPersistentVolumeSource:
    "VolumeName string|VolumeNamespace string|FSType string|ReadOnly bool|SecretRef *ObjectReference",
  ObjectReference:
    "Kind string|Namespace string|Name string|UID string|APIVersion string|ResourceVersion string|FieldPath string",
  CSIPersistentVolumeSource:
    "Driver string|VolumeHandle string|ReadOnly bool|FSType string|VolumeAttributes map[string]string|ControllerPublishSecretRef *SecretReference|NodeStageSecretRef *SecretReference|NodePublishSecretRef *SecretReference|ControllerExpandSecretRef *SecretReference|NodeExpandSecretRef *SecretReference",
  "batch.PodFailurePolicy": "Rules []batch.PodFailurePolicyRule",
  "batch.PodFailurePolicyRule":
    "Action string|OnExitCodes *batch.PodFailurePolicyOnExitCodesRequirement|OnPodConditions []batch.PodFailurePolicyOnPodConditionsPattern",
  "batch.PodFailurePolicyOnExitCodesRequirement": "ContainerName *string|Operator string|Values []int32",
  "batch.PodFailurePolicyOnPodConditionsPattern": "Type string|Status string",
  "batch.SuccessPolicy": "Rules []batch.SuccessPolicyRule",
  "batch.SuccessPolicyRule": "SucceededIndexes *string|SucceededCount *int32",
  "resource.Quantity": "i resource.int64Amount|d resource.infDecAmount|s string|Format string",
  "resource.int64Amount": "value int64|scale int32",
  "resource.infDecAmount": "Dec *inf.Dec",
  "intstr.IntOrString": "Type int64|IntVal int32|StrVal string",
};

/** Named types that are texts; those of `STRINGERS` print themselves, as `s"cpu"`. */
const TEXTS = new Set([
  "string",
  "AppArmorProfileType",
  "AzureDataDiskCachingMode",
  "AzureDataDiskKind",
  "Capability",
  "ContainerRestartPolicy",
  "DNSPolicy",
  "HostPathType",
  "MountPropagationMode",
  "NodeInclusionPolicy",
  "NodeSelectorOperator",
  "OSName",
  "PersistentVolumeAccessMode",
  "PersistentVolumeMode",
  "PodConditionType",
  "PodFSGroupChangePolicy",
  "PodSELinuxChangePolicy",
  "PreemptionPolicy",
  "ProcMountType",
  "Protocol",
  "PullPolicy",
  "RecursiveReadOnlyMode",
  "ResourceName",
  "ResourceResizeRestartPolicy",
  "RestartPolicy",
  "SeccompProfileType",
  "StorageMedium",
  "SupplementalGroupsPolicy",
  "TaintEffect",
  "TerminationMessagePolicy",
  "TolerationOperator",
  "URIScheme",
  "UnsatisfiableConstraintAction",
  "v1.LabelSelectorOperator",
  "v1.ManagedFieldsOperationType",
]);

export type GoKind = "text" | "number" | "bool" | "time" | "struct" | "slice" | "map" | "pointer";

export interface GoField {
  name: string;
  type: GoType;
  /** In JSON; "" for an embedded struct. */
  key: string;
}

export interface GoType {
  kind: GoKind;
  /** As Go prints it: `core.PodSpec`, `[]core.Container`. */
  name: string;
  /** What a pointer leads to, and what slices and maps hold. */
  of?: GoType;
  /** Of a map. */
  key?: GoType;
}

const types = new Map<string, GoType>();

/** The type of an expression as `STRUCTS` has them: `PodSpec`, `*bool`, `[]Container`, `map[string]string`. */
export function goType(text: string): GoType {
  let type = types.get(text);
  if (type === undefined) {
    type = read(text);
    types.set(text, type);
  }
  return type;
}

function read(text: string): GoType {
  if (text === "ResourceList") {
    return { kind: "map", name: "core.ResourceList", key: goType("ResourceName"), of: goType("resource.Quantity") };
  }
  const map = /^map\[(\w+)\](.+)$/.exec(text);
  if (map) {
    const [key, of] = [goType(map[1]!), goType(map[2]!)];
    return { kind: "map", name: `map[${key.name}]${of.name}`, key, of };
  }
  if (text.startsWith("*")) {
    const of = goType(text.slice(1));
    return { kind: "pointer", name: `*${of.name}`, of };
  }
  if (text.startsWith("[]")) {
    const of = goType(text.slice(2));
    return { kind: "slice", name: `[]${of.name}`, of };
  }
  if (text === "int32" || text === "int64") return { kind: "number", name: text };
  if (text === "bool" || text === "string") return { kind: text === "bool" ? "bool" : "text", name: text };
  if (text === "v1.Time") return { kind: "time", name: text };
  const name = text.includes(".") ? text : `core.${text}`;
  return { kind: TEXTS.has(text) ? "text" : "struct", name };
}

const parsed = new Map<string, readonly GoField[]>();

/** A struct's fields. Types whose insides nothing prints (`inf.Dec`) have none. */
export function fieldsOf({ name }: GoType): readonly GoField[] {
  let fields = parsed.get(name);
  if (fields === undefined) {
    const text = STRUCTS[name.replace(/^core\./, "")] ?? "";
    fields = text.split("|").flatMap((field) => {
      const [own = "", of = "", key] = field.split(" ");
      if (own === "") return [];
      const embedded = of.startsWith("^");
      return [{ name: own, type: goType(embedded ? of.slice(1) : of), key: embedded ? "" : (key ?? jsonName(own)) }];
    });
    parsed.set(name, fields);
  }
  return fields;
}

/** `DNSPolicy` is `dnsPolicy` in JSON, `TTY` is `tty`. */
function jsonName(name: string): string {
  return name.replace(/^(?:[A-Z]+(?=[A-Z][a-z]|$)|[A-Z])/, (head) => head.toLowerCase());
}

/** What Go holds in a struct's field, from the JSON of the struct. */
export function goField(struct: GoType, value: unknown, field: GoField): unknown {
  if (field.key === "") return value;
  if (value === undefined || value === null) return undefined;
  if (struct.name === "resource.Quantity") return quantityField(String(value), field.name);
  if (struct.name === "intstr.IntOrString") {
    const text = typeof value === "string";
    return field.name === "Type" ? Number(text) : field.name === "StrVal" ? (text ? value : "") : text ? 0 : value;
  }
  const part = (value as Readonly<Record<string, unknown>>)[field.key];
  if (part !== undefined || (field.type.kind !== "slice" && field.type.kind !== "map")) return part;
  if (!givenEmpty(value as object, field.key)) return undefined;
  return field.type.kind === "slice" ? [] : {};
}

function quantityField(text: string, name: string): unknown {
  const { value, scale, s, format } = goQuantityParts(text);
  return name === "i" ? { value, scale } : name === "s" ? s : name === "Format" ? format : undefined;
}

/** Whether a value is its type's zero. An empty list or map that is there is not. */
export function isZero(type: GoType, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  switch (type.kind) {
    case "text":
      return value === "";
    case "number":
      return Number(value) === 0;
    case "bool":
      return value === false;
    case "struct":
      return fieldsOf(type).every((field) => isZero(field.type, goField(type, value, field)));
    default:
      return false;
  }
}
