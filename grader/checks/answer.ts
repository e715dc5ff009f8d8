import { z } from "zod";
import { evaluated } from "../cel.ts";
import type { Subject } from "../facts.ts";
import { type CheckContext, type RunningCheck, say, type Verdict } from "./check.ts";
import { firstRevisions } from "./events.ts";

const subject = z.strictObject({
  resource: z.string().describe("Plural of the kind, with or without its group: `pods`, `deployments.apps`."),
  namespace: z.string().optional().describe("Namespace; `default` when absent."),
  name: z.string().describe("Its name."),
});

/**
 * A learner's answer, judged against the session itself: what is right in one session is wrong in another. The last
 * answer counts.
 */
export const answerCheck = z.strictObject({
  kind: z.literal("answer").describe("A learner's last answer, judged against the session itself."),
  subject: subject.describe("The object that it is about."),
  order: z.array(z.string()).optional().describe("The answer is these event reasons in the order in which they came."),
  cel: z
    .string()
    .optional()
    .describe(
      "CEL over `object` (the subject's last version), `events` (about it, in order: `reason`, `message`, `count`, `component`), `audit` (entries about it: `verb`, `subresource`, `user` who asked and whom they `impersonated`, `code`, `server`, `auditID`, `dryRun`, `requestURI`, `userAgent`, `sourceIP`, `at`), `journal` (kubelet lines of its node that name it: `message`, `pid`), `uid`, `node`, and for a Service `netfilter` (each state that its rules had on a machine: `machine`, `at`, `lines` of iptables-save), and `ebpf` (each state that a frontend had in the maps of a Cilium agent): a string or a list of acceptable ones.",
    ),
  minPrefix: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("The first so many characters of a right answer, or more of them, are enough."),
  anyOrder: z.boolean().optional().describe("Words of the answer may come in any order."),
});

type AnswerCheck = z.infer<typeof answerCheck>;

export function runAnswerCheck(check: AnswerCheck): RunningCheck {
  return {
    kind: "answer",
    look: (context) => judge(check, context),
  };
}

/** Words of an answer: separators and arrows do not matter, nor does the case of letters. */
function words(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s,;>→|/]+|->/u)
    .map((word) => word.replace(/^[-"'`.([{]+|[-"'`.)\]}]+$/g, ""))
    .filter((word) => word !== "");
}

/** An answer of one word, without the quotes that a tool or the learner put around it, and without containerd's scheme. */
function bare(text: string): string {
  return text
    .trim()
    .replace(/^["'`]+|["'`]+$/g, "")
    .replace(/^containerd:\/\//, "")
    .toLowerCase();
}

function judge(check: AnswerCheck, context: CheckContext): Verdict {
  const given = context.answers.at(-1);
  if (given === undefined) {
    return { passed: false, evidence: "no answer yet", message: say("아직 답이 없습니다.", "There is no answer yet.") };
  }
  const evidence = `answer "${given.value.slice(0, 200)}"`;
  // What came after an answer does not make it wrong.
  const expected = expectedAnswers(check, context, given.at);
  if ("missing" in expected) return { passed: false, ...expected.said, evidence: `${evidence}, ${expected.missing}` };
  const passed = expected.right.some((right) => same(given.value, right, check));
  return {
    passed,
    evidence,
    message: passed
      ? say("이 세션에서 일어난 일과 맞습니다.", "That is what happened in this session.")
      : say("이 세션에서 일어난 일과 다릅니다.", "That is not what happened in this session."),
  };
}

function same(given: string, right: string, { order, minPrefix, anyOrder }: AnswerCheck): boolean {
  if (right === "") return false;
  if (anyOrder) return words(given).sort().join(" ") === words(right).sort().join(" ");
  // Whether the steps are numbered does not matter.
  if (order)
    return (
      words(given)
        .filter((word) => !/^\d+$/.test(word))
        .join(" ") === words(right).join(" ")
    );
  const own = bare(given);
  if (minPrefix !== undefined && own.length >= minPrefix) return right.toLowerCase().startsWith(own);
  return own === bare(right);
}

type Expected = { right: string[] } | { missing: string; said: Pick<Verdict, "message"> };

/** Right answers in this session at a time (µs); or why there is none: nothing to ask about, or not what is asked of it. */
export function expectedAnswers(check: AnswerCheck, { facts }: CheckContext, at: number): Expected {
  const life = facts.life(check.subject as Subject, at);
  if (life === undefined) {
    const { name } = check.subject;
    const message = say(
      `답이 가리킬 ${name}이(가) 이 세션에 없었습니다.`,
      `This session had no ${name} for the answer to be about.`,
    );
    return { missing: `there was no ${name}`, said: { message } };
  }
  const unasked = (missing: string): Expected => ({
    missing,
    said: { message: say("이 세션에는 아직 이 질문의 답이 없습니다.", "This session has no answer to that yet.") },
  });
  if (check.order) {
    // An image that was there already is not pulled: what did not happen has no place in the order.
    const revisions = firstRevisions(facts, life.uid);
    const happened = check.order.filter((reason) => revisions.has(reason));
    if (happened.length < 2) return unasked(`events: ${[...revisions.keys()].join(" ") || "none"}`);
    return { right: [happened.sort((a, b) => revisions.get(a)! - revisions.get(b)!).join(" ")] };
  }
  const object = life.versions.at(-1)!.object;
  const node: string = object["spec"]?.nodeName ?? "";
  const { resource, name } = check.subject;
  const result = evaluated(check.cel ?? '""', {
    object,
    ebpf: (check.cel ?? "").includes("ebpf")
      ? facts.session.frontendStates(facts.cluster).map((state) => ({ ...state }))
      : [],
    netfilter:
      resource === "services" && (check.cel ?? "").includes("netfilter")
        ? facts.session.serviceRules(`${life.namespace}/${name}`, facts.cluster)
        : [],
    uid: life.uid,
    createdAt: life.versions[0]!.at,
    node,
    events: facts
      .eventsAbout(life.uid)
      .map(({ reason, message, count, component }) => ({ reason, message, count, component })),
    audit: facts.auditOf(resource, life.namespace, name).map((entry) => ({
      verb: entry.verb,
      subresource: entry.subresource,
      server: entry.server,
      auditID: entry.auditID,
      user: entry.user,
      impersonated: entry.impersonated ?? "",
      code: entry.code,
      dryRun: entry.dryRun,
      requestURI: entry.requestURI,
      userAgent: entry.userAgent,
      sourceIP: entry.sourceIP,
      at: entry.at,
    })),
    journal: facts.journal(node, "kubelet.service", name).map(({ message, pid }) => ({ message, pid })),
  });
  if ("missing" in result) return unasked(`the expression: ${result.missing}`);
  return { right: [result.value].flat().map(String) };
}
