/** `transformers` and `generators`: kustomize's own plug-ins with a configuration each (api/internal/plugins/loader). */
import { KubectlError } from "../errors.ts";
import { fieldSpec } from "./configuration.ts";
import { parseResources } from "./documents.ts";
import { generate } from "./generators.ts";
import type { Loader } from "./loader.ts";
import { applyPatch, jsonPatch, mergeByName, patchJson, selectTargets } from "./patches.ts";
import { replace } from "./replacements.ts";
import { gvkText, idText, type Resource, type Tree } from "./resource.ts";
import type { FieldSpec } from "./specs.ts";
import { addPrefix, addSuffix, setEntries, setImages, setNamespace, setReplicas } from "./transformers.ts";

interface Plugin {
  config: Tree;
  specs: readonly FieldSpec[];
  all: Resource[];
  loader: Loader;
}

const TRANSFORMERS: Readonly<Record<string, (plugin: Plugin) => void>> = {
  PrefixTransformer: ({ config, specs, all }) => addPrefix(all, config.prefix ?? "", specs),
  SuffixTransformer: ({ config, specs, all }) => addSuffix(all, config.suffix ?? "", specs),
  PrefixSuffixTransformer: ({ config, specs, all }) => {
    addPrefix(all, config.prefix ?? "", specs);
    addSuffix(all, config.suffix ?? "", specs);
  },
  LabelTransformer: ({ config, specs, all }) => setEntries(all, config.labels ?? {}, specs),
  AnnotationsTransformer: ({ config, specs, all }) => setEntries(all, config.annotations ?? {}, specs),
  NamespaceTransformer: ({ config, specs, all }) =>
    setNamespace(all, config.metadata?.namespace ?? "", specs, config.unsetOnly === true),
  ImageTagTransformer: ({ config, specs, all }) => setImages(all, [config.imageTag ?? {}], specs),
  ReplicaCountTransformer: ({ config, specs, all }) => setReplicas(all, [config.replica ?? {}], specs),
  PatchTransformer: ({ config, all, loader }) => {
    const { path, patch, target, options } = config;
    applyPatch(all, { path, patch, target, options }, loader);
  },
  PatchStrategicMergeTransformer: ({ config, all, loader }) => {
    for (const path of config.paths ?? [])
      for (const { object } of parseResources(loader.text(path), path)) mergeByName(all, object);
    for (const { object } of parseResources(config.patches ?? "", "")) mergeByName(all, object);
  },
  PatchJson6902Transformer: ({ config: { target, path, jsonOp }, all, loader }) => {
    if (!target?.name) throw new KubectlError("must specify the target name");
    const operations = jsonPatch(path ? loader.text(path) : (jsonOp ?? ""));
    if (operations === undefined) throw new KubectlError("patch appears to be empty");
    for (const resource of selectTargets(all, target)) patchJson(resource, operations);
  },
  ReplacementTransformer: ({ config, all, loader }) => {
    for (const entry of config.replacements ?? []) replace(all, entry, loader);
  },
};

/** Of these nothing is done without the fields being named. */
const NEEDS_SPECS = new Set(["PrefixTransformer", "SuffixTransformer"]);

const isBuiltin = ({ gvk }: Resource) => gvk.group === "" && gvk.version === "builtin";

function external(plugin: Resource): KubectlError {
  return new KubectlError(`external plugins disabled; unable to load external plugin '${plugin.gvk.kind}'`);
}

function unknown(plugin: Resource): KubectlError {
  return new KubectlError(`unable to load builtin ${gvkText(plugin.gvk)}`);
}

/** Whether all of them can be loaded; none runs before. */
export function requireTransformers(plugins: readonly Resource[]): void {
  for (const plugin of plugins) {
    const { object, gvk } = plugin;
    if (!isBuiltin(plugin)) throw external(plugin);
    if (TRANSFORMERS[gvk.kind] === undefined) throw unknown(plugin);
    if (NEEDS_SPECS.has(gvk.kind) && object.fieldSpecs === undefined)
      throw new KubectlError(`plugin ${idText(plugin.id)} fails configuration: fieldSpecs is not expected to be nil`);
  }
}

export function runTransformer({ object, gvk }: Resource, all: Resource[], loader: Loader): void {
  const specs = ((object.fieldSpecs ?? []) as Tree[]).map(fieldSpec);
  TRANSFORMERS[gvk.kind]!({ config: object, specs, all, loader });
}

/** What a generator's configuration makes. */
export function runGenerator(plugin: Resource, loader: Loader): Resource {
  const { object, gvk } = plugin;
  const failed = (error: KubectlError) =>
    new KubectlError(`loading generator plugins: failed to load generator: ${error.message}`);
  if (!isBuiltin(plugin)) throw failed(external(plugin));
  const kind = gvk.kind === "ConfigMapGenerator" ? "ConfigMap" : gvk.kind === "SecretGenerator" ? "Secret" : undefined;
  if (kind === undefined) throw failed(unknown(plugin));
  const { name, namespace } = object.metadata;
  const args = { ...object, name: object.name ?? name, ...(namespace && { namespace }) };
  if (object.env) args.envs = [...(object.envs ?? []), object.env];
  return generate(kind, args, loader, undefined);
}
