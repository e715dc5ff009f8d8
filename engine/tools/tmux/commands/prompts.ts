/** Commands that ask somebody at a terminal: prompts, confirmations, lists to choose from. */
import { calendar, strftime } from "../../../text/time.ts";
import { type Command, type Context, clientOf, subject, target } from "../command.ts";
import { format } from "../format.ts";
import { type Choice, ListMode } from "../list-mode.ts";
import { sample } from "./buffers.ts";

/** A template with what was typed in place of `%%` and `%1`. */
function filled(template: string, text: string): string {
  const safe = text.replace(/(["\\$])/g, "\\$1");
  return template.replaceAll("%%", () => safe).replaceAll("%1", () => safe);
}

function sessionChoices(context: Context, windows: boolean): Choice[] {
  const { server } = context;
  return server.sorted.flatMap((session) => {
    const attached = session.clients.length > 0 ? " (attached)" : "";
    const head: Choice = {
      text: `${windows ? "- " : "+ "}${session.name}: ${session.links.length} windows${attached}`,
      choose: (client) => client.switchTo(session),
      remove: () => server.killSession(session),
    };
    if (!windows) return [head];
    return [
      head,
      ...session.links.map((link, i): Choice => {
        const at = { server, session, link, pane: link.window.active };
        const branch = i === session.links.length - 1 ? "└─>" : "├─>";
        return {
          text: `${branch} ${link.index}: ${format('#{window_name}#{window_flags}#{?#{&&:#{==:#{window_panes},1},#{&&:#{pane_title},#{!=:#{pane_title},#{host_short}}}},: "#{pane_title}",}', at)}`,
          choose: (client) => {
            session.select(link);
            client.switchTo(session);
          },
          remove: () => server.unlink(session, link),
        };
      }),
    ];
  });
}

export const promptCommands: readonly Command[] = [
  {
    name: "command-prompt",
    options: "1beFkiI:Np:t:T:",
    most: 1,
    usage: "[-1bFkiN] [-I inputs] [-p prompts] [-t target-client] [-T type] [template]",
    *run(context, flags) {
      const client = clientOf(context, flags.value("t"));
      const session = client.session!;
      const at = { session, link: session.current, pane: session.current.window.active };
      const template = flags.operands[0];
      const given = flags.value("p");
      const label =
        given !== undefined ? `${given} ` : template === undefined ? ":" : `(${template.trim().split(/\s+/)[0]}) `;
      const text = format(flags.value("I") ?? "", subject(context, at));
      client.ask(
        label,
        text,
        (typed) => client.run(template === undefined ? typed : filled(template, typed)),
        flags.has("1") || flags.has("k"),
      );
    },
  },
  {
    name: "confirm-before",
    alias: "confirm",
    options: "bc:p:t:y",
    most: 1,
    usage: "[-by] [-c confirm_key] [-p prompt] [-t target-client] command",
    *run(context, flags) {
      const client = clientOf(context, flags.value("t"));
      const session = client.session!;
      const at = { session, link: session.current, pane: session.current.window.active };
      const command = flags.operands[0] ?? "";
      const label = flags.value("p") ?? `Confirm '${command.split(" ")[0]}'? (y/n)`;
      client.ask(
        `${format(label, subject(context, at))} `,
        "",
        (typed) => {
          if (typed === (flags.value("c") ?? "y") || typed === "Y") return client.run(command);
        },
        true,
      );
    },
  },
  {
    name: "choose-tree",
    options: "F:f:GK:NO:rst:wyZ",
    most: 1,
    usage: "[-GNrswZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane] [template]",
    *run(context, flags) {
      const { pane, session, link } = target(context, flags.value("t"), "pane");
      const windows = !flags.has("s");
      let at = 0;
      for (const one of context.server.sorted) {
        if (one === session) {
          if (windows) at += session.links.indexOf(link) + 1;
          break;
        }
        at += windows ? one.links.length + 1 : 1;
      }
      pane.mode = new ListMode(pane, "tree-mode", () => sessionChoices(context, windows), at);
      context.server.changed();
    },
  },
  {
    name: "choose-client",
    options: "F:f:K:NO:rt:yZ",
    most: 1,
    usage: "[-NrZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane] [template]",
    *run(context, flags) {
      const { pane } = target(context, flags.value("t"), "pane");
      const choices = () =>
        [...context.server.clients].map(
          (client): Choice => ({
            text: `${client.tty.name}: ${strftime("%H:%M", calendar(context.server.seconds))}: session ${client.session?.name}`,
            choose: () => client.detach(),
            remove: () => client.detach(),
          }),
        );
      pane.mode = new ListMode(pane, "client-mode", choices, 0);
      context.server.changed();
    },
  },
  {
    name: "choose-buffer",
    options: "F:f:K:NO:rt:yZ",
    most: 1,
    usage: "[-NrZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane] [template]",
    *run(context, flags) {
      const { server } = context;
      const { pane } = target(context, flags.value("t"), "pane");
      if (server.buffers.length === 0) return;
      const choices = () =>
        server.buffers.map(
          (one): Choice => ({
            text: `${one.name}: ${one.text.length} bytes: "${sample(one.text, 60)}"`,
            choose: (client) => client.pane.tty.input(new TextEncoder().encode(one.text.split("\n").join("\r"))),
            remove: () => {
              server.buffers = server.buffers.filter((other) => other !== one);
            },
          }),
        );
      pane.mode = new ListMode(pane, "buffer-mode", choices, 0);
      server.changed();
    },
  },
];
