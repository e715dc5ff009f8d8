import { resourcePath } from "../../api/client.ts";
import { SECRETS } from "../../api/resources.ts";
import { isStatus } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import { decode, decodeBase64, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import { gunzip, gzip } from "../../text/deflate.ts";
import { calendar, strftime, toEpoch } from "../../text/time.ts";
import type { Invocation } from "../kubectl/invocation.ts";
import type { Chart, ChartMetadata } from "./chart.ts";
import type { Hook } from "./render.ts";
import type { Values } from "./values.ts";

export type ReleaseStatus =
  | "deployed"
  | "superseded"
  | "failed"
  | "uninstalled"
  | "uninstalling"
  | "pending-install"
  | "pending-upgrade"
  | "pending-rollback";

/** A revision of a release, as its Secret holds it (helm pkg/release). */
export interface Release {
  name: string;
  namespace: string;
  version: number;
  info: {
    first_deployed: string;
    last_deployed: string;
    deleted: string;
    description: string;
    status: ReleaseStatus;
    notes?: string;
  };
  chart: {
    metadata: ChartMetadata;
    values: Values;
    templates: { name: string; data: string }[];
    files: { name: string; data: string }[];
  };
  config?: Values;
  manifest: string;
  hooks?: StoredHook[];
}

export interface StoredHook {
  name: string;
  kind: string;
  path: string;
  manifest: string;
  events: string[];
  weight?: number;
  delete_policies?: string[];
  last_run: { started_at: string; completed_at: string; phase: string };
}

export function storedHook(hook: Hook): StoredHook {
  return {
    name: hook.name,
    kind: hook.kind,
    path: hook.source,
    manifest: hook.text,
    events: hook.events,
    ...(hook.weight !== 0 && { weight: hook.weight }),
    ...(hook.deletePolicies.length > 0 && { delete_policies: hook.deletePolicies }),
    last_run: { started_at: "", completed_at: "", phase: "" },
  };
}

export function storedChart({ metadata, values, templates, files }: Chart): Release["chart"] {
  const pack = (list: Chart["files"]) => list.map(({ name, data }) => ({ name, data: encodeBase64(data) }));
  return { metadata, values, templates: pack(templates), files: pack(files) };
}

/** `web-0.1.0`. */
export const chartName = ({ chart: { metadata } }: Release): string => `${metadata.name}-${metadata.version}`;

const TYPE = "helm.sh/release.v1";

const secretName = (name: string, version: number): string => `sh.helm.release.v1.${name}.v${version}`;

function secretOf(release: Release, seconds: number, created: boolean): KubeObject {
  const text = encodeBase64(gzip(encode(JSON.stringify(release)), undefined, 0));
  const labels = {
    [created ? "createdAt" : "modifiedAt"]: String(seconds),
    name: release.name,
    owner: "helm",
    status: release.info.status,
    version: String(release.version),
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: secretName(release.name, release.version), namespace: release.namespace, labels },
    type: TYPE,
    data: { release: encodeBase64(encode(text)) },
  } as unknown as KubeObject;
}

function releaseOf(secret: KubeObject): Release | undefined {
  const data = (secret as unknown as { data?: Record<string, string> }).data?.["release"];
  const inner = data === undefined ? undefined : decodeBase64(data);
  const bytes = inner && decodeBase64(decode(inner));
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(decode(gunzip(bytes).bytes)) as Release;
  } catch {
    return undefined;
  }
}

/** The revisions in a namespace ("" for all), oldest first. */
export function* releases(k: Invocation, namespace: string, name?: string): Gen<Release[]> {
  const selector = encodeURIComponent(name === undefined ? "owner=helm" : `name=${name},owner=helm`);
  const path = `${resourcePath(SECRETS, namespace)}?labelSelector=${selector}`;
  const list = (yield* k.object("GET", path)) as unknown as KubeList<KubeObject>;
  return list.items
    .map(releaseOf)
    .filter((each) => each !== undefined)
    .sort((a, b) => a.version - b.version);
}

export function* saveRelease(k: Invocation, release: Release, created: boolean): Gen {
  const object = secretOf(release, Math.floor(k.nowMs / 1000), created);
  if (created) yield* k.object("POST", resourcePath(SECRETS, release.namespace), object);
  else
    yield* k.object("PUT", resourcePath(SECRETS, release.namespace, secretName(release.name, release.version)), object);
}

export function* removeRelease(k: Invocation, release: Release): Gen {
  try {
    yield* k.object("DELETE", resourcePath(SECRETS, release.namespace, secretName(release.name, release.version)));
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

/** Now, as releases note it. */
export const stamp = (k: Invocation): string => {
  const ms = Math.floor(k.nowMs % 1000);
  return formatTime(k.nowMs).replace("Z", `.${String(ms).padStart(3, "0")}Z`);
};

/** `Mon Mar  2 09:00:12 2026` (time.ANSIC). */
export function ansic(time: string): string {
  const [, year, month, day, clock] = /^(\d+)-(\d+)-(\d+)T([\d:]+)/.exec(time) ?? [];
  if (year === undefined) return time;
  return strftime(`%a %b %e ${clock} %Y`, calendar(toEpoch(Number(year), Number(month), Number(day))));
}
