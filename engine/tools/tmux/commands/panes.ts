/** Commands about panes: making, ending, choosing, typing into them and reading them. */
import { encode, type Gen } from "../../../kernel/index.ts";
import * as sys from "../../../machine/sys.ts";
import { type Command, type Context, line, startOf, subject, target } from "../command.ts";
import { CopyMode } from "../copy-mode.ts";
import { format } from "../format.ts";
import { keyBytes } from "../keys.ts";
import { split } from "../layout.ts";
import { Line } from "../line.ts";
import type { Pane } from "../model.ts";
import { type Flags, TmuxError } from "../parse.ts";
import { neighbour } from "../target.ts";

const PANE_REST =
  "[#{pane_width}x#{pane_height}] [history #{history_size}/#{history_limit}, #{history_bytes} bytes] #{pane_id}#{?pane_active, (active),}#{?pane_dead, (dead),}";

/** Columns or rows of `-l` and `-p`; undefined for half. */
function sizeOf(flags: Flags, whole: number): number | undefined {
  const text = flags.value("l") ?? (flags.has("p") ? `${flags.value("p")}%` : undefined);
  if (text === undefined) return undefined;
  const match = /^(\d+)(%?)$/.exec(text);
  if (match === null) throw new TmuxError("size invalid");
  const number = Number(match[1]);
  if (match[2] === "") return number;
  if (number > 100) throw new TmuxError("size too large");
  return Math.floor((whole * number) / 100);
}

/** The line of a pane, counted from the top of what is shown; negative ones are history. */
function bound(text: string | undefined, pane: Pane, otherwise: number, end: boolean): number {
  const { history, rows } = pane.screen;
  if (text === undefined) return otherwise;
  if (text === "-") return end ? rows - 1 : -history.length;
  const number = Number(text);
  if (Number.isNaN(number)) return otherwise;
  return Math.max(-history.length, Math.min(rows - 1, number));
}

/** A line with sequences for its looks, each only where something changes (grid_string_cells_code). */
function looks(one: Line): string {
  const length = one.text().length;
  let out = "";
  let look = "";
  for (let i = 0; i < one.chars.length; i++) {
    if (i >= length && one.looks[i] === look && look === "") break;
    if (one.looks[i] !== look) {
      out += change(look, one.looks[i]!);
      look = one.looks[i]!;
    }
    out += one.chars[i];
  }
  return look === "" ? out : out + change(look, "");
}

function change(from: string, to: string): string {
  const kinds = (look: string) => new Map(look === "" ? [] : look.split(" ").map((part) => [part[0]!, part.slice(1)]));
  const [old, now] = [kinds(from), kinds(to)];
  const isColour = (kind: string) => kind === "y" || kind === "z";
  const lost = [...old.keys()].some((kind) => !isColour(kind) && !now.has(kind));
  if (lost) old.clear();
  const attributes = [...now].filter(([kind]) => !isColour(kind) && !old.has(kind)).map(([, code]) => code);
  const first = [...(lost ? ["0"] : []), ...attributes];
  let out = first.length > 0 ? `\x1b[${first.join(";")}m` : "";
  for (const [kind, none] of [
    ["y", "39"],
    ["z", "49"],
  ] as const)
    if (old.get(kind) !== now.get(kind)) out += `\x1b[${now.get(kind) ?? none}m`;
  return out;
}

function captured(pane: Pane, flags: Flags): string {
  const { screen } = pane;
  const from = bound(flags.value("S"), pane, 0, false);
  const to = bound(flags.value("E"), pane, screen.rows - 1, true);
  let out = "";
  for (let row = Math.min(from, to); row <= Math.max(from, to); row++) {
    const one = row < 0 ? screen.history[screen.history.length + row] : screen.lines[row];
    const full = one ?? new Line();
    let text = flags.has("e") ? looks(full) : full.text();
    if (flags.has("N")) text = full.chars.join("");
    if (flags.has("J")) text = full.chars.join("");
    out += flags.has("J") && full.wrapped ? text : `${text}\n`;
  }
  return out;
}

function* type(context: Context, pane: Pane, flags: Flags): Gen<void> {
  const { screen } = pane;
  if (flags.has("R")) screen.reset();
  const times = Number(flags.value("N") ?? 1);
  if (flags.has("X")) {
    if (!(pane.mode instanceof CopyMode)) throw new TmuxError("not in a mode");
    for (let i = 0; i < times; i++) pane.mode.command(flags.operands[0] ?? "", context.client, flags.operands[1]);
    context.server.changed();
    return;
  }
  const panes = pane.window.options.get("synchronize-panes") === "on" ? pane.window.panes : [pane];
  for (let i = 0; i < times; i++)
    for (const word of flags.operands) {
      const hex = flags.has("H") ? Number.parseInt(word, 16) : undefined;
      if (pane.mode && context.client && hex === undefined) {
        yield* pane.mode.key(word, context.client);
        continue;
      }
      const bytes =
        hex !== undefined
          ? Uint8Array.of(hex & 255)
          : encode((flags.has("l") ? undefined : keyBytes(word, screen.applicationKeys)) ?? word);
      for (const one of panes) if (!one.dead) one.tty.input(bytes);
    }
}

export const paneCommands: readonly Command[] = [
  {
    name: "split-window",
    alias: "splitw",
    options: "bc:de:fF:hIl:p:Pt:vZ",
    most: -1,
    usage: "[-bdefhIPvZ] [-c start-directory] [-e environment] [-F format] [-l size] [-t target-pane] [shell-command]",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "pane");
      const { window } = at.link;
      const sideBySide = flags.has("h");
      const cell = flags.has("f") ? window.layout : at.pane.cell;
      const size = sizeOf(flags, sideBySide ? cell.width : cell.height);
      window.zoom(false);
      const pane = context.server.newPane(window, cell.width, cell.height, startOf(context, flags, at), at.session);
      const layout = split(window.layout, cell, pane, { sideBySide, size, before: flags.has("b") });
      if (layout === undefined) {
        context.server.kill(pane);
        throw new TmuxError("create pane failed: pane too small");
      }
      window.layout = layout;
      window.order();
      if (!flags.has("d")) {
        window.last = window.active;
        window.active = pane;
      }
      window.apply();
      if (flags.has("Z")) window.zoom(true);
      if (flags.has("P"))
        context.print(line(context, { ...at, pane }, flags, "#{session_name}:#{window_index}.#{pane_index}"));
    },
  },
  {
    name: "kill-pane",
    alias: "killp",
    options: "at:",
    most: 0,
    usage: "[-a] [-t target-pane]",
    *run(context, flags) {
      const { pane, link } = target(context, flags.value("t"), "pane");
      if (!flags.has("a")) context.server.killPane(pane);
      else for (const other of [...link.window.panes]) if (other !== pane) context.server.killPane(other);
    },
  },
  {
    name: "list-panes",
    alias: "lsp",
    options: "asF:f:t:",
    most: 0,
    usage: "[-as] [-F format] [-f filter] [-t target-window]",
    *run(context, flags) {
      const all = flags.has("a");
      const at = all ? undefined : target(context, flags.value("t"), flags.has("s") ? "session" : "window");
      for (const session of at ? [at.session] : context.server.sorted)
        for (const link of at && !flags.has("s") ? [at.link] : session.links)
          for (const pane of link.window.panes) {
            const place = { session, link, pane };
            const filter = flags.value("f");
            if (filter !== undefined && /^0?$/.test(format(filter, subject(context, place)))) continue;
            const head = all
              ? "#{session_name}:#{window_index}.#{pane_index}: "
              : flags.has("s")
                ? "#{window_index}.#{pane_index}: "
                : "#{pane_index}: ";
            context.print(line(context, place, flags, head + PANE_REST));
          }
    },
  },
  {
    name: "select-pane",
    alias: "selectp",
    options: "DdegLlMmP:RT:t:UZ",
    most: 0,
    usage: "[-DdeLlMmRUZ] [-T title] [-t target-pane]",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "pane");
      const { window } = at.link;
      const { server } = context;
      if (flags.has("M") || flags.has("m")) {
        server.marked = flags.has("M") || server.marked === at.pane ? undefined : at.pane;
        server.changed();
        return;
      }
      if (flags.has("T")) {
        at.pane.screen.title = format(flags.value("T")!, subject(context, at));
        server.changed();
        return;
      }
      if (flags.has("d") || flags.has("e")) {
        at.pane.inputOff = flags.has("d");
        return;
      }
      const zoomed = window.zoomed && flags.has("Z");
      let pane: Pane | undefined = at.pane;
      if (flags.has("l")) {
        pane = window.last;
        if (!pane) throw new TmuxError("no last pane");
      }
      for (const side of ["L", "R", "U", "D"] as const) if (flags.has(side)) pane = neighbour(pane, side);
      window.select(pane);
      if (zoomed) window.zoom(true);
    },
  },
  {
    name: "last-pane",
    alias: "lastp",
    options: "det:Z",
    most: 0,
    usage: "[-deZ] [-t target-window]",
    *run(context, flags) {
      const { window } = target(context, flags.value("t"), "window").link;
      if (!window.last) throw new TmuxError("no last pane");
      window.select(window.last);
    },
  },
  {
    name: "send-keys",
    alias: "send",
    options: "c:FHKlMN:Rt:X",
    most: -1,
    usage: "[-FHKlMRX] [-c target-client] [-N repeat-count] [-t target-pane] [key ...]",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "pane");
      if (flags.has("F"))
        flags.operands.splice(
          0,
          flags.operands.length,
          ...flags.operands.map((one) => format(one, subject(context, at))),
        );
      yield* type(context, at.pane, flags);
    },
  },
  {
    name: "send-prefix",
    options: "2t:",
    most: 0,
    usage: "[-2] [-t target-pane]",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "pane");
      const key = at.session.options.get(flags.has("2") ? "prefix2" : "prefix");
      const bytes = keyBytes(key, false);
      if (bytes !== undefined && key !== "None") at.pane.tty.input(encode(bytes));
    },
  },
  {
    name: "capture-pane",
    alias: "capturep",
    options: "ab:CeE:JNpPqS:Tt:",
    most: 0,
    usage: "[-aCeJNpPqT] [-b buffer-name] [-E end-line] [-S start-line] [-t target-pane]",
    *run(context, flags) {
      const { pane } = target(context, flags.value("t"), "pane");
      if (flags.has("a") && !pane.screen.alternate) {
        if (flags.has("q")) return;
        throw new TmuxError("no alternate screen");
      }
      const text = captured(pane, flags);
      if (flags.has("p")) context.print(text.replace(/\n$/, ""));
      else context.server.addBuffer(text, flags.value("b"));
    },
  },
  {
    name: "clear-history",
    alias: "clearhist",
    options: "Ht:",
    most: 0,
    usage: "[-H] [-t target-pane]",
    *run(context, flags) {
      target(context, flags.value("t"), "pane").pane.screen.clearHistory();
    },
  },
  {
    name: "copy-mode",
    options: "deHMs:t:uq",
    most: 0,
    usage: "[-deHMuq] [-s src-pane] [-t target-pane]",
    *run(context, flags) {
      const { pane } = target(context, flags.value("t"), "pane");
      if (flags.has("q")) pane.mode = undefined;
      else {
        const mode = pane.mode instanceof CopyMode ? pane.mode : new CopyMode(pane);
        pane.mode = mode;
        if (flags.has("u")) mode.page(-1, pane.screen.rows - 2);
      }
      context.server.changed();
    },
  },
  {
    name: "respawn-pane",
    alias: "respawnp",
    options: "c:e:kt:",
    most: -1,
    usage: "[-k] [-c start-directory] [-e environment] [-t target-pane] [shell-command]",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "pane");
      const { pane } = at;
      if (!pane.dead && !flags.has("k"))
        throw new TmuxError(`respawn pane failed: pane ${at.session.name}:${at.link.index}.${pane.index} still active`);
      const start = flags.operands.length > 0 || flags.has("c") ? startOf(context, flags, at) : pane.start;
      context.server.kill(pane);
      pane.screen.reset();
      context.server.launch(pane, start, at.session);
    },
  },
  {
    name: "pipe-pane",
    alias: "pipep",
    options: "IOot:",
    most: 1,
    usage: "[-IOo] [-t target-pane] [shell-command]",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "pane");
      const { pane } = at;
      const open = pane.pipe !== undefined;
      pane.pipe = undefined;
      const text = flags.operands[0];
      if (text === undefined || text === "" || (flags.has("o") && open)) return;
      const [reader, writer] = sys.pipe();
      const command = format(text, subject(context, at), true);
      const { process } = context.server;
      const child = yield* sys.spawn(process, "/bin/sh", {
        argv: ["sh", "-c", command],
        fds: new Map([[0, reader]]),
        newSession: true,
      });
      child.cwd = pane.path;
      writer.refs++;
      pane.pipe = (bytes) => {
        if (child.status === undefined) writer.pipe.push(bytes.slice());
      };
    },
  },
  {
    name: "display-panes",
    alias: "displayp",
    options: "bd:Nt:",
    most: 1,
    usage: "[-bN] [-d duration] [-t target-client] [template]",
    *run(context) {
      context.client?.showNumbers();
    },
  },
];
