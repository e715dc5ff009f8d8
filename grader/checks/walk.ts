import { z } from "zod";
import { rehearse, type WalkPicture } from "../../engine/index.ts";
import { type CheckContext, type RunningCheck, say, type Verdict } from "./check.ts";

/**
 * A connection that a Pod opens now really gets where it is going: through names' addresses, every rule, balancer and
 * NetworkPolicy on its way, to a program that listens. Nothing of it leaves a trace in the session.
 */
export const walkCheck = z.strictObject({
  kind: z.literal("walk").describe("A connection that such a Pod would open now arrives."),
  from: z
    .strictObject({
      namespace: z.string().describe("Their namespace."),
      labels: z.record(z.string(), z.string()).describe("Their labels."),
    })
    .describe("Pods that it starts from, each of them; there must be one."),
  to: z.string().describe("An address, or the name of a Service: `web`, `web.shop`."),
  port: z.number().int().min(1).max(65_535).describe("The port."),
  protocol: z.enum(["tcp", "udp"]).default("tcp").describe("The transport."),
});

type WalkCheck = z.infer<typeof walkCheck>;

/** Lots drawn for each Pod: a way that holds for some endpoints only is found out. */
const TRIES = 12;

export function runWalkCheck(check: WalkCheck): RunningCheck {
  return { kind: "walk", look: (context) => judge(check, context) };
}

function judge({ from, to, port, protocol }: WalkCheck, { facts: { cluster } }: CheckContext): Verdict {
  const labels = Object.entries(from.labels);
  const pods = cluster
    .objects("", "pods", from.namespace)
    .filter(({ metadata }) => labels.every(([name, value]) => metadata.labels?.[name] === value))
    .filter((pod) => pod["status"]?.phase === "Running" && !pod.metadata.deletionTimestamp);
  if (pods.length === 0) {
    const selector = labels.map((pair) => pair.join("=")).join(",");
    return {
      passed: false,
      evidence: `no running Pod ${selector} in ${from.namespace}`,
      message: say(
        `${from.namespace}에 ${selector} Pod가 실행되고 있지 않습니다.`,
        `No Pod ${selector} runs in ${from.namespace}.`,
      ),
    };
  }
  let last: WalkPicture | undefined;
  for (const { metadata } of pods) {
    const start = `pod/${metadata.namespace}/${metadata.name}`;
    for (let lot = 0; lot < TRIES; lot++) {
      const walk = rehearse(cluster, { from: start, to, port, protocol }, lot);
      if (typeof walk === "string" || walk.end !== "arrived") return refused(metadata.name, to, port, walk);
      last = walk;
    }
  }
  return {
    passed: true,
    evidence: `${last!.from.name} → ${to}:${port}: arrived at ${last!.finally.address}:${last!.finally.port} (${last!.detail})`,
    message: say("연결이 실제로 도착합니다.", "The connection really arrives."),
  };
}

function refused(pod: string, to: string, port: number, walk: WalkPicture | "from" | "to"): Verdict {
  const end = typeof walk === "string" ? "no such name" : `${walk.end} (${walk.detail})`;
  return {
    passed: false,
    evidence: `${pod} → ${to}:${port}: ${end}`,
    message: say(
      `Pod ${pod}에서 ${to}:${port}(으)로 여는 연결이 도착하지 못합니다: ${end}`,
      `A connection from Pod ${pod} to ${to}:${port} does not arrive: ${end}`,
    ),
  };
}
