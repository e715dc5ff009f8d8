import type { Draft, KindDef } from "../../api/kind.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { ResourceContext } from "../context.ts";

/** What an admission plugin judges (apiserver pkg/admission/attributes.go). */
export interface Attributes {
  readonly context: ResourceContext;
  readonly def: KindDef;
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** The object to come; undefined for DELETE. Mutating plugins may write to it. */
  readonly object: Draft | undefined;
  /** The object that is; undefined for CREATE. */
  readonly old: KubeObject | undefined;
  readonly dryRun: boolean;
}

/** One plugin, one file. It refuses by throwing a StatusError; one that has to ask somebody does so in steps. */
export interface AdmissionPlugin {
  readonly name: string;
  mutate?(attributes: Attributes): Gen | void;
  validate?(attributes: Attributes): Gen | void;
}

export function* mutate(plugins: readonly AdmissionPlugin[], attributes: Attributes): Gen {
  for (const plugin of plugins) {
    const steps = plugin.mutate?.(attributes);
    if (steps) yield* steps;
  }
}

export function* validate(plugins: readonly AdmissionPlugin[], attributes: Attributes): Gen {
  for (const plugin of plugins) {
    const steps = plugin.validate?.(attributes);
    if (steps) yield* steps;
  }
}
