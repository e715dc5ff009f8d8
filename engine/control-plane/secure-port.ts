import { BUILD_HELP, buildInfo, buildLabels } from "../api/build-info.ts";
import type { ApiClient } from "../api/client.ts";
import { CertificateAuthenticator } from "../api/client-certificates.ts";
import { DelegatedAuth } from "../api/delegated-auth.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../api/http.ts";
import type { LeaderElection } from "../api/leader-election.ts";
import { requestCounts } from "../api/request-counts.ts";
import { CONFIG_MAPS } from "../api/resources.ts";
import { failure, StatusError } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { User } from "../api/user.ts";
import { isForPeople } from "../apiserver/index.ts";
import { encode, type Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { Process } from "../machine/process.ts";
import { processFamilies } from "../machine/process-metrics.ts";
import * as sys from "../machine/sys.ts";
import { isNetError } from "../network/index.ts";
import { Exposition } from "../text/exposition.ts";
import { healthPages } from "./daemon.ts";

export interface SecurePort {
  client: ApiClient;
  /** `--client-ca-file`; without it, whom the API servers have published. */
  clientCa: string | undefined;
  /** The page `/metrics`. */
  metrics(): string;
}

const PAGES = new Set(["/metrics"]);
const PLAIN = "text/plain; charset=utf-8";
const METRICS = "text/plain; version=0.0.4; charset=utf-8";

/**
 * The port of kube-scheduler and kube-controller-manager: health pages for everybody, the rest for those who may get the
 * page's path (apiserver pkg/server/options, authorization.AlwaysAllowPaths).
 */
export function securePort(p: Process, port: SecurePort): { http: HttpHandler; well: (path: string) => boolean } {
  const health = healthPages("/healthz", "/livez", "/readyz");
  const auth = new DelegatedAuth({
    kernel: p.machine.kernel,
    client: port.client,
    certificates: authorities(p, port),
    tokens: true,
    anonymous: true,
  });
  return {
    well: health.well,
    *http(request) {
      if (health.well(request.path)) return yield* health.http(request);
      const path = request.path.replace(/\?.*/s, "");
      const user = yield* auth.userOf(request);
      if (user === undefined) return status(request, failure(401, "Unauthorized", "Unauthorized"));
      const verb = request.method.toLowerCase();
      const allowed = yield* auth.allows(user, { nonResourceAttributes: { path, verb } });
      if (allowed === undefined) {
        return page(500, `Internal Server Error: ${JSON.stringify(request.path)}: no API server answers\n`, PLAIN);
      }
      if (!allowed) return status(request, forbidden(user, verb, path));
      if (!PAGES.has(path)) return page(404, "404 page not found\n", PLAIN);
      return page(200, port.metrics(), METRICS);
    },
  };
}

/** Who vouches for client certificates: the flag's file, or the ConfigMap of the API servers, which is read once. */
function authorities(p: Process, { client, clientCa }: SecurePort): () => Gen<CertificateAuthenticator | undefined> {
  let found: CertificateAuthenticator | undefined;
  return function* () {
    if (found !== undefined) return found;
    try {
      const text =
        clientCa === undefined
          ? (yield* client.get<KubeObject & { data?: Record<string, string> }>(
              CONFIG_MAPS,
              "kube-system",
              "extension-apiserver-authentication",
            )).data?.["client-ca-file"]
          : sys.readText(p, clientCa);
      if (text !== undefined) found = new CertificateAuthenticator(text);
    } catch (error) {
      if (!(error instanceof StatusError) && !isNetError(error) && !isErrno(error)) throw error;
    }
    return found;
  };
}

function forbidden(user: User, verb: string, path: string): StatusError {
  const why = `User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}`;
  return failure(403, "Forbidden", `forbidden: ${why}`, {});
}

function status({ headers }: HttpRequest, error: StatusError): HttpResponse {
  const { code } = error.status;
  const layout = isForPeople(headers) ? ({ layout: "indented" } as const) : {};
  return {
    status: code,
    headers: { "content-type": "application/json" },
    body: { type: "object", value: error.status, ...layout },
  };
}

function page(code: number, text: string, type: string): HttpResponse {
  return { status: code, headers: { "content-type": type }, body: { type: "bytes", bytes: encode(text) } };
}

/** A component's page `/metrics`: what all have, and its own families. */
export function componentMetrics(
  component: { process: Process; name: string; election: LeaderElection | undefined; release: string },
  own: (out: Exposition) => void = () => {},
): string {
  const { process, name, election, release } = component;
  const out = new Exposition();
  out.add("kubernetes_build_info", "gauge", BUILD_HELP, [{ labels: buildLabels(release), value: 1 }]);
  if (election) {
    out.add(
      "leader_election_master_status",
      "gauge",
      "[ALPHA] Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. " +
        "'name' is the string used to identify the lease. Please make sure to group by name.",
      [{ labels: { name }, value: election.leading ? 1 : 0 }],
    );
  }
  processFamilies(out, process, buildInfo(release).goVersion);
  requestCounts(process).families(out);
  own(out);
  return out.page();
}
