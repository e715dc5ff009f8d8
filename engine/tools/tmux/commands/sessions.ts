/** Commands about sessions and clients. */
import { type Command, clientOf, line, startOf, subject, target } from "../command.ts";
import { format } from "../format.ts";
import { TmuxError } from "../parse.ts";

const SESSION_LINE =
  "#{session_name}: #{session_windows} windows (created #{t:session_created})#{?session_grouped, (group ,}#{session_group}#{?session_grouped,),}#{?session_attached, (attached),}";

/** Dots and colons would be read as parts of targets. */
function sessionName(name: string): string {
  if (name === "") throw new TmuxError("invalid session: ");
  return name.replaceAll(":", "_").replaceAll(".", "_");
}

export const sessionCommands: readonly Command[] = [
  {
    name: "new-session",
    alias: "new",
    options: "Ac:dDe:EF:f:n:Ps:t:x:Xy:",
    most: -1,
    usage:
      "[-AdDEPX] [-c start-directory] [-e environment] [-F format] [-f flags] [-n window-name] [-s session-name] [-t target-session] [-x width] [-y height] [shell-command]",
    *run(context, flags) {
      const { server } = context;
      const wanted = flags.value("s");
      const name = wanted === undefined ? undefined : sessionName(format(wanted, subject(context, undefined)));
      const known = name === undefined ? undefined : server.sessions.get(name);
      if (known !== undefined) {
        if (!flags.has("A")) throw new TmuxError(`duplicate session: ${name}`);
        if (flags.has("D")) for (const client of known.clients) client.detach();
        if (context.client) context.client.switchTo(known);
        else context.attach = known;
        return;
      }
      const tty = context.client?.tty ?? context.process.fds.get(0)?.tty;
      if (!flags.has("d") && tty === undefined) throw new TmuxError("open terminal failed: not a terminal");
      const [defaultColumns, defaultRows] = server.options.get("default-size").split("x").map(Number);
      const statusRows = server.options.get("status") === "off" ? 0 : 1;
      const size = (flag: "x" | "y", otherwise: number) => {
        const text = flags.value(flag);
        if (text === undefined) return otherwise;
        if (text === "-") return tty === undefined ? otherwise : flag === "x" ? tty.columns : tty.rows;
        if (!/^\d+$/.test(text) || Number(text) === 0)
          throw new TmuxError(`${flag === "x" ? "width" : "height"} ${text === "0" ? "too small" : "invalid"}`);
        return Number(text);
      };
      const shown = !flags.has("d") && tty !== undefined;
      const columns = size("x", shown ? tty.columns : defaultColumns!);
      const rows = size("y", shown ? tty.rows - statusRows : defaultRows!);
      const start = startOf(context, flags, undefined);
      const session = server.newSession(name, start.cwd, columns, rows);
      if (flags.has("x") || flags.has("y")) session.options.set("default-size", `${columns}x${rows}`);
      for (const [key, value] of start.env) session.env.set(key, value);
      const link = server.newWindow(session, undefined, flags.value("n"), start);
      if (flags.has("P"))
        context.print(line(context, { session, link, pane: link.window.active }, flags, "#{session_name}:"));
      if (flags.has("d")) return;
      if (context.client) context.client.switchTo(session);
      else context.attach = session;
    },
  },
  {
    name: "attach-session",
    alias: "attach",
    options: "c:dEf:rt:x",
    most: 0,
    usage: "[-dErx] [-c working-directory] [-f flags] [-t target-session]",
    *run(context, flags) {
      const { server } = context;
      if (server.sessions.size === 0) throw new TmuxError("no sessions");
      const at = target(context, flags.value("t"), flags.value("t")?.match(/[:.]/) ? "pane" : "session");
      if (flags.value("t")?.match(/[:.]/)) {
        at.session.select(at.link);
        at.link.window.select(at.pane);
      }
      if (flags.has("d") || flags.has("x"))
        for (const client of at.session.clients) if (client !== context.client) client.detach();
      const cwd = flags.value("c");
      if (cwd !== undefined) at.session.cwd = format(cwd, subject(context, at));
      if (context.client) context.client.switchTo(at.session);
      else {
        if (context.process.fds.get(0)?.tty === undefined) throw new TmuxError("open terminal failed: not a terminal");
        context.attach = at.session;
      }
    },
  },
  {
    name: "detach-client",
    alias: "detach",
    options: "aE:s:t:P",
    most: 0,
    usage: "[-aP] [-E shell-command] [-s target-session] [-t target-client]",
    *run(context, flags) {
      const session = flags.value("s");
      if (session !== undefined) {
        for (const client of target(context, session, "session").session.clients) client.detach();
        return;
      }
      const client = clientOf(context, flags.value("t"));
      if (flags.has("a")) {
        for (const other of [...context.server.clients]) if (other !== client) other.detach();
      } else client.detach();
    },
  },
  {
    name: "kill-session",
    options: "aCt:",
    most: 0,
    usage: "[-aC] [-t target-session]",
    *run(context, flags) {
      const { session } = target(context, flags.value("t"), "session");
      if (flags.has("C")) {
        for (const { window } of session.links) window.bell = false;
        return;
      }
      const { server } = context;
      if (!flags.has("a")) server.killSession(session);
      else for (const other of server.sorted) if (other !== session) server.killSession(other);
    },
  },
  {
    name: "kill-server",
    options: "",
    most: 0,
    usage: "",
    *run(context) {
      const { server } = context;
      for (const session of server.sorted)
        for (const { window } of session.links) for (const pane of window.panes) server.kill(pane);
      server.stop();
    },
  },
  { name: "start-server", alias: "start", options: "", most: 0, usage: "", *run() {} },
  {
    name: "has-session",
    alias: "has",
    options: "t:",
    most: 0,
    usage: "[-t target-session]",
    *run(context, flags) {
      target(context, flags.value("t"), "session");
    },
  },
  {
    name: "list-sessions",
    alias: "ls",
    options: "F:f:",
    most: 0,
    usage: "[-F format] [-f filter]",
    *run(context, flags) {
      for (const session of context.server.sorted) {
        const at = { session, link: session.current, pane: session.current.window.active };
        const filter = flags.value("f");
        if (filter !== undefined && /^0?$/.test(format(filter, subject(context, at)))) continue;
        context.print(line(context, at, flags, SESSION_LINE));
      }
    },
  },
  {
    name: "rename-session",
    alias: "rename",
    options: "t:",
    most: 1,
    usage: "[-t target-session] new-name",
    *run(context, flags) {
      const at = target(context, flags.value("t"), "session");
      const text = flags.operands[0];
      if (text === undefined) throw new TmuxError("command rename-session: too few arguments (need at least 1)");
      const name = sessionName(format(text, subject(context, at)));
      if (name === at.session.name) return;
      if (context.server.sessions.has(name)) throw new TmuxError(`duplicate session: ${name}`);
      context.server.rename(at.session, name);
    },
  },
  {
    name: "switch-client",
    alias: "switchc",
    options: "c:EFlnO:pt:rT:Z",
    most: 0,
    usage: "[-ElnprZ] [-c target-client] [-t target-session] [-T key-table] [-O order]",
    *run(context, flags) {
      const client = clientOf(context, flags.value("c"));
      const { sorted } = context.server;
      const at = sorted.indexOf(client.session!);
      if (flags.has("r")) client.readOnly = !client.readOnly;
      else if (flags.has("n") || flags.has("p")) {
        if (sorted.length < 2) throw new TmuxError(`can't find ${flags.has("n") ? "next" : "previous"} session`);
        client.switchTo(sorted[(at + (flags.has("n") ? 1 : sorted.length - 1)) % sorted.length]!);
      } else if (flags.has("l")) {
        const last = client.lastSession;
        if (!last || !context.server.sessions.has(last.name)) throw new TmuxError("can't find last session");
        client.switchTo(last);
      } else {
        const found = target(context, flags.value("t"), flags.value("t")?.match(/[:.]/) ? "pane" : "session");
        if (flags.value("t")?.match(/[:.]/)) {
          found.session.select(found.link);
          found.link.window.select(found.pane);
        }
        client.switchTo(found.session);
      }
    },
  },
  {
    name: "list-clients",
    alias: "lsc",
    options: "F:f:t:",
    most: 0,
    usage: "[-F format] [-f filter] [-t target-session]",
    *run(context, flags) {
      const session = flags.has("t") ? target(context, flags.value("t"), "session").session : undefined;
      for (const client of context.server.clients) {
        if (session !== undefined && client.session !== session) continue;
        const own = client.session!;
        context.print(
          format(
            flags.value("F") ??
              "#{client_name}: #{session_name} [#{client_width}x#{client_height} #{client_termname}] #{?client_flags,(,}#{client_flags}#{?client_flags,),}",
            { server: context.server, client, session: own, link: own.current, pane: own.current.window.active },
          ),
        );
      }
    },
  },
  {
    name: "refresh-client",
    alias: "refresh",
    options: "cDf:LRSUt:",
    most: 1,
    usage: "[-cDLRSU] [-f flags] [-t target-client] [adjustment]",
    *run(context, flags) {
      clientOf(context, flags.value("t")).redraw();
    },
  },
  {
    name: "suspend-client",
    alias: "suspendc",
    options: "t:",
    most: 0,
    usage: "[-t target-client]",
    *run(context, flags) {
      clientOf(context, flags.value("t")).tell("Suspending is left to the shell");
    },
  },
];
