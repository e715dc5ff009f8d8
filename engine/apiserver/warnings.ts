import { pairProblem } from "../api/key-pair.ts";
import type { Draft, KindDef } from "../api/kind.ts";
import { STANDARD_FINALIZERS } from "../api/validation/meta.ts";
import { dns1123Label } from "../api/validation/names.ts";
import { decode, decodeBase64 } from "../kernel/index.ts";
import { claimWarnings, nodeLabelWarning, templateWarnings, termWarnings } from "./pod-warnings.ts";

/** What a valid object may still be warned of, as `Warning` headers: what upstream's strategies say of each kind. */
type Warner = (object: Draft, old: Draft | undefined) => string[];

const STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class";
const STORAGE_CLASS_WARNING = `metadata.annotations[${STORAGE_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`;
const MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options";
const INGRESS_CLASS = "kubernetes.io/ingress.class";
const TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints";
const MOUNTABLE_SECRETS = "kubernetes.io/enforce-mountable-secrets";

const DNS_LABEL = "which can result in surprising behavior; a DNS label is recommended";

/** Of a name that becomes part of host names. */
function hostnameWarnings({ metadata }: Draft, used: string): string[] {
  const errors = metadata?.name ? dns1123Label(metadata.name) : [];
  return errors.length > 0 ? [`metadata.name: this is used in ${used}, ${DNS_LABEL}: [${errors.join(" ")}]`] : [];
}

/** Of a kind whose Pod template lies at `way`. Its name is looked at when it is made, where Pods are named after it. */
function ofTemplate(way: string, named: boolean): Warner {
  const parts = way.split(".");
  return (object, old) => {
    const warnings = named && old === undefined ? hostnameWarnings(object, "Pod names and hostnames") : [];
    let template: Draft = object;
    for (const part of parts) template = template?.[part];
    return template?.spec ? [...warnings, ...templateWarnings(template, way)] : warnings;
  };
}

const has = (object: Draft, annotation: string): boolean => object.metadata?.annotations?.[annotation] !== undefined;

const PERSISTENT: Readonly<Record<string, string>> = {
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
};

/** pkg/api/persistentvolume/util.go. */
const persistentVolume: Warner = (object) => {
  const { spec = {} } = object;
  const warnings: string[] = [];
  if (has(object, STORAGE_CLASS)) warnings.push(STORAGE_CLASS_WARNING);
  if (has(object, MOUNT_OPTIONS))
    warnings.push(
      `metadata.annotations[${MOUNT_OPTIONS}]: deprecated since v1.31; use "mountOptions" attribute instead`,
    );
  if (spec.persistentVolumeReclaimPolicy === "Recycle") {
    warnings.push(
      "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
    );
  }
  for (const [i, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries())
    warnings.push(...termWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`));
  for (const kind in PERSISTENT)
    if (spec[kind]) warnings.push(`spec.${kind === "storageos" ? "storageOS" : kind}: ${PERSISTENT[kind]}`);
  return warnings;
};

const statefulTemplate = ofTemplate("spec.template", false);
/** A claim template's path has another end when it is changed, as upstream writes it. */
const statefulSet: Warner = (object, old) => [
  ...statefulTemplate(object, old),
  ...(object.spec?.volumeClaimTemplates ?? []).flatMap((claim: Draft, i: number) =>
    claimWarnings(claim.spec, `spec.volumeClaimTemplates[${i}]${old ? ".Spec" : ""}`),
  ),
];

/** pkg/api/service/warnings.go. */
const service: Warner = (object, old) => {
  const { spec = {} } = object;
  if (
    old &&
    JSON.stringify(old["spec"]) === JSON.stringify(spec) &&
    has(old, TOPOLOGY_HINTS) === has(object, TOPOLOGY_HINTS)
  )
    return [];
  const warnings: string[] = [];
  if (has(object, TOPOLOGY_HINTS))
    warnings.push(`annotation ${TOPOLOGY_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  for (const [i, ip] of (spec.externalIPs ?? []).entries())
    warnings.push(...addressWarnings(ip, `spec.externalIPs[${i}]`));
  if (spec.loadBalancerIP) warnings.push(...addressWarnings(spec.loadBalancerIP, "spec.loadBalancerIP"));
  if (spec.type === "ExternalName" && spec.externalIPs?.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== "ExternalName" && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  return warnings;
};

/** What netip.ParseAddr says of a text without colons that is no IPv4 address. */
function addressFault(text: string): string | undefined {
  if (!text.includes(".")) return "unable to parse IP";
  let [value, digits, fields] = [0, 0, 0];
  const at = (i: number) => `(at "${text.slice(i)}")`;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char >= "0" && char <= "9") {
      if (digits === 1 && value === 0) return "IPv4 field has octet with leading zero";
      value = value * 10 + Number(char);
      digits++;
      if (value > 255) return "IPv4 field has value >255";
    } else if (char !== ".") return `unexpected character ${at(i)}`;
    else if (i === 0 || i === text.length - 1 || text[i - 1] === ".")
      return `IPv4 field must have at least one digit ${at(i)}`;
    else if (fields === 3) return "IPv4 address too long";
    else [value, digits, fields] = [0, 0, fields + 1];
  }
  return fields < 3 ? "IPv4 address too short" : undefined;
}

/** Go's net/netip is stricter than what was taken for an address before (CVE-2021-29923). */
function addressWarnings(text: string, path: string): string[] {
  const why = text.includes(":") ? undefined : addressFault(text);
  if (why === undefined) return [];
  return [
    `${path}: IP address was accepted, but will be invalid in a future Kubernetes release: ParseAddr("${text}"): ${why}`,
  ];
}

const textOf = (base64: string | undefined): string => decode(decodeBase64(base64 ?? "") ?? new Uint8Array());

/** What crypto/tls says of a pair that cannot be one. */
const secret: Warner = ({ type, data }) => {
  if (type !== "kubernetes.io/tls") return [];
  const why = pairProblem(textOf(data?.["tls.crt"]), textOf(data?.["tls.key"]));
  return why === undefined ? [] : [why];
};

const cronTemplate = ofTemplate("spec.jobTemplate.spec.template", true);

const WARNERS: Readonly<Record<string, Warner>> = {
  // People do not change Pods by themselves, so that changes are not looked at.
  "/pods": (object, old) =>
    old ? [] : [...hostnameWarnings(object, "the Pod's hostname"), ...templateWarnings(object, "")],
  "/podtemplates": ofTemplate("template", false),
  "/replicationcontrollers": ofTemplate("spec.template", true),
  "apps/daemonsets": ofTemplate("spec.template", false),
  "apps/deployments": ofTemplate("spec.template", true),
  "apps/replicasets": ofTemplate("spec.template", true),
  "apps/statefulsets": statefulSet,
  "batch/jobs": ofTemplate("spec.template", true),
  "batch/cronjobs": (object, old) => [
    ...cronTemplate(object, old),
    ...(old && object.spec?.schedule?.includes("TZ")
      ? [
          "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
        ]
      : []),
  ],
  "/persistentvolumes": persistentVolume,
  "/persistentvolumeclaims": (object) => [
    ...(has(object, STORAGE_CLASS) ? [STORAGE_CLASS_WARNING] : []),
    ...claimWarnings(object.spec, "spec"),
  ],
  "storage.k8s.io/storageclasses": ({ allowedTopologies }) =>
    (allowedTopologies ?? []).flatMap((topology: Draft, i: number) =>
      (topology.matchLabelExpressions ?? []).flatMap(({ key }: Draft, j: number) => {
        const why = nodeLabelWarning(key);
        return why ? [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${why}`] : [];
      }),
    ),
  "/services": service,
  "/secrets": secret,
  "/nodes": ({ spec }) => [
    ...(spec?.configSource ? ["spec.configSource: the feature is removed"] : []),
    ...(spec?.externalID ? ["spec.externalID: this field is deprecated, and is unused by Kubernetes"] : []),
  ],
  "/serviceaccounts": (object, old) =>
    has(object, MOUNTABLE_SECRETS) && !(old && has(old, MOUNTABLE_SECRETS))
      ? [
          `metadata.annotations[${MOUNTABLE_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
        ]
      : [],
  "networking.k8s.io/ingresses": (object, old) =>
    !old && has(object, INGRESS_CLASS) && object.spec?.ingressClassName === undefined
      ? [`annotation "${INGRESS_CLASS}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
  "node.k8s.io/runtimeclasses": ({ scheduling }) =>
    Object.keys(scheduling?.nodeSelector ?? {}).flatMap((label) => {
      const why = nodeLabelWarning(label);
      return why ? [`scheduling.nodeSelector: ${why}`] : [];
    }),
  "discovery.k8s.io/endpointslices": ({ addressType }, old) =>
    !old && addressType === "FQDN" ? ["spec.addressType: FQDN endpoints are deprecated"] : [],
};

/** New finalizers of a custom resource should have a domain and a path. */
function finalizerWarnings(object: Draft, old: Draft | undefined): string[] {
  const had: readonly string[] = old?.metadata?.finalizers ?? [];
  const given = new Set<string>(object.metadata?.finalizers ?? []);
  return [...given]
    .filter((name) => !had.includes(name) && !name.includes("/") && !STANDARD_FINALIZERS.includes(name))
    .sort()
    .map((name) => {
      const advice = name.includes(".")
        ? "a domain-qualified finalizer name including a path (/)"
        : "a domain-qualified finalizer name";
      return `metadata.finalizers: ${JSON.stringify(name)}: prefer ${advice} to avoid accidental conflicts with other finalizer writers`;
    });
}

/** Warnings of an object that is made, or changed from `old`. */
export function warningsOf(def: KindDef, object: Draft, old?: Draft): string[] {
  if (def.custom) return finalizerWarnings(object, old);
  return WARNERS[`${def.resource.group}/${def.resource.resource}`]?.(object, old) ?? [];
}
