import { humanDuration } from "./duration.ts";
import type { Column } from "./kind.ts";
import { describe } from "./schema/types.ts";
import { parseTime } from "./time.ts";
import type { KubeObject } from "./types.ts";

/** A description that is looked up in the schema when somebody reads it, so that boot expands no schema. */
export interface Doc {
  readonly doc: string;
}

/** `io.k8s.api.core.v1.PodStatus#podIP`: the description of that field. */
export const doc = (ref: string): Doc => ({ doc: ref });

/** A column; with `doc(…)` its description is the schema's own text. */
export function column(
  name: string,
  type: Column["type"],
  description: string | Doc,
  options: { wide?: boolean; format?: Column["format"] } = {},
): Column {
  const base = { name, type, format: options.format ?? "", priority: options.wide ? 1 : 0 } as const;
  if (typeof description === "string") return { ...base, description };
  return {
    ...base,
    get description() {
      return describe(description.doc);
    },
  };
}

const META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

export const NAME = column("Name", "string", doc(`${META}#name`), { format: "name" });
export const AGE = column("Age", "string", doc(`${META}#creationTimestamp`));

/** Columns of a kind without a printer of its own (apiserver pkg/registry/rest/table.go). */
export const DEFAULT_COLUMNS = [NAME, column("Created At", "date", doc(`${META}#creationTimestamp`))] as const;

/** Cells of those: the time itself, which the client turns into an age. */
export function defaultCells(object: KubeObject): [string, string] {
  return [object.metadata.name, object.metadata.creationTimestamp];
}

/** Time since a timestamp as printers show it; `<unknown>` without one. */
export function since(timestamp: string | undefined | null, nowMs: number): string {
  if (!timestamp) return "<unknown>";
  return humanDuration(nowMs - parseTime(timestamp));
}

export function age(object: KubeObject, nowMs: number): string {
  return since(object.metadata.creationTimestamp, nowMs);
}

interface Named {
  name: string;
  image?: string;
}

/** `Containers` and `Images` of a workload: comma separated, in the template's order. */
export function containerCells(template: { spec?: { containers?: readonly Named[] } } | undefined): [string, string] {
  const containers = template?.spec?.containers ?? [];
  return [containers.map((c) => c.name).join(","), containers.map((c) => c.image ?? "").join(",")];
}

interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

const byCode = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** metav1.FormatLabelSelector: `a=b,c in (d,e),!f`; `<none>` when empty. */
export function formatLabelSelector(selector: LabelSelector | undefined | null): string {
  if (!selector) return "<none>";
  const parts: [string, string][] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => [
    key,
    `${key}=${value}`,
  ]);
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const list = `(${[...(values ?? [])].sort(byCode).join(",")})`;
    if (operator === "In") parts.push([key, `${key} in ${list}`]);
    else if (operator === "NotIn") parts.push([key, `${key} notin ${list}`]);
    else if (operator === "Exists") parts.push([key, key]);
    else if (operator === "DoesNotExist") parts.push([key, `!${key}`]);
    else return "<error>";
  }
  if (parts.length === 0) return "<none>";
  return parts
    .sort((a, b) => byCode(a[0], b[0]))
    .map((p) => p[1])
    .join(",");
}

/** labels.FormatLabels: `a=b,c=d` by key; `<none>` when empty. */
export function formatLabels(labels: Record<string, string> | undefined | null): string {
  const keys = Object.keys(labels ?? {});
  if (keys.length === 0) return "<none>";
  return keys
    .sort(byCode)
    .map((key) => `${key}=${labels![key]}`)
    .join(",");
}
