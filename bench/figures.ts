import { HOUR, MINUTE, SECOND, Session, type SessionSpec } from "../engine/index.ts";

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

const spec = (seed: number): SessionSpec => ({ lab: "playground", seed, epochMs: Date.UTC(2026, 2, 2, 9) });

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(runs: number, measure: (run: number) => number): number {
  const values = Array.from({ length: runs }, (_, run) => measure(run)).sort((a, b) => a - b);
  return values[Math.floor(runs / 2)]!;
}

function booted(seed: number, events = {}): Session {
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
function runner(seed: number): { session: Session; run: (text: string) => void } {
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
function running(session: Session, namespace: string): () => number {
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

export const figures: Figure[] = [
  {
    name: "boot to every system Pod Ready, first of a process",
    unit: "ms",
    measure: () => cpuMs(() => booted(99)),
  },
  {
    name: "boot to every system Pod Ready",
    unit: "ms",
    limit: 60,
    peer: 1013,
    // As on a classroom's server, where code has been compiled by the boots before.
    measure: () => {
      for (let warm = 0; warm < 60; warm++) booted(warm);
      return median(15, (run) => cpuMs(() => booted(100 + run)));
    },
  },
  {
    name: "a Pod created to Running",
    unit: "ms",
    limit: 3,
    measure: () => {
      const { session, run } = runner(1);
      run("kubectl run warm --image=nginx");
      session.kernel.run(session.kernel.now + MINUTE);
      const count = running(session, "default");
      let n = 0;
      return median(31, () => {
        const name = `p${++n}`;
        return cpuMs(() => {
          run(`kubectl run ${name} --image=nginx`);
          session.kernel.runUntil(() => count() > n, session.kernel.now + MINUTE);
        });
      });
    },
  },
  {
    name: "kubectl get pods -A",
    unit: "ms",
    limit: 3,
    measure: () => {
      const { run } = runner(2);
      run("for i in 1 2 3 4 5 6 7 8 9; do kubectl get pods -A; done");
      return median(31, () => cpuMs(() => run("kubectl get pods -A")));
    },
  },
  {
    name: "replay of a 200-command, one-hour session",
    unit: "ms",
    limit: 300,
    measure: () => {
      const file = recorded(200, HOUR);
      const replay = () => {
        const session = booted(file.seed);
        session.replay(file.inputs, file.end);
        if (session.digest() !== file.digest) throw new Error("bench: the replay has another digest");
      };
      replay();
      return median(5, () => cpuMs(replay));
    },
  },
  {
    name: "300 Pods created to Running",
    unit: "ms",
    peer: 8350,
    measure: () =>
      median(3, (take) => {
        const { session, run } = runner(10 + take);
        const count = running(session, "default");
        return cpuMs(() => {
          run("kubectl create deployment web --image=nginx --replicas=300 >/dev/null");
          session.kernel.runUntil(() => count() >= 300, session.kernel.now + HOUR);
        });
      }),
  },
  {
    name: "an idle hour simulated",
    unit: "ms",
    measure: () =>
      median(3, (take) => {
        const session = booted(20 + take);
        return cpuMs(() => session.kernel.run(session.kernel.now + HOUR));
      }),
  },
  {
    name: "heap of an idle session",
    unit: "MB",
    measure: () => {
      const kept: Session[] = [];
      booted(30);
      global.gc?.();
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < 10; i++) kept.push(booted(40 + i));
      global.gc?.();
      return (process.memoryUsage().heapUsed - before) / kept.length / 1e6;
    },
  },
];

/** A session of `commands` typed lines over `span` µs. */
function recorded(commands: number, span: number) {
  const session = booted(3);
  session.apply({ type: "terminal", id: "t", machine: "workstation", user: "learner", columns: 120, rows: 30 });
  const lines = [
    "kubectl get pods -A\r",
    "kubectl get nodes -o wide\r",
    "kubectl run nginx-test --image=nginx\r",
    "kubectl describe pod nginx-test | head -40\r",
    "kubectl get events --sort-by=.lastTimestamp | tail -5\r",
    "for i in 1 2 3; do echo $i; done\r",
    "kubectl delete pod nginx-test\r",
    "ls -la ~ | wc -l\r",
  ];
  for (let i = 0; i < commands; i++) {
    session.apply({ type: "keys", id: "t", text: lines[i % lines.length]! });
    session.kernel.run(session.kernel.now + Math.floor(span / commands));
  }
  session.kernel.run(session.kernel.now + SECOND);
  return session.save();
}
