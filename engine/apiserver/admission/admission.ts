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

/** Lets every plugin change the object; gives steps to take where one of them has any. */
export function mutate(plugins: readonly AdmissionPlugin[], attributes: Attributes): Gen | undefined {
  for (let i = 0; i < plugins.length; i++) {
    const steps = plugins[i]!.mutate?.(attributes);
    if (steps) return rest(steps, plugins.slice(i + 1), (plugin) => plugin.mutate?.(attributes));
  }
  return undefined;
}

/** Lets every plugin judge the object, likewise. */
export function validate(plugins: readonly AdmissionPlugin[], attributes: Attributes): Gen | undefined {
  for (let i = 0; i < plugins.length; i++) {
    const steps = plugins[i]!.validate?.(attributes);
    if (steps) return rest(steps, plugins.slice(i + 1), (plugin) => plugin.validate?.(attributes));
  }
  return undefined;
}

function* rest(first: Gen, plugins: readonly AdmissionPlugin[], ask: (plugin: AdmissionPlugin) => Gen | void): Gen {
  yield* first;
  for (const plugin of plugins) {
    const steps = ask(plugin);
    if (steps) yield* steps;
  }
}
