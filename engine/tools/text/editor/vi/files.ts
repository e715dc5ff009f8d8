/** Reading and writing files, as :w, :e and :r have it. */
import { decode, encode } from "../../../../kernel/index.ts";
import { isErrno } from "../../../../machine/errno.ts";
import { mayAccess, WRITE } from "../../../../machine/path.ts";
import * as sys from "../../../../machine/sys.ts";
import { ViError } from "./pattern.ts";
import type { Vi } from "./state.ts";

/** "name" 3L, 20B. */
function size(path: string, lines: number, bytes: number): string {
  return `"${path}" ${lines}L, ${bytes}B`;
}

/** A name with % and # put in, and ~ for the home. */
export function fileName(vi: Vi, text: string): string {
  const put = (name: string | undefined) => {
    if (name === undefined) throw new ViError("E499: Empty file name for '%' or '#', only works with \":p:h\"");
    return name;
  };
  let out = text.trim().replace(/\\ /g, " ");
  out = out.replace(/(\\?)([%#])/g, (_all, slash: string, char: string) =>
    slash ? char : put(char === "%" ? vi.text.path : vi.alternate),
  );
  return out.replace(/^~(?=\/|$)/, vi.p.env.get("HOME") ?? "~");
}

/** Loads a file in place of the text, and says what it is. */
export function openFile(vi: Vi, path: string): void {
  const { text } = vi;
  text.forget();
  text.lines = [""];
  text.row = text.column = 0;
  text.modified = false;
  text.existed = false;
  vi.options.put("readonly", vi.readOnly);
  vi.top = 0;
  vi.wanted = undefined;
  try {
    text.load(vi.p, path);
    text.none =
      text.lines.length === 1 && text.line === "" && (!text.existed || sys.readBytes(vi.p, path).length === 0);
    vi.options.put("fileformat", "unix");
    for (const mark of ["'", '"', "["]) text.marks.set(mark, { row: 0, column: 0 });
    text.marks.set("]", { row: text.lines.length - 1, column: 0 });
    const folder = /^(.*)\/[^/]*$/.exec(path)?.[1];
    const noFolder = folder !== undefined && folder !== "" && sys.find(vi.p, folder) === undefined;
    if (!text.existed) vi.say(`"${path}" [New${noFolder ? " DIRECTORY" : ""}]`);
    else {
      const bytes = sys.readBytes(vi.p, path);
      const dos =
        text.lines.every((line, i) => line.endsWith("\r") || (i === text.lines.length - 1 && line === "")) &&
        bytes.length > 0;
      if (dos) {
        text.lines = text.lines.map((line) => line.replace(/\r$/, ""));
        vi.options.put("fileformat", "dos");
      }
      const readOnly = !mayWrite(vi, path);
      if (readOnly) vi.options.put("readonly", true);
      const noEnd = bytes.length > 0 && bytes.at(-1) !== 10;
      const tags = `${vi.options.on("readonly") ? " [readonly]" : ""}${noEnd ? " [noeol]" : ""}${dos ? " [dos]" : ""}`;
      vi.say(
        tags === ""
          ? size(path, bytes.length === 0 ? 0 : text.lines.length, bytes.length)
          : `"${path}"${tags} ${bytes.length === 0 ? 0 : text.lines.length}L, ${bytes.length}B`,
      );
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (error.code === "EISDIR") vi.say(`"${path}" is a directory`);
    else {
      text.existed = true;
      vi.options.put("readonly", true);
      vi.say(`"${path}" [Permission Denied]`);
    }
  }
  const type = /\.ya?ml$/.test(path)
    ? "yaml"
    : /\.json$/.test(path)
      ? "json"
      : /\.sh$/.test(path) || /^#!.*sh/.test(text.lines[0]!)
        ? "sh"
        : /(^|\/)crontab\.[^/]*$/.test(path)
          ? "crontab"
          : /\.(conf|cfg)$/.test(path)
            ? "conf"
            : "";
  const kubectl = /kubectl-edit-.*\.yaml$/.test(path);
  vi.options.put("filetype", kubectl ? "yaml" : type);
  if (vi.fileIndent && vi.options.get("filetype") === "yaml") {
    vi.options.put("expandtab", true);
    vi.options.put("shiftwidth", 2);
    vi.options.put("softtabstop", 2);
  }
}

function mayWrite(vi: Vi, path: string): boolean {
  const node = sys.find(vi.p, path);
  return node === undefined || mayAccess(node, vi.p.cred, WRITE);
}

export interface Write {
  path: string | undefined;
  force: boolean;
  rows?: { first: number; last: number } | undefined;
  append?: boolean;
}

/** Writes the text, or some lines of it. Says what was written; throws ViError. */
export function writeFile(vi: Vi, how: Write): void {
  const { text, p } = vi;
  const target = how.path ?? text.path;
  if (target === undefined) throw new ViError("E32: No file name");
  const own = how.path === undefined || how.path === text.path;
  if (vi.options.on("readonly") && !how.force && own)
    throw new ViError("E45: 'readonly' option is set (add ! to override)");
  const there = sys.find(p, target);
  if (how.append && there === undefined && !how.force)
    throw new ViError(`"${target}"\n"${target}" E212: Can't open file for writing`);
  if (how.path !== undefined && !own && there !== undefined && !how.force && !how.append)
    throw new ViError("E13: File exists (add ! to override)");
  if (there?.kind === "dir") throw new ViError(`E502: "${target}" is a directory`);
  const lines = how.rows ? text.lines.slice(how.rows.first, how.rows.last + 1) : text.lines;
  const end = vi.options.get("fileformat") === "dos" ? "\r\n" : "\n";
  const empty = text.none;
  const bytes = empty ? new Uint8Array(0) : encode(lines.map((line) => line + end).join(""));
  try {
    if (how.append && there !== undefined) sys.writeText(p, target, decode(sys.readBytes(p, target)) + decode(bytes));
    else sys.writeText(p, target, bytes);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new ViError(`"${target}"\n"${target}" E212: Can't open file for writing`);
  }
  if (how.rows === undefined && (own || text.path === undefined)) {
    text.path = target;
    text.modified = false;
    text.existed = true;
    if (how.force) vi.options.put("readonly", false);
  } else if (text.path === undefined && how.rows === undefined) text.path = target;
  vi.say(
    `"${target}"${there === undefined ? " [New]" : ""}${vi.options.get("fileformat") === "dos" ? "[dos]" : ""} ${empty ? 0 : lines.length}L, ${bytes.length}B ${how.append ? "appended" : "written"}`,
  );
}

/** Lines of a file for :r. Throws ViError. */
export function readLines(vi: Vi, path: string): string[] {
  try {
    const content = sys.readText(vi.p, path);
    const lines = content === "" ? [] : content.replace(/\n$/, "").split("\n");
    vi.say(size(path, lines.length, sys.readBytes(vi.p, path).length));
    return lines;
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new ViError(error.code === "EISDIR" ? `"${path}" is a directory` : `E484: Can't open file ${path}`);
  }
}
