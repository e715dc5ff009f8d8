import { matchesNodeAffinity } from "../api/node-selector.ts";
import { type Toleration, untoleratedTaint } from "../api/tolerations.ts";
import type { KubeObject } from "../api/types.ts";

/** Where a DaemonSet's Pods go, all pure (pkg/controller/daemon/util, NodeShouldRunDaemonPod). */

/** What every daemon Pod tolerates (pkg/controller/daemon/util AddOrUpdateDaemonPodTolerations). */
const TOLERATIONS: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];
const HOST_NETWORK_TOLERATION: Toleration = {
  key: "node.kubernetes.io/network-unavailable",
  operator: "Exists",
  effect: "NoSchedule",
};

const known = new WeakMap<object, Toleration[]>();

/** Templates are frozen, so the answer is kept with them. */
function tolerationsOf(spec: KubeObject): Toleration[] {
  let tolerations = known.get(spec);
  if (tolerations === undefined) known.set(spec, (tolerations = withOwn(spec)));
  return tolerations;
}

function withOwn(spec: KubeObject): Toleration[] {
  const added = spec["hostNetwork"] ? [...TOLERATIONS, HOST_NETWORK_TOLERATION] : TOLERATIONS;
  const own: Toleration[] = spec["tolerations"] ?? [];
  const equal = (a: Toleration, b: Toleration) => JSON.stringify(a) === JSON.stringify(b);
  return [...own, ...added.filter((t) => !own.some((o) => equal(o, t)))];
}

interface Suits {
  run: boolean;
  keep: boolean;
}

const suiting = new WeakMap<object, WeakMap<KubeObject, Suits>>();

/** The template's Pod pinned to one node: its name replaces required node affinity by nothing less (daemon/util ReplaceDaemonSetPodNodeNameNodeAffinity). */
export function pinned(spec: KubeObject, node: string): object {
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] };
  const affinity = spec["affinity"] ?? {};
  return {
    ...spec,
    affinity: {
      ...affinity,
      nodeAffinity: {
        ...affinity.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
      },
    },
    tolerations: tolerationsOf(spec),
  };
}

/** The node a daemon Pod is for, bound or not. */
export function targetOf(pod: KubeObject): string {
  if (pod.spec.nodeName) return pod.spec.nodeName;
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const term of terms)
    for (const field of term.matchFields ?? []) if (field.key === "metadata.name") return field.values?.[0] ?? "";
  return "";
}

/** Whether a node should run the set's Pod, and may keep one; both are frozen, so the answer is kept with them. */
export function suits(set: KubeObject, node: KubeObject): Suits {
  const { spec } = set.spec.template;
  let known = suiting.get(spec);
  if (known === undefined) suiting.set(spec, (known = new WeakMap()));
  let answer = known.get(node);
  if (answer === undefined) known.set(node, (answer = judge(spec, node)));
  return answer;
}

function judge(spec: KubeObject, node: KubeObject): Suits {
  if (spec["nodeName"] && spec["nodeName"] !== node.metadata.name) return { run: false, keep: false };
  if (!matchesNodeAffinity({ spec } as unknown as KubeObject, node)) return { run: false, keep: false };
  const tolerations = tolerationsOf(spec);
  const keep = untoleratedTaint(node, tolerations, ["NoExecute"]) === undefined;
  return { run: keep && untoleratedTaint(node, tolerations, ["NoSchedule"]) === undefined, keep };
}
