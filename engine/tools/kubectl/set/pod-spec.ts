/** What `kubectl set` commands have in common: objects with a Pod in them, changed and sent as a strategic merge patch. */
import { resourcePath } from "../../../api/client.ts";
import { schemaName } from "../../../api/define.ts";
import { createMergePatch, createStrategicMergePatch } from "../../../api/patch/index.ts";
import { typeOf } from "../../../api/schema/types.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { changeQuery, type DryRun, recorded, typedPrinter } from "../changes.ts";
import { isExpected, KubectlError, throwAll } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { objectPrinter } from "../output.ts";
import { build, type Info, LOCAL_RESOURCES, type Result } from "../resources.ts";
import { typed } from "../struct-order.ts";

// biome-ignore lint/suspicious/noExplicitAny: a container of any kind's Pod
export type Container = any;
type Spec = Record<string, unknown> & { containers?: Container[]; initContainers?: Container[] };

/** The Pod spec inside an object changed; throws for an object that has none (polymorphichelpers UpdatePodSpecForObject). */
export function withPodSpec(object: KubeObject, change: (spec: Spec) => Spec): KubeObject {
  const { kind, spec, apiVersion } = object;
  if (kind === "Pod") return { ...object, spec: change(spec) } as KubeObject;
  if (kind === "CronJob") {
    const { jobTemplate } = spec;
    const template = { ...jobTemplate.spec.template, spec: change(jobTemplate.spec.template.spec) };
    return {
      ...object,
      spec: { ...spec, jobTemplate: { ...jobTemplate, spec: { ...jobTemplate.spec, template } } },
    } as KubeObject;
  }
  if (!spec?.template?.spec || kind === "PodTemplate") {
    throw new KubectlError(
      `the object is not a pod or does not have a pod template: *${apiVersion.split("/").at(-1)}.${kind}`,
    );
  }
  return {
    ...object,
    spec: { ...spec, template: { ...spec.template, spec: change(spec.template.spec) } },
  } as KubeObject;
}

/** Containers whose names a `*` pattern takes are changed, init containers too; `none` is called when there is none. */
export function withContainers(
  spec: Spec,
  pattern: string,
  change: (container: Container) => Container,
  none: () => void,
): Spec {
  let found = false;
  const all = (list: Container[] | undefined) =>
    list?.map((container) => {
      if (!selects(container.name, pattern)) return container;
      found = true;
      return change(container);
    });
  const containers = all(spec.containers);
  const initContainers = all(spec.initContainers);
  if (!found) none();
  return { ...spec, ...(containers && { containers }), ...(initContainers && { initContainers }) };
}

/** cmd/set/helper.go selectString, `*` not greedy. */
export function selects(name: string, pattern: string): boolean {
  if (pattern === "*") return true;
  if (!pattern.includes("*")) return name === pattern;
  const parts = pattern.split("*");
  let position = 0;
  for (const [i, part] of parts.entries()) {
    if (part === "") continue;
    const next = name.slice(position).indexOf(part);
    if (next < position || (i === 0 && position !== 0)) return false;
    if (i === parts.length - 1 && name.length !== part.length + next) return false;
    position = next;
  }
  return true;
}

/** Finds what the command is about: files alone with `--local`, the server's objects otherwise. */
export function* setTargets(k: Invocation, args: readonly string[], refuseLocalArgs = true): Gen<Result> {
  const { flags } = k;
  // An output that cannot be is complained of before anything else.
  objectPrinter(k);
  const local = flags.bool("local");
  if (local && args.length > 0 && refuseLocalArgs) throw new KubectlError(LOCAL_RESOURCES);
  const result = yield* build(k, {
    args: local ? [] : args,
    filenames: flags.list("filename"),
    kustomize: flags.has("kustomize") ? flags.string("kustomize") : "",
    recursive: flags.bool("recursive"),
    labelSelector: flags.has("selector") ? flags.string("selector") : "",
    allowEmptySelector: flags.bool("all"),
    enforceNamespace: k.target().explicitNamespace,
    local,
    latest: !local,
    continueOnError: true,
    flatten: true,
    typed: true,
  });
  throwAll(result.errors);
  return result;
}

/** `pods/web`. */
export const objectName = ({ mapping, name }: Info) => `${mapping.resource}/${name}`;

export interface Change {
  strategy: DryRun;
  operation: string;
  /** Words before a server's error. */
  failed: string;
  /** An object that did not change is sent or printed all the same. */
  always?: boolean;
  errors: Error[];
  /** The changed object; undefined when there is nothing to do. Throws what cannot be done. */
  update(object: KubeObject): KubeObject | undefined;
}

interface Planned {
  info: Info;
  after: KubeObject;
  patch: Record<string, unknown>;
}

/** Computes all changes, then sends and prints one after the other. */
export function* change(k: Invocation, infos: readonly Info[], options: Change): Gen<number> {
  const { strategy, operation, failed, errors } = options;
  const print = typedPrinter(k, strategy);
  const local = k.flags.bool("local");
  for (const step of infos.map((info) => planned(k, info, options))) {
    try {
      const { info, after, patch } = step();
      if (Object.keys(patch).length === 0 && !options.always) continue;
      if (local || strategy === "client") {
        print(after, operation);
        continue;
      }
      const path = resourcePath(info.mapping, info.namespace, info.name);
      const query = changeQuery({ dryRun: strategy, fieldManager: k.flags.string("field-manager") });
      try {
        print(yield* k.patch(path + query, patch, "strategic"), operation);
      } catch (error) {
        if (!isExpected(error) || failed === "") throw error;
        throw new KubectlError(`${failed}${error.message}`);
      }
    } catch (error) {
      if (!isExpected(error)) throw error;
      errors.push(error);
    }
  }
  throwAll(errors);
  return 0;
}

/** The change of one object, or what keeps it from being changed, which is told when its turn comes to be sent. */
function planned(k: Invocation, info: Info, { update }: Change): () => Planned {
  const before = typed(info.object!);
  try {
    const updated = update(before);
    if (updated === undefined) return () => ({ info, after: before, patch: {} });
    const after = recorded(k, updated);
    return () => ({ info, after, patch: twoWayPatch(info, before, typed(after)) });
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    return () => {
      throw new KubectlError(`error: ${objectName(info)} ${error.message}\n`);
    };
  }
}

/** What changes the first object into the second. */
export function twoWayPatch({ mapping }: Info, before: KubeObject, after: KubeObject): Record<string, unknown> {
  const schema = schemaName(mapping.group, mapping.version, mapping.kind);
  const [from, to] = [before as unknown as Record<string, unknown>, after as unknown as Record<string, unknown>];
  return typeOf(schema) === undefined ? createMergePatch(from, to) : createStrategicMergePatch(from, to, schema);
}

/** Words that all of these commands have for flags that do not go together. */
export function checkSetFlags(k: Invocation, strategy: DryRun): void {
  if (k.flags.bool("local") && strategy === "server") {
    throw new KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
  }
}
