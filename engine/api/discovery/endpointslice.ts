import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";

const SLICE = "io.k8s.api.discovery.v1.EndpointSlice";
const SHOWN = 3;

function shortList(all: readonly string[]): string {
  const list = all.slice(0, SHOWN).join(",");
  if (all.length > SHOWN) return `${list} + ${all.length - SHOWN} more...`;
  return list || "<unset>";
}

export const endpointSlice = define({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
  hasGeneration: true,
  columns: [
    NAME,
    column("AddressType", "string", doc(`${SLICE}#addressType`)),
    column("Ports", "string", doc(`${SLICE}#ports`)),
    column("Endpoints", "string", doc(`${SLICE}#endpoints`)),
    AGE,
  ],
  cells: (object, nowMs) => {
    const ports: readonly { port?: number; name?: string }[] = object.ports ?? [];
    const endpoints: readonly { addresses?: readonly string[] }[] = object.endpoints ?? [];
    return [
      object.metadata.name,
      object.addressType ?? "",
      shortList(ports.map((p) => (p.port !== undefined ? String(p.port) : (p.name ?? "*")))),
      shortList(endpoints.flatMap((e) => e.addresses ?? [])),
      age(object, nowMs),
    ];
  },
});
