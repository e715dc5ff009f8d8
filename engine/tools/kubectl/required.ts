import { KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

/** Flags that cobra insists on. */
export function requireFlags(k: Invocation, names: readonly string[]): void {
  const missing = names.filter((name) => !k.flags.changed(name));
  if (missing.length > 0) throw new KubectlError(`required flag(s) "${missing.join('", "')}" not set`);
}
