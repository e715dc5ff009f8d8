import { decodeObject } from "../../api/decode.ts";
import { schemaName } from "../../api/define.ts";
import { jsonFaults } from "../../api/json.ts";
import { kindByGvk } from "../../api/kinds.ts";
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, PatchError } from "../../api/patch/index.ts";
import type { KubeObject } from "../../api/types.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";

/** What `--overrides` changes about a generated object (`merge`, `strategic` or `json`), read as its kind again. */
export function applyOverrides(k: Invocation, object: KubeObject): KubeObject {
  const text = k.flags.string("overrides");
  const type = k.flags.string("override-type");
  if (text === "") return object;
  if (!["merge", "strategic", "json"].includes(type)) throw new KubectlError(`invalid override type: ${type}`);
  return typed(patched(object, text, type), object);
}

function patched(object: KubeObject, text: string, type: string): unknown {
  let patch: unknown;
  try {
    patch = JSON.parse(text);
  } catch {
    if (type === "json") throw new KubectlError(jsonFaults(text).error ?? "Invalid JSON Patch");
    throw new KubectlError(type === "merge" ? "Invalid JSON Patch" : "invalid JSON document");
  }
  try {
    if (type === "json") return applyJsonPatch(object, patch);
    if (type === "merge") return Array.isArray(patch) ? patch : applyMergePatch(object, patch);
    return applyStrategicMergePatch(object, patch, schemaName("", "v1", object.kind));
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw new KubectlError(error.message);
  }
}

function typed(value: unknown, { apiVersion, kind }: KubeObject): KubeObject {
  if (Array.isArray(value)) {
    const meta =
      'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    const fault = `json: cannot unmarshal array into Go value of type ${meta}`;
    throw new KubectlError(`couldn't get version/kind; json parse error: ${fault}`);
  }
  const object = value as KubeObject;
  if (kindByGvk(object.apiVersion, object.kind) === undefined) {
    const words = `no kind ${quote(String(object.kind))} is registered for version ${quote(String(object.apiVersion))}`;
    throw new KubectlError(`${words} in scheme "pkg/scheme/scheme.go:28"`);
  }
  const { error } = decodeObject(object, { group: "", version: apiVersion, kind });
  if (error !== undefined) throw new KubectlError(error);
  return object;
}
