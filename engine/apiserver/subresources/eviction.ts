import type { DeleteOptions } from "../../api/client.ts";
import type { HttpResponse } from "../../api/http.ts";
import type { Draft } from "../../api/kind.ts";
import { disruptionAllowed } from "../../api/policy/disruption-allowed.ts";
import { matchLabelSelector } from "../../api/selector.ts";
import { failure, notFound, StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import { readBody } from "../body.ts";
import type { ResourceContext } from "../context.ts";
import { COSTS } from "../costs.ts";
import { decodeBody } from "../decode.ts";
import { checkPreconditions, deleteObject } from "../delete.ts";
import { badRequest } from "../errors.ts";
import { isDryRun } from "../options.ts";
import { ok } from "../respond.ts";
import { guaranteedUpdate } from "../store.ts";
import { nowTime } from "../time.ts";

const EVICTION = { group: "policy", kind: "Eviction", schema: "io.k8s.api.policy.v1.Eviction" };

/** POST pods/<name>/eviction: a delete that PodDisruptionBudgets may refuse (pkg/registry/core/pod/storage/eviction.go). */
export function* evict(context: ResourceContext): Gen<HttpResponse> {
  const { def, info, registry, request } = context;
  yield* cpu(COSTS.decode);
  const body = readBody(request, "Eviction") as Draft | null;
  const version = body?.apiVersion === "policy/v1beta1" ? "v1beta1" : "v1";
  const eviction = decodeBody(context, body, { ...EVICTION, version });
  if (eviction.metadata.name !== info.name) throw badRequest("name in URL does not match name in Eviction object");
  const options = eviction.deleteOptions ?? {};
  const dryRun = isDryRun(context, options);
  const pod = registry.cache(def).get(info.namespace, info.name);
  if (pod === undefined) throw notFound("", "pods", info.name);
  const phase = pod["status"]?.phase;
  const ended = phase === "Succeeded" || phase === "Failed" || phase === "Pending" || pod.metadata.deletionTimestamp;
  if (!ended) yield* spend(context, pod, dryRun);
  if (!dryRun) yield* mark(context, options);
  yield* deleteObject(context, info.name, options, dryRun);
  return ok({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }, 201);
}

/** The Pod says why it goes (eviction.go addConditionAndDeletePod). */
function* mark({ registry, def, info }: ResourceContext, options: DeleteOptions): Gen {
  const target = {
    type: "DisruptionTarget",
    status: "True",
    lastProbeTime: null,
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
  };
  yield* guaranteedUpdate(registry, def, info.namespace, info.name, function* (current): Gen<KubeObject> {
    checkPreconditions(def, current, options);
    const status = current["status"] ?? {};
    const before: readonly { type: string; status: string; lastTransitionTime?: string }[] = status.conditions ?? [];
    const old = before.find((one) => one.type === target.type);
    const since = old?.status === "True" ? old.lastTransitionTime : nowTime(registry.kernel);
    const entry = { ...target, lastTransitionTime: since };
    const conditions = old ? before.map((one) => (one === old ? entry : one)) : [...before, entry];
    return { ...current, status: { ...status, conditions } };
  });
}

/** Takes one disruption from the budget that covers the Pod; a Pod that is not ready has none to give where the budget says so. */
function* spend({ registry, info }: ResourceContext, pod: KubeObject, dryRun: boolean): Gen {
  const def = registry.kind("policy", "v1", "poddisruptionbudgets");
  if (def === undefined) return;
  const budgets = registry
    .cache(def)
    .inNamespace(info.namespace)
    .filter((budget) => matchLabelSelector(budget["spec"]?.selector, pod.metadata.labels));
  if (budgets.length === 0) return;
  if (budgets.length > 1) {
    // A status of its own, without a reason.
    const message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    throw new StatusError({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code: 500 });
  }
  const [budget] = budgets as [KubeObject];
  if (isFree(pod, budget)) return;
  yield* guaranteedUpdate(
    registry,
    def,
    info.namespace,
    budget.metadata.name,
    function* (current): Gen<KubeObject> {
      const status = current["status"] ?? {};
      const { generation = 0 } = current.metadata as { generation?: number };
      if ((status.observedGeneration ?? 0) < generation) throw beingProcessed(current);
      const allowed = status.disruptionsAllowed ?? 0;
      if (allowed <= 0) throw tooMany(current);
      const now = nowTime(registry.kernel);
      const disruptedPods = { ...status.disruptedPods, [info.name]: now };
      const last = allowed === 1 && {
        conditions: [disruptionAllowed(status.conditions, 0, status.observedGeneration, now)],
      };
      return { ...current, status: { ...status, ...last, disruptionsAllowed: allowed - 1, disruptedPods } };
    },
    dryRun,
    undefined,
    { def, manager: "kube-apiserver", subresource: "status", timeMs: registry.kernel.wallMs },
  );
}

/** A Pod that is not ready goes without a word under AlwaysAllow, else while enough others are healthy (KEP-3017). */
function isFree(pod: KubeObject, { spec, status = {} }: Record<string, KubeObject["spec"]>): boolean {
  const conditions: readonly { type: string; status: string }[] = pod["status"]?.conditions ?? [];
  if (conditions.some((one) => one.type === "Ready" && one.status === "True")) return false;
  if (spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { desiredHealthy = 0, currentHealthy = 0 } = status;
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";

function refused(message: string, details: object): Error {
  const causes = [{ reason: "DisruptionBudget", message, field: "" }];
  return failure(429, "TooManyRequests", REFUSED, { causes, ...details });
}

/** The controller has not looked at the budget yet. */
function beingProcessed({ metadata }: KubeObject): Error {
  const message = `The disruption budget ${metadata.name} is still being processed by the server.`;
  return refused(message, { retryAfterSeconds: 10 });
}

function tooMany(budget: KubeObject): Error {
  const { name } = budget.metadata;
  const { desiredHealthy = 0, currentHealthy = 0 } = budget["status"] ?? {};
  return refused(
    `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    {},
  );
}
