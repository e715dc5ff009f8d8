import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";

export const serviceAccount = define({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  namespaced: true,
  // Of a Secret only the name is kept.
  defaults: (draft) => {
    if (draft["secrets"])
      draft["secrets"] = draft["secrets"].map(({ name }: { name?: string }) => (name ? { name } : {}));
  },
  shortNames: ["sa"],
  subresources: [
    { name: "token", kind: "TokenRequest", group: "authentication.k8s.io", version: "v1", verbs: ["create"] },
  ],
  columns: [NAME, column("Secrets", "string", doc("io.k8s.api.core.v1.ServiceAccount#secrets")), AGE],
  cells: (object, nowMs) => [object.metadata.name, object.secrets?.length ?? 0, age(object, nowMs)],
});
