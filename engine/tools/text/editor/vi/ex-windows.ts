/** Ex commands and Ctrl-W for windows, tab pages and buffers. */
import type { Gen } from "../../../../kernel/index.ts";
import { bufferOf, show } from "./buffers.ts";
import type { Line } from "./ex.ts";
import { aboutFile, leave } from "./ex-files.ts";
import { fileName } from "./files.ts";
import { ViError } from "./pattern.ts";
import type { Vi } from "./state.ts";
import * as windows from "./windows.ts";

/** :sp, :vs, :new, :vnew, :sview: a window, with another file when there is a name. */
export function splitWindow(vi: Vi, name: string, line: Line): void {
  const said = vi.message;
  windows.open(vi, /^v/.test(name) ? "width" : "height", line.range.given > 0 ? line.range.last + 1 : undefined);
  vi.message = said;
  inNewWindow(vi, name, line);
}

/** :tabnew, :tabedit. */
export function newTabPage(vi: Vi, line: Line): void {
  windows.openTab(vi);
  inNewWindow(vi, "new", line);
}

function inNewWindow(vi: Vi, name: string, { argument }: Line): void {
  if (argument !== "") {
    const path = fileName(vi, argument);
    if (path === vi.text.path) aboutFile(vi);
    else show(vi, bufferOf(vi, path));
  } else if (/new$/.test(name)) show(vi, bufferOf(vi, undefined));
}

/** :q and :close: the window goes, and with the last one vi. */
export function quitWindow(vi: Vi, force: boolean): void {
  if (
    vi.text.modified &&
    !force &&
    windows.panesWith(vi, vi.text).length === 1 &&
    !(vi.options.on("hidden") && !lastOne(vi))
  )
    throw new ViError("E37: No write since last change (add ! to override)");
  const { text } = vi;
  if (lastOne(vi)) {
    const hidden = vi.buffers.find((one) => one.modified && one !== text);
    if (hidden && !force) {
      show(vi, hidden, { hide: true });
      throw new ViError(
        `E37: No write since last change\nE162: No write since last change for buffer "${hidden.path ?? "[No Name]"}"`,
      );
    }
    leave(vi, force);
    return;
  }
  if (force && windows.panesWith(vi, text).length === 1) text.modified = false;
  if (windows.panesWith(vi, text).length === 1 && !vi.options.on("hidden")) text.loaded = false;
  windows.close(vi);
}

function lastOne(vi: Vi): boolean {
  return vi.tabs.length === 1 && vi.tab.root.kind === "leaf";
}

/** :close: as :q, but never the last window. */
export function closeWindow(vi: Vi, force: boolean): void {
  if (lastOne(vi)) throw new ViError("E444: Cannot close last window");
  quitWindow(vi, force);
}

/** :tabnext, :tabprevious, :tabfirst, :tablast, :tabclose, :tabonly. */
export function tabCommand(vi: Vi, name: string, { argument, bang }: Line): void {
  const n = Number.parseInt(argument, 10);
  switch (name) {
    case "tabnext":
      windows.toTab(vi, Number.isNaN(n) ? vi.tabAt + 1 : n - 1);
      return;
    case "tabprevious":
    case "tabNext":
      windows.toTab(vi, vi.tabAt - (Number.isNaN(n) ? 1 : n));
      return;
    case "tabfirst":
    case "tabrewind":
      windows.toTab(vi, 0);
      return;
    case "tablast":
      windows.toTab(vi, vi.tabs.length - 1);
      return;
    case "tabclose":
      if (vi.tabs.length === 1) throw new ViError("E784: Cannot close last tab page");
      for (let left = windows.panesOf(vi.tab).length; left > 0; left--) quitWindow(vi, bang);
      return;
    default: {
      const mine = vi.tab;
      for (const tab of [...vi.tabs])
        if (tab !== mine) for (const pane of windows.panesOf(tab)) windows.close(vi, pane);
    }
  }
}

/** :resize and :vertical resize. */
export function resizeCommand(vi: Vi, argument: string, axis: "height" | "width"): void {
  const sign = /^[-+]/.exec(argument)?.[0];
  const n = argument === "" ? 9999 : Number(argument.replace(/^[-+]/, "") || 1);
  windows.sized(vi, axis, sign === undefined ? n : vi.pane[axis] + (sign === "+" ? n : -n));
}

/** Ctrl-W and the key behind it. */
export function* windowKey(
  vi: Vi,
  typed: string,
  count: number | undefined,
  command: (line: string) => Gen<void>,
): Gen<void> {
  const key =
    { "ctrl-h": "h", backspace: "h", down: "j", up: "k", left: "h", right: "l" }[typed] ?? typed.replace(/^ctrl-/, "");
  const { pane } = vi;
  const n = count ?? 1;
  switch (key) {
    case "s":
    case "S":
      return yield* command(`${count ?? ""}sp`);
    case "v":
      return yield* command(`${count ?? ""}vs`);
    case "n":
      return yield* command(`${count ?? ""}new`);
    case "q":
      return yield* command("q");
    case "c":
      return yield* command("close");
    case "o":
      return yield* command("only");
    case "+":
    case "-":
      return windows.sized(vi, "height", pane.height + (key === "+" ? n : -n));
    case ">":
    case "<":
      return windows.sized(vi, "width", pane.width + (key === ">" ? n : -n));
    case "_":
      return windows.sized(vi, "height", count ?? 9999);
    case "|":
      return windows.sized(vi, "width", count ?? 9999);
    case "=":
      return windows.evenly(vi);
    case "^":
      yield* command("sp");
      return yield* command("e #");
    case "w":
    case "W":
    case "t":
    case "b":
    case "p":
    case "h":
    case "j":
    case "k":
    case "l":
      if (!windows.walk(vi, key, count)) vi.beep();
      return;
    case "esc":
      return;
    default:
      vi.beep();
  }
}
