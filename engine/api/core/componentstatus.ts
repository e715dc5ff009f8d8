import { column, NAME } from "../columns.ts";
import { define } from "../define.ts";

export const componentStatus = define({
  group: "",
  version: "v1",
  kind: "ComponentStatus",
  plural: "componentstatuses",
  namespaced: false,
  shortNames: ["cs"],
  etcdPrefix: "",
  verbs: ["get", "list"],
  columns: [
    NAME,
    column("Status", "string", "Status of the component conditions"),
    column("Message", "string", "Message of the component conditions"),
    column("Error", "string", "Error of the component conditions"),
  ],
  cells: (object) => {
    const healthy = (object.conditions ?? []).find((c: { type: string }) => c.type === "Healthy");
    const status = healthy === undefined ? "Unknown" : healthy.status === "True" ? "Healthy" : "Unhealthy";
    return [object.metadata.name, status, healthy?.message ?? "", healthy?.error ?? ""];
  },
});
