import { sortedCopy } from "../../api/apiextensions/schema.ts";
import { decodeObject } from "../../api/decode.ts";
import { encodeBody } from "../../api/encode.ts";
import type { HttpResponse } from "../../api/http.ts";
import type { Draft, KindDef } from "../../api/kind.ts";
import { kindByGvk } from "../../api/kinds.ts";
import { withManagedFields } from "../../api/managed-fields/index.ts";
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  goText,
  MAX_OPERATIONS,
  PatchError,
  patchStatus,
} from "../../api/patch/index.ts";
import { failure, type StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { deepEqual } from "../../api/validation/value.ts";
import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { goTypeOf } from "../accept.ts";
import { contentType, parseText } from "../body.ts";
import { checkNames } from "../check-names.ts";
import type { ResourceContext } from "../context.ts";
import { COSTS } from "../costs.ts";
import { goKind, groupVersion, judgeStrict, SCHEME } from "../decode.ts";
import { badRequest, invalid, unsupportedMediaType } from "../errors.ts";
import { checkPatchOptions, isDryRun } from "../options.ts";
import { present } from "../present.ts";
import { storedParts, updateObject } from "../update.ts";
import { fromStored, toStored } from "../views.ts";
import { apply } from "./apply.ts";
import { converterError } from "./converter-error.ts";

const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const APPLY = "application/apply-patch+yaml";

/** PATCH in its four forms (apiserver pkg/endpoints/handlers/patch.go). */
export function* patch(context: ResourceContext): Gen<HttpResponse> {
  const { info, def } = context;
  yield* cpu(COSTS.decode);
  const type = contentType(context.request);
  const accepted = def.custom ? [JSON_PATCH, MERGE_PATCH, APPLY] : [JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY];
  if (!accepted.includes(type)) {
    // A built-in kind's way takes these four alone; others reach the handler, which has words of its own.
    throw unsupportedMediaType(
      def.custom
        ? `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`
        : "415: Unsupported Media Type",
    );
  }
  checkPatchOptions(context, type === APPLY);
  if (type === APPLY)
    return yield* apply(context, patchBody(context, "error decoding YAML: error converting YAML to JSON: "));
  const dryRun = isDryRun(context);
  const head = type === STRATEGIC ? "" : "error decoding patch: ";
  const given = patchBody(context, head);
  if (given === undefined) throw badRequest(`${head}unexpected end of JSON input`);
  const wanted = type === JSON_PATCH ? "array" : "object";
  if (given !== null && goKind(given) !== wanted) {
    const goType = type === JSON_PATCH ? "[]handlers.jsonPatchOp" : "map[string]interface {}";
    throw badRequest(`${head}json: cannot unmarshal ${goKind(given)} into Go value of type ${goType}`);
  }
  if (given === null && type === MERGE_PATCH) throw badRequest("Invalid JSON Patch");
  const body = given ?? (type === JSON_PATCH ? [] : {});
  if (Array.isArray(body) && body.length > MAX_OPERATIONS) {
    throw failure(
      413,
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${body.length}`,
      {},
    );
  }
  const produce = (current: KubeObject) => draftOf(context, type, body, current);
  const options = { dryRun, subresource: info.subresource };
  const { object } = yield* updateObject(context, info.name, produce, options);
  return present(context, object);
}

/** What the patch makes of the object as it is stored. */
function* draftOf(context: ResourceContext, type: string, body: unknown, current: KubeObject): Gen<Draft> {
  const { def } = context;
  const plain = fromStored(def, current);
  // Who owns what is worked out for a patch that is about it alone.
  const shown = mentionsManagers(body) ? withManagedFields(plain) : plain;
  const result = patched(context, type, shown, body);
  const draft = read(context, result, body, storedParts(context, current), () => {
    const before = JSON.parse(encodeBody({ type: "object", value: withManagedFields(plain) }));
    return rewritten(before, patched(context, type, before, body));
  });
  if (draft.metadata !== current.metadata) checkNames(context, draft);
  return toStored(def, draft);
}

function mentionsManagers(body: unknown): boolean {
  if (Array.isArray(body)) return body.some((one) => String(one?.path).startsWith("/metadata/managedFields"));
  const metadata = (body as { metadata?: unknown } | null)?.metadata;
  return typeof metadata === "object" && metadata !== null && "managedFields" in metadata;
}

/** The body; YAML where the head of the complaint about one that cannot be read says so. */
function patchBody({ request }: ResourceContext, head: string): unknown {
  const { body } = request;
  if (body?.type === "object") return body.value;
  if (body?.type !== "bytes") return undefined;
  return parseText(decode(body.bytes), head.includes("YAML"), head);
}

function patched({ def }: ResourceContext, type: string, current: KubeObject, body: unknown): unknown {
  try {
    if (type === JSON_PATCH) return applyJsonPatch(current, body, true);
    if (type === MERGE_PATCH) return applyMergePatch(current, body);
    return applyStrategicMergePatch(current, body, def.schema);
  } catch (error) {
    throw error instanceof PatchError ? patchStatus(error) : error;
  }
}

/**
 * A patched document as the patch library writes it: what it has touched with its keys in order, the rest as it was
 * (github.com/evanphx/json-patch).
 */
function rewritten(before: unknown, after: unknown): unknown {
  if (deepEqual(before, after)) return before;
  if (Array.isArray(before) && Array.isArray(after)) return after.map((one, i) => rewritten(before[i], one));
  if (goKind(before) !== "object" || goKind(after) !== "object") return after;
  const [was, is] = [before as Draft, after as Draft];
  return Object.fromEntries(
    Object.keys(is)
      .sort()
      .map((key) => [key, rewritten(was[key], is[key])]),
  );
}

/** The patched object, read as its kind again: a patch can put anything anywhere. `shownWhole`: it as errors show it. */
function read(
  context: ResourceContext,
  value: unknown,
  body: unknown,
  kept: readonly unknown[],
  shownWhole: () => unknown,
): Draft {
  const { def, request } = context;
  const typed = value as Draft;
  const fault = def.custom || contentType(request) === STRATEGIC ? undefined : typeFault(def, typed);
  const { object, error, misfit, text, strictErrors } = def.custom
    ? def.custom.decode(value)
    : decodeObject(value, def.resource, kept);
  const strategic = contentType(request) === STRATEGIC;
  const refuse = (why: string): StatusError => {
    // A strategic patch is shown itself, of the others what they made of the object.
    const shown = JSON.stringify(
      strategic ? goText(body) : JSON.stringify(def.custom ? sortedCopy(value) : shownWhole()),
    );
    return invalid("", "", "", [
      { reason: "FieldValueInvalid", field: "patch", message: `Invalid value: ${shown}: ${why}` },
    ]);
  };
  if (fault === "none") {
    // Without a version it is read as nothing that is known, and has no name then.
    const unknown = Object.keys(typed).filter((key) => key !== "kind" && key !== "apiVersion");
    judgeStrict(
      context,
      unknown.sort().map((key) => `unknown field "${key}"`),
      refuse,
    );
    throw badRequest(
      `the name of the object (${context.info.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (fault !== undefined) throw refuse(fault);
  if (!def.custom) {
    object.apiVersion = groupVersion(def.resource.group, def.resource.version);
    object.kind = def.resource.kind;
  }
  if (def.custom && object.apiVersion !== def.custom.apiVersion) {
    const why = `Invalid value: ${JSON.stringify(object.apiVersion ?? "")}: must be ${def.custom.apiVersion}`;
    const { group } = def.resource;
    throw invalid(group, object.kind, context.info.name, [
      { reason: "FieldValueInvalid", field: "apiVersion", message: why },
    ]);
  }
  if (error !== undefined) throw refuse(strategic ? converterError(error, misfit, text) : error);
  judgeStrict(context, strictErrors, refuse);
  return object;
}

/** A patch that made another kind of the object, or "none" where it took its version away. */
function typeFault(def: KindDef, { apiVersion, kind }: Draft): string | undefined {
  for (const [name, given] of [
    ["apiVersion", apiVersion],
    ["kind", kind],
  ] as const) {
    if (given === undefined || given === null || typeof given === "string") continue;
    const type = `json: cannot unmarshal ${goKind(given)} into Go struct field .${name} of type string`;
    return `couldn't get version/kind; json parse error: ${type}`;
  }
  if (!apiVersion) return "none";
  const { group, version, kind: own } = def.resource;
  const wanted: string = kind || own;
  if (apiVersion === groupVersion(group, version) && wanted === own) return undefined;
  const known = kindByGvk(apiVersion, wanted.replace(/List$/, ""));
  if (known === undefined) return `no kind "${wanted}" is registered for version "${apiVersion}" in scheme "${SCHEME}"`;
  if (known.resource.kind === own && known.resource.group === group) return undefined;
  return `converting (${known.resource.version}.${wanted}) to (${goTypeOf(def).slice(1)}): unknown conversion`;
}
