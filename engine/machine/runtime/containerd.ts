import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { millicores } from "../cpu.ts";
import { isErrno } from "../errno.ts";
import { socketNode } from "../inode.ts";
import type { Process, Program } from "../process.ts";
import * as sys from "../sys.ts";
import { notify } from "../systemd/index.ts";
import { containerdConfig } from "./containerd-config.ts";
import { runtimeOf } from "./of.ts";
import { RUNTIME_VERSION } from "./runtime.ts";
import { RUNC_ROOT, runcDirectory, STATE, TASKS, taskDirectory } from "./tasks.ts";

const REVISION = "05044ec0a9a75232cad458027ca83437aae3f4da";

/** containerd(8): its version, its configuration, or the daemon. */
export const containerd: Program = function* (p: Process): Gen<number> {
  const [first, second] = p.argv.slice(1);
  if (first === "--version" || first === "-v") {
    yield* sys.print(p, `containerd containerd.io ${RUNTIME_VERSION} ${REVISION}\n`);
    return 0;
  }
  if (first === "config" && second === "default") {
    yield* sys.print(p, containerdConfig(false));
    return 0;
  }
  if (first === "config" && second === "dump") {
    yield* sys.print(p, written(p) ?? containerdConfig(false));
    return 0;
  }
  if (first !== undefined && !first.startsWith("-")) {
    yield* sys.printError(p, `containerd: command not found: ${first}\n`);
    return 1;
  }
  return yield* daemon(p);
};

/** What /etc/containerd/config.toml holds, if there is one. */
function written(p: Process): string | undefined {
  try {
    return sys.readText(p, "/etc/containerd/config.toml");
  } catch (error) {
    if (!isErrno(error)) throw error;
    return undefined;
  }
}

/** The daemon of containerd.service: while this process lives, the machine's runtime answers. */
function* daemon(p: Process): Gen<number> {
  const runtime = runtimeOf(p.machine);
  p.rssKib = 62_000;
  p.idleCpu = millicores(9);
  p.dispositions.set("TERM", "catch");
  p.dispositions.set("INT", "catch");
  runtime.daemon = p;
  openSockets(p);
  try {
    yield* runtime.log("info", "starting containerd", `revision=${REVISION} version=v${RUNTIME_VERSION}`);
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
    if (runtime.daemon === p) {
      runtime.daemon = undefined;
      for (const path of SOCKETS) if (sys.find(p, path, false) !== undefined) sys.unlink(p, path);
    }
  }
}

const SOCKETS = [`${STATE}/containerd.sock`, `${STATE}/containerd.sock.ttrpc`];

/** What its address= names is in the file tree as long as it serves; what its state= names stays until the next boot. */
function openSockets(p: Process): void {
  for (const path of ["/run", STATE])
    if (sys.find(p, path) === undefined) sys.mkdir(p, path, path === "/run" ? 0o755 : 0o711);
  if (sys.find(p, TASKS) === undefined) sys.link(p, TASKS, taskDirectory(p.machine));
  if (sys.find(p, RUNC_ROOT) === undefined) sys.link(p, RUNC_ROOT, runcDirectory(p.machine));
  for (const path of SOCKETS) {
    if (sys.find(p, path, false) !== undefined) sys.unlink(p, path);
    sys.link(p, path, socketNode({ mode: 0o660, time: p.machine.kernel.now }));
  }
}
