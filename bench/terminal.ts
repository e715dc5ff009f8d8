import { MINUTE, SECOND, type Session } from "../engine/index.ts";
import { booted, cpuMs, type Figure, median, runner } from "./measure.ts";

/** CPU time of a script as on a classroom's server, where the code it needs has been compiled by runs before. */
function scriptMs(text: string, setup = "true", runs = 15): number {
  const { run } = runner(50);
  run(setup);
  for (let warm = 0; warm < 40; warm++) run(text);
  return median(runs, () => cpuMs(() => run(text)));
}

const PODS = `kubectl create deployment web --image=nginx --replicas=4; kubectl rollout status deployment/web; kubectl get pods -o json | jq ".items as \\$pods | .items = [range(500) | \\$pods[. % 4]]" > pods.json`;

/** Opens terminals and waits for their prompts. */
function terminals(session: Session, count: number): void {
  for (let i = 0; i < count; i++)
    session.apply({ type: "terminal", id: `t${i}`, machine: "workstation", user: "learner", columns: 120, rows: 30 });
  session.kernel.run(session.kernel.now + 5 * SECOND);
}

/** The most CPU time that one event of the kernel takes while a script runs, in ms; the median of several runs. */
function longestStep(text: string): number {
  // The process's CPU time counts V8's other threads too, the wall clock what other processes take: the lesser is told.
  const spent = () => {
    const { user, system } = process.cpuUsage();
    return { cpu: (user + system) / 1000, wall: performance.now() };
  };
  return median(5, (take) => {
    const session = booted(60 + take);
    session.apply({ type: "script", id: "s", machine: "workstation", user: "learner", name: "s.sh", text });
    let longest = 0;
    let last = spent();
    session.kernel.runUntil(() => {
      const now = spent();
      longest = Math.max(longest, Math.min(now.cpu - last.cpu, now.wall - last.wall));
      last = now;
      return false;
    }, session.kernel.now + MINUTE);
    return longest;
  });
}

/** Figures of the shell and its tools. */
export const terminalFigures: Figure[] = [
  {
    name: "seq 100000 | awk | sort | uniq",
    unit: "ms",
    limit: 150,
    measure: () => scriptMs("seq 100000 | awk '{print $1 % 1000}' | sort | uniq -c > out", "true", 7),
  },
  {
    name: "seq 100000 | grep | sed | wc",
    unit: "ms",
    limit: 150,
    measure: () => scriptMs("seq 100000 | grep 7 | sed 's/7/x/' | wc -l > out", "true", 7),
  },
  {
    name: "awk sums of 100000 lines | sort | head",
    unit: "ms",
    limit: 150,
    measure: () =>
      scriptMs(
        "seq 100000 | awk '{s[$1 % 100] += $1} END {for (k in s) print k, s[k]}' | sort -n | head -3 > out",
        "true",
        7,
      ),
  },
  {
    name: "jq over 500 Pods",
    unit: "ms",
    limit: 15,
    measure: () =>
      scriptMs(`jq -r '.items[] | [.metadata.namespace, .metadata.name, .status.phase] | @tsv' pods.json > out`, PODS),
  },
  {
    name: "prompt to prompt for `true`",
    unit: "ms",
    limit: 0.3,
    measure: () => {
      const session = booted(51);
      terminals(session, 1);
      const line = () => {
        session.apply({ type: "keys", id: "t0", text: "true\r" });
        session.kernel.run(session.kernel.now + SECOND / 10);
      };
      const idle = cpuMs(() => session.kernel.run(session.kernel.now + 20 * SECOND)) / 200;
      for (let warm = 0; warm < 1000; warm++) line();
      return (
        median(
          5,
          () =>
            cpuMs(() => {
              for (let i = 0; i < 200; i++) line();
            }) / 200,
        ) - idle
      );
    },
  },
  {
    name: "heap of an idle extra terminal",
    unit: "KB",
    limit: 100,
    measure: () => {
      const session = booted(52);
      terminals(session, 5);
      global.gc?.();
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < 50; i++)
        session.apply({
          type: "terminal",
          id: `x${i}`,
          machine: "workstation",
          user: "learner",
          columns: 120,
          rows: 30,
        });
      session.kernel.run(session.kernel.now + 5 * SECOND);
      global.gc?.();
      return (process.memoryUsage().heapUsed - before) / 50 / 1000;
    },
  },
  {
    name: "longest kernel step of `seq`",
    unit: "ms",
    limit: 10,
    measure: () => longestStep("seq 1000000 | tail -n 1"),
  },
  {
    name: "longest kernel step of `shuf -r`",
    unit: "ms",
    limit: 10,
    measure: () => longestStep("shuf -r -i 1-100 -n 500000 | tail -n 1"),
  },
  {
    name: "longest kernel step of `gzip`",
    unit: "ms",
    limit: 10,
    measure: () => longestStep("seq 300000 | gzip | wc -c"),
  },
  {
    name: "longest kernel step of `bzip2`",
    unit: "ms",
    limit: 10,
    measure: () => longestStep("seq 130000 | bzip2 | wc -c"),
  },
];
