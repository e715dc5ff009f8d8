/** Names that changed are changed where other objects speak of them (api/filters/nameref). */
import { KubectlError } from "../errors.ts";
import { isMap, visitField } from "./fields.ts";
import { effectiveNamespace, idText, isClusterScoped, type Resource, selects } from "./resource.ts";
import { NAME_REFERENCES, type NameReference } from "./specs.ts";

/** Writes the present names of everything into whatever refers to it. */
export function fixReferences(all: readonly Resource[], extra: readonly NameReference[] = []): void {
  const originals = new Map(all.map((resource) => [resource, resource.originalId]));
  const renamed = all.filter((resource) => resource.previous.length > 0);
  if (renamed.length === 0) return;
  for (const reference of [...NAME_REFERENCES, ...extra]) {
    const targets = renamed.filter((one) => one.previousIds.some((id) => selects(reference, id)));
    if (targets.length === 0) continue;
    for (const spec of reference.fields) {
      for (const referrer of all) {
        if (!selects(spec, originals.get(referrer)!)) continue;
        const candidates = targets.filter((target) => mayRefer(referrer, target));
        visitField(referrer, { path: spec.path }, undefined, (value, set) => {
          const rename = (item: unknown, put: (value: unknown) => void) => {
            if (typeof item === "string") {
              const found = pick(referrer, item, candidates, spec.path, false);
              if (found && found.name !== item) put(found.name);
            } else if (isMap(item)) renameIn(referrer, item, candidates, spec.path);
          };
          if (Array.isArray(value)) {
            for (const [i, item] of value.entries()) {
              rename(item, (next) => {
                value[i] = next;
              });
            }
          } else rename(value, set);
        });
      }
    }
  }
}

/** A map with `name` and perhaps `namespace`: both come from what is referred to. */
function renameIn(
  referrer: Resource,
  item: Record<string, unknown>,
  candidates: readonly Resource[],
  path: string,
): void {
  if (typeof item["name"] !== "string") throw new KubectlError("path config error; no 'name' field in node");
  let near = candidates;
  if (typeof item["namespace"] === "string") {
    const namespace = item["namespace"];
    near = candidates.filter((one) => effectiveNamespace(one.originalId) === namespace);
    if (near.length === 0) near = candidates.filter((one) => effectiveNamespace(one.id) === namespace);
  }
  const found = pick(referrer, item["name"], near, path, true);
  if (found === undefined || (found.name === item["name"] && found.namespace === "")) return;
  item["name"] = found.name;
  if (found.namespace !== "") item["namespace"] = found.namespace;
}

/** Objects of other namespaces are out of reach, but for those that a RoleBinding names. */
function mayRefer(referrer: Resource, target: Resource): boolean {
  const [from, to] = [referrer.id, target.id];
  if (isClusterScoped(from) || isClusterScoped(to)) return true;
  if (effectiveNamespace(from) === effectiveNamespace(to)) return true;
  if (from.kind !== "RoleBinding") return false;
  const subjects = (referrer.object.subjects ?? []) as { kind?: string; namespace?: string }[];
  return subjects.some(({ kind, namespace }) => kind === "ServiceAccount" && namespace === target.namespace);
}

function pick(
  referrer: Resource,
  oldName: string,
  candidates: readonly Resource[],
  path: string,
  withNamespace: boolean,
): Resource | undefined {
  let left = candidates.filter((one) => one.previous.some(({ name }) => name === oldName));
  const { roleRef } = referrer.object;
  if (path.endsWith("roleRef/name") && roleRef?.apiGroup && roleRef.kind) {
    const wanted = { group: roleRef.apiGroup as string, kind: roleRef.kind as string };
    left = left.filter((one) => one.previousIds.some((id) => selects(wanted, id)));
  }
  if (!isClusterScoped(referrer.id)) {
    const near = effectiveNamespace(referrer.id);
    left = left.filter(
      ({ id }) => isClusterScoped(id) || id.kind === "ServiceAccount" || effectiveNamespace(id) === near,
    );
  }
  if (left.length === 1) return left[0];
  left = left.filter((one) => sameContext(one, referrer, true));
  if (left.length > 1) left = left.filter((one) => sameContext(one, referrer, false));
  if (left.length <= 1) return left[0];
  const [first] = left as [Resource];
  if (left.every((one) => one.name === first.name && (!withNamespace || one.namespace === first.namespace))) {
    return first;
  }
  throw new KubectlError(
    `updating name reference in '${path}' field of '${idText(referrer.id)}': considering field '${path}' of object ${idText(referrer.id)}: found multiple possible referrals: ${left.map(({ id }) => idText(id)).join(", ")}`,
  );
}

function sameEnd(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 1; i <= length; i++) if (a[a.length - i] !== b[b.length - i]) return false;
  return true;
}

/** Both went through the same prefixes and suffixes. */
function sameContext(a: Resource, b: Resource, allowEmpty: boolean): boolean {
  const same = (x: readonly string[], y: readonly string[]) =>
    (allowEmpty && (x.length === 0 || y.length === 0)) || sameEnd(x, y);
  return same(a.prefixes, b.prefixes) && same(a.suffixes, b.suffixes);
}
