/** Finding fields by kustomize's paths (api/filters/fieldspec): lists are passed through without being named. */
import { KubectlError } from "../errors.ts";
import { type Resource, selects, type Tree } from "./resource.ts";
import type { FieldSpec } from "./specs.ts";

/** What stands at the end of a path; `set` puts another value there. */
export type Visit = (value: Tree, set: (value: Tree) => void) => void;

export const isMap = (value: unknown): value is Record<string, Tree> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `a/b\/c/d` at its slashes. */
export function splitPath(path: string, separator = "/"): string[] {
  const out = [""];
  for (let i = 0; i < path.length; i++) {
    if (path[i] === "\\" && path[i + 1] === separator) out[out.length - 1] += path[++i]!;
    else if (path[i] === separator) out.push("");
    else out[out.length - 1] += path[i]!;
  }
  return out;
}

/** Calls `visit` for every field of a resource that a spec names; `leaf` is what is made where nothing is. */
export function visitField(
  resource: Resource,
  spec: FieldSpec,
  leaf: "map" | "scalar" | undefined,
  visit: Visit,
): void {
  if (!selects(spec, resource.gvk)) return;
  const steps = splitPath(spec.path);
  const walk = (value: Tree, at: number, set: (value: Tree) => void): void => {
    if (at === steps.length) {
      visit(value, set);
      return;
    }
    if (value === null || value === undefined) return;
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        walk(item, at, (next) => {
          value[i] = next;
        });
      }
      return;
    }
    if (!isMap(value)) {
      throw new KubectlError(
        `considering field '${spec.path}' of object ${resource.id.kind}: expected sequence or mapping node`,
      );
    }
    const step = steps[at]!;
    const list = step.endsWith("[]");
    const name = list ? step.slice(0, -2) : step;
    const last = at === steps.length - 1;
    if (value[name] === undefined || value[name] === null) {
      if (!spec.create || leaf === undefined || list) return;
      if (last && leaf === "scalar") value[name] = "";
      else value[name] = {};
    }
    walk(value[name], at + 1, (next) => {
      value[name] = next;
    });
  };
  walk(resource.object, 0, (next) => {
    resource.object = next;
  });
}
