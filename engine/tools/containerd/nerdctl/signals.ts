/** Signals by name (github.com/moby/sys/signal). */
import { SIGNALS, type Signal } from "../../../machine/signal.ts";

/** `SIGTERM`, `term` or `15`; undefined when there is none of it. */
export function signalNamed(text: string): Signal | undefined {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const numbered = Object.entries(SIGNALS).find(([, number]) => String(number) === name)?.[0];
  if (numbered !== undefined) return numbered as Signal;
  return Object.hasOwn(SIGNALS, name) ? (name as Signal) : undefined;
}
