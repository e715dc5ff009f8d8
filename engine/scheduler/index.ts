export type { Decision, ScoreEntry } from "./framework.ts";
export { Scheduler, type SchedulerOptions } from "./scheduler.ts";
