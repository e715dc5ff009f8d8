import { resourcePath, toError } from "../../api/client.ts";
import type { KubeList, KubeObject, WatchStream } from "../../api/types.ts";
import { type Gen, wait } from "../../kernel/index.ts";
import { toYaml } from "../../text/yaml.ts";
import type { Mapping } from "./discovery.ts";
import { isExpected, KubectlError, throwAll, throwCollected, usageError } from "./errors.ts";
import { toJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { type ObjectPrinter, objectPrinter, withoutManagedFields } from "./output.ts";
import { isTable, type Table, TablePrinter } from "./printers/table.ts";
import { newTabWriter } from "./printers/tabwriter.ts";
import { getRaw } from "./raw.ts";
import { type BuildOptions, build, type Info } from "./resources.ts";
import { noField, sortObjects, sortPath, sortTable } from "./sort.ts";

export const TABLE_ACCEPT =
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

export const SUGGEST_RESOURCES = 'Use "kubectl api-resources" for a complete list of supported resources.';

/** kubectl get. */
export function* get(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (flags.string("raw") !== "") return yield* getRaw(k);
  k.target();
  const watching = flags.bool("watch") || flags.bool("watch-only");
  if (flags.bool("watch") && flags.string("sort-by")) {
    k.err("warning: --watch requested, --sort-by will be ignored for watch events received\n");
  } else if (flags.bool("watch-only") && flags.string("sort-by")) {
    k.err("warning: --watch-only requested, --sort-by will be ignored\n");
  } else if (
    !watching &&
    args.length === 0 &&
    flags.list("filename").length === 0 &&
    flags.string("kustomize") === ""
  ) {
    k.err(`You must specify the type of resource to get. ${SUGGEST_RESOURCES}\n\n`);
    throw usageError(
      "get",
      'Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).',
    );
  }
  const output = flags.string("output");
  if (flags.bool("show-labels") && output !== "" && output !== "wide") {
    throw new KubectlError(`--show-labels option cannot be used with ${output} printer`);
  }
  if (flags.bool("output-watch-events") && !watching) {
    throw new KubectlError("--output-watch-events option can only be used with --watch or --watch-only");
  }
  const human = (output === "" && flags.string("template") === "") || output === "wide";
  return yield* watching ? watchGet(k, human) : human ? getTable(k) : getObjects(k);
}

function buildOptions(k: Invocation): BuildOptions {
  const { flags } = k;
  return {
    args: k.args,
    filenames: flags.list("filename"),
    kustomize: flags.string("kustomize"),
    recursive: flags.bool("recursive"),
    labelSelector: flags.string("selector"),
    fieldSelector: flags.string("field-selector"),
    allNamespaces: flags.bool("all-namespaces"),
    subresource: flags.string("subresource"),
    chunkSize: flags.string("sort-by") === "" ? flags.int("chunk-size") : 0,
    ignoreNotFound: flags.bool("ignore-not-found"),
    enforceNamespace: k.target().explicitNamespace && !flags.bool("all-namespaces"),
    allowEmptySelector: true,
    latest: true,
    continueOnError: true,
    flatten: true,
  };
}

function tableOptions(k: Invocation, mapping: Mapping | undefined, withKind: boolean) {
  const { flags } = k;
  const group = mapping?.group ? `.${mapping.group}` : "";
  return {
    wide: flags.string("output") === "wide",
    noHeaders: flags.bool("no-headers"),
    withNamespace: flags.bool("all-namespaces") && ((mapping?.namespaced ?? true) || !flags.bool("server-print")),
    withKind: withKind || flags.bool("show-kind"),
    kind: mapping ? `${mapping.kind.toLowerCase()}${group}` : "",
    columnLabels: flags.list("label-columns"),
    showLabels: flags.bool("show-labels"),
  };
}

function* getTable(k: Invocation): Gen<number> {
  const { flags } = k;
  const sortBy = flags.string("sort-by");
  const asTable = flags.bool("server-print");
  const result = yield* build(k, {
    ...buildOptions(k),
    ...(asTable && { accept: TABLE_ACCEPT }),
    includeObject: sortBy !== "",
    flatten: false,
  });
  const unsorted = sortBy === "" || result.singleItemImplied;
  const infos = unsorted ? result.infos : sortTables(k, result.infos, sortBy);
  const withKind = new Set(infos.map((info) => `${info.mapping.group}/${info.mapping.kind}`)).size > 1;
  let text = "";
  let separate = false;
  const write = (part: string) => {
    if (part === "") return;
    text += separate ? `\n${part}` : part;
    separate = false;
  };
  const writer = newTabWriter();
  let printer: TablePrinter | undefined;
  let last: Mapping | undefined;
  for (const info of infos) {
    if (printer === undefined || last === undefined || last !== info.mapping) {
      write(writer.flush());
      writer.forgetWidths();
      if (last !== undefined && !flags.bool("no-headers") && text !== "") separate = true;
      printer = new TablePrinter(tableOptions(k, info.mapping, withKind), () => k.nowMs);
      last = info.mapping;
    }
    printer.print(info.object!, writer);
  }
  write(writer.flush());
  k.out(text);
  if (text === "" && !flags.bool("ignore-not-found") && result.errors.length === 0) {
    const namespaced = !flags.bool("all-namespaces") && infos.every((info) => info.mapping.namespaced);
    k.err(namespaced ? `No resources found in ${k.namespace} namespace.\n` : "No resources found\n");
  }
  (result.ofFiles ? throwCollected : throwAll)(result.errors);
  return 0;
}

/**
 * Tables in order. One without the field, or for a path that is none, is not printed at all, since kubectl passes over the sorter's complaint; in several,
 * the sorter looks for the field where tables do not have it (cmd/get/sorter.go RuntimeSort).
 */
function sortTables(k: Invocation, infos: Info[], sortBy: string): Info[] {
  if (infos.length > 1) throw noField(sortPath(sortBy));
  return infos.map((info) => {
    if (!isTable(info.object)) return info;
    const table = info.object as Table;
    try {
      return { ...info, object: sortTable(k, table, sortBy) as unknown as KubeObject };
    } catch (error) {
      if (!(error instanceof KubectlError)) throw error;
      return { ...info, object: { ...table, rows: [] } as unknown as KubeObject };
    }
  });
}

function* getObjects(k: Invocation): Gen<number> {
  const { flags } = k;
  const sortBy = flags.string("sort-by");
  const result = yield* build(k, buildOptions(k));
  if (result.singleItemImplied && result.errors.length > 0) throwAll(result.errors);
  if (result.infos.length === 0 && flags.bool("ignore-not-found")) {
    throwAll(result.errors);
    return 0;
  }
  const printer = objectPrinter(k, { forGet: true })!;
  let object: KubeObject;
  const objects = result.infos.map((info) => info.object!);
  if (!result.singleItemImplied || objects.length !== 1) {
    const items = sortBy === "" || objects.length === 0 ? objects : sortObjects(k, objects, sortBy);
    object = { apiVersion: "v1", items, kind: "List", metadata: { resourceVersion: "" } } as unknown as KubeObject;
  } else object = objects[0]!;
  const errors = [...result.errors];
  try {
    printGeneric(k, printer, object);
  } catch (error) {
    if (!isExpected(error)) throw error;
    errors.push(error);
  }
  throwAll(errors);
  return 0;
}

function printGeneric(k: Invocation, printer: ObjectPrinter, object: KubeObject): void {
  k.out(printer.print(object));
}

/** Lists, then follows; also a single object. */
function* watchGet(k: Invocation, human: boolean): Gen<number> {
  const { flags } = k;
  // A watch has no subresource (get.go watch).
  const options = {
    ...buildOptions(k),
    subresource: "",
    flatten: false,
    singleResourceType: true,
    continueOnError: false,
  };
  if (human) options.accept = TABLE_ACCEPT;
  const { infos } = yield* build(k, options);
  if (new Set(infos.map((info) => `${info.mapping.group}/${info.mapping.kind}`)).size > 1 || infos.length === 0) {
    throw new KubectlError(
      "watch is only supported on individual resources and resource collections - more than 1 resource was found",
    );
  }
  const info = infos[0]!;
  const table = human ? new TablePrinter(tableOptions(k, info.mapping, false), () => k.nowMs) : undefined;
  const printer = human ? undefined : objectPrinter(k, { forGet: true })!;
  const writer = newTabWriter();
  const withEvents = flags.bool("output-watch-events");
  const print = (object: KubeObject, event: string) => {
    if (table) {
      table.print(object, writer, withEvents ? event : "");
      k.out(writer.flush());
    } else if (withEvents) k.out(eventText(k, object, event));
    else k.out(printer!.print(object));
  };
  const single = info.name !== "";
  let quiet = flags.bool("watch-only");
  // A long list came in pages.
  const items = infos.flatMap(({ object }) =>
    Array.isArray(object!["items"]) ? (object as unknown as KubeList).items : [object!],
  );
  if (!quiet) for (const item of items) print(item, "ADDED");
  yield* k.flush();
  if (single && infos.length > 1) {
    throw new KubectlError("you may only watch a single resource or type of resource at a time");
  }
  quiet = single;
  const stream = yield* openWatch(k, info, human);
  let first = true;
  for (;;) {
    for (const event of stream.buffer.splice(0)) {
      if (event.type === "BOOKMARK") continue;
      if (event.type === "ERROR") {
        stream.close();
        throw toError({ status: 500, headers: {}, body: { type: "object", value: event.object } });
      }
      // A watch of one object begins with its present state, which has been printed.
      if (!(single && first && quiet)) print(event.object, event.type);
      first = false;
      yield* k.flush();
    }
    if (stream.ended) return 0;
    yield* wait(stream.ready);
  }
}

function eventText(k: Invocation, object: KubeObject, type: string): string {
  const shown = { type, object: withoutManagedFields(object, k.flags.bool("show-managed-fields")) };
  const output = k.flags.string("output");
  if (output === "yaml") return toYaml({ object: shown.object, type: shown.type });
  if (output === "json") return `{"type":${JSON.stringify(type)},"object":${toJson(shown.object)}}\n`;
  return objectPrinter(k, { forGet: true })!.print(output === "name" ? object : (shown as unknown as KubeObject));
}

function* openWatch(k: Invocation, info: Info, human: boolean): Gen<WatchStream> {
  const { flags } = k;
  const query: string[] = [];
  const add = (name: string, value: string) => value !== "" && query.push(`${name}=${encodeURIComponent(value)}`);
  const single = info.name !== "";
  add("fieldSelector", single ? `metadata.name=${info.name}` : flags.string("field-selector"));
  add("labelSelector", single ? "" : flags.string("selector"));
  add("resourceVersion", single ? "0" : (info.object!.metadata.resourceVersion ?? "0"));
  add("watch", "true");
  const path = `${resourcePath(info.mapping, info.namespace)}?${query.join("&")}`;
  const response = yield* k.request("GET", path, undefined, human ? { accept: TABLE_ACCEPT } : undefined);
  if (response.body.type !== "watch") throw toError(response);
  return response.body.watch;
}
