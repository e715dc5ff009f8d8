import type { WaitQueue } from "../kernel/index.ts";

/** A value as JSON has it. Values inside the API server and its clients are deeply frozen: never write to one. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  generateName?: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: Json[];
}

/** Any object of the API. Kinds with a published type: cast to the one of kubernetes-types, e.g. `core/v1` Pod. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the kind
  [field: string]: any;
}

export interface KubeList<T = KubeObject> {
  apiVersion: string;
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: T[];
}

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

export interface WatchEvent<T = KubeObject> {
  type: WatchEventType;
  object: T;
}

/**
 * The client's end of a watch: events in order, without latency of its own. Drain `buffer` when `ready` wakes, or set
 * `onReady` (called whenever the buffer turns from empty to non-empty, and at the end).
 */
export interface WatchStream {
  readonly buffer: WatchEvent[];
  readonly ready: WaitQueue;
  onReady: (() => void) | undefined;
  /** True once the server has ended it (after a last ERROR event when it failed); the buffer may still hold events. */
  ended: boolean;
  /** The client leaves. */
  close(): void;
}

/** How a request names what it acts on: group "" is the core group. */
export interface Resource {
  group: string;
  version: string;
  /** Plural, lower case: `pods`. */
  resource: string;
  kind: string;
  namespaced: boolean;
}
