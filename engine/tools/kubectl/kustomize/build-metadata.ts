/** `buildMetadata`: where objects come from and what has changed them (api/types/buildmetadata.go, resource/origin.go). */
import type { Resource, Tree } from "./resource.ts";
import { setEntries } from "./transformers.ts";

/** A file, or the plug-in of a kustomization that made or changed something. */
export interface Origin {
  path?: string;
  configuredIn?: string;
  configuredBy?: { apiVersion: string; kind: string; name?: string; namespace?: string };
}

export const ORIGINS = "originAnnotations";
export const TRANSFORMATIONS = "transformerAnnotations";
export const MANAGED_BY = "managedByLabel";
export const BUILD_METADATA: readonly string[] = [ORIGINS, TRANSFORMATIONS, MANAGED_BY];

/** A path as seen from a directory, both absolute. */
export function relative(from: string, to: string): string {
  const [a, b] = [from.split("/").filter(Boolean), to.split("/").filter(Boolean)];
  let shared = 0;
  while (shared < a.length && a[shared] === b[shared]) shared++;
  return [...a.slice(shared).map(() => ".."), ...b.slice(shared)].join("/");
}

function annotate(object: Tree, name: string, text: string): void {
  object.metadata = { ...object.metadata, annotations: { ...object.metadata?.annotations, [name]: text } };
}

/** In the order of upstream's type. */
function originLines({ path, configuredIn, configuredBy }: Origin): string[] {
  const field = (name: string, value: string | undefined, indent = "") =>
    value === undefined ? [] : [`${indent}${name}: ${value}`];
  const by = configuredBy && [
    "configuredBy:",
    ...field("apiVersion", configuredBy.apiVersion, "  "),
    ...field("kind", configuredBy.kind, "  "),
    ...field("name", configuredBy.name, "  "),
    ...field("namespace", configuredBy.namespace, "  "),
  ];
  return [...field("path", path), ...field("configuredIn", configuredIn), ...(by ?? [])];
}

const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

const asItem = (lines: readonly string[]) => lines.map((line, i) => (i === 0 ? "- " : "  ") + line);

/** Writes what the build has noted, as far as it was asked for. */
export function writeMetadata(all: readonly Resource[], wanted: readonly string[]): void {
  for (const { object, origin, changes } of all) {
    if (wanted.includes(ORIGINS) && origin !== undefined)
      annotate(object, "config.kubernetes.io/origin", text(originLines(origin)));
    if (wanted.includes(TRANSFORMATIONS) && changes.length > 0)
      annotate(
        object,
        "alpha.config.kubernetes.io/transformations",
        text(changes.flatMap((one) => asItem(originLines(one)))),
      );
  }
  if (wanted.includes(MANAGED_BY)) {
    const specs = [{ path: "metadata/labels", create: true }];
    setEntries(all, { "app.kubernetes.io/managed-by": "kustomize-(devel)" }, specs);
  }
}
