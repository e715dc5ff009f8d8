/** Formats: `#{…}`, `#S` and strftime's `%` in the texts that tmux shows. */
import { pattern } from "../../shell/pattern.ts";
import { calendar, strftime } from "../../text/time.ts";
import type { Client } from "./client.ts";
import { layoutText, leaves } from "./layout.ts";
import type { Link, Pane, Session, Window } from "./model.ts";
import type { Server } from "./server.ts";

/** What a format is about. */
export interface Subject {
  server: Server;
  client?: Client | undefined;
  session?: Session | undefined;
  link?: Link | undefined;
  pane?: Pane | undefined;
  /** Names of its own, such as those of a buffer. */
  extra?: ReadonlyMap<string, string>;
}

const SHORT: Record<string, string> = {
  D: "pane_id",
  F: "window_flags",
  H: "host",
  I: "window_index",
  P: "pane_index",
  S: "session_name",
  T: "pane_title",
  W: "window_name",
  h: "host_short",
};

type Get<T> = (of: T, subject: Subject) => string | number | boolean | undefined;

const SESSION: Record<string, Get<Session>> = {
  session_name: (session) => session.name,
  session_id: (session) => `$${session.id}`,
  session_windows: (session) => session.links.length,
  session_attached: (session) => session.clients.length,
  session_created: (session) => session.created,
  session_activity: (session) => session.activity,
  session_last_attached: (session) => session.attachedAt || "",
  session_path: (session) => session.cwd,
  session_many_attached: (session) => session.clients.length > 1,
  session_alerts: (session) =>
    session.links
      .filter((link) => link.window.bell)
      .map((link) => `${link.index}!`)
      .join(","),
};

const WINDOW: Record<string, Get<Window>> = {
  window_id: (window) => `@${window.id}`,
  window_name: (window) => window.name,
  window_panes: (window) => window.panes.length,
  window_width: (window) => window.width,
  window_height: (window) => window.height,
  window_layout: (window) => layoutText(window.layout, (pane) => pane.id),
  window_visible_layout: (window) => layoutText(window.layout, (pane) => pane.id),
  window_zoomed_flag: (window) => window.zoomed,
  window_bell_flag: (window) => window.bell,
  window_flags: (window, subject) => windowFlags(window, subject),
  window_raw_flags: (window, subject) => windowFlags(window, subject),
  window_active: (window, { session }) => session?.current.window === window,
  window_last_flag: (window, { session }) => session?.visited.at(-1)?.window === window,
  window_start_flag: (window, { session }) => session?.links[0]?.window === window,
  window_end_flag: (window, { session }) => session?.links.at(-1)?.window === window,
  last_window_index: (_window, { session }) => session?.links.at(-1)?.index,
};

const PANE: Record<string, Get<Pane>> = {
  pane_id: (pane) => `%${pane.id}`,
  pane_index: (pane) => pane.index,
  pane_title: (pane) => pane.screen.title,
  pane_width: (pane) => pane.screen.columns,
  pane_height: (pane) => pane.screen.rows,
  pane_left: (pane) => pane.cell.x,
  pane_top: (pane) => pane.cell.y,
  pane_right: (pane) => pane.cell.x + pane.cell.width - 1,
  pane_bottom: (pane) => pane.cell.y + pane.cell.height - 1,
  pane_at_left: (pane) => pane.cell.x === 0,
  pane_at_top: (pane) => pane.cell.y === 0,
  pane_at_right: (pane) => pane.cell.x + pane.cell.width === pane.window.width,
  pane_at_bottom: (pane) => pane.cell.y + pane.cell.height === pane.window.height,
  pane_active: (pane) => pane.window.active === pane,
  pane_last: (pane) => pane.window.last === pane,
  pane_dead: (pane) => pane.dead,
  pane_pid: (pane) => pane.process.pid,
  pane_tty: (pane) => pane.tty.name,
  pane_current_command: (pane) => pane.command,
  pane_current_path: (pane) => pane.path,
  pane_start_command: (pane) => pane.start.command.join(" "),
  pane_start_path: (pane) => pane.start.cwd,
  pane_in_mode: (pane) => pane.mode !== undefined,
  pane_mode: (pane) => pane.mode?.name ?? "",
  pane_synchronized: (pane) => pane.window.options.get("synchronize-panes") === "on",
  pane_marked: (pane) => pane.window.server.marked === pane,
  pane_pipe: (pane) => pane.pipe !== undefined,
  pane_input_off: (pane) => pane.inputOff,
  alternate_on: (pane) => pane.screen.alternate,
  cursor_x: (pane) => pane.screen.column,
  cursor_y: (pane) => pane.screen.row,
  cursor_flag: (pane) => pane.screen.cursorShown,
  keypad_cursor_flag: (pane) => pane.screen.applicationKeys,
  history_size: (pane) => pane.screen.history.length,
  history_limit: (pane) => pane.screen.historyLimit,
  history_bytes: (pane) => historyBytes(pane),
};

const CLIENT: Record<string, Get<Client>> = {
  client_name: (client) => client.tty.name,
  client_tty: (client) => client.tty.name,
  client_width: (client) => client.columns,
  client_height: (client) => client.rows,
  client_pid: (client) => client.process.pid,
  client_session: (client) => client.session?.name ?? "",
  client_termname: (client) => client.process.env.get("TERM") ?? "",
  client_prefix: (client) => client.prefixed,
  client_created: (client) => client.created,
  client_activity: (client) => client.created,
  client_flags: () => "attached,focused,UTF-8",
  client_utf8: () => true,
  client_readonly: (client) => client.readOnly,
};

const SERVER: Record<string, Get<Server>> = {
  host: (server) => server.machine.hostname,
  host_short: (server) => server.machine.hostname.split(".")[0],
  version: () => "3.5a",
  pid: (server) => server.process.pid,
  socket_path: (server) => server.socket,
  start_time: (server) => server.startedAt,
  server_sessions: (server) => server.sessions.size,
};

/** Bytes of a pane's lines as tmux counts them: 40 a line, 5 a cell, cells in quarters of the width. */
function historyBytes(pane: Pane): number {
  const { screen } = pane;
  let total = 0;
  for (const line of [...screen.history, ...screen.lines]) {
    const used = line.chars.length;
    const quarter = screen.columns >> 2;
    const cells =
      used === 0 ? 0 : used < quarter ? quarter : used < screen.columns >> 1 ? screen.columns >> 1 : screen.columns;
    total += 40 + cells * 5;
  }
  return total;
}

function windowFlags(window: Window, { session }: Subject): string {
  let flags = "";
  if (window.bell) flags += "!";
  if (session?.current.window === window) flags += "*";
  else if (session?.visited.at(-1)?.window === window) flags += "-";
  if (window.server.marked?.window === window) flags += "M";
  if (window.zoomed) flags += "Z";
  return flags;
}

function variable(name: string, subject: Subject): string {
  const { extra, client, session, link, pane, server } = subject;
  const window = link?.window ?? pane?.window;
  const own = extra?.get(name);
  if (own !== undefined) return own;
  let value: string | number | boolean | undefined;
  if (name === "window_index") value = link?.index;
  else if (pane && name in PANE) value = PANE[name]!(pane, subject);
  else if (window && name in WINDOW) value = WINDOW[name]!(window, subject);
  else if (session && name in SESSION) value = SESSION[name]!(session, subject);
  else if (client && name in CLIENT) value = CLIENT[name]!(client, subject);
  else if (name in SERVER) value = SERVER[name]!(server, subject);
  else if (name in PANE || name in WINDOW || name in SESSION || name in CLIENT) return "";
  else {
    const options = window && (window.options.own(name) !== undefined || !session) ? window.options : session?.options;
    return (options ?? server.options).get(name) || (server.env.get(name) ?? "");
  }
  if (typeof value === "boolean") return value ? "1" : "0";
  return value === undefined ? "" : String(value);
}

const truth = (text: string) => text !== "" && text !== "0";

/** The parts of a text between commas that stand in no `#{…}`. */
function parts(text: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "#" && ",}".includes(text[i + 1] ?? " ")) i++;
    else if (text[i] === "#" && text[i + 1] === "{") depth++;
    else if (text[i] === "}" && depth > 0) depth--;
    else if (text[i] === "," && depth === 0) {
      out.push(text.slice(from, i));
      from = i + 1;
    }
  }
  out.push(text.slice(from));
  return out;
}

function closing(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === "#" && text[i + 1] === "{") depth++;
    else if (text[i] === "#" && ",}".includes(text[i + 1] ?? " ")) i++;
    else if (text[i] === "}") {
      if (depth === 0) return i;
      depth--;
    }
  }
  return -1;
}

/** A format made text. `timed`: `%H` and its kin are the time. */
export function format(text: string, subject: Subject, timed = false): string {
  const source = timed && text.includes("%") ? strftime(text, calendar(subject.server.seconds), "libc") : text;
  let out = "";
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== "#") {
      out += source[i];
      continue;
    }
    const next = source[i + 1];
    if (next === "{") {
      const end = closing(source, i + 2);
      if (end < 0) return out;
      out += expression(source.slice(i + 2, end), subject);
      i = end;
    } else if (next === "[") {
      // Styles are for who draws.
      const end = source.indexOf("]", i);
      if (end < 0) return out;
      out += source.slice(i, end + 1);
      i = end;
    } else if (next === "#" || next === "," || next === "}") {
      out += next;
      i++;
    } else if (next !== undefined && next in SHORT) {
      out += variable(SHORT[next]!, subject);
      i++;
    } else out += "#";
  }
  return out;
}

function expression(text: string, subject: Subject): string {
  const expand = (part: string) => format(part, subject);
  if (text.startsWith("?")) {
    const [test, ...rest] = parts(text.slice(1));
    const yes = truth(test!.includes("#{") ? expand(test!) : variable(test!, subject));
    return expand((yes ? rest[0] : rest.slice(1).join(",")) ?? "");
  }
  const compare = /^(==|!=|<=|>=|<|>|&&|\|\||m(?:\/[ri]+)?):/.exec(text);
  if (compare) {
    const [a, b] = parts(text.slice(compare[0].length)).map(expand);
    return String(Number(compared(compare[1]!, a ?? "", b ?? "")));
  }
  const loop = /^([WPS]):/.exec(text);
  if (loop) return each(loop[1]!, text.slice(2), subject);
  const modified =
    /^([a-z]|[ET]|p-?\d+|=-?\d+|=\/-?\d+\/[^:]*|s\/[^/]*\/[^/]*\/[gi]*|e\|[-+*/m%]\|f?)((?:;[^:;]+)*):/.exec(text);
  if (!modified) return variable(text, subject);
  const [whole, first, others] = modified;
  const body = text.slice(whole.length);
  const modifiers = [first!, ...others!.split(";").filter((one) => one !== "")];
  let value = modifiers.includes("l") ? body : body.includes("#{") ? expand(body) : variable(body, subject);
  for (const modifier of modifiers) value = changed(modifier, value, body, subject);
  return value;
}

function compared(op: string, a: string, b: string): boolean {
  switch (op) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case ">":
      return a > b;
    case "<=":
      return a <= b;
    case ">=":
      return a >= b;
    case "&&":
      return truth(a) && truth(b);
    case "||":
      return truth(a) || truth(b);
    default:
      return pattern(a).matches(b);
  }
}

function changed(modifier: string, value: string, body: string, subject: Subject): string {
  switch (modifier[0]) {
    case "b":
      return value.slice(value.lastIndexOf("/") + 1);
    case "d":
      return value.includes("/") ? value.slice(0, Math.max(1, value.lastIndexOf("/"))) : ".";
    case "t":
      return value === "" ? "" : strftime("%a %b %e %H:%M:%S %Y", calendar(Number(value)));
    case "E":
      return format(value, subject);
    case "T":
      return format(value, subject, true);
    case "n":
      return String(value.length);
    case "p": {
      const width = Number(modifier.slice(1));
      return width < 0 ? value.padStart(-width) : value.padEnd(width);
    }
    case "=": {
      const match = /^=\/?(-?\d+)(?:\/(.*))?$/.exec(modifier)!;
      const limit = Number(match[1]);
      const cut = limit < 0 ? value.slice(limit) : value.slice(0, limit);
      return cut === value ? value : limit < 0 ? (match[2] ?? "") + cut : cut + (match[2] ?? "");
    }
    case "s": {
      const [, from, to] = modifier.split("/");
      return from ? value.split(from).join(to) : value;
    }
    case "e": {
      const [a, b] = parts(body).map((part) => Number(format(part, subject)));
      const op = modifier[2]!;
      const result =
        op === "+" ? a! + b! : op === "-" ? a! - b! : op === "*" ? a! * b! : op === "/" ? a! / b! : a! % b!;
      return String(Math.trunc(result));
    }
    default:
      return value;
  }
}

function each(kind: string, body: string, subject: Subject): string {
  const [plain, current] = parts(body);
  const { session, link, server } = subject;
  if (kind === "S")
    return server.sorted
      .map((one) => format(plain!, { ...subject, session: one, link: one.current, pane: one.current.window.active }))
      .join("");
  if (kind === "W")
    return (session?.links ?? [])
      .map((one) =>
        format(one === session!.current && current !== undefined ? current : plain!, {
          ...subject,
          link: one,
          pane: one.window.active,
        }),
      )
      .join("");
  return (link ? leaves(link.window.layout) : [])
    .map(({ pane }) =>
      format(pane === link!.window.active && current !== undefined ? current : plain!, { ...subject, pane }),
    )
    .join("");
}
