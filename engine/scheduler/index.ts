export {
  configurationProblem,
  defaultConfiguration,
  type SchedulerConfiguration,
  schedulerConfiguration,
} from "./configuration.ts";
export type { Decision, Profile, ScoreEntry } from "./framework.ts";
export { profileOf } from "./profile.ts";
export { Scheduler, type SchedulerOptions } from "./scheduler.ts";
