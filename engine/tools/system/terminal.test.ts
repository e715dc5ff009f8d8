import { describe, expect, it } from "vitest";
import { Terminal } from "../../shell/terminal-harness.ts";
import { clear, reset, stty, tput } from "./terminal.ts";

describe("programs about the terminal", () => {
  it("tell and change its modes and size", () => {
    const t = new Terminal({ programs: { clear, reset, stty, tput }, columns: 100 });
    expect(t.run("stty size")).toBe("24 100\n");
    expect(t.run("stty -a")).toContain("rows 24; columns 100");
    expect(t.run("TERM=xterm tput cols; TERM=xterm tput setaf 1")).toBe("100\n\x1b[31m");
    expect(t.run("old=$(stty -g); stty -echo; read x; stty $old")).toBe("");
    expect(t.type("hidden\r")).not.toMatch(/^hidden/);
    expect(t.run("echo got $x")).toContain("got hidden");
    expect(t.run("TERM=xterm tput nothing; echo $?")).toBe("tput: unknown terminfo capability 'nothing'\n4\n");
    expect(t.run("TERM=xterm clear")).toBe("\x1b[H\x1b[2J\x1b[3J");
    expect(t.run("stty size < /dev/null")).toBe("stty: 'standard input': Inappropriate ioctl for device\n");
    expect(t.run("stty cols 90; stty size")).toBe("24 90\n");
  });
});
