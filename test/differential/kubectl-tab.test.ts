import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decode, SECOND } from "../../engine/kernel/index.ts";
import { Screen } from "../../engine/tools/tmux/screen.ts";
import { onTheHost } from "../host.ts";
import { corpus } from "./corpus.ts";
import { folders, kubectl, openWorlds, realEnvironment, type Worlds } from "./kubectl-worlds.ts";
import { pieces, type Seen, view } from "./terminal-runner.ts";

/**
 * Every line of kubectl-tab/*.txt is typed to the real bash, with bash-completion and the real kubectl's completion, and to a
 * learner's shell: what Tab makes of the line and what it lists are the same. Keys are in vim's notation.
 */
const BASH_COMPLETION = "/usr/share/bash-completion/bash_completion";
const ROWS = 60;
const COLUMNS = 100;

/** Typed behind the keys: once it is on the screen, the keys before it have had their effect. */
const MARK = "~";

/** How the shells are made alike; ours completes kubectl by itself. */
const ALIKE =
  "alias k=kubectl; complete -o default -F __start_kubectl k; cd; mkdir -p w; cp -r manifests *.yaml web.log w; cd w; touch .hidden.yaml; PS1='$ '; PS2='> '";

/** A bash of the host on a pseudo terminal. */
class RealBash {
  private screen = new Screen(COLUMNS, ROWS, 0);
  private readonly child: ChildProcess;

  constructor(home: string) {
    writeFileSync(
      join(home, ".init"),
      `. ${BASH_COMPLETION}; source <(kubectl completion bash); bind 'set enable-bracketed-paste off'; ${ALIKE}\n`,
    );
    const run = `stty rows ${ROWS} cols ${COLUMNS}; exec bash --noprofile --rcfile ${home}/.init`;
    this.child = spawn("script", ["-qfec", run, "/dev/null"], {
      cwd: home,
      env: { ...realEnvironment(home), TERM: "xterm", HISTFILE: "/dev/null" },
      stdio: ["pipe", "pipe", "ignore"],
    });
    const decoder = new TextDecoder();
    this.child.stdout!.on("data", (bytes: Uint8Array) => this.screen.write(decoder.decode(bytes, { stream: true })));
  }

  private async until(seen: () => boolean): Promise<void> {
    const from = performance.now();
    while (!seen() && performance.now() - from < 8_000) await new Promise((done) => setTimeout(done, 5));
  }

  private get atCursor(): string {
    return this.screen.lines[this.screen.row]!.chars.slice(0, this.screen.column).join("");
  }

  /** What is on the screen when the keys were typed to an empty line. */
  async type(keys: string): Promise<Seen> {
    await this.until(() => this.atCursor === "$ ");
    this.child.stdin!.write("\x15\x0c");
    await this.until(() => this.atCursor === "$ " && this.screen.row === 0);
    for (const piece of pieces(keys)) this.child.stdin!.write(piece as string);
    this.child.stdin!.write(MARK);
    await this.until(() => this.atCursor.endsWith(MARK));
    const seen = view(this.screen, false, {});
    this.child.stdin!.write("\x03");
    await this.until(() => this.atCursor === "$ ");
    return seen;
  }

  close(): void {
    this.child.kill("SIGHUP");
  }
}

/** The same of a learner's terminal; a new one each. */
function ours(worlds: Worlds, keys: string): Seen {
  const session = worlds.ours;
  const screen = new Screen(COLUMNS, ROWS, 0);
  const id = `t${session.inputs.length}`;
  worlds.shown = (of, bytes) => of === id && screen.write(decode(bytes));
  const press = (text: string) => {
    session.apply({ type: "keys", id, text });
    session.kernel.run(session.kernel.now + SECOND);
  };
  session.apply({ type: "terminal", id, machine: "workstation", user: "learner", columns: COLUMNS, rows: ROWS });
  session.kernel.run(session.kernel.now + SECOND);
  press(`kubectl \t\x15${ALIKE}\r`);
  press("\x15\x0c");
  for (const piece of pieces(keys)) press(piece as string);
  press(MARK);
  session.apply({ type: "close", id });
  session.kernel.run(session.kernel.now + SECOND);
  return view(screen, false, {});
}

describe.skipIf(kubectl === undefined || !existsSync(BASH_COMPLETION))("Tab behind kubectl", onTheHost, () => {
  let worlds: Worlds;
  let shell: RealBash | undefined;

  beforeAll(async () => {
    worlds = await openWorlds(folders.find(([name]) => name === "kubectl-completion")![1]);
  }, 300_000);

  afterAll(() => {
    shell?.close();
    worlds?.close();
  });

  for (const [file, cases] of corpus(join(import.meta.dirname, "kubectl-tab"))) {
    it.each(cases.map(({ command }, at) => [`${file}:${at + 1}`, command] as const))("%s %s", async (_name, keys) => {
      shell ??= new RealBash(worlds.home);
      const real = await shell.type(keys);
      const mine = ours(worlds, keys);
      // Most lines leave a shell as it was. One that was interrupted in the middle of a completion may end every later one,
      // so that what is tried once more is asked of a new one.
      if (/<CR>|complete/.test(keys) || !isDeepStrictEqual(mine, real)) {
        shell.close();
        shell = undefined;
      }
      expect(mine).toEqual(real);
    });
  }
});
