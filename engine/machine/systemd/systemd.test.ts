import { describe, expect, it } from "vitest";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Machine } from "../machine.ts";
import type { Process, Program } from "../process.ts";
import * as sys from "../sys.ts";
import { TestBed } from "../testing.ts";
import { powerOn, shutDown } from "./boot.ts";
import { notify } from "./index.ts";
import type { JobResult } from "./manager.ts";

const programs: Record<string, Program> = {
  *daemon(p) {
    yield* sys.print(p, `args ${p.argv.slice(1).join(" ")} in ${p.ns.cgroup}\n`);
    notify(p);
    for (;;) yield* sleep(1000 * SECOND);
  },
  *stubborn(p) {
    p.dispositions.set("TERM", "ignore");
    for (;;) yield* sleep(1000 * SECOND);
  },
  *crash(p) {
    yield* sleep(SECOND);
    yield* sys.printError(p, "<3>giving up\n");
    return 1;
  },
  *touch(p) {
    sys.writeText(p, "/tmp/oneshot", p.env.get("WHAT") ?? "");
    return 0;
  },
};

function bed() {
  const test = new TestBed(programs);
  const machine = test.boot("worker-1", "192.168.108.21");
  test.kernel.run(SECOND);
  return { ...test, test, machine, kernel: test.kernel };
}

function asRoot<T>(machine: Machine, action: (p: Process) => T): void {
  action(machine.pids.init!);
}

function unit(machine: Machine, name: string, service: string): void {
  asRoot(machine, (p) =>
    sys.writeText(p, `/etc/systemd/system/${name}`, `[Unit]\nDescription=Test\n[Service]\n${service}`),
  );
}

function journal(machine: Machine, from = 0): string[] {
  return machine.journal
    .entries()
    .filter((e) => e.seq > from)
    .map((e) => `${e.identifier}: ${e.message}`);
}

function job(machine: Machine, gen: Gen<JobResult>): JobResult {
  const task = machine.kernel.spawn("job", gen);
  machine.kernel.runUntil(() => task.state === "done");
  expect(machine.kernel.faults).toEqual([]);
  return task.value as JobResult;
}

describe("systemd", () => {
  it("boots to the default target; services without a program fail with 203/EXEC", () => {
    const { machine } = bed();
    const manager = machine.systemd!;
    expect(manager.unit("multi-user.target").active).toBe("active");
    const kubelet = manager.unit("kubelet");
    expect([kubelet.active, kubelet.sub, kubelet.mainStatus]).toEqual([
      "activating",
      "auto-restart",
      { kind: "exited", code: 203 },
    ]);
    expect(journal(machine)).toContain("systemd: kubelet.service: Main process exited, code=exited, status=203/EXEC");
    expect(journal(machine)).toContain(
      "(kubelet): kubelet.service: Failed to locate executable /usr/bin/kubelet: No such file or directory",
    );
  });

  it("runs a service in its control group with its environment and logs its output", () => {
    const { machine } = bed();
    asRoot(machine, (p) => sys.writeText(p, "/etc/default/d", '# c\nOPTS="-a -b"\n'));
    unit(
      machine,
      "d.service",
      'Environment=X=1 "Y=2 3"\nEnvironmentFile=-/etc/default/d\nExecStart=/usr/bin/daemon $OPTS ${Y}z\n',
    );
    const manager = machine.systemd!;
    const from = machine.journal.entries().at(-1)!.seq;
    expect(job(machine, manager.start(manager.unit("d")))).toBe("done");
    machine.kernel.run(machine.kernel.now + SECOND);
    expect(manager.processesOf(manager.unit("d")).map((p) => p.argv)).toEqual([
      ["/usr/bin/daemon", "-a", "-b", "2 3z"],
    ]);
    expect(job(machine, manager.stop(manager.unit("d")))).toBe("done");
    expect(journal(machine, from)).toEqual([
      "systemd: Started d.service - Test.",
      "daemon: args -a -b 2 3z in /system.slice/d.service",
      "systemd: Stopping d.service - Test...",
      "systemd: d.service: Deactivated successfully.",
      "systemd: Stopped d.service - Test.",
    ]);
  });

  it("says once that an environment file is missing", () => {
    const { machine } = bed();
    unit(machine, "m.service", "EnvironmentFile=/etc/default/none\nExecStart=/usr/bin/daemon\n");
    const manager = machine.systemd!;
    const from = machine.journal.entries().at(-1)!.seq;
    expect(job(machine, manager.start(manager.unit("m")))).toBe("failed");
    expect(journal(machine, from)).toEqual([
      "systemd: m.service: Failed to load environment files: No such file or directory",
      "systemd: m.service: Failed to run 'start' task: No such file or directory",
      "systemd: m.service: Failed with result 'resources'.",
      "systemd: Failed to start m.service - Test.",
    ]);
  });

  it("restarts on failure after RestartSec until the start limit", () => {
    const { machine } = bed();
    unit(machine, "c.service", "ExecStart=/usr/bin/crash\nRestart=on-failure\nRestartSec=1500ms\n");
    const manager = machine.systemd!;
    const from = machine.journal.entries().at(-1)!.seq;
    job(machine, manager.start(manager.unit("c")));
    machine.kernel.run(machine.kernel.now + 60 * SECOND);
    expect(
      journal(machine, from)
        .filter((l) => l.startsWith("systemd: c.s") || l.startsWith("crash"))
        .slice(0, 4),
    ).toEqual([
      "crash: giving up",
      "systemd: c.service: Main process exited, code=exited, status=1/FAILURE",
      "systemd: c.service: Failed with result 'exit-code'.",
      "systemd: c.service: Scheduled restart job, restart counter is at 1.",
    ]);
    expect(manager.unit("c").restarts).toBeGreaterThan(20);
    unit(machine, "e.service", "ExecStart=/usr/bin/nothing\nRestart=always\n");
    job(machine, manager.start(manager.unit("e")));
    machine.kernel.run(machine.kernel.now + 60 * SECOND);
    expect(manager.unit("e").active).toBe("failed");
    expect(journal(machine, from)).toContain("systemd: e.service: Start request repeated too quickly.");
  });

  it("kills what ignores SIGTERM after TimeoutStopSec", () => {
    const { machine } = bed();
    unit(machine, "s.service", "ExecStart=/usr/bin/stubborn\n");
    const manager = machine.systemd!;
    job(machine, manager.start(manager.unit("s")));
    machine.kernel.run(machine.kernel.now + SECOND);
    const before = machine.kernel.now;
    job(machine, manager.stop(manager.unit("s")));
    expect(Math.round((machine.kernel.now - before) / SECOND)).toBe(90);
    expect(manager.unit("s")).toMatchObject({ active: "failed", result: "timeout" });
  });

  it("waits for READY=1 of a notify service, and for the end of a oneshot", () => {
    const { machine } = bed();
    unit(machine, "n.service", "Type=notify\nExecStart=/usr/bin/daemon\n");
    unit(machine, "q.service", "Type=notify\nTimeoutStartSec=5\nExecStart=/usr/bin/stubborn\nTimeoutStopSec=1\n");
    unit(machine, "o.service", "Type=oneshot\nRemainAfterExit=yes\nEnvironment=WHAT=done\nExecStart=/usr/bin/touch\n");
    const manager = machine.systemd!;
    expect(job(machine, manager.start(manager.unit("n")))).toBe("done");
    expect(job(machine, manager.start(manager.unit("q")))).toBe("failed");
    expect(job(machine, manager.start(manager.unit("o")))).toBe("done");
    expect(manager.unit("o")).toMatchObject({ active: "active", sub: "exited" });
    asRoot(machine, (p) => expect(sys.readText(p, "/tmp/oneshot")).toBe("done"));
  });

  it("shuts down, is dark, and boots again", () => {
    const { machine } = bed();
    unit(machine, "s.service", "ExecStart=/usr/bin/daemon\n");
    job(machine, machine.systemd!.start(machine.systemd!.unit("s")));
    const task = machine.kernel.spawn("down", shutDown(machine));
    machine.kernel.runUntil(() => task.state === "done");
    machine.kernel.run(machine.kernel.now + SECOND);
    expect(machine.processes.size).toBe(0);
    expect(machine.network.dark.has(machine.net)).toBe(true);
    powerOn(machine);
    machine.kernel.run(machine.kernel.now + SECOND);
    expect(machine.systemd!.unit("multi-user.target").active).toBe("active");
    expect(machine.journal.boot).toBe(1);
    expect(machine.kernel.faults).toEqual([]);
  });
});
