/** kubectl patch, replace. */

import { type PatchType, resourcePath } from "../../api/client.ts";
import { schemaName } from "../../api/define.ts";
import { jsonFaults } from "../../api/json.ts";
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, PatchError } from "../../api/patch/index.ts";
import { typeOf } from "../../api/schema/types.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { deepEqual } from "../../api/validation/value.ts";
import { decode, type Gen, SECOND } from "../../kernel/index.ts";
import {
  changeCause,
  changeQuery,
  createObject,
  createOrUpdateAnnotation,
  dryRun,
  latePrinter,
  resultPrinter,
  validation,
} from "./changes.ts";
import { cascadeOf, deleteResult } from "./delete.ts";
import { KubectlError, withSource } from "./errors.ts";
import { badRequest } from "./generate/generator.ts";
import { quote, toJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { parseYaml } from "./manifests.ts";
import { consult } from "./openapi.ts";
import { sendRaw } from "./raw.ts";
import { namedPath } from "./resource-files.ts";
import { build, fileFlags, type Info, visit } from "./resources.ts";

const TYPES = ["json", "merge", "strategic"];

/** kubectl patch. */
export function* patch(k: Invocation): Gen<number> {
  const { flags } = k;
  const strategy = dryRun(k);
  // A dry run is not told: the name of the operation is set after it (kubectl/pkg/cmd/patch ToPrinter).
  const print = latePrinter(k);
  const text = flags.string("patch");
  const file = flags.string("patch-file");
  if (text !== "" && file !== "") throw new KubectlError("cannot specify --patch and --patch-file together");
  if (text === "" && file === "")
    throw new KubectlError("must specify --patch or --patch-file containing the contents of the patch");
  const local = flags.bool("local");
  if (local && k.args.length > 0) throw new KubectlError("cannot specify --local and server resources");
  if (local && strategy === "server") {
    throw new KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
  }
  const type = flags.string("type").toLowerCase() || "strategic";
  if (!TYPES.includes(type))
    throw new KubectlError(`--type must be one of [${TYPES.join(" ")}], not ${quote(flags.string("type"))}`);
  const here = local || strategy === "client";
  let body: unknown;
  /** What is wrong with JSON is told when it is to be used. */
  let fault: Error | undefined;
  try {
    const source = file === "" ? text : readPatch(k, file);
    body = source.trimStart().startsWith("{") ? parseJson(source, here ? type : undefined) : sortedYaml(source);
  } catch (error) {
    if (error instanceof LocalError || error instanceof StatusError) fault = error;
    else if (!(error instanceof KubectlError)) throw error;
    else
      throw new KubectlError(
        error.message.startsWith("unable to read") ? error.message : `unable to parse ${quote(text)}: ${error.message}`,
      );
  }
  const result = yield* build(k, {
    args: k.args,
    ...fileFlags(k),
    subresource: flags.string("subresource"),
    local,
    continueOnError: true,
    flatten: true,
  });
  yield* visit(result, function* (info) {
    if (fault) throw fault;
    if (here) {
      const object = info.object!;
      const changed = patchedHere(object, info, body, type as PatchType);
      print(changed, deepEqual(changed, object) ? "patched (no change)" : "patched");
      return;
    }
    const subresource = flags.string("subresource") || undefined;
    const path = resourcePath(info.mapping, info.namespace, info.name, subresource);
    const query = changeQuery({ dryRun: strategy, fieldManager: flags.string("field-manager") });
    let patched = yield* patchThere(k, info, path + query, body, type as PatchType);
    const annotations = changeCause(k);
    if (annotations && strategy === "none") patched = yield* k.patch(path, { metadata: { annotations } }, "merge");
    const same =
      patched.metadata.resourceVersion === info.object!.metadata.resourceVersion &&
      toJson(patched) === toJson(info.object);
    print(patched, same ? "patched (no change)" : "patched");
  });
  if (result.infos.length === 0) throw new KubectlError("no objects passed to patch");
  return 0;
}

/** Custom resources know no strategic merge patches: the server's refusal is told with the kind it is about. */
function* patchThere(k: Invocation, { mapping }: Info, url: string, body: unknown, type: PatchType): Gen<KubeObject> {
  try {
    return yield* k.patch(url, body, type);
  } catch (error) {
    if (!isStatus(error, "UnsupportedMediaType")) throw error;
    const kind = `${mapping.group === "" ? "" : mapping.group}/${mapping.version}, Kind=${mapping.kind}`;
    const form = { json: "json-patch", merge: "merge-patch", strategic: "strategic-merge-patch" }[type as string];
    throw new KubectlError(`application/${form}+json is not supported by ${kind}: ${(error as Error).message}`);
  }
}

/** YAML as the JSON it is sent as, whose members are in order. */
function sortedYaml(text: string): unknown {
  return JSON.parse(toJson(parseYaml(text)));
}

/** What is wrong with a patch that kubectl applies itself. */
class LocalError extends KubectlError {}

/** JSON goes to the server as it is, which complains about what is none; a patch applied here has words of its own. */
function parseJson(text: string, here: string | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const fault = jsonFaults(text).error ?? (error as Error).message;
    if (here === undefined) throw badRequest(fault);
    throw new LocalError(here === "json" ? fault : here === "merge" ? "Invalid JSON Patch" : "invalid JSON document");
  }
}

/** A patch applied without the server (cmd/patch getPatchedJSON): nothing reads the result as its kind. */
function patchedHere(object: KubeObject, { mapping }: Info, body: unknown, type: PatchType): KubeObject {
  try {
    if (type === "json") return applyJsonPatch(object, body);
    if (type === "merge") {
      if (typeof body !== "object" || body === null) throw new LocalError("Invalid JSON Patch");
      if (!Array.isArray(body)) return applyMergePatch(object, body);
      throw new LocalError("json: cannot unmarshal array into Go value of type unstructured.detector");
    }
    if (body === null) return object;
    const schema = schemaName(mapping.group, mapping.version, mapping.kind);
    if (typeOf(schema) === undefined) {
      const gvk = `${mapping.group}/${mapping.version}, Kind=${mapping.kind}`;
      throw new LocalError(`strategic merge patch is not supported for ${gvk} locally, try --type merge`);
    }
    return applyStrategicMergePatch(object, body, schema);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    const missing = /doc is missing key: (.*)$/.exec(error.message);
    throw new LocalError(missing ? `Object to be patched is missing field (${missing[1]})` : error.message);
  }
}

function readPatch(k: Invocation, file: string): string {
  try {
    return decode(k.readFile(file));
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    throw new KubectlError(`unable to read patch file: ${error.message}`);
  }
}

/** kubectl replace. */
export function* replace(k: Invocation): Gen<number> {
  const { flags } = k;
  const strategy = dryRun(k);
  const fieldValidation = validation(k);
  const print = resultPrinter(k, strategy);
  const cascade = cascadeOf(flags.string("cascade"), (text) => k.err(text));
  const force = flags.bool("force");
  const grace = flags.int("grace-period");
  if (flags.list("filename").length === 0 && flags.string("kustomize") === "") {
    throw new KubectlError("must specify one of -f and -k");
  }
  if (grace >= 0 && !force) throw new KubectlError("--grace-period must have --force specified");
  if (flags.duration("timeout") !== 0 && !force) throw new KubectlError("--timeout must have --force specified");
  if (force && strategy !== "none") throw new KubectlError("--dry-run can not be used when --force is set");
  if (flags.string("raw") !== "") return yield* sendRaw(k, "PUT");
  const result = yield* build(k, {
    ...fileFlags(k),
    // What is deleted first is looked at closely only when it is made again.
    validate: fieldValidation !== "Ignore" && !force,
    continueOnError: true,
    flatten: true,
  });
  const query = { dryRun: strategy, fieldManager: flags.string("field-manager"), fieldValidation };
  if (force && result.infos.length > 0) {
    yield* deleteResult(k, result, {
      gracePeriod: grace === 0 ? 1 : grace,
      cascade,
      dryRun: strategy,
      output: flags.string("output") === "name" ? "name" : "",
      quiet: false,
      ignoreNotFound: true,
      wait: true,
      timeout: flags.duration("timeout") || 5 * 60 * SECOND,
      warnClusterScope: false,
    });
  }
  yield* visit(result, function* (info) {
    const object = createOrUpdateAnnotation(k, info.object!);
    try {
      if (strategy === "client") print(object, "replaced");
      else if (force) {
        if (fieldValidation !== "Ignore") yield* consult(k, object.apiVersion ?? "");
        print(yield* createObject(k, info.mapping, info.namespace, object, query), "replaced");
      } else {
        const path = namedPath(k, info);
        print(yield* put(k, object, path, changeQuery(query)), "replaced");
      }
    } catch (error) {
      throw withSource("replacing", info.source, error);
    }
  });
  return 0;
}

/** Replaces whatever is there: the present resourceVersion is used where the file has none. */
function* put(k: Invocation, object: KubeObject, path: string, query: string): Gen<KubeObject> {
  if (object.metadata.resourceVersion) return yield* k.object("PUT", path + query, object);
  try {
    const current = yield* k.object("GET", path);
    const { resourceVersion } = current.metadata;
    return yield* k.object("PUT", path + query, { ...object, metadata: { ...object.metadata, resourceVersion } });
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    return yield* k.object("PUT", path + query, object);
  }
}
