import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";

/** A signal by name (with or without SIG) or number; 0 tests only. */
export function signalOf(text: string): Signal | 0 | undefined {
  if (text === "0") return 0;
  const name = text.toUpperCase().replace(/^SIG/, "");
  if (name in SIGNALS) return name as Signal;
  const found = Object.entries(SIGNALS).find(([, number]) => String(number) === text);
  return found?.[0] as Signal | undefined;
}

const KILL_USAGE = `
Usage:
 kill [options] <pid> [...]

Options:
 <pid> [...]            send signal to every <pid> listed
 -<signal>, -s, --signal <signal>
                        specify the <signal> to be sent
 -q, --queue <value>    integer value to be sent with the signal
 -l, --list=[<signal>]  list all signal names, or convert one to a name
 -L, --table            list all signal names in a nice table

 -h, --help     display this help and exit
 -V, --version  output version information and exit

For more details see kill(1).
`;

/** procps has its own name for one of them. */
function procpsName(name: string): string {
  return name === "IO" ? "POLL" : name;
}

/** kill(1) of procps-ng: the program, as opposed to the shell's builtin. */
export const kill: Program = function* (p) {
  const words = p.argv.slice(1);
  let signal: Signal | 0 = "TERM";
  let status = 0;
  if (words[0] === "-L" || words[0] === "--table") {
    const cells = Object.entries(SIGNALS).map(([name, n]) => `${String(n).padStart(2)} ${procpsName(name).padEnd(8)}`);
    const rows = Array.from({ length: Math.ceil(cells.length / 7) }, (_, i) => cells.slice(i * 7, i * 7 + 7).join(""));
    yield* sys.print(p, `${rows.map((row, i) => (i < rows.length - 1 ? row.trimEnd() : row)).join("\n")}\n`);
    return 0;
  }
  if (words[0] === "-l" || words[0] === "--list") {
    const names = Object.keys(SIGNALS);
    const one = words[1] === undefined ? undefined : Number(words[1]) & 127;
    const name = names.find((own) => SIGNALS[own as Signal] === one);
    const all = `${names.slice(0, 16).join(" ")}\n${names.slice(16).map(procpsName).join(" ")}\n`;
    yield* sys.print(
      p,
      words[1] === undefined ? all : `${name ?? SIGNALS[words[1].replace(/^SIG/, "") as Signal] ?? ""}\n`,
    );
    return 0;
  }
  const first = words[0];
  const given =
    first === "-s" || first === "--signal"
      ? words.splice(0, 2)[1]
      : first !== undefined && /^-[A-Za-z0-9]+$/.test(first) && words.length > 1
        ? words.shift()!.slice(1)
        : undefined;
  if (given !== undefined) {
    const parsed = signalOf(given);
    if (parsed === undefined) {
      yield* sys.printError(p, `kill: invalid argument ${given}\n${KILL_USAGE}`);
      return 1;
    }
    signal = parsed;
  }
  if (words[0] === "--") words.shift();
  if (words.length === 0) {
    yield* sys.printError(p, KILL_USAGE);
    return 1;
  }
  for (const word of words) {
    if (!/^-?\d+$/.test(word)) {
      yield* sys.printError(p, `kill: failed to parse argument: '${word}'\n`);
      status = 1;
      continue;
    }
    try {
      sys.kill(p, Number(word), signal);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `kill: (${word}): ${error.message}\n`);
      status = 1;
    }
  }
  return status;
};
