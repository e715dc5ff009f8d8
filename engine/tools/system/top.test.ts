import { describe, expect, it } from "vitest";
import { Terminal } from "../../shell/terminal-harness.ts";
import { textPrograms } from "../text/index.ts";
import { top } from "./top.ts";

describe("top on a terminal", () => {
  it("kills, renices, shows those of one user and so many, and complains of what it does not know", () => {
    const t = new Terminal({ programs: { ...textPrograms, top }, columns: 100 });
    t.run("sleep 1000 & echo");
    const pid = /\d+/.exec(t.run("echo $!"))![0];
    t.type("top\r", 1);
    expect(t.type("k")).toContain("PID to signal/kill [default pid = ");
    expect(t.type(`${pid}\r`)).toContain(`Send pid ${pid} signal [15/sigterm]`);
    expect(t.type("sigfoo\r", 0.1)).toContain("Invalid signal");
    expect(t.type(`r${pid}\r7\r`, 0.1)).toMatch(new RegExp(` ${pid} \\S+ +27   7 `));
    expect(t.type("n1\r", 0.1).match(/ S +\d/g)?.length ?? 1).toBe(1);
    expect(t.type("unobody\r", 0.1)).toContain("Invalid user");
    expect(t.type("dx\r", 0.1)).toContain("Unacceptable floating point");
    expect(t.type("1", 0.1)).toContain("%Cpu0  :");
    expect(t.type("!", 0.1)).toContain("Unknown command - try 'h' for help");
    t.type(`k${pid}\r\r`, 0.1);
    expect(t.type("q", 0.5)).toContain("$ ");
    expect(t.run("wait; jobs; kill -0 $!")).toContain("No such process");
  });
});
