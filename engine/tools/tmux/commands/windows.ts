/** Commands about windows. */
import { type Command, type Context, here, line, startOf, subject, target } from "../command.ts";
import { format } from "../format.ts";
import type { Link, Session } from "../model.ts";
import { type Flags, TmuxError } from "../parse.ts";
import { findSession, findWindow } from "../target.ts";

const WINDOW_LINE =
  "#{window_index}: #{window_name}#{window_raw_flags} (#{window_panes} panes) [#{window_width}x#{window_height}] [layout #{window_layout}] #{window_id}#{?window_active, (active),}";
const WINDOW_OF_ALL =
  "#{session_name}:#{window_index}: #{window_name}#{window_raw_flags} (#{window_panes} panes) [#{window_width}x#{window_height}] ";

/** A place for a window: the session, and the index when one is named. */
function place(
  context: Context,
  text: string | undefined,
): { session: Session; index: number | undefined; link?: Link } {
  const current = here(context);
  if (text === undefined) {
    const { session } = target(context, undefined, "session");
    return { session, index: undefined };
  }
  const colon = text.indexOf(":");
  const sessionText = colon < 0 ? undefined : text.slice(0, colon);
  const windowText = colon < 0 ? text : text.slice(colon + 1).replace(/\.$/, "");
  const session = sessionText ? findSession(context.server, sessionText, current) : current?.session;
  if (colon < 0 && !/^(\d+|[+-]\d*)$/.test(text)) {
    try {
      return { session: findSession(context.server, text, current), index: undefined };
    } catch (error) {
      if (!(error instanceof TmuxError) || !session) throw error;
    }
  }
  if (session === undefined) throw new TmuxError("no current target");
  if (windowText === "") return { session, index: undefined };
  if (/^\d+$/.test(windowText)) return { session, index: Number(windowText) };
  const step = /^([+-])(\d*)$/.exec(windowText);
  if (step) return { session, index: session.current.index + Number(step[2] || 1) * (step[1] === "+" ? 1 : -1) };
  const link = findWindow(session, windowText);
  return { session, index: link.index, link };
}

/** Makes room after (or before) a window by moving the others up. */
function shift(session: Session, from: number): number {
  let end = from;
  while (session.links.some((link) => link.index === end)) end++;
  for (const link of session.links) if (link.index >= from && link.index < end) link.index++;
  return from;
}

function newIndex(context: Context, flags: Flags): { session: Session; index: number | undefined } {
  const { session, index } = place(context, flags.value("t"));
  if (flags.has("a") || flags.has("b")) {
    const base = index ?? session.current.index;
    return { session, index: shift(session, flags.has("a") ? base + 1 : base) };
  }
  if (index !== undefined && session.links.some((link) => link.index === index)) {
    if (!flags.has("k")) throw new TmuxError(`create window failed: index ${index} in use`);
    const old = session.links.find((link) => link.index === index)!;
    if (session.links.length > 1) context.server.unlink(session, old);
  }
  return { session, index };
}

function step(context: Context, flags: Flags, by: 1 | -1): void {
  const { session } = target(context, flags.value("t"), "session");
  const { links } = session;
  const at = links.indexOf(session.current);
  const others = links.length > 1 ? links : [];
  for (let i = 1; i < others.length; i++) {
    const link = links[(at + by * i + links.length * i) % links.length]!;
    if (flags.has("a") && !link.window.bell) continue;
    session.select(link);
    return;
  }
  throw new TmuxError(by > 0 ? "no next window" : "no previous window");
}

export const windowCommands: readonly Command[] = [
  {
    name: "new-window",
    alias: "neww",
    options: "abc:de:F:kn:PSt:",
    most: -1,
    usage:
      "[-abdkPS] [-c start-directory] [-e environment] [-F format] [-n window-name] [-t target-window] [shell-command]",
    *run(context, flags) {
      const { session, index } = newIndex(context, flags);
      const current = { session, link: session.current, pane: session.current.window.active };
      const given = flags.value("n");
      const name = given === undefined ? undefined : format(given, subject(context, current));
      if (flags.has("S") && name !== undefined) {
        const known = session.links.find(({ window }) => window.name === name);
        if (known) {
          session.select(known);
          return;
        }
      }
      const link = context.server.newWindow(session, index, name, startOf(context, flags, current));
      if (!flags.has("d")) session.select(link);
      if (flags.has("P"))
        context.print(
          line(
            context,
            { session, link, pane: link.window.active },
            flags,
            "#{session_name}:#{window_index}.#{pane_index}",
          ),
        );
    },
  },
  {
    name: "kill-window",
    alias: "killw",
    options: "at:",
    most: 0,
    usage: "[-a] [-t target-window]",
    *run(context, flags) {
      const { session, link } = target(context, flags.value("t"), "window");
      if (!flags.has("a")) context.server.unlink(session, link);
      else for (const other of [...session.links]) if (other !== link) context.server.unlink(session, other);
    },
  },
  {
    name: "unlink-window",
    alias: "unlinkw",
    options: "kt:",
    most: 0,
    usage: "[-k] [-t target-window]",
    *run(context, flags) {
      const { session, link } = target(context, flags.value("t"), "window");
      const others = context.server.sorted.filter((one) => one.links.some(({ window }) => window === link.window));
      if (others.length < 2 && !flags.has("k")) throw new TmuxError("window only linked to one session");
      context.server.unlink(session, link);
    },
  },
  {
    name: "link-window",
    alias: "linkw",
    options: "abdks:t:",
    most: 0,
    usage: "[-abdk] [-s src-window] [-t dst-window]",
    *run(context, flags) {
      const { link } = target(context, flags.value("s"), "window");
      const { session, index } = newIndex(context, flags);
      let at = index ?? Number(session.options.get("base-index"));
      if (index === undefined) while (session.links.some((one) => one.index === at)) at++;
      const made = { index: at, window: link.window };
      session.links.push(made);
      session.sort();
      if (!flags.has("d")) session.select(made);
    },
  },
  {
    name: "list-windows",
    alias: "lsw",
    options: "F:f:at:",
    most: 0,
    usage: "[-a] [-F format] [-f filter] [-t target-session]",
    *run(context, flags) {
      const all = flags.has("a");
      const sessions = all ? context.server.sorted : [target(context, flags.value("t"), "session").session];
      for (const session of sessions)
        for (const link of session.links) {
          const at = { session, link, pane: link.window.active };
          const filter = flags.value("f");
          if (filter !== undefined && /^0?$/.test(format(filter, subject(context, at)))) continue;
          context.print(line(context, at, flags, all ? WINDOW_OF_ALL : WINDOW_LINE));
        }
    },
  },
  {
    name: "select-window",
    alias: "selectw",
    options: "lnpTt:",
    most: 0,
    usage: "[-lnpT] [-t target-window]",
    *run(context, flags) {
      if (flags.has("n") || flags.has("p")) {
        step(context, flags, flags.has("n") ? 1 : -1);
        return;
      }
      const { session, link } = target(context, flags.value("t"), "window");
      if (flags.has("l") || (flags.has("T") && link === session.current)) {
        const last = session.visited.at(-1);
        if (!last) throw new TmuxError("no last window");
        session.select(last);
      } else session.select(link);
    },
  },
  {
    name: "next-window",
    alias: "next",
    options: "at:",
    most: 0,
    usage: "[-a] [-t target-session]",
    *run(context, flags) {
      step(context, flags, 1);
    },
  },
  {
    name: "previous-window",
    alias: "prev",
    options: "at:",
    most: 0,
    usage: "[-a] [-t target-session]",
    *run(context, flags) {
      step(context, flags, -1);
    },
  },
  {
    name: "last-window",
    alias: "last",
    options: "t:",
    most: 0,
    usage: "[-t target-session]",
    *run(context, flags) {
      const { session } = target(context, flags.value("t"), "session");
      const last = session.visited.at(-1);
      if (!last) throw new TmuxError("no last window");
      session.select(last);
    },
  },
  {
    name: "rename-window",
    alias: "renamew",
    options: "t:",
    most: 1,
    usage: "[-t target-window] new-name",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "window");
      const text = flags.operands[0];
      if (text === undefined) throw new TmuxError("command rename-window: too few arguments (need at least 1)");
      at.link.window.fixedName = format(text, subject(context, at));
      context.server.changed();
    },
  },
  {
    name: "move-window",
    alias: "movew",
    options: "abdkrs:t:",
    most: 0,
    usage: "[-abdkr] [-s src-window] [-t dst-window]",
    *run(context, flags) {
      if (flags.has("r")) {
        const { session } = target(context, flags.value("t"), "session");
        let index = Number(session.options.get("base-index"));
        for (const link of session.links) link.index = index++;
        context.server.changed();
        return;
      }
      const from = target(context, flags.value("s"), "window");
      const { session, index } = place(context, flags.value("t"));
      let at = index;
      if (flags.has("a") || flags.has("b"))
        at = shift(session, (at ?? session.current.index) + (flags.has("a") ? 1 : 0));
      else if (at !== undefined && session.links.some((link) => link.index === at && link !== from.link)) {
        if (!flags.has("k")) throw new TmuxError(`index in use: ${at}`);
        context.server.unlink(session, session.links.find((link) => link.index === at)!);
      }
      if (at === undefined) {
        at = Number(session.options.get("base-index"));
        while (session.links.some((link) => link.index === at && link !== from.link)) at++;
      }
      if (session === from.session) {
        from.link.index = at;
        if (!flags.has("d")) session.select(from.link);
      } else {
        const made = { index: at, window: from.link.window };
        session.links.push(made);
        context.server.unlink(from.session, from.link);
        if (!flags.has("d")) session.select(made);
      }
      session.sort();
      context.server.changed();
    },
  },
  {
    name: "swap-window",
    alias: "swapw",
    options: "ds:t:",
    most: 0,
    usage: "[-d] [-s src-window] [-t dst-window]",
    *run(context, flags) {
      const a = target(context, flags.value("s"), "window");
      const b = target(context, flags.value("t"), "window");
      [a.link.window, b.link.window] = [b.link.window, a.link.window];
      if (flags.has("d")) {
        b.session.select(b.link);
        if (a.session !== b.session) a.session.select(a.link);
      }
      a.session.fit();
      b.session.fit();
    },
  },
  {
    name: "find-window",
    alias: "findw",
    options: "CiNrt:TZ",
    most: 1,
    usage: "[-CiNrTZ] [-t target-pane] match-string",
    *run(context, flags) {
      const { session } = target(context, flags.value("t"), "pane");
      const text = flags.operands[0] ?? "";
      const found = session.links.find(
        ({ window }) =>
          window.name.includes(text) ||
          window.panes.some(
            (pane) => pane.screen.title.includes(text) || pane.screen.lines.some((one) => one.text().includes(text)),
          ),
      );
      if (!found) throw new TmuxError(`no windows matching: ${text}`);
      session.select(found);
    },
  },
  {
    name: "resize-window",
    alias: "resizew",
    options: "aADLRt:Ux:y:",
    most: 1,
    usage: "[-aADLRU] [-x width] [-y height] [-t target-window] [adjustment]",
    *run(context, flags) {
      const { session, link } = target(context, flags.value("t"), "window");
      const by = Number(flags.operands[0] ?? 1);
      let { width, height } = link.window;
      if (flags.has("L")) width -= by;
      if (flags.has("R")) width += by;
      if (flags.has("U")) height -= by;
      if (flags.has("D")) height += by;
      width = Number(flags.value("x") ?? width);
      height = Number(flags.value("y") ?? height);
      session.width = Math.max(1, width);
      session.height = Math.max(1, height);
      link.window.resize(session.width, session.height);
    },
  },
  {
    name: "respawn-window",
    alias: "respawnw",
    options: "c:e:kt:",
    most: -1,
    usage: "[-k] [-c start-directory] [-e environment] [-t target-window] [shell-command]",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "window");
      if (!flags.has("k") && at.link.window.panes.some((pane) => !pane.dead))
        throw new TmuxError(`respawn window failed: window ${at.session.name}:${at.link.index} still active`);
      const pane = at.link.window.active;
      const own = flags.operands.length > 0 ? startOf(context, flags, at) : pane.start;
      context.server.kill(pane);
      pane.screen.reset();
      context.server.launch(pane, own, at.session);
    },
  },
];
