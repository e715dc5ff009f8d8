import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  createMergePatch,
  createStrategicMergePatch,
  createThreeWayMergePatch,
  createThreeWayStrategicMergePatch,
} from "./index.ts";

const DEPLOYMENT = "io.k8s.api.apps.v1.Deployment";
const POD = "io.k8s.api.core.v1.Pod";

describe("JSON patch", () => {
  const doc = { a: { b: [1, 2, 3] }, c: "x", "d/e": 1 };
  it.each([
    [[{ op: "add", path: "/a/b/1", value: 9 }], { ...doc, a: { b: [1, 9, 2, 3] } }],
    [[{ op: "add", path: "/a/b/-", value: 9 }], { ...doc, a: { b: [1, 2, 3, 9] } }],
    [[{ op: "remove", path: "/a/b/0" }], { ...doc, a: { b: [2, 3] } }],
    [[{ op: "replace", path: "/d~1e", value: 2 }], { ...doc, "d/e": 2 }],
    [[{ op: "move", from: "/c", path: "/a/c" }], { a: { b: [1, 2, 3], c: "x" }, "d/e": 1 }],
    [[{ op: "copy", from: "/c", path: "/z" }], { ...doc, z: "x" }],
    [[{ op: "test", path: "/c", value: "x" }], doc],
  ])("%j", (patch, expected) => {
    expect(applyJsonPatch(doc, patch)).toEqual(expected);
  });

  it.each([
    [
      [{ op: "remove", path: "/zz" }],
      "error in remove for path: '/zz': unable to remove nonexistent key: zz: missing value",
    ],
    [
      [{ op: "replace", path: "/zz", value: 1 }],
      "replace operation does not apply: doc is missing key: /zz: missing value",
    ],
    [
      [{ op: "add", path: "/zz/y", value: 1 }],
      'add operation does not apply: doc is missing path: "/zz/y": missing value',
    ],
    [[{ op: "test", path: "/c", value: "y" }], "testing value /c failed: test failed"],
    [[{ op: "dance", path: "/c" }], 'invalid operation {"op":"dance","path":"/c"}: unsupported operation'],
  ])("%j is refused", (patch, message) => {
    expect(() => applyJsonPatch(doc, patch)).toThrow(message);
  });

  it.each([
    [[{ op: "replace", path: "/zz", value: 1 }], { ...doc, zz: 1 }],
    [[{ op: "copy", from: "/zz", path: "/y" }], { ...doc, y: null }],
  ])("%j sets what is not there as the server's library does", (patch, expected) => {
    expect(applyJsonPatch(doc, patch, true)).toEqual(expected);
  });

  it("keeps what it does not reach", () => {
    const patched = applyJsonPatch(doc, [{ op: "replace", path: "/c", value: "y" }]);
    expect(patched.a).toBe(doc.a);
  });
});

describe("merge patch", () => {
  it("follows RFC 7386", () => {
    expect(applyMergePatch({ a: "b", c: { d: 1 } }, { a: null, c: { e: { f: null } } })).toEqual({
      c: { d: 1, e: {} },
    });
    expect(applyMergePatch({ a: [1] }, { a: [2] })).toEqual({ a: [2] });
  });

  it("keeps identity where nothing changes", () => {
    const doc = { a: { b: 1 }, c: { d: [1] } };
    expect(applyMergePatch(doc, { a: { b: 1 }, z: null })).toBe(doc);
    expect(applyMergePatch(doc, { a: { b: 2 } }).c).toBe(doc.c);
  });

  const json = fc.dictionary(
    fc.constantFrom("a", "b", "c", "__proto__"),
    fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.integer(),
        fc.string(),
        fc.boolean(),
        fc.array(fc.integer()),
        fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value")),
      ),
    })).value,
  );

  it("a created patch makes the modified document", () => {
    fc.assert(
      fc.property(json, json, (from, to) => {
        expect(applyMergePatch(from, createMergePatch(from as never, to as never))).toEqual(to);
      }),
    );
  });

  it("is idempotent", () => {
    fc.assert(
      fc.property(json, json, (doc, patch) => {
        const once = applyMergePatch(doc, patch);
        expect(applyMergePatch(once, patch)).toBe(once);
      }),
    );
  });

  it("three-way leaves alone what others set", () => {
    const patch = createThreeWayMergePatch({ a: 1, b: 2 }, { a: 3 }, { a: 1, b: 2, z: 9 });
    expect(patch).toEqual({ b: null, a: 3 });
  });
});

const container = (name: string, image: string, more: object = {}) => ({ name, image, ...more });
const deployment = (containers: object[], more: object = {}) => ({
  spec: { template: { spec: { containers, ...more } } },
});

describe("strategic merge patch", () => {
  const doc = deployment([container("a", "x:1", { env: [{ name: "E", value: "1" }] }), container("b", "y:1")]);

  it.each([
    [
      "merges containers by name",
      deployment([{ name: "a", image: "x:2" }]),
      deployment([container("a", "x:2", { env: [{ name: "E", value: "1" }] }), container("b", "y:1")]),
    ],
    [
      "puts a new container where the patch says",
      deployment([container("c", "z")]),
      deployment([container("c", "z"), ...doc.spec.template.spec.containers]),
    ],
    ["deletes by directive", deployment([{ name: "a", $patch: "delete" }]), deployment([container("b", "y:1")])],
    [
      "replaces by directive",
      deployment([container("n", "n"), { $patch: "replace" }]),
      deployment([container("n", "n")]),
    ],
    [
      "sets the order",
      { spec: { template: { spec: { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] } } } },
      deployment([container("b", "y:1"), doc.spec.template.spec.containers[0]!]),
    ],
    [
      "replaces an atomic list",
      deployment([{ name: "a", command: ["sh"] }]),
      deployment([container("a", "x:1", { env: [{ name: "E", value: "1" }], command: ["sh"] }), container("b", "y:1")]),
    ],
  ])("%s", (_, patch, expected) => {
    expect(applyStrategicMergePatch(doc, patch, DEPLOYMENT)).toEqual(expected);
  });

  it("keeps identity where nothing changes", () => {
    expect(applyStrategicMergePatch(doc, deployment([{ name: "a", image: "x:1" }]), DEPLOYMENT)).toBe(doc);
    const patched = applyStrategicMergePatch(doc, deployment([{ name: "a", image: "x:2" }]), DEPLOYMENT);
    expect(patched.spec.template.spec.containers[1]).toBe(doc.spec.template.spec.containers[1]);
  });

  it("knows primitive lists", () => {
    const meta = { metadata: { finalizers: ["a", "b"] } };
    expect(applyStrategicMergePatch(meta, { metadata: { finalizers: ["c"] } }, POD).metadata.finalizers).toEqual([
      "c",
      "a",
      "b",
    ]);
    expect(applyStrategicMergePatch(meta, { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } }, POD)).toEqual(
      { metadata: { finalizers: ["b"] } },
    );
  });

  it("retains keys", () => {
    const old = { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } };
    const patch = { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } };
    expect(applyStrategicMergePatch(old, patch, DEPLOYMENT)).toEqual({ spec: { strategy: { type: "Recreate" } } });
    expect(() =>
      applyStrategicMergePatch(old, { spec: { strategy: { $retainKeys: [], type: "x" } } }, DEPLOYMENT),
    ).toThrow("invalid patch format of retainKeys");
  });

  it.each([
    [deployment([{ image: "x" }]), "map: map[image:x] does not contain declared merge key: name"],
    [{ spec: { $patch: "dance" } }, "unknown patch type: dance in map: map[$patch:dance]"],
    [[], "invalid JSON document"],
  ])("%j is refused", (patch, message) => {
    expect(() => applyStrategicMergePatch(doc, patch, DEPLOYMENT)).toThrow(message);
  });

  it("is made from two documents", () => {
    const patch = createStrategicMergePatch(doc, deployment([container("a", "x:2")]), DEPLOYMENT);
    expect(patch).toEqual({
      spec: {
        template: {
          spec: {
            containers: [
              { name: "a", image: "x:2", env: null },
              { name: "b", $patch: "delete" },
            ],
            "$setElementOrder/containers": [{ name: "a" }],
          },
        },
      },
    });
  });

  it("three-way keeps a sidecar that somebody injected", () => {
    const applied = deployment([container("a", "x:1")]);
    const current = deployment([container("a", "x:1"), container("side", "s")]);
    const wanted = deployment([container("a", "x:2")]);
    const patch = createThreeWayStrategicMergePatch(applied, wanted, current, DEPLOYMENT);
    expect(applyStrategicMergePatch(current, patch, DEPLOYMENT)).toEqual(
      deployment([container("a", "x:2"), container("side", "s")]),
    );
  });

  it("three-way deletes what was applied before", () => {
    const applied = deployment([container("a", "x"), container("b", "y")]);
    const patch = createThreeWayStrategicMergePatch(applied, deployment([container("a", "x")]), applied, DEPLOYMENT);
    expect(applyStrategicMergePatch(applied, patch, DEPLOYMENT)).toEqual(deployment([container("a", "x")]));
  });

  const port = fc.record({ containerPort: fc.integer({ min: 1, max: 5 }), name: fc.constantFrom("p", "q") });
  const one = fc.record(
    {
      name: fc.constantFrom("a", "b", "c", "d"),
      image: fc.constantFrom("x", "y"),
      command: fc.array(fc.constantFrom("s", "t"), { maxLength: 2 }),
      ports: fc.uniqueArray(port, { selector: (p) => p.containerPort, maxLength: 3 }),
    },
    { requiredKeys: ["name"] },
  );
  const many = fc.uniqueArray(one, { selector: (c) => c.name, minLength: 1, maxLength: 4 });

  it("a created patch makes the modified document", () => {
    fc.assert(
      fc.property(many, many, (from, to) => {
        const patch = createStrategicMergePatch(deployment(from), deployment(to), DEPLOYMENT);
        expect(applyStrategicMergePatch(deployment(from), patch, DEPLOYMENT)).toEqual(deployment(to));
      }),
    );
  });
});
