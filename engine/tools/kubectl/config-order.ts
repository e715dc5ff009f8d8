import type { Flags } from "./flags.ts";

/** When a command looks at the kubeconfig: upstream's commands ask their factory for things in an order of their own. */

/**
 * Commands that ask for the namespace, or make a client, before they look at their words (their Complete comes before
 * Validate).
 */
const FIRST: Readonly<Record<string, "namespace" | "client">> = {
  annotate: "namespace",
  apply: "namespace",
  attach: "client",
  "certificate approve": "namespace",
  "certificate deny": "namespace",
  cp: "client",
  debug: "client",
  describe: "namespace",
  events: "client",
  exec: "client",
  explain: "namespace",
  label: "namespace",
  patch: "namespace",
  replace: "namespace",
  "rollout history": "namespace",
  "rollout restart": "namespace",
  "rollout status": "client",
  "rollout undo": "namespace",
  "set env": "client",
  "set serviceaccount": "namespace",
  taint: "client",
  "top pod": "client",
};

/** What a command asks the kubeconfig for before it looks at its words; undefined for nothing. */
export function asksFirst(path: string): "namespace" | "client" | undefined {
  return Object.hasOwn(FIRST, path) ? FIRST[path] : undefined;
}

/** Commands that make a client before they ask for the namespace. */
const DIALS_FIRST = new Set(
  (
    "api-resources api-versions apply auth autoscale certificate cluster-info cordon diff drain explain expose replace run " +
    "uncordon version wait"
  ).split(" "),
);

/** Whether a client is made before the namespace is asked for: each complains of the configuration in its own words. */
export function dialsFirst(path: string, flags: Flags): boolean {
  const [verb = "", sub = ""] = path.split(" ");
  if (verb === "get") return flags.string("raw") !== "";
  if (verb === "create") return sub !== "token";
  if (verb === "top") return sub !== "pod";
  if (verb === "set") return sub === "env";
  return DIALS_FIRST.has(verb);
}
