import { CertificateAuthenticator } from "../../api/client-certificates.ts";
import { DelegatedAuth } from "../../api/delegated-auth.ts";
import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { type Gen, MINUTE, SECOND } from "../../kernel/index.ts";
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

/** cacheTTL, cacheAuthorizedTTL and cacheUnauthorizedTTL as they are unless set. */
const LIVES = { token: 2 * MINUTE, allowed: 5 * MINUTE, denied: 30 * SECOND };

const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Who may ask a kubelet on its own port (pkg/kubelet/server/auth.go and server.go InstallAuthFilter, cmd/kubelet/app/auth.go). */
export class KubeletAuth {
  private readonly kubelet: Kubelet;
  private readonly always: boolean;
  private readonly auth: DelegatedAuth;

  constructor(kubelet: Kubelet, p: Process) {
    const { authentication, authorization } = kubelet.options.configuration as Settings;
    const ca = authentication.x509.clientCAFile;
    const certificates = ca ? new CertificateAuthenticator(sys.readText(p, ca)) : undefined;
    this.kubelet = kubelet;
    this.always = authorization.mode === "AlwaysAllow";
    this.auth = new DelegatedAuth({
      kernel: kubelet.kernel,
      client: kubelet.client,
      *certificates() {
        return certificates;
      },
      tokens: authentication.webhook.enabled,
      anonymous: authentication.anonymous.enabled,
      lives: LIVES,
    });
  }

  /** The answer for somebody who may not ask for this; undefined for who may. */
  *refusal(request: HttpRequest): Gen<HttpResponse | undefined> {
    const user = yield* this.auth.userOf(request);
    if (user === undefined) return text(401, "Unauthorized");
    if (this.always) return undefined;
    const verb = VERBS[request.method] ?? "";
    const subresource = subresourceOf(request.path);
    const about = `user=${user.name}, verb=${verb}, resource=nodes`;
    const { nodeName: name } = this.kubelet;
    const resourceAttributes = { verb, version: "v1", resource: "nodes", subresource, name };
    const allowed = yield* this.auth.allows(user, { resourceAttributes });
    if (allowed === undefined) return text(500, `Authorization error (${about}, subresource=${subresource})`);
    return allowed ? undefined : text(403, `Forbidden (${about}, subresource(s)=[${subresource}])\n`);
  }
}

/** Some pages have a subresource of their own, all others are `nodes/proxy`. */
function subresourceOf(path: string): string {
  const [, page = ""] = /^\/([^/?]*)/.exec(path) ?? [];
  return { stats: "stats", metrics: "metrics", logs: "log", spec: "spec" }[page] ?? "proxy";
}
