import { formatLabels } from "../../../api/columns.ts";
import { isStatus } from "../../../api/status.ts";
import type { KubeList, KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { isExpected } from "../errors.ts";
import { compareStrings, sortedKeys } from "../go.ts";
import { type Document, dateText } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";

// biome-ignore lint/suspicious/noExplicitAny: fields as the API has them
type Any = any;

/** Bytes that a base64 text stands for. */
function decodedLength(text: string): number {
  const bare = text.replace(/=+$/, "");
  return Math.floor((bare.length * 3) / 4);
}

/** describe configmap. */
export function* describeConfigMap(d: Document, object: KubeObject): Gen {
  const { metadata } = object;
  d.head(metadata);
  d.write(0, "\nData\n====\n");
  const data = (object["data"] ?? {}) as Record<string, string>;
  for (const key of sortedKeys(data)) d.write(0, `${key}:\n----\n${data[key]}\n\n`);
  d.write(0, "\nBinaryData\n====\n");
  const binary = (object["binaryData"] ?? {}) as Record<string, string>;
  for (const key of sortedKeys(binary)) d.line(0, `${key}: ${decodedLength(binary[key]!)} bytes`);
  d.line(0, "");
  writeEvents(d, yield* eventsOf(d, object));
}

/** describe secret: sizes, never values, except of service account tokens. */
export function* describeSecret(d: Document, object: KubeObject): Gen {
  const { metadata } = object;
  d.head(metadata);
  d.write(0, `\nType:\t${object["type"] ?? ""}\n`);
  d.write(0, "\nData\n====\n");
  const data = (object["data"] ?? {}) as Record<string, string>;
  for (const key of sortedKeys(data)) {
    if (key === "token" && object["type"] === "kubernetes.io/service-account-token")
      d.line(0, `${key}:\t${atob(data[key]!)}`);
    else d.line(0, `${key}:\t${decodedLength(data[key]!)} bytes`);
  }
}

/** describe serviceaccount. */
export function* describeServiceAccount(d: Document, object: KubeObject): Gen {
  const { metadata } = object;
  const { tokens, existing } = yield* secretsFor(d, object);
  const events = yield* eventsOf(d, object);
  d.head(metadata);
  const names = (list: Any[] | undefined) => (list ?? []).map((item) => item.name as string);
  const groups: [string, string[]][] = [
    ["Image pull secrets:", names(object["imagePullSecrets"])],
    ["Mountable secrets: ", names(object["secrets"])],
    ["Tokens:            ", tokens],
  ];
  for (const [header, list] of groups) {
    if (list.length === 0) d.line(0, `${header}\t<none>`);
    list.forEach((name, i) => {
      const missing = existing && !existing.has(name) ? " (not found)" : "";
      d.line(0, `${i === 0 ? header : " ".repeat(19)}\t${name}${missing}`);
    });
  }
  writeEvents(d, events);
}

function* secretsFor(d: Document, account: KubeObject): Gen<{ tokens: string[]; existing: Set<string> | undefined }> {
  try {
    const path = `/api/v1/namespaces/${account.metadata.namespace}/secrets?limit=${d.k.flags.int("chunk-size")}`;
    const { items } = (yield* d.k.object("GET", path)) as unknown as KubeList;
    const mine = items.filter(
      (secret) =>
        secret["type"] === "kubernetes.io/service-account-token" &&
        secret.metadata.annotations?.["kubernetes.io/service-account.name"] === account.metadata.name &&
        secret.metadata.annotations?.["kubernetes.io/service-account.uid"] === account.metadata.uid,
    );
    return { tokens: mine.map((secret) => secret.metadata.name), existing: new Set(items.map((s) => s.metadata.name)) };
  } catch (error) {
    if (!isExpected(error)) throw error;
    return { tokens: [], existing: undefined };
  }
}

/** describe priorityclass. */
export function* describePriorityClass(d: Document, object: KubeObject): Gen {
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${object.metadata.name}`);
  d.line(0, `Value:\t${object["value"] ?? 0}`);
  d.line(0, `GlobalDefault:\t${object["globalDefault"] === true}`);
  d.line(0, `PreemptionPolicy:\t${object["preemptionPolicy"] ?? ""}`);
  d.line(0, `Description:\t${object["description"] ?? ""}`);
  d.line(0, `Annotations:\t${formatLabels(object.metadata.annotations)}`);
  writeEvents(d, events);
}

const SCOPE_HELP: Record<string, string> = {
  Terminating:
    "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.",
  NotTerminating:
    "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.",
  BestEffort:
    "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.",
  NotBestEffort:
    "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.",
};

/** describe namespace, with its quotas and limits. */
export function* describeNamespace(d: Document, object: KubeObject): Gen {
  const { metadata, status = {} } = object;
  const quotas = yield* listOf(d, metadata.name, "resourcequotas");
  const limits = yield* listOf(d, metadata.name, "limitranges");
  d.line(0, `Name:\t${metadata.name}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `Status:\t${status.phase ?? ""}`);
  if (status.conditions?.length > 0) {
    d.line(0, "Conditions:");
    d.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
    d.line(1, "----\t------\t------------------\t------\t-------");
    for (const c of status.conditions) {
      d.line(1, `${c.type}\t${c.status}\t${dateText(c.lastTransitionTime)}\t${c.reason}\t${c.message}`);
    }
  }
  if (quotas) {
    d.line(0, "");
    writeQuotas(d, quotas);
  }
  if (limits) {
    d.line(0, "");
    writeLimits(d, limits);
  }
}

function* listOf(d: Document, namespace: string, resource: string): Gen<KubeObject[] | undefined> {
  try {
    const path = `/api/v1/namespaces/${namespace}/${resource}?limit=${d.k.flags.int("chunk-size")}`;
    return ((yield* d.k.object("GET", path)) as unknown as KubeList).items;
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

function writeQuotas(d: Document, quotas: readonly KubeObject[]): void {
  if (quotas.length === 0) {
    d.line(0, "No resource quota.");
    return;
  }
  d.line(0, "Resource Quotas");
  for (const { metadata, spec, status = {} } of [...quotas].sort((a, b) =>
    compareStrings(a.metadata.name, b.metadata.name),
  )) {
    d.line(1, `Name:\t${metadata.name}`);
    const scopes = [...((spec?.scopes ?? []) as string[])].sort(compareStrings);
    if (scopes.length > 0) d.line(1, `Scopes:\t${scopes.join(", ")}`);
    for (const scope of scopes) if (SCOPE_HELP[scope]) d.line(1, `* ${SCOPE_HELP[scope]}`);
    d.line(1, "Resource\tUsed\tHard");
    d.line(1, "--------\t---\t---");
    for (const name of sortedKeys(status.hard ?? {}))
      d.line(1, `${name}\t${status.used?.[name] ?? "0"}\t${status.hard[name]}`);
  }
}

function writeLimits(d: Document, ranges: readonly KubeObject[]): void {
  if (ranges.length === 0) {
    d.line(0, "No LimitRange resource.");
    return;
  }
  const header = "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio";
  d.write(0, `Resource Limits\n ${header}\n`);
  d.line(0, " ----\t--------\t---\t---\t---------------\t-------------\t-----------------------");
  for (const { spec } of ranges) writeLimitSpec(d, spec, " ");
}

function writeLimitSpec(d: Document, spec: Any, prefix: string): void {
  for (const item of spec.limits ?? []) {
    const lists = [item.min, item.max, item.defaultRequest, item.default, item.maxLimitRequestRatio];
    const names = [...new Set(lists.flatMap((list) => Object.keys(list ?? {})))].sort(compareStrings);
    for (const name of names)
      d.line(0, `${prefix}${item.type}\t${name}\t${lists.map((list) => list?.[name] ?? "-").join("\t")}`);
  }
}

/** describe limitrange. */
export function* describeLimitRange(d: Document, object: KubeObject): Gen {
  d.line(0, `Name:\t${object.metadata.name}`);
  d.line(0, `Namespace:\t${object.metadata.namespace}`);
  d.line(0, "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio");
  d.line(0, "----\t--------\t---\t---\t---------------\t-------------\t-----------------------");
  writeLimitSpec(d, object.spec, "");
}

/** describe resourcequota. */
export function* describeResourceQuota(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  const scopes = [...((spec?.scopes ?? []) as string[])].sort(compareStrings);
  if (scopes.length > 0) d.line(0, `Scopes:\t${scopes.join(", ")}`);
  for (const scope of scopes) if (SCOPE_HELP[scope]) d.line(0, ` * ${SCOPE_HELP[scope]}`);
  d.line(0, "Resource\tUsed\tHard");
  d.line(0, "--------\t----\t----");
  for (const name of sortedKeys(status.hard ?? {}))
    d.line(0, `${name}\t${status.used?.[name] ?? "0"}\t${status.hard[name]}`);
}
