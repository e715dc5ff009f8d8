import type { HttpRequest, HttpResponse } from "../api/http.ts";
import { encode, type Gen } from "../kernel/index.ts";
import type { Listener } from "../network/namespace.ts";
import { CHART_FILES } from "./charts.ts";
import { gatewayApiManifest } from "./gateway-api.ts";
import { type IngressProvider, ingressNginxManifest } from "./ingress-nginx.ts";
import { localPathManifest } from "./local-path.ts";
import { metallbManifest } from "./metallb.ts";
import { metricsServerManifest } from "./metrics-server.ts";
import { fabricCrds, fabricManifest } from "./nginx-gateway-fabric.ts";
import { phpApacheManifest } from "./php-apache.ts";

/** Where the hosts below are found, outside of the rack (TEST-NET-2, RFC 5737). */
export const PUBLISHED_ADDRESS = "198.51.100.10";

const INGRESS_NGINX = "https://raw.githubusercontent.com/kubernetes/ingress-nginx";
const LOCAL_PATH = "https://raw.githubusercontent.com/rancher/local-path-provisioner";
const METRICS_SERVER = "https://github.com/kubernetes-sigs/metrics-server/releases";

const METALLB = "https://raw.githubusercontent.com/metallb/metallb";
const GATEWAY_API = "https://github.com/kubernetes-sigs/gateway-api/releases";
/** The fabric's repository moved; both places lead to it. */
const FABRIC = ["nginx", "nginxinc"].map((owner) => `https://raw.githubusercontent.com/${owner}/nginx-gateway-fabric`);

/**
 * The few files of the outside world that labs fetch by their well-known URLs: manifests with our own words for the
 * objects that those URLs give. A new one is a file here and a line in this list.
 */
const FILES: Readonly<Record<string, () => string | Uint8Array>> = {
  ...CHART_FILES,
  [`${METRICS_SERVER}/latest/download/components.yaml`]: () => metricsServerManifest("v0.7.2"),
  [`${METRICS_SERVER}/download/v0.7.2/components.yaml`]: () => metricsServerManifest("v0.7.2"),
  [`${METRICS_SERVER}/download/v0.7.1/components.yaml`]: () => metricsServerManifest("v0.7.1"),
  ...ingressNginx("main", "v1.12.1"),
  ...ingressNginx("controller-v1.12.1", "v1.12.1"),
  ...ingressNginx("controller-v1.12.0", "v1.12.0"),
  ...ingressNginx("controller-v1.11.5", "v1.11.5"),
  [`${LOCAL_PATH}/master/deploy/local-path-storage.yaml`]: () => localPathManifest("v0.0.31"),
  ...Object.fromEntries(
    ["v0.0.24", "v0.0.26", "v0.0.28", "v0.0.30", "v0.0.31"].map((version) => [
      `${LOCAL_PATH}/${version}/deploy/local-path-storage.yaml`,
      () => localPathManifest(version),
    ]),
  ),
  ...Object.fromEntries(
    ["v0.13.12", "v0.14.3", "v0.14.4", "v0.14.5", "v0.14.8", "v0.14.9", "v0.15.2"].map((version) => [
      `${METALLB}/${version}/config/manifests/metallb-native.yaml`,
      () => metallbManifest(version),
    ]),
  ),
  [`${GATEWAY_API}/latest/download/standard-install.yaml`]: () => gatewayApiManifest("v1.2.1"),
  ...Object.fromEntries(
    ["v1.0.0", "v1.1.0", "v1.2.0", "v1.2.1", "v1.3.0"].map((version) => [
      `${GATEWAY_API}/download/${version}/standard-install.yaml`,
      () => gatewayApiManifest(version),
    ]),
  ),
  ...Object.fromEntries(
    FABRIC.flatMap((place) =>
      ["v1.3.0", "v1.4.0", "v1.5.0", "v1.5.1", "v1.6.0", "v1.6.1", "v1.6.2"].flatMap((version) => [
        [`${place}/${version}/deploy/crds.yaml`, fabricCrds],
        [`${place}/${version}/deploy/default/deploy.yaml`, () => fabricManifest(version, "LoadBalancer")],
        [`${place}/${version}/deploy/nodeport/deploy.yaml`, () => fabricManifest(version, "NodePort")],
      ]),
    ),
  ),
  "https://k8s.io/examples/application/php-apache.yaml": phpApacheManifest,
};

function ingressNginx(ref: string, version: string): Record<string, () => string> {
  const at = (directory: string, provider: IngressProvider) => ({
    [`${INGRESS_NGINX}/${ref}/deploy/static/provider/${directory}/deploy.yaml`]: () =>
      ingressNginxManifest(version, provider),
  });
  return { ...at("cloud", "cloud"), ...at("baremetal", "baremetal") };
}

/** Mirrors of packages: what they have is told by the programs that ask them (tools/system/packages). */
const MIRRORS = [
  "deb.debian.org",
  "security.debian.org",
  "archive.ubuntu.com",
  "security.ubuntu.com",
  "dl-cdn.alpinelinux.org",
];

const HOSTS = new Set([...Object.keys(FILES).map((url) => new URL(url).hostname), ...MIRRORS]);
/** Bases that people build straight from a repository (`kubectl kustomize URL?ref=VERSION`): owner/name, path, what it gives. */
const BASES: readonly [RegExp, (ref: string) => string][] = [
  [/^nginx(?:inc)?\/nginx-gateway-fabric\/config\/crd\/gateway-api\/standard$/, () => gatewayApiManifest("v1.2.1")],
  [/^kubernetes-sigs\/gateway-api\/config\/crd(?:\/standard)?$/, gatewayApiManifest],
];

/** The manifest of a base in a public repository, by `https://github.com/OWNER/NAME/PATH?ref=VERSION`. */
export function publishedBase(url: string): string | undefined {
  const match = /^https:\/\/github\.com\/([^?]+?)\/?(?:\?ref=(.*))?$/.exec(url.replace("//config", "/config"));
  const found = BASES.find(([pattern]) => pattern.test(match?.[1] ?? ""));
  return found?.[1](match?.[2] ?? "main");
}

/** Whether the rack's resolver knows a name. */
export function isPublished(host: string): boolean {
  return HOSTS.has(host.toLowerCase().replace(/\.$/, ""));
}

function* serve({ method, path, headers }: HttpRequest): Gen<HttpResponse> {
  const host = (headers["host"] ?? "").replace(/:\d+$/, "").toLowerCase();
  const file = FILES[`https://${host}${path.replace(/\?.*/, "")}`];
  const text = file === undefined ? "Not Found" : file();
  const bytes = method === "HEAD" ? new Uint8Array(0) : typeof text === "string" ? encode(text) : text;
  const type = file === undefined ? "text/plain; charset=utf-8" : "application/octet-stream";
  return {
    status: file === undefined ? 404 : 200,
    headers: {
      "content-type": type,
      "content-length": String(typeof text === "string" ? encode(text).length : text.length),
    },
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

/** The same by plain HTTP, as mirrors of packages are asked. */
export function plainListener(): Omit<Listener, "pid"> {
  return { protocol: "tcp", address: PUBLISHED_ADDRESS, port: 80, program: "www", http: serve };
}
