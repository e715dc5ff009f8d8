import { AGE, age, column, doc, NAME } from "../columns.ts";
import { validateEndpointSlice } from "../core/endpoints-validation.ts";
import { define } from "../define.ts";
import type { Draft } from "../kind.ts";
import { invalid } from "../validation/field.ts";
import { semanticEqual } from "../validation/value.ts";

const SLICE = "io.k8s.api.discovery.v1.EndpointSlice";
const SHOWN = 3;

function shortList(all: readonly string[]): string {
  const list = all.slice(0, SHOWN).join(",");
  if (all.length > SHOWN) return `${list} + ${all.length - SHOWN} more...`;
  return list || "<unset>";
}

function dropTopology({ endpoints }: Draft): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

export const endpointSlice = define({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
  defaults: (draft) => {
    // As protobuf brings back lists that are empty, and Go writes them.
    for (const list of ["endpoints", "ports"]) if (!draft[list]?.length) draft[list] = null;
    for (const port of draft.ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  validateBody: validateEndpointSlice,
  validateBodyUpdate: (object, old) =>
    object["addressType"] === old["addressType"]
      ? []
      : [invalid("addressType", object["addressType"], "field is immutable")],
  hasGeneration: "labels",
  // v1 does not take the field; what stood there goes when endpoints change.
  prepareForCreate: dropTopology,
  prepareForUpdate: (draft, old) => {
    if (!semanticEqual(draft.endpoints, old["endpoints"])) dropTopology(draft);
  },
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
