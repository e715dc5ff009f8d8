import type { HttpResponse } from "../../api/http.ts";
import type { Draft } from "../../api/kind.ts";
import { applyStrategicMergePatch } from "../../api/patch/index.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { ResourceContext } from "../context.ts";
import { createObject } from "../create.ts";
import { decodeBody } from "../decode.ts";
import { badRequest } from "../errors.ts";
import { present } from "../present.ts";
import { updateObject } from "../update.ts";
import { isDryRun } from "./write.ts";

/** Server-side apply: creates what is missing, merges into what is there. Field ownership is not kept yet. */
export function* apply(context: ResourceContext, body: unknown): Gen<HttpResponse> {
  const { def, info } = context;
  if (!info.query.get("fieldManager")) {
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  }
  const dryRun = isDryRun(context);
  const produce = function* (current: KubeObject): Gen<Draft> {
    return decodeBody(context, applyStrategicMergePatch(current, body, def.schema), def.resource);
  };
  try {
    const { object } = yield* updateObject(context, info.name, produce, { dryRun, subresource: info.subresource });
    return present(context, object);
  } catch (error) {
    if (!isStatus(error, "NotFound") || info.subresource !== "") throw error;
  }
  const draft = decodeBody(context, body, def.resource);
  draft.metadata.name ??= info.name;
  return present(context, yield* createObject(context, draft, dryRun), 201);
}
