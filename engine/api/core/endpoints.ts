import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import type { KubeObject } from "../types.ts";
import { validateEndpoints } from "./endpoints-validation.ts";

interface Subset {
  addresses?: readonly { ip: string }[];
  ports?: readonly { port: number }[];
}

const SHOWN = 3;

/** `10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...` (printers.go formatEndpoints). */
export function formatEndpoints(endpoints: KubeObject): string {
  const subsets: readonly Subset[] = endpoints.subsets ?? [];
  const list: string[] = [];
  let count = 0;
  const add = (text: string) => {
    if (list.length < SHOWN) list.push(text);
    count++;
  };
  for (const { addresses = [], ports = [] } of subsets) {
    if (ports.length === 0) for (const { ip } of addresses) add(ip);
    for (const { port } of ports)
      for (const { ip } of addresses) add(ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);
  }
  if (count > SHOWN) return `${list.join(",")} + ${count - SHOWN} more...`;
  return list.join(",") || "<none>";
}

export const endpoints = define({
  group: "",
  version: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  namespaced: true,
  defaults: (draft) => {
    for (const subset of draft.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ||= "TCP";
  },
  validateBody: validateEndpoints,
  shortNames: ["ep"],
  etcdPrefix: "services/endpoints",
  columns: [NAME, column("Endpoints", "string", doc("io.k8s.api.core.v1.Endpoints#subsets")), AGE],
  cells: (object, nowMs) => [object.metadata.name, formatEndpoints(object), age(object, nowMs)],
});
