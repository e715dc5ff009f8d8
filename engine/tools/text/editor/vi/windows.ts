/** vi's windows and tab pages: which there are, which is the current one, and how they change (src/window.c). */
import { connected, type Extra, equalize, type Frame, leaf, leaves, parted, resize, split, take } from "./layout.ts";
import { type Held, LOCAL_TO_WINDOW } from "./options.ts";
import { plainRows } from "./paint.ts";
import { ViError } from "./pattern.ts";
import type { Vi } from "./state.ts";
import type { Place, ViText } from "./text.ts";

/** How finely the cursor's place within a window is kept (FRACTION_MULT). */
const FINE = 16_384;

/** A window: what it shows of which text, while another is the current one. */
export class Pane {
  text: ViText;
  height = 0;
  width = 0;
  place: Place = { row: 0, column: 0 };
  top = 0;
  left = 0;
  wanted: number | undefined;
  options: Held = [];
  /** Row of the window that the cursor was last shown in. */
  shownAt = 0;
  /** Where in the window the cursor is to stay when it becomes taller or less tall, and the row that this came to. */
  fraction = 0;
  fractionRow = -1;

  constructor(text: ViText) {
    this.text = text;
  }
}

export interface Tab {
  root: Frame<Pane>;
  current: Pane;
  previous: Pane | undefined;
}

export function newTab(pane: Pane): Tab {
  return { root: leaf(pane), current: pane, previous: undefined };
}

export function frameOf(vi: Vi, pane: Pane = vi.pane): Frame<Pane> {
  return leaves(vi.tab.root).find((one) => one.pane === pane)!;
}

export function panesOf(tab: Tab): Pane[] {
  return leaves(tab.root).map((one) => one.pane!);
}

/** All windows that show a text, on whatever tab page. */
export function panesWith(vi: Vi, text: ViText): Pane[] {
  return vi.tabs.flatMap(panesOf).filter((pane) => pane.text === text);
}

/** The window has a status line ('laststatus'). */
export function hasStatus(vi: Vi, frame: Frame<Pane>): boolean {
  const wish = vi.options.number("laststatus");
  if (wish !== 0) return wish >= 2 || vi.tab.root.kind !== "leaf";
  for (let at = frame; at.parent; at = at.parent)
    if (at.parent.kind === "column" && at.parent.parts.at(-1) !== at) return true;
  return false;
}

function extraOf(vi: Vi): Extra<Pane> {
  return (frame, axis) => Number(axis === "height" ? hasStatus(vi, frame) : parted(frame));
}

/** Rows of the line that names the tab pages. */
export function tabLine(vi: Vi): number {
  return vi.tabs.length > 1 ? 1 : 0;
}

/** Shares the screen out anew: when a window came or went, or the screen or the status lines changed. */
export function arrange(vi: Vi, axes: readonly ("height" | "width")[] = []): void {
  const size = { height: vi.terminal.rows - 1 - tabLine(vi), width: vi.terminal.columns };
  const before = new Map(panesOf(vi.tab).map((pane) => [pane, pane.height]));
  equalize(vi.tab.root, size, axes, vi.pane, extraOf(vi));
  for (const [pane, height] of before) if (height > 0 && pane.height !== height) keepCursor(vi, pane, height);
}

/** A window's height changed: the cursor stays about where it was in it (scroll_to_fraction()). */
function keepCursor(vi: Vi, pane: Pane, height: number): void {
  within(vi, pane, () => {
    if (pane.shownAt !== pane.fractionRow && height > 1)
      pane.fraction = Math.floor((pane.shownAt * FINE + Math.floor(height / 2)) / height);
    if (pane.height >= vi.text.lines.length && vi.top === 0) return;
    let row = Math.floor((pane.fraction * pane.height - 1) / FINE);
    let at = vi.text.row;
    let above = Math.max(0, row);
    while (above > 0 && at > 0) {
      const size = plainRows(vi, at - 1);
      if (size > above) break;
      above -= size;
      at--;
    }
    row -= above;
    vi.top = at;
    pane.fractionRow = Math.max(0, row);
    pane.shownAt = pane.fractionRow;
  });
}

/** Puts aside what the current window shows. */
function keep(vi: Vi): void {
  const { pane } = vi;
  pane.text = vi.text;
  pane.place = vi.place;
  pane.top = vi.top;
  pane.left = vi.left;
  pane.wanted = vi.wanted;
  pane.options = vi.options.held(LOCAL_TO_WINDOW);
  vi.text.at = vi.place;
  vi.text.options = vi.options.heldOfBuffer();
}

function bring(vi: Vi, pane: Pane): void {
  vi.tab.current = pane;
  vi.text = pane.text;
  vi.goTo(pane.place);
  vi.top = pane.top;
  vi.left = pane.left;
  vi.wanted = pane.wanted;
  vi.options.hold(LOCAL_TO_WINDOW, pane.options);
  if (vi.text.options) vi.options.holdOfBuffer(vi.text.options);
}

/** Looks at or draws another window as if it were the current one. */
export function within<T>(vi: Vi, pane: Pane, look: () => T): T {
  const { pane: mine } = vi;
  if (pane === mine) return look();
  const { mode, visual } = vi;
  keep(vi);
  bring(vi, pane);
  vi.mode = "normal";
  vi.visual = undefined;
  try {
    return look();
  } finally {
    keep(vi);
    bring(vi, mine);
    vi.mode = mode;
    vi.visual = visual;
  }
}

/** Goes to another window of the tab page. */
export function enter(vi: Vi, pane: Pane): void {
  if (pane === vi.pane) return;
  keep(vi);
  vi.tab.previous = vi.pane;
  if (pane.text !== vi.text) vi.visual = undefined;
  bring(vi, pane);
}

/** Opens a window on the text beside the current one, and goes there; `size`: its rows or columns. */
export function open(vi: Vi, axis: "height" | "width", size?: number): void {
  const { pane: old } = vi;
  const frame = frameOf(vi);
  if (axis === "height" && old.height < (hasStatus(vi, frame) ? 3 : 4)) throw new ViError("E36: Not enough room");
  keep(vi);
  const fresh = new Pane(vi.text);
  Object.assign(fresh, old);
  const behind = vi.options.on(axis === "height" ? "splitbelow" : "splitright");
  split(frame, fresh, axis, behind);
  vi.tab.previous = old;
  bring(vi, fresh);
  arrange(vi, [axis]);
  if (size !== undefined) sized(vi, axis, size);
}

/** Makes the current window so tall or wide. */
export function sized(vi: Vi, axis: "height" | "width", size: number): void {
  if (vi.tab.root.kind === "leaf") return;
  resize(frameOf(vi), axis, size, extraOf(vi));
  arrange(vi);
}

/** Equal windows again (Ctrl-W =). */
export function evenly(vi: Vi): void {
  arrange(vi, ["height", "width"]);
}

/** Takes a window away; false for the last one there is. */
export function close(vi: Vi, pane: Pane = vi.pane): boolean {
  const tab = vi.tabs.find((one) => panesOf(one).includes(pane))!;
  const frame = leaves(tab.root).find((one) => one.pane === pane)!;
  if (frame.parent === undefined) {
    if (vi.tabs.length === 1) return false;
    keep(vi);
    const at = vi.tabs.indexOf(tab);
    vi.tabs.splice(at, 1);
    if (tab === vi.tab || !vi.tabs.includes(vi.tab)) vi.tabAt = Math.min(at, vi.tabs.length - 1);
    else vi.tabAt = vi.tabs.indexOf(vi.tab);
    bring(vi, vi.tab.current);
    arrange(vi);
    return true;
  }
  const axis = frame.parent.kind === "row" ? "width" : "height";
  keep(vi);
  const heir = take(frame, vi.options.on("splitbelow") || vi.options.on("splitright"))!.pane!;
  if (tab.previous === pane) tab.previous = undefined;
  if (tab.current === pane) tab.current = heir;
  bring(vi, vi.tab.current);
  arrange(vi, [axis]);
  return true;
}

/** Only the current window is left of the tab page. */
export function only(vi: Vi): void {
  if (vi.tab.root.kind === "leaf") {
    vi.say("Already only one window");
    return;
  }
  for (const pane of panesOf(vi.tab))
    if (pane !== vi.pane) {
      if (
        pane.text.modified &&
        pane.text !== vi.text &&
        panesWith(vi, pane.text).length === 1 &&
        !vi.options.on("hidden")
      )
        throw new ViError("E445: Other window contains changes");
      close(vi, pane);
    }
}

/** A tab page more, behind the current one, with a window on the text. */
export function openTab(vi: Vi): void {
  keep(vi);
  const fresh = new Pane(vi.text);
  Object.assign(fresh, vi.pane, { height: 0, width: 0 });
  vi.tabs.splice(vi.tabAt + 1, 0, newTab(fresh));
  vi.tabAt++;
  bring(vi, fresh);
  arrange(vi);
}

/** Goes to a tab page, counted from 0. */
export function toTab(vi: Vi, at: number): void {
  const n = vi.tabs.length;
  keep(vi);
  vi.tabAt = ((at % n) + n) % n;
  bring(vi, vi.tab.current);
  arrange(vi);
}

/** Where a window begins on the screen. */
export function originOf(vi: Vi, frame: Frame<Pane>): { row: number; column: number } {
  const { parent } = frame;
  if (parent === undefined) return { row: tabLine(vi), column: 0 };
  const at = originOf(vi, parent);
  for (const part of parent.parts) {
    if (part === frame) break;
    if (parent.kind === "column") at.row += part.height;
    else at.column += part.width;
  }
  return at;
}

/** Ctrl-W and a direction: the window there, as seen from the cursor. */
function beside(vi: Vi, key: string, cursorColumn: number): Pane | undefined {
  const mine = frameOf(vi);
  const from = originOf(vi, mine);
  const point = {
    row: key === "j" ? from.row + mine.height : key === "k" ? from.row - 1 : from.row + vi.pane.shownAt,
    column: key === "l" ? from.column + mine.width : key === "h" ? from.column - 1 : from.column + cursorColumn,
  };
  return leaves(vi.tab.root).find((one) => {
    const { row, column } = originOf(vi, one);
    return (
      point.row >= row && point.row < row + one.height && point.column >= column && point.column < column + one.width
    );
  })?.pane;
}

/** Goes to a window as Ctrl-W and a key tell; false for a key that goes nowhere. */
export function walk(vi: Vi, key: string, count: number | undefined): boolean {
  const all = panesOf(vi.tab);
  const at = all.indexOf(vi.pane);
  let to: Pane | undefined;
  if (key === "w" || key === "W")
    to =
      count === undefined
        ? all[(at + (key === "w" ? 1 : all.length - 1)) % all.length]
        : all[Math.min(count, all.length) - 1];
  else if (key === "t") to = all[0];
  else if (key === "b") to = all.at(-1);
  else if (key === "p") to = vi.tab.previous;
  else
    for (let i = 0; i < (count ?? 1); i++) {
      const next = beside(vi, key, vi.cursorColumn);
      if (next === undefined) break;
      to = next;
      enter(vi, next);
    }
  if (to === undefined || all.length === 1) return false;
  enter(vi, to);
  return true;
}

export { connected, parted };
