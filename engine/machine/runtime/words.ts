import { MS, SECOND } from "../../kernel/index.ts";
import { SIGNALS } from "../signal.ts";
import { CriError } from "./error.ts";

export function notFound(id: string): CriError {
  return new CriError("NotFound", `an error occurred when try to find container "${id}": not found`);
}

const SIGNAL_WORDS: Partial<Record<keyof typeof SIGNALS, string>> = {
  TERM: "terminated",
  QUIT: "quit",
  INT: "interrupt",
  KILL: "killed",
  HUP: "hangup",
};

export function signalWord(signal: keyof typeof SIGNALS): string {
  return SIGNAL_WORDS[signal] ?? `signal ${SIGNALS[signal]}`;
}

export function quoted(text: string): string {
  if (!/["\\\n]/.test(text)) return text;
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** A Go duration with ns as far as they say something: `5.231906514s`, `820.5ms`. */
export function goSeconds(us: number): string {
  if (us < SECOND) return `${trim((us / MS).toFixed(3))}ms`;
  if (us < 60 * SECOND) return `${trim((us / SECOND).toFixed(6))}s`;
  const minutes = Math.floor(us / (60 * SECOND));
  return `${minutes}m${trim(((us - minutes * 60 * SECOND) / SECOND).toFixed(6))}s`;
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}
