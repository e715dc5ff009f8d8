import { toError } from "../../api/client.ts";
import type { HttpBody } from "../../api/http.ts";
import { isStatus } from "../../api/status.ts";
import { parseTime } from "../../api/time.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import { decode, type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { isExpected, KubectlError, usageError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { allContainerNames, byLogging, containersOf, podOrOwner, podPath, podSelector, podsOf } from "./pods.ts";
import { build } from "./resources.ts";

const USAGE =
  "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command";

interface Source {
  pod: KubeObject;
  container: string;
}

/** kubectl logs. */
export function* logs(k: Invocation): Gen<number> {
  const { flags, args } = k;
  const selector = flags.string("selector");
  if ((args.length === 0 && selector === "") || args.length > 2) throw usageError("logs", USAGE);
  if (args.length === 1 && selector !== "") throw usageError("logs", "only a selector (-l) or a POD name is allowed");
  if (flags.duration("pod-running-timeout") <= 0)
    throw new KubectlError("--pod-running-timeout must be higher than zero");
  const sinceTime = flags.string("since-time");
  if (sinceTime !== "" && Number.isNaN(parseTime(sinceTime))) {
    throw new KubectlError(
      `parsing time ${quote(sinceTime)} as "2006-01-02T15:04:05Z07:00": cannot parse ${quote(sinceTime)} as "2006"`,
    );
  }
  const container = args.length === 2 ? args[1]! : flags.string("container");
  const object = yield* target(k, args[0], selector);
  validate(k, container);
  const sources = yield* sourcesOf(k, object, container);
  if (flags.bool("follow") && sources.length > flags.int("max-log-requests") && sources.length > 1) {
    throw new KubectlError(
      `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${flags.int("max-log-requests")}, use --max-log-requests to increase the limit`,
    );
  }
  const query = logQuery(k, selector);
  if (flags.bool("follow") && sources.length > 1) return yield* followAll(k, sources, query);
  for (const source of sources) yield* consume(k, source, query);
  return 0;
}

function* target(k: Invocation, word: string | undefined, selector: string): Gen<KubeObject> {
  if (selector !== "") {
    const { infos } = yield* build(k, { args: ["pods"], labelSelector: selector, chunkSize: 0, spelledOut: true });
    const list = infos[0]!.object as unknown as KubeList;
    if (list.items.length === 0) k.err(`No resources found in ${k.namespace} namespace.\n`);
    return list as unknown as KubeObject;
  }
  try {
    return (yield* podOrOwner(k, word!)).object!;
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    throw new KubectlError(
      `error from server (NotFound): ${(error as Error).message} in namespace ${quote(k.namespace)}`,
    );
  }
}

function validate(k: Invocation, container: string): void {
  const { flags } = k;
  if (flags.string("since-time") !== "" && flags.duration("since") !== 0) {
    throw new KubectlError("at most one of `sinceTime` or `sinceSeconds` may be specified");
  }
  if (flags.bool("all-containers") && container !== "") {
    throw new KubectlError(`--all-containers=true should not be specified with container name ${container}`);
  }
  if (flags.changed("container") && k.args.length === 2) {
    throw new KubectlError("only one of -c or an inline [CONTAINER] arg is allowed");
  }
  if (flags.int("limit-bytes") < 0) throw new KubectlError("--limit-bytes must be greater than 0");
  if (flags.duration("since") < 0) throw new KubectlError("--since must be greater than 0");
  if (flags.int("tail") < -1) throw new KubectlError("--tail must be greater than or equal to -1");
}

/** Query of a log request, without the container. */
function logQuery(k: Invocation, selector: string): string[] {
  const { flags } = k;
  const query: string[] = [];
  if (flags.bool("follow")) query.push("follow=true");
  if (flags.bool("insecure-skip-tls-verify-backend")) query.push("insecureSkipTLSVerifyBackend=true");
  if (flags.int("limit-bytes") !== 0) query.push(`limitBytes=${flags.int("limit-bytes")}`);
  if (flags.bool("previous")) query.push("previous=true");
  const since = flags.duration("since");
  if (since !== 0) query.push(`sinceSeconds=${Math.round(since / 1e6)}`);
  if (flags.string("since-time")) query.push(`sinceTime=${encodeURIComponent(flags.string("since-time"))}`);
  const tail = flags.int("tail");
  if (selector !== "" && tail === -1 && !flags.changed("tail")) query.push("tailLines=10");
  else if (tail !== -1) query.push(`tailLines=${tail}`);
  if (flags.bool("timestamps")) query.push("timestamps=true");
  return query;
}

function* sourcesOf(k: Invocation, object: KubeObject, container: string): Gen<Source[]> {
  const { flags } = k;
  const all = flags.bool("all-containers");
  const allPods = flags.bool("all-pods");
  if (Array.isArray(object.items)) {
    return (object.items as KubeObject[]).flatMap((pod) => podSources(k, pod, container, all, allPods));
  }
  if (object.kind === "Pod") return podSources(k, object, container, all, allPods);
  const selector = podSelector(object);
  if (selector === undefined) {
    throw new KubectlError(
      `cannot get the logs from *${goType(object)}: selector for *${goType(object)} not implemented`,
    );
  }
  const pods = [...(yield* podsOf(k, object.metadata.namespace!, selector))].sort(byLogging);
  const [first] = pods;
  if (first === undefined) throw new KubectlError("timed out waiting for the condition");
  if (allPods) return pods.flatMap((pod) => podSources(k, pod, container, all, true));
  if (pods.length > 1) k.err(`Found ${pods.length} pods, using pod/${first.metadata.name}\n`);
  return podSources(k, first, container, all, false);
}

function goType(object: KubeObject): string {
  return `${object.apiVersion.includes("/") ? object.apiVersion.slice(object.apiVersion.indexOf("/") + 1) : object.apiVersion}.${object.kind}`;
}

function podSources(k: Invocation, pod: KubeObject, wanted: string, all: boolean, quiet: boolean): Source[] {
  const containers = containersOf(pod);
  if (all) {
    const order = ["initContainers", "containers", "ephemeralContainers"];
    return order.flatMap((field) =>
      containers.filter((c) => c.field === field).map(({ container }) => ({ pod, container: container.name })),
    );
  }
  let name = wanted;
  const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  if (name === "" && preferred) {
    if (containers.some(({ container }) => container.name === preferred)) name = preferred;
    else k.err(`Default container name ${quote(preferred)} not found in pod ${pod.metadata.name}\n`);
  }
  if (name === "") {
    name = pod.spec.containers[0].name;
    if (containers.length > 1 && !quiet)
      k.err(`Defaulted container ${quote(name)} out of: ${allContainerNames(pod)}\n`);
  }
  if (!containers.some(({ container }) => container.name === name)) {
    throw new KubectlError(`container ${name} is not valid for pod ${pod.metadata.name}`);
  }
  return [{ pod, container: name }];
}

function* open(k: Invocation, { pod, container }: Source, query: readonly string[]): Gen<HttpBody> {
  const path = `${podPath(pod, "log")}?${[`container=${encodeURIComponent(container)}`, ...query].join("&")}`;
  const response = yield* k.request("GET", path, undefined, { accept: "application/json, */*" });
  if (response.status >= 400) throw toError(response);
  return response.body;
}

function prefixOf(k: Invocation, { pod, container }: Source): string {
  return k.flags.bool("prefix") || k.flags.bool("all-pods") ? `[pod/${pod.metadata.name}/${container}] ` : "";
}

/** Puts a prefix before each line of a stream that comes in pieces. */
class LinePrefix {
  private atStart = true;
  private readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  add(text: string): string {
    if (this.prefix === "" || text === "") return text;
    const lead = this.atStart ? this.prefix : "";
    this.atStart = text.endsWith("\n");
    const body = this.atStart ? text.slice(0, -1) : text;
    return lead + body.replace(/\n/g, () => `\n${this.prefix}`) + (this.atStart ? "\n" : "");
  }
}

function* consume(k: Invocation, source: Source, query: readonly string[]): Gen {
  const lines = new LinePrefix(prefixOf(k, source));
  try {
    const body = yield* open(k, source, query);
    if (body.type === "bytes") k.out(lines.add(decode(body.bytes)));
    else if (body.type === "stream") {
      try {
        for (;;) {
          const chunk = yield* body.pipe.read(65_536);
          if (chunk === "interrupted" || chunk.length === 0) break;
          k.out(lines.add(decode(chunk)));
          yield* k.flush();
        }
      } finally {
        body.pipe.closeReader();
      }
      if (k.timedOut) {
        throw new KubectlError(
          "net/http: request canceled (Client.Timeout or context cancellation while reading body)",
        );
      }
    }
  } catch (error) {
    if (!k.flags.bool("ignore-errors") || !isExpected(error)) throw error;
    k.out(`error: ${(error as Error).message}\n`);
  }
}

/** Several streams at once, as their bytes come. */
function* followAll(k: Invocation, sources: readonly Source[], query: readonly string[]): Gen<number> {
  const kernel = k.p.machine.kernel;
  const news = new WaitQueue();
  let open = sources.length;
  let failed: unknown;
  const tasks = sources.map((source) =>
    kernel.spawn(`kubectl logs ${source.pod.metadata.name}`, consume(k, source, query), {
      onExit: (task) => {
        open--;
        failed ??= task.error;
        news.wakeAll();
      },
    }),
  );
  try {
    while (open > 0 && failed === undefined) yield* wait(news);
  } finally {
    for (const task of tasks) if (task.state !== "done") kernel.kill(task);
  }
  if (failed !== undefined) throw failed;
  return 0;
}

/** Everything a Pod's first container has written so far. */
export function* consumePodLogs(k: Invocation, pod: KubeObject): Gen {
  yield* consumePlain(k, { pod, container: pod.spec.containers[0].name });
}

/** The same of one container. */
export function* consumeContainerLogs(k: Invocation, pod: KubeObject, container: string): Gen {
  yield* consumePlain(k, { pod, container });
}

function* consumePlain(k: Invocation, source: Source): Gen {
  const body = yield* open(k, source, []);
  if (body.type === "bytes") k.out(decode(body.bytes));
  else if (body.type === "stream") {
    for (;;) {
      const chunk = yield* body.pipe.read(65_536);
      if (chunk === "interrupted" || chunk.length === 0) break;
      k.out(decode(chunk));
    }
    body.pipe.closeReader();
  }
}
