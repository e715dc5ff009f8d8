import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { invalid, invalidEach } from "../validation/field.ts";
import { dns1123Label, qualifiedName } from "../validation/names.ts";

const UNKNOWN_FINALIZER = "name is neither a standard finalizer name nor is it fully qualified";

export const namespace = define({
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
  nameCheck: dns1123Label,
  defaults: (draft) => {
    if (draft.metadata?.name) (draft.metadata.labels ??= {})["kubernetes.io/metadata.name"] ??= draft.metadata.name;
    (draft.status ??= {}).phase ||= "Active";
  },
  // registry/core/namespace/strategy.go: Active, and kept until its content is gone.
  prepareForCreate: (draft) => {
    draft.status = { phase: "Active" };
    const finalizers: string[] = ((draft.spec ??= {}).finalizers ??= []);
    if (!finalizers.includes("kubernetes")) finalizers.push("kubernetes");
  },
  validateBody: (object) =>
    (object["spec"]?.finalizers ?? []).flatMap((name: string) => {
      const causes = invalidEach("spec.finalizers", name, qualifiedName(name));
      if (!name.includes("/") && name !== "kubernetes")
        causes.push(invalid("spec.finalizers", name, UNKNOWN_FINALIZER));
      return causes;
    }),
  prepareForUpdate: (draft, old) => {
    draft.spec = { ...draft.spec, finalizers: old["spec"]?.finalizers };
    if (draft.spec.finalizers === undefined) delete draft.spec.finalizers;
    draft.status = old["status"];
  },
  shortNames: ["ns"],
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: [{ name: "finalize", kind: "Namespace", group: "", version: "v1", verbs: ["update"] }],
  status: true,
  fields: (object) => ({ "status.phase": object.status?.phase ?? "" }),
  columns: [NAME, column("Status", "string", "The status of the namespace"), AGE],
  cells: (object, nowMs) => [object.metadata.name, object.status?.phase ?? "", age(object, nowMs)],
});
