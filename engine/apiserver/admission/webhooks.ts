import { CelError, compileCel, toCel } from "../../api/cel/index.ts";
import type { Draft } from "../../api/kind.ts";
import { applyJsonPatch } from "../../api/patch/index.ts";
import { failure, type StatusError } from "../../api/status.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import { internalError } from "../errors.ts";
import { callWebhook, WebhookError } from "../webhook-call.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { admissionRequest } from "./admission-request.ts";
import { matchesRule, matchesSelectors, type Rule } from "./rule-match.ts";

const GROUP = "admissionregistration.k8s.io";

/** Asks the webhooks that a ValidatingWebhookConfiguration names (apiserver pkg/admission/plugin/webhook/validating). */
export const validatingAdmissionWebhook: AdmissionPlugin = {
  name: "ValidatingAdmissionWebhook",
  validate(attributes) {
    const hooks = hooksFor(attributes, "validatingwebhookconfigurations");
    if (hooks.length > 0) return askAll(hooks, attributes, false);
  },
};

/** The same for those that may change the object (…/webhook/mutating). */
export const mutatingAdmissionWebhook: AdmissionPlugin = {
  name: "MutatingAdmissionWebhook",
  mutate(attributes) {
    const hooks = hooksFor(attributes, "mutatingwebhookconfigurations");
    if (hooks.length > 0) return askAll(hooks, attributes, true);
  },
};

function hooksFor(attributes: Attributes, resource: string): Draft[] {
  const { registry } = attributes.context;
  const all = registry.cacheOf(GROUP, "v1", resource)?.everything();
  if (all === undefined || all.length === 0) return [];
  // A configuration is never judged by webhooks: one that is broken could not be repaired.
  if (attributes.def.resource.group === GROUP) return [];
  const out: Draft[] = [];
  for (const configuration of all) {
    for (const hook of configuration["webhooks"] ?? []) if (applies(hook, attributes)) out.push(hook);
  }
  return out;
}

function applies(hook: Draft, attributes: Attributes): boolean {
  const exact = hook.matchPolicy === "Exact";
  if (!(hook.rules ?? []).some((rule: Rule) => matchesRule(rule, attributes, exact))) return false;
  return matchesSelectors(attributes, hook.namespaceSelector, hook.objectSelector);
}

function* askAll(hooks: readonly Draft[], attributes: Attributes, mutating: boolean): Gen {
  for (const hook of hooks) {
    const { context, dryRun } = attributes;
    if (!conditionsHold(hook, attributes)) continue;
    if (dryRun && hook.sideEffects !== "None" && hook.sideEffects !== "NoneOnDryRun") {
      throw failure(400, "BadRequest", `admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
    }
    let response: Draft;
    try {
      response = yield* ask(hook, attributes);
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      if (hook.failurePolicy === "Ignore") continue;
      throw internalError(`failed calling webhook ${JSON.stringify(hook.name)}: ${error.message}`);
    }
    for (const warning of response.warnings ?? []) context.warnings.push(warning);
    if (!response.allowed) throw rejected(hook.name, response.status);
    if (mutating && response.patch) change(hook, attributes, response);
  }
}

function conditionsHold(hook: Draft, attributes: Attributes): boolean {
  for (const { name, expression } of hook.matchConditions ?? []) {
    const { object, old } = attributes;
    const request = toCel(admissionRequest(attributes, ""));
    try {
      const variables = { object: toCel(object ?? null), oldObject: toCel(old ?? null), request };
      if (compileCel(expression).run(variables) !== true) return false;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      if (hook.failurePolicy === "Ignore") return false;
      throw internalError(
        `failed calling webhook ${JSON.stringify(hook.name)}: match condition ${name}: ${error.message}`,
      );
    }
  }
  return true;
}

/** Words of webhook/errors/statuserror.go ToStatusErr. */
function rejected(name: string, status: Draft): StatusError {
  const head = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { message, reason, code } = status ?? {};
  const text = message ? `${head}: ${message}` : reason ? `${head}: ${reason}` : `${head} without explanation`;
  return failure(!code || code < 400 ? 403 : code, reason || "Forbidden", text, {});
}

function change(hook: Draft, attributes: Attributes, response: Draft): void {
  const object: Draft = attributes.object;
  let patched: Draft;
  try {
    patched = applyJsonPatch(object, JSON.parse(decode(fromBase64(response.patch))), true);
  } catch (error) {
    throw internalError(`failed calling webhook ${JSON.stringify(hook.name)}: ${(error as Error).message}`);
  }
  for (const key of Object.keys(object)) if (!(key in patched)) delete object[key];
  for (const key of Object.keys(patched)) object[key] = patched[key];
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function fromBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const char of text) {
    const six = ALPHABET.indexOf(char);
    if (six < 0) continue;
    value = ((value << 6) | six) & 0xffffff;
    bits += 6;
    if (bits >= 8) bytes.push((value >> (bits -= 8)) & 0xff);
  }
  return Uint8Array.from(bytes);
}

function* ask(hook: Draft, attributes: Attributes): Gen<Draft> {
  const { context } = attributes;
  const uid = context.registry.kernel.random("apiserver uids").uuid();
  const review = {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      ...admissionRequest(attributes, uid),
      object: attributes.object ?? null,
      oldObject: attributes.old ?? null,
    },
  };
  let answer: unknown;
  try {
    answer = yield* callWebhook(context, hook.clientConfig ?? {}, hook.timeoutSeconds ?? 10, review);
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    throw new WebhookError(`failed to call webhook: ${error.message}`);
  }
  const response = (answer as Draft)?.response;
  if (response === undefined || response.uid !== uid) {
    throw new WebhookError(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response?.uid ?? "")}`);
  }
  return response;
}
