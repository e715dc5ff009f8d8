import { describe, expect, it } from "vitest";
import { decode, encode, type Kernel, SECOND, sleep } from "../kernel/index.ts";
import type { OpenFile } from "../machine/open-file.ts";
import { ROOT } from "../machine/path.ts";
import type { Process, Program } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { Tty } from "../machine/tty.ts";
import { shellMachine } from "./harness.ts";
import { bash } from "./index.ts";

const sleeper: Program = function* (p) {
  yield* sleep(Number(p.argv[1]) * SECOND);
  return 0;
};

/** A stand-in for kubectl's hidden completion command. */
const kubectl: Program = function* (p) {
  if (p.argv[1] !== "__complete") return 1;
  const word = p.argv.at(-1)!;
  const names =
    p.argv[2] === "get" ? ["pods\tPods", "podtemplates", "nodes"] : ["get\tDisplay one or many resources", "delete"];
  for (const name of names) if (name.startsWith(word)) yield* sys.print(p, `${name}\n`);
  yield* sys.print(p, ":4\n");
  return 0;
};

class Terminal {
  readonly kernel: Kernel;
  readonly process: Process;
  private readonly tty: Tty;
  private raw = "";

  constructor(columns = 80) {
    const { kernel, machine } = shellMachine({ sleep: sleeper, kubectl });
    this.kernel = kernel;
    this.tty = new Tty("/dev/pts/0", columns, 24, (bytes) => {
      this.raw += decode(bytes);
    });
    this.tty.signal = (group, signal) => {
      machine.signalGroup(group, signal);
    };
    this.process = machine.spawn({
      parent: undefined,
      main: bash,
      argv: ["bash"],
      env: new Map([
        ["PATH", "/usr/bin"],
        ["HOME", "/root"],
        ["PS1", "$ "],
      ]),
      cwd: "/work",
      cred: ROOT,
      ns: machine.ns,
      tty: this.tty,
      fds: new Map<number, OpenFile>([
        [0, this.tty],
        [1, this.tty],
        [2, this.tty],
      ]),
    });
    kernel.run(SECOND);
    this.raw = "";
  }

  /** Types keys and gives what the terminal shows for them. */
  type(keys: string, seconds = 1): string {
    this.raw = "";
    this.tty.input(encode(keys));
    this.kernel.run(this.kernel.now + seconds * SECOND);
    expect(this.kernel.faults).toEqual([]);
    return this.raw.replace(/\x1b\[\?2004[hl]\r?/g, "").replaceAll("\r\n", "\n");
  }

  /** What a command line prints, without its echo and the next prompt. */
  run(line: string, seconds = 1): string {
    const shown = this.type(`${line}\r`, seconds);
    return shown.slice(shown.indexOf("\n") + 1).replace(/\$ $/, "");
  }
}

describe("interactive shell", () => {
  it("edits the line and keeps a history", () => {
    const t = new Terminal();
    t.type("echo hxllo\x1b[D\x1b[D\x1b[D\x7fe\r");
    expect(t.run("\x1b[A")).toBe("hello\n");
    expect(t.run("echo one two\x17three")).toBe("one three\n");
    expect(t.run("abc\x01\x0becho \x19")).toBe("abc\n");
    expect(t.run("echo !$")).toContain("abc");
    expect(t.run("\x12hel")).toBe("hello\n");
    expect(t.run("history 2")).toMatch(/echo hello\n +\d+ {2}history 2\n/);
  });

  it("asks for the rest of an incomplete command", () => {
    const t = new Terminal();
    expect(t.type("for i in 1 2\r")).toBe("for i in 1 2\n> ");
    expect(t.type("do echo $i\r")).toBe("do echo $i\n> ");
    expect(t.type("done\r")).toBe("done\n1\n2\n$ ");
    expect(t.run("\x1b[A")).toBe("1\n2\n");
    expect(t.type("cat <<E\r")).toBe("cat <<E\n> ");
    expect(t.type('\x03echo "a\r')).toContain("> ");
    expect(t.type('b"\r')).toBe('b"\na\nb\n$ ');
  });

  it("stops, resumes and ends jobs", () => {
    const t = new Terminal();
    expect(t.type("sleep 100\r")).toBe("sleep 100\n");
    expect(t.type("\x1a")).toBe("^Z\n[1]+  Stopped                 sleep 100\n$ ");
    expect(t.run("bg")).toBe("[1]+ sleep 100 &\n");
    expect(t.run("jobs")).toBe("[1]+  Running                 sleep 100 &\n");
    expect(t.type("fg\r")).toBe("fg\nsleep 100\n");
    expect(t.type("\x03")).toBe("^C\n$ ");
    expect(t.run("echo $?")).toBe("130\n");
    expect(t.run("sleep 2 &", 1)).toMatch(/^\[1\] \d+\n$/);
    expect(t.run("true", 3)).toBe("");
    expect(t.run("true")).toBe("[1]+  Done                    sleep 2\n");
    expect(t.run("sleep 9 & kill %1; wait")).toMatch(/^\[1\] \d+\n/);
  });

  it("interrupts a loop of builtins", () => {
    const t = new Terminal();
    t.type("while :; do :; done\r");
    expect(t.type("\x03")).toBe("^C\n$ ");
    t.type("for i in 1 2; do sleep 5; done; echo no\r");
    expect(t.type("\x03", 20)).toBe("^C\n$ ");
  });

  it("completes commands, files, variables and the words of cobra programs", () => {
    const t = new Terminal();
    expect(t.run("ech\tab")).toBe("ab\n");
    expect(t.run("echo /us\t")).toBe("/usr/\n");
    t.run("VARIABLE=x");
    expect(t.run("echo $VARIA\t")).toBe("x\n");
    expect(t.type("kubectl g\t")).toBe("kubectl get ");
    expect(t.type("po\t\t")).toBe("pod\npods          podtemplates\n$ kubectl get pod");
    t.type("\x03");
    t.run("alias k=kubectl");
    expect(t.type("k get no\t")).toBe("k get nodes ");
  });

  it("knows how wide characters are", () => {
    const t = new Terminal(20);
    expect(t.run("echo 한국어\x1b[D\x7f나")).toBe("한나어\n");
    expect(t.run("echo 가나다라마바사아자차카타파하\x01\x05!")).toBe("가나다라마바사아자차카타파하!\n");
  });

  it("takes a paste as text, and ends at the end of input", () => {
    const t = new Terminal();
    expect(t.run("\x1b[200~echo a\necho b\x1b[201~")).toContain("a\nb\n");
    expect(t.type("\x04")).toContain("exit\n");
    expect(t.process.status).toEqual({ kind: "exited", code: 0 });
  });
});
