import { byteText, encode } from "../kernel/index.ts";
import { rejoin } from "./quote.ts";
import type { Shell } from "./shell.ts";

const FOREIGN = /[^\x00-\x7f]/;

/** True where the locale is said to be C or POSIX: characters are bytes then. Every other one is taken for UTF-8. */
export function countsBytes(sh: Shell): boolean {
  const name = sh.get("LC_ALL") || sh.get("LC_CTYPE") || sh.get("LANG");
  return name === "C" || name === "POSIX";
}

/** A text whose characters are what the shell's locale takes for some: under `LC_ALL=C` the bytes of UTF-8. */
export function inLocale(sh: Shell, text: string): string {
  if (!FOREIGN.test(text) || !countsBytes(sh)) return text;
  return Array.from(encode(text), byteText).join("");
}

/** Edits a text character by character; bytes that make a character again are one. */
export function editInLocale(sh: Shell, text: string, edit: (text: string) => string): string {
  const narrow = inLocale(sh, text);
  return narrow === text ? edit(text) : rejoin(edit(narrow));
}

/** Locales that Debian has without the package `locales`. */
const INSTALLED = /^(?:C|POSIX|C\.(?:UTF|utf)-?8)?$/;
/** Variables that bash takes to the C library at once (`set_locale_var` of locale.c). */
const CATEGORIES = new Set(["LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_MESSAGES", "LC_NUMERIC", "LC_TIME"]);

/** What bash says of a locale that there is not; undefined when all is well. */
export function localeWarning(sh: Shell, name: string, value: string): string | undefined {
  if (!CATEGORIES.has(name) || INSTALLED.test(value) || sh.setup.dialect !== "bash") return undefined;
  if (name !== "LC_ALL" && sh.get("LC_ALL")) return undefined;
  return `warning: setlocale: ${name}: cannot change locale (${value}): No such file or directory`;
}

/** Capitals as towupper(3) gives them, a character for a character. */
export function upperCase(text: string): string {
  const capitals = text.toUpperCase();
  if (capitals.length === text.length) return capitals;
  return Array.from(text, (char) => ([...char.toUpperCase()].length === 1 ? char.toUpperCase() : char)).join("");
}

/** The same of towlower(3). */
export function lowerCase(text: string): string {
  const small = text.toLowerCase();
  return small.length === text.length ? small : Array.from(text, (char) => [...char.toLowerCase()][0]).join("");
}
