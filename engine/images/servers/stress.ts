import { klog } from "../../api/klog.ts";
import { wholeUnits } from "../../api/quantity.ts";
import { type Gen, MS, SECOND, sleep, WaitQueue, wait } from "../../kernel/index.ts";
import { burn } from "../../machine/cpu.ts";
import { allocate } from "../../machine/memory.ts";
import { exitCode, type Process, type Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";

/** `64M` as stress(1) reads sizes: B, K, M, G of 1024. */
function bytesOf(text: string): number {
  const [, digits = "0", unit = ""] = /^(\d+)([bkmgBKMG]?)$/.exec(text) ?? [];
  return Number(digits) * 1024 ** "bkmg".indexOf(unit.toLowerCase() || "b");
}

/** stress(1), and stress-ng(1) as far as it is called alike: workers that use CPU or memory until the time is over. */
const stress: Program = function* (p) {
  const title = p.argv[0]!.endsWith("stress-ng") ? "stress-ng" : "stress";
  const flags = new Map<string, string>();
  const args = p.argv.slice(1);
  const names: Record<string, string> = { "-c": "cpu", "-m": "vm", "-t": "timeout", "-i": "io", "-d": "hdd" };
  for (let i = 0; i < args.length; i++) {
    const [name, value] = args[i]!.split("=") as [string, string?];
    const known = names[name] ?? (name.startsWith("--") ? name.slice(2) : undefined);
    if (known === undefined) {
      yield* sys.printError(p, `${title}: FAIL: [${p.nsPid}] (244) unrecognized option: ${args[i]}\n`);
      return 1;
    }
    const alone = known === "vm-keep" || known === "verbose" || known === "quiet" || known.startsWith("metrics");
    flags.set(known, value ?? (alone ? "" : (args[++i] ?? "")));
  }
  const count = (name: string) => Number(flags.get(name) ?? 0);
  const [cpu, vm, io, hdd] = [count("cpu"), count("vm"), count("io"), count("hdd")];
  if (cpu + vm + io + hdd === 0) {
    yield* sys.print(
      p,
      "`stress' imposes certain types of compute stress on your system\n\nUsage: stress [OPTION [ARG]] ...\n",
    );
    return 1;
  }
  yield* sys.print(p, `${title}: info: [${p.nsPid}] dispatching hogs: ${cpu} cpu, ${io} io, ${vm} vm, ${hdd} hdd\n`);
  const seconds = Number.parseInt(flags.get("timeout") ?? "0", 10);
  const life = seconds > 0 ? seconds * SECOND : Number.MAX_SAFE_INTEGER;
  const bytes = bytesOf(flags.get("vm-bytes") ?? "256M");
  const work = (body: (child: Process) => Gen) =>
    sys.fork(p, function* (child) {
      yield* body(child);
      return 0;
    });
  for (let i = 0; i < cpu; i++) work((child) => burn(child, life));
  for (let i = 0; i < vm; i++)
    work(function* (child) {
      allocate(child, Math.ceil(bytes / 1024));
      yield* burn(child, life);
    });
  for (let i = 0; i < io + hdd; i++) work((child) => burn(child, life));
  for (let left = cpu + vm + io + hdd; left > 0; left--) {
    const { process, status } = (yield* sys.waitFor(p))!;
    if (exitCode(status) === 0) continue;
    const how =
      status.kind === "signaled" ? `got signal ${exitCode(status) - 128}` : `returned error ${exitCode(status)}`;
    yield* sys.printError(p, `${title}: FAIL: [${p.nsPid}] (425) <-- worker ${process.nsPid} ${how}\n`);
    yield* sys.printError(p, `${title}: FAIL: [${p.nsPid}] (461) failed run completed in 0s\n`);
    return 1;
  }
  yield* sys.print(p, `${title}: info: [${p.nsPid}] successful run completed in ${seconds}s\n`);
  return 0;
};

/** vish/stress: takes memory step by step, and burns CPU (github.com/vishh/stress). */
const steadyStress: Program = function* (p) {
  const value = (name: string, fallback: string): string => {
    const at = p.argv.findIndex((arg) => arg === `-${name}` || arg === `--${name}`);
    return at > 0 ? (p.argv[at + 1] ?? fallback) : fallback;
  };
  const total = wholeUnits(value("mem-total", "0"));
  const step = Math.max(1, wholeUnits(value("mem-alloc-size", "4Ki")));
  const pause =
    Number.parseFloat(value("mem-alloc-sleep", "1ms")) * (value("mem-alloc-sleep", "1ms").endsWith("ms") ? MS : SECOND);
  const cpus = Math.floor(Number(value("cpus", "0")));
  const shown = (text: string) => JSON.stringify(text);
  const turn = (words: string) => sys.printError(p, `${klog(p.machine.kernel, p.nsPid, "I", "main.go:26", words)}\n`);
  yield* turn(
    `Allocating ${shown(value("mem-total", "0"))} memory, in ${shown(value("mem-alloc-size", "4Ki"))} chunks, with a ${value("mem-alloc-sleep", "1ms")} sleep between allocations`,
  );
  for (let i = 0; i < cpus; i++)
    sys.fork(p, function* (child) {
      yield* burn(child, Number.MAX_SAFE_INTEGER);
      return 0;
    });
  for (let taken = 0; taken < total; taken += step) {
    allocate(p, Math.ceil(Math.min(step, total - taken) / 1024));
    yield* sleep(pause);
  }
  const never = new WaitQueue();
  for (;;) yield* wait(never);
};

export const stressPrograms: Readonly<Record<string, Program>> = { stress, "vish-stress": steadyStress };

export const STRESS_IMAGES: readonly ImageDef[] = [
  {
    names: ["docker.io/polinux/stress"],
    tags: /^(latest|1\.0\.4)$/,
    sizeBytes: 4_040_000,
    rootfs: () => rootfs(SKELETON, debianTree(), { "usr/local/bin/stress": { program: "stress" } }),
    entrypoint: [],
    cmd: ["/usr/local/bin/stress"],
    env: () => ({ PATH: DEFAULT_PATH }),
  },
  ...(
    [
      ["docker.io/progrium/stress", "/usr/bin/stress"],
      ["docker.io/alexeiled/stress-ng", "/usr/bin/stress-ng"],
      ["docker.io/colinianking/stress-ng", "/usr/bin/stress-ng"],
      ["ghcr.io/colinianking/stress-ng", "/usr/bin/stress-ng"],
      ["docker.io/containerstack/cpustress", "/usr/bin/stress-ng"],
    ] as const
  ).map(
    ([name, path]): ImageDef => ({
      names: [name],
      tags: /^(latest|\d[\d.]*)$/,
      sizeBytes: 6_000_000,
      rootfs: () => rootfs(SKELETON, debianTree(), { [path.slice(1)]: { program: "stress" } }),
      entrypoint: [path],
      cmd: ["--help"],
      env: () => ({ PATH: DEFAULT_PATH }),
    }),
  ),
  {
    names: ["docker.io/vish/stress"],
    tags: /^latest$/,
    sizeBytes: 1_500_000,
    rootfs: () => rootfs({ stress: { program: "vish-stress" } }),
    entrypoint: ["/stress", "-logtostderr"],
    cmd: [],
    env: () => ({ PATH: DEFAULT_PATH }),
  },
];
