import type { HttpResponse } from "../../api/http.ts";
import { notFound } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import { readBody } from "../body.ts";
import type { ResourceContext } from "../context.ts";
import { COSTS } from "../costs.ts";
import { decodeBody } from "../decode.ts";
import { badRequest, conflictBecause, invalid } from "../errors.ts";
import { ok } from "../respond.ts";
import { nowTime } from "../time.ts";
import type { Claims } from "../tokens.ts";

const TOKEN_REQUEST = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
const DEFAULT_SECONDS = 3600;
const LEAST_SECONDS = 600;
const MOST_SECONDS = 2 ** 32;
/** A projected volume asks for 3607 s; such tokens live a year, for clients that do not read them again (pkg/serviceaccount). */
const WARN_AFTER = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

/** POST serviceaccounts/<name>/token (pkg/registry/core/serviceaccount/storage/token.go). */
export function* issueToken(context: ResourceContext): Gen<HttpResponse> {
  const { def, info, registry, request, server } = context;
  yield* cpu(COSTS.decode);
  const asked = decodeBody(context, readBody(request, "TokenRequest"), TOKEN_REQUEST);
  const { name = info.name, namespace = info.namespace } = asked.metadata;
  if (namespace !== info.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  const account = registry.cache(def).get(info.namespace, info.name);
  if (account === undefined) throw notFound("", "serviceaccounts", info.name);
  if (name !== info.name) {
    const why = `Invalid value: ${JSON.stringify(name)}: must match the service account name if specified`;
    throw invalid("authentication.k8s.io", "TokenRequest", info.name, [
      { reason: "FieldValueInvalid", message: why, field: "metadata.name" },
    ]);
  }
  const seconds: number = asked.spec?.expirationSeconds ?? DEFAULT_SECONDS;
  validate(seconds);
  const audiences: string[] = asked.spec?.audiences?.length > 0 ? asked.spec.audiences : [...server.tokens.audiences];
  const reference = asked.spec?.boundObjectRef;
  const bound = reference ? boundObject(context, reference) : {};
  const now = Math.floor(registry.kernel.wallMs / 1000);
  const extended = seconds === WARN_AFTER && reference !== undefined && reference !== null;
  const jti = registry.kernel.random("apiserver tokens").uuid();
  const claims: Claims = {
    aud: audiences,
    exp: now + (extended ? EXTENDED_SECONDS : seconds),
    iat: now,
    iss: server.tokens.issuer,
    jti,
    "kubernetes.io": {
      namespace: info.namespace,
      ...bound,
      serviceaccount: { name: info.name, uid: account.metadata.uid },
      ...(extended && { warnafter: now + seconds }),
    },
    nbf: now,
    sub: `system:serviceaccount:${info.namespace}:${info.name}`,
  };
  let token: string | undefined;
  // A getter, so that only tokens that somebody reads are signed.
  const status = {
    get token(): string {
      token ??= server.tokens.sign(claims);
      return token;
    },
    expirationTimestamp: formatTime((now + seconds) * 1000),
  };
  const answer = {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name: info.name, namespace: info.namespace, creationTimestamp: nowTime(registry.kernel) },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: reference ?? null },
    status,
  };
  return ok(answer, 201);
}

function validate(seconds: number): void {
  const refuse = (why: string) =>
    invalid("authentication.k8s.io", "TokenRequest", "", [
      { reason: "FieldValueInvalid", message: `Invalid value: ${seconds}: ${why}`, field: "spec.expirationSeconds" },
    ]);
  if (seconds < LEAST_SECONDS) throw refuse("may not specify a duration less than 10 minutes");
  if (seconds > MOST_SECONDS) throw refuse("may not specify a duration larger than 2^32 seconds");
}

type Bound = Pick<Claims["kubernetes.io"], "pod" | "node" | "secret">;

function boundObject(
  { registry, info }: ResourceContext,
  reference: { kind: string; apiVersion?: string; name: string; uid?: string },
): Bound {
  const { kind, name, uid } = reference;
  const found = (group: string, resource: string, namespace: string): KubeObject => {
    const object = registry.cacheOf(group, "v1", resource)?.get(namespace, name);
    if (object === undefined) throw notFound(group, resource, name);
    if (uid && uid !== object.metadata.uid) {
      const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
      throw conflictBecause(group, kind, name, why);
    }
    return object;
  };
  if (kind === "Pod") {
    const pod = found("", "pods", info.namespace);
    if (pod["spec"]?.serviceAccountName !== info.name) {
      throw invalid("authentication.k8s.io", "TokenRequest", "", [
        {
          reason: "FieldValueInvalid",
          message: `Invalid value: "${name}": cannot bind token for serviceaccount "${info.name}" to pod running with different serviceaccount name.`,
          field: "spec.boundObjectRef",
        },
      ]);
    }
    const node = registry.cacheOf("", "v1", "nodes")?.get("", pod["spec"]?.nodeName ?? "");
    return {
      ...(node && { node: { name: node.metadata.name, uid: node.metadata.uid } }),
      pod: { name, uid: pod.metadata.uid },
    };
  }
  if (kind === "Secret") return { secret: { name, uid: found("", "secrets", info.namespace).metadata.uid } };
  if (kind === "Node") return { node: { name, uid: found("", "nodes", "").metadata.uid } };
  const { apiVersion = "" } = reference;
  throw badRequest(
    `cannot bind token to object of type ${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`,
  );
}
