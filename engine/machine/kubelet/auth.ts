import { CertificateAuthenticator } from "../../api/client-certificates.ts";
import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import type { KubeObject } from "../../api/types.ts";
import { ALL_AUTHENTICATED, ANONYMOUS, type User } from "../../api/user.ts";
import { type Gen, MINUTE, SECOND } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import type { Process } from "../process.ts";
import * as sys from "../sys.ts";
import type { Kubelet } from "./kubelet.ts";
import { text } from "./server.ts";

/** What the configuration in force says about who may ask. */
interface Settings {
  authentication: {
    x509: { clientCAFile?: string };
    webhook: { enabled: boolean };
    anonymous: { enabled: boolean };
  };
  authorization: { mode: string };
}

/** How long an answer of the API server is good for, µs: cacheTTL, cacheAuthorizedTTL and cacheUnauthorizedTTL as they are unless set. */
const TOKEN_LIFE = 2 * MINUTE;
const ALLOWED_LIFE = 5 * MINUTE;
const DENIED_LIFE = 30 * SECOND;

interface Remembered<T> {
  value: T;
  until: number;
}

const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

const LIMIT = 256;

/**
 * Who may ask a kubelet on its own port: client certificates and tokens say who it is, the API server what they may
 * (pkg/kubelet/server/auth.go and server.go InstallAuthFilter, cmd/kubelet/app/auth.go).
 */
export class KubeletAuth {
  private readonly kubelet: Kubelet;
  private readonly settings: Settings;
  private readonly certificates: CertificateAuthenticator | undefined;
  private readonly tokens = new Map<string, Remembered<User | undefined>>();
  private readonly decisions = new Map<string, Remembered<boolean>>();

  constructor(kubelet: Kubelet, p: Process) {
    this.kubelet = kubelet;
    this.settings = kubelet.options.configuration as Settings;
    const ca = this.settings.authentication.x509.clientCAFile;
    this.certificates = ca ? new CertificateAuthenticator(sys.readText(p, ca)) : undefined;
  }

  /** The answer for somebody who may not ask for this; undefined for who may. */
  *refusal(request: HttpRequest): Gen<HttpResponse | undefined> {
    const user = yield* this.userOf(request);
    if (user === undefined) return text(401, "Unauthorized");
    if (this.settings.authorization.mode === "AlwaysAllow") return undefined;
    const verb = VERBS[request.method] ?? "";
    const subresource = subresourceOf(request.path);
    const about = `user=${user.name}, verb=${verb}, resource=nodes`;
    const allowed = yield* this.allows(user, verb, subresource);
    if (allowed === undefined) return text(500, `Authorization error (${about}, subresource=${subresource})`);
    return allowed ? undefined : text(403, `Forbidden (${about}, subresource(s)=[${subresource}])\n`);
  }

  private *userOf({ clientCertificate, headers }: HttpRequest): Gen<User | undefined> {
    const { kernel } = this.kubelet;
    const { anonymous, webhook } = this.settings.authentication;
    const [, token] = /^Bearer +(\S+)/i.exec(headers["authorization"] ?? "") ?? [];
    if (clientCertificate && this.certificates) {
      const user = this.certificates.userOf(clientCertificate, kernel.wallMs);
      if (user) return { ...user, groups: [...user.groups, ALL_AUTHENTICATED] };
      if (token === undefined) return undefined;
    }
    if (token !== undefined) return webhook.enabled ? yield* this.reviewed(token) : undefined;
    return anonymous.enabled ? ANONYMOUS : undefined;
  }

  private *reviewed(token: string): Gen<User | undefined> {
    const { kernel } = this.kubelet;
    const known = this.tokens.get(token);
    if (known && kernel.now < known.until) return known.value;
    const review = yield* this.ask(
      "/apis/authentication.k8s.io/v1/tokenreviews",
      "TokenReview",
      "authentication.k8s.io/v1",
      {
        token,
      },
    );
    const status = review?.["status"];
    const user: User | undefined = status?.authenticated
      ? { groups: [], ...status.user, name: status.user.username }
      : undefined;
    if (review) remember(this.tokens, token, { value: user, until: kernel.now + TOKEN_LIFE });
    return user;
  }

  private *allows(user: User, verb: string, subresource: string): Gen<boolean | undefined> {
    const { kernel, nodeName } = this.kubelet;
    const { name, uid, groups, extra } = user;
    const key = JSON.stringify([name, uid, groups, extra, verb, subresource]);
    const known = this.decisions.get(key);
    if (known && kernel.now < known.until) return known.value;
    const review = yield* this.ask(
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      "SubjectAccessReview",
      "authorization.k8s.io/v1",
      {
        resourceAttributes: { verb, version: "v1", resource: "nodes", subresource, name: nodeName },
        user: name,
        groups,
        ...(extra ? { extra } : {}),
        ...(uid ? { uid } : {}),
      },
    );
    if (review === undefined) return undefined;
    const value = review["status"]?.allowed === true;
    remember(this.decisions, key, { value, until: kernel.now + (value ? ALLOWED_LIFE : DENIED_LIFE) });
    return value;
  }

  /** A review that the API server has answered; undefined when it did not. */
  private *ask(path: string, kind: string, apiVersion: string, spec: object): Gen<KubeObject | undefined> {
    const body = { kind, apiVersion, metadata: { creationTimestamp: null }, spec };
    try {
      const response = yield* this.kubelet.client.request("POST", path, body);
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

/** Some pages have a subresource of their own, all others are `nodes/proxy`. */
function subresourceOf(path: string): string {
  const [, page = ""] = /^\/([^/?]*)/.exec(path) ?? [];
  return { stats: "stats", metrics: "metrics", logs: "log", spec: "spec" }[page] ?? "proxy";
}
