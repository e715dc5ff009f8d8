/** kubectl cordon, uncordon, drain. */

import { resourcePath } from "../../api/client.ts";
import { RateLimiter, ThrottleLog } from "../../api/rate-limiter.ts";
import { parseLabelSelector } from "../../api/selector.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { changeQuery, type DryRun, dryRun, resultPrinter } from "./changes.ts";
import { controllerOf } from "./describe/document.ts";
import { isExpected, KubectlError, throwAll, throwCollected, usageError } from "./errors.ts";
import { durationText, quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { klog, verbosity } from "./klog.ts";
import { podPath } from "./pods.ts";
import { build, type Info } from "./resources.ts";

type Print = (object: KubeObject, operation: string) => void;

function* nodesOf(k: Invocation): Gen<Info[]> {
  const { flags, args } = k;
  if (args.length === 0 && !flags.changed("selector")) throw usageError(k.path, `USAGE: ${k.path} NODE [flags]`);
  const selector = flags.string("selector");
  if (args.length > 0 && selector !== "") {
    throw usageError(k.path, "error: cannot specify both a node name and a --selector option");
  }
  const words = selector === "" ? args.map((name) => (name.includes("/") ? name : `nodes/${name}`)) : ["nodes"];
  const { infos } = yield* build(k, {
    args: words,
    labelSelector: selector,
    singleResourceType: true,
    flatten: true,
    spelledOut: true,
    chunkSize: chunkSize(k),
    typed: true,
  });
  for (const { mapping } of infos) {
    if (mapping.group === "" && mapping.resource === "nodes") continue;
    const gvr = `${mapping.group}/${mapping.version}, Resource=${mapping.resource}`;
    throw new KubectlError(`error: expected resource of type node, got ${quote(gvr)}`);
  }
  return infos;
}

/** `--chunk-size` of drain; the others have its default. */
const chunkSize = ({ flags }: Invocation) => (flags.has("chunk-size") ? flags.int("chunk-size") : 500);

function* setUnschedulable(
  k: Invocation,
  nodes: readonly Info[],
  desired: boolean,
  strategy: DryRun,
  print: Print,
): Gen {
  const word = desired ? "cordon" : "uncordon";
  for (const info of nodes) {
    const object = info.object!;
    if ((object.spec.unschedulable === true) === desired) {
      print(object, `already ${word}ed`);
      continue;
    }
    try {
      if (strategy !== "client") {
        const path = resourcePath(info.mapping, "", info.name) + changeQuery({ dryRun: strategy });
        yield* k.patch(path, { spec: { unschedulable: desired ? true : null } }, "strategic");
      }
      print(object, `${word}ed`);
    } catch (error) {
      if (!isExpected(error)) throw error;
      k.err(`error: unable to ${word} node ${quote(info.name)}: ${error.message}\n`);
    }
  }
}

function cordoning(desired: boolean): (k: Invocation) => Gen<number> {
  return function* cordon(k) {
    const strategy = dryRun(k);
    yield* setUnschedulable(k, yield* nodesOf(k), desired, strategy, resultPrinter(k, strategy));
    return 0;
  };
}

export const cordon = cordoning(true);
export const uncordon = cordoning(false);

/** kubectl drain. */
export function* drain(k: Invocation): Gen<number> {
  const strategy = dryRun(k);
  if ("error" in parseLabelSelector(k.flags.string("pod-selector")))
    throw new KubectlError("--pod-selector=<pod_selector> must be a valid label selector");
  const nodes = yield* nodesOf(k);
  const print = resultPrinter(k, strategy);
  yield* setUnschedulable(k, nodes, true, strategy, print);
  const failed: Error[] = [];
  const remaining: string[] = [];
  for (const info of nodes) {
    try {
      yield* evictAll(k, info.name, strategy);
      print(info.object!, "drained");
    } catch (error) {
      if (!isExpected(error)) throw error;
      k.err(`error: unable to drain node ${quote(info.name)} due to error: ${error.message}, continuing command...\n`);
      failed.push(error);
      remaining.push(info.name);
    }
  }
  if (remaining.length > 0)
    k.err(`There are pending nodes to be drained:\n${remaining.map((name) => ` ${name}\n`).join("")}`);
  throwAll(failed);
  return 0;
}

interface Verdict {
  evict: boolean;
  warning?: string;
  error?: string;
}

/** What becomes of a Pod when its node is drained (pkg/drain/filters.go). */
function* judge(k: Invocation, pod: KubeObject): Gen<Verdict> {
  const { flags } = k;
  const finished = ["Succeeded", "Failed"].includes(pod.status?.phase);
  const force = flags.bool("force");
  const controller = controllerOf(pod);
  let verdict: Verdict = { evict: true };
  if (controller?.kind === "DaemonSet" && !finished) {
    try {
      yield* k.object("GET", `/apis/apps/v1/namespaces/${pod.metadata.namespace}/daemonsets/${controller.name}`);
      if (!flags.bool("ignore-daemonsets")) {
        return { evict: false, error: "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)" };
      }
      return { evict: false, warning: "ignoring DaemonSet-managed Pods" };
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (!isStatus(error, "NotFound") || !force) return { evict: false, error: error.message };
      verdict = { evict: true, warning: error.message };
    }
  }
  if (pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) return { evict: false };
  const volumes = (pod.spec.volumes ?? []) as { emptyDir?: object }[];
  if (volumes.some((volume) => volume.emptyDir) && !finished) {
    if (!flags.bool("delete-emptydir-data")) {
      return { evict: false, error: "Pods with local storage (use --delete-emptydir-data to override)" };
    }
    verdict = { evict: true, warning: "deleting Pods with local storage" };
  }
  if (finished || controller) return verdict;
  if (force) return { evict: true, warning: "deleting Pods that declare no controller" };
  return { evict: false, error: "cannot delete Pods that declare no controller (use --force to override)" };
}

function grouped(pods: readonly [string, KubeObject][]): string[] {
  const groups = new Map<string, string[]>();
  for (const [message, { metadata }] of pods) {
    groups.set(message, [...(groups.get(message) ?? []), `${metadata.namespace}/${metadata.name}`]);
  }
  return [...groups].map(([message, names]) => `${message}: ${names.join(", ")}`);
}

function* evictAll(k: Invocation, node: string, strategy: DryRun): Gen {
  const { flags } = k;
  const query = [`fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`];
  if (flags.string("pod-selector")) query.push(`labelSelector=${encodeURIComponent(flags.string("pod-selector"))}`);
  const limit = chunkSize(k);
  if (limit > 0) query.push(`limit=${limit}`);
  const evict: KubeObject[] = [];
  const warnings: [string, KubeObject][] = [];
  const errors: [string, KubeObject][] = [];
  for (const pod of yield* podsOf(k, query)) {
    const verdict = yield* judge(k, pod);
    if (verdict.evict) evict.push(pod);
    if (verdict.warning) warnings.push([verdict.warning, pod]);
    if (verdict.error) errors.push([verdict.error, pod]);
  }
  throwCollected(grouped(errors).map((text) => new KubectlError(`cannot delete ${text}`)));
  if (warnings.length > 0) k.warn(grouped(warnings).join("; "));
  if (strategy === "client") {
    for (const { metadata } of evict) k.out(`evicting pod ${metadata.namespace}/${metadata.name} (dry run)\n`);
    return;
  }
  try {
    // Whether the server knows evictions (drain.CheckEvictionSupport).
    if (evict.length > 0 && !flags.bool("disable-eviction")) yield* k.request("GET", "/api/v1");
    if (flags.bool("disable-eviction")) yield* deletePods(k, evict, strategy);
    else yield* evictPods(k, evict, strategy);
  } catch (error) {
    if (!isExpected(error)) throw error;
    const pending = yield* podsOf(k, query);
    const names: string[] = [];
    for (const pod of pending) if ((yield* judge(k, pod)).evict) names.push(pod.metadata.name);
    if (names.length > 0) {
      k.err(`There are pending pods in node ${quote(node)} when an error occurred: ${error.message}\n`);
      for (const name of names) k.err(`pod/${name}\n`);
    }
    throw error;
  }
}

/** A list of Pods, page by page. */
function* podsOf(k: Invocation, query: readonly string[]): Gen<KubeObject[]> {
  const pods: KubeObject[] = [];
  for (let next = ""; ; ) {
    const page = next === "" ? query : [`continue=${encodeURIComponent(next)}`, ...query];
    const list = (yield* k.object("GET", `/api/v1/pods?${page.join("&")}`)) as unknown as KubeList;
    pods.push(...list.items);
    next = list.metadata.continue ?? "";
    if (next === "") return pods;
  }
}

/** The moment --timeout is over, and how kubectl says so. */
function timeoutOf(k: Invocation): { deadline: number; text: string } {
  const timeout = k.flags.duration("timeout");
  return {
    deadline: timeout === 0 ? Number.POSITIVE_INFINITY : k.p.machine.kernel.now + timeout,
    text: `global timeout reached: ${durationText(timeout * 1000)}`,
  };
}

function deleteOptions(k: Invocation, strategy: DryRun): object {
  const grace = k.flags.int("grace-period");
  return {
    ...(grace >= 0 && { gracePeriodSeconds: grace }),
    ...(strategy === "server" && { dryRun: ["All"] }),
  };
}

/** --disable-eviction: the Pods are deleted, whatever their budgets say. */
function* deletePods(k: Invocation, pods: readonly KubeObject[], strategy: DryRun): Gen {
  const { deadline, text } = timeoutOf(k);
  for (const pod of pods) {
    try {
      yield* k.object("DELETE", podPath(pod, ""), deleteOptions(k, strategy));
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
  if (strategy !== "none") return;
  let left = [...pods];
  for (;;) {
    const still: KubeObject[] = [];
    for (const pod of left) {
      if (yield* isGone(k, pod)) k.out(`pod/${pod.metadata.name} deleted\n`);
      else still.push(pod);
    }
    yield* k.flush();
    left = still;
    if (left.length === 0) return;
    if (k.p.machine.kernel.now >= deadline) throw new KubectlError(text);
    yield* sleep(SECOND);
  }
}

interface Eviction {
  pod: KubeObject;
  /** When its goroutine wakes. */
  at: number;
  evicted: boolean;
  /** µs that its next request was held back; undefined until it wants to ask. */
  delay: number | undefined;
}

/** Every Pod has a goroutine of its own in kubectl: evicted again every 5 s until it may go, then watched every second. */
function* evictPods(k: Invocation, pods: readonly KubeObject[], strategy: DryRun): Gen {
  const { kernel } = k.p.machine;
  const { deadline, text } = timeoutOf(k);
  const { policy, core } = limitersOf(k);
  const failed: Error[] = [];
  let open: Eviction[] = pods.map((pod) => ({ pod, at: kernel.now, evicted: false, delay: undefined }));
  while (open.length > 0) {
    const next = open.reduce((first, other) => (other.at < first.at ? other : first));
    if (next.at > kernel.now) {
      yield* k.flush();
      yield* sleep(next.at - kernel.now);
    }
    const limiter = next.evicted ? core : policy;
    if (next.delay === undefined) {
      if (!next.evicted) announce(k, next.pod, strategy);
      next.delay = limiter.take();
      next.at = kernel.now + next.delay;
      if (next.delay > 0) continue;
    }
    limiter.waited(next.delay, next.evicted ? "GET" : "POST", podPath(next.pod, next.evicted ? "" : "eviction"));
    next.delay = undefined;
    let done: boolean;
    try {
      done = yield* next.evicted ? stepWait(k, next, deadline, text) : stepEvict(k, next, strategy, deadline, text);
    } catch (error) {
      if (!isExpected(error)) throw error;
      failed.push(error);
      done = true;
    }
    if (done) open = open.filter((other) => other !== next);
  }
  throwCollected(failed);
}

/** Each API group of client-go's clientset has a limiter of its own, with the defaults of rest/config.go. */
function limitersOf(k: Invocation) {
  const { kernel } = k.p.machine;
  const log = (severity: "I", place: string, text: string) => k.err(klog(k, severity, place, text));
  const throttled = new ThrottleLog(kernel, log, verbosity(k));
  const limiter = () => new RateLimiter(kernel, { qps: 5, burst: 10 }, k.target().server, throttled);
  return { policy: limiter(), core: limiter() };
}

function announce(k: Invocation, { metadata }: KubeObject, strategy: DryRun): void {
  k.out(`evicting pod ${metadata.namespace}/${metadata.name}${strategy === "server" ? " (server dry run)" : ""}\n`);
}

/** One attempt to evict a Pod: whether kubectl is through with it. */
function* stepEvict(k: Invocation, next: Eviction, strategy: DryRun, deadline: number, text: string): Gen<boolean> {
  const { name, namespace } = next.pod.metadata;
  const which = `pods/${quote(name)} -n ${quote(namespace!)}`;
  if (k.p.machine.kernel.now >= deadline) throw new KubectlError(`error when evicting ${which}: ${text}`);
  try {
    yield* k.object("POST", podPath(next.pod, "eviction"), {
      kind: "Eviction",
      apiVersion: "policy/v1",
      metadata: { name, namespace, creationTimestamp: null },
      deleteOptions: deleteOptions(k, strategy),
    });
  } catch (error) {
    if (isStatus(error, "NotFound")) return true;
    if (!isExpected(error)) throw error;
    if (!isStatus(error, "TooManyRequests")) {
      throw new KubectlError(`error when evicting ${which}: ${error.message}`);
    }
    k.err(`error when evicting ${which} (will retry after 5s): ${error.message}\n`);
    next.at = k.p.machine.kernel.now + 5 * SECOND;
    return false;
  }
  if (strategy === "server") return true;
  next.evicted = true;
  next.at = k.p.machine.kernel.now;
  return false;
}

/** One look whether an evicted Pod is gone. */
function* stepWait(k: Invocation, next: Eviction, deadline: number, text: string): Gen<boolean> {
  const { name, namespace } = next.pod.metadata;
  if (yield* isGone(k, next.pod)) {
    k.out(`pod/${name} evicted\n`);
    return true;
  }
  if (k.p.machine.kernel.now >= deadline) {
    throw new KubectlError(
      `error when waiting for pod ${quote(name)} in namespace ${quote(namespace!)} to terminate: ${text}`,
    );
  }
  next.at = k.p.machine.kernel.now + SECOND;
  return false;
}

function* isGone(k: Invocation, pod: KubeObject): Gen<boolean> {
  try {
    const now = yield* k.object("GET", podPath(pod, ""));
    return now.metadata.uid !== pod.metadata.uid;
  } catch (error) {
    if (isStatus(error, "NotFound")) return true;
    throw error;
  }
}
