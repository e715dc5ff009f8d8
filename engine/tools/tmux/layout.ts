/** How the panes of a window share its room: a tree of rows and columns with a line between neighbours. */

export interface Cell<P> {
  /** `leaf`: a pane; `row`: side by side; `column`: one above the other. */
  kind: "leaf" | "row" | "column";
  pane?: P | undefined;
  children: Cell<P>[];
  parent: Cell<P> | undefined;
  x: number;
  y: number;
  width: number;
  height: number;
}

type Axis = "width" | "height";

/** Least columns or rows of a pane. */
const LEAST = 1;

export function leaf<P>(pane: P, width: number, height: number): Cell<P> {
  return { kind: "leaf", pane, children: [], parent: undefined, x: 0, y: 0, width, height };
}

export function leaves<P>(cell: Cell<P>): Cell<P>[] {
  return cell.kind === "leaf" ? [cell] : cell.children.flatMap(leaves);
}

function along(cell: Cell<unknown>, axis: Axis): boolean {
  return cell.kind === (axis === "width" ? "row" : "column");
}

/** Least size of a cell. */
function least(cell: Cell<unknown>, axis: Axis): number {
  if (cell.kind === "leaf") return LEAST;
  const sizes = cell.children.map((child) => least(child, axis));
  if (along(cell, axis)) return sizes.reduce((sum, size) => sum + size, 0) + sizes.length - 1;
  return Math.max(...sizes);
}

/** Makes a cell larger or smaller; what is along the axis is shared among the children one by one (layout_resize_adjust). */
export function adjust(cell: Cell<unknown>, axis: Axis, by: number): void {
  cell[axis] += by;
  if (cell.kind === "leaf") return;
  if (!along(cell, axis)) {
    for (const child of cell.children) adjust(child, axis, by);
    return;
  }
  let left = by;
  while (left !== 0) {
    let moved = false;
    for (const child of cell.children) {
      if (left === 0) break;
      if (left > 0) {
        adjust(child, axis, 1);
        left--;
        moved = true;
      } else if (child[axis] > least(child, axis)) {
        adjust(child, axis, -1);
        left++;
        moved = true;
      }
    }
    if (!moved) return;
  }
}

/** Works out where each cell is. */
export function place(cell: Cell<unknown>): void {
  let { x, y } = cell;
  for (const child of cell.children) {
    child.x = x;
    child.y = y;
    place(child);
    if (cell.kind === "row") x += child.width + 1;
    else y += child.height + 1;
  }
}

/** Fits a window's tree to a size, as far as its panes can be made smaller. */
export function resizeTree(root: Cell<unknown>, width: number, height: number): void {
  adjust(root, "width", Math.max(width, least(root, "width")) - root.width);
  adjust(root, "height", Math.max(height, least(root, "height")) - root.height);
  place(root);
}

export interface SplitOptions {
  sideBySide: boolean;
  /** Columns or rows of the new pane; half by default. */
  size?: number | undefined;
  /** The new pane stands before the old one. */
  before?: boolean;
}

/** Splits a cell for a new pane; the tree's root. Undefined when there is no room (layout_split_pane). */
export function split<P>(root: Cell<P>, cell: Cell<P>, pane: P, options: SplitOptions): Cell<P> | undefined {
  const axis: Axis = options.sideBySide ? "width" : "height";
  const kind = options.sideBySide ? "row" : "column";
  const whole = cell[axis];
  if (whole < LEAST * 2 + 1) return undefined;
  let second =
    options.size === undefined ? ((whole + 1) >> 1) - 1 : options.before ? whole - options.size - 1 : options.size;
  second = Math.max(LEAST, Math.min(whole - 2, second));
  const first = whole - 1 - second;
  const [oldSize, newSize] = options.before ? [second, first] : [first, second];
  const made = leaf(pane, cell.width, cell.height);
  made[axis] = newSize;
  let top = root;
  let { parent } = cell;
  if (parent === undefined || parent.kind !== kind) {
    const group: Cell<P> = { ...cell, kind, pane: undefined, children: [cell], parent };
    if (parent === undefined) top = group;
    else parent.children[parent.children.indexOf(cell)] = group;
    cell.parent = group;
    parent = group;
  }
  adjust(cell, axis, oldSize - cell[axis]);
  made.parent = parent;
  const at = parent.children.indexOf(cell);
  parent.children.splice(options.before ? at : at + 1, 0, made);
  place(top);
  return top;
}

/** Takes a pane's cell away and gives its room to a neighbour; the tree's root, undefined when it was the last. */
export function remove<P>(root: Cell<P>, cell: Cell<P>): Cell<P> | undefined {
  const { parent } = cell;
  if (parent === undefined) return undefined;
  const axis: Axis = parent.kind === "row" ? "width" : "height";
  const at = parent.children.indexOf(cell);
  const heir = parent.children[at === 0 ? 1 : at - 1]!;
  parent.children.splice(at, 1);
  adjust(heir, axis, cell[axis] + 1);
  let top = root;
  if (parent.children.length === 1) {
    heir.parent = parent.parent;
    if (parent.parent === undefined) {
      top = heir;
      top.x = top.y = 0;
    } else parent.parent.children[parent.parent.children.indexOf(parent)] = heir;
    top = merged(top, heir);
  }
  place(top);
  return top;
}

/** A group that came to stand in a group of its own kind becomes part of it. */
function merged<P>(root: Cell<P>, cell: Cell<P>): Cell<P> {
  const { parent } = cell;
  if (parent === undefined || cell.kind !== parent.kind) return root;
  for (const child of cell.children) child.parent = parent;
  parent.children.splice(parent.children.indexOf(cell), 1, ...cell.children);
  return root;
}

/** Moves the border of a pane: `by` is positive to the right or downwards (layout_resize_pane). */
export function moveBorder<P>(cell: Cell<P>, axis: Axis, by: number): boolean {
  let at: Cell<P> = cell;
  while (at.parent !== undefined && !along(at.parent, axis)) at = at.parent;
  const { parent } = at;
  if (parent === undefined) return false;
  const index = parent.children.indexOf(at);
  // The last cell has its border before it.
  const border = index === parent.children.length - 1 ? index - 1 : index;
  const [before, after] = [parent.children[border]!, parent.children[border + 1]!];
  const most = by > 0 ? after[axis] - least(after, axis) : before[axis] - least(before, axis);
  const step = Math.min(Math.abs(by), most) * Math.sign(by);
  if (step === 0) return false;
  adjust(before, axis, step);
  adjust(after, axis, -step);
  let root: Cell<P> = cell;
  while (root.parent !== undefined) root = root.parent;
  place(root);
  return true;
}

/** Makes a pane so large. */
export function setSize<P>(cell: Cell<P>, axis: Axis, size: number): void {
  let at: Cell<P> = cell;
  while (at.parent !== undefined && !along(at.parent, axis)) at = at.parent;
  const { parent } = at;
  if (parent === undefined) return;
  const isLast = parent.children.indexOf(at) === parent.children.length - 1;
  moveBorder(cell, axis, isLast ? at[axis] - size : size - at[axis]);
}

function spread<P>(panes: readonly P[], kind: "row" | "column", width: number, height: number): Cell<P> {
  if (panes.length === 1) return leaf(panes[0]!, width, height);
  const root: Cell<P> = { kind, children: [], parent: undefined, x: 0, y: 0, width, height };
  const axis: Axis = kind === "row" ? "width" : "height";
  const room = (kind === "row" ? width : height) - (panes.length - 1);
  const each = Math.max(LEAST, Math.floor(room / panes.length));
  panes.forEach((pane, i) => {
    const child = leaf(pane, width, height);
    // What is left over goes to the last (layout_spread_cell).
    child[axis] = i === panes.length - 1 ? Math.max(LEAST, room - each * (panes.length - 1)) : each;
    child.parent = root;
    root.children.push(child);
  });
  return root;
}

export const LAYOUTS = ["even-horizontal", "even-vertical", "main-horizontal", "main-vertical", "tiled"] as const;
export type LayoutName = (typeof LAYOUTS)[number];

/** Puts panes in one of the named layouts. `main`: rows or columns of the large pane. */
export function arranged<P>(
  name: LayoutName,
  panes: readonly P[],
  width: number,
  height: number,
  main: { width: number; height: number },
): Cell<P> {
  let root: Cell<P>;
  if (panes.length === 1 || name === "even-horizontal") root = spread(panes, "row", width, height);
  else if (name === "even-vertical") root = spread(panes, "column", width, height);
  else if (name === "tiled") root = tiled(panes, width, height);
  else {
    const wide = name === "main-horizontal";
    const whole = wide ? height : width;
    const size = Math.max(LEAST, Math.min(wide ? main.height : main.width, whole - 2));
    root = { kind: wide ? "column" : "row", children: [], parent: undefined, x: 0, y: 0, width, height };
    const first = leaf(panes[0]!, wide ? width : size, wide ? size : height);
    const rest = whole - size - 1;
    const others = spread(panes.slice(1), wide ? "row" : "column", wide ? width : rest, wide ? rest : height);
    for (const child of [first, others]) {
      child.parent = root;
      root.children.push(child);
    }
  }
  place(root);
  return root;
}

function tiled<P>(panes: readonly P[], width: number, height: number): Cell<P> {
  let rows = 1;
  let columns = 1;
  while (rows * columns < panes.length) {
    rows++;
    if (rows * columns < panes.length) columns++;
  }
  const root: Cell<P> = { kind: "column", children: [], parent: undefined, x: 0, y: 0, width, height };
  const rowHeight = Math.max(LEAST, Math.floor((height - (rows - 1)) / rows));
  const columnWidth = Math.max(LEAST, Math.floor((width - (columns - 1)) / columns));
  for (let row = 0, next = 0; next < panes.length; row++) {
    const some = panes.slice(next, next + columns);
    next += columns;
    const last = next >= panes.length;
    const tall = last ? Math.max(LEAST, height - row * (rowHeight + 1)) : rowHeight;
    let cell: Cell<P>;
    if (some.length === 1) cell = leaf(some[0]!, width, tall);
    else {
      cell = { kind: "row", children: [], parent: root, x: 0, y: 0, width, height: tall };
      some.forEach((pane, i) => {
        const used = i * (columnWidth + 1);
        const child = leaf(pane, i === some.length - 1 ? width - used : columnWidth, tall);
        child.parent = cell;
        cell.children.push(child);
      });
    }
    cell.parent = root;
    root.children.push(cell);
  }
  if (root.children.length > 1) return root;
  const only = root.children[0]!;
  only.parent = undefined;
  return only;
}

/** A layout as tmux writes it: checksum, then sizes and places (layout_dump). */
export function layoutText<P>(root: Cell<P>, id: (pane: P) => number): string {
  const text = (cell: Cell<P>): string => {
    const head = `${cell.width}x${cell.height},${cell.x},${cell.y}`;
    if (cell.kind === "leaf") return `${head},${id(cell.pane!)}`;
    const inner = cell.children.map(text).join(",");
    return head + (cell.kind === "row" ? `{${inner}}` : `[${inner}]`);
  };
  const body = text(root);
  let sum = 0;
  for (let i = 0; i < body.length; i++) {
    sum = (sum >> 1) + ((sum & 1) << 15);
    sum = (sum + body.charCodeAt(i)) & 0xffff;
  }
  return `${sum.toString(16).padStart(4, "0")},${body}`;
}
