/** Commands about options and the environment. */
import { type Command, type Context, subject, target } from "../command.ts";
import { format } from "../format.ts";
import { keyName } from "../keys.ts";
import { type Flags, TmuxError } from "../parse.ts";
import { checked, DEFINITIONS, findOption, type OptionKind, type Options, shown } from "../settings.ts";

const GLOBAL_WITHOUT_TARGET = "no current session";

/** Where an option of a name is set or read. */
function scope(context: Context, flags: Flags, kind: OptionKind): Options {
  const { server } = context;
  if (flags.has("g") || kind === "server" || flags.has("s")) return server.options;
  const text = flags.value("t");
  try {
    const at = target(context, text, kind === "session" && !flags.has("p") ? "session" : "pane");
    return kind === "window" ? at.link.window.options : at.session.options;
  } catch (error) {
    if (error instanceof TmuxError && error.message === "no current target") throw new TmuxError(GLOBAL_WITHOUT_TARGET);
    throw error;
  }
}

function kindOf(name: string, flags: Flags): OptionKind {
  if (name.startsWith("@")) return flags.has("w") || flags.has("p") ? "window" : flags.has("s") ? "server" : "session";
  return DEFINITIONS[name]!.kind;
}

function* setOption(context: Context, flags: Flags): Generator<never, void> {
  const [given, value] = flags.operands;
  if (given === undefined) throw new TmuxError("command set-option: too few arguments (need at least 1)");
  const found = findOption(given.replace(/\[\d*\]$/, ""));
  if ("error" in found) {
    if (flags.has("q")) return;
    throw new TmuxError(found.error);
  }
  const { name } = found;
  const options = scope(context, flags, kindOf(name, flags));
  if (flags.has("u") || flags.has("U")) options.unset(name);
  else if (flags.has("o") && options.own(name) !== undefined) {
    if (!flags.has("q")) throw new TmuxError(`already set: ${name}`);
  } else {
    const text = value !== undefined && flags.has("F") ? format(value, subject(context, undefined)) : value;
    const result = checked(name, flags.has("a") ? options.get(name) + (text ?? "") : text, options.get(name));
    if ("error" in result) throw new TmuxError(result.error);
    if ((name === "prefix" || name === "prefix2") && result.value !== "None") {
      const key = keyName(result.value);
      if (key === undefined) throw new TmuxError(`bad key: ${result.value}`);
      options.set(name, key);
    } else options.set(name, result.value);
  }
  for (const session of context.server.sorted) session.fit();
}

function* showOptions(context: Context, flags: Flags): Generator<never, void> {
  const only = flags.operands[0];
  const print = (name: string, value: string) =>
    context.print(
      flags.has("v") ? value : `${name} ${name.startsWith("@") || DEFINITIONS[name] ? shown(value) : value}`,
    );
  if (only !== undefined) {
    const found = findOption(only);
    if ("error" in found) {
      if (flags.has("q")) return;
      throw new TmuxError(found.error);
    }
    const { name } = found;
    const options = scope(context, flags, kindOf(name, flags));
    const own = options.own(name);
    const global = options === context.server.options;
    const value = own ?? (global || flags.has("A") ? DEFINITIONS[name]?.value : undefined);
    if (value !== undefined) print(name, value);
    else if (name.startsWith("@") && !flags.has("q")) throw new TmuxError(`invalid option: ${name}`);
    return;
  }
  const kind: OptionKind = flags.has("s") ? "server" : flags.has("w") || flags.has("p") ? "window" : "session";
  const options = scope(context, flags, kind);
  const names = new Set(options.names.filter((name) => (DEFINITIONS[name]?.kind ?? kind) === kind));
  if (options === context.server.options)
    for (const [name, definition] of Object.entries(DEFINITIONS)) if (definition.kind === kind) names.add(name);
  for (const name of [...names].sort()) print(name, options.get(name));
}

const setShape = { options: "aFgopqst:uUw", most: 2, usage: "[-aFgopqsuUw] [-t target-pane] option [value]" };
const showShape = { options: "AgHpqst:vw", most: 1, usage: "[-AgHpqsvw] [-t target-pane] [option]" };

/** The old names mean window options. */
function asWindow(flags: Flags): Flags {
  flags.values.set("w", [""]);
  return flags;
}

export const optionCommands: readonly Command[] = [
  { name: "set-option", alias: "set", ...setShape, run: setOption },
  {
    name: "set-window-option",
    alias: "setw",
    ...setShape,
    run: (context, flags) => setOption(context, asWindow(flags)),
  },
  { name: "show-options", alias: "show", ...showShape, run: showOptions },
  {
    name: "show-window-options",
    alias: "showw",
    ...showShape,
    run: (context, flags) => showOptions(context, asWindow(flags)),
  },
  {
    name: "set-environment",
    alias: "setenv",
    options: "Fhgrt:u",
    most: 2,
    usage: "[-Fhgru] [-t target-session] name [value]",
    *run(context, flags) {
      const [name, value] = flags.operands;
      if (name === undefined || name === "") throw new TmuxError("empty variable name");
      const env = flags.has("g") ? context.server.env : target(context, flags.value("t"), "session").session.env;
      if (flags.has("u") || flags.has("r")) env.delete(name);
      else if (value === undefined) throw new TmuxError("no value specified");
      else env.set(name, value);
    },
  },
  {
    name: "show-environment",
    alias: "showenv",
    options: "hgst:",
    most: 1,
    usage: "[-hgs] [-t target-session] [name]",
    *run(context, flags) {
      const env = flags.has("g") ? context.server.env : target(context, flags.value("t"), "session").session.env;
      const only = flags.operands[0];
      if (only !== undefined && !env.has(only)) throw new TmuxError(`unknown variable: ${only}`);
      for (const [name, value] of [...env].sort())
        if (only === undefined || only === name)
          context.print(flags.has("s") ? `${name}="${value}"; export ${name};` : `${name}=${value}`);
    },
  },
];
