import type { Gen } from "../../kernel/index.ts";
import { hasGlob, pattern } from "../pattern.ts";
import type { Shell } from "../shell.ts";
import { type Builtin, builtins } from "./index.ts";
import { put } from "./output.ts";
import { SPECIAL } from "./special.ts";
import { HEADLINES, USAGE } from "./topics.ts";
import { badOption, parseOptions } from "./usage.ts";

const INTRODUCTION = [
  "GNU bash, version 5.2.37(1)-release (x86_64-pc-linux-gnu)",
  "These shell commands are defined internally.  Type `help' to see this list.",
  "Type `help name' to find out more about the function `name'.",
  "Use `info bash' to find out more about the shell in general.",
  "Use `man -k' or `info' to find out more about commands not in this list.",
  "",
  "A star (*) next to a name means that the command is disabled.",
  "",
  "",
].join("\n");

/** All synopses in two columns, cut where they are too long. */
function table(sh: Shell): string {
  const width = Math.floor((Number(sh.get("COLUMNS")) || 80) / 2);
  const names = Object.keys(USAGE);
  const height = Math.ceil(names.length / 2);
  const cell = (name: string | undefined, room: number): string => {
    if (name === undefined) return "";
    const text = `${sh.disabledBuiltins.has(name) ? "*" : " "}${USAGE[name]}`;
    return text.length > room ? `${text.slice(0, room)}>` : text;
  };
  let out = "";
  for (let i = 0; i < height; i++)
    out += `${cell(names[i], width - 2).padEnd(width)}${cell(names[i + height], width - 3)}\n`;
  return out;
}

/** Topics of a name or pattern; those that it begins when none is called so. */
function topicsOf(word: string): string[] {
  const names = Object.keys(USAGE);
  const exact = names.filter((name) => name === word || pattern(word).matches(name));
  return exact.length > 0 ? exact : names.filter((name) => name.startsWith(word));
}

/** What `help NAME` shows: synopsis and headline, in the form of a manual page with `-m`. */
function page(name: string, how: { short: boolean; line: boolean; manual: boolean }): string {
  if (how.line) return `${name} - ${HEADLINES[name]}\n`;
  if (how.manual)
    return `NAME\n    ${name} - ${HEADLINES[name]}\n\nSYNOPSIS\n    ${USAGE[name]}\n\nDESCRIPTION\n    ${HEADLINES[name]}\n\nSEE ALSO\n    bash(1)\n\n`;
  return `${name}: ${USAGE[name]}\n${how.short ? "" : `    ${HEADLINES[name]}\n`}`;
}

const help: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, "dms");
  if (parsed.bad) return yield* badOption(sh, "help", parsed.bad);
  if (parsed.rest.length === 0) {
    yield* sh.writeTo(1, INTRODUCTION + table(sh));
    return 0;
  }
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  let text = "";
  if (hasGlob(parsed.rest[0]!, true))
    text = `Shell commands matching keyword${parsed.rest.length > 1 ? "s" : ""} \`${parsed.rest.join(", ")}'\n\n`;
  let found = false;
  let last = "";
  for (const word of parsed.rest) {
    const topics = topicsOf(word);
    found ||= topics.length > 0;
    last = word;
    text += topics.map((name) => page(name, { short: has("s"), line: has("d"), manual: has("m") })).join("");
  }
  if (!found) {
    yield* sh.complain(
      `help: no help topics match \`${last}'.  Try \`help help' or \`man -k ${last}' or \`info ${last}'.`,
    );
    return 1;
  }
  // What cannot be written is not told.
  yield* sh.writeTo(1, text);
  return 0;
};

function* listBuiltins(sh: Shell, has: (letter: string) => boolean): Gen<number> {
  const names = [...builtins.keys()].sort().filter((name) => !has("s") || SPECIAL.has(name));
  const lines = names.map((name) => {
    const off = sh.disabledBuiltins.has(name);
    return !has("a") && off !== has("n") ? "" : `enable ${off ? "-n " : ""}${name}\n`;
  });
  return yield* put(sh, "enable", lines.join(""));
}

const enable: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, "adnpsf:");
  if (parsed.bad) return yield* badOption(sh, "enable", parsed.bad);
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  const names = parsed.rest;
  if (names.length === 0 || has("p")) return yield* listBuiltins(sh, has);
  if (sh.restricted && has("f")) {
    yield* sh.complain("enable: restricted");
    return 1;
  }
  const object = parsed.options.find((option) => option.letter === "f")?.value;
  if (object !== undefined) {
    const why = `${object}: cannot open shared object file: No such file or directory`;
    yield* sh.complain(`enable: cannot open shared object ${object}: ${why}`);
    return 1;
  }
  let status = 0;
  for (const name of names) {
    if (!builtins.has(name) || has("d")) {
      yield* sh.complain(`enable: ${name}: not ${builtins.has(name) ? "dynamically loaded" : "a shell builtin"}`);
      status = 1;
    } else if (has("n")) sh.disabledBuiltins.add(name);
    else sh.disabledBuiltins.delete(name);
  }
  return status;
};

export const helpBuiltins: Record<string, Builtin> = { enable, help };
