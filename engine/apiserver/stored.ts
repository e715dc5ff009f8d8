import { decodeObject } from "../api/decode.ts";
import type { Draft, KindDef } from "../api/kind.ts";
import { kindByGvk } from "../api/kinds.ts";
import { fromEntries, setOrigin } from "../api/managed-fields/index.ts";
import type { KubeObject } from "../api/types.ts";
import { base64Mistake, decode, decodeBase64 } from "../kernel/index.ts";
import { BodyError, readValue } from "./body.ts";
import { goKind, groupVersion, SCHEME } from "./decode.ts";
import { deepFreeze } from "./frozen.ts";

/** Why bytes under a key of the API server are no object of its: every read that meets them fails with this. */
export class Unreadable {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/**
 * What an API server makes of bytes that somebody else wrote under one of its keys (`etcdctl put`): protobuf, JSON or
 * YAML of the kind's type, which what does not tell its kind is taken for; as a last resort the same in base64
 * (apiserver pkg/server/storage/storage_codec.go). Nothing is validated: what fits the type is there.
 */
export function readStored(def: KindDef, bytes: Uint8Array): KubeObject | Unreadable {
  try {
    const value = valueIn(bytes) ?? {};
    if (typeof value === "object" && !Array.isArray(value)) return objectIn(def, value as Draft);
    const text = decode(bytes);
    const odd = base64Mistake(text);
    if (odd !== undefined) throw new BodyError(`illegal base64 data at input byte ${odd}`);
    const inner = decodeBase64(text) ?? new Uint8Array(0);
    if (/[\udc80-\udcff]/.test(decode(inner))) throw new BodyError("yaml: invalid leading UTF-8 octet");
    const wrapped = valueIn(inner) ?? {};
    if (typeof wrapped === "object" && !Array.isArray(wrapped)) return objectIn(def, wrapped as Draft);
    const fault = `json: cannot unmarshal ${goKind(wrapped)} into Go value of type struct`;
    throw new BodyError(`couldn't get version/kind; json parse error: ${fault} ${TYPE_META}`);
  } catch (error) {
    if (error instanceof BodyError) return new Unreadable(error.why);
    throw error;
  }
}

const TYPE_META = `{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;

function valueIn(bytes: Uint8Array): unknown {
  const protobuf = bytes[0] === 0x6b && bytes[1] === 0x38 && bytes[2] === 0x73 && bytes[3] === 0;
  const json = /^\s*\{/.test(decode(bytes.subarray(0, 64)));
  const type = protobuf ? "vnd.kubernetes.protobuf" : json ? "json" : "yaml";
  return readValue({
    method: "PUT",
    path: "",
    headers: { "content-type": `application/${type}` },
    body: { type: "bytes", bytes },
    remoteAddress: "",
  });
}

function objectIn(def: KindDef, value: Draft): KubeObject {
  const { group, version, kind } = def.resource;
  const wanted = groupVersion(group, version);
  const given = { apiVersion: String(value["apiVersion"] || wanted), kind: String(value["kind"] || kind) };
  const found = def.custom ? undefined : kindByGvk(given.apiVersion, given.kind);
  if (!def.custom && found === undefined) {
    throw new BodyError(
      `no kind ${JSON.stringify(given.kind)} is registered for version ${JSON.stringify(given.apiVersion)} in scheme ${JSON.stringify(SCHEME)}`,
    );
  }
  const read = def.custom ? def.custom.decode(value) : decodeObject(value, (found ?? def).resource);
  if (read.error !== undefined) throw new BodyError(read.error);
  if (found !== undefined && found.etcdPrefix !== def.etcdPrefix) {
    const to = `${group === "" ? "core" : group.split(".")[0]}.${kind}`;
    throw new BodyError(`converting (${found.resource.version}.${found.resource.kind}) to (${to}): unknown conversion`);
  }
  const draft = read.object as Draft;
  const rest: Draft = { ...draft };
  for (const field of ["kind", "apiVersion", "metadata"]) delete rest[field];
  const { resourceVersion: _, managedFields, ...metadata } = draft.metadata ?? {};
  const object: Draft = {
    kind,
    apiVersion: wanted,
    metadata: { name: "", creationTimestamp: null, ...metadata },
    ...rest,
  };
  def.defaults?.(object);
  const managed = managedFields && fromEntries(managedFields);
  if (managed !== undefined) {
    setOrigin(object as KubeObject, { def, manager: "", subresource: "", timeMs: 0, managed }, undefined);
  }
  return deepFreeze(object) as unknown as KubeObject;
}
