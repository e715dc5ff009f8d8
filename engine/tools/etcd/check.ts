/** etcdctl check: writes at a rate for a while, and how well that went (etcdctl/ctlv3/command/check.go). */
import { EtcdError, prefixEnd } from "../../etcd/index.ts";
import { type Gen, MS, sleep } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";

/** Writes a second that are asked for. */
const RATES: Readonly<Record<string, number>> = { s: 150, m: 1000, l: 8000, xl: 15_000 };
const WORDS: Readonly<Record<string, string>> = {
  small: "s",
  medium: "m",
  large: "l",
  xLarge: "xl",
};
/** Seconds. */
const DURATION = 60;
/** Writes a second that a member's disk takes: each has to be on it before it is answered. */
const MOST = 2000;
const VALUE = "x".repeat(1024);
/** What is too slow, seconds. */
const SLOWEST = 0.5;
const DEVIATION = 0.1;

function loadOf(r: Run): string {
  const text = r.flag("load") ?? "s";
  const load = text in RATES ? text : WORDS[text];
  if (load === undefined) throw new EtcdctlError(`unknown load option ${text}`, 4);
  return load;
}

/** Puts a key; why that failed, or undefined. */
function write(r: Run, key: string): string | undefined {
  if (!r.client.raft.answers(r.client.raft.process(r.client.asked)?.host ?? "")) return "context deadline exceeded";
  try {
    r.client.store.put({ key, value: VALUE });
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    return error.message;
  }
  return undefined;
}

const perf: Subcommand = {
  usage: "check perf [options] [flags]",
  about: "Check the performance of the etcd cluster",
  *run(r) {
    const load = loadOf(r);
    const prefix = r.flag("prefix") ?? "/etcdctl-check-perf/";
    const range = { key: prefix, rangeEnd: prefixEnd(prefix) };
    const { count } = yield* r.client.request((store) => store.range({ ...range, limit: 1 }));
    if (count > 0) {
      throw new EtcdctlError(`prefix "${prefix}" has keys. Delete with etcdctl del --prefix ${prefix} first.`, 3);
    }
    const { kernel } = r.p.machine;
    const random = kernel.random("etcdctl check");
    const rate = Math.min(RATES[load]!, MOST);
    const took: number[] = [];
    const failed = new Map<string, number>();
    const start = kernel.now;
    for (let second = 0; second < DURATION; second++) {
      yield* sys.print(r.p, `\r ${second} / ${DURATION}  ${((100 * second) / DURATION).toFixed(2).padStart(6)}%`);
      for (let part = 0; part < 10; part++) {
        for (let i = 0; i < rate / 10; i++) {
          const one = write(r, prefix + random.hex(16));
          // Those of one instant are written one after the other.
          if (one === undefined) took.push((1 + i) / MOST);
          else failed.set(one, (failed.get(one) ?? 0) + 1);
        }
        yield* sleep(start + (second * 10 + part + 1) * 100 * MS - kernel.now);
      }
    }
    yield* sys.print(r.p, `\r ${DURATION} / ${DURATION}  100.00% 1m0s\n`);
    yield* r.client.request((store) => store.deleteRange(range), undefined, "change");
    if (r.on("auto-compact")) {
      const { revision } = r.client.view;
      yield* r.client.request((store) => store.compact(revision), undefined, "change");
      yield* sys.print(r.p, `Compacting with revision ${revision}\nCompacted with revision ${revision}\n`);
    }
    if (r.on("auto-defrag")) {
      for (const endpoint of r.client.options.endpoints) {
        const id = yield* r.client.member([endpoint], "change");
        r.client.store.space.defragment(id);
        yield* sys.print(r.p, `Defragmenting "${endpoint}"\nDefragmented "${endpoint}"\n`);
      }
    }
    yield* judge(r, took, failed, RATES[load]!);
  },
};

/** Says what was good enough. */
function* judge(r: Run, took: readonly number[], failed: ReadonlyMap<string, number>, wanted: number): Gen {
  let isWell = true;
  const say = (well: boolean, text: string) => {
    isWell &&= well;
    return sys.print(r.p, text);
  };
  for (const [why, times] of failed) yield* say(false, `FAIL: ERROR(${why}) -> ${times}\n`);
  if (failed.size > 0) yield* say(false, "FAIL: too many errors\n");
  const throughput = took.length / DURATION;
  const isFast = throughput > wanted * 0.9;
  yield* say(
    isFast,
    `${isFast ? "PASS: Throughput is" : "FAIL: Throughput too low:"} ${Math.trunc(throughput) + (isFast ? 0 : 1)} writes/s\n`,
  );
  const slowest = took.reduce((most, each) => Math.max(most, each), 0);
  const mean = took.reduce((sum, each) => sum + each, 0) / Math.max(1, took.length);
  const deviation = Math.sqrt(took.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, took.length));
  const isQuick = slowest <= SLOWEST;
  yield* say(
    isQuick,
    `${isQuick ? "PASS: Slowest request took" : "Slowest request took too long:"} ${slowest.toFixed(6)}s\n`,
  );
  const isEven = deviation <= DEVIATION;
  yield* say(isEven, `${isEven ? "PASS: Stddev is" : "Stddev too high:"} ${deviation.toFixed(6)}s\n`);
  yield* sys.print(r.p, isWell ? "PASS\n" : "FAIL\n");
  if (!isWell) throw new EtcdctlError("", 1);
}

const datascale: Subcommand = {
  usage: "check datascale [options] [flags]",
  about: "Check the memory usage of holding data for different workloads on a given server endpoint.",
  *run(r) {
    loadOf(r);
    yield* r.client.first();
    throw new EtcdctlError("the memory of members is not known here", 1);
  },
};

export const checkCommands: Readonly<Record<string, Subcommand>> = {
  "check datascale": datascale,
  "check perf": perf,
};
