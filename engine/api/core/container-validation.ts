import type { Draft } from "../kind.ts";
import { canonicalQuantity, compareQuantities, formatQuantity, parseQuantity, type Quantity } from "../quantity.ts";
import type { StatusCause } from "../status.ts";
import {
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  invalidText,
  nonNegative,
  notSupported,
  required,
} from "../validation/field.ts";
import {
  configMapKey,
  dns1123Label,
  dns1123Subdomain,
  envVarName,
  httpHeaderName,
  labelValue,
  portName,
  portNumber,
  qualifiedName,
} from "../validation/names.ts";
import { goQuantity } from "../validation/value.ts";
import { type Volumes, validateDevices, validateMounts } from "./mount-validation.ts";
import { containerResourceName, overcommitAllowed } from "./resource-names.ts";
import { validateContainerContext } from "./security-validation.ts";

/** Containers of a Pod (pkg/apis/core/validation/validation.go), in upstream's order and words. */

/** Of an image, where it is no template's. */
export const UNTRIMMED = "must not have leading or trailing whitespace";
const NOT_NEGATIVE = "must be greater than or equal to 0";
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"];
const ENV_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
const ENV_RESOURCES = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const NO_INIT = "may not be set for init containers without restartPolicy=Always";

/** Regular containers. `volumes`: names that mounts may refer to. */
export function validateContainers(
  containers: Draft[],
  volumes: Volumes,
  path: string,
  grace: number | undefined,
): StatusCause[] {
  if (containers.length === 0) return [required(path, "")];
  const causes: StatusCause[] = [];
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const at = `${path}[${i}]`;
    causes.push(...validateCommon(container, volumes, at));
    if (names.has(container.name)) causes.push(duplicate(`${at}.name`, container.name));
    else names.add(container.name);
    causes.push(...validateLifecycleAndProbes(container, at, grace));
    if (container.restartPolicy !== undefined)
      causes.push(forbidden(`${at}.restartPolicy`, "may not be set for non-init containers"));
  });
  causes.push(...hostPortConflicts(containers, path));
  return causes;
}

/** Init containers; `names` are those of the regular ones. */
export function validateInitContainers(
  containers: Draft[],
  regular: Draft[],
  volumes: Volumes,
  path: string,
  grace: number | undefined,
): StatusCause[] {
  const causes: StatusCause[] = [];
  const names = new Set<string>(regular.map((c) => c.name));
  containers.forEach((container, i) => {
    const at = `${path}[${i}]`;
    causes.push(...validateCommon(container, volumes, at));
    if (container.restartPolicy !== undefined && container.restartPolicy !== "Always") {
      causes.push(notSupported(`${at}.restartPolicy`, container.restartPolicy, ["Always"]));
    }
    if (names.has(container.name)) causes.push(duplicate(`${at}.name`, container.name));
    else if (container.name) names.add(container.name);
    causes.push(...hostPortConflicts([container], path));
    if (container.restartPolicy === "Always") causes.push(...validateLifecycleAndProbes(container, at, grace));
    else {
      for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]) {
        if (container[field]) causes.push(forbidden(`${at}.${field}`, NO_INIT));
      }
    }
  });
  return causes;
}

/** What holds for containers of every list. */
export function validateCommon(container: Draft, volumes: Volumes, at: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!container.name) causes.push(required(`${at}.name`, ""));
  else causes.push(...invalidEach(`${at}.name`, container.name, dns1123Label(container.name)));
  if (!container.image) causes.push(required(`${at}.image`, ""));
  const policy = container.terminationMessagePolicy;
  if (!policy) causes.push(required(`${at}.terminationMessagePolicy`, ""));
  else if (!MESSAGE_POLICIES.includes(policy)) {
    causes.push(notSupported(`${at}.terminationMessagePolicy`, policy, MESSAGE_POLICIES));
  }
  causes.push(...validatePorts(container.ports ?? [], `${at}.ports`));
  causes.push(...validateEnv(container.env ?? [], `${at}.env`));
  causes.push(...validateEnvFrom(container.envFrom ?? [], `${at}.envFrom`));
  causes.push(...validateMounts(container, volumes, `${at}.volumeMounts`));
  causes.push(...validateDevices(container, volumes, `${at}.volumeDevices`));
  causes.push(...validatePullPolicy(container.imagePullPolicy, `${at}.imagePullPolicy`));
  causes.push(...validateResources(container.resources, `${at}.resources`));
  causes.push(...validateContainerContext(container.securityContext, `${at}.securityContext`));
  return causes;
}

function validatePullPolicy(policy: string | undefined, path: string): StatusCause[] {
  if (!policy) return [required(path, "")];
  return PULL_POLICIES.includes(policy) ? [] : [notSupported(path, policy, PULL_POLICIES)];
}

function validatePorts(ports: Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const at = `${path}[${i}]`;
    if (port.name) {
      const wrong = portName(port.name);
      if (wrong.length > 0) causes.push(...invalidEach(`${at}.name`, port.name, wrong));
      else if (names.has(port.name)) causes.push(duplicate(`${at}.name`, port.name));
      else names.add(port.name);
    }
    if (!port.containerPort) causes.push(required(`${at}.containerPort`, ""));
    else causes.push(...invalidEach(`${at}.containerPort`, port.containerPort, portNumber(port.containerPort)));
    if (port.hostPort) causes.push(...invalidEach(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort)));
    if (!port.protocol) causes.push(required(`${at}.protocol`, ""));
    else if (!PROTOCOLS.includes(port.protocol)) {
      causes.push(notSupported(`${at}.protocol`, port.protocol, PROTOCOLS));
    }
  });
  return causes;
}

function hostPortConflicts(containers: Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const taken = new Set<string>();
  containers.forEach((container, i) => {
    (container.ports ?? []).forEach((port: Draft, j: number) => {
      if (!port.hostPort) return;
      const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
      if (taken.has(key)) causes.push(duplicate(`${path}[${i}].ports[${j}].hostPort`, key));
      else taken.add(key);
    });
  });
  return causes;
}

function validateEnv(vars: Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  vars.forEach((env, i) => {
    const at = `${path}[${i}]`;
    if (!env.name) causes.push(required(`${at}.name`, ""));
    else causes.push(...invalidEach(`${at}.name`, env.name, envVarName(env.name)));
    if (env.valueFrom) causes.push(...validateValueFrom(env, `${at}.valueFrom`));
  });
  return causes;
}

function validateValueFrom(env: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = env.valueFrom;
  if (fieldRef) causes.push(...validateFieldRef(fieldRef, ENV_FIELDS, `${path}.fieldRef`));
  if (resourceFieldRef) {
    causes.push(...validateResourceField(resourceFieldRef, `${path}.resourceFieldRef`));
  }
  if (configMapKeyRef) causes.push(...validateKeyRef(configMapKeyRef, `${path}.configMapKeyRef`));
  if (secretKeyRef) causes.push(...validateKeyRef(secretKeyRef, `${path}.secretKeyRef`));
  const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef].filter(Boolean).length;
  if (sources === 0) {
    causes.push(
      invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"),
    );
  } else if (env.value) causes.push(invalid(path, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) causes.push(invalid(path, "", "may not have more than one field specified at a time"));
  return causes;
}

/** What a container asks for or may use, by name (validateContainerResourceFieldSelector). */
export function validateResourceField({ resource, divisor }: Draft, path: string): StatusCause[] {
  if (!resource) return [required(`${path}.resource`, "")];
  const known = ENV_RESOURCES.includes(resource) || /^(?:limits|requests)\.hugepages-/.test(resource);
  if (!known) return [notSupported(`${path}.resource`, resource, ENV_RESOURCES)];
  return validateDivisor(resource, canonicalQuantity(divisor ?? "0") ?? "0", `${path}.divisor`);
}

const BYTE_DIVISORS = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";

/** What amounts may be counted in (validateContainerResourceDivisor). */
function validateDivisor(resource: string, divisor: string, path: string): StatusCause[] {
  if (divisor === "0") return [];
  const kind = resource.replace(/^(?:limits|requests)\./, "");
  if (kind === "cpu") {
    const words = "only divisor's values 1m and 1 are supported with the cpu resource";
    return ["1m", "1"].includes(divisor) ? [] : [invalid(path, resource, words)];
  }
  if (BYTE_DIVISORS.split(", ").includes(divisor)) return [];
  const what = { memory: "memory", "ephemeral-storage": "local ephemeral storage" }[kind] ?? "hugepages";
  return [invalid(path, resource, `only divisor's values ${BYTE_DIVISORS} are supported with the ${what} resource`)];
}

const SUBSCRIPT = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/;

/** A downward API field; `supported` is the sorted list that applies there. */
export function validateFieldRef(ref: Draft, supported: readonly string[], path: string): StatusCause[] {
  if (!ref.apiVersion) return [required(`${path}.apiVersion`, "")];
  if (!ref.fieldPath) return [required(`${path}.fieldPath`, "")];
  const subscript = SUBSCRIPT.exec(ref.fieldPath);
  if (subscript) {
    const key = subscript[1] === "metadata.annotations" ? subscript[2]!.toLowerCase() : subscript[2]!;
    return invalidEach(`${path}.fieldPath`, subscript[2], qualifiedName(key));
  }
  if (supported.includes(ref.fieldPath)) return [];
  const known = [...ENV_FIELDS, "metadata.labels", "metadata.annotations"].includes(ref.fieldPath);
  if (!known) {
    const detail = `error converting fieldPath: field label not supported: ${ref.fieldPath}`;
    return [invalid(`${path}.fieldPath`, ref.fieldPath, detail)];
  }
  return [notSupported(`${path}.fieldPath`, ref.fieldPath, supported)];
}

function validateKeyRef(ref: Draft, path: string): StatusCause[] {
  const causes = invalidEach(`${path}.name`, ref.name ?? "", dns1123Subdomain(ref.name ?? ""));
  if (!ref.key) causes.push(required(`${path}.key`, ""));
  else causes.push(...invalidEach(`${path}.key`, ref.key, configMapKey(ref.key)));
  return causes;
}

function validateEnvFrom(sources: Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  sources.forEach((source, i) => {
    const at = `${path}[${i}]`;
    if (source.prefix) causes.push(...invalidEach(`${at}.prefix`, source.prefix, envVarName(source.prefix)));
    let count = 0;
    for (const field of ["configMapRef", "secretRef"]) {
      if (!source[field]) continue;
      count++;
      if (!source[field].name) causes.push(required(`${at}.${field}.name`, ""));
      else causes.push(...invalidEach(`${at}.${field}.name`, source[field].name, dns1123Subdomain(source[field].name)));
    }
    if (count === 0) causes.push(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (count > 1) causes.push(invalid(path, "", "may not have more than one field specified at a time"));
  });
  return causes;
}

export function validateResources(resources: Draft | undefined, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const limits: Record<string, string> = resources?.limits ?? {};
  const requests: Record<string, string> = resources?.requests ?? {};
  const checkOne = (name: string, text: string, at: string) => {
    causes.push(...containerResourceName(name, at));
    const value = parseQuantity(text);
    if ("error" in value) return;
    if (value.nano < 0n) causes.push(invalid(at, text, NOT_NEGATIVE));
    causes.push(...hugePages(name, value, at));
    if (name.includes("/") && !name.includes("kubernetes.io/") && value.nano % 1_000_000_000n !== 0n) {
      causes.push(invalidText(at, goQuantity(text), "must be an integer"));
    }
  };
  for (const name in limits) checkOne(name, limits[name]!, `${path}.limits[${name}]`);
  for (const name in requests) {
    checkOne(name, requests[name]!, `${path}.requests[${name}]`);
    const request = parseQuantity(requests[name]!);
    if ("error" in request) continue;
    if (limits[name] === undefined) {
      if (!overcommitAllowed(name)) {
        causes.push(required(`${path}.limits`, "Limit must be set for non overcommitable resources"));
      }
      continue;
    }
    const limit = parseQuantity(limits[name]!);
    if ("error" in limit) continue;
    const order = compareQuantities(request, limit);
    const of = `${name} limit of ${formatQuantity(limit)}`;
    if (order !== 0 && !overcommitAllowed(name)) {
      causes.push(invalid(`${path}.requests`, formatQuantity(request), `must be equal to ${of}`));
    } else if (order > 0) {
      causes.push(invalid(`${path}.requests`, formatQuantity(request), `must be less than or equal to ${of}`));
    }
  }
  const asked = [...Object.keys(limits), ...Object.keys(requests)];
  if (asked.some((name) => name.startsWith(HUGE)) && !asked.some((name) => name === "cpu" || name === "memory")) {
    causes.push(forbidden(path, "HugePages require cpu or memory"));
  }
  return causes;
}

const HUGE = "hugepages-";

/** Huge pages come whole (validateResourceQuantityHugePageValue). */
function hugePages(name: string, value: Quantity, path: string): StatusCause[] {
  if (!name.startsWith(HUGE)) return [];
  const size = parseQuantity(name.slice(HUGE.length));
  if ("error" in size || size.nano <= 0n || (value.nano > 0n && value.nano % size.nano === 0n)) return [];
  const text = formatQuantity(value);
  return [invalid(path, text, `${text} is not positive integer multiple of ${name}`)];
}

function validateLifecycleAndProbes(container: Draft, at: string, grace: number | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  if (lifecycle?.postStart) causes.push(...validateHandler(lifecycle.postStart, `${at}.lifecycle.postStart`, grace));
  if (lifecycle?.preStop) causes.push(...validateHandler(lifecycle.preStop, `${at}.lifecycle.preStop`, grace));
  for (const [name, probe] of [
    ["livenessProbe", livenessProbe],
    ["readinessProbe", readinessProbe],
    ["startupProbe", startupProbe],
  ] as const) {
    if (!probe) continue;
    const path = `${at}.${name}`;
    causes.push(...validateProbe(probe, path));
    if (name === "readinessProbe") {
      if (probe.terminationGracePeriodSeconds !== undefined) {
        causes.push(
          invalid(
            `${path}.terminationGracePeriodSeconds`,
            probe.terminationGracePeriodSeconds,
            "must not be set for readinessProbes",
          ),
        );
      }
    } else if (probe.successThreshold !== undefined && probe.successThreshold !== 1) {
      causes.push(invalid(`${path}.successThreshold`, probe.successThreshold, "must be 1"));
    }
  }
  return causes;
}

function validateProbe(probe: Draft, path: string): StatusCause[] {
  const causes = validateHandler(probe, path);
  for (const field of [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ]) {
    causes.push(...nonNegative(probe[field], `${path}.${field}`));
  }
  if (probe.terminationGracePeriodSeconds !== undefined && probe.terminationGracePeriodSeconds <= 0) {
    causes.push(
      invalid(`${path}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, "must be greater than 0"),
    );
  }
  return causes;
}

/** Exactly one way to probe or to hook. */
function validateHandler(handler: Draft, path: string, grace?: number): StatusCause[] {
  const causes: StatusCause[] = [];
  let count = 0;
  const one = (name: string, check: () => StatusCause[]) => {
    if (!handler[name]) return;
    if (count > 0) causes.push(forbidden(`${path}.${name}`, "may not specify more than 1 handler type"));
    else {
      count++;
      causes.push(...check());
    }
  };
  one("exec", () => (handler.exec.command?.length > 0 ? [] : [required(`${path}.exec.command`, "")]));
  one("httpGet", () => validateHttpGet(handler.httpGet, `${path}.httpGet`));
  one("tcpSocket", () => validatePortNumOrName(handler.tcpSocket.port, `${path}.tcpSocket.port`));
  one("grpc", () => invalidEach(`${path}.grpc.port`, handler.grpc.port, portNumber(handler.grpc.port)));
  one("sleep", () => validateSleep(handler.sleep.seconds ?? 0, `${path}.sleep`, grace ?? 0));
  if (count === 0) causes.push(required(path, "must specify a handler type"));
  return causes;
}

/** A pause that ends before the container's time is over. */
function validateSleep(seconds: number, path: string, grace: number): StatusCause[] {
  if (seconds > 0 && seconds <= grace) return [];
  const why = `must be greater than 0 and less than terminationGracePeriodSeconds (${grace}). Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep.`;
  return [invalid(path, seconds, why)];
}

/** A number of a port or the name of one. */
export function validatePortNumOrName(port: number | string, path: string): StatusCause[] {
  return typeof port === "number"
    ? invalidEach(path, port, portNumber(port))
    : invalidEach(path, port, portName(port ?? ""));
}

function validateHttpGet(action: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!action.path) causes.push(required(`${path}.path`, ""));
  causes.push(...validatePortNumOrName(action.port, `${path}.port`));
  if (!["HTTP", "HTTPS"].includes(action.scheme)) {
    causes.push(notSupported(`${path}.scheme`, action.scheme ?? "", ["HTTP", "HTTPS"]));
  }
  for (const header of action.httpHeaders ?? []) {
    causes.push(...invalidEach(`${path}.httpHeaders`, header.name, httpHeaderName(header.name ?? "")));
  }
  return causes;
}

/** A value that must be fit for a label. */
export function validateLabelText(text: string, path: string): StatusCause[] {
  return invalidEach(path, text, labelValue(text));
}
