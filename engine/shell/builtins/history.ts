import { isErrno } from "../../machine/errno.ts";
import { readText } from "../../machine/sys.ts";
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
  if (has("c")) kept.lines = [];
  const at = has("d")?.value;
  if (at !== undefined) {
    const n = Number(at);
    const i = n < 0 ? kept.lines.length + n : n - kept.base;
    if (!/^-?\d+$/.test(at) || kept.lines[i] === undefined) {
      yield* sh.complain(`history: ${at}: history position out of range`);
      return 1;
    }
    kept.lines.splice(i, 1);
    return 0;
  }
  if (has("s")) {
    kept.lines.pop();
    kept.lines.push(parsed.rest.join(" "));
    return 0;
  }
  if (has("p")) return yield* put(sh, "history", `${parsed.rest.join("\n")}\n`);
  if (has("w") || has("a")) {
    yield* kept.save(sh);
    return 0;
  }
  if (has("r") || has("n")) {
    try {
      kept.lines.push(
        ...readText(sh.p, parsed.rest[0] ?? sh.get("HISTFILE") ?? "")
          .split("\n")
          .filter((line) => line !== ""),
      );
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sh.complain(`history: ${parsed.rest[0]}: cannot read: ${error.message}`);
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
  return yield* put(
    sh,
    "history",
    kept.lines
      .slice(first)
      .map((line, i) => `${String(kept.base + first + i).padStart(5)}  ${line}\n`)
      .join(""),
  );
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
