/** Runs scripts in the shell of a simulated machine, with its whole base system. */
import { existsSync, readFileSync } from "node:fs";
import { decode, Kernel, SECOND } from "../../engine/kernel/index.ts";
import { buildBase } from "../../engine/machine/base/index.ts";
import { dirNode, entriesOf, fileNode } from "../../engine/machine/inode.ts";
import { SinkFile } from "../../engine/machine/login.ts";
import { Machine } from "../../engine/machine/machine.ts";
import { ROOT } from "../../engine/machine/path.ts";
import { exitCode } from "../../engine/machine/process.ts";
import * as sys from "../../engine/machine/sys.ts";
import { Network } from "../../engine/network/index.ts";
import { bash } from "../../engine/shell/index.ts";
import { netfilterPrograms } from "../../engine/tools/netfilter/index.ts";
import { openssl } from "../../engine/tools/openssl/index.ts";
import { python } from "../../engine/tools/python/index.ts";
import { systemPrograms } from "../../engine/tools/system/index.ts";
import { textPrograms } from "../../engine/tools/text/index.ts";
import { tmux } from "../../engine/tools/tmux/index.ts";

export interface Outcome {
  stdout: string;
  stderr: string;
  status: number;
}

const PROGRAMS = new Map(
  Object.entries({
    ...systemPrograms,
    ...textPrograms,
    ...netfilterPrograms,
    openssl,
    python3: python,
    tmux,
    bash,
    sh: bash,
    dash: bash,
  }),
);

const PID_MAX = "/proc/sys/kernel/pid_max";

/** A machine whose /work holds `files`; `busybox`: with it, as images have it, whose curl is a newer one. */
export function toolMachine(
  files: Record<string, string>,
  epochMs: number,
  busybox = false,
): { kernel: Kernel; machine: Machine } {
  const kernel = new Kernel({ seed: 1, epochMs });
  const machine = new Machine({ kernel, network: new Network(kernel), hostname: "worker-1", programs: PROGRAMS });
  // Columns of process ids are as wide as the largest may be.
  if (existsSync(PID_MAX)) machine.ns.uts.sysctls = new Map([["kernel.pid_max", readFileSync(PID_MAX, "utf8").trim()]]);
  buildBase(machine, {});
  const directory = (path: string) => {
    let at = machine.root;
    for (const name of path.split("/").filter(Boolean)) {
      let next = entriesOf(at).get(name);
      if (next === undefined) {
        next = dirNode();
        next.parent = at;
        entriesOf(at).set(name, next);
      }
      if (next.kind !== "dir") throw new Error(path);
      at = next;
    }
    return at;
  };
  directory("/work");
  if (busybox) entriesOf(directory("/usr/bin")).set("busybox", fileNode("", { mode: 0o755 }));
  for (const [path, text] of Object.entries(files)) {
    const slash = path.lastIndexOf("/");
    entriesOf(directory(`/work/${path.slice(0, Math.max(0, slash))}`)).set(path.slice(slash + 1), fileNode(text));
  }
  return { kernel, machine };
}

/** Runs one script in /work with bash -c. */
export function runLine(line: string, files: Record<string, string>, epochMs: number, busybox = false): Outcome {
  return runOn(toolMachine(files, epochMs, busybox), line);
}

/** The same on a machine that somebody has prepared. */
export function runOn({ kernel, machine }: { kernel: Kernel; machine: Machine }, line: string): Outcome {
  const outcome: Outcome = { stdout: "", stderr: "", status: -1 };
  const init = machine.spawn({
    ...start(machine),
    argv: ["init"],
    *main(p) {
      const [read] = sys.pipe();
      yield* read.read(1);
      p.closeFd(0);
      return 0;
    },
  });
  const process = machine.spawn({
    ...start(machine),
    parent: init,
    argv: ["bash"],
    *main(p) {
      p.setFd(0, sys.openFile(p, "/dev/null", { read: true }));
      p.setFd(1, new SinkFile((bytes) => (outcome.stdout += decode(bytes))));
      p.setFd(2, new SinkFile((bytes) => (outcome.stderr += decode(bytes))));
      return yield* sys.exec(p, "/bin/bash", ["bash", "-c", line]);
    },
  });
  kernel.runUntil(() => process.status !== undefined, kernel.now + 3600 * SECOND);
  if (kernel.faults.length > 0) throw kernel.faults[0]!.error;
  if (process.status === undefined) throw new Error(`does not end: ${line}`);
  outcome.status = exitCode(process.status);
  return outcome;
}

function start(machine: Machine) {
  const env = new Map([
    ["PATH", "/usr/bin:/bin:/usr/sbin"],
    ["LC_ALL", "C.UTF-8"],
    ["TZ", "UTC"],
    ["HOME", "/root"],
    ["TERM", "xterm"],
  ]);
  return { parent: undefined, env, cwd: "/work", cred: ROOT, ns: machine.ns };
}
