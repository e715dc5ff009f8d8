import { klog, klogAt, type Severity } from "../../api/klog.ts";
import { encode } from "../../kernel/index.ts";
import type { Process } from "../process.ts";

/** Fields of a line, or what makes them when somebody reads it. */
export type LogFields = Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>);

const made = (kv: LogFields): Readonly<Record<string, unknown>> => (typeof kv === "function" ? kv() : kv);

/** Writes a line in klog's form to a process's stderr; a file that keeps lines for later makes them when they are read. */
export function writeLine(process: Process, severity: Severity, source: string, message: string, kv: LogFields): void {
  const file = process.fds.get(2);
  if (file === undefined) return;
  const { kernel } = process.machine;
  if (file.later) {
    const at = kernel.epochMs * 1000 + kernel.now;
    file.later(() => klogAt(at, process.pid, severity, source, message, made(kv)), message.length);
    return;
  }
  const line = `${klog(kernel, process.pid, severity, source, message, made(kv))}\n`;
  if (file.lines) file.lines(line);
  else if (file.pipe) {
    if (file.pipe.readers > 0) file.pipe.push(encode(line));
  } else file.write(encode(line)).next();
}
