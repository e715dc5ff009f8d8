import type { KubeList, KubeObject } from "../../api/types.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { isExpected, KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { objectPrinter } from "./output.ts";
import { POD_TIMEOUT_ERROR } from "./pods.ts";
import { serverError } from "./server-errors.ts";
import { typedList } from "./struct-order.ts";

/** What is dumped of a namespace: file name, group and version, resource. */
const LISTS: readonly [file: string, base: string, resource: string][] = [
  ["events", "/api/v1", "events"],
  ["replication-controllers", "/api/v1", "replicationcontrollers"],
  ["services", "/api/v1", "services"],
  ["daemonsets", "/apis/apps/v1", "daemonsets"],
  ["deployments", "/apis/apps/v1", "deployments"],
  ["replicasets", "/apis/apps/v1", "replicasets"],
  ["pods", "/api/v1", "pods"],
];

/** kubectl cluster-info dump. */
export function* clusterDump(k: Invocation): Gen<number> {
  const { flags } = k;
  const printer = objectPrinter(k, { typed: true });
  if (flags.duration("pod-running-timeout") <= 0) throw new KubectlError(POD_TIMEOUT_ERROR);
  const extension = { json: ".json", yaml: ".yaml" }[flags.string("output")] ?? ".txt";
  const dir = flags.string("output-directory");
  const write = (path: string, text: string) => {
    if (dir === "" || dir === "-") {
      k.out(text);
      return;
    }
    const full = `${dir}/${path}`;
    let made = "";
    for (const part of full.split("/").slice(0, -1)) {
      made += `${part}/`;
      if (part !== "" && sys.find(k.p, made) === undefined) sys.mkdir(k.p, made);
    }
    sys.writeText(k.p, full, text);
  };
  const list = function* (path: string): Gen<KubeList> {
    return (yield* k.object("GET", path)) as unknown as KubeList;
  };
  const print = (found: KubeList) => {
    if (printer === undefined || flags.string("output") === "name") {
      throw new KubectlError(`list types are not supported by name printing: *v1.${found.kind}`);
    }
    return printer.print(typedList(found as unknown as KubeObject));
  };
  write(`nodes${extension}`, print(yield* list("/api/v1/nodes")));
  const given = flags.list("namespaces");
  const namespaces = flags.bool("all-namespaces")
    ? (yield* list("/api/v1/namespaces")).items.map((item) => item.metadata.name)
    : given.length > 0
      ? given
      : ["kube-system", k.namespace];
  for (const namespace of namespaces) {
    let pods: KubeObject[] = [];
    for (const [file, base, resource] of LISTS) {
      const found = yield* list(`${base}/namespaces/${namespace}/${resource}`);
      write(`${namespace}/${file}${extension}`, print(found));
      pods = found.items;
    }
    for (const pod of pods) {
      let text = "";
      const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers] as { name: string }[];
      for (const { name } of containers) text += yield* logsOf(k, namespace, pod.metadata.name, name);
      write(`${namespace}/${pod.metadata.name}/logs.txt`, text);
    }
  }
  if (dir !== "" && dir !== "-") k.out(`Cluster info dumped to ${dir}\n`);
  return 0;
}

function* logsOf(k: Invocation, namespace: string, pod: string, container: string): Gen<string> {
  const about = `logs for container ${container} of pod ${namespace}/${pod} ====\n`;
  let text = `==== START ${about}`;
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?container=${container}`;
  try {
    const response = yield* k.request("GET", path);
    // What was said is read twice, and is empty then (client-go, Request.DoRaw).
    const unread = { ...response, body: { type: "bytes" as const, bytes: new Uint8Array() } };
    if (response.status >= 400) throw serverError(unread, "GET", path);
    if (response.body.type === "bytes") text += decode(response.body.bytes);
    else if (response.body.type === "stream") {
      for (;;) {
        const chunk = yield* response.body.pipe.read(65_536);
        if (chunk === "interrupted" || chunk.length === 0) break;
        text += decode(chunk);
      }
    }
  } catch (error) {
    if (!isExpected(error)) throw error;
    text += `Request log error: ${error.message}\n`;
  }
  return `${text}==== END ${about}`;
}
