import { formatMicroTime } from "../api/time.ts";
import type { Process } from "../machine/process.ts";
import { logger } from "./daemon.ts";

export type ZapLevel = "info" | "warn" | "error" | "panic" | "fatal";

/** Writes a JSON line of etcd's log (zap). */
export type ZapLog = (level: ZapLevel, caller: string, msg: string, rest?: object, name?: string) => void;

/** etcd's log on standard error. */
export function zap(p: Process): ZapLog {
  const write = logger(p);
  const { kernel } = p.machine;
  return (level, caller, msg, rest = {}, name) => {
    const ts = formatMicroTime(kernel.epochMs * 1000 + kernel.now);
    write(JSON.stringify({ level, ts, ...(name === undefined ? {} : { logger: name }), caller, msg, ...rest }));
  };
}
