import { describe, expect, it } from "vitest";
import { decode, encode, Kernel, MS, SECOND } from "../../kernel/index.ts";
import { buildBase } from "../../machine/base/index.ts";
import { login } from "../../machine/login.ts";
import { Machine } from "../../machine/machine.ts";
import { Network } from "../../network/index.ts";
import { bash } from "../../shell/index.ts";
import { systemPrograms } from "../system/index.ts";
import { textPrograms } from "../text/index.ts";
import { tmux } from "./index.ts";
import { Screen } from "./screen.ts";

const PROGRAMS = new Map(Object.entries({ ...systemPrograms, ...textPrograms, tmux, bash, sh: bash }));

/** A machine and terminals on it, each with the screen that its person sees. */
function desk() {
  const kernel = new Kernel({ seed: 1, epochMs: Date.UTC(2026, 2, 2, 9) });
  const machine = new Machine({ kernel, network: new Network(kernel), hostname: "workstation", programs: PROGRAMS });
  buildBase(machine, {});
  const settle = (ms = 300) => {
    kernel.run(kernel.now + ms * MS);
    if (kernel.faults.length > 0) throw kernel.faults[0]!.error;
  };
  const terminal = (columns = 80, rows = 12) => {
    const screen = new Screen(columns, rows, 0);
    const { tty } = login(machine, {
      user: "root",
      columns,
      rows,
      output: (bytes) => screen.write(decode(bytes)),
    });
    settle();
    return {
      screen,
      tty,
      type(keys: string, ms = 300) {
        tty.input(encode(keys));
        settle(ms);
      },
      resize(width: number, height: number) {
        screen.resize(width, height);
        tty.resize(width, height);
        settle();
      },
      get rows() {
        return screen.lines.map((line) => line.text());
      },
      get text() {
        return screen.lines
          .map((line) => line.text())
          .join("\n")
          .trimEnd();
      },
    };
  };
  return { kernel, machine, terminal, settle };
}

const PROMPT = "root@workstation:~# ";

describe("tmux at a terminal", () => {
  it("shows a shell above a status line", () => {
    const t = desk().terminal();
    t.type("tmux\r");
    expect(t.rows[0]).toBe(PROMPT.trim());
    expect(t.rows[11]).toMatch(/^\[0\] 0:bash\* +"workstation" 09:00 02-Mar-26$/);
    t.type("echo $TERM $TMUX_PANE; tput cols\r");
    expect(t.rows.slice(1, 3)).toEqual(["screen %0", "80"]);
  });

  it("splits, moves between panes, zooms and closes", () => {
    const t = desk().terminal();
    t.type("tmux\r");
    t.type("\x02%echo right\r\x0cstty size\r");
    expect(t.rows[1]).toBe(`${"".padEnd(40)}│11 39`);
    t.type('\x02"');
    t.type("echo below\r");
    expect(t.rows[5]).toBe(`${"".padEnd(40)}├${"─".repeat(39)}`);
    expect(t.rows[7]).toBe(`${"".padEnd(40)}│below`);
    t.type("\x02\x1b[Decho left\r");
    expect(t.rows[1]!.slice(0, 4)).toBe("left");
    t.type("\x02z");
    expect(t.rows[1]).toBe("left");
    expect(t.rows[11]).toContain("0:bash*Z");
    t.type("\x02z\x02o\x02x");
    expect(t.rows[11]).toMatch(/^kill-pane 1\? \(y\/n\)/);
    t.type("y");
    expect(t.rows[5]).toBe(`${"".padEnd(40)}│`);
    t.type("exit\r");
    expect(t.rows[11]).toContain("[0] 0:bash*");
    expect(t.text).not.toContain("│");
  });

  it("goes on when one detaches, and is there when one comes back", () => {
    const { terminal, settle, machine } = desk();
    const t = terminal();
    t.type("tmux new -s work\r");
    t.type("for i in 1 2 3; do sleep 10; echo tick $i; done\r");
    t.type("\x02d");
    expect(t.text).toContain("[detached (from session work)]");
    t.type("tmux ls\r");
    expect(t.text).toMatch(/work: 1 windows \(created Mon Mar {2}2 09:00:0\d 2026\)$/m);
    settle(31_000);
    t.type("tmux a\r");
    expect(t.text).toContain("tick 3");
    // The terminal's end is no end of the session.
    t.tty.hangUp();
    settle();
    const other = terminal(60, 10);
    other.type("tmux attach -t work\r");
    expect(other.text).toContain("tick 3");
    expect(other.rows[9]).toContain("[work] 0:bash*");
    expect([...machine.processes.values()].map((p) => p.comm)).toContain("tmux: server");
    other.type("exit\r");
    expect(other.text).toContain("[exited]");
    expect([...machine.processes.values()].map((p) => p.comm)).not.toContain("tmux: server");
  });

  it("has windows with names, and takes commands at its prompt", () => {
    const t = desk().terminal();
    t.type("tmux\r");
    t.type("\x02c\x02,\x15logs\r");
    expect(t.rows[11]).toContain("[0] 0:bash- 1:logs*");
    t.type("\x02:new-window -n third\r\x020");
    expect(t.rows[11]).toContain("[0] 0:bash* 1:logs  2:third-");
    t.type("\x02n\x02l\x02p");
    expect(t.rows[11]).toContain("2:third*");
    t.type("\x02:nonsense\r", 100);
    expect(t.rows[11]).toBe("Unknown command: nonsense");
    t.type("\x02&", 100);
    expect(t.rows[11]).toMatch(/^kill-window third\?/);
    t.type("y");
    expect(t.rows[11]).not.toContain("third");
    t.type("\x02w");
    expect(t.text).toContain("├─> 0: [tmux]*");
    t.type("q\x02?");
    expect(t.text).toContain("C-b");
    t.type("q");
  });

  it("runs full-screen programs and passes keys, resizes and Ctrl-C", () => {
    const t = desk().terminal();
    t.type("tmux\r");
    t.type("vi note\r");
    t.type("ihello\x1b");
    expect(t.rows[0]).toBe("hello");
    t.type(":wq\r");
    t.type("cat note; sleep 100\r");
    expect(t.text).toContain("hello");
    t.type("\x03");
    expect(t.text).toContain("^C");
    t.resize(50, 10);
    t.type("clear; stty size\r");
    expect(t.rows[0]).toBe("9 50");
    expect(t.rows[9]).toMatch(/02-Mar-26$/);
  });

  it("copies from its history and pastes", () => {
    const t = desk().terminal();
    t.type("tmux\r");
    t.type("seq 40\r");
    t.type("\x02[");
    expect(t.rows[0]).toMatch(/\[0\/3\d\]$/);
    t.type("\x1b<\x00\x1b[B\x1bw");
    t.type("\x02]", 100);
    expect(t.text).toContain(`${PROMPT}seq 40`);
    t.type("\x03tmux show-buffer\r");
    expect(t.text).toContain("seq 40");
  });

  it("shows the same session to several people, and lets scripts drive it", () => {
    const { terminal, settle } = desk();
    const one = terminal();
    one.type("tmux new -s pair\r");
    const two = terminal();
    two.type("tmux a -t pair\r");
    one.type("echo both\r");
    expect(two.text).toContain("both");
    const three = terminal(80, 24);
    three.type(
      "tmux send-keys -t pair 'echo from outside' Enter; sleep 1; tmux capture-pane -p -t pair | grep -c 'from outside'\r",
      2000,
    );
    expect(three.text).toMatch(/^2$/m);
    expect(one.text).toContain("from outside");
    three.type("tmux kill-session -t pair\r");
    settle();
    expect(one.text).toContain("[exited]");
    expect(two.text).toContain("[exited]");
  });

  it("does not nest by itself, and keeps Ctrl-C quick beside an endless writer", () => {
    const { terminal, kernel } = desk();
    const t = terminal();
    t.type("tmux\r");
    t.type("tmux\r");
    expect(t.text).toContain("sessions should be nested with care, unset $TMUX to force");
    t.type("yes\r", 2000);
    const from = kernel.now;
    t.tty.input(encode("\x03"));
    kernel.runUntil(() => t.text.includes("^C"), from + SECOND);
    expect((kernel.now - from) / MS).toBeLessThan(200);
  });

  it("reads its configuration", () => {
    const t = desk().terminal();
    t.type(
      "printf 'set -g prefix C-a\\nset -g base-index 1\\nbind | split-window -h\\nset -g status-left \"<#S> \"\\nnope\\n' > .tmux.conf; tmux\r",
    );
    expect(t.text).toContain("/root/.tmux.conf:5: unknown command: nope");
    t.type("q\x01|");
    expect(t.rows[1]).toContain("│");
    expect(t.rows[11]).toContain("<0> 1:bash*");
  });
});
