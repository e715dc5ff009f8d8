import type { HttpResponse } from "../../api/http.ts";
import type { KubeObject } from "../../api/types.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import { readBody } from "../body.ts";
import type { ResourceContext } from "../context.ts";
import { COSTS } from "../costs.ts";
import { decodeBody } from "../decode.ts";
import { isDryRun } from "../options.ts";
import { present } from "../present.ts";
import { guaranteedUpdate } from "../store.ts";

/** PUT namespaces/<name>/finalize: sets `spec.finalizers`; a terminating namespace without any is gone. */
export function* finalize(context: ResourceContext): Gen<HttpResponse> {
  const { def, info, registry, request } = context;
  yield* cpu(COSTS.decode);
  const draft = decodeBody(context, readBody(request), def.resource);
  const finalizers: string[] = draft.spec?.finalizers ?? [];
  const change = function* (current: KubeObject): Gen<KubeObject | "delete"> {
    const { deletionTimestamp, finalizers: held } = current.metadata;
    if (deletionTimestamp && finalizers.length === 0 && !held?.length) return "delete";
    const { finalizers: _, ...spec } = current["spec"] ?? {};
    return { ...current, spec: finalizers.length > 0 ? { ...spec, finalizers } : spec };
  };
  const { object } = yield* guaranteedUpdate(registry, def, "", info.name, change, isDryRun(context), context.writer);
  return present(context, object);
}
