import { quantity } from "../../../api/quantity.ts";
import { quote, sortedKeys } from "../go.ts";
import { type Document, dateText } from "./document.ts";

// biome-ignore lint/suspicious/noExplicitAny: containers and their states as the API has them
type Any = any;

/** Containers of a Pod or of a template, with their states where there are any. */
export function writeContainers(
  d: Document,
  label: string,
  containers: readonly Any[],
  statuses: readonly Any[] | undefined,
  pod: Any,
  space: string,
): void {
  d.line(0, `${space}${label}:${containers.length === 0 ? " <none>" : ""}`);
  for (const container of containers) {
    const status = statuses?.find((s) => s.name === container.name);
    writeBasics(d, container, status, space);
    writeWords(d, "Command", container.command);
    writeWords(d, "Args", container.args);
    if (status) {
      writeState(d, "State", status.state ?? {});
      if (status.lastState?.terminated) writeState(d, "Last State", status.lastState);
      d.line(2, `Ready:\t${status.ready ? "True" : "False"}`);
      d.line(2, `Restart Count:\t${status.restartCount ?? 0}`);
    }
    writeResources(d, container.resources, 2);
    for (const [title, probe] of [
      ["Liveness", container.livenessProbe],
      ["Readiness", container.readinessProbe],
      ["Startup", container.startupProbe],
    ]) {
      if (probe) d.line(2, `${title}:\t${probeText(probe)}`);
    }
    if (container.envFrom?.length > 0) writeEnvFrom(d, container.envFrom);
    writeEnv(d, container, pod);
    writeMounts(d, container);
  }
}

function writeBasics(d: Document, container: Any, status: Any, space: string): void {
  d.line(1, `${space === "" ? "" : " "}${container.name}:`);
  if (status) d.line(2, `Container ID:\t${status.containerID ?? ""}`);
  d.line(2, `Image:\t${container.image ?? ""}`);
  if (status) d.line(2, `Image ID:\t${status.imageID ?? ""}`);
  const ports = (container.ports ?? []) as Any[];
  for (const [title, text] of [
    ["Port", ports.map((p) => `${p.containerPort}/${p.protocol}`).join(", ")],
    ["Host Port", ports.map((p) => `${p.hostPort ?? 0}/${p.protocol}`).join(", ")],
  ] as const) {
    d.line(2, text.includes(",") ? `${title}s:\t${text}` : `${title}:\t${text || "<none>"}`);
  }
  const seccomp = container.securityContext?.seccompProfile;
  if (seccomp) {
    d.line(2, `SeccompProfile:\t${seccomp.type}`);
    if (seccomp.type === "Localhost") d.line(3, `LocalhostProfile:\t${seccomp.localhostProfile}`);
  }
}

function writeWords(d: Document, title: string, list: readonly string[] | undefined): void {
  if (!list || list.length === 0) return;
  d.line(2, `${title}:`);
  for (const word of list) for (const part of word.split("\n")) d.line(3, part);
}

function writeState(d: Document, title: string, state: Any): void {
  const { running, waiting, terminated } = state;
  if (running) {
    d.line(2, `${title}:\tRunning`);
    d.line(3, `Started:\t${dateText(running.startedAt)}`);
  } else if (terminated && !waiting) {
    d.line(2, `${title}:\tTerminated`);
    if (terminated.reason) d.line(3, `Reason:\t${terminated.reason}`);
    if (terminated.message) d.line(3, `Message:\t${terminated.message}`);
    d.line(3, `Exit Code:\t${terminated.exitCode ?? 0}`);
    if (terminated.signal > 0) d.line(3, `Signal:\t${terminated.signal}`);
    d.line(3, `Started:\t${dateText(terminated.startedAt)}`);
    d.line(3, `Finished:\t${dateText(terminated.finishedAt)}`);
  } else {
    d.line(2, `${title}:\tWaiting`);
    if (waiting?.reason) d.line(3, `Reason:\t${waiting.reason}`);
  }
}

export function writeResources(d: Document, resources: Any, level: number): void {
  for (const [title, list] of [
    ["Limits", resources?.limits],
    ["Requests", resources?.requests],
  ]) {
    const keys = sortedKeys(list ?? {});
    if (keys.length > 0) d.line(level, `${title}:`);
    for (const key of keys) d.line(level + 1, `${key}:\t${list[key]}`);
  }
}

/** A path as Go's net/url writes it: what would be a query is none. */
const escapedPath = (path: string) =>
  encodeURIComponent(path)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(24|26|2B|2C|2F|3A|3B|3D|40)/g, (code) => decodeURIComponent(code));

/** `http-get http://:80/ delay=0s timeout=1s period=10s #success=1 #failure=3`. */
export function probeText(probe: Any): string {
  const {
    initialDelaySeconds = 0,
    timeoutSeconds = 0,
    periodSeconds = 0,
    successThreshold = 0,
    failureThreshold = 0,
  } = probe;
  const attributes = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s #success=${successThreshold} #failure=${failureThreshold}`;
  if (probe.exec) return `exec [${(probe.exec.command ?? []).join(" ")}] ${attributes}`;
  if (probe.httpGet) {
    const { scheme = "", host = "", port, path = "" } = probe.httpGet;
    const prefix = scheme === "" ? "" : `${scheme.toLowerCase()}:`;
    const rooted = path === "" || path.startsWith("/") ? path : `/${path}`;
    return `http-get ${prefix}//${host}:${port}${escapedPath(rooted)} ${attributes}`;
  }
  if (probe.tcpSocket) return `tcp-socket ${probe.tcpSocket.host ?? ""}:${probe.tcpSocket.port} ${attributes}`;
  if (probe.grpc) return `grpc <pod>:${probe.grpc.port} ${probe.grpc.service ?? ""} ${attributes}`;
  return `unknown ${attributes}`;
}

function writeEnvFrom(d: Document, list: readonly Any[]): void {
  d.line(2, "Environment Variables from:");
  for (const { configMapRef, secretRef, prefix } of list) {
    const from = configMapRef ? "ConfigMap" : secretRef ? "Secret" : "";
    const ref = configMapRef ?? secretRef ?? {};
    const kind = prefix ? `${from} with prefix '${prefix}'` : from;
    d.line(3, `${ref.name ?? ""}\t${kind}\tOptional: ${ref.optional === true}`);
  }
}

function writeEnv(d: Document, container: Any, pod: Any): void {
  const env = (container.env ?? []) as Any[];
  d.line(2, `Environment:${env.length === 0 ? "\t<none>" : ""}`);
  for (const { name, value = "", valueFrom } of env) {
    if (!valueFrom) {
      String(value)
        .split("\n")
        .forEach((part, i) => {
          d.line(3, i === 0 ? `${name}:\t${part}` : `\t${part}`);
        });
    } else if (valueFrom.fieldRef) {
      const { apiVersion, fieldPath } = valueFrom.fieldRef;
      d.line(3, `${name}:\t${pod ? fieldValue(pod, fieldPath) : ""} (${apiVersion}:${fieldPath})`);
    } else if (valueFrom.resourceFieldRef) {
      const { resource } = valueFrom.resourceFieldRef;
      d.line(3, `${name}:\t${resourceValue(container, valueFrom.resourceFieldRef)} (${resource})`);
    } else if (valueFrom.secretKeyRef) {
      const { key, name: secret, optional } = valueFrom.secretKeyRef;
      d.line(3, `${name}:\t<set to the key '${key}' in secret '${secret}'>\tOptional: ${optional === true}`);
    } else if (valueFrom.configMapKeyRef) {
      const { key, name: map, optional } = valueFrom.configMapKeyRef;
      d.line(3, `${name}:\t<set to the key '${key}' of config map '${map}'>\tOptional: ${optional === true}`);
    }
  }
}

/** Of a Pod's own fields kubectl's scheme converts the labels of two; what it does not know stays empty. */
function fieldValue(pod: Any, path: string): string {
  if (path === "metadata.name") return pod.metadata.name;
  return path === "metadata.namespace" ? pod.metadata.namespace : "";
}

/** What a container asks for or may have, in units of the divisor, rounded up (pkg/util/resource). */
function resourceValue(container: Any, { resource, divisor }: Any): string {
  const [list, name] = resource.split(".") as [string, string];
  const per = quantity(divisor ?? "0").nano || quantity("1").nano;
  const { nano } = quantity(container.resources?.[list]?.[name] ?? "0");
  const units = String((nano + per - 1n) / per);
  return units === "0" && list === "limits" && (name === "cpu" || name === "memory") ? "node allocatable" : units;
}

const byPath = (a: Any, b: Any) => (a.mountPath < b.mountPath ? -1 : a.mountPath > b.mountPath ? 1 : 0);

function writeMounts(d: Document, container: Any): void {
  const mounts = [...((container.volumeMounts ?? []) as Any[])].sort(byPath);
  d.line(2, `Mounts:${mounts.length === 0 ? "\t<none>" : ""}`);
  for (const { mountPath, name, readOnly, subPath } of mounts) {
    const path = subPath ? `,path=${quote(subPath)}` : "";
    d.line(3, `${mountPath} from ${name} (${readOnly ? "ro" : "rw"}${path})`);
  }
  const devices = (container.volumeDevices ?? []) as Any[];
  if (devices.length === 0) return;
  d.line(2, `Devices:${mounts.length === 0 ? "\t<none>" : ""}`);
  for (const { devicePath, name } of devices) d.line(3, `${devicePath} from ${name}`);
}
