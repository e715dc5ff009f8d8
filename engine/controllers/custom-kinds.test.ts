import { expect, it } from "vitest";
import { MERGE, start } from "./harness.ts";

const THINGS = "/apis/example.com/v1/namespaces/default/things";
const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

function withThings() {
  const s = start();
  s.json("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: { name: "things.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "things", kind: "Thing" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
  });
  s.run(1);
  const thing = s.json("POST", THINGS, { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "a" } });
  const owner = { apiVersion: "example.com/v1", kind: "Thing", name: "a", uid: thing.metadata.uid };
  return { ...s, owner };
}

it("what a custom resource owns goes with it, and it goes with what owns it", () => {
  const { json, request, run, owner, kernel } = withThings();
  const owned = json("POST", CONFIG_MAPS, { metadata: { name: "c", ownerReferences: [owner] } });
  const below = { apiVersion: "v1", kind: "ConfigMap", name: "c", uid: owned.metadata.uid };
  json("POST", THINGS, {
    apiVersion: "example.com/v1",
    kind: "Thing",
    metadata: { name: "b", ownerReferences: [below] },
  });
  run(2);
  json("DELETE", `${THINGS}/a`, { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" });
  run(5);
  expect(request("GET", `${CONFIG_MAPS}/c`).status).toBe(404);
  expect(request("GET", `${THINGS}/b`).status).toBe(404);
  expect(kernel.faults).toEqual([]);
});

it("a namespace that goes takes its custom resources along, once their finalizers let go", () => {
  const { json, request, run } = withThings();
  json("POST", "/api/v1/namespaces", { metadata: { name: "shop" }, spec: { finalizers: ["kubernetes"] } });
  const inShop = THINGS.replace("default", "shop");
  const metadata = { name: "a", finalizers: ["example.com/wait"] };
  json("POST", inShop, { apiVersion: "example.com/v1", kind: "Thing", metadata });
  json("DELETE", "/api/v1/namespaces/shop");
  run(6);
  expect(JSON.stringify(json("GET", "/api/v1/namespaces/shop").status)).toContain(
    "things.example.com has 1 resource instances",
  );
  json("PATCH", `${inShop}/a`, { metadata: { finalizers: null } }, MERGE);
  run(20);
  expect(request("GET", "/api/v1/namespaces/shop").status).toBe(404);
});
