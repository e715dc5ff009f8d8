import type { HttpResponse } from "../../api/http.ts";
import type { Draft } from "../../api/kind.ts";
import type { StatusCause } from "../../api/status.ts";
import { SYSTEM_MASTERS, type User } from "../../api/user.ts";
import { invalid as invalidCause, invalidText } from "../../api/validation/field.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import type { AccessAttributes } from "../authorization/attributes.ts";
import type { PolicyRule } from "../authorization/rbac.ts";
import { readBody } from "../body.ts";
import type { ResourceContext } from "../context.ts";
import { COSTS } from "../costs.ts";
import { decodeBody } from "../decode.ts";
import { badRequest, invalid } from "../errors.ts";
import { ok } from "../respond.ts";
import { nowTime } from "../time.ts";
import { fieldSelectorOf, selectorTrouble, selectorWords } from "./selectors.ts";

/** Kinds that are only asked: the answer is the object with its status. */

export function* selfSubjectAccessReview(context: ResourceContext): Gen<HttpResponse> {
  const review = yield* read(context);
  judge([...attributeWords(review.spec ?? {}), ...selectorWords(review.spec?.resourceAttributes)]);
  return answer(review, accessStatus(context, context.user, review.spec));
}

export function* subjectAccessReview(context: ResourceContext): Gen<HttpResponse> {
  const review = yield* read(context);
  judge([...attributeWords(review.spec ?? {}), ...userWords(review.spec ?? {})]);
  return answer(review, accessStatus(context, subjectOf(review.spec), review.spec));
}

export function* localSubjectAccessReview(context: ResourceContext): Gen<HttpResponse> {
  const review = yield* read(context);
  const { namespace } = context.info;
  review.metadata.namespace ??= namespace;
  if (review.metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  const { resourceAttributes: resource, nonResourceAttributes: other } = review.spec ?? {};
  const causes = [...attributeWords(review.spec ?? {}), ...userWords(review.spec ?? {})];
  if (resource && (resource.namespace ?? "") !== namespace) {
    causes.push(
      invalidCause("spec.resourceAttributes.namespace", resource.namespace ?? "", "must match metadata.namespace"),
    );
  }
  if (other) causes.push(otherWords(other, "disallowed on this kind of request"));
  judge(causes);
  return answer(review, accessStatus(context, subjectOf(review.spec), review.spec));
}

function subjectOf({ user = "", groups = [], uid, extra }: Draft): User {
  return { name: user, groups, ...(uid && { uid }), ...(extra && { extra }) };
}

/** Upstream names no kind in these (pkg/registry/authorization). */
function judge(causes: readonly StatusCause[]): void {
  if (causes.length > 0) throw invalid("authorization.k8s.io", "", "", causes);
}

/** pkg/apis/authorization/validation/validation.go. */
function attributeWords({ resourceAttributes: resource, nonResourceAttributes: other }: Draft): StatusCause[] {
  if (resource && other) return [otherWords(other, "cannot be specified in combination with resourceAttributes")];
  if (resource || other) return [];
  const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return [invalidCause("spec.resourceAttributes", "null", why)];
}

function otherWords({ path = "", verb = "" }: Draft, why: string): StatusCause {
  const shown = `authorization.NonResourceAttributes{Path:${JSON.stringify(path)}, Verb:${JSON.stringify(verb)}}`;
  return invalidText("spec.nonResourceAttributes", shown, why);
}

function userWords({ user = "", groups = [], resourceAttributes }: Draft): StatusCause[] {
  const selectors = selectorWords(resourceAttributes);
  if (user !== "" || groups.length > 0) return selectors;
  return [invalidCause("spec.user", "", "at least one of user or group must be specified"), ...selectors];
}

export function* selfSubjectRulesReview(context: ResourceContext): Gen<HttpResponse> {
  const review = yield* read(context);
  const namespace = review.spec?.namespace ?? "";
  if (namespace === "") throw badRequest("no namespace on request");
  const { rules, errors } = context.server.authorizer.rbac.rulesFor(context.user, namespace);
  const all: PolicyRule[] = context.user.groups.includes(SYSTEM_MASTERS)
    ? [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }, { nonResourceURLs: ["*"], verbs: ["*"] }, ...rules]
    : rules;
  const status = {
    resourceRules: all
      .filter(({ resources }) => resources?.length)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames && { resourceNames }),
      })),
    nonResourceRules: all
      .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: errors.length > 0,
    ...(errors.length > 0 && { evaluationError: errors.join(", ") }),
  };
  // Upstream answers with a new object: what was asked is not in it.
  return answer({ ...review, spec: {} }, status);
}

/** whoami. */
export function* selfSubjectReview(context: ResourceContext): Gen<HttpResponse> {
  const review = yield* read(context);
  review.metadata.creationTimestamp = nowTime(context.registry.kernel);
  return answer(review, { userInfo: userInfo(context.user) });
}

export function* tokenReview(context: ResourceContext): Gen<HttpResponse> {
  const review = yield* read(context);
  const token = review.spec?.token ?? "";
  if (token === "") throw badRequest("token is required for TokenReview in authentication");
  const user = context.server.tokens.userOf(token);
  if (user === undefined) return answer(review, { user: {}, error: "invalid bearer token" });
  const full = { ...user, groups: [...user.groups, "system:authenticated"] };
  return answer(review, { authenticated: true, user: userInfo(full), audiences: [...context.server.tokens.audiences] });
}

function* read(context: ResourceContext): Gen<Draft> {
  yield* cpu(COSTS.decode);
  return decodeBody(context, readBody(context.request, context.def.resource.kind), context.def.resource);
}

function answer(review: Draft, status: object): HttpResponse {
  const { kind, apiVersion, metadata, spec } = review;
  metadata.creationTimestamp ??= null;
  return ok({ kind, apiVersion, metadata, ...(spec && { spec }), status }, 201);
}

function userInfo({ name, uid, groups, extra }: User): object {
  return { username: name, ...(uid && { uid }), groups, ...(extra && { extra }) };
}

function accessStatus(context: ResourceContext, user: User, spec: Draft): object {
  const resource = spec?.resourceAttributes;
  const other = spec?.nonResourceAttributes;
  const attributes: AccessAttributes = resource
    ? {
        user,
        verb: resource.verb ?? "",
        namespace: resource.namespace ?? "",
        group: resource.group ?? "",
        resource: resource.resource ?? "",
        subresource: resource.subresource ?? "",
        name: resource.name ?? "",
        path: "",
        isResource: true,
        fieldSelector: fieldSelectorOf(resource),
      }
    : {
        user,
        verb: other.verb ?? "",
        namespace: "",
        group: "",
        resource: "",
        subresource: "",
        name: "",
        path: other.path ?? "",
        isResource: false,
      };
  const { allowed, reason } = context.server.authorizer.authorize(attributes);
  const evaluationError = resource && selectorTrouble(resource);
  return { allowed, ...(reason && { reason }), ...(evaluationError && { evaluationError }) };
}
