import { describe, expect, it } from "vitest";
import { SECOND, sleep } from "../kernel/index.ts";
import type { Program } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { Terminal } from "./terminal-harness.ts";

const sleeper: Program = function* (p) {
  yield* sleep(Number(p.argv[1]) * SECOND);
  return 0;
};

const programs = { sleep: sleeper };

describe("interactive shell", () => {
  it("edits the line and keeps a history", () => {
    const t = new Terminal({ programs });
    t.type("echo hxllo\x1b[D\x1b[D\x1b[D\x7fe\r");
    expect(t.run("\x1b[A")).toBe("hello\n");
    expect(t.run("echo one two\x17three")).toBe("one three\n");
    expect(t.run("abc\x01\x0becho \x19")).toBe("abc\n");
    expect(t.run("echo !$")).toContain("abc");
    expect(t.run("\x12hel")).toBe("hello\n");
    expect(t.run("history 2")).toMatch(/echo hello\n +\d+ {2}history 2\n/);
  });

  it("keeps its history when the terminal goes away", () => {
    const t = new Terminal({ programs });
    t.run("HISTFILE=/work/history");
    t.run("echo remembered");
    t.machine.signal(t.process, "HUP");
    t.kernel.run(t.kernel.now + SECOND);
    expect(t.process.status).toEqual({ kind: "signaled", signal: "HUP" });
    const after = new Terminal({ programs, beside: t });
    expect(after.run('echo "$(< /work/history)"')).toContain("echo remembered\n");
  });

  it("asks for the rest of an incomplete command", () => {
    const t = new Terminal({ programs });
    expect(t.type("for i in 1 2\r")).toBe("for i in 1 2\n> ");
    expect(t.type("do echo $i\r")).toBe("do echo $i\n> ");
    expect(t.type("done\r")).toBe("done\n1\n2\n$ ");
    expect(t.run("\x1b[A")).toBe("1\n2\n");
    expect(t.type("cat <<E\r")).toBe("cat <<E\n> ");
    expect(t.type('\x03echo "a\r')).toContain("> ");
    expect(t.type('b"\r')).toBe('b"\na\nb\n$ ');
  });

  it("stops, resumes and ends jobs", () => {
    const t = new Terminal({ programs });
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
    const t = new Terminal({ programs });
    t.type("while :; do :; done\r");
    expect(t.type("\x03")).toBe("^C\n$ ");
    t.type("for i in 1 2; do sleep 5; done; echo no\r");
    expect(t.type("\x03", 20)).toBe("^C\n$ ");
  });

  it("completes commands, files and variables", () => {
    const t = new Terminal({ programs });
    expect(t.run("ech\tab")).toBe("ab\n");
    expect(t.run("echo /us\t")).toBe("/usr/\n");
    t.run("VARIABLE=x");
    expect(t.run("echo $VARIA\t")).toBe("x\n");
  });

  it("knows how wide characters are", () => {
    const t = new Terminal({ programs, columns: 20 });
    expect(t.run("echo 한국어\x1b[D\x7f나")).toBe("한나어\n");
    expect(t.run("echo 가나다라마바사아자차카타파하\x01\x05!")).toBe("가나다라마바사아자차카타파하!\n");
  });

  it("takes keys and Ctrl-C that come together", () => {
    const t = new Terminal({ programs });
    expect(t.type("nothing\x03")).toBe("^C\n$ ");
    expect(t.run("echo ok")).toBe("ok\n");
    expect(t.type("echo a\x03echo b\r")).toContain("\nb\n");
  });

  it("runs traps at the prompt", () => {
    const t = new Terminal({ programs });
    t.run("trap 'echo usr' USR1; trap 'echo int' INT");
    expect(t.run("kill -USR1 $$")).toBe("usr\n");
    expect(t.run("(sleep 1; kill -USR1 $$) &", 3)).toContain("usr\n");
    expect(t.run("true")).toContain("Done");
    expect(t.type("ab\x03")).toBe("^C\nint\n$ ");
  });

  it("stops a job that reads the terminal, and stays for stopped jobs once", () => {
    const reader: Program = function* (p) {
      yield* sys.read(p, 0);
      return 0;
    };
    const t = new Terminal({ programs: { ...programs, reader } });
    t.run("reader &");
    expect(t.run("true")).toBe("\n[1]+  Stopped                 reader\n");
    expect(t.run("jobs -l")).toMatch(/^\[1\]\+ +\d+ Stopped \(tty input\) {5}reader\n$/);
    t.run("true");
    expect(t.run("exit")).toBe("exit\nThere are stopped jobs.\n");
    expect(t.type("\x04")).toBe("\nexit\n");
    expect(t.process.status).toBeDefined();
  });

  it("follows the size of the window", () => {
    const t = new Terminal({ programs });
    t.tty.resize(132, 50);
    expect(t.run("echo $COLUMNS $LINES")).toBe("132 50\n");
  });

  it("says nothing at the end of a POSIX shell", () => {
    const t = new Terminal({ programs, argv: ["dash"] });
    expect(t.type("exit\r")).toBe("exit\n");
  });

  it("takes a paste as text, and ends at the end of input", () => {
    const t = new Terminal({ programs });
    expect(t.run("\x1b[200~echo a\necho b\x1b[201~")).toContain("a\nb\n");
    expect(t.type("\x04")).toContain("exit\n");
    expect(t.process.status).toEqual({ kind: "exited", code: 0 });
  });
});
