import type { KubeObject } from "../../api/types.ts";
import { KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

/** What `--overrides` changes about a generated object (`merge`, `strategic` or `json`). */
export function applyOverrides(k: Invocation, object: KubeObject): KubeObject {
  const text = k.flags.string("overrides");
  const type = k.flags.string("override-type");
  if (!["merge", "strategic", "json"].includes(type)) throw new KubectlError(`invalid override type: ${type}`);
  if (text === "") return object;
  let patch: unknown;
  try {
    patch = JSON.parse(text);
  } catch {
    throw new KubectlError("Invalid JSON Patch");
  }
  return mergeInto(object, patch) as KubeObject;
}

/** RFC 7386. */
function mergeInto(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const out: Record<string, unknown> =
    typeof target === "object" && target !== null && !Array.isArray(target) ? { ...(target as object) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = mergeInto(out[key], value);
  }
  return out;
}
