/** Building a kustomization: resources, generators, components, then the transformers, layer by layer (api/internal/target). */
import { publishedBase } from "../../../published/index.ts";
import { toYaml } from "../../../text/yaml.ts";
import { KubectlError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { klog } from "../klog.ts";
import { type Origin, relative, TRANSFORMATIONS, writeMetadata } from "./build-metadata.ts";
import { type Configuration, mergeConfiguration, noConfiguration, readConfigurations } from "./configuration.ts";
import { parseResources } from "./documents.ts";
import { contentHash, generate } from "./generators.ts";
import { type Kustomization, type Label, readKustomization, type Var } from "./kustomization.ts";
import { Loader } from "./loader.ts";
import { fixReferences } from "./names.ts";
import { applyPatch, jsonPatch, mergeByName, patchJson, selectTargets } from "./patches.ts";
import { requireTransformers, runGenerator, runTransformer } from "./plugins.ts";
import { replace, resolveVars } from "./replacements.ts";
import { legacyOrder, type Resource, type Tree } from "./resource.ts";
import {
  COMMON_ANNOTATIONS,
  COMMON_LABELS,
  type FieldSpec,
  IMAGES,
  kindRanks,
  ONLY_LABELS,
  REPLICAS,
  TEMPLATE_LABELS,
} from "./specs.ts";
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
  /** Where the build began: paths are told as seen from there. */
  root: string;
  /** What the top of the build wants to be told (`buildMetadata`). */
  metadata: readonly string[];
}

/** The order that whoever builds asks for; a kustomization's own wish comes before it. */
export type Reorder = "legacy" | "none" | undefined;

const TWO_ORDERS =
  "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag ('--reorder'). Using the kustomization file over the CLI flag.";

/** The objects that a directory with a kustomization stands for, in the order of the output. */
export function buildDirectory(k: Invocation, path: string, restricted = true, reorder: Reorder = undefined): Tree[] {
  const remote = /^https?:/.test(path) ? publishedBase(path) : undefined;
  if (remote !== undefined) return legacyOrder(parseResources(remote, path)).map(({ object }) => object);
  const loader = Loader.open(k, path, restricted);
  const build: Build = { k, vars: [], root: loader.root, metadata: [] };
  const top = load(build, loader);
  build.metadata = top.buildMetadata;
  const all: Resource[] = [];
  const config = noConfiguration();
  accumulate(build, loader, top, all, config);
  for (const resource of all) {
    if (!resource.needsHash) continue;
    const hash = contentHash(resource.object);
    resource.remember();
    resource.name = `${resource.name}-${hash}`;
  }
  fixReferences(all, config.nameReference);
  const unused = resolveVars(all, build.vars, config.varReference);
  if (unused.length > 0)
    k.err(klog(k, "I", "log.go:245", `well-defined vars that were never replaced: ${unused.join(",")}`));
  const faulty = all.find(({ fault }) => fault !== "");
  if (faulty) throw new KubectlError(`map[string]interface {}(nil): ${faulty.fault}`);
  writeMetadata(all, build.metadata);
  const LOCAL = "config.kubernetes.io/local-config";
  const kept = all.filter(({ object }) => {
    const value = object.metadata?.annotations?.[LOCAL];
    return value === undefined || value === "false";
  });
  if (top.sortOptions && reorder) k.err(klog(k, "I", "log.go:245", TWO_ORDERS));
  return ordered(kept, top, reorder).map(({ object }) => object);
}

function ordered(all: Resource[], { sortOptions }: Kustomization, reorder: Reorder): Resource[] {
  if (sortOptions === undefined) return reorder === "none" ? all : legacyOrder(all);
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

function accumulate(build: Build, loader: Loader, file: Kustomization, all: Resource[], config: Configuration): void {
  within("accumulating resources", () => {
    for (const path of file.resources) addPath(build, loader, path, all, config);
  });
  readConfigurations(loader, file.configurations, config);
  for (const chart of file.helmCharts) {
    throw new KubectlError(
      `trouble configuring builtin HelmChartInflationGenerator with config: \`\n${toYaml(chart)}\`: must specify --enable-helm`,
    );
  }
  for (const kind of ["ConfigMap", "Secret"] as const) {
    for (const args of kind === "ConfigMap" ? file.configMapGenerator : file.secretGenerator) {
      const made = generate(kind, args, loader, file.generatorOptions);
      made.origin = configuredIn(build, loader, `${kind}Generator`);
      // Upstream prints the plug-in with the address of its helpers.
      within("merging from generator &{0xc000a9c5d0 <nil>}", () => absorb(all, made));
    }
  }
  const generators = within("loading generator plugins", () => loadPlugins(build, loader, file.generators));
  for (const plugin of generators) {
    const made = runGenerator(plugin, loader);
    made.origin = configuredIn(build, loader, plugin.gvk.kind, plugin);
    within("merging from generator &{0xc000a9c5d0 <nil>}", () => absorb(all, made));
  }
  within("accumulating components", () => {
    for (const path of file.components) {
      const inner = within(
        (message) => `loader.New ${JSON.stringify(message)}`,
        () => loader.enter(path),
      );
      within(
        (message) => `accumulateDirectory: ${JSON.stringify(message)}`,
        () => addDirectory(build, inner, all, true, config),
      );
    }
  });
  transform(build, file, loader, all, config);
  // There is no validator of kustomize's own.
  requireTransformers(loadPlugins(build, loader, file.validators));
  for (const one of file.vars) {
    if (build.vars.some(({ name }) => name === one.name)) throw repeatedVar(one, file.vars);
    build.vars.push(one);
  }
}

function repeatedVar({ name }: Var, vars: readonly Var[]): KubectlError {
  const shown = vars.map(({ name, objref, fieldref }) => {
    return `{${name} ${objref.kind ?? "[noKind]"}.[noVer].[noGrp] {${fieldref?.fieldPath ?? ""}}}`;
  });
  return new KubectlError(`merging vars [${shown.join(" ")}]: var '${name}' already encountered`);
}

/** A file of objects, or a directory with a kustomization of its own. */
function addPath(build: Build, loader: Loader, path: string, all: Resource[], config: Configuration): void {
  let fileError: KubectlError;
  try {
    const found = within(`accumulating resources from '${path}'`, () => parseResources(loader.text(path), path));
    for (const resource of found) {
      resource.origin = { path: relative(build.root, `${loader.root}/${path}`) };
      within(`merging resources from '${path}'`, () => append(all, resource));
    }
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
  within(`accumulation err='${fileError.message}'`, () => addDirectory(build, inner, all, false, config));
}

function addDirectory(build: Build, loader: Loader, all: Resource[], component: boolean, config: Configuration): void {
  const file = within(`couldn't make target for path '${loader.root}'`, () => load(build, loader));
  if (component && file.kind !== "Component") {
    throw new KubectlError(`expected kind 'Component' for path '${loader.root}' but got '${file.kind}'`);
  }
  if (!component && file.kind === "Component") {
    throw new KubectlError(`expected kind != 'Component' for path '${loader.root}'`);
  }
  if (component) {
    // A component works on what its parent has gathered.
    within(`recursed accumulation of path '${loader.root}'`, () => accumulate(build, loader, file, all, config));
    return;
  }
  const own: Resource[] = [];
  const below = noConfiguration();
  within(`recursed accumulation of path '${loader.root}'`, () => accumulate(build, loader, file, own, below));
  mergeConfiguration(config, below);
  within(`recursed merging from path '${loader.root}'`, () => {
    for (const resource of own) append(all, resource);
  });
}

/** Plug-ins' configurations: written here, or in files and kustomizations. */
function loadPlugins(build: Build, loader: Loader, entries: readonly string[]): Resource[] {
  const out: Resource[] = [];
  const paths: string[] = [];
  for (const entry of entries) {
    try {
      for (const plugin of parseResources(entry, "")) append(out, plugin);
    } catch (error) {
      if (!(error instanceof KubectlError)) throw error;
      paths.push(entry);
    }
  }
  for (const path of paths) addPath(build, loader, path, out, noConfiguration());
  return out;
}

/** The kustomization that a plug-in is named in, and the file of its configuration where it has one. */
function configuredIn({ root }: Build, loader: Loader, kind: string, plugin?: Resource): Origin {
  const { name, namespace } = plugin?.id ?? {};
  return {
    configuredIn: plugin?.origin?.path ?? relative(root, `${loader.root}/${loader.fileName}`),
    configuredBy: { apiVersion: "builtin", kind, ...(name && { name }), ...(namespace && { namespace }) },
  };
}

function transform(build: Build, file: Kustomization, loader: Loader, all: Resource[], config: Configuration): void {
  const { patchesStrategicMerge, labels, commonLabels, commonAnnotations } = file;
  const ran = (kind: string, plugin?: Resource) => {
    if (!build.metadata.includes(TRANSFORMATIONS)) return;
    for (const resource of all) resource.changes.push(configuredIn(build, loader, kind, plugin));
  };
  for (const entry of patchesStrategicMerge) {
    const inline = entry.includes("\n");
    for (const { object } of parseResources(inline ? entry : loader.text(entry), inline ? "" : entry))
      mergeByName(all, object);
  }
  if (patchesStrategicMerge.length > 0) ran("PatchStrategicMergeTransformer");
  for (const patch of file.patches) {
    applyPatch(all, patch, loader);
    ran("PatchTransformer");
  }
  setNamespace(all, file.namespace, config.namespace);
  if (file.namespace !== "") ran("NamespaceTransformer");
  addPrefix(all, file.namePrefix, [{ path: "metadata/name" }, ...config.namePrefix]);
  if (file.namePrefix !== "") ran("PrefixTransformer");
  addSuffix(all, file.nameSuffix, [{ path: "metadata/name" }, ...config.nameSuffix]);
  if (file.nameSuffix !== "") ran("SuffixTransformer");
  for (const label of labels) {
    setEntries(all, label.pairs ?? {}, labelSpecs(label, config));
    ran("LabelTransformer");
  }
  setEntries(all, commonLabels, [...COMMON_LABELS, ...config.commonLabels]);
  if (labels.length > 0 || Object.keys(commonLabels).length > 0) ran("LabelTransformer");
  setEntries(all, commonAnnotations, [...COMMON_ANNOTATIONS, ...config.commonAnnotations]);
  if (Object.keys(commonAnnotations).length > 0) ran("AnnotationsTransformer");
  for (const { target, path, patch } of file.patchesJson6902) {
    if (!target?.name) throw new KubectlError("must specify the target name");
    const operations = jsonPatch(path ? loader.text(path) : (patch ?? ""));
    if (operations === undefined) throw new KubectlError("patch appears to be empty");
    for (const resource of selectTargets(all, target)) patchJson(resource, operations);
    ran("PatchJson6902Transformer");
  }
  for (const replica of file.replicas) {
    setReplicas(all, [replica], [...REPLICAS, ...config.replicas]);
    ran("ReplicaCountTransformer");
  }
  for (const image of file.images) {
    setImages(all, [image], [...IMAGES, ...config.images]);
    ran("ImageTagTransformer");
  }
  for (const entry of file.replacements) replace(all, entry, loader);
  if (file.replacements.length > 0) ran("ReplacementTransformer");
  const plugins = loadPlugins(build, loader, file.transformers);
  requireTransformers(plugins);
  for (const plugin of plugins) {
    runTransformer(plugin, all, loader);
    ran(plugin.gvk.kind, plugin);
  }
}

function labelSpecs({ fields = [], includeSelectors, includeTemplates }: Label, config: Configuration): FieldSpec[] {
  if (includeSelectors) return [...fields, ...COMMON_LABELS, ...config.commonLabels];
  if (includeTemplates) return [...fields, ...TEMPLATE_LABELS, ...config.templateLabels, ...ONLY_LABELS];
  return [...fields, ...ONLY_LABELS];
}
