import { setOrigin } from "../api/managed-fields/index.ts";
import { StatusError } from "../api/status.ts";
import type { KubeObject, ObjectMeta } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import { type AdmissionPlugin, type Attributes, mutate, validate } from "./admission/admission.ts";
import { authorOf } from "./author.ts";
import type { ResourceContext } from "./context.ts";
import { insertAt } from "./store.ts";
import { nowTime } from "./time.ts";

/**
 * An event as the components' recorder makes it (api/event-recorder.ts): frozen, so that nobody has changed it since, and
 * with all that such an event has. A third of what a Pod's start asks of the server are these. The recorder made it in
 * the form that reading, defaulting and judging would give it, so none of that is done again; admission plugins are
 * asked. Undefined where it is anything else: the long way then gives the answer.
 */
export function* note(context: ResourceContext, body: unknown): Gen<KubeObject | undefined> {
  const { def, info, registry, server } = context;
  if (def.etcdPrefix !== "events" || def.resource.group !== "" || !info.query.isEmpty || registry.encrypting) return;
  if (!isRecorded(body, info.namespace)) return;
  const { namespace } = info;
  const { name } = body.metadata;
  const metadata: Record<string, unknown> = { name, namespace, uid: "", resourceVersion: "", creationTimestamp: "" };
  const object = {
    kind: body.kind,
    apiVersion: body.apiVersion,
    metadata: metadata as unknown as ObjectMeta,
    involvedObject: body["involvedObject"],
    reason: body["reason"],
    message: body["message"],
    source: body["source"],
    firstTimestamp: body["firstTimestamp"],
    lastTimestamp: body["lastTimestamp"],
    count: body["count"],
    type: body["type"],
    reportingComponent: body["reportingComponent"],
    reportingInstance: body["reportingInstance"],
    eventTime: null,
  };
  const attributes = {
    context,
    def,
    operation: "CREATE" as const,
    namespace,
    name,
    subresource: "",
    object,
    old: undefined,
    dryRun: false,
  };
  // A webhook or a policy has a say in events: it is asked on the long way.
  if (mutate(server.plugins, attributes) || !passes(server.plugins, attributes)) return;
  metadata["uid"] = registry.kernel.random("apiserver uids").uuid();
  metadata["creationTimestamp"] = nowTime(registry.kernel);
  setOrigin(object as KubeObject, authorOf(context, "", body), undefined);
  return yield* insertAt(registry, def, namespace, name, server.timeToLive(def), context.writer, (revision) => {
    metadata["resourceVersion"] = String(revision);
    Object.freeze(metadata);
    return Object.freeze(object) as KubeObject;
  });
}

/** Judged without a step to take; who refuses says so on the long way, in its turn. */
function passes(plugins: readonly AdmissionPlugin[], attributes: Attributes): boolean {
  try {
    return validate(plugins, attributes) === undefined;
  } catch (error) {
    if (error instanceof StatusError) return false;
    throw error;
  }
}

const LONGEST_NAME = 253;

/** Frozen by the recorder, in the namespace of the path, and without any of the texts that Go leaves out when empty. */
function isRecorded(body: unknown, namespace: string): body is KubeObject {
  if (typeof body !== "object" || body === null || !Object.isFrozen(body)) return false;
  const { kind, apiVersion, metadata, involvedObject, source, reason, message, type } = body as KubeObject;
  return (
    kind === "Event" &&
    apiVersion === "v1" &&
    Object.isFrozen(involvedObject) &&
    Object.isFrozen(source) &&
    metadata.namespace === namespace &&
    (involvedObject.namespace ?? "default") === namespace &&
    metadata.name.length <= LONGEST_NAME &&
    reason !== "" &&
    message !== "" &&
    type !== ""
  );
}
