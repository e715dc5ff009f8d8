import type { Answer, Session } from "../../engine/index.ts";
import type { Facts } from "../facts.ts";

/** What a check found. `evidence` names what was observed (object, event, line); never what was expected. */
export interface Verdict {
  passed: boolean;
  evidence: string;
  message: { ko: string; en: string };
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
