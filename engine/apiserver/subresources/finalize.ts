import type { HttpResponse } from "../../api/http.ts";
import type { KubeObject } from "../../api/types.ts";
import { invalid as invalidCause } from "../../api/validation/field.ts";
import { STANDARD_FINALIZERS } from "../../api/validation/meta.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import { readBody } from "../body.ts";
import { checkNames } from "../check-names.ts";
import type { ResourceContext } from "../context.ts";
import { COSTS } from "../costs.ts";
import { decodeBody } from "../decode.ts";
import { invalid } from "../errors.ts";
import { isDryRun } from "../options.ts";
import { present } from "../present.ts";
import { guaranteedUpdate } from "../store.ts";

/** PUT namespaces/<name>/finalize: sets `spec.finalizers`; a terminating namespace without any is gone. */
export function* finalize(context: ResourceContext): Gen<HttpResponse> {
  const { def, info, registry, request } = context;
  yield* cpu(COSTS.decode);
  const draft = decodeBody(context, readBody(request), def.resource);
  checkNames(context, draft);
  const finalizers: string[] = draft.spec?.finalizers ?? [];
  const bad = finalizers.findIndex((one) => !one.includes("/") && !STANDARD_FINALIZERS.includes(one));
  if (bad >= 0) {
    const why = "name is neither a standard finalizer name nor is it fully qualified";
    throw invalid("", "Namespace", info.name, [invalidCause(`spec.finalizers[${bad}]`, finalizers[bad], why)]);
  }
  const change = function* (current: KubeObject): Gen<KubeObject | "delete"> {
    const { deletionTimestamp, finalizers: held } = current.metadata;
    if (deletionTimestamp && finalizers.length === 0 && !held?.length) return "delete";
    const { finalizers: _, ...spec } = current["spec"] ?? {};
    return { ...current, spec: finalizers.length > 0 ? { ...spec, finalizers } : spec };
  };
  const { object } = yield* guaranteedUpdate(registry, def, "", info.name, change, isDryRun(context), context.writer);
  return present(context, object);
}
