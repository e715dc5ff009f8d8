import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { real, type Seen, simulated, type Typing, typings } from "./terminal-runner.ts";

/**
 * Every line of terminal/*.txt is typed to the real program on a pseudo terminal and to ours: the screen, the cursor and
 * the files left are the same. Keys are in vim's notation (`<Esc>`, `<C-w>`, `<M-f>`, `<CR>`, `<Up>`; `<Size 10 40>`
 * resizes). `@run COMMAND` says what is started, `@file NAME` … `@end` gives it a file, `@size ROWS COLUMNS` a
 * terminal, `@env A=B` a variable; `@last KEYS` is typed once the screen was looked at; `@prefix KEY`: it and the next are keys by themselves. `@nothing` is a line without keys.
 */
const root = join(import.meta.dirname, "terminal");

const onPath = (program: string) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

/** Real programs that run beside each other: they mostly wait. */
const AT_ONCE = 10;

let running = 0;
const waiting: (() => void)[] = [];

/** What the real program shows, when its turn has come. */
async function inTurn(typing: Typing): Promise<Seen> {
  if (running >= AT_ONCE) await new Promise<void>((done) => waiting.push(done));
  running++;
  try {
    return await real(typing);
  } finally {
    running--;
    waiting.shift()?.();
  }
}

for (const name of readdirSync(root)) {
  const cases = typings(readFileSync(join(root, name), "utf8"));
  const there = onPath("script") && cases.every(([, typing]) => onPath(typing.run.split(" ")[0]!));
  describe.skipIf(!there)(name, { ...onTheHost, timeout: 300_000 }, () => {
    let asked: Promise<Seen>[];
    beforeAll(() => {
      asked = cases.map(([, typing]) => inTurn(typing));
      // Whoever asks for one is told what went wrong with it.
      for (const one of asked) one.catch(() => {});
    });
    it.each(cases.map(([keys, typing], at) => [keys, typing, at] as const))("%s", async (_keys, typing, at) => {
      // A second look, should the first have come at a bad time.
      const seen = await asked[at]!.catch(() => undefined);
      const ours = simulated(typing);
      expect(ours).toEqual(isDeepStrictEqual(ours, seen) ? seen : await real(typing, 4));
    });
  });
}
