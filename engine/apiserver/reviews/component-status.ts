import type { HttpResponse } from "../../api/http.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { ResourceContext } from "../context.ts";
import { plainError } from "../errors.ts";
import { present, presentList } from "../present.ts";

/** componentstatuses: asked of the components each time (pkg/registry/core/componentstatus); etcd is asked by this server itself. */
export function* componentStatus(context: ResourceContext): Gen<HttpResponse> {
  const { info, server } = context;
  context.warnings.push("v1 ComponentStatus is deprecated in v1.19+");
  const items = ["controller-manager", "scheduler", "etcd-0"].map((name) =>
    statusOf(name, name === "etcd-0" ? server.failing("etcd") : undefined),
  );
  if (info.verb === "list") return presentList(context, items, { resourceVersion: "" });
  const found = items.find(({ metadata }) => metadata.name === info.name);
  if (found === undefined) throw plainError(`Component not found: ${info.name}`);
  return present(context, found);
}

function statusOf(name: string, failure: string | undefined): KubeObject {
  const condition =
    failure === undefined
      ? { type: "Healthy", status: "True", message: "ok" }
      : { type: "Healthy", status: "False", message: failure };
  return {
    kind: "ComponentStatus",
    apiVersion: "v1",
    metadata: { name, creationTimestamp: null },
    conditions: [condition],
  } as unknown as KubeObject;
}
