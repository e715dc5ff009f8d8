/** An RBAC rule of the bootstrap policy. */
export interface Rule {
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
  verbs: readonly string[];
}

export const READ = "get list watch";
export const WRITE = "create delete deletecollection patch update";
export const READ_WRITE = "create delete deletecollection get list patch update watch";

/** `rule("get list", "apps,extensions", "deployments")`; the core group is "". Lists are put in order, as upstream's are. */
export function rule(verbs: string, groups: string, resources: string, names?: string): Rule {
  return {
    apiGroups: groups.split(",").sort(),
    ...(names !== undefined && { resourceNames: words(names) }),
    resources: words(resources),
    verbs: words(verbs),
  };
}

export function urls(verbs: string, paths: string): Rule {
  return { nonResourceURLs: words(paths), verbs: words(verbs) };
}

/** What everything that records events needs. */
export const EVENTS: Rule = rule("create patch update", ",events.k8s.io", "events");

function words(text: string): string[] {
  return text.split(" ").sort();
}
