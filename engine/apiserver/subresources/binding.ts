import type { HttpResponse } from "../../api/http.ts";
import type { Draft } from "../../api/kind.ts";
import type { KubeObject } from "../../api/types.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import { readBody } from "../body.ts";
import type { ResourceContext } from "../context.ts";
import { COSTS } from "../costs.ts";
import { decodeBody } from "../decode.ts";
import { badRequest, conflictBecause, plainError } from "../errors.ts";
import { isDryRun } from "../options.ts";
import { ok } from "../respond.ts";
import { guaranteedUpdate } from "../store.ts";
import { nowTime } from "../time.ts";
import { uidPrecondition } from "../update.ts";

const BINDING = { group: "", version: "v1", kind: "Binding" };

/** POST pods/<name>/binding: the scheduler's word, once per Pod (pkg/registry/core/pod/storage assignPod). */
export function* bind(context: ResourceContext): Gen<HttpResponse> {
  const { info, registry, request } = context;
  yield* cpu(COSTS.decode);
  const binding = decodeBody(context, readBody(request, "Binding"), BINDING);
  // POST bindings names the Pod in the object alone.
  const name = info.name || binding.metadata.name;
  if (!name) validate(binding);
  if (!name) throw badRequest("name must be provided");
  if (binding.metadata.name !== name) {
    throw badRequest(`name in URL does not match name in Binding object`);
  }
  validate(binding);
  const def = registry.kind("", "v1", "pods")!;
  const now = nowTime(registry.kernel);
  const change = (pod: KubeObject) => assigned({ ...context, def }, name, binding, now, pod);
  yield* guaranteedUpdate(registry, def, info.namespace, name, change, isDryRun(context), context.writer);
  return ok({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }, 201);
}

/** The Pod with its node; a binding is for a Pod that has none (assignPod). */
function* assigned(
  context: ResourceContext,
  name: string,
  binding: Draft,
  now: string,
  pod: KubeObject,
): Gen<KubeObject> {
  const { uid } = binding.metadata;
  if (uid && uid !== pod.metadata.uid) throw uidPrecondition(context, name, uid, pod.metadata.uid);
  if (pod.metadata.deletionTimestamp) {
    throw conflictBecause("", "pods/binding", name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  const { nodeName } = pod["spec"];
  if (nodeName) {
    throw conflictBecause("", "pods/binding", name, `pod ${name} is already assigned to node "${nodeName}"`);
  }
  return bound(pod, binding, now);
}

/** Its complaints are plain errors (BindingREST Create). */
function validate({ target }: Draft): void {
  const causes: string[] = [];
  if (target?.kind && target.kind !== "Node" && target.kind !== "Minion") {
    causes.push(`target.kind: Unsupported value: "${target.kind}": supported values: "Node", "<empty>"`);
  }
  if (!target?.name) causes.push("target.name: Required value");
  if (causes.length > 0) throw plainError(causes.length === 1 ? causes[0]! : `[${causes.join(", ")}]`);
}

function bound(pod: KubeObject, binding: Draft, now: string): KubeObject {
  const { metadata, spec, status = {} } = pod as Draft;
  const annotations = binding.metadata.annotations;
  const conditions = (status.conditions ?? []).filter((one: { type: string }) => one.type !== "PodScheduled");
  conditions.push({ type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: now });
  return {
    ...pod,
    metadata: annotations ? { ...metadata, annotations: { ...metadata.annotations, ...annotations } } : metadata,
    spec: { ...spec, nodeName: binding.target.name },
    status: { ...status, conditions },
  };
}
