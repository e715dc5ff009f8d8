import { resourcePath } from "../../api/client.ts";
import { withManagedFields } from "../../api/managed-fields/index.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { migrate } from "./apply-migration.ts";
import {
  type ChangeQuery,
  changeQuery,
  createObject,
  type DryRun,
  dryRun,
  LAST_APPLIED,
  latePrinter,
  recorded,
  validation,
  withLastApplied,
} from "./changes.ts";
import { cascadeOf } from "./delete.ts";
import { isExpected, KubectlError, throwAll, usageError, withSource } from "./errors.ts";
import { toJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { verbose } from "./klog.ts";
import { consult } from "./openapi.ts";
import { objectPrinter } from "./output.ts";
import { type Prunable, prunable, pruneMappings } from "./prune.ts";
import { namedPath } from "./resource-files.ts";
import { build, fileFlags, foundErrors, type Info } from "./resources.ts";
import { PatchConflict, threeWayPatch } from "./three-way.ts";

const CONFLICT_HELP = `
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`;

/** kubectl apply. */
export function* apply(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length > 0) throw usageError("apply", `Unexpected args: [${args.join(" ")}]`);
  const strategy = dryRun(k);
  cascadeOf(flags.string("cascade"), (text) => k.err(text));
  const serverSide = flags.bool("server-side");
  if (flags.list("filename").length === 0 && flags.string("kustomize") === "") {
    throw new KubectlError("must specify one of -f and -k");
  }
  const fieldValidation = validation(k);
  if (flags.bool("prune")) yield* pruneMappings(k);
  checkFlags(k, strategy, serverSide);
  const print = latePrinter(k, strategy);
  const result = yield* build(k, {
    ...fileFlags(k),
    labelSelector: flags.string("selector"),
    continueOnError: true,
    flatten: true,
    validate: fieldValidation !== "Ignore",
  });
  const errors = foundErrors(result);
  if (result.infos.length === 0 && errors.length === 0) throw new KubectlError("no objects passed to apply");
  const manager = flags.string("field-manager");
  const fieldManager = serverSide && !flags.changed("field-manager") ? "kubectl" : manager;
  const query: ChangeQuery = { dryRun: strategy, fieldManager, fieldValidation };
  const visited = new Set<string>();
  const printed: { object: KubeObject; operation: string }[] = [];
  const asList = flags.string("output") !== "" && flags.string("output") !== "name";
  for (const info of result.infos) {
    try {
      const done = serverSide ? yield* applyServerSide(k, info, query) : yield* applyOne(k, info, query);
      if (done.object.metadata.uid) visited.add(done.object.metadata.uid);
      if (asList) printed.push(done);
      else print(done.object, done.operation);
    } catch (error) {
      if (!isExpected(error)) throw error;
      errors.push(error);
    }
  }
  throwAll(errors);
  verbose(k, 4, "apply.go:548", "Running apply post-processor function");
  if (printed.length === 1) print(printed[0]!.object, printed[0]!.operation);
  else if (printed.length > 1) {
    const items = printed.map(({ object }) => JSON.parse(toJson(withManagedFields(object))) as KubeObject);
    // Written as Go's v1.List, whose items are what they were.
    const list = { kind: "List", apiVersion: "v1", metadata: {}, items } as unknown as KubeObject;
    const printer = objectPrinter(k, { typed: true });
    k.out(printer?.print(list) ?? "");
  }
  if (flags.bool("prune")) {
    const namespaces = new Set(result.infos.filter(({ mapping }) => mapping.namespaced).map((info) => info.namespace));
    yield* prune(k, yield* prunable(k, visited, namespaces), strategy, print);
  }
  return 0;
}

/** Deletes what earlier applies made and this one no longer has. */
function* prune(
  k: Invocation,
  found: readonly Prunable[],
  strategy: DryRun,
  print: (object: KubeObject, operation: string) => void,
): Gen {
  const propagationPolicy = cascadeOf(k.flags.string("cascade"));
  const grace = k.flags.int("grace-period");
  for (const { mapping, object } of found) {
    if (strategy !== "client") {
      const options = {
        kind: "DeleteOptions",
        apiVersion: mapping.group === "" ? mapping.version : `${mapping.group}/${mapping.version}`,
        ...(grace >= 0 && { gracePeriodSeconds: grace }),
        propagationPolicy,
        ...(strategy === "server" && { dryRun: ["All"] }),
      };
      yield* k.object("DELETE", resourcePath(mapping, object.metadata.namespace ?? "", object.metadata.name), options);
    }
    print(object, "pruned");
  }
}

function checkFlags(k: Invocation, strategy: DryRun, serverSide: boolean): void {
  const { flags } = k;
  if (flags.bool("force-conflicts") && !serverSide) {
    throw new KubectlError("--force-conflicts only works with --server-side");
  }
  if (strategy === "client" && serverSide) {
    throw new KubectlError("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
  }
  if (serverSide && flags.bool("force")) throw new KubectlError("--force cannot be used with --server-side");
  if (strategy === "server" && flags.bool("force"))
    throw new KubectlError("--dry-run=server cannot be used with --force");
  if (flags.bool("all") && flags.string("selector") !== "") {
    throw new KubectlError("cannot set --all and --selector at the same time");
  }
  if (flags.bool("prune") && flags.bool("force")) throw new KubectlError("--force cannot be used with --prune");
  if (flags.bool("prune") && !flags.bool("all") && flags.string("selector") === "") {
    throw new KubectlError(
      "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
    );
  }
  if (flags.bool("prune") && serverSide) {
    throw new KubectlError("--prune is in alpha and doesn't currently work on objects created by server-side apply");
  }
  if (flags.string("subresource") !== "" && !serverSide) {
    throw new KubectlError("--subresource can only be specified for --server-side");
  }
}

interface Done {
  object: KubeObject;
  operation: string;
}

function* applyServerSide(k: Invocation, info: Info, query: ChangeQuery): Gen<Done> {
  const force = k.flags.bool("force-conflicts");
  const path = namedPath(k, info) + changeQuery({ ...query, force });
  try {
    let object = yield* k.patch(path, info.object, "apply");
    if (yield* migrate(k, info, object, query)) object = yield* k.patch(path, info.object, "apply");
    warnIfDeleting(k, object);
    return { object, operation: "serverside-applied" };
  } catch (error) {
    if (!isStatus(error, "Conflict")) throw error;
    throw new KubectlError((error as Error).message + CONFLICT_HELP);
  }
}

/** Client-side apply: create, or a patch of what the file changed since the last apply. */
function* applyOne(k: Invocation, info: Info, query: ChangeQuery): Gen<Done> {
  const given = recorded(k, info.object!);
  if (info.name === "" && given.metadata?.generateName) {
    throw new KubectlError(`from ${given.metadata.generateName}: cannot use generate name with apply`);
  }
  if (info.name === "") {
    const nameless = new KubectlError("resource name may not be empty");
    throw withSource(
      `retrieving current configuration of:\n${describeInfo(info)}\nfrom server for:`,
      info.source,
      nameless,
    );
  }
  const modified = withLastApplied(given);
  const path = resourcePath(info.mapping, info.namespace, info.name);
  let current: KubeObject;
  try {
    current = yield* k.object("GET", path);
  } catch (error) {
    if (!isStatus(error, "NotFound")) {
      throw withSource(
        `retrieving current configuration of:\n${describeInfo(info)}\nfrom server for:`,
        info.source,
        error,
      );
    }
    if (query.dryRun === "client") return { object: pruneNulls(modified), operation: "created" };
    try {
      const object = yield* createObject(k, info.mapping, info.namespace, pruneNulls(modified), query);
      return { object, operation: "created" };
    } catch (failed) {
      throw withSource("creating", info.source, failed);
    }
  }
  if (query.dryRun === "client") return { object: current, operation: "configured" };
  if (current.metadata.annotations?.[LAST_APPLIED] === undefined) {
    k.err(
      `Warning: resource ${info.mapping.resource}/${info.name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
    );
  }
  return yield* patchOne(k, info, current, modified, path, query);
}

/** The patch, or the complaints of one that would change what others have changed (apply/patcher.go patchSimple). */
function patchOf(
  k: Invocation,
  info: Info,
  original: KubeObject | undefined,
  modified: KubeObject,
  current: KubeObject,
): ReturnType<typeof threeWayPatch> {
  const overwrite = k.flags.bool("overwrite");
  try {
    const now = overwrite ? current : withManagedFields(current);
    return threeWayPatch(info.mapping, original, modified, now, overwrite);
  } catch (error) {
    if (!(error instanceof PatchConflict)) throw error;
    const why = error.message;
    k.err(`warning: error calculating patch from openapi v3 spec: ${why}\n`);
    const annotations = current.metadata.annotations ?? {};
    const texts = [annotations[LAST_APPLIED] ?? "", `${toJson(modified)}\n`, `${toJson(withManagedFields(current))}\n`];
    const creating = `creating patch with:\noriginal:\n${texts[0]}\nmodified:\n${texts[1]}\ncurrent:\n${texts[2]}\nfor:: ${why}`;
    const patching = withSource("patching", info.source, new KubectlError(creating));
    throw withSource(`applying patch:\n\nto:\n${describeInfo(info)}\nfor:`, info.source, patching);
  }
}

function* patchOne(
  k: Invocation,
  info: Info,
  first: KubeObject,
  modified: KubeObject,
  path: string,
  query: ChangeQuery,
): Gen<Done> {
  let current = first;
  yield* consult(k, modified.apiVersion ?? "");
  for (let attempt = 0; ; attempt++) {
    const text = current.metadata.annotations?.[LAST_APPLIED];
    const original = text ? (JSON.parse(text) as KubeObject) : undefined;
    const { patch, type } = patchOf(k, info, original, modified, current);
    if (Object.keys(patch).length === 0) {
      warnIfDeleting(k, current);
      return { object: current, operation: "unchanged" };
    }
    try {
      const object = yield* k.patch(path + changeQuery(query), patch, type);
      warnIfDeleting(k, object);
      return { object, operation: "configured" };
    } catch (error) {
      if (isStatus(error, "Conflict") && attempt < 5) {
        if (attempt > 0) yield* sleep(SECOND);
        current = yield* k.object("GET", path);
        continue;
      }
      const applying = (what: string, failed: unknown) =>
        withSource(`applying patch:\n${what}\nto:\n${describeInfo(info)}\nfor:`, info.source, failed);
      if (!k.flags.bool("force") || !(isStatus(error, "Conflict") || isStatus(error, "Invalid"))) {
        throw applying(toJson(patch), withSource("patching", info.source, error));
      }
      try {
        return { object: yield* recreate(k, info, current, modified, path), operation: "configured" };
      } catch (failed) {
        throw applying(`${toJson(modified)}\n`, failed);
      }
    }
  }
}

/**
 * `--force`: what cannot be changed is deleted and made anew (patcher.go deleteAndCreate). Without `--timeout` the
 * object has to be gone at once. When the new one is refused the old one is made again, and the error told all the same.
 */
function* recreate(k: Invocation, info: Info, old: KubeObject, modified: KubeObject, path: string): Gen<KubeObject> {
  const { flags } = k;
  const options: Record<string, unknown> = { kind: "DeleteOptions", apiVersion: "v1" };
  if (flags.int("grace-period") >= 0) options["gracePeriodSeconds"] = flags.int("grace-period");
  options["propagationPolicy"] = cascadeOf(flags.string("cascade"));
  yield* k.object("DELETE", path, options);
  const deadline = k.p.machine.kernel.now + flags.duration("timeout");
  for (;;) {
    try {
      yield* k.object("GET", path);
    } catch (error) {
      if (isStatus(error, "NotFound")) break;
      throw error;
    }
    if (k.p.machine.kernel.now + SECOND > deadline) throw new KubectlError("context deadline exceeded");
    yield* sleep(SECOND);
  }
  const create = (object: KubeObject) => createObject(k, info.mapping, info.namespace, object, { dryRun: "none" });
  try {
    return yield* create(modified);
  } catch (error) {
    if (!isExpected(error)) throw error;
    try {
      yield* create(old);
    } catch (failed) {
      if (!isExpected(failed)) throw failed;
      throw new KubectlError(
        `An error occurred force-replacing the existing object with the newly provided one:\n\n${error.message}.\n\nAdditionally, an error occurred attempting to restore the original object:\n\n${failed.message}`,
      );
    }
    throw error;
  }
}

/** resource.Info's String. */
export function describeInfo(info: Info): string {
  const { group, version, resource, kind } = info.mapping;
  const gv = group === "" ? `/${version}` : `${group}/${version}`;
  return `Resource: "${gv}, Resource=${resource}", GroupVersionKind: "${gv}, Kind=${kind}"\nName: "${info.name}", Namespace: "${info.namespace}"`;
}

/** Says so when an object that was changed is on its way out. */
export function warnIfDeleting(k: Invocation, object: KubeObject): void {
  const { deletionTimestamp, name } = object.metadata ?? {};
  if (!deletionTimestamp) return;
  k.err(`Warning: Detected changes to resource ${name} which is currently being deleted.\n`);
}

function pruneNulls<T>(value: T): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) if (item !== null) out[key] = pruneNulls(item);
  return out as T;
}
