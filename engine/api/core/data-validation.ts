import { decode, decodeBase64, encode, encodeBase64 } from "../../kernel/index.ts";
import { jsonFaults } from "../json.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { forbidden, invalid, invalidEach, required, tooLong } from "../validation/field.ts";
import { configMapKey } from "../validation/names.ts";
import { deepEqual } from "../validation/value.ts";

/** ConfigMaps and Secrets (pkg/apis/core/validation/validation.go). */

const SIZE_LIMIT = 1024 * 1024;
const FROZEN = "field is immutable when `immutable` is set";

export function validateConfigMap(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  let size = 0;
  for (const key in object["data"]) {
    causes.push(...invalidEach(`data[${key}]`, key, configMapKey(key)));
    if (Object.hasOwn(object["binaryData"] ?? {}, key)) {
      causes.push(invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
    }
    size += encode(object["data"][key]).length;
  }
  for (const key in object["binaryData"]) {
    causes.push(...invalidEach(`binaryData[${key}]`, key, configMapKey(key)));
    size += decodeBase64(object["binaryData"][key])?.length ?? 0;
  }
  if (size > SIZE_LIMIT) causes.push(tooLong("", SIZE_LIMIT));
  return causes;
}

/** What an object marked immutable may not change. */
export function validateImmutable(fields: readonly string[]): (object: KubeObject, old: KubeObject) => StatusCause[] {
  return (object, old) => {
    const causes: StatusCause[] = [];
    if (!old["immutable"]) return causes;
    if (!object["immutable"]) causes.push(forbidden("immutable", FROZEN));
    for (const field of fields) {
      if (!deepEqual(object[field], old[field])) causes.push(forbidden(field, FROZEN));
    }
    return causes;
  };
}

const REQUIRED_KEYS: Record<string, string | undefined> = {
  "kubernetes.io/dockercfg": ".dockercfg",
  "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
  "kubernetes.io/ssh-auth": "ssh-privatekey",
};

export function validateSecret(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const data: Record<string, string> = object["data"] ?? {};
  let size = 0;
  for (const key in data) {
    causes.push(...invalidEach(`data[${key}]`, key, configMapKey(key)));
    size += decodeBase64(data[key]!)?.length ?? 0;
  }
  if (size > SIZE_LIMIT) causes.push(tooLong("data", SIZE_LIMIT));
  const type: string = object["type"] ?? "";
  const key = REQUIRED_KEYS[type];
  if (key !== undefined && data[key] === undefined) causes.push(required(`data[${key}]`, ""));
  else if (key?.startsWith(".docker")) {
    const fault = jsonFaults(decode(decodeBase64(data[key]!) ?? new Uint8Array())).error;
    if (fault) causes.push(invalid(`data[${key}]`, "<secret contents redacted>", fault));
  }
  if (type === "kubernetes.io/tls") {
    for (const name of ["tls.crt", "tls.key"]) if (data[name] === undefined) causes.push(required(`data[${name}]`, ""));
  }
  if (type === "kubernetes.io/basic-auth" && data["username"] === undefined && data["password"] === undefined) {
    causes.push(required("data[username]", ""), required("data[password]", ""));
  }
  if (type === "kubernetes.io/service-account-token") {
    const annotation = "kubernetes.io/service-account.name";
    if (!object.metadata.annotations?.[annotation]) {
      causes.push(required(`metadata.annotations[${annotation}]`, ""));
    }
  }
  return causes;
}

/** A Secret is Opaque unless said otherwise; `stringData` is written into `data` and forgotten. */
export function defaultSecret(draft: Draft): void {
  if (draft.stringData) {
    draft.data = { ...draft.data };
    for (const key in draft.stringData) draft.data[key] = encodeBase64(encode(draft.stringData[key]));
    delete draft.stringData;
  }
  draft.type ||= "Opaque";
}
