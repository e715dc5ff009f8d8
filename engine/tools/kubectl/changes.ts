/** What commands that change objects have in common: dry run, field manager, validation, the line they print. */
import { resourcePath } from "../../api/client.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Mapping } from "./discovery.ts";
import { KubectlError } from "./errors.ts";
import { parseFlags } from "./flags.ts";
import { quote, structJson, toJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { klog } from "./klog.ts";
import { nameText, objectPrinter } from "./output.ts";
import { typed } from "./struct-order.ts";

export type DryRun = "none" | "client" | "server";

/** What `--dry-run` says; old forms are warned about. */
export function dryRun(k: Invocation): DryRun {
  const value = k.flags.string("dry-run");
  if (value === "none" || value === "client" || value === "server") return value;
  const deprecated = (line: number, text: string) => k.err(klog(k, "W", `helpers.go:${line}`, text));
  if (value === "unchanged") {
    deprecated(702, "--dry-run is deprecated and can be replaced with --dry-run=client.");
    return "client";
  }
  const yes = ["1", "t", "T", "TRUE", "true", "True"].includes(value);
  if (!yes && !["0", "f", "F", "FALSE", "false", "False"].includes(value)) {
    throw new KubectlError(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
  }
  const means = yes ? "client" : "none";
  deprecated(716, `--dry-run=${value} is deprecated (boolean value) and can be replaced with --dry-run=${means}.`);
  return means;
}

/** `created`, `created (dry run)`, `created (server dry run)`. */
export function withDryRun(operation: string, strategy: DryRun): string {
  if (strategy === "client") return `${operation} (dry run)`;
  return strategy === "server" ? `${operation} (server dry run)` : operation;
}

/** Prints an object as `-o` asks for, or `pod/web created`. */
export function resultPrinter(k: Invocation, strategy: DryRun): (object: KubeObject, operation: string) => void {
  const printer = objectPrinter(k);
  return (object, operation) => {
    k.out(printer ? printer.print(object) : nameText(object, withDryRun(operation, strategy)));
  };
}

/** The same for commands that make a printer for each object, once it is changed: what is wrong with `-o` comes after it. */
export function latePrinter(
  k: Invocation,
  strategy: DryRun = "none",
  make: typeof resultPrinter = resultPrinter,
): (object: KubeObject, operation: string) => void {
  return (object, operation) => make(k, strategy)(object, operation);
}

/** The same for commands whose objects are Go structs: JSON has their fields in the order of the struct, zero values as Go writes them. */
export function typedPrinter(k: Invocation, strategy: DryRun): (object: KubeObject, operation: string) => void {
  if (!k.flags.has("output") || k.flags.string("output") === "") return resultPrinter(k, strategy);
  const printer = objectPrinter(k, { typed: true });
  return (object, operation) => {
    const shown = typed(object);
    k.out(printer ? printer.print(shown) : nameText(shown, withDryRun(operation, strategy)));
  };
}

/** What `--validate` says, as the server's fieldValidation parameter. */
export function validation(k: Invocation): string {
  const value = k.flags.string("validate");
  const found = { strict: "Strict", warn: "Warn", ignore: "Ignore" }[value];
  if (found) return found;
  if (["1", "t", "T", "TRUE", "true", "True"].includes(value)) return "Strict";
  if (["0", "f", "F", "FALSE", "false", "False"].includes(value)) return "Ignore";
  throw new KubectlError(
    `invalid - validate option ${quote(value)}; must be one of: strict (or true), warn, ignore (or false)`,
  );
}

export interface ChangeQuery {
  dryRun?: DryRun;
  fieldManager?: string;
  fieldValidation?: string;
  force?: boolean;
}

/** `?dryRun=All&fieldManager=…`. */
export function changeQuery({ dryRun: strategy, fieldManager, fieldValidation, force }: ChangeQuery): string {
  const query: string[] = [];
  if (strategy === "server") query.push("dryRun=All");
  if (fieldManager) query.push(`fieldManager=${encodeURIComponent(fieldManager)}`);
  if (fieldValidation) query.push(`fieldValidation=${fieldValidation}`);
  if (force !== undefined) query.push(`force=${force}`);
  return query.length > 0 ? `?${query.join("&")}` : "";
}

/** Creates an object; the answer is what the server stored. The version of one that was read from a server is left out. */
export function* createObject(
  k: Invocation,
  mapping: Mapping,
  namespace: string,
  object: KubeObject,
  query: ChangeQuery,
): Gen<KubeObject> {
  return yield* k.object("POST", resourcePath(mapping, namespace) + changeQuery(query), withoutVersion(object));
}

function withoutVersion(object: KubeObject): KubeObject {
  if (!object.metadata?.resourceVersion) return object;
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata } as KubeObject;
}

export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The object without the annotation of the last apply. */
export function withoutLastApplied(object: KubeObject): KubeObject {
  const { [LAST_APPLIED]: _, ...annotations } = object.metadata?.annotations ?? {};
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** The object with itself, as JSON, in the annotation of the last apply; `asStruct` as Go writes its struct. */
export function withLastApplied(object: KubeObject, asStruct = false): KubeObject {
  const bare = withoutLastApplied(object);
  const text = `${asStruct ? structJson(typed(withoutEmptyAnnotations(bare))) : toJson(bare, "", true)}\n`;
  const annotations = { ...bare.metadata.annotations, [LAST_APPLIED]: text };
  return { ...bare, metadata: { ...bare.metadata, annotations } };
}

function withoutEmptyAnnotations(object: KubeObject): KubeObject {
  const { annotations, ...metadata } = object.metadata;
  return Object.keys(annotations ?? {}).length > 0 ? object : { ...object, metadata };
}

/** The annotation that `--record` writes: the command line, words before flags (genericclioptions ChangeCauseRecorder). */
export function changeCause(k: Invocation): Record<string, string> | undefined {
  if (!k.flags.has("record") || !k.flags.bool("record")) return undefined;
  const { args, given } = parseFlags(k.flags.path, k.p.argv.slice(1));
  const words = [...args, ...given.map(({ name, value }) => `--${name}=${value}`)];
  return { "kubernetes.io/change-cause": `kubectl ${words.join(" ")}` };
}

/** The object with what `--record` asks for. */
export function recorded(k: Invocation, object: KubeObject): KubeObject {
  const cause = changeCause(k);
  if (cause === undefined) return object;
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...cause } } };
}

/** With `--save-config`, or when it has one already, the annotation is set anew. */
export function createOrUpdateAnnotation(k: Invocation, object: KubeObject, asStruct = false): KubeObject {
  const save = k.flags.has("save-config") && k.flags.bool("save-config");
  return recorded(k, save || object.metadata?.annotations?.[LAST_APPLIED] ? withLastApplied(object, asStruct) : object);
}
