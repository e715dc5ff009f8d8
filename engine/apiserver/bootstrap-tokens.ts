import { BOOTSTRAP_TOKEN, bootstrapTokenOf, tokenLeft } from "../api/bootstrap-token.ts";
import type { User } from "../api/user.ts";
import type { Kernel } from "../kernel/index.ts";
import type { Registry } from "./registry.ts";

/**
 * Who a bootstrap token stands for, by its Secret in kube-system; undefined for one that is unknown, over, or not for
 * authentication (plugin/pkg/auth/authenticator/token/bootstrap).
 */
export function bootstrapUser(registry: Registry, kernel: Kernel, given: string): User | undefined {
  const match = BOOTSTRAP_TOKEN.exec(given);
  if (match === null) return undefined;
  const secret = registry.cacheOf("", "v1", "secrets")?.get("kube-system", `bootstrap-token-${match[1]}`);
  const token = secret?.metadata.deletionTimestamp ? undefined : bootstrapTokenOf(secret);
  if (token === undefined || token.id !== match[1] || token.secret !== match[2]) return undefined;
  if (tokenLeft(token, kernel.wallMs) <= 0 || !token.usages.includes("authentication")) return undefined;
  const groups = token.groups.split(",").filter((group) => group !== "");
  return { name: `system:bootstrap:${token.id}`, groups: ["system:bootstrappers", ...groups] };
}
