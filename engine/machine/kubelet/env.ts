import { CONFIG_MAPS, SECRETS } from "../../api/resources.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, decodeBase64, type Gen } from "../../kernel/index.ts";
import { type KubeletContext, SyncError } from "./context.ts";
import { amount } from "./resources.ts";
import { type ContainerSpec, type EnvVar, isStatic, type Pod } from "./types.ts";

const ERROR = "CreateContainerConfigError";
const NO_SERVICES: ReadonlyMap<string, string> = new Map();

/**
 * Environment of a container: Service variables, then envFrom, then env with its references (kubelet_pods.go
 * makeEnvironmentVariables). Throws SyncError CreateContainerConfigError.
 */
export function* environment(
  ctx: KubeletContext,
  pod: Pod,
  container: ContainerSpec,
  podIps: readonly string[],
): Gen<[string, string][]> {
  const namespace = pod.metadata.namespace!;
  const service = ctx.serviceEnv(namespace, pod.spec.enableServiceLinks ?? true) ?? NO_SERVICES;
  if (service === NO_SERVICES && !isStatic(pod)) {
    throw new SyncError(ERROR, "services have not yet been read at least once, cannot construct envvars");
  }
  const out = new Map<string, string>();
  for (const from of container.envFrom ?? []) {
    const values = yield* envFrom(ctx, namespace, from);
    for (const [key, value] of values) out.set(`${from.prefix ?? ""}${key}`, value);
  }
  for (const variable of container.env ?? []) {
    const value = yield* variableValue(ctx, pod, container, variable, podIps, out, service);
    if (value !== undefined) out.set(variable.name, value);
  }
  for (const [key, value] of service) if (!out.has(key)) out.set(key, value);
  return [...out];
}

function* envFrom(
  ctx: KubeletContext,
  namespace: string,
  from: NonNullable<ContainerSpec["envFrom"]>[number],
): Gen<[string, string][]> {
  if (from.configMapRef) {
    const { name, optional } = from.configMapRef;
    const found = yield* ctx.objects.get(CONFIG_MAPS, namespace, name);
    if (found === undefined && !optional) throw new SyncError(ERROR, `configmap "${name}" not found`);
    return Object.entries((found?.["data"] as Record<string, string> | undefined) ?? {});
  }
  if (from.secretRef) {
    const { name, optional } = from.secretRef;
    const found = yield* ctx.objects.get(SECRETS, namespace, name);
    if (found === undefined && !optional) throw new SyncError(ERROR, `secret "${name}" not found`);
    const data = (found?.["data"] as Record<string, string> | undefined) ?? {};
    return Object.entries(data).map(([key, value]) => [key, textOf(value)]);
  }
  return [];
}

function* variableValue(
  ctx: KubeletContext,
  pod: Pod,
  container: ContainerSpec,
  variable: EnvVar,
  podIps: readonly string[],
  before: ReadonlyMap<string, string>,
  service: ReadonlyMap<string, string>,
): Gen<string | undefined> {
  const from = variable.valueFrom;
  if (from === undefined) return expand(variable.value ?? "", before, service);
  if (from.fieldRef) return fieldValue(ctx, pod, from.fieldRef.fieldPath, podIps);
  if (from.resourceFieldRef) return resourceValue(ctx, pod, container, from.resourceFieldRef);
  const namespace = pod.metadata.namespace!;
  if (from.configMapKeyRef) {
    const { name, key, optional } = from.configMapKeyRef;
    const found = yield* ctx.objects.get(CONFIG_MAPS, namespace, name);
    if (found === undefined && !optional) throw new SyncError(ERROR, `configmap "${name}" not found`);
    const value = (found?.["data"] as Record<string, string> | undefined)?.[key];
    if (value === undefined && !optional) {
      throw new SyncError(ERROR, `couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    }
    return value;
  }
  if (from.secretKeyRef) {
    const { name, key, optional } = from.secretKeyRef;
    const found = yield* ctx.objects.get(SECRETS, namespace, name);
    if (found === undefined && !optional) throw new SyncError(ERROR, `secret "${name}" not found`);
    const value = (found?.["data"] as Record<string, string> | undefined)?.[key];
    if (value === undefined) {
      if (optional) return undefined;
      throw new SyncError(ERROR, `couldn't find key ${key} in Secret ${namespace}/${name}`);
    }
    return textOf(value);
  }
  return "";
}

/** `$(NAME)` of what stands before it; `$$` is one `$`; unknown names stay (third_party/forked/golang/expansion). */
export function expand(text: string, ...maps: ReadonlyMap<string, string>[]): string {
  if (!text.includes("$")) return text;
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "$" || i + 1 >= text.length) {
      out += text[i];
      continue;
    }
    if (text[i + 1] === "$") {
      out += "$";
      i++;
      continue;
    }
    const end = text[i + 1] === "(" ? text.indexOf(")", i + 2) : -1;
    if (end < 0) {
      out += "$";
      continue;
    }
    const name = text.slice(i + 2, end);
    const map = maps.find((one) => one.has(name));
    out += map ? map.get(name)! : `$(${name})`;
    i = end;
  }
  return out;
}

/** Downward API: a field of the Pod as text. Undefined for one that cannot be asked for. */
export function fieldValue(ctx: KubeletContext, pod: Pod, path: string, podIps: readonly string[]): string {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (keyed) return metadata[keyed[1] as "labels" | "annotations"]?.[keyed[2]!] ?? "";
  switch (path) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid;
    case "metadata.labels":
      return mapText(metadata.labels);
    case "metadata.annotations":
      return mapText(metadata.annotations);
    case "spec.nodeName":
      return ctx.nodeName;
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "";
    case "status.podIP":
      return podIps[0] ?? "";
    case "status.podIPs":
      return podIps.join(",");
    case "status.hostIP":
      return ctx.hostIps()[0] ?? "";
    case "status.hostIPs":
      return ctx.hostIps().join(",");
    default:
      throw new SyncError(ERROR, `unsupported fieldPath: ${path}`);
  }
}

/** `key="value"` lines in the order of keys (pkg/fieldpath FormatMap). */
function mapText(map: Readonly<Record<string, string>> | undefined): string {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map![key])}`)
    .join("\n");
}

/** A limit or request, divided and rounded up (pkg/api/v1/resource ExtractContainerResourceValue). */
export function resourceValue(
  ctx: KubeletContext,
  pod: Pod,
  container: ContainerSpec,
  ref: { containerName?: string; resource: string; divisor?: string },
): string {
  const target = ref.containerName
    ? ([...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((c) => c.name === ref.containerName) ??
      container)
    : container;
  const [kind, name] = ref.resource.split(".") as ["limits" | "requests", string];
  const value =
    target.resources?.[kind]?.[name] ??
    (kind === "limits" ? (ctx.node()?.["status"]?.allocatable?.[name] as string | undefined) : undefined);
  if (value === undefined) return "0";
  const divisor = !ref.divisor || ref.divisor === "0" ? "1" : ref.divisor;
  return String(Math.ceil(amount(name, value) / amount(name, divisor)));
}

/** Variables of Services (pkg/kubelet/envvars): of the Pod's namespace, and the API server's always. */
export function serviceEnv(services: Iterable<KubeObject>, namespace: string, links: boolean): Map<string, string> {
  const out = new Map<string, string>();
  for (const service of services) {
    const { metadata, spec } = service;
    const master = metadata.namespace === "default" && metadata.name === "kubernetes";
    if (!master && (!links || metadata.namespace !== namespace)) continue;
    const ip = spec?.clusterIP as string | undefined;
    const ports = (spec?.ports ?? []) as { name?: string; port: number; protocol?: string }[];
    if (!ip || ip === "None" || ports.length === 0) continue;
    const prefix = metadata.name.toUpperCase().replaceAll("-", "_");
    out.set(`${prefix}_SERVICE_HOST`, ip);
    out.set(`${prefix}_SERVICE_PORT`, String(ports[0]!.port));
    for (const port of ports) {
      if (port.name)
        out.set(`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll("-", "_")}`, String(port.port));
    }
    const url = (port: (typeof ports)[number]) => `${(port.protocol ?? "TCP").toLowerCase()}://${ip}:${port.port}`;
    out.set(`${prefix}_PORT`, url(ports[0]!));
    for (const port of ports) {
      const protocol = port.protocol ?? "TCP";
      const one = `${prefix}_PORT_${port.port}_${protocol}`;
      out.set(one, url(port));
      out.set(`${one}_PROTO`, protocol.toLowerCase());
      out.set(`${one}_PORT`, String(port.port));
      out.set(`${one}_ADDR`, ip);
    }
  }
  return out;
}

/** A Secret's value as text. */
function textOf(value: string): string {
  return decode(decodeBase64(value) ?? new Uint8Array(0));
}
