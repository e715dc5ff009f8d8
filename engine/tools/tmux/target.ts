/** What `-t` and `-s` name: sessions, windows, panes (tmux(1), COMMANDS). */
import { pattern } from "../../shell/pattern.ts";
import { leaves } from "./layout.ts";
import type { Link, Pane, Session } from "./model.ts";
import { TmuxError } from "./parse.ts";
import type { Server } from "./server.ts";

export interface Target {
  session: Session;
  link: Link;
  pane: Pane;
}

/** The state that a command without a target is about. */
export function currentTarget(
  server: Server,
  pane: Pane | undefined,
  session: Session | undefined,
): Target | undefined {
  if (pane !== undefined) {
    const own = session?.links.some((link) => link.window === pane.window)
      ? session
      : server.sorted.find((one) => one.links.some((link) => link.window === pane.window));
    if (own) return { session: own, link: own.links.find((link) => link.window === pane.window)!, pane };
  }
  // Without a place of one's own: the session used last.
  const latest = session ?? [...server.sessions.values()].sort((a, b) => b.activity - a.activity || b.id - a.id)[0];
  return latest && { session: latest, link: latest.current, pane: latest.current.window.active };
}

export function findSession(server: Server, text: string, current: Target | undefined): Session {
  const name = text.replace(/^=/, "");
  if (name === "" && current) return current.session;
  const byTty = [...server.clients].find((client) => client.tty.name === name)?.session;
  const found =
    (/^\$\d+$/.test(name) ? server.sorted.find((one) => `$${one.id}` === name) : server.sessions.get(name)) ?? byTty;
  if (found) return found;
  const begins = text.startsWith("=") ? [] : server.sorted.filter((one) => one.name.startsWith(name));
  if (begins.length === 1) return begins[0]!;
  const fits = text.startsWith("=") ? [] : server.sorted.filter((one) => pattern(name).matches(one.name));
  if (fits.length === 1) return fits[0]!;
  throw new TmuxError(`can't find session: ${name}`);
}

const WORDS: Record<string, string> = { "{start}": "^", "{last}": "!", "{end}": "$", "{next}": "+", "{previous}": "-" };

export function findWindow(session: Session, text: string): Link {
  const exact = text.startsWith("=");
  const name = WORDS[text] ?? text.replace(/^=/, "");
  if (name === "") return session.current;
  const { links } = session;
  const step = /^([+-])(\d*)$/.exec(name);
  if (step) {
    const by = Number(step[2] || 1) * (step[1] === "+" ? 1 : -1);
    const at = links.indexOf(session.current);
    return links[(((at + by) % links.length) + links.length) % links.length]!;
  }
  const last = session.visited.at(-1);
  if (name === "!" && last) return last;
  if (name === "^") return links[0]!;
  if (name === "$") return links.at(-1)!;
  if (/^@\d+$/.test(name)) {
    const found = links.find(({ window }) => `@${window.id}` === name);
    if (found) return found;
  }
  const byIndex = /^\d+$/.test(name) ? links.find((link) => link.index === Number(name)) : undefined;
  if (byIndex) return byIndex;
  const named = links.filter(({ window }) => window.name === name);
  if (named.length === 1) return named[0]!;
  if (!exact) {
    const begins = links.filter(({ window }) => window.name.startsWith(name));
    if (begins.length === 1) return begins[0]!;
    const fits = links.filter(({ window }) => pattern(name).matches(window.name));
    if (fits.length === 1) return fits[0]!;
  }
  throw new TmuxError(`can't find window: ${name}`);
}

/** The pane next to another on a side; at the edge the one on the other side. */
export function neighbour(pane: Pane, side: "L" | "R" | "U" | "D"): Pane {
  const { window } = pane;
  const own = pane.cell;
  const { width, height } = window;
  const edge =
    side === "L"
      ? own.x === 0
        ? width + 1
        : own.x
      : side === "R"
        ? own.x + own.width >= width
          ? 0
          : own.x + own.width + 1
        : side === "U"
          ? own.y === 0
            ? height + 1
            : own.y
          : own.y + own.height >= height
            ? 0
            : own.y + own.height + 1;
  const meets = leaves(window.layout).filter((cell) => {
    if (cell.pane === pane) return false;
    if (side === "L" && cell.x + cell.width + 1 !== edge) return false;
    if (side === "R" && cell.x !== edge) return false;
    if (side === "U" && cell.y + cell.height + 1 !== edge) return false;
    if (side === "D" && cell.y !== edge) return false;
    return side === "L" || side === "R"
      ? cell.y <= own.y + own.height && cell.y + cell.height >= own.y
      : cell.x <= own.x + own.width && cell.x + cell.width >= own.x;
  });
  const best = meets.find((cell) => cell.pane === window.last) ?? meets[0];
  return best?.pane ?? pane;
}

export function findPane(link: Link, text: string): Pane {
  const { window } = link;
  const { panes } = window;
  const base = Number(window.options.get("pane-base-index"));
  const words: Record<string, string> = { "{last}": "!", "{next}": "+", "{previous}": "-" };
  const name = words[text] ?? text;
  if (name === "" || name === "{active}") return window.active;
  const step = /^([+-])(\d*)$/.exec(name);
  if (step) {
    const by = Number(step[2] || 1) * (step[1] === "+" ? 1 : -1);
    const at = panes.indexOf(window.active);
    return panes[(((at + by) % panes.length) + panes.length) % panes.length]!;
  }
  if (name === "!" && window.last) return window.last;
  const side = /^\{(left|right|up|down)-of\}$/.exec(name)?.[1];
  if (side) return neighbour(window.active, side[0]!.toUpperCase() as "L");
  const corner = /^\{(top|bottom)?-?(left|right)?\}$/.exec(name);
  if (corner) {
    const score = (pane: Pane) => {
      const { cell } = pane;
      return (
        (corner[1] === "top" ? cell.y : corner[1] === "bottom" ? -(cell.y + cell.height) : 0) +
        (corner[2] === "left" ? cell.x : corner[2] === "right" ? -(cell.x + cell.width) : 0)
      );
    };
    return [...panes].sort((a, b) => score(a) - score(b))[0]!;
  }
  const found = /^%\d+$/.test(name)
    ? panes.find((pane) => `%${pane.id}` === name)
    : /^\d+$/.test(name)
      ? panes[Number(name) - base]
      : undefined;
  if (found === undefined) throw new TmuxError(`can't find pane: ${name}`);
  return found;
}

/** What a target text names; `kind` is what it means where it could be several things. */
export function findTarget(
  server: Server,
  text: string | undefined,
  kind: "session" | "window" | "pane",
  current: Target | undefined,
): Target {
  if (text === undefined || text === "" || text === "." || text === ":") {
    if (current === undefined) throw new TmuxError("no current target");
    return current;
  }
  const of = (session: Session, link: Link, pane: Pane): Target => ({ session, link, pane });
  if (text === "~" || text === "{marked}") {
    const target = server.marked && currentTarget(server, server.marked, current?.session);
    if (!target) throw new TmuxError("no marked target");
    return target;
  }
  if (/^%\d+$/.test(text)) {
    for (const session of server.sorted)
      for (const link of session.links) {
        const pane = link.window.panes.find((one) => `%${one.id}` === text);
        if (pane) return of(session, link, pane);
      }
    throw new TmuxError(`can't find pane: ${text}`);
  }
  if (/^@\d+$/.test(text)) {
    for (const session of server.sorted) {
      const link = session.links.find(({ window }) => `@${window.id}` === text);
      if (link) return of(session, link, link.window.active);
    }
    throw new TmuxError(`can't find window: ${text}`);
  }
  const colon = text.indexOf(":");
  const dot = text.indexOf(".", colon < 0 ? 0 : colon);
  if (colon >= 0) {
    const session =
      colon === 0 || (text[0] === "=" && colon === 1)
        ? (current?.session ?? findSession(server, "", current))
        : findSession(server, text.slice(0, colon), current);
    const link = findWindow(session, text.slice(colon + 1, dot < 0 ? undefined : dot));
    return of(session, link, dot < 0 ? link.window.active : findPane(link, text.slice(dot + 1)));
  }
  if (kind === "session") {
    const session = findSession(server, text, current);
    return of(session, session.current, session.current.window.active);
  }
  if (dot >= 0 && current) {
    const link = dot === 0 ? current.link : windowOrSession(server, text.slice(0, dot), current).link;
    const session = link === current.link ? current.session : server.sorted.find((one) => one.links.includes(link))!;
    return of(session, link, findPane(link, text.slice(dot + 1)));
  }
  if (kind === "window") {
    const { session, link } = windowOrSession(server, text, current);
    return of(session, link, link.window.active);
  }
  if (current) {
    try {
      return of(current.session, current.link, findPane(current.link, text));
    } catch (error) {
      if (!(error instanceof TmuxError)) throw error;
    }
  }
  try {
    const { session, link } = windowOrSession(server, text, current);
    return of(session, link, link.window.active);
  } catch (error) {
    if (!(error instanceof TmuxError)) throw error;
    throw new TmuxError(`can't find pane: ${text}`);
  }
}

/** A word alone names a window of the current session, else a session. */
function windowOrSession(server: Server, text: string, current: Target | undefined): { session: Session; link: Link } {
  if (current) {
    try {
      return { session: current.session, link: findWindow(current.session, text) };
    } catch (error) {
      if (!(error instanceof TmuxError)) throw error;
    }
  }
  try {
    const session = findSession(server, text, current);
    return { session, link: session.current };
  } catch (error) {
    if (!(error instanceof TmuxError)) throw error;
    throw new TmuxError(`can't find window: ${text}`);
  }
}
