import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeObject } from "../decode.ts";
import { KINDS } from "../kinds.ts";
import { applied, managedOf, shapeOfKind, updated } from "../managed-fields/index.ts";
import { matchesLabels, parseFieldSelector, parseLabelSelector } from "../selector.ts";
import type { KubeObject } from "../types.ts";
import { deepEqual } from "../validation/value.ts";
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, PatchError } from "./index.ts";

/** Nonsense must give an answer or the API's own error, never a bug, and never touch what was given. */

/** The same inputs every time; KUBETUDE_FUZZ draws others. */
const RUNS = { numRuns: 300, seed: Number(process.env["KUBETUDE_FUZZ"] ?? 7) };
/** Operations that are nearly right. */
const OPERATION_NAMES = ["add", "remove", "replace", "move", "copy", "test", "jump"];
const FIELDS = [
  "metadata",
  "spec",
  "status",
  "labels",
  "name",
  "containers",
  "image",
  "ports",
  "env",
  "template",
  "$patch",
];
const key = fc.oneof(
  fc.constantFrom(...FIELDS),
  fc.string({ maxLength: 6 }),
  fc.constantFrom("__proto__", "constructor", ""),
);
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ maxLength: 8 }),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(key, tie("json"), { maxKeys: 4 }),
  ),
}));
const mapping = fc.dictionary(key, json, { maxKeys: 5 });

const container = fc.record(
  { name: fc.constantFrom("a", "b", "c"), image: fc.constantFrom("x", "y") },
  { requiredKeys: ["name"] },
);
const podSpec = fc.record({
  containers: fc.uniqueArray(container, { selector: (one) => one.name, maxLength: 3 }),
  nodeName: fc.constantFrom("n1", "n2"),
});
const pod = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("Pod"),
  metadata: fc.record({ labels: fc.dictionary(fc.constantFrom("p", "q", "r"), fc.constantFrom("1", "2")) }),
  spec: podSpec,
});
const POD = KINDS.find(({ resource }) => resource.kind === "Pod")!;

function unharmed<T>(values: readonly unknown[], act: () => T): T | undefined {
  const before = values.map((value) => JSON.stringify(value));
  try {
    return act();
  } catch (error) {
    expect(error).toBeInstanceOf(PatchError);
    return undefined;
  } finally {
    expect(values.map((value) => JSON.stringify(value))).toEqual(before);
  }
}

describe("any input", () => {
  it("is decoded as any kind, or said to be wrong; and what was decoded stays as it is", () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), mapping, (def, value) => {
        const first = decodeObject(value, def.resource);
        if (first.error !== undefined) return;
        const second = decodeObject(first.object, def.resource);
        expect(second.error).toBeUndefined();
        expect(second.strictErrors).toEqual([]);
        expect(deepEqual(second.object, first.object)).toBe(true);
      }),
      RUNS,
    );
  });

  it("is merged into any other by all three patches", () => {
    fc.assert(
      fc.property(mapping, json, (original, patch) => {
        unharmed([original, patch], () => applyMergePatch(original, patch));
        unharmed([original, patch], () => applyStrategicMergePatch(original, patch, POD.schema));
        unharmed([original, patch], () => applyJsonPatch(original, patch));
      }),
      RUNS,
    );
  });

  it("is a JSON patch, or is refused", () => {
    const path = fc.oneof(
      fc.constantFrom("", "/", "/spec", "/spec/containers/0", "/spec/containers/-", "/metadata/a~1b"),
      fc.string(),
    );
    const operation = fc.record(
      { op: fc.constantFrom(...OPERATION_NAMES), path, from: path, value: json },
      { requiredKeys: ["op"] },
    );
    fc.assert(
      fc.property(pod, fc.array(operation, { maxLength: 4 }), (original, operations) => {
        unharmed([original, operations], () => applyJsonPatch(original, operations));
      }),
      RUNS,
    );
  });

  it("is a selector or is refused with words", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-z =!,()in]{0,20}$/));
    fc.assert(
      fc.property(text, (selector) => {
        const parsed = parseLabelSelector(selector);
        if ("error" in parsed) expect(parsed.error).not.toBe("");
        else expect(typeof matchesLabels(parsed, { a: "b" })).toBe("boolean");
        const fields = parseFieldSelector(selector);
        if ("error" in fields) expect(fields.error).not.toBe("");
      }),
      RUNS,
    );
  });
});

describe("patches keep their promises", () => {
  it("a strategic merge patch twice is one", () => {
    fc.assert(
      fc.property(pod, pod, (original, patch) => {
        const once = applyStrategicMergePatch(original, patch, POD.schema);
        expect(applyStrategicMergePatch(once, patch, POD.schema)).toEqual(once);
      }),
      RUNS,
    );
  });

  it("what is applied stands, twice is one, and nothing of it is left once it is given up", () => {
    const shape = shapeOfKind(POD);
    const by = (manager: string) => ({ manager, apiVersion: "v1", subresource: "", timeMs: 0, ignore: undefined });
    fc.assert(
      fc.property(pod, pod, (live, config) => {
        const before = updated(new Map(), {}, live, shape, by("creator"));
        const once = applied(before, live, config, shape, by("me"), true);
        for (const { name, image } of config.spec.containers) {
          const found = (once.object as typeof live).spec.containers.find((one) => one.name === name);
          expect(found).toBeDefined();
          if (image !== undefined) expect(found!.image).toBe(image);
        }
        const twice = applied(once.managed, once.object, config, shape, by("me"), false);
        expect(twice.conflicts).toEqual([]);
        expect(twice.object).toEqual(once.object);
        const nothing = { apiVersion: "v1", kind: "Pod", metadata: {} };
        const given = applied(twice.managed, twice.object, nothing, shape, by("me"), false);
        expect(
          [...given.managed.values()].some(({ manager, operation }) => manager === "me" && operation === "Apply"),
        ).toBe(false);
      }),
      RUNS,
    );
  });

  it("an object that nobody wrote through the API has no owners", () => {
    expect(managedOf({ apiVersion: "v1", kind: "Pod", metadata: { name: "x" } } as KubeObject).size).toBe(0);
  });
});
