import type { Answer, Session } from "../../engine/index.ts";
import type { Facts } from "../facts.ts";

/** What evidence points to: nothing that a learner could not see in the terminal, and never an answer. Times in virtual µs. */
export type About =
  /** An object as it was written at a revision. */
  | { kind: "object"; resource: string; namespace: string; name: string; revision: number; at: number }
  /** The events about an object. */
  | { kind: "events"; resource: string; namespace: string; name: string }
  /** A request that stands in an audit log; not in whose, nor under which ID. */
  | { kind: "request"; verb: string; uri: string; user: string; code: number; at: number }
  /** A machine's rules, and the line found in them. */
  | { kind: "rules"; machine: string; line?: string };

/** What a check found. `evidence` names what was observed (object, event, line); never what was expected. */
export interface Verdict {
  passed: boolean;
  evidence: string;
  message: { ko: string; en: string };
  /** Where to look at it. */
  about?: About;
}

/** When a check's condition must hold: at some moment, at the end, or from the beginning to the end. */
export type When = "ever" | "end" | "throughout";

export interface CheckContext {
  session: Session;
  facts: Facts;
  /** The task's answers, oldest first. */
  answers: readonly Answer[];
}

/**
 * One check of a task over one session. `look` is called whenever something may have changed and reads only what is new;
 * asking it twice without a change costs nothing.
 */
export interface RunningCheck {
  readonly kind: string;
  look(context: CheckContext): Verdict;
}

export const say = (ko: string, en: string): { ko: string; en: string } => ({ ko, en });
