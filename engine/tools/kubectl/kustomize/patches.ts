/** Patches of a kustomization: strategic merges by name or target, JSON patches by target. */

import { applyJsonPatch, PatchError } from "../../../api/patch/index.ts";
import { matchesLabels, parseLabelSelector } from "../../../api/selector.ts";
import { compileRegex } from "../../../text/regex/index.ts";
import { re2Mistake } from "../../../text/regex/re2.ts";
import { toYaml } from "../../../text/yaml.ts";
import { KubectlError } from "../errors.ts";
import { quote } from "../go.ts";
import { readDocument } from "../yaml-documents.ts";
import { parseResources } from "./documents.ts";
import type { Patch, PatchTarget } from "./kustomization.ts";
import type { Loader } from "./loader.ts";
import { strategicMerge } from "./merge.ts";
import { effectiveNamespace, idText, type ResId, type Resource, sameId, type Tree } from "./resource.ts";

const copy = (value: Tree): Tree => structuredClone(value);

function fits(pattern: string | undefined, text: string): boolean {
  if (!pattern) return true;
  const whole = `^(?:${pattern})$`;
  const mistake = re2Mistake(whole);
  if (mistake !== undefined) throw new KubectlError(mistake);
  return compileRegex(whole, { syntax: "perl" }).test(text);
}

function matchesText(selector: string | undefined, values: Record<string, string> | undefined): boolean {
  if (!selector) return true;
  const parsed = parseLabelSelector(selector);
  if (!Array.isArray(parsed)) throw new KubectlError((parsed as { error: string }).error);
  return matchesLabels(parsed, values ?? {});
}

/** Resources that a target selects, by the names they had or have. */
export function selectTargets(all: readonly Resource[], target: PatchTarget): Resource[] {
  return all.filter((resource) => {
    const [now, then] = [resource.id, resource.originalId];
    const namespaces = [effectiveNamespace(then), effectiveNamespace(now)];
    if (!namespaces.some((namespace) => fits(target.namespace, namespace))) return false;
    if (!fits(target.name, then.name) && !fits(target.name, now.name)) return false;
    const { gvk } = resource;
    if (!fits(target.group, gvk.group) || !fits(target.version, gvk.version) || !fits(target.kind, gvk.kind))
      return false;
    const { labels, annotations } = resource.object.metadata ?? {};
    return matchesText(target.labelSelector, labels) && matchesText(target.annotationSelector, annotations);
  });
}

/** One entry of `patches`. */
export function applyPatch(all: Resource[], patch: Patch, loader: Loader): void {
  const text = (patch.patch ?? "").trim();
  const path = patch.path ?? "";
  const config = toYaml(patch);
  const trouble = (words: string) =>
    new KubectlError(`trouble configuring builtin PatchTransformer with config: \`\n${config}\`: ${words}`);
  if (text === "" && path === "") throw trouble(`must specify one of patch and path in\n${config}`);
  if (text !== "" && path !== "") throw trouble(`patch and path can't be set at the same time\n${config}`);
  let source = `[patch: ${quote(text)}]`;
  let body = text;
  if (path !== "") {
    source = `[path: ${quote(path)}]`;
    try {
      body = loader.text(path);
    } catch (error) {
      if (!(error instanceof KubectlError)) throw error;
      throw trouble(`failed to get the patch file from path(${path}): ${error.message}`);
    }
  }
  const merges = strategicPatches(body);
  if (merges !== undefined) {
    applyStrategic(all, merges, patch, source);
    return;
  }
  const operations = jsonPatch(body);
  if (operations === undefined) throw trouble(`unable to parse SM or JSON patch from ${source}`);
  if (patch.target === undefined) throw new KubectlError(`must specify a target for JSON patch ${source}`);
  for (const resource of selectTargets(all, patch.target)) patchJson(resource, operations);
}

function strategicPatches(text: string): Tree[] | undefined {
  try {
    const found = parseResources(text, "");
    return found.length > 0 ? found.map(({ object }) => object) : undefined;
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    return undefined;
  }
}

/** The operations of a JSON patch in JSON or YAML; undefined when it is none. */
export function jsonPatch(text: string): Tree[] | undefined {
  try {
    const value = readDocument(text);
    return Array.isArray(value) ? value : undefined;
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    return undefined;
  }
}

/** Applies JSON patch operations to one resource. */
export function patchJson(resource: Resource, operations: readonly Tree[]): void {
  resource.remember();
  try {
    resource.object = copy(applyJsonPatch(resource.object, copy(operations)));
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw new KubectlError(error.message);
  }
}

function applyStrategic(all: Resource[], patches: readonly Tree[], { target, options }: Patch, source: string): void {
  if (target !== undefined) {
    if (patches.length > 1) {
      throw new KubectlError(
        `Multiple Strategic-Merge Patches in one \`patches\` entry is not allowed to set \`patches.target\` field: ${source}`,
      );
    }
    for (const resource of selectTargets(all, target)) mergeInto(all, resource, patches[0], options);
    return;
  }
  for (const patch of patches) mergeByName(all, patch, options);
}

function idOf(patch: Tree): ResId {
  const apiVersion = String(patch.apiVersion ?? "");
  const slash = apiVersion.indexOf("/");
  return {
    group: slash < 0 ? "" : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind: patch.kind ?? "",
    name: patch.metadata?.name ?? "",
    namespace: patch.metadata?.namespace ?? "",
  };
}

/** A strategic merge patch that names what it is for. */
export function mergeByName(all: Resource[], patch: Tree, options?: Patch["options"]): void {
  const id = idOf(patch);
  const found = all.filter((resource) => [...resource.previousIds, resource.id].some((one) => sameId(one, id)));
  if (found.length !== 1) {
    const what = found.length === 0 ? "no matches" : "multiple matches";
    throw new KubectlError(
      `no resource matches strategic merge patch ${quote(idText(id))}: ${what} for Id ${idText(id)}; failed to find unique target for patch ${idText(id)}`,
    );
  }
  mergeInto(all, found[0]!, patch, options);
}

function mergeInto(all: Resource[], resource: Resource, patch: Tree, options: Patch["options"]): void {
  const { name, namespace, gvk } = resource;
  if (options?.allowNameChange || options?.allowKindChange) resource.remember();
  const merged = strategicMerge(resource.object, copy(patch), gvk);
  if (merged === undefined) {
    all.splice(all.indexOf(resource), 1);
    return;
  }
  resource.object = copy(merged);
  const { object } = resource;
  if (!options?.allowKindChange) object.kind = gvk.kind;
  object.apiVersion = gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`;
  if (!options?.allowNameChange) object.metadata.name = name;
  if (namespace !== "") object.metadata.namespace = namespace;
  else delete object.metadata.namespace;
}
