import { resourcePath } from "../../api/client.ts";
import { schemaName } from "../../api/define.ts";
import { typeOf } from "../../api/schema/types.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Discovery, Mapping } from "./discovery.ts";
import { Errors, isExpected, isOfServer, KubectlError, throwAll } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { kustomizeText } from "./kustomize/index.ts";
import { expandPaths } from "./manifests.ts";
import { accept, fromFiles, read } from "./resource-files.ts";

/** One object, list or table that a command is about (cli-runtime resource.Info). */
export interface Info {
  mapping: Mapping;
  namespace: string;
  name: string;
  /** Undefined until it was read, where the command does not need it. */
  object: KubeObject | undefined;
  /** File, URL or STDIN it was read from. */
  source?: string;
}

export interface BuildOptions {
  args?: readonly string[];
  filenames?: readonly string[];
  kustomize?: string;
  recursive?: boolean;
  labelSelector?: string;
  fieldSelector?: string;
  allNamespaces?: boolean;
  /** `--all`. */
  selectAll?: boolean;
  /** A resource type alone means all of its objects. */
  allowEmptySelector?: boolean;
  /** Headers of reads: the table form. */
  accept?: string;
  includeObject?: boolean;
  subresource?: string;
  chunkSize?: number;
  /** Objects of files are read from the server. */
  latest?: boolean;
  /** Lists are taken apart. */
  flatten?: boolean;
  continueOnError?: boolean;
  /** False: objects named by arguments are not read. */
  requireObject?: boolean;
  /** Objects of files without a namespace stay without one. */
  keepNamespace?: boolean;
  /** No server. */
  local?: boolean;
  /** Errors of these reasons count for nothing. */
  ignoreNotFound?: boolean;
  /** Objects of files must be in the namespace of the command line. */
  enforceNamespace?: boolean;
  singleResourceType?: boolean;
  /** The command itself names the types (Builder.ResourceNames): none of them is a category. */
  spelledOut?: boolean;
  /** Objects are read as Go's structs: kinds that kubectl itself does not know cannot be (Builder.WithScheme). */
  typed?: boolean;
  /** Documents without kind or apiVersion are refused in the words of validation. */
  validate?: boolean;
}

export interface Result {
  infos: Info[];
  errors: Error[];
  singleItemImplied: boolean;
  /** For each error, how many infos were found before it. */
  failedAt: number[];
  /** The errors of files are one error of a visit, after those of its objects. */
  ofFiles?: boolean;
  targetsSingleItems: boolean;
}

/** Notes an error among what is found. */
export function failed(result: Result, error: Error): void {
  result.failedAt.push(result.infos.length);
  result.errors.push(error);
}

/**
 * Does something with each object that was found, goes on after errors, and throws them all at the end
 * (cli-runtime resource.ContinueOnErrorVisitor). What is wrong with a name stands among the errors where the name did;
 * what is wrong with files is one error after those of their objects.
 */
export function* visit(result: Result, each: (info: Info) => Gen<void>): Gen {
  const errors: Error[] = [];
  let seen = 0;
  const missing = (upTo: number) => {
    while (!result.ofFiles && seen < result.errors.length && result.failedAt[seen]! <= upTo)
      errors.push(result.errors[seen++]!);
  };
  for (const [at, info] of result.infos.entries()) {
    missing(at);
    try {
      yield* each(info);
    } catch (error) {
      if (!isExpected(error)) throw error;
      errors.push(error);
    }
  }
  missing(result.infos.length);
  if (!result.ofFiles || result.errors.length === 0) throwAll(errors);
  else if (errors.length === 0) throwAll(result.errors);
  else throw new Errors([...errors, new Errors(result.errors)]);
}

/** The errors of finding as one who asks for all objects first is told them (resource.Result.Infos). */
export function foundErrors({ errors }: Result): Error[] {
  return errors.length > 1 ? [new Errors(errors)] : [...errors];
}

export const MISSING = `You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`;

export const LOCAL_RESOURCES = `error: you must specify resources by --filename when --local is set.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'`;

/** What a command line says by `-f`, `-k`, `-R` and `-n`. */
export function fileFlags(k: Invocation) {
  const { flags } = k;
  return {
    filenames: flags.list("filename"),
    kustomize: flags.string("kustomize"),
    recursive: flags.bool("recursive"),
    enforceNamespace: k.target().explicitNamespace,
  };
}

/** Finds what arguments and files name. Throws what goes wrong before the first read; later errors are in the result. */
export function* build(k: Invocation, options: BuildOptions): Gen<Result> {
  const result = yield* located(k, options);
  return options.typed ? ofKnownKinds(result, options.continueOnError ?? false) : result;
}

/** Groups whose types are in modules of their own, which kubectl reads without types. */
const FOREIGN = ["apiextensions.k8s.io", "apiregistration.k8s.io"];

/** Objects of other kinds become errors where they stood, one for each list. */
function ofKnownKinds(found: Result, goOn: boolean): Result {
  const result: Result = { ...found, infos: [], errors: [], failedAt: [] };
  const said = new Set<string>();
  for (const [at, info] of [...found.infos, undefined].entries()) {
    for (const [i, error] of found.errors.entries()) if (found.failedAt[i] === at) failed(result, error);
    if (info === undefined) break;
    const text = unknownKind(info, found.targetsSingleItems);
    if (text === undefined) {
      result.infos.push(info);
      continue;
    }
    if (!goOn) throw new KubectlError(text);
    if (found.targetsSingleItems || !said.has(text)) failed(result, new KubectlError(text));
    said.add(text);
  }
  return result;
}

/** What a reader of Go's structs says of a kind that it has none for. */
function unknownKind({ mapping, source }: Pick<Info, "mapping" | "source">, single: boolean): string | undefined {
  const { group, version, kind } = mapping;
  if (!FOREIGN.includes(group) && typeOf(schemaName(group, version, kind)) !== undefined) return undefined;
  const what = quote(single ? kind : `${kind}List`);
  const where = quote(group === "" ? version : `${group}/${version}`);
  const text = `no kind ${what} is registered for version ${where} in scheme "pkg/scheme/scheme.go:28"`;
  return source === undefined ? text : `unable to decode ${quote(source)}: ${text}`;
}

function* located(k: Invocation, options: BuildOptions): Gen<Result> {
  const args = normalize(options.args ?? []);
  const filenames = options.filenames ?? [];
  const labelSelector = options.labelSelector?.trim() ?? "";
  const fieldSelector = options.fieldSelector?.trim() ?? "";
  const errors: Error[] = [];
  if (filenames.length > 0 && options.kustomize) throw new KubectlError("only one of -f or -k can be specified");
  if (options.recursive && options.kustomize) throw new KubectlError("the -k flag can't be used with -f or -R");
  const paths = filenames.length > 0 ? yield* expandPaths(k, filenames, options.recursive ?? false, errors) : [];
  if (options.kustomize)
    paths.push({ source: options.kustomize, text: () => kustomizeText(k, options.kustomize!, true, "legacy") });
  const named = parseNames(args, errors);
  if (options.selectAll && labelSelector) {
    errors.push(new KubectlError(`setting 'all' parameter but found a non empty selector. `));
  }
  if (named.types !== undefined && named.types !== "" && !options.spelledOut)
    named.types = yield* expandCategories(k, named.types);
  throwAll(errors);
  const bySelector =
    options.selectAll ||
    labelSelector !== "" ||
    fieldSelector !== "" ||
    (named.types !== undefined && named.names.length === 0 && options.allowEmptySelector);
  const run: Run = { k, options, labelSelector, fieldSelector };
  if (filenames.length > 0 || options.kustomize) {
    if (named.types !== undefined) {
      throw new KubectlError(
        "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
      );
    }
    if (named.tuples.length > 0) {
      throw new KubectlError("resource/name arguments cannot be provided when a path is specified");
    }
    return yield* fromFiles(run, paths);
  }
  if (bySelector) {
    const found = yield* fromSelector(run, named);
    return options.allNamespaces && options.enforceNamespace ? inNoNamespace(found) : found;
  }
  if (named.tuples.length > 0) return yield* fromNames(run, named.tuples, named.tuples.length === 1);
  if (named.names.length > 0) {
    const types = split(named.types!);
    if (types.length > 1) throw new KubectlError("you must specify only one resource");
    const tuples = named.names.map((name): [string, string] => [types[0]!, name]);
    return yield* fromNames(run, tuples, tuples.length === 1);
  }
  if (named.types !== undefined) {
    for (const type of split(named.types)) yield* mappingFor(k, type);
    throw new KubectlError("resource(s) were provided, but no name was specified");
  }
  throw new KubectlError(MISSING);
}

/** What a search is about. */
/** Upstream lets `-n` win over `-A` in what it finds and `-A` in what it requires: nothing that has a namespace is right. */
function inNoNamespace(found: Result): Result {
  const result: Result = { ...found, infos: [], errors: [], failedAt: [] };
  for (const info of found.infos) {
    if (info.namespace === "") result.infos.push(info);
    else failed(result, wrongNamespace(info.namespace, ""));
  }
  for (const error of found.errors) failed(result, error);
  return result;
}

/** An object is of another namespace than the command line says (cli-runtime resource.RequireNamespace). */
export function wrongNamespace(own: string, required: string): KubectlError {
  return new KubectlError(
    `the namespace from the provided object ${quote(own)} does not match the namespace ${quote(required)}. You must pass '--namespace=${own}' to perform this operation.`,
  );
}

export interface Run {
  k: Invocation;
  options: BuildOptions;
  labelSelector: string;
  fieldSelector: string;
}

interface Named {
  types: string | undefined;
  names: string[];
  tuples: [string, string][];
}

function split(types: string): string[] {
  return [...new Set(types.split(","))];
}

/** `pods,svc a b` means each of the types with each of the names. */
function normalize(args: readonly string[]): string[] {
  if (args.length < 2) return [...args];
  const types = split(args[0]!);
  if (types.length < 2) return [...args];
  return types.flatMap((type) => args.slice(1).map((name) => `${type}/${name}`));
}

function parseNames(args: string[], errors: Error[]): Named {
  const combined = args.filter((arg) => arg.includes("/")).length;
  if (combined === 0) return { types: args[0], names: args.slice(1), tuples: [] };
  const tuples: [string, string][] = [];
  if (combined !== args.length) {
    errors.push(
      new KubectlError(
        "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form " +
          "(e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
      ),
    );
    return { types: undefined, names: [], tuples };
  }
  for (const arg of args) {
    const parts = arg.split("/");
    const [type, name] = parts as [string, string];
    if (parts.length !== 2) {
      errors.push(new KubectlError("arguments in resource/name form may not have more than one slash"));
    } else if (type === "" || name === "" || split(type).length !== 1) {
      errors.push(new KubectlError("arguments in resource/name form must have a single resource and name"));
    } else tuples.push([type, name]);
    if (errors.length > 0) break;
  }
  return { types: undefined, names: [], tuples };
}

function* expandCategories(k: Invocation, types: string): Gen<string> {
  const out: string[] = [];
  for (const word of types.split(",")) {
    const members = yield* categoryMembers(k, word);
    if (members === undefined) out.push(word);
    else out.push(...members.map((m) => (m.group === "" ? m.resource : `${m.resource}.${m.group}`)));
  }
  return out.join(",");
}

/** Whether a word names a category is asked before anything else, and an error then is nobody's. */
function* categoryMembers(k: Invocation, word: string): Gen<Mapping[] | undefined> {
  try {
    return (yield* k.resources(1)).category(word);
  } catch (error) {
    if (!isOfServer(error)) throw error;
    return undefined;
  }
}

/** A short name that could mean something else as well. */
export function warnOfShortName(k: Invocation, discovery: Discovery, word: string): void {
  for (const other of discovery.ambiguous(word)) {
    k.warn(`short name ${quote(word)} could also match lower priority resource ${other}`);
  }
}

/** The resource a word of the command line means. */
export function* mappingFor(k: Invocation, word: string, attempts = word.split(".").length > 2 ? 6 : 4): Gen<Mapping> {
  // `deployments.v1.apps` is looked for as a whole first.
  let discovery = yield* k.resources(attempts);
  let found = discovery.find(word);
  if (found === undefined) {
    discovery = (yield* k.rediscovered(attempts)) ?? discovery;
    found = discovery.find(word);
  }
  if (found === undefined)
    throw new KubectlError(`the server doesn't have a resource type ${quote(word.split(".")[0]!)}`);
  warnOfShortName(k, discovery, word);
  return found;
}

function* fromSelector(run: Run, named: Named): Gen<Result> {
  const { k, options } = run;
  if (named.names.length > 0) throw new KubectlError("name cannot be provided when a selector is specified");
  if (named.tuples.length > 0) {
    throw new KubectlError("selectors and the all flag cannot be used when passing resource/name arguments");
  }
  if (named.types === undefined) {
    throw new KubectlError("at least one resource must be specified to use a selector");
  }
  if (options.subresource) throw new KubectlError("subresource cannot be used when bulk resources are specified");
  const types = split(named.types);
  if (types.length > 1 && options.singleResourceType)
    throw new KubectlError("you may only specify a single resource type");
  const mappings: Mapping[] = [];
  for (const type of types) {
    const mapping = yield* mappingFor(k, type);
    if (!mappings.includes(mapping)) mappings.push(mapping);
  }
  const result: Result = { infos: [], errors: [], failedAt: [], singleItemImplied: false, targetsSingleItems: false };
  for (const mapping of mappings) {
    const namespace = mapping.namespaced && !options.allNamespaces ? k.namespace : "";
    const unread = options.typed ? unknownKind({ mapping }, false) : undefined;
    if (unread !== undefined) {
      // Even an empty list cannot be read.
      if (!options.continueOnError) throw new KubectlError(unread);
      failed(result, new KubectlError(unread));
      continue;
    }
    try {
      yield* listInto(run, mapping, namespace, result);
    } catch (error) {
      const wrapped = listError(error, mapping, run);
      if (!isExpected(wrapped)) throw wrapped;
      if (options.ignoreNotFound && isStatus(wrapped, "NotFound")) continue;
      if (!options.continueOnError) throw wrapped;
      failed(result, wrapped);
    }
  }
  return result;
}

/** Helper.FollowContinue's words for a list that the server refused. */
export function listError(
  error: unknown,
  mapping: Pick<Mapping, "group" | "version" | "resource">,
  { labelSelector, fieldSelector }: Pick<Run, "labelSelector" | "fieldSelector">,
): unknown {
  if (!(error instanceof StatusError)) return error;
  if (error.reason !== "BadRequest" && error.reason !== "NotFound") return error;
  if (error.reason === "NotFound" && (error.status.details?.kind ?? "") !== "") return error;
  const resource =
    mapping.group === ""
      ? `${mapping.version}, Resource=${mapping.resource}`
      : `${mapping.group}/${mapping.version}, Resource=${mapping.resource}`;
  const subject = quote(mapping.group === "" ? `/${resource}` : resource);
  const message =
    labelSelector === "" && fieldSelector === ""
      ? `Unable to list ${subject}: ${error.message}`
      : `Unable to find ${subject} that match label selector ${quote(labelSelector)}, field selector ${quote(fieldSelector)}: ${error.message}`;
  return new StatusError({ ...error.status, message });
}

function* listInto(run: Run, mapping: Mapping, namespace: string, result: Result): Gen {
  const { k, options, labelSelector, fieldSelector } = run;
  const limit = options.chunkSize ?? 0;
  let next = "";
  do {
    const query: string[] = [];
    const add = (name: string, value: string) => value !== "" && query.push(`${name}=${encodeURIComponent(value)}`);
    add("continue", next);
    add("fieldSelector", fieldSelector);
    if (options.includeObject) add("includeObject", "Object");
    add("labelSelector", labelSelector);
    if (limit > 0) add("limit", String(limit));
    const path = resourcePath(mapping, namespace) + (query.length > 0 ? `?${query.join("&")}` : "");
    const list = (yield* k.object("GET", path, undefined, accept(options))) as unknown as KubeList;
    next = list.metadata?.continue ?? "";
    const object = list as unknown as KubeObject;
    if (options.flatten && Array.isArray(list.items)) {
      for (const item of list.items) result.infos.push(infoOf(mapping, withKind(list, item)));
    } else result.infos.push({ mapping, namespace, name: "", object });
  } while (next !== "");
}

/** Items of a typed list may lack their kind. */
function withKind(list: KubeList, item: KubeObject): KubeObject {
  if (item.kind !== undefined && item.apiVersion !== undefined) return item;
  return { ...item, apiVersion: list.apiVersion, kind: list.kind.replace(/List$/, "") };
}

/** An object as what a command is about. */
export function infoOf(mapping: Mapping, object: KubeObject, source?: string): Info {
  const { namespace = "", name = "" } = object.metadata ?? {};
  const info: Info = { mapping, namespace, name, object };
  if (source !== undefined) info.source = source;
  return info;
}

function* fromNames(run: Run, tuples: [string, string][], singleItemImplied: boolean): Gen<Result> {
  const { k, options } = run;
  const mappings = new Map<string, Mapping>();
  for (const [type] of tuples) if (!mappings.has(type)) mappings.set(type, yield* mappingFor(k, type));
  if (options.singleResourceType && new Set(mappings.values()).size > 1) {
    throw new KubectlError("you may only specify a single resource type");
  }
  const result: Result = { infos: [], errors: [], failedAt: [], singleItemImplied, targetsSingleItems: true };
  for (const [type, name] of tuples) {
    const mapping = mappings.get(type)!;
    if (mapping.namespaced && options.allNamespaces) {
      throw new KubectlError("a resource cannot be retrieved by name across all namespaces");
    }
    const namespace = mapping.namespaced ? k.namespace : "";
    try {
      const object = options.requireObject === false ? undefined : yield* read(run, mapping, namespace, name);
      result.infos.push({ mapping, namespace, name, object });
    } catch (error) {
      if (options.ignoreNotFound && isStatus(error, "NotFound")) continue;
      if (!isExpected(error)) throw error;
      if (!options.continueOnError) throw error;
      failed(result, error);
    }
  }
  return result;
}
