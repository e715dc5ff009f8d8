/** tar --checkpoint and --checkpoint-action: what is done each time so many records have gone by. */
import type { Gen } from "../../kernel/index.ts";
import { SECOND, sleep } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { blocking, END } from "./tar-members.ts";

/** Does what --checkpoint asks for an archive of `size` bytes; every ten records unless it says another number. */
export function* checkpoints(t: Tool, o: ParsedOptions, size: number, writes: boolean): Gen<void> {
  const actions = o.values("checkpoint-action");
  if (!o.has("checkpoint") && actions.length === 0) return;
  const every = o.value("checkpoint") ?? "10";
  if (!/^[1-9]\d*$/.test(every)) throw new Fatal(`--checkpoint value is not an integer${END}`, 2);
  const record = blocking(o) * 512;
  const done = actions.length === 0 ? ["echo"] : actions;
  for (let n = Number(every); n * record <= size; n += Number(every))
    for (const action of done) yield* act(t, o, action, n, (n - 1) * record, writes);
  for (const action of done)
    if (!/^(?:\.|dot|echo|bell|totals|wait|exec=.*|sleep=.*|echo=.*|ttyout=.*)$/s.test(action)) unknown(action);
}

function unknown(action: string): never {
  throw new Fatal(`${action}: unknown checkpoint action${END}`, 2);
}

function* act(t: Tool, o: ParsedOptions, action: string, n: number, bytes: number, writes: boolean): Gen<void> {
  const [, name, value] = /^([^=]*)(?:=(.*))?$/s.exec(action)!;
  switch (name) {
    case ".":
    case "dot":
      t.out.add(".");
      return;
    case "bell":
      t.out.add("\x07");
      return;
    case "echo":
      yield* t.error(
        value === undefined ? `${writes ? "Write" : "Read"} checkpoint ${n}` : filled(value, n, bytes, writes),
        0,
      );
      return;
    case "ttyout":
      return;
    case "sleep":
      yield* sleep(Number(value ?? 0) * SECOND);
      return;
    case "exec": {
      yield* t.out.flush();
      const env = new Map([
        ...t.p.env,
        ["TAR_VERSION", "1.35"],
        ["TAR_ARCHIVE", o.value("f") ?? "-"],
        ["TAR_CHECKPOINT", String(n)],
        ["TAR_BLOCKING_FACTOR", String(blocking(o))],
        ["TAR_FORMAT", "gnu"],
        ["TAR_SUBCOMMAND", writes ? "-c" : "-x"],
      ] as const);
      yield* sys.waitFor(t.p, yield* sys.spawn(t.p, "/bin/sh", { argv: ["sh", "-c", value ?? ""], env }));
      return;
    }
    case "totals":
    case "wait":
      return;
    default:
      unknown(action);
  }
}

/** %u is the checkpoint's number, %s what is done, %T how much that was. */
function filled(text: string, n: number, bytes: number, writes: boolean): string {
  return text.replace(/%(.)/gs, (whole, letter: string) => {
    if (letter === "u") return String(n);
    if (letter === "s") return writes ? "write" : "read";
    if (letter === "T") return `${writes ? "W" : "R"}: ${bytes} (?/s)`;
    return letter === "%" ? "%" : whole;
  });
}
