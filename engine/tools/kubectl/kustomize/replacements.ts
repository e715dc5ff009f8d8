/** Values copied from one resource into others (api/filters/replacement), and the older `vars`. */
import { KubectlError } from "../errors.ts";
import { quote } from "../go.ts";
import { readDocument } from "../yaml-documents.ts";
import { isMap, visitField } from "./fields.ts";
import type { PatchTarget, Replacement, ReplacementOptions, Var } from "./kustomization.ts";
import type { Loader } from "./loader.ts";
import { selectTargets } from "./patches.ts";
import { gvkText, parseApiVersion, type Resource, selects, type Tree } from "./resource.ts";
import { type FieldSpec, VAR_REFERENCES } from "./specs.ts";

/** `spec.template.spec.containers.[name=nginx].image` at its dots; what stands in brackets or quotes stays together. */
function steps(path: string): string[] {
  const out: string[] = [];
  let word = "";
  let depth = 0;
  for (let i = 0; i < path.length; i++) {
    const char = path[i]!;
    if (char === "\\" && path[i + 1] === ".") word += path[++i];
    else if (char === "." && depth === 0) {
      out.push(word);
      word = "";
    } else {
      if (char === "[") depth++;
      if (char === "]") depth--;
      word += char;
    }
  }
  out.push(word);
  return out
    .filter((step) => step !== "")
    .map((step) => (/^\[[^=]*\]$/.test(step) ? step.slice(1, -1).replace(/^['"]|['"]$/g, "") : step));
}

type Place = { holder: Tree; key: string | number };

/** Every place that a path leads to; missing maps are made with `create`. */
function places(object: Tree, path: string, create: boolean): Place[] {
  let at: Place[] = [{ holder: { root: object }, key: "root" }];
  const all = steps(path);
  all.forEach((step, i) => {
    const next: Place[] = [];
    for (const { holder, key } of at) {
      const value = holder[key];
      const match = /^\[([^=]*)=(.*)\]$/.exec(step);
      if (Array.isArray(value)) {
        if (create && step === String(value.length)) value.push(i === all.length - 1 ? "" : {});
        const [, field = "", wantedValue] = match ?? [];
        if (
          create &&
          match &&
          !value.some((item) => (field === "" ? String(item) : String(item?.[field])) === wantedValue)
        )
          value.push(field === "" ? wantedValue : { [field]: wantedValue });
        value.forEach((item, index) => {
          const wanted = match
            ? match[1] === ""
              ? String(item) === match[2]
              : isMap(item) && String(item[match[1]!]) === match[2]
            : step === "*" || step === String(index);
          if (wanted) next.push({ holder: value, key: index });
        });
      } else if (isMap(value)) {
        if (step === "*") for (const name of Object.keys(value)) next.push({ holder: value, key: name });
        else if (value[step] !== undefined) next.push({ holder: value, key: step });
        else if (create) {
          const after = all[i + 1];
          value[step] = after === undefined ? "" : /^\d+$|^\[[^=]*=/.test(after) ? [] : {};
          next.push({ holder: value, key: step });
        }
      }
    }
    at = next;
  });
  return at;
}

function refined(value: Tree, options: ReplacementOptions | undefined): Tree {
  if (!options?.delimiter) return value;
  if (typeof value === "object") throw new KubectlError("delimiter option can only be used with scalar nodes");
  const parts = String(value).split(options.delimiter);
  const index = options.index ?? 0;
  if (index >= parts.length || index < 0) {
    throw new KubectlError(`options.index ${index} is out of bounds for value ${String(value)}`);
  }
  return parts[index];
}

/** A scalar takes the new text and keeps its own type where it can. */
function assign({ holder, key }: Place, given: Tree, options: ReplacementOptions | undefined): void {
  const old = holder[key];
  let value = typeof given === "object" ? structuredClone(given) : given;
  if (options?.delimiter) {
    const parts = String(old).split(options.delimiter);
    const index = options.index ?? 0;
    if (index < 0) parts.unshift(String(value));
    else if (index >= parts.length) parts.push(String(value));
    else parts[index] = String(value);
    value = parts.join(options.delimiter);
  }
  if (typeof old === "number" && typeof value === "string" && /^-?\d+$/.test(value)) value = Number(value);
  else if (typeof old === "string" && old !== "" && typeof value !== "object") value = String(value);
  holder[key] = value;
}

const targetText = ({ group, version, kind, name, namespace }: PatchTarget) =>
  `${gvkText({ group: group ?? "", version: version ?? "", kind: kind ?? "" })}/${name || "[noName]"}.${namespace || "[noNs]"}`;

/** One entry of `replacements`; a path names a file of entries. */
export function replace(all: readonly Resource[], entry: Replacement, loader: Loader): void {
  if (entry.path) {
    const value = readDocument(loader.text(entry.path)) as Replacement | Replacement[];
    for (const one of Array.isArray(value) ? value : [value]) replace(all, one, loader);
    return;
  }
  const { source, targets } = entry;
  if (!source || !targets) throw new KubectlError("replacements must specify a source and at least one target");
  const found = all.filter((resource) =>
    [...resource.previousIds, resource.id].some(
      (id) =>
        selects(source, id) &&
        (!source.name || id.name === source.name) &&
        (!source.namespace || id.namespace === source.namespace),
    ),
  );
  const path = source.fieldPath || "metadata.name";
  const shown = `${targetText(source)}${source.fieldPath ? `:${source.fieldPath}` : ""}`;
  if (found.length > 1) throw new KubectlError(`multiple matches for selector ${shown}`);
  if (found.length === 0) throw new KubectlError(`nothing selected by ${shown}`);
  const [place] = places(found[0]!.object, path, false);
  if (place === undefined) {
    throw new KubectlError(`fieldPath \`${path}\` is missing for replacement source ${targetText(source)}`);
  }
  const value = refined(place.holder[place.key], source.options);
  for (const { select, reject = [], fieldPaths = ["metadata.name"], options } of targets) {
    if (!select) throw new KubectlError("target must specify resources to select");
    const rejected = new Set(reject.flatMap((one) => selectTargets(all, one)));
    for (const target of selectTargets(all, select)) {
      if (rejected.has(target)) continue;
      for (const field of fieldPaths) {
        const ends = places(target.object, field, Boolean(options?.create));
        if (ends.length === 0) {
          const verb = options?.create ? "find or create" : "find";
          throw new KubectlError(`unable to ${verb} field ${quote(field)} in replacement target`);
        }
        for (const end of ends) assign(end, value, options);
      }
    }
  }
}

/**
 * `$(NAME)` in the fields of containers and others that may have one, after names are final; says which variables stand
 * nowhere, in order.
 */
export function resolveVars(
  all: readonly Resource[],
  vars: readonly Var[],
  more: readonly FieldSpec[] = [],
): readonly string[] {
  const values = new Map<string, Tree>();
  for (const { name, objref, fieldref } of vars) {
    const { group, version } = objref.apiVersion ? parseApiVersion(objref.apiVersion) : { group: "", version: "" };
    const wanted = { group, version, kind: objref.kind ?? "" };
    const path = fieldref?.fieldPath || "metadata.name";
    const shown = `'{${name} ${wanted.kind}.${version || "[noVer]"}.${group || "[noGrp]"} {${path}}}'`;
    const found = all.find((resource) =>
      [...resource.previousIds, resource.id].some((id) => selects(wanted, id) && id.name === objref.name),
    );
    if (found === undefined)
      throw new KubectlError(`var ${shown} cannot be mapped to a field in the set of known resources`);
    const [place] = places(found.object, path, false);
    if (place === undefined)
      throw new KubectlError(`field specified in var ${shown} not found in corresponding resource`);
    values.set(name, place.holder[place.key]);
  }
  const used = new Set<string>();
  const expand = (value: Tree): Tree => {
    if (typeof value === "string")
      return value.replace(/\$\(([-._a-zA-Z0-9]+)\)/g, (whole, name) => {
        if (!values.has(name)) return whole;
        used.add(name);
        return String(values.get(name));
      });
    if (Array.isArray(value)) return value.map(expand);
    return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item)])) : value;
  };
  if (values.size > 0)
    for (const resource of all)
      for (const spec of [...VAR_REFERENCES, ...more])
        visitField(resource, spec, undefined, (value, set) => set(expand(value)));
  return [...values.keys()].filter((name) => !used.has(name)).sort();
}
