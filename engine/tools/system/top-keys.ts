/** What top(1) asks of whoever types a key: whom to kill, to renice or to show (top.c of procps-ng 4). */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Tty } from "../../machine/tty.ts";
import { userByName } from "../../machine/users.ts";
import { signalOf } from "./kill.ts";
import { byPid } from "./process-view.ts";

/** The terminal that answers, and what was typed ahead. */
export interface Keyboard {
  tty: Tty;
  rest: string;
}

/** The part of top's view that questions change. */
export interface Asked {
  /** µs between two pictures. */
  delay: number;
  /** Most processes shown; 0 for all. */
  most: number;
  uid: number | undefined;
  /** Everybody but `uid`. */
  others: boolean;
}

/** The row of questions and complaints, under the five lines of the summary. */
const ROW = 6;

/** Shows a line there. */
export function* tell(p: Process, text: string): Gen {
  yield* sys.print(p, `\x1b[${ROW};1H\x1b[K${text}`);
}

/** Reads a line below the summary; undefined when it is given up with Escape. */
function* ask(p: Process, keys: Keyboard, question: string): Gen<string | undefined> {
  let typed = "";
  for (;;) {
    yield* tell(p, `\x1b[1m${question}\x1b[m ${typed}`);
    if (keys.rest === "") {
      const bytes = yield* keys.tty.read(64);
      if (bytes === "interrupted" || bytes.length === 0) return undefined;
      keys.rest = String.fromCharCode(...bytes);
    }
    while (keys.rest !== "") {
      const code = keys.rest.charCodeAt(0);
      keys.rest = keys.rest.slice(1);
      if (code === 13 || code === 10) return typed;
      if (code === 27 || code === 3) return undefined;
      if (code === 127 || code === 8) typed = typed.slice(0, -1);
      else if (code >= 32) typed += String.fromCharCode(code);
    }
  }
}

const isNumber = (text: string) => /^[+-]?\d+$/.test(text);

function* askForPid(p: Process, keys: Keyboard, what: string, first: number): Gen<number | undefined> {
  const text = yield* ask(p, keys, `PID to ${what} [default pid = ${first}]`);
  if (text === undefined) return undefined;
  if (text === "") return first;
  if (isNumber(text) && Number(text) > 0) return Number(text);
  yield* tell(p, " Unacceptable integer ");
  return undefined;
}

function* kill(p: Process, keys: Keyboard, first: number): Gen<string> {
  const pid = yield* askForPid(p, keys, "signal/kill", first);
  if (pid === undefined) return "";
  const text = yield* ask(p, keys, `Send pid ${pid} signal [15/sigterm]`);
  if (text === undefined) return "";
  const signal = text === "" ? "TERM" : signalOf(text);
  if (signal === undefined) return ` Invalid signal `;
  try {
    sys.kill(p, pid, signal);
    return "";
  } catch (error) {
    if (!isErrno(error)) throw error;
    return ` Failed signal pid '${pid}' with '${text === "" ? 15 : text}': ${error.message} `;
  }
}

function* renice(p: Process, keys: Keyboard, first: number): Gen<string> {
  const pid = yield* askForPid(p, keys, "renice", first);
  if (pid === undefined) return "";
  const text = yield* ask(p, keys, `Renice PID ${pid} to value`);
  if (text === undefined || text === "") return "";
  if (!isNumber(text)) return " Unacceptable integer ";
  const process = byPid(p, pid);
  const wanted = Math.max(-20, Math.min(19, Number(text)));
  const foreign = process !== undefined && p.cred.uid !== 0 && process.cred.uid !== p.cred.uid;
  if (process !== undefined && !foreign && (p.cred.uid === 0 || wanted >= process.nice)) {
    process.nice = wanted;
    return "";
  }
  const why = process === undefined ? "No such process" : foreign ? "Operation not permitted" : "Permission denied";
  return ` Failed renice of PID ${pid} to ${text}: ${why} `;
}

function* chooseUser(p: Process, keys: Keyboard, view: Asked): Gen<string> {
  const text = yield* ask(p, keys, "Which user (blank for all)");
  if (text === undefined) return "";
  const name = text.replace(/^!/, "");
  const uid = isNumber(name) ? Number(name) : userByName(p.ns.mnt, name)?.uid;
  if (name !== "" && uid === undefined) return " Invalid user ";
  view.uid = name === "" ? undefined : uid;
  view.others = text.startsWith("!") && name !== "";
  return "";
}

/**
 * Answers a key that asks something; undefined for any other. The text is a complaint, empty where there is none.
 * `first`: the process at the top of the list.
 */
export function* question(
  p: Process,
  keys: Keyboard,
  key: string,
  view: Asked,
  first: number,
): Gen<string | undefined> {
  switch (key) {
    case "k":
      return yield* kill(p, keys, first);
    case "r":
      return yield* renice(p, keys, first);
    case "u":
    case "U":
      return yield* chooseUser(p, keys, view);
    case "d":
    case "s": {
      const text = yield* ask(p, keys, `Change delay from ${(view.delay / 1e6).toFixed(1)} to`);
      if (text === undefined || text === "") return "";
      if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) return " Unacceptable floating point ";
      view.delay = Math.round(Number(text) * 1e6);
      return "";
    }
    case "n":
    case "#": {
      const text = yield* ask(p, keys, `Maximum tasks = ${view.most}, change to (0 is unlimited)`);
      if (text === undefined || text === "") return "";
      if (!/^\d+$/.test(text)) return " Unacceptable integer ";
      view.most = Number(text);
      return "";
    }
    default:
      return undefined;
  }
}
