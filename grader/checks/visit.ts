import { z } from "zod";
import type { Life } from "../facts.ts";
import { type CheckContext, type RunningCheck, say, type Verdict } from "./check.ts";

/** A Pod has really connected to a Service by its address, and was let in: whichever program did it, and how it was begun. */
const named = z.strictObject({
  namespace: z.string().default("default").describe("Its namespace."),
  name: z.string().describe("Its name."),
});

export const visitCheck = z.strictObject({
  kind: z.literal("visit").describe("A Pod made such a connection."),
  from: named.describe("The Pod."),
  to: named.describe("The Service."),
  port: z.number().int().min(1).max(65_535).describe("The Service's port."),
  protocol: z.enum(["tcp", "udp"]).default("tcp").describe("The transport."),
});

export function runVisitCheck(check: z.infer<typeof visitCheck>): RunningCheck {
  return { kind: "visit", look: (context) => judge(check, context) };
}

function judge({ from, to, port, protocol }: z.infer<typeof visitCheck>, { facts }: CheckContext): Verdict {
  const pods = facts.livesOf("pods", from.namespace, from.name);
  const services = facts.livesOf("services", to.namespace, to.name);
  const target = `${to.name}:${port}`;
  for (const pod of pods) {
    const own = fieldOf(pod, (object) => object["status"]?.podIP);
    for (const { source, protocol: by, address, port: at, at: when } of facts.cluster.network.visits.values()) {
      if (by !== protocol || at !== port || !own.has(source)) continue;
      if (when < pod.versions[0]!.at || when > (pod.deletedAt ?? when)) continue;
      if (!services.some((service) => fieldOf(service, (object) => object["spec"]?.clusterIP).has(address))) continue;
      return {
        passed: true,
        evidence: `${from.name} (${source}) → ${address}:${port}/${protocol}`,
        message: say(`${from.name}이(가) ${target}에 연결했습니다.`, `${from.name} connected to ${target}.`),
      };
    }
  }
  const evidence = pods.length === 0 ? `no Pod ${from.name}` : `no connection from ${from.name} to ${target}`;
  return {
    passed: false,
    evidence,
    message:
      pods.length === 0
        ? say(`Pod ${from.name}이(가) 아직 없습니다.`, `There is no Pod ${from.name} yet.`)
        : say(
            `Pod ${from.name}에서 ${target}(으)로 이어진 연결이 아직 없습니다.`,
            `No connection from Pod ${from.name} has reached ${target} yet.`,
          ),
  };
}

/** Every value that a field of an object had. */
function fieldOf(life: Life, field: (object: Life["versions"][number]["object"]) => string | undefined): Set<string> {
  const out = new Set<string>();
  for (const { object } of life.versions) {
    const value = field(object);
    if (value) out.add(value);
  }
  return out;
}
