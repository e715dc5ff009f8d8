import { describe, expect, it } from "vitest";
import { decode, encode, SECOND, sleep } from "../../kernel/index.ts";
import { login } from "../../machine/login.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { powerOff } from "../../machine/systemd/index.ts";
import { TestBed } from "../../machine/testing.ts";
import { systemPrograms } from "./index.ts";

/** A stand-in for the shell: runs `-c` words itself, or reads lines until `exit N`. */
const bash: Program = function* (p) {
  const at = p.argv.indexOf("-c");
  const command = at < 0 ? undefined : p.argv[at + 1];
  if (command === "cat") {
    for (;;) {
      const bytes = yield* sys.read(p, 0);
      if (bytes.length === 0) return 0;
      yield* sys.write(p, 1, bytes);
    }
  }
  if (command !== undefined) {
    yield* sys.print(p, `${p.ns.uts.hostname} ${p.env.get("USER")} ${command}\n`);
    yield* sys.printError(p, "err\n");
    return 3;
  }
  for (;;) {
    yield* sys.print(p, `${p.argv[0]}@${p.ns.uts.hostname}$ `);
    const line = decode(yield* sys.read(p, 0));
    if (line === "" || line.startsWith("exit")) return Number(line.slice(5) || 0);
    const words = line.trim().split(" ");
    const child = yield* sys.spawn(p, `/usr/bin/${words[0]}`, { argv: words });
    yield* sys.waitFor(p, child);
  }
};

const yes: Program = function* (p) {
  yield* sys.print(p, "sleeping\n");
  yield* sleep(100 * SECOND);
  return 0;
};

const HOSTS = [
  { address: "192.168.108.11", names: ["cp-1"] },
  { address: "192.168.108.12", names: ["cp-2"] },
];

function bed() {
  const test = new TestBed({ ...systemPrograms, bash, yes });
  const from = test.boot("workstation", "192.168.108.5", "workstation", HOSTS);
  const to = test.boot("cp-1", "192.168.108.11", "control-plane", HOSTS);
  test.kernel.run(SECOND);
  return { test, from, to };
}

describe("ssh", () => {
  it("runs a command elsewhere: streams, exit status, standard input", () => {
    const { test, from } = bed();
    const run = (line: string, user = "learner") => test.run(from, line.split(" "), { user });
    expect(run("ssh cp-1 uptime -p")).toEqual({ out: "cp-1 learner uptime -p\n", err: "err\n", status: 3 });
    const [stdin, feed] = sys.pipe();
    feed.refs++;
    feed.pipe.push(encode("a\nb\n"));
    feed.pipe.closeWriter();
    expect(test.run(from, ["ssh", "learner@192.168.108.11", "cat"], { user: "learner", stdin })).toEqual({
      out: "a\nb\n",
      err: "",
      status: 0,
    });
    expect(test.kernel.faults).toEqual([]);
  });

  it("fails in the real words", () => {
    const { test, from, to } = bed();
    const run = (line: string, user = "learner") => test.run(from, line.split(" "), { user });
    const failure = (err: string) => ({ out: "", err: `${err}\n`, status: 255 });
    expect(run("ssh nowhere true")).toEqual(
      failure("ssh: Could not resolve hostname nowhere: Temporary failure in name resolution"),
    );
    expect(run("ssh -o ConnectTimeout=10 cp-2 true")).toEqual(
      failure("ssh: connect to host cp-2 port 22: No route to host"),
    );
    expect(run("ssh -p 2222 cp-1 true")).toEqual(failure("ssh: connect to host cp-1 port 2222: Connection refused"));
    expect(run("ssh daemon@cp-1 true", "root")).toEqual(failure("daemon@cp-1: Permission denied (publickey)."));
    powerOff(to);
    expect(run("ssh -o ConnectTimeout=3 cp-1 true")).toEqual(
      failure("ssh: connect to host cp-1 port 22: Connection timed out"),
    );
  });

  it("gives a terminal: keys, Ctrl-C on the other side, exit", () => {
    const { test, from, to } = bed();
    let screen = "";
    const { tty, process } = login(from, {
      user: "learner",
      columns: 90,
      rows: 30,
      output: (bytes) => (screen += decode(bytes)),
    });
    const type = (keys: string) => {
      tty.input(encode(keys));
      test.kernel.run(test.kernel.now + SECOND);
    };
    test.kernel.run(test.kernel.now + SECOND);
    type("ssh cp-1\r");
    expect(to.logins.map(({ user, line, from: where }) => [user, line, where])).toEqual([
      ["learner", "pts/0", "192.168.108.5"],
    ]);
    expect(to.ttys.get(0)!.columns).toBe(90);
    tty.resize(100, 40);
    screen = "";
    type("exit 4\r");
    expect(screen).toBe("exit 4\r\nConnection to cp-1 closed.\r\n-bash@workstation$ ");
    expect(to.logins).toEqual([]);
    expect([...to.processes.values()].filter((one) => one.comm === "sshd")).toHaveLength(1);
    type("ssh cp-1\r");
    const remote = to.logins[0]!.process;
    tty.hangUp();
    test.kernel.run(test.kernel.now + SECOND);
    expect(process.status).toBeDefined();
    expect(remote.status).toBeDefined();
    expect(to.logins).toEqual([]);
    expect(to.ttys.size + from.ttys.size).toBe(0);
    expect(test.kernel.faults).toEqual([]);
  });
});

describe("sudo and friends", () => {
  it("become root, refuse strangers, find nothing", () => {
    const { test, from } = bed();
    const run = (line: string, user = "learner") => test.run(from, line.split(" "), { user });
    expect(run("id").out).toBe("uid=1000(learner) gid=1000(learner) groups=1000(learner),4(adm),27(sudo),100(users)\n");
    expect(run("sudo id -un")).toEqual({ out: "root\n", err: "", status: 0 });
    expect(run("sudo -u www-data id -u").out).toBe("33\n");
    expect(run("sudo nonsense")).toEqual({ out: "", err: "sudo: nonsense: command not found\n", status: 1 });
    expect(run("sudo -i hostname x").out).toBe("workstation root hostname x\n");
    expect(run("sudo id", "www-data").status).toBe(1);
    expect(run("hostname -I").out).toBe("192.168.108.5 \n");
    expect(run("kill 99999")).toEqual({ out: "", err: "kill: (99999): No such process\n", status: 1 });
    expect(run("pgrep -a sshd").out).toMatch(/^\d+ sshd: \/usr\/sbin\/sshd -D \[listener\] 0 of 10-100 startups\n$/);
  });

  it("ps shows processes in its usual forms", () => {
    const { test, from } = bed();
    const run = (line: string) => test.run(from, line.split(" "));
    const lines = run("ps aux").out.split("\n");
    expect(lines.slice(0, 2)).toEqual([
      "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND",
      "root           1  0.0  0.3  37632 12544 ?        Ss   09:00   0:00 /sbin/init",
    ]);
    expect(run("ps -ef").out.split("\n").slice(0, 2)).toEqual([
      "UID          PID    PPID  C STIME TTY          TIME CMD",
      "root           1       0  0 09:00 ?        00:00:00 /sbin/init",
    ]);
    expect(run("ps -o pid=,comm= -p 1").out).toBe("      1 systemd\n");
    expect(run("ps -C nothing")).toEqual({ out: "    PID TTY          TIME CMD\n", err: "", status: 1 });
    expect(run("ps -C sshd -o args --no-headers").out).toBe(
      "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups\n",
    );
  });
});
