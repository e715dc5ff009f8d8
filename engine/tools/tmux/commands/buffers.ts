/** Commands about paste buffers. */
import { decode, encode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import { type Command, type Context, target } from "../command.ts";
import { TmuxError } from "../parse.ts";
import type { PasteBuffer } from "../server.ts";

function buffer(context: Context, name: string | undefined): PasteBuffer {
  const { buffers } = context.server;
  const found = name === undefined ? buffers.find((one) => one.automatic) : buffers.find((one) => one.name === name);
  if (found === undefined) throw new TmuxError(name === undefined ? "no buffers" : `no buffer ${name}`);
  return found;
}

/** A text with what is no printing character as vis(3) shows it, cut at a width. */
export function sample(text: string, width = 200): string {
  const shown = [...text]
    .map(
      (char) =>
        ({ "\n": "\\n", "\t": "\\t", "\r": "\\r" })[char] ??
        (char < " " ? `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}` : char),
    )
    .join("");
  return shown.length > width ? `${shown.slice(0, width)}...` : shown;
}

function path(context: Context, text: string): string {
  return text.startsWith("/") ? text : `${context.process.cwd}/${text}`;
}

function* readAll(context: Context, name: string): Gen<string> {
  try {
    return name === "-"
      ? decode(yield* sys.readAll(context.process, 0))
      : decode(sys.readBytes(context.process, path(context, name)));
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new TmuxError(`${error.message}: ${name}`);
  }
}

export const bufferCommands: readonly Command[] = [
  {
    name: "set-buffer",
    alias: "setb",
    options: "ab:t:n:w",
    most: 1,
    usage: "[-aw] [-b buffer-name] [-n new-buffer-name] [-t target-client] [data]",
    *run(context, flags) {
      const { server } = context;
      const name = flags.value("b");
      const renamed = flags.value("n");
      if (renamed !== undefined) {
        Object.assign(buffer(context, name), { name: renamed, automatic: false });
        return;
      }
      const text = flags.operands[0];
      if (text === undefined) throw new TmuxError("no data specified");
      const old = flags.has("a") ? (server.buffers.find((one) => one.name === name)?.text ?? "") : "";
      server.addBuffer(old + text, name);
    },
  },
  {
    name: "list-buffers",
    alias: "lsb",
    options: "F:f:",
    most: 0,
    usage: "[-F format] [-f filter]",
    *run(context, flags) {
      const form = flags.value("F");
      for (const { name, text } of context.server.buffers) {
        const size = encode(text).length;
        context.print(
          form === undefined
            ? `${name}: ${size} bytes: "${sample(text)}"`
            : form
                .replaceAll("#{buffer_name}", name)
                .replaceAll("#{buffer_size}", String(size))
                .replaceAll("#{buffer_sample}", sample(text)),
        );
      }
    },
  },
  {
    name: "show-buffer",
    alias: "showb",
    options: "b:",
    most: 0,
    usage: "[-b buffer-name]",
    *run(context, flags) {
      const { text } = buffer(context, flags.value("b"));
      if (context.client) context.print(text);
      else yield* sys.write(context.process, 1, encode(text));
    },
  },
  {
    name: "delete-buffer",
    alias: "deleteb",
    options: "b:",
    most: 0,
    usage: "[-b buffer-name]",
    *run(context, flags) {
      const name = flags.value("b");
      if (name !== undefined && !context.server.buffers.some((one) => one.name === name))
        throw new TmuxError(`unknown buffer: ${name}`);
      const found = buffer(context, name);
      context.server.buffers = context.server.buffers.filter((one) => one !== found);
    },
  },
  {
    name: "paste-buffer",
    alias: "pasteb",
    options: "db:prs:t:",
    most: 0,
    usage: "[-dpr] [-s separator] [-b buffer-name] [-t target-pane]",
    *run(context, flags) {
      const { pane } = target(context, flags.value("t"), "pane");
      if (flags.value("b") === undefined && context.server.buffers.length === 0) return;
      const found = buffer(context, flags.value("b"));
      const separator = flags.value("s") ?? (flags.has("r") ? "\n" : "\r");
      const text = found.text.split("\n").join(separator);
      const bracketed = flags.has("p") && pane.screen.bracketedPaste;
      pane.tty.input(encode(bracketed ? `\x1b[200~${text}\x1b[201~` : text));
      if (flags.has("d")) context.server.buffers = context.server.buffers.filter((one) => one !== found);
    },
  },
  {
    name: "save-buffer",
    alias: "saveb",
    options: "ab:",
    most: 1,
    usage: "[-a] [-b buffer-name] path",
    *run(context, flags) {
      const { text } = buffer(context, flags.value("b"));
      const name = flags.operands[0];
      if (name === undefined) throw new TmuxError("command save-buffer: too few arguments (need at least 1)");
      if (name === "-") {
        yield* sys.write(context.process, 1, encode(text));
        return;
      }
      const old = flags.has("a") ? yield* readAll(context, name) : "";
      try {
        sys.writeText(context.process, path(context, name), old + text);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new TmuxError(`${error.message}: ${name}`);
      }
    },
  },
  {
    name: "load-buffer",
    alias: "loadb",
    options: "b:t:w",
    most: 1,
    usage: "[-b buffer-name] [-t target-client] path",
    *run(context, flags) {
      const name = flags.operands[0];
      if (name === undefined) throw new TmuxError("command load-buffer: too few arguments (need at least 1)");
      context.server.addBuffer(yield* readAll(context, name), flags.value("b"));
    },
  },
];
