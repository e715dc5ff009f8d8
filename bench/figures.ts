import { HOUR, MINUTE, SECOND, type Session } from "../engine/index.ts";
import { apiFigures } from "./api-figures.ts";
import { growthFigures } from "./growth.ts";
import { booted, cpuMs, type Figure, median, runner, running } from "./measure.ts";
import { netfilterFigures } from "./netfilter.ts";
import { terminalFigures } from "./terminal.ts";

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
      const create = () => {
        const name = `p${++n}`;
        return cpuMs(() => {
          run(`kubectl run ${name} --image=nginx`);
          session.kernel.runUntil(() => count() > n, session.kernel.now + MINUTE);
        });
      };
      // As on a classroom's server.
      for (let warm = 0; warm < 120; warm++) create();
      return median(31, create);
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
    measure: () => manyPods((take) => deployed(take).ms),
  },
  {
    name: "a Deployment of 300 created to available",
    unit: "ms",
    limit: 150,
    measure: () => manyPods((take) => deployed(take, "available").ms),
  },
  {
    name: "a rolling update of 300",
    unit: "ms",
    limit: 300,
    measure: () =>
      manyPods((take) => {
        const { session, run } = deployed(take, "available");
        return cpuMs(() => {
          run("kubectl set image deployment/web nginx=nginx:1.27 >/dev/null");
          run("kubectl rollout status deployment/web >/dev/null");
          session.kernel.run(session.kernel.now);
        });
      }),
  },
  {
    name: "an idle hour simulated",
    unit: "ms",
    measure: () => {
      const idle = (take: number) => {
        const session = booted(20 + take);
        return cpuMs(() => session.kernel.run(session.kernel.now + HOUR));
      };
      for (let warm = 0; warm < 3; warm++) idle(warm);
      return median(3, (take) => idle(3 + take));
    },
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
  ...netfilterFigures,
  ...terminalFigures,
  ...apiFigures,
  ...growthFigures,
];

/** The median of three, as on a classroom's server. */
function manyPods(measure: (take: number) => number): number {
  for (let warm = 0; warm < 5; warm++) measure(warm);
  return median(3, (take) => measure(5 + take));
}

/** A session with a Deployment of 300, and what it cost until its Pods were running or available. */
function deployed(take: number, until: "running" | "available" = "running") {
  const { session, run } = runner(10 + take);
  const count = running(session, "default");
  const ms = cpuMs(() => {
    run("kubectl create deployment web --image=nginx --replicas=300 >/dev/null");
    if (until === "available") run("kubectl rollout status deployment/web >/dev/null");
    else session.kernel.runUntil(() => count() >= 300, session.kernel.now + HOUR);
  });
  return { session, run, ms };
}

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
