import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { millicores } from "../cpu.ts";
import type { Process, Program } from "../process.ts";
import { notify } from "../systemd/index.ts";
import { runtimeOf } from "./of.ts";
import { RUNTIME_VERSION } from "./runtime.ts";

/** The daemon of containerd.service: while this process lives, the machine's runtime answers. */
export const containerd: Program = function* (p: Process): Gen<number> {
  const runtime = runtimeOf(p.machine);
  p.rssKib = 62_000;
  p.idleCpu = millicores(9);
  p.dispositions.set("TERM", "catch");
  p.dispositions.set("INT", "catch");
  runtime.daemon = p;
  try {
    yield* runtime.log(
      "info",
      "starting containerd",
      `revision=05044ec0a9a75232cad458027ca83437aae3f4da version=v${RUNTIME_VERSION}`,
    );
    yield* runtime.log("info", "Start cri plugin with config", "");
    if (runtime.networkNotReady() !== undefined) {
      yield* runtime.log(
        "error",
        "failed to load cni during init, please check CRI plugin status before setting up network for pods",
        'error="cni config load failed: no network config found in /etc/cni/net.d: cni plugin not initialized: failed to load cni config"',
      );
    }
    yield* runtime.log("info", "Start subscribing containerd event");
    yield* runtime.log("info", "Start recovering state");
    runtime.recover();
    yield* runtime.log("info", "Start event monitor");
    yield* runtime.log("info", "Start streaming server");
    yield* runtime.log("info", "serving...", "address=/run/containerd/containerd.sock");
    yield* runtime.log("info", "containerd successfully booted in 0.041216s");
    notify(p);
    const never = new WaitQueue();
    while (p.takeSignal() === undefined) yield* wait(never);
    yield* runtime.log("info", "Stop CRI service");
    return 0;
  } finally {
    if (runtime.daemon === p) runtime.daemon = undefined;
  }
};
