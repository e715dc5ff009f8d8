import { call } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { EXECUTE, mayAccess } from "../../machine/path.ts";
import { find } from "../../machine/sys.ts";
import { hashOrder, PROGRAM_BUCKETS } from "../assoc.ts";
import { ExitShell, ShellError } from "../control.ts";
import { execExternal, findCommand } from "../external.ts";
import { KEYWORDS } from "../keywords.ts";
import { functionText } from "../print-function.ts";
import { singleQuote } from "../quote.ts";
import type { Shell } from "../shell.ts";
import { runWords } from "../simple.ts";
import { arrangeAll } from "../traps.ts";
import { type Builtin, builtins } from "./index.ts";
import { put } from "./output.ts";
import { badOption, noValue, parseOptions, usage, withoutOptions } from "./usage.ts";

/** What a name would run, in the order in which the shell looks. */
function kinds(sh: Shell, name: string, withFunctions = true, all = false): { kind: string; path?: string }[] {
  const out: { kind: string; path?: string }[] = [];
  if (sh.aliases.has(name) && (sh.setup.interactive || sh.shopts.has("expand_aliases"))) out.push({ kind: "alias" });
  if (KEYWORDS.has(name)) out.push({ kind: "keyword" });
  if (withFunctions && sh.functions.has(name)) out.push({ kind: "function" });
  if (builtins.has(name) && !sh.disabledBuiltins.has(name)) out.push({ kind: "builtin" });
  // A remembered program is where it was found.
  const known = all || sh.standardPath !== undefined ? undefined : sh.hashed.get(name);
  if (known !== undefined && out.length === 0) {
    known.hits++;
    return [{ kind: "file", path: known.path }];
  }
  const found = executableFiles(sh, name);
  for (const path of found) out.push({ kind: "file", path });
  // What may not be run is found where nothing else is.
  if (found.length === 0 && sh.setup.dialect === "bash" && !name.includes("/") && !all) {
    const [first] = findCommand(sh, name, true);
    if (first !== undefined) out.push({ kind: "file", path: first });
  }
  return out;
}

function executableFiles(sh: Shell, name: string): string[] {
  if (!name.includes("/")) return findCommand(sh, name, true).filter((path) => runnablePath(sh, path));
  return runnablePath(sh, name) ? [name] : [];
}

function runnablePath(sh: Shell, path: string): boolean {
  const node = find(sh.p, path);
  return node?.kind === "file" && mayAccess(node, sh.p.cred, EXECUTE);
}

const type: Builtin = function* (sh, args) {
  const parsed = sh.posix ? withoutOptions(args) : parseOptions(args, "afptP");
  if (parsed.bad) return yield* badOption(sh, "type", parsed.bad);
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  let status = 0;
  for (const name of parsed.rest) {
    let found = kinds(sh, name, !has("f"), has("a"));
    if (has("P")) found = found.filter((one) => one.kind === "file");
    if (!has("a")) found = found.slice(0, 1);
    if (found.length === 0) {
      status = sh.posix ? 127 : 1;
      if (sh.posix) yield* put(sh, "type", `${name}: not found\n`);
      else if (!has("t") && !has("p") && !has("P")) yield* sh.complain(`type: ${name}: not found`);
      continue;
    }
    for (const one of found) {
      if (has("t")) yield* put(sh, "type", `${one.kind}\n`);
      else if (has("p") || has("P")) {
        if (one.path) yield* put(sh, "type", `${one.path}\n`);
      } else yield* put(sh, "type", describe(sh, name, one, has("a")));
    }
  }
  return status;
};

function describe(sh: Shell, name: string, one: { kind: string; path?: string }, all: boolean): string {
  switch (one.kind) {
    case "alias":
      return sh.setup.dialect === "bash"
        ? `${name} is aliased to \`${sh.aliases.get(name)}'\n`
        : `${name} is an alias for ${sh.aliases.get(name)}\n`;
    case "keyword":
      return `${name} is a shell keyword\n`;
    case "function":
      if (sh.posix) return `${name} is a ${sh.setup.dialect === "dash" ? "shell " : ""}function\n`;
      return `${name} is a function\n${functionText(sh, name, sh.functions.get(name)!)}\n`;
    case "builtin":
      return `${name} is a shell builtin\n`;
    default:
      if (!all && sh.hashed.has(name)) return `${name} is hashed (${sh.hashed.get(name)!.path})\n`;
      return `${name} is ${one.path}\n`;
  }
}

/** Where `command -p` looks. */
const STANDARD_PATH = "/bin:/usr/bin";

const command: Builtin = function* (sh, args, how) {
  const parsed = parseOptions(args, "pvV");
  if (parsed.bad) return yield* badOption(sh, "command", parsed.bad);
  if (sh.restricted && parsed.options.some((option) => option.letter === "p")) {
    yield* sh.complain("command: -p: restricted");
    return 1;
  }
  if (parsed.options.some((option) => option.letter === "p")) {
    const before = sh.standardPath;
    sh.standardPath = STANDARD_PATH;
    try {
      const flags = args.slice(0, args.length - parsed.rest.length);
      const others = flags.filter((one) => one !== "--").map((one) => one.replaceAll("p", ""));
      return yield* call(command(sh, [...others.filter((one) => one !== "-"), "--", ...parsed.rest], how));
    } finally {
      sh.standardPath = before;
    }
  }
  if (parsed.options.some((option) => option.letter === "v" || option.letter === "V")) {
    const verbose = parsed.options.some((option) => option.letter === "V");
    let status = parsed.rest.length === 0 ? 0 : sh.setup.dialect === "bash" ? 1 : 127;
    // Other shells than bash look at one name.
    for (const name of sh.posix ? parsed.rest.slice(0, 1) : parsed.rest) {
      const [first] = kinds(sh, name);
      if (first === undefined) {
        if (verbose && sh.posix) yield* put(sh, "command", `${name}: not found\n`);
        else if (verbose) yield* sh.complain(`command: ${name}: not found`);
        continue;
      }
      status = 0;
      if (verbose) yield* put(sh, "command", describe(sh, name, first, false));
      else if (first.kind === "alias")
        yield* put(sh, "command", `alias ${name}=${singleQuote(sh.aliases.get(name)!)}\n`);
      else yield* put(sh, "command", `${first.path ?? name}\n`);
    }
    return status;
  }
  if (parsed.rest.length === 0) return 0;
  const skipped = args.length - parsed.rest.length + 1;
  const declared = how.declared && new Map([...how.declared].map(([at, ready]) => [at - skipped, ready] as const));
  sh.byCommand++;
  try {
    yield* sh.aside(runWords(sh, parsed.rest, { noFunctions: true, declared }));
  } finally {
    sh.byCommand--;
  }
  return sh.status;
};

const builtin: Builtin = function* (sh, args, how) {
  const words = args[0] === "--" ? args.slice(1) : args;
  if (words.length === 0) return 0;
  if (words === args && /^-./.test(words[0]!)) return yield* badOption(sh, "builtin", words[0]!.slice(0, 2));
  const found = builtins.get(words[0]!);
  if (found === undefined || sh.disabledBuiltins.has(words[0]!)) {
    yield* sh.complain(`builtin: ${words[0]}: not a shell builtin`);
    return 1;
  }
  const skipped = args.length - words.length + 1;
  const declared = how.declared && new Map([...how.declared].map(([at, ready]) => [at - skipped, ready] as const));
  return yield* call(found(sh, words.slice(1), { name: words[0]!, declared }));
};

const exec: Builtin = function* (sh, args) {
  const parsed = sh.setup.dialect === "bash" ? parseOptions(args, "cla:") : withoutOptions(args);
  if (parsed.bad) return yield* badOption(sh, "exec", parsed.bad);
  if (parsed.missing) return yield* noValue(sh, "exec", parsed.missing);
  if (parsed.rest.length === 0) return 0;
  if (sh.restricted) {
    yield* sh.complain("exec: restricted");
    return 1;
  }
  let argv0: string | undefined;
  let env: Map<string, string> | undefined = sh.environment();
  for (const option of parsed.options) {
    if (option.letter === "a") argv0 = option.value;
    else if (option.letter === "c") env = undefined;
  }
  if (parsed.options.some((option) => option.letter === "l")) argv0 = `-${argv0 ?? parsed.rest[0]}`;
  const traps = new Map(sh.traps);
  let tried = false;
  const name = parsed.rest[0]!;
  try {
    if (!name.includes("/") && findCommand(sh, name).length === 0) {
      yield* sh.complain(`exec: ${name}: not found`);
      sh.status = 127;
    } else {
      tried = true;
      for (const [signal, action] of traps) if (action !== "") sh.traps.delete(signal);
      arrangeAll(sh);
      yield* execExternal(sh, parsed.rest, env, argv0);
    }
  } catch (error) {
    if (isErrno(error)) throw error;
    if (!(error instanceof ShellError)) throw error;
    yield* sh.complain(
      error.status === 126 || error.status === 127
        ? sh.setup.dialect === "bash"
          ? error.message
          : `exec: ${error.message}`
        : error.message,
    );
    if (sh.setup.dialect === "bash" && error.status === 126)
      yield* sh.complain(`exec: ${name}: cannot execute: ${error.message.slice(error.message.lastIndexOf(": ") + 2)}`);
    sh.status = error.status;
  }
  sh.traps = traps;
  arrangeAll(sh);
  // Bash has forgotten its EXIT trap by then.
  if (tried && sh.setup.dialect === "bash" && !sh.shopts.has("execfail")) sh.traps.delete("EXIT");
  if (!sh.setup.interactive && !sh.shopts.has("execfail")) throw new ExitShell(sh.status, "everything");
  return sh.status;
};

const hash: Builtin = function* (sh, args) {
  if (!sh.has("hashall") && sh.setup.dialect === "bash") {
    yield* sh.complain("hash: hashing disabled");
    return 1;
  }
  const parsed = parseOptions(args, "dlp:rt");
  if (parsed.bad) return yield* badOption(sh, "hash", parsed.bad);
  const has = (letter: string) => parsed.options.find((option) => option.letter === letter);
  if (has("r")) sh.hashed.clear();
  if (parsed.rest.length === 0 && parsed.missing === undefined && !has("l") && !has("r") && !has("t")) {
    if (sh.hashed.size === 0) {
      if (!sh.has("posix")) yield* put(sh, "hash", "hash: hash table empty\n");
      return 0;
    }
    let text = sh.posix ? "" : "hits\tcommand\n";
    for (const name of hashOrder(sh.hashed.keys(), PROGRAM_BUCKETS)) {
      const { hits, path } = sh.hashed.get(name)!;
      text += sh.posix ? `${path}\n` : `${String(hits).padStart(4)}\t${path}\n`;
    }
    return yield* put(sh, "hash", text);
  }
  if (parsed.missing !== undefined || (has("t") && parsed.rest.length === 0)) {
    yield* sh.complain(`hash: ${parsed.missing ?? "-t"}: option requires an argument`);
    return parsed.missing === undefined ? 1 : yield* usage(sh, "hash");
  }
  if (has("r") && parsed.rest.length === 0) return 0;
  if (has("l") && parsed.rest.length === 0) {
    let text = sh.hashed.size === 0 && !sh.has("posix") ? "hash: hash table empty\n" : "";
    for (const name of hashOrder(sh.hashed.keys(), PROGRAM_BUCKETS))
      text += `builtin hash -p ${sh.hashed.get(name)!.path} ${name}\n`;
    return yield* put(sh, "hash", text);
  }
  let status = 0;
  for (const name of parsed.rest) {
    if (has("p") && sh.restricted && has("p")!.value!.includes("/")) {
      yield* sh.complain(`hash: ${has("p")!.value}: restricted`);
      status = 1;
    } else if (has("p") && sh.restricted && findCommand(sh, has("p")!.value!)[0] === undefined) {
      yield* sh.complain(`hash: ${has("p")!.value}: not found`);
      status = 1;
    } else if (has("p")) {
      if (find(sh.p, has("p")!.value!)?.kind === "dir") {
        yield* sh.complain(`hash: ${has("p")!.value}: Is a directory`);
        status = 1;
      } else sh.hashed.set(name, { path: has("p")!.value!, hits: 0 });
    } else if (has("d")) {
      if (!sh.hashed.delete(name)) {
        yield* sh.complain(`hash: ${name}: not found`);
        status = 1;
      }
    } else if (has("t")) {
      const known = sh.hashed.get(name);
      if (known && has("l")) yield* put(sh, "hash", `builtin hash -p ${known.path} ${name}\n`);
      else if (known) yield* put(sh, "hash", parsed.rest.length > 1 ? `${name}\t${known.path}\n` : `${known.path}\n`);
      else {
        yield* sh.complain(`hash: ${name}: not found`);
        status = 1;
      }
    } else if (!name.includes("/") && !builtins.has(name)) {
      const [path] = findCommand(sh, name);
      if (path === undefined) {
        yield* sh.complain(`hash: ${name}: not found`);
        status = 1;
      } else sh.hashed.set(name, { path, hits: 0 });
    }
  }
  return status;
};

const alias: Builtin = function* (sh, args) {
  const parsed = sh.posix ? withoutOptions(args) : parseOptions(args, "p");
  if (parsed.bad) return yield* badOption(sh, "alias", parsed.bad);
  const listed = parsed.options.length > 0;
  const line = (name: string) =>
    `${sh.posix || (sh.has("posix") && !listed) ? "" : "alias "}${name}=${singleQuote(sh.aliases.get(name)!)}\n`;
  let status = 0;
  if (parsed.rest.length === 0 || parsed.options.length > 0) {
    const names = [...sh.aliases.keys()].sort();
    status = yield* put(sh, "alias", names.map(line).join(""));
  }
  for (const arg of parsed.rest) {
    const at = arg.indexOf("=");
    if (at > 0) {
      const name = arg.slice(0, at);
      if (sh.setup.dialect === "bash" && /[\s/$`'"|&;()<>=]/.test(name)) {
        yield* sh.complain(`alias: \`${name}': invalid alias name`);
        status = 1;
      } else sh.aliases.set(name, arg.slice(at + 1));
    } else if (sh.aliases.has(arg)) yield* put(sh, "alias", line(arg));
    else {
      yield* sh.complain(`alias: ${arg}: not found`);
      status = 1;
    }
  }
  return status;
};

const unalias: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, "a");
  if (parsed.bad) return yield* badOption(sh, "unalias", parsed.bad);
  if (parsed.options.length > 0) {
    sh.aliases.clear();
    return 0;
  }
  if (parsed.rest.length === 0) return sh.posix ? 0 : yield* usage(sh, "unalias");
  let status = 0;
  for (const name of parsed.rest) {
    if (sh.aliases.delete(name)) continue;
    yield* sh.complain(`unalias: ${name}: not found`);
    status = 1;
  }
  return status;
};

export const commandBuiltins: Record<string, Builtin> = {
  type,
  command,
  builtin,
  exec,
  hash,
  alias,
  unalias,
};
