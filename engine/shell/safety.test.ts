import { describe, expect, it } from "vitest";
import { textPrograms } from "../tools/text/index.ts";
import { runShell } from "./harness.ts";
import { Terminal } from "./terminal-harness.ts";

/** Lines that never end or ask for more than there is. */
const ENDLESS = [
  "while :; do :; done",
  "while :; do a+=(1); done",
  "x=1; while :; do x=$((x+1)); done",
  "declare -A m; while :; do m[$RANDOM$RANDOM]=1; done",
  "f() { f | f & }; f; while :; do f; done",
  ":(){ :|:& };:; while :; do :; done",
  "yes",
  "yes | cat > /dev/null",
  "cat /dev/zero > /dev/null",
  "cat /dev/zero > f",
  "read x < /dev/zero",
  "read -n 999999999 x < /dev/zero",
  "mapfile a < <(yes)",
  "x=$(yes)",
  "while true; do echo a | cat | cat; done",
  "cat <(yes) <(yes)",
];

/** Ends by itself with the shell's own words. */
const BOUNDED: [string, RegExp][] = [
  ["a=x; while :; do a=$a$a; done", /cannot allocate/],
  ['set -- 1; while :; do set -- "$@" "$@"; done', /cannot allocate/],
  ['a=(1); while :; do a=("${a[@]}" "${a[@]}"); done', /cannot allocate/],
  ["echo {1..100000000}", /brace expansion: failed to allocate memory for 100000000 elements/],
  ["x=$(cat /dev/zero | tr '\\0' x)", /^bash: xrealloc: cannot allocate \d+ bytes$/m],
  ["/bin/true $(seq 1 300000)", /Argument list too long/],
  ["yes > f", /File too large|No space left on device/],
];

describe("limits", () => {
  it.each(ENDLESS)("Ctrl-C ends at once, and another terminal answers: %s", (line) => {
    const t = new Terminal({ programs: textPrograms });
    const other = new Terminal({ beside: t });
    t.type(`${line}\r`, 0.5);
    expect(other.until("true; echo ok\r", "ok\r\n\x1b[?2004h$ ", 500)).toBeLessThan(300);
    expect(t.until("\x03", "\x1b[?2004h$ ", 500)).toBeLessThan(200);
  });

  it.each(BOUNDED)("%s", (script, words) => {
    const { stderr } = runShell(["bash", "-c", script], { programs: textPrograms });
    expect(stderr).toMatch(words);
  });

  it("counts CPU time, not waiting", () => {
    const script = "i=0; time while ((i++ < 50000)); do :; done; time sleep 2; (sleep 0.1; :) ; times";
    const { stdout, stderr } = runShell(["bash", "-c", script], { programs: textPrograms });
    const [real, user, waited, slept] = [...stderr.matchAll(/(?:real|user)\t0m([\d.]+)s/g)].map((one) =>
      Number(one[1]),
    );
    expect(user).toBeGreaterThan(0.2);
    expect(real! - user!).toBeLessThan(0.01);
    expect(waited).toBeGreaterThan(1.99);
    expect(slept).toBeLessThan(0.01);
    expect(stdout).toMatch(/^0m0\.[2-9]\d\ds 0m0\.000s\n0m0\.00\ds 0m0\.000s\n$/);
  });

  it("overflows its stack as a program does, and nobody else's", () => {
    const t = new Terminal({ programs: textPrograms });
    const other = new Terminal({ beside: t });
    t.type("f() { f; }; f\r", 5);
    expect(t.process.status).toEqual({ kind: "signaled", signal: "SEGV" });
    expect(other.run("echo $((1+1))")).toBe("2\n");
  });
});
