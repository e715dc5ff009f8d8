/** nerdctl logs: docker's json-file of a container of its own, CRI's log of the kubelet's (pkg/logging). */
import { parseDuration } from "../../../api/go-time.ts";
import { parseMicros } from "../../../api/time.ts";
import { decode, type Gen, wait } from "../../../kernel/index.ts";
import { entriesOf } from "../../../machine/inode.ts";
import type { Container } from "../../../machine/runtime/index.ts";
import * as sys from "../../../machine/sys.ts";
import { type Nerd, NerdError } from "./context.ts";

interface Entry {
  time: string;
  stream: string;
  text: string;
}

function parse(line: string): Entry | undefined {
  if (line.startsWith("{")) {
    const { log, stream, time } = JSON.parse(line) as { log: string; stream: string; time: string };
    return { time, stream, text: log };
  }
  const [, time = "", stream = "", tag = "", text = ""] = /^(\S+) (\S+) (\S+) (.*)$/s.exec(line) ?? [];
  return time === "" ? undefined : { time, stream, text: tag.startsWith("P") ? text : `${text}\n` };
}

/** µs since 1970 that a flag names: a time, or how long ago; undefined when it is neither. */
function instant(c: Nerd, text: string): number | undefined {
  const { kernel } = c.machine;
  const now = kernel.epochMs * 1000 + kernel.now;
  const duration = parseDuration(text);
  if (typeof duration === "number") return now - duration / 1000;
  if (/^\d+$/.test(text)) return Number(text) * 1e6;
  return /^\d{4}-\d\d-\d\dT/.test(text) ? parseMicros(text) : undefined;
}

export function* logs(c: Nerd): Gen {
  const [word = ""] = c.args;
  const tail = c.value("tail", "all");
  if (tail !== "all" && tail !== "" && !/^[+-]?\d+$/.test(tail))
    throw new NerdError(
      `failed to parse \`-n/--tail\` argument ${JSON.stringify(tail)}: strconv.Atoi: parsing ${JSON.stringify(tail)}: invalid syntax`,
    );
  const { container, process } = c.one(word);
  if (container === undefined || process === undefined) return;
  const file = () => {
    const node = entriesOf(container.log.dir).get(container.log.name);
    return node?.kind === "file" ? decode(node.content.bytes()) : "";
  };
  const text = file();
  let lines = text.split("\n").slice(0, -1);
  if (/^\d+$/.test(tail)) lines = Number(tail) === 0 ? [] : lines.slice(-Number(tail));
  yield* show(c, lines);
  if (!c.on("follow")) return;
  yield* follow(c, container, file, text.length);
}

/** Hands on what is added to the log until the container has ended. */
function* follow(c: Nerd, container: Container, file: () => string, from: number): Gen {
  let shown = from;
  for (;;) {
    const text = file();
    if (text.length < shown) shown = 0;
    const end = text.lastIndexOf("\n") + 1;
    if (end > shown) {
      yield* show(c, text.slice(shown, end).split("\n").slice(0, -1));
      shown = end;
      continue;
    }
    if (container.state !== "running") return;
    if ((yield* wait(container.log.file.changed, 1e15)) === "interrupted") return;
  }
}

function* show(c: Nerd, lines: readonly string[]): Gen {
  for (const flag of ["since", "until"]) {
    const given = c.value(flag);
    if (given === "" || instant(c, given) !== undefined) continue;
    for (const _line of lines)
      yield* c.log(
        "error",
        `error while writing log entry to output stream: invalid value for ${JSON.stringify(flag)}: failed to parse value as time or duration: ${JSON.stringify(given)}`,
      );
    return;
  }
  const since = c.value("since") === "" ? undefined : instant(c, c.value("since"));
  const until = c.value("until") === "" ? undefined : instant(c, c.value("until"));
  for (const line of lines) {
    const entry = parse(line);
    if (entry === undefined) continue;
    const at = parseMicros(entry.time);
    if ((since !== undefined && at < since) || (until !== undefined && at > until)) continue;
    const text = c.on("timestamps") ? `${entry.time} ${entry.text}` : entry.text;
    if (entry.stream === "stderr") yield* sys.printError(c.p, text);
    else yield* c.print(text);
  }
}
