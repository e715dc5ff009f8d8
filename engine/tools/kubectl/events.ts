import { toError } from "../../api/client.ts";
import { humanDuration } from "../../api/duration.ts";
import { parseTime } from "../../api/time.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import { type Gen, wait } from "../../kernel/index.ts";
import type { Mapping } from "./discovery.ts";
import { Errors, KubectlError } from "./errors.ts";
import { goSort } from "./go-sort.ts";
import type { Invocation } from "./invocation.ts";
import { type ObjectPrinter, objectPrinter } from "./output.ts";
import { escapeTerminal } from "./printers/table.ts";
import { newTabWriter, type TabWriter } from "./printers/tabwriter.ts";
import { mappingFor } from "./resources.ts";
import { typed } from "./struct-order.ts";

/** kubectl events. */
export function* events(k: Invocation): Gen<number> {
  const { flags } = k;
  const types = flags.list("types");
  const all = flags.bool("all-namespaces");
  const selector = yield* selectorOf(k, flags.string("for"));
  // A template alone says nothing.
  const printer = flags.string("output") === "" ? undefined : objectPrinter(k, { typed: true });
  for (const type of types) {
    if (!["normal", "warning"].includes(type.toLowerCase()))
      throw new KubectlError("valid --types are Normal or Warning");
  }
  const wanted = (event: KubeObject) =>
    types.length === 0 || types.some((type) => type.toLowerCase() === String(event["type"]).toLowerCase());
  const base = all ? "/api/v1/events" : `/api/v1/namespaces/${k.namespace}/events`;
  const query = [...(selector ? [`fieldSelector=${encodeURIComponent(selector)}`] : [])];
  const list = (yield* k.object("GET", `${base}?${[...query, "limit=500"].join("&")}`)) as unknown as KubeList;
  const found = list.items.filter(wanted).map((item): KubeObject => ({ ...item, apiVersion: "v1", kind: "Event" }));
  const items = goSort(found, (a, b) => byTime(a, b) < 0);
  const writer = newTabWriter();
  const table = new EventTable(k, writer);
  if (!flags.bool("watch")) {
    if (items.length === 0) {
      k.err(all ? "No events found.\n" : `No events found in ${k.namespace} namespace.\n`);
      return 0;
    }
    if (printer) k.out(printedList(k, printer, items));
    else {
      for (const item of items) table.print(item);
      k.out(writer.flush());
    }
    return 0;
  }
  for (const item of items) {
    if (printer) k.out(printer.print(typed(item)));
    else {
      table.print(item);
      k.out(writer.flush());
    }
  }
  yield* k.flush();
  query.push(`resourceVersion=${list.metadata.resourceVersion}`, "watch=true");
  const response = yield* k.request("GET", `${base}?${query.join("&")}`);
  if (response.body.type !== "watch") throw toError(response);
  const { watch } = response.body;
  for (;;) {
    for (const event of watch.buffer.splice(0)) {
      if ((event.type !== "ADDED" && event.type !== "MODIFIED") || !wanted(event.object)) continue;
      if (printer) k.out(printer.print(typed({ ...event.object, apiVersion: "v1", kind: "Event" })));
      else {
        table.print(event.object);
        k.out(writer.flush());
      }
      yield* k.flush();
    }
    if (watch.ended) return 0;
    yield* wait(watch.ready);
  }
}

/** A list of Go's structs as `-o` asks for. The printer of names takes no such list, and what it says of it is not told. */
function printedList(k: Invocation, printer: ObjectPrinter, events: readonly KubeObject[]): string {
  if (k.flags.string("output").toLowerCase() === "name") return "";
  const list = { kind: "EventList", apiVersion: "v1", metadata: {}, items: events.map(typed) };
  return printer.print(list as unknown as KubeObject);
}

function* selectorOf(k: Invocation, text: string): Gen<string> {
  if (text === "") return "";
  const parts = text.split("/");
  if (parts.length < 2) throw new KubectlError("--for must be in resource/name form");
  if (parts.length !== 2) throw new KubectlError("arguments in resource/name form may not have more than one slash");
  const [type, name] = parts as [string, string];
  if (type === "") throw new KubectlError("a resource must be present, got: /, Resource=");
  let mapping: Mapping;
  try {
    mapping = yield* mappingFor(k, type, 2);
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    // A mapper's own error is told as it is (cmd/util StandardErrorMessage).
    throw new Errors([error]);
  }
  // Without a name all events are meant.
  if (name === "") return "";
  const apiVersion = mapping.group === "" ? mapping.version : `${mapping.group}/${mapping.version}`;
  return `involvedObject.kind=${mapping.kind},involvedObject.apiVersion=${apiVersion},involvedObject.name=${name}`;
}

const lastSeen = (event: KubeObject) =>
  event["series"]?.lastObservedTime || event["lastTimestamp"] || event["eventTime"] || "";

function byTime(a: KubeObject, b: KubeObject): number {
  const x = lastSeen(a) ? parseTime(lastSeen(a)) : 0;
  const y = lastSeen(b) ? parseTime(lastSeen(b)) : 0;
  return x - y;
}

class EventTable {
  private readonly k: Invocation;
  private readonly writer: TabWriter;
  private headers: boolean;

  constructor(k: Invocation, writer: TabWriter) {
    this.k = k;
    this.writer = writer;
    this.headers = !k.flags.bool("no-headers");
  }

  print(event: KubeObject): void {
    const all = this.k.flags.bool("all-namespaces");
    if (this.headers) this.writer.write(`${all ? "NAMESPACE\t" : ""}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n`);
    this.headers = false;
    const { kind = "", name = "" } = event["involvedObject"] ?? {};
    const cells = [
      this.interval(event),
      event["type"] ?? "",
      event["reason"] ?? "",
      `${kind}/${name}`,
      String(event["message"] ?? "").trim(),
    ];
    const text = cells.map((cell, i) => (i === 0 ? cell : escapeTerminal(cell))).join("\t");
    this.writer.write(`${all ? `${event.metadata.namespace}\t` : ""}${text}\n`);
  }

  private since(timestamp: string | null | undefined): string {
    return timestamp ? humanDuration(this.k.nowMs - parseTime(timestamp)) : "<unknown>";
  }

  private interval(event: KubeObject): string {
    const first = this.since(event["eventTime"] ?? event["firstTimestamp"]);
    const { series, count } = event;
    if (series) return `${this.since(series.lastObservedTime)} (x${series.count} over ${first})`;
    return count > 1 ? `${this.since(event["lastTimestamp"])} (x${count} over ${first})` : first;
  }
}
