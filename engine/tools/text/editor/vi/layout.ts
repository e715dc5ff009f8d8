/** Where windows stand on the screen: rows and columns of frames, shared out as vim's win_equal() does (src/window.c). */

/** What stands in one place of the screen. */
export interface Leaf {
  height: number;
  width: number;
}

/** A window, or several beside (`row`) or above (`column`) each other. Sizes count status lines and separators. */
export interface Frame<Pane extends Leaf> {
  kind: "leaf" | "row" | "column";
  pane: Pane | undefined;
  parts: Frame<Pane>[];
  parent: Frame<Pane> | undefined;
  height: number;
  width: number;
}

type Axis = "height" | "width";

/** Columns that the current window has at the least, if they are there ('winwidth'). */
const WIN_WIDTH = 20;

export function leaf<Pane extends Leaf>(pane: Pane, parent?: Frame<Pane>): Frame<Pane> {
  return { kind: "leaf", pane, parts: [], parent, height: 0, width: 0 };
}

/** All windows, from the top left to the bottom right. */
export function leaves<Pane extends Leaf>(frame: Frame<Pane>): Frame<Pane>[] {
  return frame.kind === "leaf" ? [frame] : frame.parts.flatMap(leaves);
}

const kindOf = (axis: Axis) => (axis === "height" ? "column" : "row");

/** Puts a window before or behind another, along an axis. */
export function split<Pane extends Leaf>(at: Frame<Pane>, pane: Pane, axis: Axis, behind: boolean): Frame<Pane> {
  const kind = kindOf(axis);
  const { parent } = at;
  if (parent?.kind === kind) {
    const fresh = leaf(pane, parent);
    parent.parts.splice(parent.parts.indexOf(at) + (behind ? 1 : 0), 0, fresh);
    return fresh;
  }
  // The frame becomes one of two.
  const moved: Frame<Pane> = { ...at, parent: at };
  for (const part of moved.parts) part.parent = moved;
  const fresh = leaf(pane, at);
  at.kind = kind;
  at.pane = undefined;
  at.parts = behind ? [moved, fresh] : [fresh, moved];
  return fresh;
}

/** Takes a window away; the one whose place grows, which becomes the current one. Undefined for the last window. */
export function take<Pane extends Leaf>(frame: Frame<Pane>, backwards: boolean): Frame<Pane> | undefined {
  const { parent } = frame;
  if (parent === undefined) return undefined;
  const at = parent.parts.indexOf(frame);
  const [next, before] = [parent.parts[at + 1], parent.parts[at - 1]];
  const heir = (backwards ? (before ?? next) : (next ?? before))!;
  parent.parts.splice(at, 1);
  heir[parent.kind === "row" ? "width" : "height"] += frame[parent.kind === "row" ? "width" : "height"];
  const grown = leaves(heir)[0]!.pane!;
  if (parent.parts.length === 1) dissolve(parent);
  return leaves(root(parent)).find((one) => one.pane === grown);
}

/** A frame with one part is that part, and parts of its parent's kind are the parent's own. */
function dissolve<Pane extends Leaf>(frame: Frame<Pane>): void {
  const [only] = frame.parts;
  frame.kind = only!.kind;
  frame.pane = only!.pane;
  frame.parts = only!.parts;
  for (const part of frame.parts) part.parent = frame;
  const { parent } = frame;
  if (parent === undefined || frame.kind !== parent.kind) return;
  parent.parts.splice(parent.parts.indexOf(frame), 1, ...frame.parts);
  for (const part of frame.parts) part.parent = parent;
}

function root<Pane extends Leaf>(frame: Frame<Pane>): Frame<Pane> {
  return frame.parent === undefined ? frame : root(frame.parent);
}

/** A line parts the frame from what stands to its right. */
export function parted<Pane extends Leaf>(frame: Frame<Pane>): boolean {
  for (let at = frame; at.parent; at = at.parent)
    if (at.parent.kind === "row" && at.parent.parts.at(-1) !== at) return true;
  return false;
}

/** The status line goes on into that of the window to the right. */
export function connected<Pane extends Leaf>(frame: Frame<Pane>): boolean {
  for (let at = frame; at.parent; at = at.parent) {
    const last = at.parent.parts.at(-1) === at;
    if (last) continue;
    return at.parent.kind === "row";
  }
  return false;
}

/** Rows or columns of a window that are not its text's: the status line, the separator. */
export type Extra<Pane extends Leaf> = (frame: Frame<Pane>, axis: Axis) => number;

function least<Pane extends Leaf>(
  frame: Frame<Pane>,
  axis: Axis,
  extra: Extra<Pane>,
  current: Pane | undefined,
): number {
  if (frame.kind === "leaf") return (axis === "width" && frame.pane === current ? WIN_WIDTH : 1) + extra(frame, axis);
  const sizes = frame.parts.map((part) => least(part, axis, extra, current));
  return frame.kind === kindOf(axis) ? sizes.reduce((a, b) => a + b, 0) : Math.max(...sizes);
}

/** Gives a frame a size, and its windows equal shares of it along the axes told; along others the last ones give way. */
export function equalize<Pane extends Leaf>(
  frame: Frame<Pane>,
  size: { height: number; width: number },
  axes: readonly Axis[],
  current: Pane,
  extra: Extra<Pane>,
): void {
  Object.assign(frame, size);
  if (frame.kind === "leaf") {
    frame.pane!.height = Math.max(1, size.height - extra(frame, "height"));
    frame.pane!.width = Math.max(1, size.width - extra(frame, "width"));
    return;
  }
  const axis: Axis = frame.kind === "row" ? "width" : "height";
  const shares = axes.includes(axis)
    ? equalShares(frame, axis, size[axis], current, extra)
    : kept(frame, axis, size[axis]);
  for (const [i, part] of frame.parts.entries()) equalize(part, { ...size, [axis]: shares[i]! }, axes, current, extra);
}

function kept<Pane extends Leaf>(frame: Frame<Pane>, axis: Axis, whole: number): number[] {
  const sizes = frame.parts.map((part) => part[axis]);
  let missing = whole - sizes.reduce((a, b) => a + b, 0);
  for (let i = sizes.length - 1; i >= 0 && missing !== 0; i--) {
    const now = Math.max(2, sizes[i]! + missing);
    missing -= now - sizes[i]!;
    sizes[i] = now;
  }
  return sizes;
}

function equalShares<Pane extends Leaf>(
  frame: Frame<Pane>,
  axis: Axis,
  whole: number,
  current: Pane,
  extra: Extra<Pane>,
): number[] {
  const most = axis === "width" ? WIN_WIDTH : 1;
  const has = (one: Frame<Pane>) => leaves(one).some((each) => each.pane === current);
  const edge = extra(leaves(frame).at(-1)!, axis) === 0 ? 1 : 0;
  let count = Math.floor((least(frame, axis, extra, undefined) + edge) / 2);
  let room = whole - least(frame, axis, extra, current);
  let own = 0;
  if (room < 0) {
    own = most + room;
    room = 0;
  } else if (has(frame)) {
    own = most;
    if (count > 1 && Math.floor((room + count - 2) / (count - 1)) > most) {
      own = Math.floor((room + most + (count - 1) + (count >> 1)) / count);
      room -= own - most;
    }
  }
  if (has(frame)) count--;
  let left = whole;
  return frame.parts.map((part, i) => {
    if (i === frame.parts.length - 1) return left;
    const low = least(part, axis, extra, undefined);
    let windows = Math.floor((low + (extra(leaves(part).at(-1)!, axis) === 0 ? 1 : 0)) / 2);
    if (has(part)) windows--;
    let size = count === 0 ? room : Math.floor((windows * room + (count >> 1)) / count);
    if (has(part)) {
      own -= most - (least(part, axis, extra, current) - low);
      size += own;
      room -= size - own;
    } else room -= size;
    size += low;
    left -= size;
    count -= windows;
    return size;
  });
}

/** Makes a window as tall or wide as told: those behind it give way or grow, then those before it. */
export function resize<Pane extends Leaf>(frame: Frame<Pane>, axis: Axis, size: number, extra: Extra<Pane>): void {
  let at = frame;
  while (at.parent && at.parent.kind !== kindOf(axis)) at = at.parent;
  const { parent } = at;
  if (parent === undefined) return;
  const low = (one: Frame<Pane>) => least(one, axis, extra, undefined);
  const others = parent.parts.filter((one) => one !== at);
  const most = parent[axis] - others.reduce((sum, one) => sum + low(one), 0);
  let grow = Math.max(low(at), Math.min(most, size + extra(frame, axis))) - at[axis];
  at[axis] += grow;
  const here = parent.parts.indexOf(at);
  for (const one of [...parent.parts.slice(here + 1), ...parent.parts.slice(0, here).reverse()]) {
    const by = Math.max(low(one), one[axis] - grow) - one[axis];
    one[axis] += by;
    grow += by;
    if (grow === 0) break;
  }
}
