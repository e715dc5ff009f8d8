import type { ScalePaths } from "./apiextensions/scale-paths.ts";
import type { JsonSchema } from "./apiextensions/schema.ts";
import type { Decoded } from "./decode.ts";
import type { StatusCause } from "./status.ts";
import type { KubeObject, Resource } from "./types.ts";

/** metav1.TableColumnDefinition. `priority` 0 is always shown, 1 only with `-o wide`. */
export interface Column {
  name: string;
  type: "string" | "integer" | "number" | "boolean" | "date";
  format?: "name" | "";
  description: string;
  priority: number;
}

export type Cell = string | number | boolean | null;

/** An object under construction: a mutable copy that the stages before storage fill in. */
// biome-ignore lint/suspicious/noExplicitAny: a draft has no fixed shape until it is validated
export type Draft = any;

export interface Subresource {
  /** Last part of the path: `status`, `scale`, `log`, `exec`, `binding`. */
  name: string;
  kind: string;
  group: string;
  version: string;
  verbs: readonly string[];
}

/** Hears what a `Warning` header says. */
export type Warn = (text: string) => void;

/** What a kind has in addition that a CustomResourceDefinition defines. */
export interface CustomKind {
  /** Reads a body: pruned, defaulted; `strictErrors` name what was pruned. */
  decode(value: unknown, nulls?: boolean): Decoded;
  /** Schema of the kind in OpenAPI documents. */
  openapi(): Record<string, unknown>;
  readonly jsonSchema: JsonSchema;
  /** Sent with every answer: the version is deprecated. */
  readonly warnings: readonly string[];
  /** The definition is being deleted: nothing new is made. */
  readonly terminating: boolean;
  readonly scale?: ScalePaths;
  /** `group/version` of this version, and of the one that is stored. */
  readonly apiVersion: string;
  readonly storageVersion: string;
  /** A webhook converts between versions; without it they differ in nothing but their name. */
  readonly conversion?: { readonly webhook?: { readonly clientConfig?: object } } | undefined;
  /** The object in the version that is stored. */
  toStored(draft: Draft): Draft;
  /** A stored object in this version; the object itself where they are the same. */
  fromStored: ((object: KubeObject) => KubeObject) | undefined;
}

/**
 * Everything the API server has to know about a kind; one file a kind under engine/api/<group>/, listed in kinds.ts.
 * Functions on a draft may write to it; all others must not.
 */
export interface KindDef {
  resource: Resource;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  /** Under `/registry/` in etcd: `pods`, `minions`, `services/specs`. */
  etcdPrefix: string;
  verbs: readonly string[];
  subresources: readonly Subresource[];
  /** Name of its schema: `io.k8s.api.core.v1.Pod`. */
  schema: string;
  /** `metadata.generation` is kept for it, and a spec change raises it (unless it is `fixed`; `labels`: they do as well). */
  hasGeneration?: boolean | "fixed" | "labels";
  /** Its strategy compares with reflect.DeepEqual, to which what is given empty differs from the none that was stored. */
  emptyIsChange?: boolean;
  /** Who deletes one without saying what becomes of its dependents leaves them (DefaultGarbageCollectionPolicy); a text is a warning then. */
  orphans?: true | string;
  /** `defaults` and validation of updates look at nothing but the spec beside metadata: with the spec as it was both are done. */
  specApart?: boolean;
  /** Sets defaults (upstream's pkg/apis/<group>/<version>/defaults.go). Runs after decoding and again after admission. */
  defaults?(draft: Draft): void;
  /**
   * What the sender of a create owns beside or without what decoding and `defaults` made of `input`: conversion between
   * versions may add fields, and `defaults` may do what upstream does later.
   */
  claims?(draft: Draft, input: Draft): void;
  /** Upstream's strategy: drops what a client may not set (status), sets what creation sets. */
  prepareForCreate?(draft: Draft): void | readonly string[];
  /** Same for an update through the main resource: keeps the old status, raises nothing by itself. */
  prepareForUpdate?(draft: Draft, old: KubeObject): void;
  /** Same for an update through `/status`: keeps the old spec. */
  prepareForStatusUpdate?(draft: Draft, old: KubeObject): void;
  /** What the server itself notes in a status that was changed; `now` in RFC 3339. */
  statusChanged?(draft: Draft, old: KubeObject, now: string): void;
  /** By subresource, what who writes through it does not own, where that is not the spec or the status. */
  resets?: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Updates through a subresource that have rules of their own, by its name. */
  updates?: Readonly<
    Record<
      string,
      {
        prepare(draft: Draft, old: KubeObject): void;
        validate(object: KubeObject, old: KubeObject, warn: Warn): StatusCause[];
      }
    >
  >;
  /** Field errors in upstream's order and words; empty when valid. */
  validate?(object: KubeObject): StatusCause[];
  validateUpdate?(object: KubeObject, old: KubeObject, warn?: Warn): StatusCause[];
  /** Fields that `--field-selector` may name, beside metadata.name and metadata.namespace. */
  fields?(object: KubeObject): Record<string, string>;
  columns: readonly Column[];
  /** One cell a column. `nowMs`: wall clock of the simulation, ms since 1970. */
  cells(object: KubeObject, nowMs: number): Cell[];
  /** Set for kinds that are not built in. */
  custom?: CustomKind;
}
