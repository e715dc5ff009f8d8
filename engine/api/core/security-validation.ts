import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import {
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  invalidText,
  notSupported,
  required,
  tooLong,
} from "../validation/field.ts";
import { dns1123Subdomain, inRange } from "../validation/names.ts";
import { goStruct } from "./go-struct.ts";
import { validateDescendingPath } from "./paths.ts";

/** Security contexts of Pods and containers, in the words of pkg/apis/core/validation/validation.go. */

const MAX_ID = 2 ** 31 - 1;
const PROFILES = ["Localhost", "RuntimeDefault", "Unconfined"];
const SYSTEMS = ["linux", "windows"];
const FS_GROUP_POLICIES = ["Always", "OnRootMismatch"];
const LONGEST_PROFILE = 4095;

/** A user or group id. */
export function validateId(id: number | undefined, path: string): StatusCause[] {
  if (id === undefined || (id >= 0 && id <= MAX_ID)) return [];
  return [invalid(path, id, inRange(0, MAX_ID))];
}

/** A container's context (ValidateSecurityContext). */
export function validateContainerContext(context: Draft | undefined, path: string): StatusCause[] {
  if (!context) return [];
  const causes = validateId(context.runAsUser, `${path}.runAsUser`);
  causes.push(...validateId(context.runAsGroup, `${path}.runAsGroup`));
  causes.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`));
  if (context.allowPrivilegeEscalation === false) {
    const refuse = (other: string) => {
      const why = `cannot set \`allowPrivilegeEscalation\` to false and ${other}`;
      causes.push(invalidText(path, goStruct("SecurityContext", context), why));
    };
    if (context.privileged) refuse("`privileged` to true");
    for (const name of context.capabilities?.add ?? []) {
      if (name === "CAP_SYS_ADMIN") refuse("`capabilities.Add` CAP_SYS_ADMIN");
    }
  }
  causes.push(...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`));
  causes.push(...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`));
  return causes;
}

/** A Pod's context, with what of the spec belongs to it (validatePodSpecSecurityContext). */
export function validatePodContext(spec: Draft, path: string): StatusCause[] {
  const context: Draft = spec.securityContext ?? {};
  const causes = validateId(context.fsGroup, `${path}.fsGroup`);
  causes.push(...validateId(context.runAsUser, `${path}.runAsUser`));
  causes.push(...validateId(context.runAsGroup, `${path}.runAsGroup`));
  (context.supplementalGroups ?? []).forEach((id: number, i: number) => {
    causes.push(...validateId(id, `${path}.supplementalGroups[${i}]`));
  });
  if (spec.shareProcessNamespace && spec.hostPID) {
    const why = "ShareProcessNamespace and HostPID cannot both be enabled";
    causes.push(invalid(`${path}.shareProcessNamespace`, true, why));
  }
  causes.push(...validateSysctls(context.sysctls ?? [], spec, `${path}.sysctls`));
  const policy = context.fsGroupChangePolicy;
  if (policy !== undefined && !FS_GROUP_POLICIES.includes(policy)) {
    causes.push(notSupported(`${path}.fsGroupChangePolicy`, policy, FS_GROUP_POLICIES));
  }
  causes.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`));
  causes.push(...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`));
  causes.push(...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`));
  return causes;
}

function validateSeccomp(profile: Draft | undefined, path: string): StatusCause[] {
  if (!profile) return [];
  const causes: StatusCause[] = [];
  const { type, localhostProfile } = profile;
  if (!type) causes.push(required(`${path}.type`, "type is required when seccompProfile is set"));
  else if (!PROFILES.includes(type)) causes.push(notSupported(`${path}.type`, type, PROFILES));
  const at = `${path}.localhostProfile`;
  if (type !== "Localhost") {
    if (localhostProfile === undefined) return causes;
    const shown = goStruct("SeccompProfile", profile);
    return [...causes, invalidText(at, shown, "can only be set when seccomp type is Localhost")];
  }
  if (localhostProfile === undefined) causes.push(required(at, "must be set when seccomp type is Localhost"));
  else causes.push(...validateDescendingPath(localhostProfile, at));
  return causes;
}

function validateAppArmor(profile: Draft | undefined, path: string): StatusCause[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  if (!type) return [required(`${path}.type`, "type is required when appArmorProfile is set")];
  if (!PROFILES.includes(type)) return [notSupported(`${path}.type`, type, PROFILES)];
  if (type !== "Localhost") {
    if (localhostProfile === undefined) return [];
    return [invalid(at, localhostProfile, "can only be set when AppArmor type is Localhost")];
  }
  if (!localhostProfile) return [required(at, "must be set when AppArmor type is Localhost")];
  const causes: StatusCause[] = [];
  if (localhostProfile.trim() !== localhostProfile) {
    causes.push(invalid(at, localhostProfile, "must not be padded with whitespace"));
  }
  if (localhostProfile.length > LONGEST_PROFILE) causes.push(tooLong(at, LONGEST_PROFILE));
  return causes;
}

const SYSCTL = "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const LONGEST_SYSCTL = 253;
/** Settings of the kernel that each IPC namespace has its own of (component-helpers/node/util/sysctl). */
const OF_IPC = /^(?:kernel\.(?:sem$|shm|msg)|fs\.mqueue\.)/;

function validateSysctls(sysctls: readonly Draft[], spec: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const seen = new Set<string>();
  sysctls.forEach(({ name = "" }, i) => {
    const at = `${path}[${i}].name`;
    const words = name.split(/[./]/);
    const fits = words.every((word: string) => /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(word));
    if (!name) causes.push(required(at, ""));
    else if (!fits || name.length > LONGEST_SYSCTL) {
      causes.push(invalid(at, name, `must have at most ${LONGEST_SYSCTL} characters and match regex ^${SYSCTL}$`));
    } else if (seen.has(name)) causes.push(duplicate(at, name));
    const dotted = name.replaceAll("/", ".");
    if (spec.hostNetwork && dotted.startsWith("net.")) {
      causes.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    } else if (spec.hostIPC && OF_IPC.test(dotted)) {
      causes.push(invalid(at, name, "may not be specified when 'hostIPC' is true"));
    }
    seen.add(name);
  });
  return causes;
}

function validateWindowsOptions(options: Draft | undefined, path: string): StatusCause[] {
  if (!options) return [];
  const causes: StatusCause[] = [];
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: credential, runAsUserName: user } = options;
  if (name !== undefined) causes.push(...invalidEach(`${path}.gmsaCredentialSpecName`, name, dns1123Subdomain(name)));
  const at = `${path}.gmsaCredentialSpec`;
  if (credential === "") causes.push(invalid(at, credential, "gmsaCredentialSpec cannot be an empty string"));
  else if (credential?.length > 64 * 1024) {
    causes.push(invalid(at, credential, "gmsaCredentialSpec size must be under 64 KiB"));
  }
  if (user !== undefined) causes.push(...windowsUser(user).map((why) => invalid(`${path}.runAsUserName`, user, why)));
  return causes;
}

const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DOMAIN = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

/** What is wrong with `DOMAIN\USER` or `USER`. */
function windowsUser(text: string): string[] {
  if (text === "") return ["runAsUserName cannot be an empty string"];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x1f\x7f]/.test(text)) return ["runAsUserName cannot contain control characters"];
  const parts = text.split("\\");
  if (parts.length > 2) return ["runAsUserName cannot contain more than one backslash"];
  const user = parts.at(-1)!;
  const domain = parts.length > 1 ? parts[0]! : undefined;
  const out: string[] = [];
  if (domain !== undefined && domain.length >= 256) {
    out.push("runAsUserName's Domain length must be under 256 characters");
  }
  if (domain !== undefined && !NETBIOS.test(domain) && !DOMAIN.test(domain)) {
    out.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === "") out.push("runAsUserName's User cannot be empty");
  else if (user.length > 104) out.push("runAsUserName's User length must not be longer than 104 characters");
  if (/^[. ]+$/.test(user)) out.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    out.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  }
  return out;
}

/** Containers of a spec with their paths, in the order they are visited in. */
function* containersOf(spec: Draft, path: string): Generator<[container: Draft, path: string]> {
  for (const list of ["initContainers", "containers", "ephemeralContainers"]) {
    for (const [i, container] of ((spec[list] ?? []) as Draft[]).entries()) yield [container, `${path}.${list}[${i}]`];
  }
}

/** All containers of a Pod run as processes of a Windows host, or none (validateWindowsHostProcessPod). */
export function validateHostProcess(spec: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const general: boolean | undefined = spec.securityContext?.windowsOptions?.hostProcess;
  let all = 0;
  let some = 0;
  for (const [container, at] of containersOf(spec, path)) {
    all++;
    const own: boolean | undefined = container.securityContext?.windowsOptions?.hostProcess;
    if (general !== undefined && own !== undefined && general !== own) {
      const why = `pod hostProcess value must be identical if both are specified, was ${general}`;
      causes.push(invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, why));
    }
    if (own ?? general) some++;
  }
  if (some === 0) return causes;
  if (some !== all) {
    const why = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
    causes.push(invalid(path, "", why));
  }
  if (!spec.hostNetwork) {
    causes.push(
      invalid(`${path}.hostNetwork`, false, "hostNetwork must be true if pod contains any hostProcess containers"),
    );
  }
  return causes;
}

const FOR_LINUX = "windows options cannot be set for a linux pod";
const FOR_WINDOWS = "cannot be set for a windows pod";
/** Fields that a Pod for Windows may not have: where they stand in JSON and the place that is told. */
const POD_OF_LINUX: readonly [field: string, of: "context" | "spec"][] = [
  ["appArmorProfile", "context"],
  ["seLinuxOptions", "context"],
  ["hostUsers", "spec"],
  ["hostPID", "spec"],
  ["hostIPC", "spec"],
  ["seccompProfile", "context"],
  ["fsGroup", "context"],
  ["fsGroupChangePolicy", "context"],
  ["sysctls", "context"],
  ["shareProcessNamespace", "spec"],
  ["runAsUser", "context"],
  ["runAsGroup", "context"],
  ["supplementalGroups", "context"],
  ["supplementalGroupsPolicy", "context"],
  ["seLinuxChangePolicy", "context"],
];
const CONTAINER_OF_LINUX = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
];

/** What the operating system that a Pod is for allows (validateOS, validateLinux, validateWindows). */
export function validateSystem(spec: Draft, path: string): StatusCause[] {
  if (!spec.os) return [];
  const { name } = spec.os;
  if (!name) return [required(`${path}.os.name`, "cannot be empty")];
  if (!SYSTEMS.includes(name)) return [notSupported(`${path}.os`, name, SYSTEMS)];
  const causes: StatusCause[] = [];
  const context: Draft = spec.securityContext ?? {};
  const pod = `${path}.securityContext`;
  if (name === "linux") {
    if (context.windowsOptions) causes.push(forbidden(`${pod}.windowsOptions`, FOR_LINUX));
    for (const [container, at] of containersOf(spec, path)) {
      if (container.securityContext?.windowsOptions) {
        causes.push(forbidden(`${at}.securityContext.windowsOptions`, FOR_LINUX));
      }
    }
    return causes;
  }
  for (const [field, of] of POD_OF_LINUX) {
    const value = (of === "spec" ? spec : context)[field];
    const set = field === "hostPID" || field === "hostIPC" ? value === true : value !== undefined;
    if (set) causes.push(forbidden(`${of === "spec" ? path : pod}.${field}`, FOR_WINDOWS));
  }
  for (const [container, at] of containersOf(spec, path)) {
    for (const field of CONTAINER_OF_LINUX) {
      if (container.securityContext?.[field] !== undefined) {
        causes.push(forbidden(`${at}.securityContext.${field}`, FOR_WINDOWS));
      }
    }
  }
  return causes;
}
