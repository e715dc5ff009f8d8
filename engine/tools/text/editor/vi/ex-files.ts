/** Ex commands that write, open and leave files. */
import { bufferOf, show } from "./buffers.ts";
import type { Line } from "./ex.ts";
import { fileName, openFile, writeFile } from "./files.ts";
import { ViError } from "./pattern.ts";
import type { Vi } from "./state.ts";
import { panesWith, within } from "./windows.ts";

export function write(vi: Vi, line: Line, ranged: boolean): void {
  const append = line.argument.startsWith(">>");
  const name = append ? line.argument.slice(2) : line.argument;
  writeFile(vi, {
    path: name.trim() === "" ? undefined : fileName(vi, name),
    force: line.bang,
    rows: ranged ? line.rows : undefined,
    append,
  });
}

/** :wa: every text that was changed; the first that cannot be written ends it. */
export function writeAll(vi: Vi, force: boolean): void {
  for (const text of vi.buffers) {
    if (!text.modified) continue;
    const pane = panesWith(vi, text)[0] ?? vi.pane;
    within(vi, pane, () => {
      const { text: shown } = vi;
      vi.text = text;
      try {
        writeFile(vi, { path: undefined, force });
      } finally {
        vi.text = shown;
      }
    });
  }
}

/** Leaves; other files of the command line must have been seen. */
export function leave(vi: Vi, force: boolean): void {
  const left = vi.files.length - 1 - vi.fileAt;
  if (left > 0 && !force && !vi.warned) {
    vi.warned = true;
    throw new ViError(left === 1 ? "E173: 1 more file to edit" : `E173: ${left} more files to edit`);
  }
  vi.status = 0;
}

export function edit(vi: Vi, argument: string, force: boolean): void {
  const { text } = vi;
  if (argument === "#" && vi.alternate === undefined) throw new ViError("E23: No alternate file");
  const path = argument === "" ? text.path : fileName(vi, argument);
  if (path !== undefined && path !== text.path) {
    show(vi, bufferOf(vi, path), { force });
    return;
  }
  if (text.modified && !force) throw new ViError("E37: No write since last change (add ! to override)");
  if (path === undefined) throw new ViError("E32: No file name");
  const { row } = text;
  openFile(vi, path);
  vi.goTo({ row, column: 0 });
}

export function nextFile(vi: Vi, at: number, force: boolean): void {
  if (vi.files.length <= 1 && at !== 0) throw new ViError("E163: There is only one file to edit");
  if (at < 0) throw new ViError("E164: Cannot go before first file");
  if (at >= vi.files.length) throw new ViError("E165: Cannot go beyond last file");
  if (vi.text.modified && !force) throw new ViError("E37: No write since last change (add ! to override)");
  vi.fileAt = at;
  edit(vi, vi.files[at]!, force);
}

/** Ctrl-G. */
export function aboutFile(vi: Vi): void {
  const { text } = vi;
  const flags = `${text.modified ? " [Modified]" : ""}${text.notEdited ? "[Not edited]" : ""}${!text.existed && !text.notEdited && text.path !== undefined ? "[New]" : ""}${vi.options.on("readonly") ? "[readonly]" : ""}`;
  const empty = text.lines.length === 1 && text.line === "";
  const where = empty
    ? "--No lines in buffer--"
    : `${text.lines.length} line${text.lines.length === 1 ? "" : "s"} --${Math.floor((100 * (text.row + 1)) / text.lines.length)}%--`;
  vi.say(`"${text.path ?? "[No Name]"}"${flags === "" ? "" : flags.startsWith(" ") ? flags : ` ${flags}`} ${where}`);
}
