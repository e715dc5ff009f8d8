import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesSelector } from "../api/label-selector.ts";
import type { KubeObject } from "../api/types.ts";
import { countPods, PodTally } from "./pod-tally.ts";
import { isActive } from "./pods.ts";

const set = {
  spec: { selector: { matchLabels: { app: "web" } }, template: { metadata: { labels: { app: "web", hash: "1" } } } },
} as unknown as KubeObject;

const pod = fc.record({
  uid: fc.constantFrom("a", "b", "c", "d"),
  app: fc.constantFrom("web", "db"),
  hash: fc.constantFrom("1", "2"),
  phase: fc.constantFrom("Pending", "Running", "Failed"),
  ready: fc.constantFrom("True", "False"),
  deleted: fc.boolean(),
  gone: fc.boolean(),
});

describe("PodTally", () => {
  it("counts as a walk over the Pods would, whatever came before", () => {
    fc.assert(
      fc.property(fc.array(pod, { maxLength: 30 }), (changes) => {
        const { selector, template } = set.spec;
        const tally = new PodTally(selector, template.metadata.labels, selector);
        const there = new Map<string, KubeObject>();
        for (const { uid, app, hash, phase, ready, deleted, gone } of changes) {
          if (gone) {
            there.delete(uid);
            tally.drop(uid);
            continue;
          }
          const deletion = deleted ? { deletionTimestamp: "2026-03-02T09:00:00Z" } : {};
          const conditions = [{ type: "Ready", status: ready }];
          const made = { metadata: { uid, labels: { app, hash }, ...deletion }, status: { phase, conditions } };
          there.set(uid, made as unknown as KubeObject);
          tally.put(there.get(uid)!);
        }
        const all = [...there.values()];
        const mine = all.filter((one) => matchesSelector(selector, one.metadata.labels));
        expect(tally.count()).toEqual(countPods(set, mine.filter(isActive), 0));
        expect(tally.strangers).toBe(all.length - mine.length);
      }),
    );
  });
});
