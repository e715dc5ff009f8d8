import type { HttpRequest, HttpResponse } from "../api/http.ts";
import { encode, type Gen } from "../kernel/index.ts";
import type { Listener } from "../network/namespace.ts";
import { argoCdCrds, argoCdManifest } from "./argo-cd.ts";
import { calicoManifest } from "./calico.ts";
import { certManagerCrds, certManagerManifest } from "./cert-manager.ts";
import { CHART_FILES } from "./charts.ts";
import { dashboardManifest } from "./dashboard.ts";
import { publishedExample } from "./examples/index.ts";
import { gatewayApiManifest } from "./gateway-api.ts";
import { GET_HELM, helmRelease } from "./helm-release.ts";
import { type IngressProvider, ingressNginxManifest } from "./ingress-nginx.ts";
import { kubeFlannelManifest } from "./kube-flannel.ts";
import { kubernetesRelease, RELEASE_KEY } from "./kubernetes-release.ts";
import { localPathManifest } from "./local-path.ts";
import { metallbManifest } from "./metallb.ts";
import { metricsServerManifest } from "./metrics-server.ts";
import { fabricCrds, fabricManifest } from "./nginx-gateway-fabric.ts";
import { phpApacheManifest } from "./php-apache.ts";
import { publishedArtifact, REGISTRY_HOSTS } from "./registry.ts";
import { calicoCustomResources, operatorCrdsManifest, tigeraOperatorManifest } from "./tigera-operator.ts";

/** Where the hosts below are found, outside of the rack (TEST-NET-2, RFC 5737). */
export const PUBLISHED_ADDRESS = "198.51.100.10";

/**
 * The few files of the outside world that labs fetch by their well-known URLs: manifests with our own words for the
 * objects that those URLs give. A new one is a file here and a line in this list, or among the releases below.
 */
const FILES: Readonly<Record<string, () => string | Uint8Array>> = {
  ...CHART_FILES,
  "https://k8s.io/examples/application/php-apache.yaml": phpApacheManifest,
  "https://raw.githubusercontent.com/kubernetes/website/main/content/en/examples/application/php-apache.yaml":
    phpApacheManifest,
  "https://raw.githubusercontent.com/helm/helm/main/scripts/get-helm-3": () => GET_HELM,
  "https://raw.githubusercontent.com/helm/helm/master/scripts/get-helm-3": () => GET_HELM,
};

/** Keys of package repositories. */
const KEYS = /^pkgs\.k8s\.io\/core:\/stable:\/v1\.\d+\/deb\/Release\.key$/;

/** The server of the examples that is reached by HTTPS (staging/https-nginx), whose files a Secret brings. */
const HTTPS_NGINX = `server {
    listen 80 default_server;
    listen 443 ssl;
    server_name localhost;
    root /usr/share/nginx/html;
    index index.html;
    ssl_certificate /etc/nginx/ssl/tls.crt;
    ssl_certificate_key /etc/nginx/ssl/tls.key;
    location / {
        try_files $uri $uri/ =404;
    }
}
`;

type Release = readonly [pattern: RegExp, manifest: (first: string | undefined, second: string | undefined) => string];

/** What projects offer with each release. The versions are those whose objects ours are; newest where none is named. */
const RELEASES: readonly Release[] = [
  [
    /^raw\.githubusercontent\.com\/kubernetes\/dashboard\/(v2\.\d+\.\d+)\/aio\/deploy\/recommended\.yaml$/,
    (version) => dashboardManifest(version!),
  ],
  [
    /^raw\.githubusercontent\.com\/argoproj\/argo-cd\/(?:stable|master|release-\d\.\d+|(v[23]\.\d+\.\d+))\/manifests\/install\.yaml$/,
    (version) => argoCdManifest(version ?? "v3.1.0"),
  ],
  [
    /^raw\.githubusercontent\.com\/argoproj\/argo-cd\/[\w.-]+\/manifests\/crds\/(application|applicationset|appproject)-crd\.yaml$/,
    argoCdCrds,
  ],
  [
    /^raw\.githubusercontent\.com\/argoproj\/argo-helm\/argo-cd-[\w.-]+\/charts\/argo-cd\/(?:templates\/)?crds\/crd-(application|applicationset|appproject|project)\.yaml$/,
    (file) => argoCdCrds(file === "project" ? "appproject" : file),
  ],
  [
    /^github\.com\/kubernetes-sigs\/metrics-server\/releases\/latest\/download\/components\.yaml$/,
    () => metricsServerManifest("v0.7.2"),
  ],
  [
    /^github\.com\/kubernetes-sigs\/metrics-server\/releases\/download\/(v0\.(?:6\.\d|7\.[0-2]|8\.[01]))\/components\.yaml$/,
    (version) => metricsServerManifest(version!),
  ],
  [
    /^raw\.githubusercontent\.com\/kubernetes\/ingress-nginx\/(?:main|controller-(v1\.\d+\.\d+))\/deploy\/static\/provider\/(cloud|baremetal|kind|aws)\/deploy\.yaml$/,
    (version, provider) => ingressNginxManifest(version ?? "v1.12.1", provider as IngressProvider),
  ],
  [
    /^raw\.githubusercontent\.com\/rancher\/local-path-provisioner\/(?:master|(v0\.0\.\d+))\/deploy\/local-path-storage\.yaml$/,
    (version) => localPathManifest(version ?? "v0.0.31"),
  ],
  [
    /^raw\.githubusercontent\.com\/projectcalico\/calico\/(?:master|(v3\.(?:1[5-9]|2\d|3\d)\.\d{1,2}))\/manifests\/calico(-vxlan)?\.yaml$/,
    (version, vxlan) => calicoManifest(version ?? "v3.29.1", vxlan === undefined ? "ipip" : "vxlan"),
  ],
  [
    /^raw\.githubusercontent\.com\/projectcalico\/calico\/(?:master|v3\.(?:2[3-9]|3\d)\.\d{1,2})\/manifests\/tigera-operator\.yaml$/,
    tigeraOperatorManifest,
  ],
  [
    /^raw\.githubusercontent\.com\/projectcalico\/calico\/(?:master|v3\.(?:2[3-9]|3\d)\.\d{1,2})\/manifests\/custom-resources\.yaml$/,
    calicoCustomResources,
  ],
  [
    /^raw\.githubusercontent\.com\/kubernetes\/examples\/\w+\/(?:_archived\/|staging\/)*https-nginx\/default\.conf$/,
    () => HTTPS_NGINX,
  ],
  [
    // From 3.30 on the operator's kinds have a file of their own, which its manifest here has as well.
    /^raw\.githubusercontent\.com\/projectcalico\/calico\/v3\.3\d\.\d{1,2}\/manifests\/operator-crds\.yaml$/,
    operatorCrdsManifest,
  ],
  [
    /^github\.com\/(?:cert-manager|jetstack)\/cert-manager\/releases\/(?:latest\/download|download\/(v1\.\d+\.\d+))\/cert-manager\.yaml$/,
    (version) => certManagerManifest(version ?? "v1.17.1"),
  ],
  [
    /^github\.com\/(?:cert-manager|jetstack)\/cert-manager\/releases\/(?:latest\/download|download\/v1\.\d+\.\d+)\/cert-manager\.crds\.yaml$/,
    certManagerCrds,
  ],
  [
    /^docs\.projectcalico\.org\/(?:v3\.\d+\/)?(?:manifests|getting-started\/kubernetes\/installation\/hosted\/kubernetes-datastore\/calico-networking\/1\.7)\/calico\.yaml$/,
    () => calicoManifest("v3.25.0"),
  ],
  // The project moved; both places lead to it.
  [
    /^raw\.githubusercontent\.com\/(?:flannel-io|coreos)\/flannel\/(?:master|(v0\.2[0-6]\.\d{1,2}))\/Documentation\/kube-flannel\.yml$/,
    (version) => kubeFlannelManifest(version ?? "v0.26.7"),
  ],
  [
    /^github\.com\/(?:flannel-io|coreos)\/flannel\/releases\/(?:latest\/download|download\/(v0\.2[0-6]\.\d{1,2}))\/kube-flannel\.yml$/,
    (version) => kubeFlannelManifest(version ?? "v0.26.7"),
  ],
  [
    /^raw\.githubusercontent\.com\/metallb\/metallb\/(?:main|(v0\.1[3-5]\.\d+))\/config\/manifests\/metallb-native\.yaml$/,
    (version) => metallbManifest(version ?? "v0.15.2"),
  ],
  [
    /^github\.com\/kubernetes-sigs\/gateway-api\/releases\/(?:latest\/download|download\/(v1\.\d+\.\d+))\/standard-install\.yaml$/,
    (version) => gatewayApiManifest(version ?? "v1.2.1"),
  ],
  // The fabric's repository moved; both places lead to it.
  [
    /^raw\.githubusercontent\.com\/nginx(?:inc)?\/nginx-gateway-fabric\/v1\.[3-6]\.\d+\/deploy\/crds\.yaml$/,
    fabricCrds,
  ],
  [
    /^raw\.githubusercontent\.com\/nginx(?:inc)?\/nginx-gateway-fabric\/(v1\.[3-6]\.\d+)\/deploy\/(default|nodeport)\/deploy\.yaml$/,
    (version, kind) => fabricManifest(version!, kind === "default" ? "LoadBalancer" : "NodePort"),
  ],
];

/** What an address gives; undefined for one that nobody here knows. */
export function published(url: string): string | Uint8Array | undefined {
  // A branch may be told by its reference's whole name.
  const address = url
    .replace(/^https:\/\//, "")
    .replace(/^(raw\.githubusercontent\.com\/[^/]+\/[^/]+\/)refs\/(?:heads|tags)\//, "$1");
  const file = FILES[`https://${address}`]?.() ?? publishedExample(`https://${address}`);
  if (file !== undefined) return file;
  if (address.startsWith("dl.k8s.io/")) return kubernetesRelease(address.slice("dl.k8s.io".length));
  if (address.startsWith("get.helm.sh/")) return helmRelease(address.slice("get.helm.sh".length));
  if (KEYS.test(address)) return RELEASE_KEY;
  const artifact = publishedArtifact(address);
  if (artifact !== undefined) return artifact;
  for (const [pattern, manifest] of RELEASES) {
    const match = pattern.exec(address);
    if (match !== null) return manifest(match[1], match[2]);
  }
  return undefined;
}

/** Mirrors of packages: what they have is told by the programs that ask them (tools/system/packages). */
const MIRRORS = [
  "deb.debian.org",
  "security.debian.org",
  "archive.ubuntu.com",
  "security.ubuntu.com",
  "dl-cdn.alpinelinux.org",
  "pkgs.k8s.io",
];

const HOSTS = new Set([
  ...Object.keys(FILES).map((url) => new URL(url).hostname),
  "dl.k8s.io",
  "docs.projectcalico.org",
  "get.helm.sh",
  "github.com",
  "k8s.io",
  "kubernetes.io",
  "raw.githubusercontent.com",
  ...REGISTRY_HOSTS,
  ...MIRRORS,
]);

/** Bases that people build straight from a repository (`kubectl kustomize URL?ref=VERSION`): owner/name, path, what it gives. */
const BASES: readonly [RegExp, (ref: string) => string][] = [
  [/^argoproj\/argo-cd\/manifests\/crds$/, () => argoCdCrds()],
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
  const file = published(`https://${host}${path.replace(/\?.*/, "")}`);
  const text = file ?? (host.startsWith("raw.") ? "404: Not Found" : "Not Found");
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
