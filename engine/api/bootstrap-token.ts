import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { decode, decodeBase64, encode, encodeBase64Url } from "../kernel/index.ts";
import { parseTime } from "./time.ts";
import type { KubeObject } from "./types.ts";

/** Type of the Secrets in kube-system that are bootstrap tokens (k8s.io/cluster-bootstrap). */
export const BOOTSTRAP_TOKEN_TYPE = "bootstrap.kubernetes.io/token";

/** `id.secret`. */
export const BOOTSTRAP_TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

export interface BootstrapToken {
  id: string;
  secret: string;
  /** RFC 3339; undefined for one that does not end. */
  expiration: string | undefined;
  /** `signing`, `authentication`, in order. */
  usages: readonly string[];
  description: string;
  /** Groups besides `system:bootstrappers`, with commas. */
  groups: string;
}

/** The token that a Secret is; undefined for another Secret. */
export function bootstrapTokenOf(secret: KubeObject | undefined): BootstrapToken | undefined {
  if (secret === undefined || secret["type"] !== BOOTSTRAP_TOKEN_TYPE) return undefined;
  const value = (name: string) => decode(decodeBase64(secret["data"]?.[name] ?? "") ?? new Uint8Array(0));
  const usages = Object.keys(secret["data"] ?? {})
    .filter((name) => name.startsWith("usage-bootstrap-") && value(name) === "true")
    .map((name) => name.slice("usage-bootstrap-".length))
    .sort();
  return {
    id: value("token-id"),
    secret: value("token-secret"),
    expiration: value("expiration") || undefined,
    usages,
    description: value("description"),
    groups: value("auth-extra-groups"),
  };
}

/** Milliseconds that a token still has at `nowMs`; infinite for one that does not end. */
export function tokenLeft({ expiration }: BootstrapToken, nowMs: number): number {
  return expiration === undefined ? Number.POSITIVE_INFINITY : parseTime(expiration) - nowMs;
}

/** JWS (HS256, detached) by which those who know a token's secret can tell that a text is the cluster's. */
export function detachedSignature(text: string, { id, secret }: Pick<BootstrapToken, "id" | "secret">): string {
  const header = encodeBase64Url(encode(JSON.stringify({ alg: "HS256", kid: id })));
  const payload = encodeBase64Url(encode(text));
  return `${header}..${encodeBase64Url(hmac(sha256, encode(secret), encode(`${header}.${payload}`)))}`;
}
