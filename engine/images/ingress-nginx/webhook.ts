import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode } from "../../kernel/index.ts";
import { answer } from "../servers/serving.ts";
import { canaryOf, type Settings, snippetOf } from "./annotations.ts";

interface Rules {
  rules?: { host?: string; http?: { paths?: { path?: string; pathType?: string }[] } }[];
}

/** What is wrong with an Ingress that would become the controller's own (controller.go CheckIngress); undefined: nothing. */
export function problemOf(ingress: KubeObject, others: readonly KubeObject[], settings: Settings): string | undefined {
  const snippet = settings.snippets ? undefined : snippetOf(ingress);
  if (snippet !== undefined) {
    return `${snippet} annotation cannot be used. Snippet directives are disabled by the Ingress administrator`;
  }
  const { rules = [] } = (ingress["spec"] ?? {}) as Rules;
  const wrong: string[] = [];
  for (const { http } of rules) {
    for (const { path = "", pathType } of http?.paths ?? []) {
      if (path === "" || pathType === "ImplementationSpecific" || /^\/[A-Za-z0-9._\-/]*$/.test(path)) continue;
      wrong.push(`path ${path} cannot be used with pathType ${pathType ?? "<nil>"}`);
    }
  }
  if (wrong.length > 0) return `ingress contains invalid paths: ${wrong.join("\n")}`;
  return canaryOf(ingress) === undefined ? overlap(ingress, rules, others) : undefined;
}

/** A host and path that another Ingress has already. */
function overlap(
  ingress: KubeObject,
  rules: NonNullable<Rules["rules"]>,
  others: readonly KubeObject[],
): string | undefined {
  const { namespace, name } = ingress.metadata;
  for (const other of others) {
    if (other.metadata.namespace === namespace && other.metadata.name === name) continue;
    if (canaryOf(other) !== undefined) continue;
    for (const { host = "", http } of rules) {
      for (const { path = "/", pathType } of http?.paths ?? []) {
        const same = ((other["spec"] as Rules).rules ?? []).some(
          (rule) =>
            (rule.host ?? "") === host &&
            rule.http?.paths?.some((one) => (one.path ?? "/") === path && one.pathType === pathType),
        );
        if (same) {
          return `host "${host}" and path "${path}" is already defined in ingress ${other.metadata.namespace}/${other.metadata.name}`;
        }
      }
    }
  }
  return undefined;
}

/** Answers an AdmissionReview; `judge` gives the words of a refusal. */
export function review(request: HttpRequest, judge: (ingress: KubeObject) => string | undefined): HttpResponse {
  const { body } = request;
  const asked = (
    body?.type === "object" ? body.value : body?.type === "bytes" ? parsed(decode(body.bytes)) : undefined
  ) as { apiVersion: string; kind: string; request?: { uid: string; object?: KubeObject | null } } | undefined;
  if (asked?.request === undefined) return answer(400, "couldn't decode the request\n");
  const { uid, object } = asked.request;
  const problem = object ? judge(object) : undefined;
  const response =
    problem === undefined
      ? { uid, allowed: true }
      : {
          uid,
          allowed: false,
          status: { metadata: {}, status: "Failure", message: problem, reason: "BadRequest", code: 400 },
        };
  const { apiVersion, kind } = asked;
  return answer(200, JSON.stringify({ apiVersion, kind, response }), { "content-type": "application/json" });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
