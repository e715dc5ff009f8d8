/** Commands about key bindings. */
import { type Command, findCommand } from "../command.ts";
import { keyName } from "../keys.ts";
import { quoted, TmuxError } from "../parse.ts";
import { commands } from "./index.ts";

function key(text: string): string {
  const name = keyName(text);
  if (name === undefined) throw new TmuxError(`unknown key: ${text}`);
  return name;
}

/** Words of a command as a text that means them again; a word of several commands keeps its braces. */
function commandText(words: readonly string[]): string {
  if (words.length === 1 && /\s/.test(words[0]!)) return words[0]!;
  return words
    .map((word) =>
      word === ";" ? "\\;" : /^[^\s"'\\]+ .*$/.test(word) && word.includes(" ") ? `{ ${word} }` : quoted(word),
    )
    .join(" ")
    .replaceAll("\\;", ";");
}

export const keyCommands: readonly Command[] = [
  {
    name: "bind-key",
    alias: "bind",
    options: "nrN:T:",
    most: -1,
    usage: "[-nr] [-T key-table] [-N note] key [command [arguments]]",
    *run(context, flags) {
      const [name, ...words] = flags.operands;
      if (name === undefined) throw new TmuxError("command bind-key: too few arguments (need at least 1)");
      const table = flags.has("n") ? "root" : (flags.value("T") ?? "prefix");
      if (words.length === 1 && !/[\s;]/.test(words[0]!)) findCommand(words[0]!);
      else if (words.length > 1) findCommand(words[0]!);
      context.server.bindings.bind(table, key(name), {
        command: words.length === 0 ? "" : commandText(words),
        repeat: flags.has("r"),
        note: flags.value("N") ?? "",
      });
    },
  },
  {
    name: "unbind-key",
    alias: "unbind",
    options: "anqT:",
    most: 1,
    usage: "[-anq] [-T key-table] key",
    *run(context, flags) {
      const table = flags.has("n") ? "root" : (flags.value("T") ?? "prefix");
      const { tables } = context.server.bindings;
      if (flags.has("a")) {
        tables.delete(table);
        return;
      }
      const name = flags.operands[0];
      if (name === undefined) throw new TmuxError("missing key");
      tables.get(table)?.delete(key(name));
    },
  },
  {
    name: "list-keys",
    alias: "lsk",
    options: "1aNP:T:",
    most: 1,
    usage: "[-1aN] [-P prefix-string] [-T key-table] [key]",
    *run(context, flags) {
      const { bindings } = context.server;
      if (!flags.has("N")) {
        const only = flags.operands[0];
        const table = flags.value("T");
        if (table !== undefined && !bindings.tables.has(table)) throw new TmuxError(`table ${table} doesn't exist`);
        const lines = bindings.listed(table, only);
        if (lines.length === 0 && only !== undefined) throw new TmuxError(`unknown key: ${only}`);
        for (const one of lines) context.print(one);
        return;
      }
      const prefix = context.server.options.get("prefix");
      const noted = [...(bindings.tables.get("prefix")?.values() ?? [])].filter(({ note }) => note !== "");
      const width = Math.max(0, ...noted.map((one) => one.key.length));
      for (const one of noted) context.print(`${prefix} ${one.key.padEnd(width)} ${one.note}`);
    },
  },
  {
    name: "list-commands",
    alias: "lscm",
    options: "F:",
    most: 1,
    usage: "[-F format] [command]",
    *run(context, flags) {
      const only = flags.operands[0];
      for (const one of only === undefined ? commands : [findCommand(only)])
        context.print(`${one.name} ${one.alias === undefined ? "" : `(${one.alias}) `}${one.usage}`);
    },
  },
];
