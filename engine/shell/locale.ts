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
