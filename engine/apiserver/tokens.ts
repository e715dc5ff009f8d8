import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { User } from "../api/user.ts";
import { decode, decodeBase64, encode, encodeBase64, encodeBase64Url, type Kernel } from "../kernel/index.ts";
import { jwtHeader, keyIdOf, signJwt } from "../pki/jwt-signature.ts";
import type { Registry } from "./registry.ts";

/** Claims of a ServiceAccount token (pkg/serviceaccount/claims.go). */
export interface Claims {
  aud: string[];
  exp: number;
  iat: number;
  iss: string;
  jti: string;
  "kubernetes.io": {
    namespace: string;
    node?: { name: string; uid: string };
    pod?: { name: string; uid: string };
    secret?: { name: string; uid: string };
    serviceaccount: { name: string; uid: string };
    warnafter?: number;
  };
  nbf: number;
  sub: string;
}

/** Claims of a token that lies in a Secret and never ends (pkg/serviceaccount/legacy.go). */
export interface LegacyClaims {
  iss: typeof LEGACY_ISSUER;
  "kubernetes.io/serviceaccount/namespace": string;
  "kubernetes.io/serviceaccount/secret.name": string;
  "kubernetes.io/serviceaccount/service-account.name": string;
  "kubernetes.io/serviceaccount/service-account.uid": string;
  sub: string;
}

const LEGACY_ISSUER = "kubernetes/serviceaccount";

export interface TokenOptions {
  kernel: Kernel;
  registry: Registry;
  /** P-256 private key, 32 bytes. */
  key: Uint8Array;
  issuer: string;
  audiences: readonly string[];
}

const verifiedOf = new WeakMap<Registry, Map<string, Claims | LegacyClaims>>();

/** Issues and checks ServiceAccount tokens: JWTs signed with ES256 (RFC 7518 §3.4). */
export class TokenAuthenticator {
  readonly issuer: string;
  readonly audiences: readonly string[];
  private readonly kernel: Kernel;
  private readonly registry: Registry;
  private readonly key: Uint8Array;
  private header: string | undefined;
  private publicKey: Uint8Array | undefined;
  /** Claims of tokens that were signed or verified, by any API server of the cluster. */
  private readonly verified: Map<string, Claims | LegacyClaims>;

  constructor(options: TokenOptions) {
    this.kernel = options.kernel;
    this.registry = options.registry;
    this.key = options.key;
    this.issuer = options.issuer;
    this.audiences = options.audiences;
    let verified = verifiedOf.get(options.registry);
    if (verified === undefined) verifiedOf.set(options.registry, (verified = new Map()));
    this.verified = verified;
  }

  /** Signs and remembers. */
  sign(claims: Claims): string {
    const token = signJwt(claims, this.key, this.encodedHeader());
    this.verified.set(token, claims);
    return token;
  }

  /** The ServiceAccount a token stands for; undefined for one that is forged, expired or orphaned. */
  userOf(token: string): User | undefined {
    const claims = this.verified.get(token) ?? this.verify(token);
    if (claims === undefined) return undefined;
    if (isLegacy(claims)) return this.legacyUser(claims, token);
    if (!this.alive(claims)) return undefined;
    if (!claims.aud.some((audience) => this.audiences.includes(audience))) return undefined;
    return userOfClaims(claims);
  }

  /** The two documents by which others can verify tokens. */
  document(path: string): object {
    this.publicKey ??= p256.getPublicKey(this.key);
    if (path !== "/openid/v1/jwks") {
      return {
        issuer: this.issuer,
        jwks_uri: "https://192.168.108.10:6443/openid/v1/jwks",
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
      };
    }
    const point = p256.getPublicKey(this.key, false);
    const x = encodeBase64Url(point.subarray(1, 33));
    const y = encodeBase64Url(point.subarray(33));
    return { keys: [{ use: "sig", kty: "EC", kid: keyIdOf(this.key), crv: "P-256", alg: "ES256", x, y }] };
  }

  private verify(token: string): Claims | LegacyClaims | undefined {
    const [header, payload, signature] = token.split(".");
    if (header !== this.encodedHeader() || payload === undefined || signature === undefined) return undefined;
    const bytes = decodeBase64(signature);
    const text = decodeBase64(payload);
    if (bytes?.length !== 64 || text === undefined) return undefined;
    this.publicKey ??= p256.getPublicKey(this.key);
    try {
      const digest = sha256(encode(`${header}.${payload}`));
      if (!p256.verify(bytes, digest, this.publicKey, { prehash: false, lowS: false })) return undefined;
      const claims = JSON.parse(decode(text)) as Claims | LegacyClaims;
      this.verified.set(token, claims);
      return claims;
    } catch {
      return undefined;
    }
  }

  /** As long as the Secret holds this very token, for the account it was made for (legacy.go Validate). */
  private legacyUser(claims: LegacyClaims, token: string): User | undefined {
    const namespace = claims["kubernetes.io/serviceaccount/namespace"];
    const name = claims["kubernetes.io/serviceaccount/service-account.name"];
    const uid = claims["kubernetes.io/serviceaccount/service-account.uid"];
    const secret = this.registry
      .cacheOf("", "v1", "secrets")
      ?.get(namespace, claims["kubernetes.io/serviceaccount/secret.name"]);
    if (secret === undefined || secret.metadata.deletionTimestamp) return undefined;
    if (secret["data"]?.token !== encodeBase64(encode(token))) return undefined;
    const account = this.registry.cacheOf("", "v1", "serviceaccounts")?.get(namespace, name);
    if (account?.metadata.uid !== uid || account.metadata.deletionTimestamp) return undefined;
    return {
      name: `system:serviceaccount:${namespace}:${name}`,
      uid,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
      extra: {},
    };
  }

  /** Within its time, and what it is bound to still exists (pkg/serviceaccount/claims.go Validate). */
  private alive(claims: Claims): boolean {
    const seconds = this.kernel.wallMs / 1000;
    if (claims.iss !== this.issuer || seconds < claims.nbf || seconds > claims.exp) return false;
    const { namespace, serviceaccount, pod } = claims["kubernetes.io"];
    const account = this.registry.cacheOf("", "v1", "serviceaccounts")?.get(namespace, serviceaccount.name);
    if (account?.metadata.uid !== serviceaccount.uid) return false;
    if (pod === undefined) return true;
    return this.registry.cacheOf("", "v1", "pods")?.get(namespace, pod.name)?.metadata.uid === pod.uid;
  }

  private encodedHeader(): string {
    this.header ??= jwtHeader(this.key);
    return this.header;
  }
}

function isLegacy(claims: Claims | LegacyClaims): claims is LegacyClaims {
  return claims.iss === LEGACY_ISSUER;
}

const users = new WeakMap<Claims, User>();

function userOfClaims(claims: Claims): User {
  let user = users.get(claims);
  if (user === undefined) {
    const { namespace, serviceaccount, pod, node } = claims["kubernetes.io"];
    const extra: Record<string, readonly string[]> = {
      "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`],
    };
    if (node) {
      extra["authentication.kubernetes.io/node-name"] = [node.name];
      extra["authentication.kubernetes.io/node-uid"] = [node.uid];
    }
    if (pod) {
      extra["authentication.kubernetes.io/pod-name"] = [pod.name];
      extra["authentication.kubernetes.io/pod-uid"] = [pod.uid];
    }
    user = Object.freeze({
      name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
      uid: serviceaccount.uid,
      groups: Object.freeze(["system:serviceaccounts", `system:serviceaccounts:${namespace}`]),
      extra: Object.freeze(extra),
    });
    users.set(claims, user);
  }
  return user;
}
