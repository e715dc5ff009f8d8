import { describe, expect, it } from "vitest";
import { decode, Kernel, SECOND, sleep } from "../kernel/index.ts";
import { Network } from "../network/index.ts";
import { isErrno } from "./errno.ts";
import { dirNode, entriesOf, fileNode } from "./inode.ts";
import { Machine } from "./machine.ts";
import type { OpenFile } from "./open-file.ts";
import { ROOT } from "./path.ts";
import { exitCode, type Process, type Program } from "./process.ts";
import * as sys from "./sys.ts";
import { Tty } from "./tty.ts";

function boot(programs: Record<string, Program> = {}) {
  const kernel = new Kernel({ seed: 1, epochMs: 0 });
  const machine = new Machine({
    kernel,
    network: new Network(kernel),
    hostname: "worker-1",
    programs: new Map(Object.entries(programs)),
  });
  const bin = dirNode();
  entriesOf(machine.root).set("bin", bin);
  entriesOf(machine.root).set("tmp", dirNode({ mode: 0o1777 }));
  for (const name of Object.keys(programs)) entriesOf(bin).set(name, fileNode("", { mode: 0o755 }, name));
  const run = (main: Program, extra: Partial<Parameters<Machine["spawn"]>[0]> = {}): Process => {
    const env = new Map<string, string>();
    return machine.spawn({ parent: undefined, main, argv: ["t"], env, cwd: "/", cred: ROOT, ns: machine.ns, ...extra });
  };
  return { kernel, machine, run };
}

describe("machine", () => {
  it("streams between processes through a pipe and collects their statuses", () => {
    const { kernel, run } = boot({
      *yes(p) {
        for (;;) yield* sys.print(p, "y\n");
      },
      *head(p) {
        let text = "";
        while (text.length < 4) text += decode(yield* sys.read(p, 0));
        yield* sys.print(p, text.slice(0, 4));
        return 0;
      },
    });
    let out = "";
    const statuses: number[] = [];
    run(function* (p) {
      const [r, w] = sys.pipe();
      const [r2, w2] = sys.pipe();
      p.setFd(10, r2);
      const yes = yield* sys.spawn(p, "/bin/yes", { argv: ["yes"], fds: new Map<number, OpenFile>([[1, w]]) });
      const head = yield* sys.spawn(p, "/bin/head", {
        argv: ["head"],
        fds: new Map<number, OpenFile>([
          [0, r],
          [1, w2],
        ]),
      });
      for (const child of [head, yes]) statuses.push(exitCode((yield* sys.waitFor(p, child))!.status));
      out = decode(yield* sys.read(p, 10));
      return 0;
    });
    kernel.run(SECOND);
    expect({ out, statuses, faults: kernel.faults }).toEqual({ out: "y\ny\n", statuses: [0, 141], faults: [] });
  });

  it("answers in the words of errno", () => {
    const { kernel, run } = boot();
    const seen: string[] = [];
    const attempt = (action: () => void) => {
      try {
        action();
        seen.push("ok");
      } catch (error) {
        if (!isErrno(error)) throw error;
        seen.push(error.code);
      }
    };
    run(function* (p) {
      attempt(() => sys.readText(p, "/nowhere"));
      attempt(() => sys.mkdir(p, "/tmp/a"));
      attempt(() => sys.mkdir(p, "/tmp/a"));
      attempt(() => sys.mkdir(p, "/tmp/b/c"));
      attempt(() => sys.writeText(p, "/tmp/a", "x"));
      attempt(() => sys.writeText(p, "/tmp/a/f", "x"));
      attempt(() => sys.rmdir(p, "/tmp/a"));
      attempt(() => sys.symlink(p, "loop", "/tmp/loop"));
      attempt(() => sys.readText(p, "/tmp/loop"));
      attempt(() => sys.readText(p, "/tmp/a/f/g"));
      p.cred = { uid: 1000, gid: 1000, groups: [] };
      attempt(() => sys.writeText(p, "/tmp/a/f", "y"));
      attempt(() => sys.writeText(p, "/tmp/mine", "y"));
      attempt(() => sys.unlink(p, "/tmp/loop"));
      return 0;
    });
    kernel.run(1);
    expect(seen.join(" ")).toBe("ENOENT ok EEXIST ENOENT EISDIR ok ENOTEMPTY ok ELOOP ENOTDIR EACCES ok EPERM");
  });

  it("sends the keyboard's interrupt to the foreground group, whose default action ends it", () => {
    const { kernel, machine, run } = boot();
    let screen = "";
    const tty = new Tty("/dev/pts/0", 80, 24, (bytes) => {
      screen += decode(bytes);
    });
    tty.signal = (group, signal) => machine.signalGroup(group, signal);
    const process = run(
      function* () {
        yield* sleep(1000 * SECOND);
        return 0;
      },
      { tty },
    );
    tty.foreground = process.group;
    kernel.run(SECOND);
    tty.input(Uint8Array.of(3));
    kernel.run(2 * SECOND);
    expect(process.status).toEqual({ kind: "signaled", signal: "INT" });
    expect(screen).toBe("^C");
  });

  it("stops and continues a process, its sleep lasting on", () => {
    const { kernel, machine, run } = boot();
    let woke = 0;
    const process = run(function* () {
      yield* sleep(SECOND);
      woke = kernel.now;
      return 0;
    });
    kernel.run(1);
    machine.signal(process, "STOP");
    kernel.run(5 * SECOND);
    expect(woke).toBe(0);
    machine.signal(process, "CONT");
    kernel.run(6 * SECOND);
    expect(woke).toBe(5 * SECOND);
  });

  it("reads lines from a terminal in canonical mode, with erase and end of file", () => {
    const { kernel, run } = boot();
    const lines: string[] = [];
    const tty = new Tty("/dev/pts/0", 80, 24, () => {});
    run(function* (p) {
      p.setFd(0, tty);
      for (;;) {
        const line = decode(yield* sys.read(p, 0));
        lines.push(line);
        if (line === "") return 0;
      }
    });
    kernel.run(1);
    for (const keys of ["helo\x7flo\r", "\x04"]) {
      tty.input(new TextEncoder().encode(keys));
      kernel.run(kernel.now + 10);
    }
    expect(lines).toEqual(["hello\n", ""]);
  });
});
