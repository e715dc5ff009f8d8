import { z } from "zod";
import { cel } from "../cel.ts";
import type { Life, Version } from "../facts.ts";
import { matches } from "../match.ts";
import { type About, type CheckContext, type RunningCheck, say, type Verdict } from "./check.ts";

/** State of an object: a partial match, a CEL expression over `object`, or its absence. */
export const objectCheck = z.strictObject({
  kind: z.literal("object").describe("An object is, or was, in such a state."),
  when: z
    .enum(["ever", "end", "throughout"])
    .default("ever")
    .describe("It held at some time, holds at the end, or held all the object's life."),
  resource: z.string().describe("Plural of the kind, with or without its group: `pods`, `deployments.apps`."),
  namespace: z.string().optional().describe("Namespace; `default` when absent."),
  name: z.string().optional().describe("Any object of the resource when absent."),
  match: z.record(z.string(), z.unknown()).optional().describe("A part of the object."),
  cel: z.string().optional().describe("CEL over `object` that must be true."),
  absent: z.boolean().default(false).describe("There must be none (that matches)."),
});

type ObjectCheck = z.infer<typeof objectCheck>;

export function runObjectCheck(check: ObjectCheck): RunningCheck {
  let seen = -1;
  let verdict: Verdict | undefined;
  return {
    kind: "object",
    look(context) {
      // `ever` stays true once it was; the rest is judged anew only after a change.
      if (verdict !== undefined && (seen === context.facts.version || (check.when === "ever" && verdict.passed)))
        return verdict;
      seen = context.facts.version;
      verdict = judge(check, context);
      return verdict;
    },
  };
}

/** A status that a learner wrote is no evidence: what was made to be there by hand does not hold. */
function holds(check: ObjectCheck, { object, forged }: Version): boolean {
  if (forged && !check.absent) return false;
  if (check.match && !matches(object, check.match)) return false;
  return check.cel === undefined || cel(check.cel, { object }) === true;
}

function judge(check: ObjectCheck, { facts }: CheckContext): Verdict {
  const lives = facts.livesOf(check.resource, check.namespace, check.name);
  const what = `${check.resource}${check.name ? `/${check.name}` : ""}${check.namespace ? ` (${check.namespace})` : ""}`;
  if (check.absent) return judgeAbsent(check, lives, what);
  if (lives.length === 0) {
    return {
      passed: false,
      evidence: `${what}: none was created`,
      message: say(`${what}이(가) 만들어진 적이 없습니다.`, `${what} was never created.`),
    };
  }
  const good = lives.find((life) => holdsIn(check, life));
  const shown = good ?? lives.at(-1)!;
  const evidence = describe(check, shown, good !== undefined);
  const about = aboutOf(check, shown, good !== undefined);
  if (good) return { passed: true, evidence, message: say("확인했습니다.", "Seen."), about };
  return {
    passed: false,
    evidence,
    about,
    message: say(
      `${what}이(가) 아직 요구한 상태가 아닙니다: ${evidence}`,
      `${what} is not in the state asked for: ${evidence}`,
    ),
  };
}

function holdsIn(check: ObjectCheck, life: Life): boolean {
  const { versions, deletedAt } = life;
  switch (check.when) {
    case "ever":
      return versions.some((version) => holds(check, version));
    case "end":
      return deletedAt === undefined && holds(check, versions.at(-1)!);
    case "throughout":
      return deletedAt === undefined && versions.every((version) => holds(check, version));
  }
}

function judgeAbsent(check: ObjectCheck, lives: readonly Life[], what: string): Verdict {
  const alive = lives.filter(({ deletedAt, versions }) => deletedAt === undefined && holds(check, versions.at(-1)!));
  const ever = lives.filter(({ versions }) => versions.some((version) => holds(check, version)));
  const bad = check.when === "throughout" ? ever : alive;
  if (bad.length === 0)
    return { passed: true, evidence: `${what}: none`, message: say("남아 있지 않습니다.", "None is left.") };
  const left = bad[0]!;
  const deleting = left.versions.at(-1)!.object.metadata.deletionTimestamp;
  const evidence = `${left.name} ${deleting ? `is Terminating since ${deleting}` : "exists"} (uid ${left.uid})`;
  return {
    passed: false,
    evidence,
    message: say(`${what}이(가) 아직 있습니다: ${evidence}`, `${what} is still there: ${evidence}`),
  };
}

/** The version that counted. */
const versionOf = (check: ObjectCheck, life: Life, passed: boolean) =>
  passed && check.when === "ever" ? life.versions.find((version) => holds(check, version))! : life.versions.at(-1)!;

function aboutOf(check: ObjectCheck, life: Life, passed: boolean): About {
  const { revision, at } = versionOf(check, life, passed);
  return { kind: "object", resource: check.resource, namespace: life.namespace, name: life.name, revision, at };
}

function describe(check: ObjectCheck, life: Life, passed: boolean): string {
  const { object, revision } = versionOf(check, life, passed);
  const phase = object["status"]?.phase;
  const parts = [`${object.kind}/${object.metadata.name}`, `revision ${revision}`];
  if (phase) parts.push(`phase ${phase}`);
  if (object["spec"]?.nodeName) parts.push(`node ${object["spec"].nodeName}`);
  if (life.deletedAt !== undefined && check.when !== "ever") parts.push("deleted since");
  else if (object.metadata.deletionTimestamp) parts.push("Terminating");
  return parts.join(", ");
}
