/** kubectl label, annotate. */
import { resourcePath } from "../../api/client.ts";
import type { KubeObject } from "../../api/types.ts";
import { labelValue } from "../../api/validation/names.ts";
import type { Gen } from "../../kernel/index.ts";
import { changeCause, changeQuery, type DryRun, dryRun, latePrinter, resultPrinter } from "./changes.ts";
import { Errors, KubectlError } from "./errors.ts";
import { quote, sortedKeys } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { build, fileFlags, type Info, visit } from "./resources.ts";

interface Pairs {
  set: Record<string, string>;
  remove: string[];
}

/** Splits arguments into what comes before the first KEY=VALUE or KEY- and what comes from there on. */
export function splitPairs(args: readonly string[], word: string): { resources: string[]; pairs: string[] } {
  const resources: string[] = [];
  const pairs: string[] = [];
  for (const arg of args) {
    if ((arg.includes("=") && arg[0] !== "=") || (arg.endsWith("-") && arg !== "-")) pairs.push(arg);
    else if (pairs.length === 0) resources.push(arg);
    else throw new KubectlError(`all resources must be specified before ${word} changes: ${arg}`);
  }
  return { resources, pairs };
}

function labelPairs(specs: readonly string[]): Pairs {
  const pairs: Pairs = { set: {}, remove: [] };
  for (const spec of specs) {
    if (spec.includes("=")) {
      const parts = spec.split("=");
      if (parts.length !== 2) throw new KubectlError(`invalid label spec: ${spec}`);
      const problems = labelValue(parts[1]!);
      if (problems.length > 0) throw new KubectlError(`invalid label value: ${quote(spec)}: ${problems.join(";")}`);
      pairs.set[parts[0]!] = parts[1]!;
    } else pairs.remove.push(spec.slice(0, -1));
  }
  if (pairs.remove.some((key) => key in pairs.set)) {
    throw new KubectlError("can not both modify and remove a label in the same command");
  }
  return pairs;
}

function annotationPairs(specs: readonly string[]): Pairs {
  const pairs: Pairs = { set: {}, remove: [] };
  for (const spec of specs) {
    const equals = spec.indexOf("=");
    if (equals > 0) pairs.set[spec.slice(0, equals)] = spec.slice(equals + 1);
    else pairs.remove.push(spec.slice(0, -1));
  }
  return pairs;
}

/** What cannot be told before everything else has been looked at. */
function checkAnnotations({ set, remove }: Pairs): void {
  const both = remove.filter((key) => key in set);
  if (both.length === 0) return;
  throw new KubectlError(
    `can not both modify and remove the following annotation(s) in the same command: ${both.join(", ")}`,
  );
}

function check(k: Invocation, strategy: DryRun, resources: readonly string[], pairs: Pairs, word: string): void {
  const { flags } = k;
  const list = flags.bool("list");
  const files = flags.list("filename").length > 0 || flags.string("kustomize") !== "";
  if (list && word === "label" && flags.string("output") !== "")
    throw new KubectlError("--list and --output may not be specified together");
  if (flags.bool("all") && flags.string("selector") !== "") {
    throw new KubectlError("cannot set --all and --selector at the same time");
  }
  if (flags.bool("all") && flags.string("field-selector") !== "") {
    throw new KubectlError("cannot set --all and --field-selector at the same time");
  }
  const sample = word === "label" ? "pod" : "rsrc";
  if (flags.bool("local")) {
    if (strategy === "server")
      throw new KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
    if (resources.length > 0) {
      throw new KubectlError(
        `can only use local files by -f ${sample}.yaml or --filename=${sample}.json when --local=true is set`,
      );
    }
    if (!files)
      throw new KubectlError(`one or more files must be specified as -f ${sample}.yaml or --filename=${sample}.json`);
  } else if (resources.length === 0 && !files) {
    throw new KubectlError("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  }
  if (Object.keys(pairs.set).length === 0 && pairs.remove.length === 0 && !list) {
    throw new KubectlError(`at least one ${word} update is required`);
  }
}

function* targets(k: Invocation, resources: readonly string[]) {
  const { flags } = k;
  return yield* build(k, {
    args: resources,
    ...fileFlags(k),
    labelSelector: flags.string("selector"),
    fieldSelector: flags.string("field-selector"),
    allNamespaces: flags.bool("all-namespaces"),
    selectAll: false,
    allowEmptySelector: flags.bool("all"),
    local: flags.bool("local"),
    latest: !flags.bool("local"),
    continueOnError: true,
    flatten: true,
  });
}

type Field = "labels" | "annotations";

function changed(object: KubeObject, field: Field, pairs: Pairs, resourceVersion: string): KubeObject {
  const values: Record<string, string> = { ...object.metadata[field], ...pairs.set };
  for (const key of pairs.remove) delete values[key];
  const version = resourceVersion === "" ? undefined : { resourceVersion };
  return { ...object, metadata: { ...object.metadata, [field]: values, ...version } };
}

function mergePatch(object: KubeObject, field: Field, pairs: Pairs, resourceVersion: string): object {
  const old = object.metadata[field] ?? {};
  const values: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(pairs.set)) if (old[key] !== value) values[key] = value;
  for (const key of pairs.remove) if (key in old) values[key] = null;
  const metadata: Record<string, unknown> = {};
  if (Object.keys(values).length > 0) metadata[field] = values;
  if (resourceVersion) metadata["resourceVersion"] = resourceVersion;
  return Object.keys(metadata).length > 0 ? { metadata } : {};
}

function listText(k: Invocation, info: Info, object: KubeObject, field: Field, one: boolean): void {
  const indent = one ? "" : " ";
  if (!one) k.out(`Listing ${field} for ${info.mapping.kind}.${info.mapping.group}/${info.name}:\n`);
  const values = object.metadata[field] ?? {};
  for (const key of sortedKeys(values)) k.out(`${indent}${key}=${values[key]}\n`);
}

interface Settings {
  word: "label" | "annotation";
  field: Field;
  parse: (specs: readonly string[]) => Pairs;
  /** Throws when a value would be overwritten. */
  protect: (object: KubeObject, pairs: Pairs) => void;
  /** What is printed after the name. */
  message: (before: KubeObject, after: KubeObject, overwrite: boolean) => string;
  announceMissing: boolean;
  /** When what is wrong with `-o` is told. */
  printer: typeof resultPrinter;
}

function editing(settings: Settings): (k: Invocation) => Gen<number> {
  return function* edit(k) {
    const { flags } = k;
    const strategy = dryRun(k);
    const print = settings.printer(k, strategy);
    const { resources, pairs: specs } = splitPairs(k.args, settings.word);
    const pairs = settings.parse(specs);
    check(k, strategy, resources, pairs, settings.word);
    if (settings.word === "annotation") checkAnnotations(pairs);
    const result = yield* targets(k, resources);
    const one = result.singleItemImplied;
    const resourceVersion = flags.string("resource-version");
    if (!one && resourceVersion !== "") {
      throw new KubectlError("--resource-version may only be used with a single resource");
    }
    yield* visit(result, function* (info) {
      yield* editOne(k, info, { settings, pairs, strategy, one, resourceVersion, print });
    });
    return 0;
  };
}

interface Edit {
  settings: Settings;
  pairs: Pairs;
  strategy: DryRun;
  one: boolean;
  resourceVersion: string;
  print: (object: KubeObject, operation: string) => void;
}

function* editOne(k: Invocation, info: Info, { settings, pairs, strategy, one, resourceVersion, print }: Edit): Gen {
  const { flags } = k;
  const { field } = settings;
  const object = info.object!;
  const overwrite = flags.bool("overwrite");
  const only = strategy === "client" || flags.bool("local") || flags.bool("list");
  if (!only && settings.announceMissing) {
    for (const key of pairs.remove)
      if (!(key in (object.metadata[field] ?? {}))) k.out(`label ${quote(key)} not found.\n`);
  }
  if (!overwrite) settings.protect(object, pairs);
  const after = changed(object, field, pairs, resourceVersion);
  let shown = after;
  if (!only) {
    const query = changeQuery({ dryRun: strategy, fieldManager: flags.string("field-manager") });
    const path = resourcePath(info.mapping, info.namespace, info.name) + query;
    const patch = mergePatch(object, field, pairs, resourceVersion);
    shown = yield* k.patch(path, withCause(patch, changeCause(k)), "merge");
  }
  if (flags.bool("list")) listText(k, info, shown, field, one);
  else print(settings.announceMissing ? after : shown, settings.message(object, after, overwrite));
}

function withCause(patch: object, cause: Record<string, string> | undefined): object {
  if (cause === undefined) return patch;
  const { metadata } = patch as { metadata?: { annotations?: object } };
  return { ...patch, metadata: { ...metadata, annotations: { ...metadata?.annotations, ...cause } } };
}

/** Labels as JSON; nothing where there are none, which a change of nothing makes an empty map. */
const textOf = (object: KubeObject) => JSON.stringify(object.metadata.labels) ?? "";

export const label = editing({
  word: "label",
  printer: latePrinter,
  field: "labels",
  parse: labelPairs,
  protect(object, pairs) {
    const errors = Object.entries(pairs.set)
      .filter(([key, value]) => (object.metadata.labels?.[key] ?? value) !== value)
      .map(
        ([key]) =>
          new KubectlError(`'${key}' already has a value (${object.metadata.labels![key]}), and --overwrite is false`),
      );
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new Errors(errors);
  },
  message(before, after, overwrite) {
    const [old, now] = [textOf(before), textOf(after)];
    if (old === now) return "not labeled";
    return !overwrite && now.length < old.length ? "unlabeled" : "labeled";
  },
  announceMissing: true,
});

export const annotate = editing({
  word: "annotation",
  printer: resultPrinter,
  field: "annotations",
  parse: annotationPairs,
  protect(object, pairs) {
    const taken = Object.entries(pairs.set)
      .filter(
        ([key, value]) =>
          key !== "kubernetes.io/change-cause" && (object.metadata.annotations?.[key] ?? value) !== value,
      )
      .map(([key]) => `'${key}' already has a value (${object.metadata.annotations![key]})`);
    if (taken.length > 0) {
      throw new KubectlError(
        `--overwrite is false but found the following declared annotation(s): ${taken.join("; ")}`,
      );
    }
  },
  message: () => "annotated",
  announceMissing: false,
});
