import { z } from "zod";
import { answerCheck, runAnswerCheck } from "./answer.ts";
import { auditCheck, runAuditCheck } from "./audit.ts";
import type { RunningCheck } from "./check.ts";
import { etcdCheck, netfilterCheck, runEtcdCheck, runNetfilterCheck } from "./dump.ts";
import { eventOrderCheck, runEventOrderCheck } from "./events.ts";
import { objectCheck, runObjectCheck } from "./object.ts";
import { runVisitCheck, visitCheck } from "./visit.ts";
import { runWalkCheck, walkCheck } from "./walk.ts";

/** Every kind of check; a new one is a file here and a line in these two lists. */
export const checkSchema = z.discriminatedUnion("kind", [
  objectCheck,
  eventOrderCheck,
  auditCheck,
  answerCheck,
  etcdCheck,
  netfilterCheck,
  walkCheck,
  visitCheck,
]);

export type CheckSpec = z.infer<typeof checkSchema>;

export function runCheck(check: CheckSpec): RunningCheck {
  switch (check.kind) {
    case "object":
      return runObjectCheck(check);
    case "event-order":
      return runEventOrderCheck(check);
    case "audit":
      return runAuditCheck(check);
    case "answer":
      return runAnswerCheck(check);
    case "etcd":
      return runEtcdCheck(check);
    case "netfilter":
      return runNetfilterCheck(check);
    case "walk":
      return runWalkCheck(check);
    case "visit":
      return runVisitCheck(check);
  }
}

export type { About, CheckContext, RunningCheck, Verdict } from "./check.ts";
