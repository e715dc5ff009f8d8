import { isErrno } from "../machine/errno.ts";
import type { Inode } from "../machine/inode.ts";
import { find, readDir } from "../machine/sys.ts";
import { ShellError } from "./control.ts";
import { hasGlob, pattern, splitPatterns } from "./pattern.ts";
import type { Shell } from "./shell.ts";

/** Most names one pattern may give. */
const MAX_NAMES = 100_000;

/** Pathname expansion of one field; without a match the text itself (or nothing, or an error: nullglob, failglob). */
export function globFields(sh: Shell, text: string, patternText: string, out: string[]): void {
  if (!hasGlob(patternText, sh.extglob())) {
    out.push(text);
    return;
  }
  const names = glob(sh, patternText);
  if (names.length > 0) for (const name of names) out.push(name);
  else if (sh.shopts.has("failglob")) throw new ShellError(`no match: ${text}`);
  else if (!sh.shopts.has("nullglob")) out.push(text);
}

/** Paths that match, sorted by code points. */
export function glob(sh: Shell, patternText: string): string[] {
  const absolute = patternText.startsWith("/");
  const star = sh.shopts.has("globstar");
  const parts = patternText
    .split(/\/+/)
    .filter((part, i, all) => part !== "" && !(star && part === "**" && all[i + 1] === "**"));
  const dirOnly = patternText.endsWith("/");
  let found: string[] = [absolute ? "/" : ""];
  for (let i = 0; i < parts.length; i++) {
    const last = i === parts.length - 1;
    const part = parts[i]!;
    const next: string[] = [];
    if (part === "**" && star) {
      // Directories that are matched have no slash behind them here, the written ones do.
      const matched =
        parts.slice(0, i).some((one) => hasGlob(one, sh.extglob())) || /(^|\/)\*\*\/+\*\*$/.test(patternText);
      if (matched && last && !dirOnly) found = found.map((base) => base.replace(/\/$/, ""));
      for (const base of found) descend(sh, base, next, last && !dirOnly, i > 0, last);
    } else if (!hasGlob(part, sh.extglob())) {
      // A backslash before the slash is none of the name's.
      const literal = part.replace(/\\(.|$)/gs, "$1");
      for (const base of found) {
        if (find(sh.p, base + literal, !last || dirOnly))
          next.push(last && !dirOnly ? base + literal : `${base + literal}/`);
      }
    } else for (const base of found) matchIn(sh, base, part, last && !dirOnly, next);
    found = next;
    if (found.length > MAX_NAMES) break;
  }
  const ignored = splitPatterns(sh.get("GLOBIGNORE") ?? "");
  // Behind a matched directory, one that holds another is gone through twice.
  const names = (parts.at(-1) === "**" ? found : [...new Set(found)]).filter(
    (name) => name !== "" && !ignored.some((one) => ignores(sh, one, name)),
  );
  return names.sort(byCodePoint);
}

/** Whether GLOBIGNORE leaves a name out: its patterns match no slash but by one, and go by parts of a path. */
function ignores(sh: Shell, ignored: string, name: string): boolean {
  const [parts, names] = [ignored.split("/"), name.split("/")];
  return (
    parts.length === names.length &&
    parts.every((part, i) => pattern(part, { extglob: sh.extglob() }).matches(names[i]!))
  );
}

/** Order of C.UTF-8. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const high = (code: number) => (code >= 0xd800 && code < 0xe000 ? code + 0x10000 : code);
    return high(x) - high(y);
  }
  return a.length - b.length;
}

function list(sh: Shell, base: string): Map<string, Inode> | undefined {
  try {
    return readDir(sh.p, base === "" ? "." : base);
  } catch (error) {
    if (isErrno(error)) return undefined;
    throw error;
  }
}

function matchIn(sh: Shell, base: string, part: string, last: boolean, out: string[]): void {
  const entries = list(sh, base);
  if (entries === undefined) return;
  const compiled = pattern(part, {
    extglob: sh.extglob(),
    ignoreCase: sh.shopts.has("nocaseglob"),
    period: !sh.shopts.has("dotglob") && (sh.get("GLOBIGNORE") ?? "") === "",
  });
  // The directory itself and the one above it are matched by a dot in the pattern, too.
  const own = /^(?:[@?*+]\((?:[^()]*\|)?)?\\?\./.test(part);
  const dots = own ? pattern(part, { extglob: sh.extglob(), period: true }) : compiled;
  const names = own ? [...entries.keys(), ".", ".."] : entries.keys();
  for (const name of names) {
    const dot = name === "." || name === "..";
    if (dot && (sh.shopts.has("globskipdots") || (sh.get("GLOBIGNORE") ?? "") !== "")) continue;
    if (!(dot ? dots : compiled).matches(name)) continue;
    if (last) out.push(base + name);
    else if (find(sh.p, base + name)?.kind === "dir") out.push(`${base}${name}/`);
  }
}

/** `**`: this directory and all below it (`last`: files too). */
function descend(sh: Shell, base: string, out: string[], last: boolean, below: boolean, ends: boolean): void {
  if (out.length > MAX_NAMES) return;
  if (!last) out.push(base);
  else if (base !== "" && below) out.push(base);
  const entries = list(sh, base);
  if (entries === undefined) return;
  if (base !== "" && !base.endsWith("/")) base += "/";
  for (const [name, node] of entries) {
    if (name.startsWith(".") && !sh.shopts.has("dotglob")) continue;
    if (node.kind === "dir") {
      if (last) out.push(`${base}${name}`);
      descendInto(sh, `${base}${name}/`, out, last, ends);
    } else if (last) out.push(base + name);
    else if (ends && leadsToDirectory(sh, base + name, node)) out.push(`${base}${name}/`);
  }
}

/** Links to directories count as such at the end of a pattern, but are not followed. */
function leadsToDirectory(sh: Shell, path: string, node: Inode): boolean {
  return node.kind === "symlink" && find(sh.p, path)?.kind === "dir";
}

function descendInto(sh: Shell, base: string, out: string[], last: boolean, ends: boolean): void {
  if (out.length > MAX_NAMES) return;
  if (!last) out.push(base);
  for (const [name, node] of list(sh, base) ?? []) {
    if (name.startsWith(".") && !sh.shopts.has("dotglob")) continue;
    if (last) out.push(base + name);
    if (node.kind === "dir") descendInto(sh, `${base}${name}/`, out, last, ends);
    else if (ends && !last && leadsToDirectory(sh, base + name, node)) out.push(`${base}${name}/`);
  }
}
