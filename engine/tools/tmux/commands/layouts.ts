/** Commands that move panes about. */
import { type Command, type Context, line, target } from "../command.ts";
import {
  arranged,
  LAYOUTS,
  type LayoutName,
  leaf,
  leaves,
  moveBorder,
  remove,
  resizeTree,
  setSize,
  split,
} from "../layout.ts";
import type { Pane, Window } from "../model.ts";
import { type Flags, TmuxError } from "../parse.ts";

function apply(window: Window, name: LayoutName): void {
  const side = (option: "width" | "height", whole: number) => {
    const text = window.options.get(`main-pane-${option}`);
    return text.endsWith("%") ? Math.floor((whole * Number(text.slice(0, -1))) / 100) : Number(text);
  };
  window.zoom(false);
  window.oldLayout = window.layout;
  window.layout = arranged(name, window.panes, window.width, window.height, {
    width: side("width", window.width),
    height: side("height", window.height),
  });
  window.lastLayout = name;
  window.apply();
}

function turn(context: Context, flags: Flags, by: 1 | -1): void {
  const { window } = target(context, flags.value("t"), "window").link;
  const at = window.lastLayout === undefined ? (by > 0 ? -1 : 0) : LAYOUTS.indexOf(window.lastLayout);
  apply(window, LAYOUTS[(at + by + LAYOUTS.length) % LAYOUTS.length]!);
}

function swap(a: Pane, b: Pane): void {
  const [one, other] = [a.cell, b.cell];
  if (a.window !== b.window) throw new TmuxError("panes of one window only");
  one.pane = b;
  other.pane = a;
  a.window.order();
  a.window.apply();
}

/** Takes a pane out of its window's layout without ending it. */
function takeOut(context: Context, pane: Pane, from: Window): void {
  if (from.panes.length === 1) {
    for (const session of context.server.sorted)
      for (const link of [...session.links])
        if (link.window === from) {
          from.panes = [];
          context.server.unlink(session, link, false);
        }
    return;
  }
  from.zoom(false);
  from.layout = remove(from.layout, pane.cell)!;
  from.order();
  if (from.active === pane) from.active = from.last && from.panes.includes(from.last) ? from.last : from.panes[0]!;
  from.last = undefined;
  from.apply();
}

const joinPane: Omit<Command, "name" | "alias"> = {
  options: "bdfhvp:l:s:t:",
  most: 0,
  usage: "[-bdfhv] [-l size] [-s src-pane] [-t dst-pane]",
  *run(context, flags) {
    const from = target(context, flags.value("s") ?? (context.server.marked ? "~" : undefined), "pane");
    const to = target(context, flags.value("t"), "pane");
    if (from.pane === to.pane) throw new TmuxError("source and target panes must be different");
    const sideBySide = flags.has("h");
    const text = flags.value("l") ?? (flags.has("p") ? `${flags.value("p")}%` : undefined);
    const whole = sideBySide ? to.pane.cell.width : to.pane.cell.height;
    const size =
      text === undefined
        ? undefined
        : text.endsWith("%")
          ? Math.floor((whole * Number.parseInt(text, 10)) / 100)
          : Number(text);
    const { window } = to.link;
    takeOut(context, from.pane, from.link.window);
    window.zoom(false);
    const layout = split(window.layout, to.pane.cell, from.pane, { sideBySide, size, before: flags.has("b") });
    if (layout === undefined) throw new TmuxError("create pane failed: pane too small");
    from.pane.window = window;
    window.layout = layout;
    window.order();
    if (!flags.has("d")) {
      window.last = window.active;
      window.active = from.pane;
      to.session.select(to.link);
    }
    window.apply();
  },
};

export const layoutCommands: readonly Command[] = [
  {
    name: "select-layout",
    alias: "selectl",
    options: "Enopt:",
    most: 1,
    usage: "[-Enop] [-t target-pane] [layout-name]",
    *run(context, flags) {
      const { window } = target(context, flags.value("t"), "pane").link;
      const given = flags.operands[0];
      if (flags.has("n") || flags.has("p")) turn(context, flags, flags.has("n") ? 1 : -1);
      else if (flags.has("o")) {
        if (!window.oldLayout) throw new TmuxError("no old layout");
        [window.layout, window.oldLayout] = [window.oldLayout, window.layout];
        window.apply();
      } else if (flags.has("E")) {
        const { parent } = window.active.cell;
        if (parent) {
          const axis = parent.kind === "row" ? "width" : "height";
          const each = Math.floor((parent[axis] - parent.children.length + 1) / parent.children.length);
          for (const child of parent.children.slice(0, -1)) setSize(leaves(child)[0]!, axis, each);
          window.apply();
        }
      } else {
        const fits =
          given === undefined ? [window.lastLayout ?? LAYOUTS[0]] : LAYOUTS.filter((one) => one.startsWith(given));
        const exact = LAYOUTS.find((one) => one === given) ?? (fits.length === 1 ? fits[0] : undefined);
        if (exact === undefined) throw new TmuxError(`invalid layout: ${given}`);
        apply(window, exact);
      }
    },
  },
  {
    name: "next-layout",
    alias: "nextl",
    options: "t:",
    most: 0,
    usage: "[-t target-window]",
    *run(context, flags) {
      turn(context, flags, 1);
    },
  },
  {
    name: "previous-layout",
    alias: "prevl",
    options: "t:",
    most: 0,
    usage: "[-t target-window]",
    *run(context, flags) {
      turn(context, flags, -1);
    },
  },
  {
    name: "resize-pane",
    alias: "resizep",
    options: "DLMRTt:Ux:y:Z",
    most: 1,
    usage: "[-DLMRTUZ] [-x width] [-y height] [-t target-pane] [adjustment]",
    *run(context, flags) {
      const { pane, link } = target(context, flags.value("t"), "pane");
      const { window } = link;
      if (flags.has("Z")) {
        if (window.zoomed) window.zoom(false);
        else {
          window.select(pane);
          window.zoom(true);
        }
        return;
      }
      window.zoom(false);
      const text = flags.operands[0] ?? "1";
      if (!/^-?\d+$/.test(text)) throw new TmuxError("adjustment invalid");
      const by = Number(text);
      const size = (given: string, whole: number) => {
        const match = /^(\d+)(%?)$/.exec(given);
        if (match === null) throw new TmuxError("size invalid");
        return match[2] === "%" ? Math.floor((whole * Number(match[1])) / 100) : Number(match[1]);
      };
      const { cell } = pane;
      if (flags.has("x")) setSize(cell, "width", size(flags.value("x")!, window.width));
      if (flags.has("y")) setSize(cell, "height", size(flags.value("y")!, window.height));
      if (flags.has("L")) moveBorder(cell, "width", -by);
      else if (flags.has("R")) moveBorder(cell, "width", by);
      else if (flags.has("U")) moveBorder(cell, "height", -by);
      else if (flags.has("D")) moveBorder(cell, "height", by);
      window.apply();
    },
  },
  {
    name: "swap-pane",
    alias: "swapp",
    options: "dDs:t:UZ",
    most: 0,
    usage: "[-dDUZ] [-s src-pane] [-t dst-pane]",
    *run(context, flags) {
      const to = target(context, flags.value("t"), "pane");
      const { window } = to.link;
      window.zoom(false);
      const { panes } = window;
      let other: Pane;
      if (flags.has("U") || flags.has("D")) {
        const at = panes.indexOf(to.pane);
        other = panes[(at + (flags.has("D") ? 1 : panes.length - 1)) % panes.length]!;
      } else other = target(context, flags.value("s") ?? (context.server.marked ? "~" : undefined), "pane").pane;
      if (other === to.pane) return;
      swap(other, to.pane);
      if (!flags.has("d") && !flags.has("U") && !flags.has("D")) window.active = to.pane;
      context.server.changed();
    },
  },
  {
    name: "rotate-window",
    alias: "rotatew",
    options: "Dt:UZ",
    most: 0,
    usage: "[-DUZ] [-t target-window]",
    *run(context, flags) {
      const { window } = target(context, flags.value("t"), "window").link;
      const cells = leaves(window.layout);
      const panes = cells.map((cell) => cell.pane!);
      const at = panes.indexOf(window.active);
      const turned = flags.has("D") ? [panes.at(-1)!, ...panes.slice(0, -1)] : [...panes.slice(1), panes[0]!];
      cells.forEach((cell, i) => {
        cell.pane = turned[i]!;
      });
      window.order();
      window.active = window.panes[at]!;
      window.apply();
    },
  },
  {
    name: "break-pane",
    alias: "breakp",
    options: "abdPF:n:s:t:",
    most: 0,
    usage: "[-abdP] [-F format] [-n window-name] [-s src-pane] [-t dst-window]",
    *run(context, flags) {
      const { server } = context;
      const from = target(context, flags.value("s"), "pane");
      const { pane, session } = from;
      if (from.link.window.panes.length === 1) {
        if (flags.has("n")) from.link.window.fixedName = flags.value("n");
        return;
      }
      takeOut(context, pane, from.link.window);
      const window = server.emptyWindow(session);
      window.fixedName = flags.value("n");
      pane.window = window;
      window.layout = leaf(pane, window.width, window.height);
      window.panes = [pane];
      window.active = pane;
      const index = /(\d+)$/.exec(flags.value("t") ?? "")?.[1];
      const link = server.place(session, window, index === undefined ? undefined : Number(index));
      resizeTree(window.layout, window.width, window.height);
      window.apply();
      if (!flags.has("d")) session.select(link);
      if (flags.has("P"))
        context.print(line(context, { session, link, pane }, flags, "#{session_name}:#{window_index}.#{pane_index}"));
    },
  },
  { name: "join-pane", alias: "joinp", ...joinPane },
  { name: "move-pane", alias: "movep", ...joinPane },
];
