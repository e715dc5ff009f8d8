import { isErrno } from "../../machine/errno.ts";
import { runSource } from "../execute.ts";
import { Source } from "../source.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { badOption, parseOptions } from "./usage.ts";

const history: Builtin = function* (sh, args) {
  const { history: kept } = sh;
  const parsed = parseOptions(args, "cd:anrwps");
  if (parsed.bad) return yield* badOption(sh, "history", parsed.bad);
  const has = (letter: string) => parsed.options.find((option) => option.letter === letter);
  if (kept === undefined) return 0;
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
    kept.remove(kept.lines.length - 1);
    kept.add(sh, parsed.rest.join(" "));
    return 0;
  }
  if (has("p")) return yield* put(sh, "history", `${parsed.rest.join("\n")}\n`);
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
  const first = count === undefined ? 0 : Math.max(0, kept.lines.length - Number(count));
  return yield* put(sh, "history", kept.listed(sh, first));
};

const fc: Builtin = function* (sh, args) {
  const { history: kept } = sh;
  if (kept === undefined) return 0;
  const parsed = parseOptions(
    args.filter((arg) => !/^-\d+$/.test(arg)),
    "e:lnrs",
  );
  if (parsed.bad) return yield* badOption(sh, "fc", parsed.bad);
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  if (has("l")) {
    const lines = kept.lines.slice(0, -1).slice(-16);
    const first = kept.base + Math.max(0, kept.lines.length - 1 - lines.length);
    return yield* put(sh, "fc", lines.map((line, i) => `${has("n") ? "" : first + i}\t ${line}\n`).join(""));
  }
  const prefix = parsed.rest[0];
  const found = kept.lines.slice(0, -1).findLast((line) => prefix === undefined || line.startsWith(prefix));
  if (found === undefined) {
    yield* sh.complain("fc: no command found");
    return 1;
  }
  yield* put(sh, "fc", `${found}\n`);
  yield* runSource(sh, new Source(found, sh.source.file, sh.line()));
  return sh.status;
};

export const historyBuiltins: Record<string, Builtin> = { history, fc };
