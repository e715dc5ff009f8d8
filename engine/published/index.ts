import type { HttpRequest, HttpResponse } from "../api/http.ts";
import { encode, type Gen } from "../kernel/index.ts";
import type { Listener } from "../network/namespace.ts";
import { metricsServerManifest } from "./metrics-server.ts";
import { phpApacheManifest } from "./php-apache.ts";

/** Where the hosts below are found, outside of the rack (TEST-NET-2, RFC 5737). */
export const PUBLISHED_ADDRESS = "198.51.100.10";

const METRICS_SERVER = "https://github.com/kubernetes-sigs/metrics-server/releases";

/**
 * The few files of the outside world that labs fetch by their well-known URLs: manifests with our own words for the
 * objects that those URLs give. A new one is a file here and a line in this list.
 */
const FILES: Readonly<Record<string, () => string>> = {
  [`${METRICS_SERVER}/latest/download/components.yaml`]: () => metricsServerManifest("v0.7.2"),
  [`${METRICS_SERVER}/download/v0.7.2/components.yaml`]: () => metricsServerManifest("v0.7.2"),
  [`${METRICS_SERVER}/download/v0.7.1/components.yaml`]: () => metricsServerManifest("v0.7.1"),
  "https://k8s.io/examples/application/php-apache.yaml": phpApacheManifest,
};

const HOSTS = new Set(Object.keys(FILES).map((url) => new URL(url).hostname));

/** Whether the rack's resolver knows a name. */
export function isPublished(host: string): boolean {
  return HOSTS.has(host.toLowerCase().replace(/\.$/, ""));
}

function* serve({ method, path, headers }: HttpRequest): Gen<HttpResponse> {
  const host = (headers["host"] ?? "").replace(/:\d+$/, "").toLowerCase();
  const file = FILES[`https://${host}${path.replace(/\?.*/, "")}`];
  const text = file === undefined ? "Not Found" : file();
  const bytes = encode(method === "HEAD" ? "" : text);
  const type = file === undefined ? "text/plain; charset=utf-8" : "application/octet-stream";
  return {
    status: file === undefined ? 404 : 200,
    headers: { "content-type": type, "content-length": String(encode(text).length) },
    body: { type: "bytes", bytes },
  };
}

/** The server behind all of those names. */
export function publishedListener(): Omit<Listener, "pid"> {
  return {
    protocol: "tcp",
    address: PUBLISHED_ADDRESS,
    port: 443,
    program: "www",
    tls: true,
    publicAuthority: true,
    http: serve,
  };
}
