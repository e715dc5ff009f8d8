import { describe, expect, it } from "vitest";
import { MS, SECOND } from "../../kernel/index.ts";
import { ROOT } from "../../machine/path.ts";
import { exitCode } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Capture, shellMachine } from "../../shell/harness.ts";
import { textPrograms } from "./index.ts";

/** Endless and greedy commands: each must leave the thread alone between its steps and end soon after Ctrl-C. */
const RUNAWAYS = [
  `jq -n 'def f: f; f'`,
  `jq -n '[range(1e9)] | length'`,
  `jq -n 'reduce range(1e9) as $i (0; . + $i)'`,
  `jq -n 'last(range(1e9))'`,
  `jq -n 'repeat(1) | empty'`,
  `jq -n '[limit(1000; repeat(1))] | sort | unique | length, (while(true; .) | empty)'`,
  `jq -n '"x" | until(false; .)'`,
  `awk 'BEGIN { while (1); }'`,
  `awk 'BEGIN { for (;;) x++ }'`,
  `awk 'BEGIN { do ; while (1) }'`,
  `awk 'BEGIN { while (1) print "x" > "/dev/null" }'`,
  `echo x | sed ':a;ba'`,
  `echo x | sed ':a;s/x/x/;ta'`,
  `echo x | sed ':a;=;ba'`,
  `echo x | sed ':a;s/x/xx/;ta'`,
  `echo x | sed ':a;s/.*/&&/;ta'`,
  `echo x | sed ':a;H;G;ba'`,
  `yes > /dev/null`,
  `yes | cat > /dev/null`,
  `yes | grep -v y`,
  `yes | sed s/y/n/ > /dev/null`,
  `yes | awk '{ n++ }'`,
  `yes | tr y n > /dev/null`,
  `yes | uniq -c`,
  `yes | wc -l`,
  `yes | tail -n 1`,
  `seq 1 999999999 > /dev/null`,
  `shuf -r -e a b > /dev/null`,
  `jq . /dev/zero`,
  `jq -R . /dev/zero`,
  `awk 1 /dev/zero`,
  `awk -v RS="[ab]" 1 /dev/zero`,
  `sort /dev/zero`,
  `tail -f /etc/passwd > /dev/null`,
  `dd if=/dev/zero of=/dev/null status=none`,
  `od -v /dev/zero > /dev/null`,
  `watch -n 0.1 true > /dev/null`,
  `find / / / / / / / / / / / -name x; sleep 1000`,
];

describe("runaway commands", () => {
  it.each(RUNAWAYS)("%s", (line) => {
    const { kernel, machine } = shellMachine(textPrograms);
    const fds = new Map([0, 1, 2].map((fd) => [fd, new Capture()]));
    const shell = machine.spawn({
      parent: undefined,
      argv: ["bash"],
      env: new Map([["PATH", "/usr/bin"]]),
      cwd: "/work",
      cred: ROOT,
      ns: machine.ns,
      fds,
      *main(p) {
        p.setFd(0, sys.openFile(p, "/dev/null", { read: true }));
        return yield* sys.exec(p, "/usr/bin/bash", ["bash", "-c", line]);
      },
    });
    let longest = 0;
    const run = (until: number) => {
      let last = performance.now();
      kernel.run(until, () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        return shell.status !== undefined;
      });
    };
    run(kernel.now + 100 * MS);
    for (const process of machine.pids.byPid.values())
      if (process.group === shell.group) machine.signal(process, "INT");
    const asked = kernel.now;
    run(kernel.now + SECOND);
    expect(shell.status && exitCode(shell.status)).toBe(130);
    expect(kernel.now - asked).toBeLessThan(200 * MS);
    // Some ten ms on a quiet machine; tests share theirs, and the first steps run before the host has compiled anything.
    expect(longest).toBeLessThan(600);
  });
});
