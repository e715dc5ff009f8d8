import { z } from "zod";
import type { Facts, ObservedEvent } from "../facts.ts";
import { type CheckContext, type RunningCheck, say, type Verdict } from "./check.ts";

/**
 * Order of an object's events, judged by the etcd revision at which each was first written: printed order misleads,
 * since timestamps have seconds only and `kubectl get events` does not sort.
 */
export const eventOrderCheck = z.strictObject({
  kind: z.literal("event-order").describe("Events about an object came in an order, by their revisions."),
  resource: z
    .string()
    .default("pods")
    .describe("Plural of the kind, with or without its group: `pods`, `deployments.apps`."),
  namespace: z.string().default("default").describe("Namespace of the object."),
  name: z.string().describe("Name of the object."),
  reasons: z
    .array(z.string())
    .min(1)
    .describe("Reasons that must have come in this order; others may stand between, one may come again."),
});

/** First revision of each reason about an object. */
export function firstRevisions(facts: Facts, uid: string): Map<string, number> {
  const out = new Map<string, number>();
  for (const { reason, revision } of facts.eventsAbout(uid)) if (!out.has(reason)) out.set(reason, revision);
  return out;
}

/** The revision of each of these reasons: of its first event, of its second where it comes again. */
function revisionsOf(reasons: readonly string[], events: readonly ObservedEvent[]): (number | undefined)[] {
  return reasons.map((reason, i) => {
    const before = reasons.slice(0, i).filter((other) => other === reason).length;
    return events.filter((event) => event.reason === reason)[before]?.revision;
  });
}

export function runEventOrderCheck(check: z.infer<typeof eventOrderCheck>): RunningCheck {
  return {
    kind: "event-order",
    look: ({ facts }: CheckContext): Verdict => {
      const lives = facts.livesOf(check.resource, check.namespace, check.name);
      let best = "";
      const about = { kind: "events", resource: check.resource, namespace: check.namespace, name: check.name } as const;
      for (const life of lives) {
        const events = facts.eventsAbout(life.uid);
        const found = revisionsOf(check.reasons, events);
        best = events.map(({ reason, revision }) => `${reason}@${revision}`).join(" ");
        const inOrder = found.every((revision, i) => revision !== undefined && (i === 0 || found[i - 1]! < revision));
        if (inOrder)
          return {
            passed: true,
            evidence: best,
            message: say("이벤트 순서를 확인했습니다.", "The events came in that order."),
            about,
          };
      }
      if (best === "") {
        return {
          passed: false,
          evidence: `no event about ${check.name}`,
          message: say(`${check.name}에 관한 이벤트가 아직 없습니다.`, `There is no event about ${check.name} yet.`),
        };
      }
      return {
        passed: false,
        evidence: best,
        about,
        message: say(`관찰한 이벤트: ${best}`, `Events observed: ${best}`),
      };
    },
  };
}
