import { type Gen, SECOND, sleep, wait } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { strftime } from "../../text/time.ts";
import { wcwidth } from "../../text/width.ts";
import { outputOf } from "../output-of.ts";
import { type Tool, tool } from "../tool.ts";
import { searchPath } from "./env.ts";
import { Terminal } from "./screen/terminal.ts";

interface Shown {
  rows: string[][];
  status: number;
  text: string;
}

/** What it says without a command, and after a wrong option (procps-ng 4.0.4). */
const USAGE = `
Usage:
 watch [options] command

Options:
  -b, --beep             beep if command has a non-zero exit
  -c, --color            interpret ANSI color and style sequences
  -C, --no-color         do not interpret ANSI color and style sequences
  -d, --differences[=<permanent>]
                         highlight changes between updates
  -e, --errexit          exit if command has a non-zero exit
  -g, --chgexit          exit when output from command changes
  -q, --equexit <cycles>
                         exit when output from command does not change
  -n, --interval <secs>  seconds to wait between updates
  -p, --precise          attempt run command in precise intervals
  -r, --no-rerun         do not rerun program on window resize
  -t, --no-title         turn off header
  -w, --no-wrap          turn off line wrapping
  -x, --exec             pass command to exec instead of "sh -c"

 -h, --help     display this help and exit
 -v, --version  output version information and exit

For more details see watch(1).
`;

/** watch(1): the command again and again, its output on the whole screen. */
export const watch = tool(
  {
    name: "watch",
    short: "+bcCd::eghn:pq:rtvwx",
    long: "interval:=n no-title=t differences::=d exec=x errexit=e chgexit=g color=c no-color=C beep=b precise=p no-rerun=r no-wrap=w equexit:=q",
    usage: "[options] command",
    about: "Execute a program periodically, showing output fullscreen.",
    version: "watch from procps-ng 4.0.4",
    hint: USAGE.trimEnd(),
  },
  function* (t, o) {
    if (o.operands.length === 0) {
      yield* sys.printError(t.p, USAGE);
      return 1;
    }
    const given = o.value("n") ?? t.p.env.get("WATCH_INTERVAL") ?? "2";
    if (!/^\d*[.,]?\d+$|^\d+[.,]?$/.test(given)) {
      yield* sys.printError(t.p, `watch: failed to parse argument: '${given}': Invalid argument\n`);
      return 1;
    }
    const interval = Math.max(0.1, Math.min(4_294_967, Number(given.replace(",", "."))));
    const tty = t.p.fds.get(1)?.tty;
    if (tty === undefined) {
      // What watches no terminal goes on all the same.
      for (;;) {
        const { text, status } = yield* output(t, o.has("x") ? o.operands : ["sh", "-c", o.operands.join(" ")]);
        t.out.add(text);
        yield* t.out.flush();
        if (o.has("e") && status !== 0) return 8;
        yield* sleep(Math.round(interval * SECOND));
      }
    }
    const terminal = new Terminal(t.p, tty);
    // Ctrl-C and Ctrl-Z go to the command as well.
    tty.termios = { ...tty.termios, isig: true, ixon: true };
    try {
      return yield* run(t, terminal, interval, {
        words: o.operands,
        exec: o.has("x"),
        title: !o.has("t"),
        wrap: !o.has("w"),
        colours: o.has("c"),
        differences: o.has("d") ? (o.value("d") ? "permanent" : "last") : undefined,
        beep: o.has("b"),
        onError: o.has("e"),
        onChange: o.has("g"),
        equal: o.value("q") === undefined ? undefined : Number(o.value("q")),
      });
    } finally {
      terminal.release();
    }
  },
);

interface How {
  words: readonly string[];
  exec: boolean;
  title: boolean;
  wrap: boolean;
  colours: boolean;
  differences: "last" | "permanent" | undefined;
  beep: boolean;
  onError: boolean;
  onChange: boolean;
  equal: number | undefined;
}

function* run(t: Tool, terminal: Terminal, interval: number, how: How): Gen<number> {
  const { kernel } = t.p.machine;
  let before: Shown | undefined;
  let same = 0;
  const changed = new Set<string>();
  for (;;) {
    const shown = yield* once(t, terminal, how);
    if (how.differences && before) {
      if (how.differences === "last") changed.clear();
      for (let row = 0; row < terminal.rows; row++)
        for (let column = 0; column < terminal.columns; column++)
          if ((shown.rows[row]?.[column] ?? " ") !== (before.rows[row]?.[column] ?? " "))
            changed.add(`${row},${column}`);
    }
    draw(t, terminal, interval, how, shown, changed);
    if (shown.status !== 0) {
      if (how.beep) terminal.bell();
      if (how.onError) {
        const said = "command exit with a non-zero status, press a key to exit";
        const rows = screenRows(t, terminal, interval, how, shown, changed);
        while (rows.length < terminal.rows) rows.push("");
        terminal.draw([...rows.slice(0, terminal.rows - 1), said], {
          row: terminal.rows - 1,
          column: said.length,
        });
        while ((yield* terminal.key()) === "resize");
        return 8;
      }
    }
    if (before && how.onChange && before.text !== shown.text) return 0;
    same = before?.text === shown.text ? same + 1 : 0;
    if (how.equal !== undefined && same >= how.equal) return 0;
    before = shown;
    const until = kernel.now + Math.round(interval * SECOND);
    while (kernel.now < until) {
      if (terminal.tty.ready) yield* terminal.key();
      else if ((yield* wait(terminal.tty.arrival, until - kernel.now)) === "interrupted") {
        yield* terminal.signals();
        draw(t, terminal, interval, how, shown, changed);
      }
    }
  }
}

/** Runs the command once and lays its output out. */
function* once(t: Tool, terminal: Terminal, how: How): Gen<Shown> {
  const { text, status } = yield* output(t, how.exec ? how.words : ["sh", "-c", how.words.join(" ")]);
  return { rows: layOut(text, terminal, how), status, text };
}

/** What a command writes, errors too. */
function* output(t: Tool, argv: readonly string[]): Gen<{ text: string; status: number }> {
  const { p } = t;
  const path = searchPath(p, argv[0]!);
  if (path === undefined)
    return { text: `watch: unable to execute '${argv[0]}': No such file or directory\n`, status: 127 };
  return yield* outputOf(p, path, argv);
}

/** Output as cells: tabs spread, long lines wrapped or cut, colours kept with -c. */
function layOut(text: string, terminal: Terminal, how: How): string[][] {
  const rows: string[][] = [];
  for (const line of text.replace(/\n$/, "").split("\n")) {
    let row: string[] = [];
    let style = "";
    for (let i = 0; i < line.length; ) {
      const sgr = how.colours ? /^\x1b\[[\d;]*m/.exec(line.slice(i)) : null;
      if (sgr) {
        style += sgr[0];
        i += sgr[0].length;
        continue;
      }
      const char = String.fromCodePoint(line.codePointAt(i)!);
      i += char.length;
      if (char === "\t") {
        do row.push(" ");
        while (row.length % 8 !== 0);
        continue;
      }
      if (char < " " || char === "\x7f") continue;
      const width = wcwidth(char);
      if (width === 0) {
        if (row.length > 0) row[row.length - 1] += char;
        continue;
      }
      if (row.length + width > terminal.columns) {
        if (!how.wrap) break;
        rows.push(row);
        row = [];
      }
      row.push(style + char);
      style = "";
      if (width === 2) row.push("");
    }
    if (style !== "" && row.length > 0) row[row.length - 1] += style;
    rows.push(row);
    if (rows.length > terminal.rows) break;
  }
  return rows;
}

/** "Every 2.0s: command          host: date". */
function title(t: Tool, terminal: Terminal, interval: number, how: How): string {
  const left = `Every ${interval.toFixed(1)}s: `;
  const command = how.words.join(" ");
  const { machine } = t.p;
  const date = strftime("%a %b %e %H:%M:%S %Y", localZone(t.p).calendar(Math.floor(machine.kernel.wallMs / 1000)));
  const right = `${t.p.ns.uts.hostname}: ${date}`;
  const { columns } = terminal;
  if (right.length > columns) return "";
  if (left.length + right.length > columns) return right.padStart(columns);
  const room = columns - right.length - left.length;
  const part = command.length > room - 2 ? (room > 6 ? `${command.slice(0, room - 5)}...` : "") : command;
  return (left + part).padEnd(columns - right.length) + right;
}

function screenRows(
  t: Tool,
  terminal: Terminal,
  interval: number,
  how: How,
  shown: Shown,
  changed: ReadonlySet<string>,
): string[] {
  const rows = how.title ? [title(t, terminal, interval, how), ""] : [];
  shown.rows.forEach((cells, row) => {
    if (changed.size === 0) rows.push(cells.join(""));
    else
      rows.push(
        cells.map((cell, column) => (changed.has(`${row},${column}`) ? `\x1b[7m${cell}\x1b[27m` : cell)).join(""),
      );
  });
  return rows.slice(0, terminal.rows);
}

function draw(
  t: Tool,
  terminal: Terminal,
  interval: number,
  how: How,
  shown: Shown,
  changed: ReadonlySet<string>,
): void {
  terminal.draw(screenRows(t, terminal, interval, how, shown, changed), {
    row: terminal.rows - 1,
    column: terminal.columns - 1,
  });
}
