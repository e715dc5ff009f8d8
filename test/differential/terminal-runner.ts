/** Types keys to a program on a terminal, here and on the host (through script(1)'s pseudo terminal), and looks at the screen. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { decode, encode, MS } from "../../engine/kernel/index.ts";
import { entriesOf } from "../../engine/machine/inode.ts";
import { ROOT } from "../../engine/machine/path.ts";
import * as sys from "../../engine/machine/sys.ts";
import { Tty } from "../../engine/machine/tty.ts";
import { Screen } from "../../engine/tools/tmux/screen.ts";
import { toolMachine } from "./tools-runner.ts";

export interface Typing {
  /** A shell command line without quotes. */
  run: string;
  rows: number;
  columns: number;
  files: Record<string, string>;
  env: Record<string, string>;
  keys: string;
  /** Typed once the screen was looked at; only the files are looked at after it. */
  last: string;
}

export interface Seen {
  rows: string[];
  /** Row and column from 1; undefined when the program has ended. */
  cursor: string | undefined;
  files: Record<string, string>;
}

/** Quiet time after which a real program is taken to have done what it was told, in ms. */
const QUIET = 120;

/** Files that programs keep for themselves, with times in them. */
const UNSEEN = /^\.(viminfo.*|bash_history|lesshst|(.*\.)?sw.)$|\.save$/;

const NAMED: Record<string, string> = {
  Esc: "\x1b",
  CR: "\r",
  Tab: "\t",
  BS: "\x7f",
  Del: "\x1b[3~",
  Ins: "\x1b[2~",
  Up: "\x1bOA",
  Down: "\x1bOB",
  Right: "\x1bOC",
  Left: "\x1bOD",
  Home: "\x1b[1~",
  End: "\x1b[4~",
  PageUp: "\x1b[5~",
  PageDown: "\x1b[6~",
  Space: " ",
  lt: "<",
  Paste: "\x1b[200~",
  EndPaste: "\x1b[201~",
};

/** Keys in vim's notation (`<Esc>`, `<C-w>`, `<M-f>`, `<CR>`) as the pieces to send one after another; `<Size 10 40>` resizes. */
export function pieces(keys: string): (string | [rows: number, columns: number])[] {
  const out: (string | [number, number])[] = [];
  let text = "";
  const flush = () => {
    if (text !== "") out.push(text);
    text = "";
  };
  for (const [token, name] of keys.matchAll(/<([A-Z][A-Za-z]*|lt|C-.|M-.|Size \d+ \d+)>|[\s\S]/gu)) {
    const size = /^Size (\d+) (\d+)$/.exec(name ?? "");
    if (name === undefined) text += token;
    else if (size) {
      flush();
      out.push([Number(size[1]), Number(size[2])]);
    } else if (name.startsWith("C-")) text += String.fromCharCode(name.toUpperCase().charCodeAt(2) & 31);
    else if (name.startsWith("M-")) text += `\x1b${name.slice(2)}`;
    else if (name === "Wait") flush();
    else if (NAMED[name] === undefined) text += token;
    else {
      text += NAMED[name];
      // An escape that stands alone must be seen to.
      if (name === "Esc") flush();
    }
  }
  flush();
  return out;
}

/** The lines of a screen and its cursor. */
export function view(screen: Screen, ended: boolean, files: Record<string, string>): Seen {
  const rows = screen.lines.map((line) =>
    line.chars
      .slice(0, screen.columns)
      .join("")
      .trimEnd()
      // The process of a job.
      .replace(/(?<=^>?\[\d+\] |process group )\d+$/, "PID")
      // How much vi shortens of its message depends on the digits of the time.
      .replace(/(?:\w*\.\.\.)? +\d+ seconds? ago/, "... N seconds ago")
      // When a line was shown, as tmux tells in copy mode.
      .replace(/ +(\(\d+ results\))?(?: ?\d\d:\d\d:\d\d)? (\[\d+\/\d+\])$/, " $1 $2"),
  );
  while (rows.at(-1) === "") rows.pop();
  return { rows, cursor: ended ? undefined : `${screen.row + 1},${screen.column + 1}`, files };
}

/** What the simulated program shows. */
export function simulated(typing: Typing): Seen {
  const { kernel, machine } = toolMachine(typing.files, Date.UTC(2026, 0, 1));
  const screen = new Screen(typing.columns, typing.rows, 0);
  const tty = new Tty("/dev/pts/0", typing.columns, typing.rows, (bytes) => screen.write(decode(bytes)));
  tty.signal = (group, signal) => machine.signalGroup(group, signal);
  const argv = typing.run.split(" ");
  const process = machine.spawn({
    parent: undefined,
    argv,
    env: new Map(
      Object.entries({
        PATH: "/usr/bin:/bin:/usr/sbin",
        LC_ALL: "C.UTF-8",
        TZ: "UTC",
        HOME: "/work",
        TERM: "xterm",
        ...typing.env,
      }),
    ),
    cwd: "/work",
    cred: ROOT,
    ns: machine.ns,
    tty,
    fds: new Map([0, 1, 2].map((fd) => [fd, tty])),
    *main(p) {
      return yield* sys.exec(p, `/usr/bin/${argv[0]}`, argv);
    },
  });
  tty.foreground = process.group;
  const settle = () => {
    kernel.run(kernel.now + 400 * MS, () => process.status !== undefined);
    if (kernel.faults.length > 0) throw kernel.faults[0]!.error;
  };
  const type = (keys: string) => {
    for (const piece of pieces(keys)) {
      if (process.status !== undefined) return;
      if (typeof piece === "string") tty.input(encode(piece));
      else {
        screen.resize(piece[1], piece[0]);
        tty.resize(piece[1], piece[0]);
      }
      settle();
    }
  };
  settle();
  type(typing.keys);
  const seen = view(screen, process.status !== undefined, {});
  type(typing.last);
  const work = entriesOf(machine.root).get("work")!;
  if (work.kind === "dir")
    for (const [name, node] of entriesOf(work))
      if (!UNSEEN.test(name) && node.kind === "file") seen.files[name] = decode(node.content.bytes());
  return seen;
}

/** Ends a program of the host and takes its folder away; one that still writes there as it goes is waited for. */
async function cleanUp(child: ChildProcess | undefined, dir: string): Promise<void> {
  if (child && child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((done) => child.once("close", done));
    child.kill("SIGHUP");
    await Promise.race([gone, new Promise((done) => setTimeout(done, 2000))]);
    child.kill("SIGKILL");
  }
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      rmSync(dir, { recursive: true, force: true });
      break;
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  rmSync(`${dir}.tty`, { force: true });
}

/** What the host's program shows, when it is quiet for so many times what is usual. */
export async function real(typing: Typing, patience = 1): Promise<Seen> {
  const pause = patience * QUIET;
  const dir = mkdtempSync(join(tmpdir(), "terminal-"));
  let child: ChildProcess | undefined;
  try {
    for (const [name, text] of Object.entries(typing.files)) {
      mkdirSync(join(dir, dirname(name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    const screen = new Screen(typing.columns, typing.rows, 0);
    child = spawn(
      "script",
      ["-qfec", `stty rows ${typing.rows} cols ${typing.columns}; tty >$TTYFILE; exec ${typing.run}`, "/dev/null"],
      {
        cwd: dir,
        env: {
          PATH: "/usr/bin:/bin:/usr/sbin",
          LC_ALL: "C.UTF-8",
          TZ: "UTC",
          HOME: dir,
          TERM: "xterm",
          TTYFILE: `${dir}.tty`,
          ...typing.env,
        },
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
    let at = performance.now();
    let ended = false;
    child.stdin!.on("error", () => {});
    const decoder = new TextDecoder();
    child.stdout!.on("data", (bytes: Uint8Array) => {
      screen.write(decoder.decode(bytes, { stream: true }));
      at = performance.now();
    });
    child.on("exit", () => {
      ended = true;
    });
    const settle = async (quiet = pause) => {
      at = performance.now();
      while (!ended && performance.now() - at < quiet) await new Promise((done) => setTimeout(done, 10));
    };
    const type = async (keys: string) => {
      for (const piece of pieces(keys)) {
        if (ended) return;
        if (typeof piece === "string") child!.stdin!.write(piece);
        else {
          screen.resize(piece[1], piece[0]);
          const tty = readFileSync(`${dir}.tty`, "utf8").trim();
          spawn("stty", ["-F", tty, "rows", String(piece[0]), "cols", String(piece[1])]);
        }
        await settle();
      }
    };
    await settle(3 * pause);
    await type(typing.keys);
    await settle();
    const seen = view(screen, ended, {});
    await type(typing.last);
    for (const name of readdirSync(dir))
      if (!UNSEEN.test(name) && statSync(join(dir, name)).isFile())
        seen.files[name] = readFileSync(join(dir, name), "utf8");
    return seen;
  } finally {
    await cleanUp(child, dir);
  }
}

/** Reads a list of cases: see terminal/README in the test. */
export function typings(text: string): [name: string, Typing][] {
  const out: [string, Typing][] = [];
  const now: Typing = { run: "", rows: 24, columns: 80, files: {}, env: {}, keys: "", last: "" };
  let open: string | undefined;
  let prefix: string | undefined;
  // A program that looks at each key by itself is given the time to.
  const apart = (keys: string) =>
    prefix === undefined ? keys : keys.replace(new RegExp(`${prefix}(<[^>]+>|.)`, "gu"), "<Wait>$&<Wait>");
  text.split("\n").forEach((line, number) => {
    if (open !== undefined && line !== "@end") {
      now.files = { ...now.files, [open]: `${now.files[open]}${line}\n` };
      return;
    }
    const [word, ...rest] = line.split(" ");
    const value = rest.join(" ");
    if (line === "@end") open = undefined;
    else if (word === "@file") {
      open = value;
      now.files = { ...now.files, [open]: "" };
    } else if (word === "@clear") now.files = {};
    else if (word === "@run") now.run = value;
    else if (word === "@last") now.last = apart(value);
    else if (word === "@prefix") prefix = value;
    else if (word === "@env") now.env = Object.fromEntries(rest.map((one) => one.split("=") as [string, string]));
    else if (word === "@size") [now.rows, now.columns] = rest.map(Number) as [number, number];
    else if (line !== "" && !line.startsWith("# "))
      out.push([`${number + 1}: ${line}`, { ...now, keys: line === "@nothing" ? "" : apart(line) }]);
  });
  return out;
}
