import type { AdmissionPlugin } from "./admission.ts";
import { type ImagePolicySettings, imagePolicyWebhook } from "./image-policy.ts";
import {
  alwaysDeny,
  alwaysPullImages,
  denyServiceExternalIPs,
  extendedResourceToleration,
  namespaceAutoProvision,
  podNodeSelector,
} from "./optional.ts";
import { ADMISSION_PLUGINS } from "./plugins.ts";
import { type PodSecuritySettings, podSecurityWith } from "./pod-security.ts";

/** What `--admission-control-config-file` sets of single plugins. */
export interface AdmissionSettings {
  podSecurity?: PodSecuritySettings | undefined;
  imagePolicy?: ImagePolicySettings | undefined;
}

/** Every name that the flags take, in the order of pkg/kubeapiserver/options/plugins.go; `true`: on by default. */
const NAMES: Readonly<Record<string, boolean>> = {
  AlwaysAdmit: false,
  NamespaceAutoProvision: false,
  NamespaceLifecycle: true,
  NamespaceExists: false,
  LimitPodHardAntiAffinityTopology: false,
  LimitRanger: true,
  ServiceAccount: true,
  NodeRestriction: false,
  TaintNodesByCondition: true,
  AlwaysPullImages: false,
  ImagePolicyWebhook: false,
  PodSecurity: true,
  PodNodeSelector: false,
  Priority: true,
  DefaultTolerationSeconds: true,
  PodTolerationRestriction: false,
  EventRateLimit: false,
  ExtendedResourceToleration: false,
  DefaultStorageClass: true,
  StorageObjectInUseProtection: true,
  OwnerReferencesPermissionEnforcement: false,
  PersistentVolumeClaimResize: true,
  RuntimeClass: true,
  CertificateApproval: true,
  CertificateSigning: true,
  ClusterTrustBundleAttest: true,
  CertificateSubjectRestriction: true,
  DefaultIngressClass: true,
  DenyServiceExternalIPs: false,
  MutatingAdmissionPolicy: true,
  MutatingAdmissionWebhook: true,
  ValidatingAdmissionPolicy: true,
  ValidatingAdmissionWebhook: true,
  ResourceQuota: true,
  AlwaysDeny: false,
};
const UNINITIALISED = "failed to initialize admission: couldn't init admission plugin";
const ORDER = Object.keys(NAMES);

const OPTIONAL: readonly AdmissionPlugin[] = [
  alwaysDeny,
  alwaysPullImages,
  denyServiceExternalIPs,
  extendedResourceToleration,
  namespaceAutoProvision,
  podNodeSelector,
];

/**
 * Plugins that are on with the values of --enable-admission-plugins and --disable-admission-plugins (comma-separated).
 * A text is what upstream says of a wrong name (apiserver pkg/server/options/admission.go Validate).
 */
export function enabledPlugins(
  enable = "",
  disable = "",
  settings: AdmissionSettings = {},
): readonly AdmissionPlugin[] | string {
  const wrong: string[] = [];
  const named = (flag: string, text: string): Set<string> => {
    const names = text.split(",").filter((name) => name !== "");
    for (const name of names) {
      if (NAMES[name] === undefined) wrong.push(`${flag}-admission-plugins plugin ${JSON.stringify(name)} is unknown`);
    }
    return new Set(names);
  };
  const on = named("enable", enable);
  const off = named("disable", disable);
  const both = [...on].filter((name) => off.has(name)).sort();
  if (both.length > 0) {
    wrong.push(`[${both.join(" ")}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  }
  if (wrong.length > 0) return wrong.length === 1 ? wrong[0]! : `[${wrong.join(", ")}]`;
  const isOn = (name: string): boolean => !off.has(name) && (NAMES[name] !== false || on.has(name));
  const plugins = [...ADMISSION_PLUGINS, ...OPTIONAL].filter(({ name }) => isOn(name));
  const { podSecurity, imagePolicy } = settings;
  if (podSecurity && isOn("PodSecurity")) {
    plugins[plugins.findIndex(({ name }) => name === "PodSecurity")] = podSecurityWith(podSecurity);
  }
  if (isOn("ImagePolicyWebhook")) {
    if (!imagePolicy) return `${UNINITIALISED} "ImagePolicyWebhook": no config specified`;
    plugins.push(imagePolicyWebhook(imagePolicy));
  }
  return plugins.sort((a, b) => rankOf(a) - rankOf(b));
}

/** What the help of the two flags says (apiserver pkg/server/options/admission.go AddFlags). */
export function admissionFlags(): Record<string, string> {
  const byDefault = ORDER.filter((name) => NAMES[name]).join(", ");
  const takes = (what: string) =>
    `strings   admission plugins that should be ${what} (${byDefault}). Comma-delimited list of admission plugins: ` +
    `${[...ORDER].sort().join(", ")}. The order of plugins in this flag does not matter.`;
  return {
    "enable-admission-plugins": takes("enabled in addition to default enabled ones"),
    "disable-admission-plugins": takes("disabled although they are in the default enabled plugins list"),
  };
}

/** What fills in certificate requests is no plugin upstream; it goes with those that judge them. */
function rankOf({ name }: AdmissionPlugin): number {
  return ORDER.indexOf(name === "CertificateRequest" ? "CertificateSubjectRestriction" : name);
}
