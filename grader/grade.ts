import type { Session } from "../engine/index.ts";
import { type About, type RunningCheck, runCheck } from "./checks/index.ts";
import { Facts } from "./facts.ts";
import type { Lab } from "./lab.ts";

export interface CheckReport {
  kind: string;
  passed: boolean;
  evidence: string;
  message: { ko: string; en: string };
  /** Where to look at the evidence. */
  about?: About;
}

export interface TaskReport {
  id: string;
  title: { ko: string; en: string };
  passed: boolean;
  points: number;
  maxPoints: number;
  checks: CheckReport[];
}

/** The grade report (`kubetude grade --json`; docs/formats.md). */
export interface GradeReport {
  lab: string;
  seed: number;
  score: number;
  maxScore: number;
  passed: boolean;
  tasks: TaskReport[];
  digest: string;
}

/** Judges one session as often as asked; what was read once is not read again. It only reads. */
export class Grader {
  readonly lab: Lab;
  readonly session: Session;
  /** By cluster. */
  private readonly facts = new Map<string, Facts>();
  private readonly checks: Map<string, RunningCheck[]>;
  private seen = "";
  private last: TaskReport[] = [];

  constructor(lab: Lab, session: Session) {
    this.lab = lab;
    this.session = session;
    for (const [name, cluster] of session.clusters) this.facts.set(name, new Facts(session, cluster));
    this.checks = new Map(lab.tasks.map((task) => [task.id, task.checks.map(runCheck)]));
  }

  /** The tasks as they stand now. The same array comes back as long as nothing changed. */
  tasks(): TaskReport[] {
    let version = 0;
    for (const facts of this.facts.values()) {
      facts.refresh();
      version += facts.version;
    }
    const { answers } = this.session.cluster;
    const state = `${version} ${answers.length} ${this.session.journalLength()}`;
    if (state === this.seen) return this.last;
    this.seen = state;
    this.last = this.lab.tasks.map((task) => {
      const own = answers.filter((answer) => answer.task === task.id);
      const facts = this.facts.get(task.cluster)!;
      const checks = this.checks.get(task.id)!.map((check) => ({
        kind: check.kind,
        ...check.look({ session: this.session, facts, answers: own }),
      }));
      const passed = checks.every((check) => check.passed);
      return {
        id: task.id,
        title: task.title,
        passed,
        points: passed ? task.points : 0,
        maxPoints: task.points,
        checks,
      };
    });
    return this.last;
  }

  report(): GradeReport {
    const tasks = this.tasks();
    const sum = (pick: (task: TaskReport) => number) => tasks.reduce((total, task) => total + pick(task), 0);
    return {
      lab: this.lab.id,
      seed: this.session.spec.seed,
      score: sum(({ points }) => points),
      maxScore: sum(({ maxPoints }) => maxPoints),
      passed: tasks.every(({ passed }) => passed),
      tasks,
      digest: this.session.digest(),
    };
  }
}
