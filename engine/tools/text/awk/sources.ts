/** The text of a program: from -f, -e and -i, or the first operand, with what @include names put in. */
import { decode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import { Fatal, type Tool } from "../../tool.ts";

export interface Source {
  text: string;
  /** gawk's name for it in messages. */
  where: string;
}

/** Where files of @include and -i are looked for, with and without `.awk`. */
function* library(t: Tool, name: string): Gen<string | undefined> {
  const path = t.p.env.get("AWKPATH") ?? ".:/usr/share/awk";
  const dirs = name.includes("/") ? [""] : path.split(":").map((dir) => `${dir === "" ? "." : dir}/`);
  for (const dir of dirs)
    for (const suffix of ["", ".awk"]) {
      try {
        return decode(yield* sys.readPath(t.p, `${dir}${name}${suffix}`));
      } catch (error) {
        if (!isErrno(error)) throw error;
      }
    }
  return undefined;
}

/** A text with the files in it that lines of `@include "name"` ask for, each but once. */
function* included(t: Tool, text: string, seen: Set<string>): Gen<string> {
  if (!text.includes("@include")) return text;
  const out: string[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*@include\s+"([^"]+)"\s*(?:#.*)?$/.exec(line);
    out.push(match === null ? line : yield* named(t, match[1]!, seen));
  }
  return out.join("\n");
}

function* named(t: Tool, name: string, seen: Set<string>): Gen<string> {
  if (seen.has(name)) return "";
  seen.add(name);
  const found = yield* library(t, name);
  if (found === undefined)
    throw new Fatal(`fatal: cannot open source file \`${name}' for reading: No such file or directory`, 2);
  return yield* included(t, found, seen);
}

/** The parts of the program; undefined when there is none. `inplace` is told by its own name only. */
export function* programSources(
  t: Tool,
  list: readonly { key: string; value: string | undefined }[],
  operands: string[],
): Gen<Source[] | undefined> {
  const sources: Source[] = [];
  const seen = new Set<string>();
  const main = () => list.some(({ key }) => key === "e" || key === "f");
  for (const { key, value } of list) {
    if (key === "e") sources.push({ text: yield* included(t, value!, seen), where: "cmd. line" });
    else if (key === "i" && value !== "inplace") sources.push({ text: yield* named(t, value!, seen), where: value! });
    else if (key === "f") {
      try {
        const text = value === "-" ? decode(yield* sys.readAll(t.p, 0)) : decode(yield* sys.readPath(t.p, value!));
        sources.push({ text: yield* included(t, text, seen), where: value! });
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`fatal: cannot open source file \`${value}' for reading: ${error.message}`, 2);
      }
    }
  }
  if (main()) return sources;
  const text = operands.shift();
  if (text === undefined) return undefined;
  return [...sources, { text: yield* included(t, text, seen), where: "cmd. line" }];
}
