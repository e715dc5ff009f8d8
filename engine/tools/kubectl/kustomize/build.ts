/** Building a kustomization: resources, generators, components, then the transformers, layer by layer (api/internal/target). */
import { publishedBase } from "../../../published/index.ts";
import { toYaml } from "../../../text/yaml.ts";
import { KubectlError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { parseResources } from "./documents.ts";
import { contentHash, generate } from "./generators.ts";
import { type Kustomization, type Label, readKustomization, type Var } from "./kustomization.ts";
import { Loader } from "./loader.ts";
import { fixReferences } from "./names.ts";
import { applyPatch, jsonPatch, mergeByName, patchJson, selectTargets } from "./patches.ts";
import { replace, resolveVars } from "./replacements.ts";
import { legacyOrder, type Resource, type Tree } from "./resource.ts";
import { COMMON_ANNOTATIONS, COMMON_LABELS, type FieldSpec, kindRanks, ONLY_LABELS, TEMPLATE_LABELS } from "./specs.ts";
import {
  absorb,
  addPrefix,
  addSuffix,
  append,
  setEntries,
  setImages,
  setNamespace,
  setReplicas,
} from "./transformers.ts";

interface Build {
  k: Invocation;
  vars: Var[];
}

/** The objects that a directory with a kustomization stands for, in the order of the output. */
export function buildDirectory(k: Invocation, path: string, restricted = true): Tree[] {
  const remote = /^https?:/.test(path) ? publishedBase(path) : undefined;
  if (remote !== undefined) return legacyOrder(parseResources(remote, path)).map(({ object }) => object);
  const loader = Loader.open(k, path, restricted);
  const build: Build = { k, vars: [] };
  const top = load(build, loader);
  const all: Resource[] = [];
  accumulate(build, loader, top, all);
  for (const resource of all) {
    if (!resource.needsHash) continue;
    const hash = contentHash(resource.object);
    resource.remember();
    resource.name = `${resource.name}-${hash}`;
  }
  fixReferences(all);
  resolveVars(all, build.vars);
  const faulty = all.find(({ fault }) => fault !== "");
  if (faulty) throw new KubectlError(`map[string]interface {}(nil): ${faulty.fault}`);
  const LOCAL = "config.kubernetes.io/local-config";
  const kept = all.filter(({ object }) => {
    const value = object.metadata?.annotations?.[LOCAL];
    return value === undefined || value === "false";
  });
  return ordered(kept, top).map(({ object }) => object);
}

function ordered(all: Resource[], { sortOptions }: Kustomization): Resource[] {
  if (sortOptions === undefined) return legacyOrder(all);
  const { order = "", legacySortOptions } = sortOptions;
  if (order !== "fifo" && order !== "legacy") {
    throw new KubectlError("the field 'sortOptions.order' must be one of [fifo, legacy]");
  }
  if (order === "fifo") {
    if (legacySortOptions) {
      throw new KubectlError(
        "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'",
      );
    }
    return all;
  }
  return legacyOrder(all, legacySortOptions && kindRanks(legacySortOptions.orderFirst, legacySortOptions.orderLast));
}

function load({ k }: Build, loader: Loader): Kustomization {
  return readKustomization(loader.kustomization(), loader.root, (line) => k.err(`${line}\n`));
}

/** Runs `body`; its complaint gets words before it. */
function within<T>(prefix: string | ((message: string) => string), body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    throw new KubectlError(typeof prefix === "string" ? `${prefix}: ${error.message}` : prefix(error.message));
  }
}

function accumulate(build: Build, loader: Loader, file: Kustomization, all: Resource[]): void {
  within("accumulating resources", () => {
    for (const path of file.resources) addPath(build, loader, path, all);
  });
  for (const chart of file.helmCharts) {
    throw new KubectlError(
      `trouble configuring builtin HelmChartInflationGenerator with config: \`\n${toYaml(chart)}\`: must specify --enable-helm`,
    );
  }
  for (const kind of ["ConfigMap", "Secret"] as const) {
    for (const args of kind === "ConfigMap" ? file.configMapGenerator : file.secretGenerator) {
      const made = generate(kind, args, loader, file.generatorOptions);
      // Upstream prints the plug-in with the address of its helpers.
      within("merging from generator &{0xc000a9c5d0 <nil>}", () => absorb(all, made));
    }
  }
  within("accumulating components", () => {
    for (const path of file.components) {
      const inner = within(
        (message) => `loader.New ${JSON.stringify(message)}`,
        () => loader.enter(path),
      );
      within(
        (message) => `accumulateDirectory: ${JSON.stringify(message)}`,
        () => addDirectory(build, inner, all, true),
      );
    }
  });
  transform(file, loader, all);
  build.vars.push(...file.vars);
}

/** A file of objects, or a directory with a kustomization of its own. */
function addPath(build: Build, loader: Loader, path: string, all: Resource[]): void {
  let fileError: KubectlError;
  try {
    const found = within(`accumulating resources from '${path}'`, () => parseResources(loader.text(path), path));
    for (const resource of found) within(`merging resources from '${path}'`, () => append(all, resource));
    return;
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    fileError = error;
  }
  let inner: Loader;
  try {
    inner = loader.enter(path);
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    if (fileError.message.includes("MalformedYAMLError")) throw fileError;
    throw new KubectlError(`accumulation err='${fileError.message}': ${error.message}`);
  }
  within(`accumulation err='${fileError.message}'`, () => addDirectory(build, inner, all, false));
}

function addDirectory(build: Build, loader: Loader, all: Resource[], component: boolean): void {
  const file = within(`couldn't make target for path '${loader.root}'`, () => load(build, loader));
  if (component && file.kind !== "Component") {
    throw new KubectlError(`expected kind 'Component' for path '${loader.root}' but got '${file.kind}'`);
  }
  if (!component && file.kind === "Component") {
    throw new KubectlError(`expected kind != 'Component' for path '${loader.root}'`);
  }
  if (component) {
    // A component works on what its parent has gathered.
    within(`recursed accumulation of path '${loader.root}'`, () => accumulate(build, loader, file, all));
    return;
  }
  const own: Resource[] = [];
  within(`recursed accumulation of path '${loader.root}'`, () => accumulate(build, loader, file, own));
  within(`recursed merging from path '${loader.root}'`, () => {
    for (const resource of own) append(all, resource);
  });
}

function transform(file: Kustomization, loader: Loader, all: Resource[]): void {
  for (const entry of file.patchesStrategicMerge) {
    const inline = entry.includes("\n");
    for (const { object } of parseResources(inline ? entry : loader.text(entry), inline ? "" : entry))
      mergeByName(all, object);
  }
  for (const patch of file.patches) applyPatch(all, patch, loader);
  setNamespace(all, file.namespace);
  addPrefix(all, file.namePrefix);
  addSuffix(all, file.nameSuffix);
  for (const label of file.labels) setEntries(all, label.pairs ?? {}, labelSpecs(label));
  setEntries(all, file.commonLabels, COMMON_LABELS);
  setEntries(all, file.commonAnnotations, COMMON_ANNOTATIONS);
  for (const { target, path, patch } of file.patchesJson6902) {
    if (!target?.name) throw new KubectlError("must specify the target name");
    const operations = jsonPatch(path ? loader.text(path) : (patch ?? ""));
    if (operations === undefined) throw new KubectlError("patch appears to be empty");
    for (const resource of selectTargets(all, target)) patchJson(resource, operations);
  }
  setReplicas(all, file.replicas);
  setImages(all, file.images);
  for (const entry of file.replacements) replace(all, entry, loader);
}

function labelSpecs({ fields = [], includeSelectors, includeTemplates }: Label): FieldSpec[] {
  const base = includeSelectors ? COMMON_LABELS : includeTemplates ? [...TEMPLATE_LABELS, ...ONLY_LABELS] : ONLY_LABELS;
  return [...fields, ...base];
}
