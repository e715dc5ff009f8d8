import type { Command, Function as FunctionNode, PipelineNode } from "unbash";
import { cpu, encode, type Gen } from "../kernel/index.ts";
import { COST } from "../machine/costs.ts";
import { isErrno } from "../machine/errno.ts";
import type { OpenFile } from "../machine/open-file.ts";
import type { Process } from "../machine/process.ts";
import type { Signal } from "../machine/signal.ts";
import * as sys from "../machine/sys.ts";
import type { ArithScope } from "./arith.ts";
import type { CoprocState } from "./coproc.ts";
import { BARE, FAULT, inDialect } from "./dialect.ts";
import { Bindings } from "./editor/bindings.ts";
import { exportedEnvironment } from "./environment.ts";
import { compile, type Memo, piecesText } from "./expand.ts";
import type { History } from "./history.ts";
import { homeOf } from "./home.ts";
import { JobTable } from "./jobs.ts";
import { ENDS, KEEPS, messagePrefix } from "./messages.ts";
import { commandText } from "./print-command.ts";
import { expandPrompt } from "./prompt.ts";
import type { Source } from "./source.ts";
import { arithScope, assignVariable, convertedValue, readVariable } from "./store.ts";
import { indexOf } from "./subscript.ts";
import { substituteCommand, substituteProcess } from "./substitution.ts";
import { endAt } from "./traps.ts";
import { type Variable, Variables } from "./variables.ts";
import type { Piece } from "./word.ts";

/** How the shell was started decides the words of its messages and a few rules. */
export type Dialect = "bash" | "dash" | "busybox";

/** A function as defined. */
export interface ShellFunction {
  node: FunctionNode;
  source: Source;
  exported?: boolean;
  /** `declare -ft`: DEBUG and RETURN traps are for it too. */
  traced?: boolean;
}

/** A function call, a sourced file, or the main script, innermost last. */
export interface CallFrame {
  kind: "function" | "source" | "main";
  name: string;
  /** BASH_SOURCE: where the code stands. */
  file: string;
  /** Line of the call. */
  line: number;
  /** What it was called with, for BASH_ARGV; functions and files have it with `extdebug` only. */
  args?: readonly string[] | undefined;
}

/** Fixed settings of one shell process. */
export interface ShellSetup {
  dialect: Dialect;
  interactive: boolean;
  login: boolean;
}

/** `set -o` options that are on at the start. */
const OPTIONS = ["braceexpand", "hashall", "interactive-comments"];
const SHOPTS = [
  "checkwinsize",
  "cmdhist",
  "complete_fullquote",
  "extquote",
  "force_fignore",
  "globasciiranges",
  "globskipdots",
  "hostcomplete",
  "interactive_comments",
  "patsub_replacement",
  "progcomp",
  "promptvars",
  "sourcepath",
];

/** The state of a shell process; copied when it forks. Running commands is the business of execute.ts and its kin. */
export class Shell {
  p: Process;
  readonly setup: ShellSetup;
  vars = new Variables();
  functions = new Map<string, ShellFunction>();
  /** What the environment holds under names that variables cannot have: programs are given it. */
  foreignEnvironment = new Map<string, string>();
  aliases = new Map<string, string>();
  readonly options = new Set(OPTIONS);
  readonly shopts = new Set(SHOPTS);
  positional: string[] = [];
  /** `set` gave new ones, so a sourced file leaves them. */
  positionalSet = false;
  arg0 = "bash";
  /** First word of messages: the script's name, or the shell's. */
  commandName = "bash";
  /** Text after `-c`. */
  isCommandString = false;
  status = 0;
  pipeStatus: number[] = [0];
  /** The pid of `$!`. */
  lastBackground: number | undefined;
  lastArgument = "";
  /** What is being run, and where. */
  source!: Source;
  position = 0;
  /** Commands that were looked up: name → path and hits. */
  hashed = new Map<string, { path: string; hits: number }>();
  calls: CallFrame[] = [];
  loops = 0;
  functionDepth = 0;
  sourceDepth = 0;
  /** Texts that are run within what the shell or subshell itself reads: of `-c`, `eval`, `.`, traps, substitutions. */
  texts = 0;
  subshellDepth = 0;
  /** Errors that end it lead to the end of `-c`, as in the shell itself: a command in a process of its own that reads no text. */
  jumpsOut = true;
  /** The EXIT trap of the shell above, until the simple command that the process is for is expanded. */
  exitTrapAbove: string | undefined;
  /** Runs for a `$(…)`. */
  inSubstitution: "backquoted" | "in parentheses" | undefined;
  /** The command whose status a `!` turns around: its failing is none. */
  inverted: object | undefined;
  /** Positive where `set -e` and the ERR trap look away. */
  ignoreErrors = 0;
  jobs = new JobTable();
  coproc: CoprocState | undefined;
  traps = new Map<string, string>();
  /** Traps of the parent, which a subshell shows until it sets one of its own. */
  shownTraps = new Map<string, string>();
  /** Signals ignored when the shell started: it may not trap them. */
  readonly ignoredAtStart = new Set<Signal>();
  runningTrap = 0;
  /** Within the RETURN trap, which is not for what it calls. */
  runningReturn = 0;
  /** The command of a pipeline that its DEBUG trap ran for already. */
  debugged: object | undefined;
  /** Within the DEBUG trap, which is not for its own commands. */
  runningDebug = false;
  memo: Memo | undefined;
  dirStack: string[] = [];
  /** What was wrong with the environment: said when the shell begins. */
  readonly startComplaints: string[] = [];
  history: History | undefined;
  /** What `history` reads, adds to and prints in a shell that writes down no lines. */
  unwritten: History | undefined;
  completions = new Map<string, string[]>();
  /** Options of the specification whose function runs, which `compopt` changes. */
  completing: Set<string> | undefined;
  /** With which status the last completion function ended. */
  completionStatus = 0;
  /** What `bind` and inputrc say. */
  readonly bindings = new Bindings();
  /** What BASH_COMMAND names: a text, or the command itself. */
  command: string | { node: PipelineNode; text: string } = "";
  /** $$: the pid of the shell that was started, also in its subshells. */
  shellPid: number;
  startedAt: number;
  secondsBase = 0;
  commandNumber = 1;
  /** See `currentUser`. */
  userName: string | undefined;
  getoptsPosition = 0;
  /** Process substitutions of the running command, closed when it ends. */
  substitutions: { fd: number }[] = [];
  /** The shell's own standard error while a program runs whose is redirected. */
  ownErrors: OpenFile | undefined;
  /** Descriptors that stand in for /dev/fd names of process substitutions. */
  private debt = 0;
  readonly arith: ArithScope;
  exiting = false;
  /** Calls within which `set -e` ended the shell, as its EXIT trap sees them. */
  leftCalls: Pick<Shell, "calls" | "functionDepth" | "positional"> | undefined;
  readonlyFunctions = new Set<string>();
  /** Status of the last command substitution of a command without a name. */
  substitutionStatus: number | undefined;
  /** `$?` when the running trap began: what `exit` without a number gives. */
  trapStatus: number | undefined;
  /** The last complaint was one of those that other shells than bash give status 2 for. */
  faulted = false;
  /** Complaints of the running expansion that do not end it. */
  warnings: string[] = [];
  /** Ctrl-C came to an interactive shell: the command line is given up. */
  interruptPending = false;
  runningErr = 0;
  /** Positive within `eval`, `.` and `command` where `set -e` looks away: there errors of expansions do not end the shell. */
  errexitAside = 0;
  readonly limits = new Map<string, string>();
  /** `exit` told about stopped jobs, or `jobs` did: the how many-th time. `exit` goes through behind that. */
  warnedAboutJobs = 0;
  /** Builtins that run through `command`, which takes what is special from them. */
  byCommand = 0;
  /** Where programs are looked for instead of PATH (`command -p`). */
  standardPath: string | undefined;
  /** `set -r`: no other directory, no program by its path, no output to files. */
  restricted = false;
  readonly disabledBuiltins = new Set<string>();
  /** What a `lastpipe` command reads. */
  lastPipeInput: OpenFile | undefined;
  /** `set -e` was on in the parent: command substitutions drop it. */
  inheritsErrexit = false;
  /** How often PS4's first character is repeated. */
  traceDepth = 0;
  /** The same where the shell began. */
  traceBase = 0;
  /** The last compound command with redirections took its input from somewhere: what it starts in the background does too. */
  stdinRedirected = false;
  /** The simple command being run. */
  simpleNode: Command | undefined;
  simpleText = "";
  /** The last simple command of a DEBUG trap: what BASH_COMMAND names where there is none, as at `!`. */
  lastPrinted: { node: PipelineNode; text: string } | undefined;
  /** A function was left by an error: until another returns, FUNCNAME is there outside functions. */
  callsShown = false;
  /** Traps that are put aside while a function runs. */
  hiddenTraps = 0;
  /** Those of functions and files in which the shell ended, which its EXIT trap does not see. */
  leftTraps: [string, string][] = [];
  /** The builtin that the last simple command was, if it was one. */
  builtin: string | undefined;
  /** BASHOPTS while POSIX mode has changed options that were not asked for. */
  shownShopts: string | undefined;
  /** The last simple command was a special builtin that failed as POSIX mode does not forgive it. */
  specialFailed = false;

  constructor(p: Process, setup: ShellSetup) {
    this.p = p;
    this.setup = setup;
    this.shellPid = p.nsPid;
    this.startedAt = p.machine.kernel.now;
    this.arith = arithScope(this);
  }

  /** True when a program may take over the process: nothing is left to be done after it. */
  canExec(): boolean {
    return (
      !this.awaited &&
      this.jobs.jobs.length === 0 &&
      !this.has("monitor") &&
      this.sourceDepth === 0 &&
      this.functionDepth === 0
    );
  }

  /** A trap may have to run after the last command. */
  get awaited(): boolean {
    for (const name of this.traps.keys()) if (name !== "DEBUG" && name !== "RETURN") return true;
    return false;
  }

  /** The RETURN trap may run: neither it nor a DEBUG trap does. */
  get mayReturn(): boolean {
    return this.runningReturn === 0 && !this.runningDebug;
  }

  /** Sets traps that were put aside, unless others were set since. */
  reveal(traps: readonly [string, string][]): void {
    for (const [name, action] of traps) if (!this.traps.has(name)) this.traps.set(name, action);
  }

  /** The environment of programs: exported variables and functions. */
  environment(): Map<string, string> {
    return exportedEnvironment(this);
  }

  /** Status of a pipeline from those of its commands. */
  pipefail(statuses: readonly number[]): number {
    if (!this.has("pipefail")) return statuses.at(-1) ?? 0;
    for (let i = statuses.length - 1; i >= 0; i--) if (statuses[i] !== 0) return statuses[i]!;
    return 0;
  }

  has(option: string): boolean {
    return this.options.has(option);
  }

  extglob(): boolean {
    return this.shopts.has("extglob");
  }

  get posix(): boolean {
    return this.setup.dialect !== "bash";
  }

  /** A script in POSIX mode, which ends where a special builtin fails. */
  get strict(): boolean {
    return this.options.has("posix") && !this.setup.interactive && this.byCommand === 0;
  }

  /** `set -e` is on, so errors of expansions and assignments end the shell. */
  get endsOnErrors(): boolean {
    return this.options.has("errexit") && this.errexitAside === 0 && this.setup.dialect === "bash";
  }

  /** Charges one step of the shell; true when the charge is to be passed on (`settle`), which is done in portions. */
  stepped(): boolean {
    this.debt += COST.shellStep;
    return this.debt >= 100;
  }

  /** Charges work in µs that the next step passes on. */
  charge(us: number): void {
    this.debt += us;
  }

  /** Runs what `eval`, `.` or `command` does: where failing is looked at, `set -e` is off for all of it. */
  *aside(body: Gen<void>): Gen<void> {
    const aside = this.ignoreErrors > 0 && this.has("errexit") ? 1 : 0;
    this.errexitAside += aside;
    try {
      yield* body;
    } finally {
      this.errexitAside -= aside;
    }
  }

  /** Steps were taken that are worth passing on. */
  get overdue(): boolean {
    return this.debt >= 100;
  }

  *settle(): Gen<void> {
    const due = this.debt;
    this.debt = 0;
    yield* cpu(due);
  }

  // ---- messages -----------------------------------------------------------------------------------------------------

  line(): number {
    return this.source === undefined ? 0 : this.source.lineAt(this.position);
  }

  /** What messages begin with. */
  prefix(message?: string): string {
    return messagePrefix(this, message);
  }

  /** Prints an error message on standard error. */
  *complain(message: string): Gen<void> {
    if (this.setup.dialect === "bash") {
      yield* this.writeTo(2, `${this.prefix()}${message}\n`);
      if (this.endsOnErrors && ENDS.test(message)) {
        yield* endAt(this, KEEPS.test(message) ? this.status || 1 : 1);
      }
      return;
    }
    const sourced = this.sourceDepth > 0;
    const line = this.setup.interactive || !this.isCommandString ? "" : `line ${this.line() - (sourced ? 0 : 1)}: `;
    const text = inDialect(this.setup.dialect, message, line);
    this.faulted = FAULT.test(text);
    yield* this.writeTo(2, text.startsWith(BARE) ? `${text.slice(1)}\n` : `${this.prefix(text)}${text}\n`);
  }

  /** Writes to a descriptor; a closed one is an error the caller may look at. */
  *writeTo(fd: number, text: string): Gen<boolean> {
    let rest: string | Uint8Array = text;
    for (;;) {
      try {
        yield* sys.write(this.p, fd, rest);
        return true;
      } catch (error) {
        if (isErrno(error, "EINTR")) {
          if (error.written > 0) rest = (typeof rest === "string" ? encode(rest) : rest).subarray(error.written);
          continue;
        }
        if (isErrno(error)) return false;
        throw error;
      }
    }
  }

  // ---- variables ----------------------------------------------------------------------------------------------------

  /** The value of a variable or an element. */
  get(name: string, index?: string): string | undefined {
    return readVariable(this, name, index);
  }

  /** Sets a variable or an element as an assignment does: attributes apply. Throws for read-only ones. */
  assign(name: string, index: string | undefined, value: string, append = false): void {
    assignVariable(this, name, index, value, append);
  }

  /** A value as the attributes of its variable make it. */
  converted(variable: Variable, value: string, append: boolean, old: string | undefined): string {
    return convertedValue(this, variable, value, append, old);
  }

  /** BASH_COMMAND. */
  get commandText(): string {
    const { command } = this;
    return typeof command === "string"
      ? command
      : // What bash marks quoted characters with is marked itself.
        commandText(command.node, command.text, this.inSubstitution !== undefined).replace(/[\x01\x7f]/g, "\x01$&");
  }

  set(name: string, value: string): void {
    this.assign(name, undefined, value);
  }

  /** Sets and exports. */
  export(name: string, value: string): void {
    this.assign(name, undefined, value);
    this.vars.ensure(name).exported = true;
    this.vars.changed();
  }

  /** Numeric value of a subscript: see `indexOf` of subscript.ts. */
  indexOf(variable: Variable | undefined, text: string, name: string, reading = false): number {
    return indexOf(this, variable, text, name, reading);
  }

  /** The key that a subscript of an associative array names. */
  keyOf(text: string): string {
    return /[$`"'\\]/.test(text) ? piecesText(this, compile(text).pieces) : text;
  }

  elementsOf(name: string): string[] {
    return this.vars.find(name)?.elements() ?? [];
  }

  keysOf(name: string): string[] {
    return this.vars.find(name)?.keys() ?? [];
  }

  ifs(): string {
    const ifs = this.vars.find("IFS");
    return ifs === undefined ? " \t\n" : (ifs.scalar() ?? " \t\n");
  }

  /** What joins `"$*"`. */
  ifsJoin(): string {
    const ifs = this.ifs();
    return ifs === "" ? "" : String.fromCodePoint(ifs.codePointAt(0)!);
  }

  /** Home directory for a tilde; `+` and `-` are PWD and OLDPWD. Undefined when there is none. */
  home(user: string): string | undefined {
    return homeOf(this, user);
  }

  /** Source text of a node, for `jobs` and messages. */
  textOf(node: { pos: number; end: number }): string {
    return this.source.text.slice(node.pos, node.end).replace(/\s*&?\s*$/, "");
  }

  prompt(text: string): string {
    return expandPrompt(this, text);
  }

  *substitute(piece: Piece & { k: "cmd" | "proc" }, line: number): Gen<string> {
    return piece.k === "cmd"
      ? yield* substituteCommand(this, piece.text, line, piece.backquoted)
      : yield* substituteProcess(this, piece, line);
  }

  /** Descriptor table for a child, to be changed before it is started. */
  fds(): Map<number, OpenFile> {
    return new Map(this.p.fds);
  }
}
