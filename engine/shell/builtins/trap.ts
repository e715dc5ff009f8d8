import { SIGNALS, type Signal } from "../../machine/signal.ts";
import { singleQuote } from "../quote.ts";
import type { Dialect, Shell } from "../shell.ts";
import { arrange, arrangeAll, signalName } from "../traps.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { badOption, parseOptions, usage } from "./usage.ts";

const ORDER = ["EXIT", ...Object.keys(SIGNALS), "DEBUG", "ERR", "RETURN"];

function line(sh: Shell, name: string, all: boolean): string {
  const action =
    sh.traps.get(name) ?? sh.shownTraps.get(name) ?? (sh.ignoredAtStart.has(name as Signal) ? "" : undefined);
  if (action === undefined) return all ? `trap -- - ${name}\n` : "";
  return `trap -- ${singleQuote(action)} ${name in SIGNALS && !sh.has("posix") ? `SIG${name}` : name}\n`;
}

/** Names of all signals by their number; those that have none are called by it. */
function signalNames(): string[] {
  const names = Object.keys(SIGNALS);
  names.push("32", "33", "RTMIN");
  for (let i = 1; i <= 15; i++) names.push(`RTMIN+${i}`);
  for (let i = 14; i >= 1; i--) names.push(`RTMAX-${i}`);
  names.push("RTMAX");
  return names;
}

/** `kill -l` in POSIX mode: the names on a line. */
export function signalLine(): string {
  return `${signalNames()
    .filter((name) => !/^\d/.test(name))
    .join(" ")}\n`;
}

/** `kill -l` and `trap -l`: the table of signals. */
export function signalTable(dialect: Dialect): string {
  if (dialect !== "bash") return plainTable(dialect);
  const names: [number, string][] = signalNames()
    .map((name, i): [number, string] => [i + 1, `SIG${name}`])
    .filter(([, name]) => !/^SIG\d/.test(name));
  let out = "";
  names.forEach(([number, name], i) => {
    out += `${String(number).padStart(2)}) ${name}`;
    out += i % 5 === 4 ? "\n" : "\t";
  });
  return `${out}\n`;
}

/** dash lists names, and numbers that have none; busybox names with their numbers. */
function plainTable(dialect: Dialect): string {
  const names = new Map(Object.entries(SIGNALS).map(([name, number]) => [number as number, name]));
  const real = (n: number) =>
    n === 34 ? "RTMIN" : n === 64 ? "RTMAX" : n < 50 ? `RTMIN+${n - 34}` : `RTMAX-${64 - n}`;
  let out = "";
  if (dialect === "busybox")
    for (let n = 1; n <= 31; n++) out += `${String(n).padStart(2)}) ${n === 29 ? "POLL" : names.get(n)}\n`;
  else for (let n = 0; n <= 64; n++) out += `${n >= 34 ? real(n) : n === 16 ? n : (names.get(n) ?? n)}\n`;
  return out;
}

const trap: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, sh.posix ? "" : "lp");
  if (parsed.bad && args[0] !== "-") return yield* badOption(sh, "trap", parsed.bad);
  if (parsed.options.some((option) => option.letter === "l"))
    return yield* put(sh, "trap", signalTable(sh.setup.dialect));
  const { rest } = parsed;
  if (parsed.options.length > 0 || rest.length === 0) {
    let status = 0;
    const names: string[] = [];
    for (const arg of rest) {
      const name = signalName(arg);
      if (name === undefined) {
        yield* sh.complain(`trap: ${arg}: invalid signal specification`);
        status = 1;
      } else names.push(name);
    }
    // In POSIX mode `trap -p` tells all there are, with those that are not trapped.
    const all = rest.length === 0 && parsed.options.length > 0 && sh.has("posix") && !sh.posix;
    const asked = rest.length > 0 ? names : all ? ["EXIT", ...signalNames(), ...ORDER.slice(-3)] : ORDER;
    const text = asked.map((name) => line(sh, name, all)).join("");
    return (yield* put(sh, "trap", text)) || status;
  }
  let action: string | undefined = rest[0]!;
  let signals = rest.slice(1);
  if (action === "-") action = undefined;
  else if (signals.length === 0) {
    // A single signal is reset.
    if (signalName(action) === undefined) return yield* usage(sh, "trap");
    signals = [action];
    action = undefined;
  } else if (/^\d+$/.test(action) && signalName(action) !== undefined) {
    signals = rest;
    action = undefined;
  }
  let status = 0;
  for (const arg of signals) {
    const name = signalName(arg);
    if (name === undefined || (sh.setup.dialect === "dash" && BASH_TRAPS.has(name))) {
      yield* sh.complain(
        sh.setup.dialect === "bash"
          ? `trap: ${arg}: invalid signal specification`
          : sh.setup.dialect === "dash"
            ? `trap: ${arg}: bad trap`
            : `trap: ${arg}: invalid signal specification`,
      );
      status = 1;
      continue;
    }
    if (sh.ignoredAtStart.has(name as Signal) && !sh.setup.interactive) continue;
    sh.shownTraps.clear();
    if (action === undefined) sh.traps.delete(name);
    else sh.traps.set(name, action);
    if (name in SIGNALS) arrange(sh, name as Signal);
    else if (name === "EXIT") arrangeAll(sh);
  }
  return status;
};

/** What dash cannot trap. */
const BASH_TRAPS = new Set(["ERR", "DEBUG", "RETURN"]);

export const trapBuiltins: Record<string, Builtin> = { trap };
