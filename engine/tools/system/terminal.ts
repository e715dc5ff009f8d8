/** Programs about the terminal itself: clear, reset, stty, tput. */
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { COOKED, RAW, type Termios, type Tty } from "../../machine/tty.ts";

const CLEAR = "\x1b[H\x1b[2J\x1b[3J";

function terminal(p: Process): Tty | undefined {
  return p.fds.get(1)?.tty ?? p.fds.get(2)?.tty ?? p.fds.get(0)?.tty ?? p.tty;
}

/** clear(1). */
export const clear: Program = function* (p) {
  if (!p.env.get("TERM") && !terminal(p)) {
    yield* sys.printError(p, "TERM environment variable not set.\n");
    return 1;
  }
  yield* sys.print(p, CLEAR);
  return 0;
};

/** reset(1): the modes of a new terminal, and a clear screen. */
export const reset: Program = function* (p) {
  const tty = terminal(p);
  if (tty) tty.termios = { ...COOKED };
  yield* sys.printError(p, "\x1bc\x1b[?1000l\x1b[?25h");
  return 0;
};

/** Modes of stty(1) that the terminal knows, with the field they set. */
const MODES: Record<string, keyof Termios> = {
  icanon: "icanon",
  echo: "echo",
  isig: "isig",
  icrnl: "icrnl",
  opost: "opost",
  ixon: "ixon",
};

/** Modes of a real terminal that make no difference here. */
const INERT = new Set(
  "iexten echoe echok echonl echoctl echoke ixoff iutf8 brkint ignpar imaxbel onlcr hupcl cread cs8 clocal tostop noflsh parenb".split(
    " ",
  ),
);

/** stty(1): sizes, the common modes, `sane` and `raw`, and -g for saving them. */
export const stty: Program = function* (p) {
  let args = p.argv.slice(1);
  let tty = p.fds.get(0)?.tty;
  let name = "standard input";
  const file = args[0] === "-F" ? args[1] : /^(?:-F|--file=)(.+)/.exec(args[0] ?? "")?.[1];
  if (file !== undefined) {
    args = args.slice(args[0] === "-F" ? 2 : 1);
    tty = [...p.machine.ttys.values()].find((one) => one.name === file);
    name = file;
  }
  if (tty === undefined) {
    yield* sys.printError(
      p,
      `stty: ${name === "standard input" ? "'standard input'" : name}: Inappropriate ioctl for device\n`,
    );
    return 1;
  }
  if (args.length === 0 || args[0] === "-a" || args[0] === "--all") {
    yield* sys.print(p, settings(tty, args.length > 0));
    return 0;
  }
  if (args[0] === "-g" || args[0] === "--save") {
    const bits = Object.keys(MODES).map((mode) => (tty.termios[MODES[mode]!] ? "1" : "0"));
    yield* sys.print(p, `${bits.join(":")}\n`);
    return 0;
  }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const on = !arg.startsWith("-");
    const mode = arg.replace(/^-/, "");
    if (arg === "size") yield* sys.print(p, `${tty.rows} ${tty.columns}\n`);
    else if (arg === "speed") yield* sys.print(p, "38400\n");
    else if (mode in MODES) tty.termios = { ...tty.termios, [MODES[mode]!]: on };
    else if (arg === "cooked" || arg === "-raw") tty.termios = { ...COOKED };
    else if (arg === "sane") tty.termios = { ...COOKED, ixon: tty.termios.ixon };
    else if (arg === "raw" || arg === "-cooked") tty.termios = { ...RAW, echo: tty.termios.echo };
    else if (arg === "cbreak") tty.termios = { ...tty.termios, icanon: false };
    else if (arg === "-cbreak") tty.termios = { ...tty.termios, icanon: true };
    else if (/^[01](:[01]){5}$/.test(arg)) {
      const bits = arg.split(":");
      tty.termios = { ...tty.termios };
      Object.keys(MODES).forEach((one, at) => {
        tty.termios[MODES[one]!] = bits[at] === "1";
      });
    } else if (["rows", "cols", "columns"].includes(arg) && /^\d+$/.test(args[i + 1] ?? "")) {
      const size = Number(args[++i]);
      tty.resize(arg === "rows" ? tty.columns : size, arg === "rows" ? size : tty.rows);
    } else if (["erase", "intr", "eof", "kill", "susp", "quit", "min", "time", "start", "stop", "werase"].includes(arg))
      i++;
    else if (!INERT.has(mode)) {
      yield* sys.printError(p, `stty: invalid argument '${arg}'\nTry 'stty --help' for more information.\n`);
      return 1;
    }
  }
  return 0;
};

function settings(tty: Tty, all: boolean): string {
  const { icanon, echo, isig, icrnl, opost, ixon } = tty.termios;
  const word = (on: boolean, name: string) => (on ? name : `-${name}`);
  if (!all) {
    // Those of input, of output and of the line, a line each.
    const changed = [{ icrnl }, { opost }, { isig, icanon, echo }].map((modes) =>
      Object.entries(modes).flatMap(([name, on]) => (on ? [] : [`-${name}`])),
    );
    return `speed 38400 baud; line = 0;\n${changed.map((names) => (names.length > 0 ? `${names.join(" ")}\n` : "")).join("")}`;
  }
  return [
    `speed 38400 baud; rows ${tty.rows}; columns ${tty.columns}; line = 0;`,
    "intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>;",
    "eol2 = <undef>; swtch = <undef>; start = ^Q; stop = ^S; susp = ^Z; rprnt = ^R;",
    "werase = ^W; lnext = ^V; discard = ^O; min = 1; time = 0;",
    "-parenb -parodd -cmspar cs8 -hupcl -cstopb cread -clocal -crtscts",
    `-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr ${word(icrnl, "icrnl")} ${word(ixon, "ixon")} -ixoff`,
    "-iuclc -ixany -imaxbel iutf8",
    `${word(opost, "opost")} -olcuc -ocrnl onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab0 bs0 vt0 ff0`,
    `${word(isig, "isig")} ${word(icanon, "icanon")} iexten ${word(echo, "echo")} echoe echok -echonl -noflsh -xcase -tostop -echoprt`,
    "echoctl echoke -flusho -extproc",
    "",
  ].join("\n");
}

/** Strings of xterm-256color by terminfo name. */
const STRINGS: Record<string, string | ((...args: number[]) => string)> = {
  bold: "\x1b[1m",
  dim: "\x1b[2m",
  sitm: "\x1b[3m",
  ritm: "\x1b[23m",
  smul: "\x1b[4m",
  rmul: "\x1b[24m",
  blink: "\x1b[5m",
  rev: "\x1b[7m",
  smso: "\x1b[7m",
  rmso: "\x1b[27m",
  invis: "\x1b[8m",
  sgr0: "\x1b(B\x1b[m",
  op: "\x1b[39;49m",
  clear: CLEAR,
  el: "\x1b[K",
  el1: "\x1b[1K",
  ed: "\x1b[J",
  home: "\x1b[H",
  sc: "\x1b7",
  rc: "\x1b8",
  civis: "\x1b[?25l",
  cnorm: "\x1b[?12l\x1b[?25h",
  smcup: "\x1b[?1049h\x1b[22;0;0t",
  rmcup: "\x1b[?1049l\x1b[23;0;0t",
  bel: "\x07",
  cr: "\r",
  cuu1: "\x1b[A",
  cud1: "\n",
  cuf1: "\x1b[C",
  cub1: "\b",
  cup: (row = 0, column = 0) => `\x1b[${row + 1};${column + 1}H`,
  cuu: (n = 1) => `\x1b[${n}A`,
  cud: (n = 1) => `\x1b[${n}B`,
  cuf: (n = 1) => `\x1b[${n}C`,
  cub: (n = 1) => `\x1b[${n}D`,
  setaf: (n = 0) => (n < 8 ? `\x1b[3${n}m` : n < 16 ? `\x1b[9${n - 8}m` : `\x1b[38;5;${n}m`),
  setab: (n = 0) => (n < 8 ? `\x1b[4${n}m` : n < 16 ? `\x1b[10${n - 8}m` : `\x1b[48;5;${n}m`),
};

/** tput(1) for the terminal everyone has here. */
export const tput: Program = function* (p) {
  let args = p.argv.slice(1);
  if (args[0] === "-T") args = args.slice(2);
  else if (args[0]?.startsWith("-T")) args = args.slice(1);
  const type = p.env.get("TERM");
  if (p.argv.length === args.length + 1 && !type) {
    yield* sys.printError(p, "tput: No value for $TERM and no -T specified\n");
    return 2;
  }
  const [name, ...rest] = args;
  if (name === undefined) {
    yield* sys.printError(p, "usage: tput [-V] [-S] [-x] [-T term] capname\n");
    return 2;
  }
  const tty = terminal(p);
  const numbers: Record<string, number> = { cols: tty?.columns ?? 80, lines: tty?.rows ?? 24, colors: 256 };
  if (name in numbers) {
    yield* sys.print(p, `${numbers[name]}\n`);
    return 0;
  }
  if (name === "longname") {
    yield* sys.print(p, "xterm with 256 colors");
    return 0;
  }
  if (name === "reset" || name === "init") return yield* reset(p);
  const found = STRINGS[name];
  if (found === undefined) {
    yield* sys.printError(p, `tput: unknown terminfo capability '${name}'\n`);
    return 4;
  }
  yield* sys.print(p, typeof found === "string" ? found : found(...rest.map(Number)));
  return 0;
};
