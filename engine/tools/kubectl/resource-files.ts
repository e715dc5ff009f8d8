/** Objects that a kubectl command finds in files, and those it reads by name. */
import { resourcePath } from "../../api/client.ts";
import { RequestError } from "../../api/kubeconfig.ts";
import { matchesLabels, parseLabelSelector, type SelectorError } from "../../api/selector.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { pathSegment } from "../../api/validation/names.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Discovery, Mapping } from "./discovery.ts";
import { isExpected, KubectlError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { verbose } from "./klog.ts";
import { type Manifest, readManifests } from "./manifests.ts";
import { consult } from "./openapi.ts";
import { type BuildOptions, failed, type Info, type Result, type Run, wrongNamespace } from "./resources.ts";

/** What is asked of the server's form of an answer. */
export function accept(options: BuildOptions): Record<string, string> | undefined {
  return options.accept ? { accept: options.accept } : undefined;
}

/** Reads one object by name. */
export function* read({ k, options }: Run, mapping: Mapping, namespace: string, name: string): Gen<KubeObject> {
  const query = options.includeObject ? "?includeObject=Object" : "";
  requireSegment(k, name);
  const path = resourcePath(mapping, namespace, name, options.subresource || undefined) + query;
  try {
    return yield* k.object("GET", path, undefined, accept(options));
  } catch (error) {
    // The path of a namespace's subresource reads like that of a resource in it.
    if (isStatus(error, "NotFound") && mapping.resource === "namespaces" && options.subresource) {
      const { message } = error as StatusError;
      const about = message.replace(` (get ${options.subresource})`, ` (get namespaces ${name})`);
      throw new StatusError({ ...(error as StatusError).status, message: about });
    }
    if (isStatus(error, "NotFound") && namespace !== "" && namespace !== "default") yield* askNamespace(k, namespace);
    throw error;
  }
}

/** What is missing may be the namespace, and then that is said. */
function* askNamespace(k: Invocation, namespace: string): Gen {
  try {
    yield* k.object("GET", `/api/v1/namespaces/${namespace}`);
  } catch (error) {
    if (isStatus(error, "NotFound")) throw error;
    if (!isExpected(error)) throw error;
  }
}

/** The objects of files. */
export function* fromFiles(run: Run, paths: readonly Manifest[]): Gen<Result> {
  const { options } = run;
  const selects = fileSelector(run);
  const result: Result = {
    infos: [],
    errors: [],
    failedAt: [],
    ofFiles: true,
    singleItemImplied: paths.length === 1 && paths[0]!.source !== "STDIN",
    targetsSingleItems: true,
  };
  for (const { source, text } of paths) {
    try {
      if (text instanceof Error) throw text;
      const words = typeof text === "string" ? text : text();
      const { objects, errors } = readManifests(words, source, options.validate);
      if (errors.length > 0 && !options.continueOnError) throw errors[0];
      if (options.validate && objects.length > 0) {
        yield* consult(run.k, objects[0]!.apiVersion ?? "");
        yield* servedFor(run, source);
      }
      for (const object of objects) {
        try {
          if (options.validate) yield* consult(run.k, object.apiVersion ?? "");
          const info = yield* fileInfo(run, object, source);
          if (info && selects(info.object!)) result.infos.push(info);
        } catch (error) {
          if (options.ignoreNotFound && isStatus(error, "NotFound")) continue;
          if (!isExpected(error) || !options.continueOnError) throw error;
          failed(result, error);
        }
      }
      for (const error of errors) failed(result, error);
    } catch (error) {
      if (!isExpected(error) || !options.continueOnError) throw error;
      failed(result, error);
    }
  }
  return result;
}

/** `--selector` also picks among the objects of files. */
function fileSelector({ labelSelector }: Run): (object: KubeObject) => boolean {
  if (labelSelector === "") return () => true;
  const selector = parseLabelSelector(labelSelector);
  if (!Array.isArray(selector)) {
    throw new KubectlError(
      `the provided selector ${quote(labelSelector)} is not valid: ${(selector as SelectorError).error}`,
    );
  }
  return (object) => matchesLabels(selector, object.metadata?.labels ?? {});
}

/** The resource of a file's object. One without apiVersion that nobody validates is looked for by its kind alone, in no version. */
function* fileMapping(run: Run, source: string, apiVersion: string, kind: string): Gen<Mapping | undefined> {
  const served = yield* servedFor(run, source);
  let found = served.byKind(apiVersion, kind);
  if (found === undefined) found = (yield* run.k.rediscovered())?.byKind(apiVersion, kind);
  if (found !== undefined || apiVersion !== "" || run.options.validate) return found;
  const any = served.mappings.find((m) => m.kind === kind && m.group === "");
  return any && { ...any, version: "" };
}

/** What the server serves, for a file's object; throws in the words of whoever asks for it first. */
function* servedFor({ k, options }: Run, source: string): Gen<Discovery> {
  try {
    return yield* k.resources(options.validate ? 0 : 1);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (!options.validate) throw new KubectlError(`unable to recognize ${quote(source)}: ${error.message}`);
    // Neither the server's own validation nor the schema for the client's can be had (pkg/cmd/util/openapi, validation).
    const url = error.message.replace(/\/api\?timeout=32s/, "/openapi/v2?timeout=32s");
    throw new KubectlError(
      `error validating ${quote(source)}: error validating data: failed to download openapi: ${url}; if you choose to ignore these errors, turn validation off with --validate=false`,
    );
  }
}

/** An object of a file: its mapping looked up, its namespace filled in. */
function* fileInfo(run: Run, object: KubeObject, source: string): Gen<Info | undefined> {
  const { k, options } = run;
  const { apiVersion = "", kind = "" } = object;
  const mapping = options.local
    ? { ...localMapping(apiVersion, kind), resource: kind.toLowerCase() }
    : yield* fileMapping(run, source, apiVersion, kind);
  // A key without a value, as in a template that waits to be filled in, is no name.
  const name = object.metadata?.name ?? "";
  const own = object.metadata?.namespace ?? "";
  if (mapping === undefined) {
    const words = `no matches for kind ${quote(kind)} in version ${quote(apiVersion)}`;
    throw new KubectlError(
      `resource mapping not found for name: ${quote(name)} namespace: ${quote(own)} from ${quote(source)}: ${words}\nensure CRDs are installed first`,
    );
  }
  const elsewhere = own !== "" && options.enforceNamespace && own !== k.target().namespace;
  if (options.local && !elsewhere) return { mapping, namespace: "", name, object, source };
  if (!mapping.namespaced) {
    const known = options.latest && name !== "" ? yield* read(run, mapping, "", name) : withoutNamespace(object);
    return { mapping, namespace: "", name, object: known, source };
  }
  if (options.allNamespaces && own === "") {
    // Who reads it all the same asks for a path that the server does not have.
    if (!options.latest) return { mapping, namespace: "", name, object, source };
    const gvr = `${mapping.group === "" ? "/" : `${mapping.group}/`}${mapping.version}, Resource=${mapping.resource}`;
    throw new KubectlError(`no namespace set on resource ${gvr} ${quote(name)}`);
  }
  const target = k.target();
  if (elsewhere) {
    throw wrongNamespace(own, options.allNamespaces ? "" : target.namespace);
  }
  const namespace = own || target.namespace;
  if (options.latest) {
    const current = yield* read(run, mapping, namespace, name);
    return { mapping, namespace, name, object: current, source };
  }
  const placed =
    own === "" && !options.keepNamespace ? { ...object, metadata: { ...object.metadata, namespace } } : object;
  return { mapping, namespace, name, object: placed, source };
}

/** What has no namespace is sent without one (cli-runtime resource.FilterNamespace). */
function withoutNamespace(object: KubeObject): KubeObject {
  if (object.metadata?.namespace === undefined) return object;
  const { namespace: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** A name that cannot stand in a path is asked of no server (client-go, rest.Request.Name). */
function requireSegment(k: Invocation, name: string): void {
  const why = pathSegment(name);
  if (why.length === 0) return;
  const text = `invalid resource name ${quote(name)}: [${why.join(" ")}]`;
  verbose(k, 4, "request.go:1178", `Error in request: ${text}`);
  throw new KubectlError(text);
}

/** Path of one object that is to be changed; throws when it has no name. */
export function namedPath(
  k: Invocation,
  { mapping, namespace, name }: Pick<Info, "mapping" | "namespace" | "name">,
): string {
  if (name === "") throw new KubectlError("resource name may not be empty");
  requireSegment(k, name);
  return resourcePath(mapping, namespace, name);
}

/** Without a server only the words of the object itself are known. */
export function localMapping(apiVersion: string, kind: string): Mapping {
  const slash = apiVersion.indexOf("/");
  const lower = kind.toLowerCase();
  return {
    group: slash < 0 ? "" : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    resource: `${lower}s`,
    kind,
    namespaced: true,
    singular: lower,
    shortNames: [],
    categories: [],
    verbs: [],
    subresources: [],
  };
}
