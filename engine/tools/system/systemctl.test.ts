import { describe, expect, it } from "vitest";
import { SECOND, sleep } from "../../kernel/index.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { notify } from "../../machine/systemd/index.ts";
import { TestBed } from "../../machine/testing.ts";
import { systemPrograms } from "./index.ts";

const daemon: Program = function* (p) {
  notify(p);
  yield* sys.printError(p, "<4>first line\n");
  for (;;) yield* sleep(1000 * SECOND);
};

function bed() {
  const test = new TestBed({ ...systemPrograms, kubelet: daemon, containerd: daemon });
  const machine = test.boot("worker-1", "192.168.108.21");
  test.kernel.run(400 * SECOND);
  const run = (line: string, user = "root") => test.run(machine, line.split(" "), { user });
  return { test, machine, run };
}

describe("systemctl", () => {
  it("shows the status of a running service", () => {
    const { run, machine, test } = bed();
    const pid = machine.systemd!.unit("kubelet").main!.pid;
    const { out, status } = run("systemctl status kubelet");
    expect(out).toBe(`● kubelet.service - kubelet: The Kubernetes Node Agent
     Loaded: loaded (/lib/systemd/system/kubelet.service; enabled; preset: enabled)
    Drop-In: /usr/lib/systemd/system/kubelet.service.d
             └─10-kubeadm.conf
     Active: active (running) since Sat 2025-03-01 09:00:00 UTC; 6min ago
       Docs: https://kubernetes.io/docs/
   Main PID: ${pid} (kubelet)
      Tasks: 1 (limit: 4667)
     Memory: 3.1M
        CPU: 1ms
     CGroup: /system.slice/kubelet.service
             └─${pid} /usr/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml

Mar 01 09:00:00 worker-1 systemd[1]: Started kubelet.service - kubelet: The Kubernetes Node Agent.
Mar 01 09:00:00 worker-1 kubelet[${pid}]: first line
`);
    expect(status).toBe(0);
    expect(test.kernel.faults).toEqual([]);
  });

  it("has what is to come told, put at another time and called off", () => {
    const { run } = bed();
    const told = (line: string) => run(line).err;
    expect(run("shutdown --show")).toMatchObject({ err: "No scheduled shutdown.\n", status: 1 });
    expect(told("shutdown +5")).toMatch(/^Shutdown scheduled for .* 09:11:40 UTC, use 'shutdown -c' to cancel\.\n$/);
    expect(told("shutdown -r 08:30")).toMatch(/^Reboot scheduled for Sun 2025-03-02 08:30:00 UTC, /);
    expect(told("shutdown --show")).toMatch(/^Reboot scheduled for Sun 2025-03-02 08:30:00 UTC, /);
    expect(told("shutdown -c") + told("shutdown --show")).toBe("No scheduled shutdown.\n");
    expect(told("shutdown foo")).toBe("Failed to parse time specification: foo\n");
  });

  it("stops, starts, enables, masks", () => {
    const { run } = bed();
    expect(run("systemctl stop kubelet", "learner")).toEqual({
      out: "",
      err: "Failed to stop kubelet.service: Access denied\nSee system logs and 'systemctl status kubelet.service' for details.\n",
      status: 4,
    });
    expect(run("systemctl stop kubelet")).toEqual({ out: "", err: "", status: 0 });
    expect(run("systemctl is-active kubelet containerd")).toEqual({ out: "inactive\nactive\n", err: "", status: 0 });
    const { out, status } = run("systemctl status kubelet");
    expect(status).toBe(3);
    expect(out.split("\n").slice(0, 5).join("\n")).toMatch(
      /^○ kubelet.service .*\n.*\n.*\n.*\n {5}Active: inactive \(dead\) since Sat 2025-03-01 09:06:40 UTC; \d+ms ago$/,
    );
    expect(out).toContain("(code=killed, signal=TERM)");
    expect(run("systemctl disable kubelet").err).toBe(
      'Removed "/etc/systemd/system/multi-user.target.wants/kubelet.service".\n',
    );
    expect(run("systemctl is-enabled kubelet")).toEqual({ out: "disabled\n", err: "", status: 1 });
    expect(run("systemctl enable --now kubelet").err).toBe(
      "Created symlink /etc/systemd/system/multi-user.target.wants/kubelet.service → /lib/systemd/system/kubelet.service.\n",
    );
    expect(run("systemctl is-active kubelet").out).toBe("active\n");
    expect(run("systemctl mask kubelet").err).toBe(
      "Created symlink /etc/systemd/system/kubelet.service → /dev/null.\n",
    );
    expect(run("systemctl restart kubelet")).toEqual({
      out: "",
      err: "Failed to restart kubelet.service: Unit kubelet.service is masked.\n",
      status: 1,
    });
    expect(run("systemctl start nope")).toEqual({
      out: "",
      err: "Failed to start nope.service: Unit nope.service not found.\n",
      status: 5,
    });
    expect(run("systemctl status nope")).toEqual({
      out: "",
      err: "Unit nope.service could not be found.\n",
      status: 4,
    });
  });

  it("lists units", () => {
    const { run } = bed();
    const { out } = run("systemctl list-units --type=service --no-legend --plain");
    expect(
      out
        .split("\n")
        .slice(0, 3)
        .map((line) => line.replace(/ +/g, " ")),
    ).toEqual([
      "containerd.service loaded active running containerd container runtime",
      "cron.service loaded active running Regular background program processing daemon",
      "kubelet.service loaded active running kubelet: The Kubernetes Node Agent",
    ]);
    expect(run("systemctl show -p MainPID,ActiveState kubelet").out).toMatch(/^MainPID=\d+\nActiveState=active\n$/);
    expect(run("systemctl cat kubelet").out).toContain("# /usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf\n");
  });
});

describe("journalctl", () => {
  it("selects by unit, count, priority, time and format", () => {
    const { run, machine } = bed();
    const pid = machine.systemd!.unit("kubelet").main!.pid;
    const line = `worker-1 kubelet[${pid}]: first line\n`;
    expect(run("journalctl -u kubelet --no-pager").out).toBe(
      `Mar 01 09:00:00 worker-1 systemd[1]: Started kubelet.service - kubelet: The Kubernetes Node Agent.\nMar 01 09:00:00 ${line}`,
    );
    expect(run("journalctl -u kubelet -n 1 -o short-iso").out).toBe(`2025-03-01T09:00:00+0000 ${line}`);
    expect(run("journalctl -u kubelet -p warning -o cat").out).toBe("first line\n");
    expect(run(`journalctl _PID=${pid} -o short-precise`).out).toMatch(/^Mar 01 09:00:00\.\d{6} worker-1 kubelet/);
    expect(run("journalctl -u kubelet --since -1min")).toEqual({ out: "-- No entries --\n", err: "", status: 0 });
    expect(run("journalctl -u kubelet --until 08:00").out).toBe("-- No entries --\n");
    expect(JSON.parse(run("journalctl -u kubelet -n1 -o json").out)).toMatchObject({
      MESSAGE: "first line",
      PRIORITY: "4",
      _SYSTEMD_UNIT: "kubelet.service",
    });
    expect(run("journalctl -k -n 1").out).toMatch(/kernel: EXT4-fs/);
    expect(run("journalctl -u kubelet -n 1", "learner").out).toBe(`Mar 01 09:00:00 ${line}`);
  });

  it("follows", () => {
    const { test, machine } = bed();
    let out = "";
    test.start(
      machine,
      ["journalctl", "-fu", "kubelet", "-n", "0"],
      "root",
      (text) => (out += text),
      () => {},
    );
    test.kernel.run(test.kernel.now + SECOND);
    machine.journal.append({ identifier: "kubelet", unit: "kubelet.service", pid: 9, message: "a\nb" });
    machine.journal.append({ identifier: "other", message: "c" });
    test.kernel.run(test.kernel.now + SECOND);
    expect(out).toBe("Mar 01 09:06:41 worker-1 kubelet[9]: a\n                                     b\n");
  });
});
