/** What a variable's `valueFrom` refers to, in words and as a value (cmd/set/env/env_resolve.go). */
import { milliUnits } from "../../../api/quantity.ts";
import type { KubeObject } from "../../../api/types.ts";
import { decode, type Gen } from "../../../kernel/index.ts";
import { KubectlError } from "../errors.ts";
import { quote, sortedKeys } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import type { Container } from "./pod-spec.ts";

interface KeyRef {
  name: string;
  key: string;
}

export interface Reference {
  configMapKeyRef?: KeyRef;
  secretKeyRef?: KeyRef;
  fieldRef?: { fieldPath: string };
  resourceFieldRef?: { containerName?: string; resource: string; divisor?: string };
}

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: Reference;
}

/** `configmap settings, key color`. */
export function referenceText({ configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef }: Reference): string {
  if (configMapKeyRef) return `configmap ${configMapKeyRef.name}, key ${configMapKeyRef.key}`;
  if (secretKeyRef) return `secret ${secretKeyRef.name}, key ${secretKeyRef.key}`;
  if (fieldRef) return `field path ${fieldRef.fieldPath}`;
  if (resourceFieldRef) {
    const { containerName, resource } = resourceFieldRef;
    return `resource field ${containerName ? `${containerName}/` : ""}${resource}`;
  }
  return "invalid valueFrom";
}

/** The value; throws StatusError or KubectlError. */
export function* resolveReference(
  k: Invocation,
  from: Reference,
  object: KubeObject,
  container: Container,
): Gen<string> {
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = from;
  if (secretKeyRef) {
    const { name, key } = secretKeyRef;
    const secret = yield* k.object("GET", `/api/v1/namespaces/${k.namespace}/secrets/${name}`);
    const value = (secret["data"] as Record<string, string> | undefined)?.[key];
    if (value === undefined) throw new KubectlError(`key ${key} not found in secret ${name}`);
    return decode(Uint8Array.from(atob(value), (char) => char.charCodeAt(0)));
  }
  if (configMapKeyRef) {
    const { name, key } = configMapKeyRef;
    const map = yield* k.object("GET", `/api/v1/namespaces/${k.namespace}/configmaps/${name}`);
    const value = (map["data"] as Record<string, string> | undefined)?.[key];
    if (value === undefined) throw new KubectlError(`key ${key} not found in config map ${name}`);
    return value;
  }
  if (fieldRef) return fieldValue(object, fieldRef.fieldPath);
  if (resourceFieldRef) return resourceValue(resourceFieldRef, container);
  throw new KubectlError("invalid valueFrom");
}

function fieldValue({ metadata }: KubeObject, path: string): string {
  const subscript = /^(.+?)\['(.*)'\]$/.exec(path);
  if (subscript) {
    const [, field, key] = subscript as unknown as [string, string, string];
    if (field === "metadata.annotations") return metadata.annotations?.[key] ?? "";
    if (field === "metadata.labels") return metadata.labels?.[key] ?? "";
    throw new KubectlError(`fieldPath ${quote(path)} does not support subscript`);
  }
  const mapText = (map: Record<string, string> = {}) =>
    sortedKeys(map)
      .map((key) => `${key}=${quote(map[key]!)}`)
      .join("\n");
  switch (path) {
    case "metadata.annotations":
      return mapText(metadata.annotations);
    case "metadata.labels":
      return mapText(metadata.labels);
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid ?? "";
    default:
      throw new KubectlError(`unsupported fieldPath: ${path}`);
  }
}

function resourceValue(
  { resource, divisor }: NonNullable<Reference["resourceFieldRef"]>,
  container: Container,
): string {
  const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.*)$/.exec(resource);
  if (match === null) throw new KubectlError(`Unsupported container resource : ${resource}`);
  const text = container.resources?.[match[1]!]?.[match[2]!];
  const amount = (value: string | undefined) => milliUnits(value ?? "0");
  const unit = divisor && divisor !== "0" ? amount(divisor) : 1000;
  return String(Math.ceil(amount(text) / unit));
}
