import { HOUR, Session, type SessionSpec } from "../engine/index.ts";

/** A figure: median of several runs, in CPU time of this process unless the unit says otherwise. */
export interface Figure {
  name: string;
  unit: string;
  /** What it may be at most. */
  limit?: number;
  /** The same of the peer @ngrok/webernetes 0.3.5, measured by its wall clock on a two-core machine. */
  peer?: number;
  measure(): number | Promise<number>;
}

/** What the sessions of the figures are. */
export const spec = (seed: number): SessionSpec => ({ lab: "playground", seed, epochMs: Date.UTC(2026, 2, 2, 9) });

/** CPU time of this process for a piece of work, in ms. */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The median of several runs. */
export function median(runs: number, measure: (run: number) => number): number {
  const values = Array.from({ length: runs }, (_, run) => measure(run)).sort((a, b) => a - b);
  return values[Math.floor(runs / 2)]!;
}

/** A session of its own, booted. */
export function booted(seed: number, events = {}): Session {
  const session = new Session(spec(seed), events);
  session.boot();
  return session;
}

let scripts = 0;

/** Runs a script on the workstation to its end, on virtual time. */
function script(session: Session, text: string, done: () => boolean): void {
  session.apply({
    type: "script",
    id: `s${++scripts}`,
    machine: "workstation",
    user: "learner",
    name: "bench.sh",
    text,
  });
  session.kernel.runUntil(done, session.kernel.now + HOUR);
}

/** A session and a way to run scripts in it. */
export function runner(seed: number): { session: Session; run: (text: string) => void } {
  let ended = 0;
  let expected = 0;
  const session = booted(seed, {
    ended: () => {
      ended++;
    },
  });
  return {
    session,
    run: (text) => {
      expected++;
      script(session, text, () => ended >= expected);
      if (ended < expected) throw new Error("bench: a script did not end");
    },
  };
}

/** How many Pods of a namespace are Running, asked after every event: reads each change once, so that asking costs nothing. */
export function running(session: Session, namespace: string): () => number {
  const up = new Set<string>();
  const prefix = `/registry/pods/${namespace}/`;
  let read = 0;
  return () => {
    const { changes } = session.cluster.chronicle;
    for (; read < changes.length; read++) {
      const { key, object } = changes[read]!;
      if (!key.startsWith(prefix)) continue;
      if (object?.["status"]?.phase === "Running") up.add(key);
      else up.delete(key);
    }
    return up.size;
  };
}
