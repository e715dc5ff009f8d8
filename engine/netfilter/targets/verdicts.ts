import type { Target, Verdict } from "../types.ts";

/** ACCEPT, DROP and RETURN, which have no options. */
class VerdictTarget implements Target {
  readonly name: string;
  private readonly verdict: Verdict;

  constructor(name: string, verdict: Verdict) {
    this.name = name;
    this.verdict = verdict;
  }

  save(): string {
    return "";
  }

  list(): string {
    return "";
  }

  act(): Verdict {
    return this.verdict;
  }
}

export const ACCEPT: Target = new VerdictTarget("ACCEPT", "accept");
export const DROP: Target = new VerdictTarget("DROP", "drop");
export const RETURN: Target = new VerdictTarget("RETURN", "return");
/** Kernels have it no more. */
export const QUEUE: Target = new VerdictTarget("QUEUE", "drop");
