import { decode, type Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { Process, Program } from "../machine/process.ts";
import { find, readBytes, readPath } from "../machine/sys.ts";
import { applyOptions } from "./builtins/options.ts";
import { ExitShell } from "./control.ts";
import { runSource } from "./execute.ts";
import { finishing } from "./fork.ts";
import { runInput } from "./input.ts";
import { interactive, promptDefaults } from "./interactive.ts";
import { localeWarning } from "./locale.ts";
import { restrict, setPosixMode } from "./modes.ts";
import type { Dialect, Shell } from "./shell.ts";
import { Source } from "./source.ts";
import { BASH_VERSION, startShell } from "./start.ts";
import { sourceIfThere } from "./startup.ts";

/** The command line of a shell. */
interface Invocation {
  command: string | undefined;
  interactive: boolean;
  login: boolean;
  stdin: boolean;
  norc: boolean;
  noprofile: boolean;
  rcfile: string | undefined;
  posix: boolean;
  /** `set` and `shopt` options, to be applied in order. */
  settings: string[];
  shopts: { name: string; on: boolean }[];
  rest: string[];
  wrong: string | undefined;
  version: boolean;
  restricted: boolean;
}

function readArguments(argv: readonly string[]): Invocation {
  const out: Invocation = {
    command: undefined,
    interactive: false,
    login: (argv[0] ?? "").startsWith("-"),
    stdin: false,
    norc: false,
    noprofile: false,
    rcfile: undefined,
    posix: false,
    settings: [],
    shopts: [],
    rest: [],
    wrong: undefined,
    version: false,
    restricted: (argv[0] ?? "").split("/").at(-1) === "rbash",
  };
  let wantCommand = false;
  let i = 1;
  for (; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === "--" || arg === "-") {
      i++;
      break;
    }
    if (arg.startsWith("--") && arg.length > 2) {
      if (arg === "--login") out.login = true;
      else if (arg === "--norc") out.norc = true;
      else if (arg === "--noprofile") out.noprofile = true;
      else if (arg === "--posix") out.posix = true;
      else if (arg === "--version") out.version = true;
      else if (arg === "--rcfile" || arg === "--init-file") out.rcfile = argv[++i];
      else if (arg === "--verbose") out.settings.push("-v");
      else if (arg === "--restricted") out.restricted = true;
      else if (arg !== "--noediting") out.wrong = arg;
      continue;
    }
    if (arg.length < 2 || (arg[0] !== "-" && arg[0] !== "+")) break;
    for (const letter of arg.slice(1)) {
      if (letter === "c") wantCommand = true;
      else if (letter === "i") out.interactive = true;
      else if (letter === "l") out.login = true;
      else if (letter === "s") out.stdin = true;
      else if (letter === "o") out.settings.push(`${arg[0]}o`, argv[++i] ?? "");
      else if (letter === "O") out.shopts.push({ name: argv[++i] ?? "", on: arg[0] === "-" });
      else if ("abefhkmnptuvxBCEHPT".includes(letter)) out.settings.push(`${arg[0]}${letter}`);
      else if (letter === "r" && arg[0] === "-") out.restricted = true;
      else if (letter !== "D") out.wrong = `${arg[0]}${letter}`;
    }
  }
  out.rest = argv.slice(i);
  if (wantCommand) {
    out.command = out.rest[0];
    if (out.command === undefined) out.wrong = "-c";
    out.rest = out.rest.slice(1);
  }
  return out;
}

/** Which shell this process is: by the name it was called, and for `sh` by what the machine's /bin/sh is. */
function dialectOf(p: Process): Dialect {
  const name = (p.argv[0] ?? "").replace(/^-/, "").split("/").at(-1)!;
  const exe = p.exe.split("/").at(-1)!;
  if (exe === "busybox" || name === "ash") return "busybox";
  if (name === "dash" || exe === "dash") return "dash";
  if (name !== "sh" || exe === "bash") return "bash";
  return find(p, "/bin/busybox") !== undefined ? "busybox" : "dash";
}

/** The shell: `bash`, and by other names `sh`, `dash` and `ash`. */
export const bash: Program = function* (p) {
  const dialect = dialectOf(p);
  const how = readArguments(p.argv);
  const name = (p.argv[0] ?? "bash").replace(/^-(?=.)/, "");
  const terminal = p.fds.get(0)?.tty !== undefined && p.fds.get(2)?.tty !== undefined;
  const reads = how.command === undefined && (how.rest.length === 0 || how.stdin);
  const setup = { dialect, interactive: how.interactive || (reads && terminal), login: how.login };
  const sh = startShell(p, setup);
  for (const complaint of sh.startComplaints) yield* sh.writeTo(2, `${name}: ${complaint}\n`);
  sh.arg0 = sh.commandName = p.argv[0] ?? "bash";
  if (setup.interactive) sh.commandName = name;
  if (how.wrong !== undefined) return yield* wrongOption(sh, how.wrong);
  if (how.version) {
    yield* sh.writeTo(
      1,
      `GNU bash, version ${BASH_VERSION} (x86_64-pc-linux-gnu)\nCopyright (C) 2022 Free Software Foundation, Inc.\nLicense GPLv3+: GNU GPL version 3 or later <http://gnu.org/licenses/gpl.html>\n\nThis is free software; you are free to change and redistribute it.\nThere is NO WARRANTY, to the extent permitted by law.\n`,
    );
    return 0;
  }
  if (how.posix || dialect !== "bash" || /(?:^|\/)-?sh$/.test(p.argv[0] ?? "")) {
    sh.options.add("posix");
    sh.shopts.add("expand_aliases");
  }
  for (const { name: option, on } of how.shopts) on ? sh.shopts.add(option) : sh.shopts.delete(option);
  if (how.settings.length > 0) {
    const result = yield* applyOptions(sh, how.settings, `${sh.commandName}: `);
    if (typeof result === "number") return result;
  }
  return yield* finishing(sh, main(sh, how, reads));
};

function* wrongOption(sh: Shell, option: string): Gen<number> {
  if (option === "-c") {
    yield* sh.writeTo(2, `${sh.commandName}: -c: option requires an argument\n`);
    return 2;
  }
  yield* sh.writeTo(2, `${sh.commandName}: ${option}: invalid option\n`);
  if (sh.setup.dialect === "bash") {
    yield* sh.writeTo(
      2,
      "Usage:\tbash [GNU long option] [option] ...\n\tbash [GNU long option] [option] script-file ...\nGNU long options:\n\t--debug\n\t--debugger\n\t--dump-po-strings\n\t--dump-strings\n\t--help\n\t--init-file\n\t--login\n\t--noediting\n\t--noprofile\n\t--norc\n\t--posix\n\t--pretty-print\n\t--rcfile\n\t--restricted\n\t--verbose\n\t--version\nShell options:\n\t-ilrsD or -c command or -O shopt_option\t\t(invocation only)\n\t-abefhkmnptuvxBCEHPT or -o option\n",
    );
  }
  return 2;
}

function* main(sh: Shell, how: Invocation, reads: boolean): Gen<number> {
  const locale = localeWarning(sh, "LC_ALL", sh.get("LC_ALL") ?? "");
  if (locale !== undefined) yield* sh.writeTo(2, `${sh.commandName}: ${locale}\n`);
  if (sh.setup.interactive && sh.setup.dialect === "bash") promptDefaults(sh);
  if (how.login && !how.noprofile) {
    yield* sourceIfThere(sh, "/etc/profile");
    const home = sh.get("HOME") ?? "";
    const own = [".bash_profile", ".bash_login", ".profile"].map((file) => `${home}/${file}`);
    const first = sh.setup.dialect === "bash" ? own.find((file) => find(sh.p, file)?.kind === "file") : own[2];
    if (first !== undefined) yield* sourceIfThere(sh, first);
  }
  if (sh.setup.dialect === "bash" && sh.get("POSIXLY_CORRECT") !== undefined) setPosixMode(sh, true);
  if (sh.setup.dialect === "bash" && sh.has("posix") && sh.get("POSIXLY_CORRECT") === undefined)
    sh.set("POSIXLY_CORRECT", "y");
  if (how.restricted) {
    restrict(sh);
    sh.shopts.add("restricted_shell");
  }
  if (how.command !== undefined) {
    sh.isCommandString = true;
    if (sh.setup.dialect === "bash") sh.set("BASH_EXECUTION_STRING", how.command);
    if (how.rest.length > 0) {
      sh.arg0 = sh.commandName = how.rest[0]!;
      sh.positional = how.rest.slice(1);
    }
    sh.calls.push({ kind: "main", name: "main", file: "", line: 0, args: sh.positional });
    if (sh.setup.interactive && !how.norc) {
      if (sh.setup.dialect === "bash") yield* sourceIfThere(sh, "/etc/bash.bashrc");
      yield* sourceIfThere(sh, how.rcfile ?? `${sh.get("HOME") ?? ""}/.bashrc`);
    }
    yield* bashEnv(sh);
    yield* runSource(sh, new Source(how.command, "", 1), { last: true });
    return sh.status;
  }
  if (!reads) {
    yield* bashEnv(sh);
    return yield* scriptFile(sh, how.rest);
  }
  sh.positional = how.rest;
  sh.calls.push({ kind: "main", name: "main", file: "", line: 0, args: sh.positional });
  if (sh.setup.interactive) return yield* interactive(sh, { norc: how.norc || how.login, rcfile: how.rcfile });
  yield* bashEnv(sh);
  yield* runInput(sh);
  return sh.status;
}

function* bashEnv(sh: Shell): Gen<void> {
  const file = sh.setup.dialect === "bash" ? sh.get("BASH_ENV") : undefined;
  if (file && !sh.setup.interactive) yield* sourceIfThere(sh, file);
}

function* scriptFile(sh: Shell, rest: readonly string[]): Gen<number> {
  const file = rest[0]!;
  sh.positional = rest.slice(1);
  let bytes: Uint8Array;
  try {
    if (find(sh.p, file)?.kind === "dir") {
      yield* sh.writeTo(2, `${file}: ${file}: Is a directory\n`);
      return 126;
    }
    // Or a pipe: `bash <(curl …)`.
    bytes = find(sh.p, file)?.kind === "file" ? readBytes(sh.p, file) : yield* readPath(sh.p, file);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const { dialect } = sh.setup;
    const text =
      dialect === "bash"
        ? `${file}: ${error.message}`
        : dialect === "dash"
          ? `0: cannot open ${file}: ${error.code === "ENOENT" ? "No such file" : error.message}`
          : `can't open '${file}': ${error.message}`;
    yield* sh.writeTo(2, `${sh.commandName}: ${text}\n`);
    throw new ExitShell(error.code === "ENOENT" ? (dialect === "bash" ? 127 : 2) : 126);
  }
  sh.arg0 = sh.commandName = file;
  sh.calls.push({ kind: "main", name: "main", file, line: 0, args: sh.positional });
  if (bytes.subarray(0, 80).includes(0)) {
    yield* sh.writeTo(2, `${file}: ${file}: cannot execute binary file\n`);
    return 126;
  }
  sh.texts = -1;
  yield* runSource(sh, new Source(decode(bytes), file, 1));
  return sh.status;
}
