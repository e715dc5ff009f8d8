import type { Gen } from "../../kernel/index.ts";
import { hashOrder } from "../assoc.ts";
import { ACTIONS, LETTERS, runSpec } from "../compspec.ts";
import { keySequence, shownSequence } from "../editor/bindings.ts";
import { KEYMAP } from "../editor/keymap.ts";
import { readlineVariables } from "../editor/variables.ts";
import { singleQuote } from "../quote.ts";
import type { Shell } from "../shell.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { badOption, noValue, type Parsed, parseOptions, usage } from "./usage.ts";

const OPTIONS = "abcdefgjksuvprDEIo:A:G:W:F:C:X:P:S:";

/** Names of the specifications for lines without a command, commands without one of their own, and command names. */
const SPECIAL: Record<string, string> = { E: "-E", D: "-D", I: "-I" };

function specOf(options: readonly { letter: string; value: string | undefined }[]): string[] {
  return options.flatMap(({ letter, value }) =>
    "prDEI".includes(letter) ? [] : value === undefined ? [`-${letter}`] : [`-${letter}`, value],
  );
}

/** Complains about options and actions that there are not. */
function* wrongSpec(sh: Shell, name: string, parsed: Parsed): Gen<number | undefined> {
  if (parsed.bad) return yield* badOption(sh, name, parsed.bad);
  if (parsed.missing) return yield* noValue(sh, name, parsed.missing);
  for (const { letter, value } of parsed.options) {
    const wrong =
      letter === "o" && !COMPLETION_OPTIONS.includes(value!)
        ? "option"
        : letter === "A" && !ACTIONS.includes(value!) && !Object.values(LETTERS).includes(value!)
          ? "action"
          : undefined;
    if (wrong === undefined) continue;
    yield* sh.complain(`${name}: ${value}: invalid ${wrong} name`);
    return 2;
  }
  return undefined;
}

/** Buckets of the table of specifications, and its names for the special ones (pcomplete.h): they order the listing. */
const COMPLETION_BUCKETS = 512;
const TABLE_NAMES: Record<string, string> = { "-E": "_EmptycmD_", "-D": "_DefaultCmD_", "-I": "_InitialWorD_" };

/** A specification as `complete -p` writes it: options, actions, then what has an argument. */
function specText(spec: readonly string[]): string {
  const valuesOf = (flag: string) => spec.filter((_, i) => i > 0 && spec[i - 1] === flag);
  const actions = new Set(valuesOf("-A"));
  for (const [letter, kind] of Object.entries(LETTERS)) if (spec.includes(`-${letter}`)) actions.add(kind);
  const letter = new Map(Object.entries(LETTERS).map(([key, kind]) => [kind, key]));
  const out = COMPLETION_OPTIONS.filter((one) => valuesOf("-o").includes(one)).map((one) => `-o ${one}`);
  for (const kind of [...letter.keys()].filter((one) => actions.has(one))) out.push(`-${letter.get(kind)}`);
  for (const kind of ACTIONS.filter((one) => actions.has(one))) out.push(`-A ${kind}`);
  for (const flag of ["-G", "-W", "-P", "-S", "-X", "-C"])
    for (const value of valuesOf(flag).slice(-1)) out.push(`${flag} ${singleQuote(value)}`);
  for (const value of valuesOf("-F").slice(-1)) out.push(`-F ${value}`);
  return out.join(" ");
}

const complete: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, OPTIONS);
  const wrong = yield* wrongSpec(sh, "complete", parsed);
  if (wrong !== undefined) return wrong;
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  const special = Object.keys(SPECIAL).find(has);
  const named = special === undefined ? parsed.rest : [SPECIAL[special]!];
  if (has("r")) {
    if (named.length === 0) sh.completions.clear();
    let status = 0;
    if (sh.completions.size === 0) return 0;
    for (const name of named) {
      if (sh.completions.delete(name)) continue;
      yield* sh.complain(`complete: ${name}: no completion specification`);
      status = 1;
    }
    return status;
  }
  if (has("p") || args.length === 0) {
    const inTable = (name: string) => TABLE_NAMES[name] ?? name;
    const order = hashOrder([...sh.completions.keys()].map(inTable), COMPLETION_BUCKETS);
    const names =
      named.length > 0
        ? named
        : [...sh.completions.keys()].sort((a, b) => order.indexOf(inTable(a)) - order.indexOf(inTable(b)));
    let status = 0;
    for (const name of names) {
      const spec = sh.completions.get(name);
      if (spec === undefined) {
        yield* sh.complain(`complete: ${name}: no completion specification`);
        status = 1;
      } else yield* put(sh, "complete", `complete ${specText(spec)} ${name}\n`);
    }
    return status;
  }
  if (named.length === 0) return yield* usage(sh, "complete");
  for (const name of named) sh.completions.set(name, specOf(parsed.options));
  return 0;
};

/** Options of the specification that is being used, or of others by name. */
const compopt: Builtin = function* (sh, args) {
  const names: string[] = [];
  const changes: [on: boolean, option: string][] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "-o" || arg === "+o") changes.push([arg === "-o", args[++i] ?? ""]);
    else if (/^-[DEI]$/.test(arg)) names.push(arg);
    else if (/^[-+]./.test(arg) && arg !== "--" && names.length === 0)
      return yield* badOption(sh, "compopt", arg.slice(0, 2));
    else if (arg !== "--") names.push(arg);
  }
  for (const [, option] of changes) {
    if (!COMPLETION_OPTIONS.includes(option)) {
      yield* sh.complain(`compopt: ${option}: invalid option name`);
      return 2;
    }
  }
  if (names.length === 0) {
    const { completing } = sh;
    if (completing === undefined) {
      yield* sh.complain("compopt: not currently executing completion function");
      return 1;
    }
    for (const [on, option] of changes) on ? completing.add(option) : completing.delete(option);
    return 0;
  }
  let status = 0;
  for (const name of names) {
    const spec = sh.completions.get(name);
    if (spec === undefined) {
      yield* sh.complain(`compopt: ${TABLE_NAMES[name] ?? name}: no completion specification`);
      status = 1;
      continue;
    }
    const options = new Set(spec.filter((_, i) => spec[i - 1] === "-o"));
    for (const [on, option] of changes) on ? options.add(option) : options.delete(option);
    const others = spec.filter((part, i) => part !== "-o" && spec[i - 1] !== "-o");
    sh.completions.set(name, [...[...options].flatMap((option) => ["-o", option]), ...others]);
  }
  return status;
};

const COMPLETION_OPTIONS = "bashdefault default dirnames filenames fullquote noquote nosort nospace plusdirs".split(
  " ",
);

const compgen: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, OPTIONS);
  const wrong = yield* wrongSpec(sh, "compgen", parsed);
  if (wrong !== undefined) return wrong;
  if (parsed.options.length === 0) return 0;
  const word = parsed.rest[0] ?? "";
  for (const letter of ["F", "C"])
    if (parsed.options.some((option) => option.letter === letter))
      yield* sh.complain(`compgen: warning: -${letter} option may not work as you expect`);
  const { values } = yield* runSpec(sh, specOf(parsed.options), { command: "compgen", word });
  if (values.length === 0) return 1;
  return yield* put(sh, "compgen", values.map((value) => `${value}\n`).join(""));
};

const KEYMAPS = new Set("emacs emacs-standard emacs-meta emacs-ctlx vi vi-command vi-move vi-insert".split(" "));

const bind: Builtin = function* (sh, args) {
  if (!sh.setup.interactive) yield* sh.complain("bind: warning: line editing not enabled");
  const parsed = parseOptions(args, "lpsvPSVXm:f:q:u:r:x:");
  if (parsed.bad) return yield* badOption(sh, "bind", parsed.bad);
  if (parsed.missing) return yield* noValue(sh, "bind", parsed.missing);
  const { bindings } = sh;
  const value = (letter: string) => parsed.options.find((option) => option.letter === letter)?.value;
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  const keymap = value("m");
  if (keymap !== undefined && !KEYMAPS.has(keymap)) {
    yield* sh.complain(`bind: \`${keymap}': invalid keymap name`);
    return 1;
  }
  const file = value("f");
  if (file !== undefined && !bindings.file(sh.p, file)) {
    yield* sh.complain(`bind: ${file}: cannot read: No such file or directory`);
    return 1;
  }
  if (has("l")) yield* put(sh, "bind", [...KEYMAP.keys()].map((name) => `${name}\n`).join(""));
  if (has("p") || has("P")) yield* put(sh, "bind", listed(sh, has("P")));
  if (has("v") || has("V"))
    yield* put(
      sh,
      "bind",
      readlineVariables(bindings.variables)
        .map(([name, on]) => (has("v") ? `set ${name} ${on}\n` : `${name} is set to \`${on}'\n`))
        .join(""),
    );
  if (has("s") || has("S"))
    for (const [keys, bound] of bindings.keys) {
      if (bound.kind !== "macro") continue;
      const [from, to] = [shownSequence(keys), shownSequence(bound.text)];
      yield* put(sh, "bind", has("S") ? `${from} outputs ${to}\n` : `"${from}": "${to}"\n`);
    }
  if (has("X"))
    for (const [keys, bound] of bindings.keys)
      if (bound.kind === "command") yield* put(sh, "bind", `"${shownSequence(keys)}": "${bound.text}"\n`);
  const asked = value("q");
  if (asked !== undefined) {
    const keys = sequencesOf(sh, asked);
    if (!KEYMAP.has(asked)) {
      yield* sh.complain(`bind: \`${asked}': unknown function name`);
      return 1;
    }
    if (keys.length === 0) {
      yield* put(sh, "bind", `${asked} is not bound to any keys.\n`);
      return 1;
    }
    yield* put(sh, "bind", foundOn(asked, keys, "invoked via"));
  }
  const gone = value("r");
  if (gone !== undefined) {
    bindings.keys.delete(keySequence(gone));
    bindings.removed.add(keySequence(gone));
  }
  const freed = value("u");
  if (freed !== undefined) {
    if (!KEYMAP.has(freed)) {
      yield* sh.complain(`bind: \`${freed}': unknown function name`);
      return 1;
    }
    for (const [keys, bound] of bindings.keys)
      if (bound.kind === "function" && bound.name === freed) bindings.keys.delete(keys);
    bindings.unbound.set(freed, true);
  }
  const command = value("x");
  const wrong = command === undefined ? undefined : bindings.line(command, true);
  if (wrong !== undefined) yield* sh.complain(`bind: ${wrong}`);
  for (const line of parsed.rest) {
    const said = bindings.line(line);
    if (said !== undefined) yield* sh.writeTo(2, `readline: ${said}\n`);
    if (bindings.variables.get("editing-mode") === "vi") {
      sh.options.delete("emacs");
      sh.options.add("vi");
    }
  }
  return 0;
};

/** Sequences that a function can be invoked by, as `bind -p` writes them. */
function sequencesOf(sh: Shell, name: string): string[] {
  const chosen = [...sh.bindings.keys].map(([keys, bound]) => ({ keys: shownSequence(keys), bound }));
  const taken = new Set([...chosen.map(({ keys }) => keys), ...[...sh.bindings.removed].map(shownSequence)]);
  const own = chosen.filter(({ bound }) => bound.kind === "function" && bound.name === name).map(({ keys }) => keys);
  const unbound = sh.bindings.unbound.get(name);
  const usual = (KEYMAP.get(name) ?? []).filter((keys) => !taken.has(keys) && !unbound);
  if (own.length === 0) return usual;
  const order = (keys: string) => keySequence(keys);
  return [...usual, ...own].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** The first few of the keys of a function. */
function foundOn(name: string, keys: readonly string[], how: string): string {
  if (keys.length === 0) return `${name} is not bound to any keys\n`;
  const shown = keys.slice(0, 5).map((one) => `"${one}"`);
  return `${name} can be ${how} ${shown.join(", ")}${keys.length > 5 ? ", ...\n" : ".\n"}`;
}

function listed(sh: Shell, words: boolean): string {
  let out = "\n";
  for (const name of KEYMAP.keys()) {
    const keys = sequencesOf(sh, name);
    if (words) out += foundOn(name, keys, "found on");
    else if (keys.length === 0) out += `# ${name} (not bound)\n`;
    else for (const one of keys) out += `"${one}": ${name}\n`;
  }
  return out;
}

export const completionBuiltins: Record<string, Builtin> = {
  complete,
  compgen,
  compopt,
  bind,
};
