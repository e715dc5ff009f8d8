import { type Gen, type Kernel, SECOND } from "../kernel/index.ts";
import { isNetError } from "../network/error.ts";
import type { ApiClient } from "./client.ts";
import type { CertificateAuthenticator } from "./client-certificates.ts";
import type { HttpRequest } from "./http.ts";
import type { KubeObject } from "./types.ts";
import { ALL_AUTHENTICATED, ANONYMOUS, type User } from "./user.ts";

export interface DelegatedAuthOptions {
  kernel: Kernel;
  client: ApiClient;
  /** Who vouches for client certificates; undefined: nobody. */
  certificates: () => Gen<CertificateAuthenticator | undefined>;
  /** Whether tokens are shown to the API server, and strangers let in as such. */
  tokens: boolean;
  anonymous: boolean;
  /** How long answers of the API server are good for, in µs: 10 s each by default (apiserver pkg/server/options). */
  lives?: { token: number; allowed: number; denied: number };
}

interface Remembered<T> {
  value: T;
  until: number;
}

const LIVES = { token: 10 * SECOND, allowed: 10 * SECOND, denied: 10 * SECOND };
const LIMIT = 256;

/**
 * Who may ask a component on its own port: client certificates and tokens say who it is, the API server what they may, by
 * TokenReviews and SubjectAccessReviews (apiserver pkg/authentication/authenticatorfactory/delegating.go).
 */
export class DelegatedAuth {
  private readonly options: DelegatedAuthOptions;
  private readonly tokens = new Map<string, Remembered<User | undefined>>();
  private readonly decisions = new Map<string, Remembered<boolean>>();

  constructor(options: DelegatedAuthOptions) {
    this.options = options;
  }

  /** Undefined for a credential that does not hold, and for strangers where they are not let in. */
  *userOf({ clientCertificate, headers }: Pick<HttpRequest, "clientCertificate" | "headers">): Gen<User | undefined> {
    const { kernel, anonymous, tokens } = this.options;
    const [, token] = /^Bearer +(\S+)/i.exec(headers["authorization"] ?? "") ?? [];
    if (clientCertificate) {
      const certificates = yield* this.options.certificates();
      const user = certificates?.userOf(clientCertificate, kernel.wallMs);
      if (user) return { ...user, groups: [...user.groups, ALL_AUTHENTICATED] };
      if (certificates && token === undefined) return undefined;
    }
    if (token !== undefined) return tokens ? yield* this.reviewed(token) : undefined;
    return anonymous ? ANONYMOUS : undefined;
  }

  /** `attributes`: `resourceAttributes` or `nonResourceAttributes` of the review; undefined: nobody answered. */
  *allows(user: User, attributes: object): Gen<boolean | undefined> {
    const { kernel, lives = LIVES } = this.options;
    const { name, uid, groups, extra } = user;
    const key = JSON.stringify([name, uid, groups, extra, attributes]);
    const known = this.decisions.get(key);
    if (known && kernel.now < known.until) return known.value;
    const review = yield* this.ask("authorization.k8s.io", "SubjectAccessReview", {
      ...attributes,
      user: name,
      groups,
      ...(extra ? { extra } : {}),
      ...(uid ? { uid } : {}),
    });
    if (review === undefined) return undefined;
    const value = review["status"]?.allowed === true;
    remember(this.decisions, key, { value, until: kernel.now + (value ? lives.allowed : lives.denied) });
    return value;
  }

  private *reviewed(token: string): Gen<User | undefined> {
    const { kernel, lives = LIVES } = this.options;
    const known = this.tokens.get(token);
    if (known && kernel.now < known.until) return known.value;
    const review = yield* this.ask("authentication.k8s.io", "TokenReview", { token });
    const status = review?.["status"];
    const user: User | undefined = status?.authenticated
      ? { groups: [], ...status.user, name: status.user.username }
      : undefined;
    if (review) remember(this.tokens, token, { value: user, until: kernel.now + lives.token });
    return user;
  }

  /** A review that the API server has answered; undefined when it did not. */
  private *ask(group: string, kind: string, spec: object): Gen<KubeObject | undefined> {
    const body = { kind, apiVersion: `${group}/v1`, metadata: { creationTimestamp: null }, spec };
    try {
      const response = yield* this.options.client.request("POST", `/apis/${group}/v1/${kind.toLowerCase()}s`, body);
      return response.status < 300 && response.body.type === "object" ? (response.body.value as KubeObject) : undefined;
    } catch (error) {
      if (!isNetError(error)) throw error;
      return undefined;
    }
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= LIMIT) map.clear();
  map.set(key, value);
}
