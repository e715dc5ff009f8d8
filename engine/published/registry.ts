import { encode, sha256Hex } from "../kernel/index.ts";
import { archive, type PublishedChart } from "./charts.ts";
import { gatewayFabric } from "./nginx-gateway-fabric.ts";

/** Charts of registries by their addresses, newest first. */
const REGISTRIES: Readonly<Record<string, () => readonly PublishedChart[]>> = {
  "ghcr.io/nginx/charts/nginx-gateway-fabric": () => ["1.6.2", "1.6.1", "1.5.1", "1.4.0"].map(gatewayFabric),
};

/** Hosts of those registries. */
export const REGISTRY_HOSTS: readonly string[] = Object.keys(REGISTRIES).map((name) =>
  name.slice(0, name.indexOf("/")),
);

const CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.cncf.helm.config.v1+json";

const described = (mediaType: string, bytes: Uint8Array) => ({
  mediaType,
  digest: `sha256:${sha256Hex(bytes)}`,
  size: bytes.length,
});

/** What a registry answers to an address (OCI distribution: tags, manifests, blobs); undefined for what it has not. */
export function publishedArtifact(address: string): string | Uint8Array | undefined {
  const match = /^([^/]+)\/v2\/(.+)\/(tags|manifests|blobs)\/([^/]+)$/.exec(address);
  if (match === null) return undefined;
  const [, host, path, what, reference] = match;
  const charts = REGISTRIES[`${host}/${path}`]?.();
  if (charts === undefined) return undefined;
  if (what === "tags") return JSON.stringify({ name: path, tags: charts.map(({ version }) => version) });
  if (what === "blobs") return charts.map(archive).find((one) => `sha256:${sha256Hex(one)}` === reference);
  const chart = charts.find(({ version }) => version === reference);
  if (chart === undefined) return undefined;
  const { name, version, appVersion, description } = chart;
  const config = encode(JSON.stringify({ name, version, appVersion, description, apiVersion: "v2" }));
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: described(CONFIG, config),
    layers: [described(CHART_LAYER, archive(chart))],
  });
}
