import { resourcePath } from "../../api/client.ts";
import type { KubeObject } from "../../api/types.ts";
import { labelValue, qualifiedName } from "../../api/validation/names.ts";
import type { Gen } from "../../kernel/index.ts";
import { changeQuery, dryRun, resultPrinter, validation } from "./changes.ts";
import { aggregateText, Exit, KubectlError, usageError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { build, visit } from "./resources.ts";

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** kubectl taint. */
export function* taint(k: Invocation): Gen<number> {
  const { flags } = k;
  const strategy = dryRun(k);
  validation(k);
  const { resources, specs } = split(k.args);
  if (resources.length === 0) throw new KubectlError("one or more resources must be specified as <resource> <name>");
  if (specs.length === 0) throw new KubectlError("at least one taint update is required");
  const { add, remove } = parse(specs);
  const both = remove.filter((one) =>
    add.some(({ key, effect }) => key === one.key && (one.effect === "" || one.effect === effect)),
  );
  if (both.length > 0) {
    const shown = both.map(({ key, effect }) => `${key}=${effect}`).join(", ");
    throw new KubectlError(`can not both modify and remove the following taint(s) in the same command: ${shown}`);
  }
  const all = flags.bool("all");
  const selector = flags.string("selector");
  const discovery = yield* k.resources(2);
  const mapping = discovery.find(resources[0]!);
  if (mapping?.resource !== "nodes") {
    if (mapping === undefined) throw new Exit(1, `the server doesn't have a resource type ${quote(resources[0]!)}`);
    throw new KubectlError(`invalid resource type ${resources[0]}, only node types are supported`);
  }
  if (all && selector !== "") throw new KubectlError("setting 'all' parameter with a non empty selector is prohibited");
  if (!all && selector === "" && resources.length < 2) {
    throw new KubectlError("at least one resource name must be specified since 'all' parameter is not set");
  }
  const result = yield* build(k, {
    args: all || selector !== "" ? ["node"] : ["node", ...resources.slice(1)],
    selectAll: all,
    labelSelector: selector,
    continueOnError: true,
    flatten: true,
    typed: true,
  });
  yield* visit(result, function* (info) {
    // Each node has a printer of its own, made before the dry run is known.
    const print = resultPrinter(k, "none");
    const { operation, taints } = reorganize(info.object!, add, remove, flags.bool("overwrite"));
    const path = resourcePath(info.mapping, "", info.name);
    const query = changeQuery({
      dryRun: strategy,
      fieldManager: flags.string("field-manager"),
      fieldValidation: "Strict",
    });
    const object = info.object!;
    const changed = { ...object, spec: { ...object.spec, taints } };
    const body = { spec: { taints: taints.length > 0 ? taints : null } };
    const stored = strategy === "client" ? changed : yield* k.patch(path + query, body, "merge");
    print(stored as KubeObject, operation);
  });
  return 0;
}

function split(args: readonly string[]): { resources: string[]; specs: string[] } {
  const resources: string[] = [];
  const specs: string[] = [];
  for (const arg of args) {
    if (arg.includes("=") || arg.includes(":") || arg.endsWith("-")) specs.push(arg);
    else if (specs.length === 0) resources.push(arg);
    else throw new KubectlError(`all resources must be specified before taint changes: ${arg}`);
  }
  return { resources, specs };
}

function parse(specs: readonly string[]): { add: Taint[]; remove: { key: string; effect: string }[] } {
  const add: Taint[] = [];
  const remove: { key: string; effect: string }[] = [];
  for (const spec of specs) {
    if (spec.endsWith("-")) {
      const { key, effect } = parseOne(spec.slice(0, -1));
      remove.push({ key, effect });
      continue;
    }
    const one = parseOne(spec);
    if (one.effect === "") throw usageError("taint", `invalid taint spec: ${spec}`);
    if (add.some((other) => other.key === one.key && other.effect === one.effect)) {
      throw usageError(
        "taint",
        `duplicated taints with the same key and effect: {${one.key} ${one.value ?? ""} ${one.effect} <nil>}`,
      );
    }
    add.push(one);
  }
  return { add, remove };
}

function parseOne(spec: string): Taint {
  const parts = spec.split(":");
  if (parts.length > 2) throw usageError("taint", `invalid taint spec: ${spec}`);
  const [first, effect = ""] = parts as [string, string | undefined];
  if (parts.length === 2 && !EFFECTS.includes(effect)) {
    throw usageError("taint", `invalid taint effect: ${effect}, unsupported taint effect`);
  }
  // Without an effect the whole text is the key.
  const pieces = parts.length === 2 ? first.split("=") : [first];
  if (pieces.length > 2) throw usageError("taint", `invalid taint spec: ${spec}`);
  const [key, value] = pieces as [string, string | undefined];
  const badValue = value ? labelValue(value) : [];
  if (badValue.length > 0) throw usageError("taint", `invalid taint spec: ${spec}, ${badValue.join("; ")}`);
  const badKey = qualifiedName(key);
  if (badKey.length > 0) throw usageError("taint", `invalid taint spec: ${spec}, ${badKey.join("; ")}`);
  return { key, ...(value && { value }), effect };
}

function reorganize(
  node: KubeObject,
  add: readonly Taint[],
  remove: readonly { key: string; effect: string }[],
  overwrite: boolean,
): { operation: string; taints: Taint[] } {
  const old = (node.spec.taints ?? []) as Taint[];
  const same = (a: { key: string; effect: string }, b: Taint) => a.key === b.key && a.effect === b.effect;
  if (!overwrite) {
    const taken = add.filter((one) => old.some((other) => same(one, other))).map(({ key }) => key);
    if (taken.length > 0) {
      throw new KubectlError(
        `node ${node.metadata.name} already has ${taken.join(",")} taint(s) with same effect(s) and --overwrite is false`,
      );
    }
  }
  let taints: Taint[] = [...add, ...old.filter((one) => !add.some((other) => same(other, one)))];
  const added = add.length > 0;
  const errors: Error[] = [];
  let deleted = false;
  for (const one of remove) {
    const rest = taints.filter(
      (other) => !(one.key === other.key && (one.effect === "" || one.effect === other.effect)),
    );
    if (rest.length < taints.length) deleted = true;
    else
      errors.push(
        new KubectlError(`taint ${quote(one.effect === "" ? one.key : `${one.key}:${one.effect}`)} not found`),
      );
    taints = rest;
  }
  if (errors.length > 0) throw new KubectlError(aggregateText(errors));
  const operation = (added && deleted) || overwrite ? "modified" : added ? "tainted" : "untainted";
  return { operation, taints };
}
