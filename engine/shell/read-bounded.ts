import { concat, cpu, decode, type Gen, wait } from "../kernel/index.ts";
import type { OpenFile } from "../machine/open-file.ts";
import { ShellError } from "./control.ts";
import { countsBytes } from "./locale.ts";
import type { Shell } from "./shell.ts";
import { handleSignals } from "./traps.ts";

/** Reads for `read -n`, `-N` and `-t`: characters until a count, a delimiter or a deadline (µs of virtual time). */
export function* readBounded(
  sh: Shell,
  file: OpenFile,
  o: { count: number | undefined; exact: boolean; delimiter: number; raw: boolean; deadline: number | undefined },
): Gen<{ text: string; ended: boolean; timedOut: boolean }> {
  const bytes: Uint8Array[] = [];
  let characters = 0;
  let escaped = false;
  const single = countsBytes(sh);
  const text = () => {
    const all = decode(bytes.length > 0 ? concat(bytes) : new Uint8Array(0));
    return o.raw
      ? all
      : all
          .replace(/\\\n/g, "")
          .replace(/\\([\s\S])/g, "\uF8FE$1")
          .replace(/\\$/, "");
  };
  const { kernel } = sh.p.machine;
  if (o.count === 0) return { text: "", ended: false, timedOut: false };
  for (;;) {
    const queue = file.pipe?.readable ?? file.tty?.arrival;
    if (o.deadline !== undefined && queue) {
      const ready = () => (file.pipe ? file.pipe.size > 0 || file.pipe.writers === 0 : (file.tty?.ready ?? true));
      while (!ready()) {
        const left = o.deadline - kernel.now;
        if (left <= 0) return { text: text(), ended: false, timedOut: true };
        if ((yield* wait(queue, left)) === "interrupted") yield* handleSignals(sh);
      }
      if (kernel.now >= o.deadline && o.deadline > 0 && !ready()) return { text: text(), ended: false, timedOut: true };
    }
    yield* cpu(1);
    if (sh.p.hasSignal) yield* handleSignals(sh);
    if (sh.interruptPending) throw new ShellError("", "discard", 130);
    const chunk = yield* file.read(1);
    if (chunk === "interrupted") {
      yield* handleSignals(sh);
      continue;
    }
    if (chunk.length === 0) return { text: text(), ended: true, timedOut: false };
    const byte = chunk[0]!;
    if (byte === o.delimiter && !o.exact && !escaped) return { text: text(), ended: false, timedOut: false };
    if (byte === 0) continue;
    bytes.push(chunk);
    if (!o.raw && byte === 0x5c && !escaped) {
      escaped = true;
      continue;
    }
    if (escaped && byte === 10) {
      escaped = false;
      continue;
    }
    escaped = false;
    if (single || (byte & 0xc0) !== 0x80) characters++;
    if (o.count !== undefined && characters >= o.count && (single || complete(bytes)))
      return { text: text(), ended: false, timedOut: false };
  }
}

/** True when the last character's UTF-8 bytes are all there. */
function complete(bytes: readonly Uint8Array[]): boolean {
  let back = bytes.length - 1;
  while (back > 0 && (bytes[back]![0]! & 0xc0) === 0x80) back--;
  const first = bytes[back]![0]!;
  const need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return bytes.length - back >= need;
}
