import { isErrno } from "../../machine/errno.ts";
import { editCommands } from "../edit-commands.ts";
import { runSource } from "../execute.ts";
import { History } from "../history.ts";
import { expandHistory } from "../history-expand.ts";
import type { Shell } from "../shell.ts";
import { Source } from "../source.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { badOption, noValue, parseOptions } from "./usage.ts";

/** The list of a shell: of one that writes down nothing by itself, what `history -r` and `-s` put there. */
const keptBy = (sh: Shell): History => sh.history ?? (sh.unwritten ??= new History());

const history: Builtin = function* (sh, args) {
  const kept = keptBy(sh);
  // The command itself is the last line where lines are written down.
  const own = sh.history === undefined ? 0 : 1;
  const parsed = parseOptions(args, "cd:anrwps");
  if (parsed.bad) return yield* badOption(sh, "history", parsed.bad);
  if (parsed.missing) return yield* noValue(sh, "history", parsed.missing);
  const has = (letter: string) => parsed.options.find((option) => option.letter === letter);
  if (has("c")) kept.remove(0, kept.lines.length);
  const at = has("d")?.value;
  if (at !== undefined) {
    const range = /^(-?\d+)(?:-(-?\d+))?$/.exec(at);
    const place = (text: string) => (Number(text) < 0 ? kept.lines.length + Number(text) : Number(text) - kept.base);
    const from = range ? place(range[1]!) : -1;
    const to = range?.[2] === undefined ? from : place(range[2]);
    if (kept.lines[from] === undefined || kept.lines[to] === undefined || to < from) {
      yield* sh.complain(`history: ${at}: history position out of range`);
      return 1;
    }
    kept.remove(from, to - from + 1);
    return 0;
  }
  if (has("s")) {
    if (own > 0) kept.remove(kept.lines.length - 1);
    kept.add(sh, parsed.rest.join(" "));
    return 0;
  }
  if (has("p")) {
    if (own > 0) kept.remove(kept.lines.length - 1);
    let status = 0;
    for (const one of parsed.rest) {
      const expanded = expandHistory(kept, one, sh.shopts.has("extglob"));
      if ("error" in expanded) {
        yield* sh.complain(`history: ${one}: history expansion failed`);
        status = 1;
      } else yield* put(sh, "history", `${expanded.text}\n`);
    }
    return status;
  }
  if (has("w") || has("a") || has("r") || has("n")) {
    const file = parsed.rest[0] ?? sh.get("HISTFILE") ?? "";
    try {
      if (has("w")) kept.write(sh, file);
      else if (has("a")) kept.append(sh, file);
      else kept.read(sh, file, has("n") !== undefined);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sh.complain(`history: ${file}: cannot ${has("w") || has("a") ? "write" : "read"}: ${error.message}`);
      return 1;
    }
    return 0;
  }
  if (has("c")) return 0;
  const [count] = parsed.rest;
  if (count !== undefined && !/^\d+$/.test(count)) {
    yield* sh.complain(`history: ${count}: numeric argument required`);
    return 1;
  }
  if (parsed.rest.length > 1) {
    yield* sh.complain("history: too many arguments");
    return 1;
  }
  const first = count === undefined ? 0 : Math.max(0, kept.lines.length - Number(count));
  return yield* put(sh, "history", kept.listed(sh, first));
};

/** Where a line of the history is: by number, from the end, or by how it begins. */
function placeOf(lines: readonly string[], base: number, word: string): number {
  if (/^-\d+$/.test(word)) return Math.max(0, lines.length + Number(word));
  if (/^\d+$/.test(word)) return Math.max(0, Math.min(lines.length - 1, Number(word) - base));
  return lines.findLastIndex((line) => line.startsWith(word));
}

const fc: Builtin = function* (sh, args) {
  const kept = keptBy(sh);
  const cut = args.findIndex((arg) => !/^-[^-\d]/.test(arg) && args[args.indexOf(arg) - 1] !== "-e");
  const parsed = parseOptions(cut < 0 ? args : args.slice(0, cut), "e:lnrs");
  if (parsed.bad) return yield* badOption(sh, "fc", parsed.bad);
  if (parsed.missing) return yield* noValue(sh, "fc", parsed.missing);
  if (kept.lines.length === 0 && sh.history === undefined) return 0;
  const rest = [...parsed.rest, ...(cut < 0 ? [] : args.slice(cut))];
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  // The command itself is no part of what it looks at.
  const alone = sh.history === undefined || (has("l") && kept.lines.length === 1);
  const lines = alone ? [...kept.lines] : kept.lines.slice(0, -1);
  const editor = parsed.options.find((option) => option.letter === "e")?.value;
  if (has("s") || editor === "-") {
    const changes = rest.filter((word) => word.includes("=")).map((word) => word.split("=") as [string, string]);
    const prefix = rest.find((word) => !word.includes("="));
    const at = prefix === undefined ? lines.length - 1 : placeOf(lines, kept.base, prefix);
    let text = lines[at];
    if (text === undefined) {
      yield* sh.complain("fc: no command found");
      return 1;
    }
    for (const [from, to] of changes) text = text.replaceAll(from, to);
    kept.lines[kept.lines.length - 1] = text;
    yield* put(sh, "fc", `${text}\n`);
    yield* runSource(sh, new Source(text, sh.source.file, sh.line()));
    return sh.status;
  }
  const whole = lines.length - 1;
  let first =
    rest[0] === undefined ? (has("l") ? Math.max(0, lines.length - 16) : whole) : placeOf(lines, kept.base, rest[0]);
  let last = rest[1] === undefined ? (has("l") ? whole : first) : placeOf(lines, kept.base, rest[1]);
  if (lines[first] === undefined || lines[last] === undefined) {
    yield* sh.complain(`fc: ${lines.length === 0 ? "history specification out of range" : "no command found"}`);
    return 1;
  }
  let reversed = has("r");
  if (first > last) {
    [first, last] = [last, first];
    reversed = !reversed;
  }
  const places = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  if (reversed) places.reverse();
  if (has("l"))
    return yield* put(sh, "fc", places.map((at) => `${has("n") ? "" : kept.base + at}\t ${lines[at]}\n`).join(""));
  kept.remove(kept.lines.length - 1);
  return yield* editCommands(
    sh,
    editor ?? "${FCEDIT:-${EDITOR:-editor}}",
    places.map((at) => `${lines[at]}\n`).join(""),
  );
};

export const historyBuiltins: Record<string, Builtin> = { history, fc };
