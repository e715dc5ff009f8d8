import type { Draft } from "../kind.ts";

/** Defaults of webhooks and admission policies (pkg/apis/admissionregistration). */

export function defaultWebhooks(draft: Draft, mutating: boolean): void {
  for (const hook of draft.webhooks ?? []) {
    hook.failurePolicy ??= "Fail";
    hook.matchPolicy ??= "Equivalent";
    hook.namespaceSelector ??= {};
    hook.objectSelector ??= {};
    hook.timeoutSeconds ??= 10;
    if (mutating) hook.reinvocationPolicy ??= "Never";
    if (hook.clientConfig?.service) hook.clientConfig.service.port ??= 443;
    for (const rule of hook.rules ?? []) rule.scope ??= "*";
  }
}

export function defaultPolicy(draft: Draft): void {
  if (!draft.spec) return;
  draft.spec.failurePolicy ??= "Fail";
  defaultMatch(draft.spec.matchConstraints);
}

export function defaultBinding(draft: Draft): void {
  defaultMatch(draft.spec?.matchResources);
}

function defaultMatch(match: Draft): void {
  if (!match) return;
  match.matchPolicy ??= "Equivalent";
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const list of ["resourceRules", "excludeResourceRules"])
    for (const rule of match[list] ?? []) rule.scope ??= "*";
}
