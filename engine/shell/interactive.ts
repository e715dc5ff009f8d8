import { call, decode, type Gen } from "../kernel/index.ts";
import type { Tty } from "../machine/tty.ts";
import { rulesOf } from "./aliases.ts";
import { keptByJobs } from "./builtins/control.ts";
import { jobLine } from "./builtins/jobs.ts";
import { ExitShell, ReturnFrom, ShellError } from "./control.ts";
import { examine } from "./diagnose.ts";
import { Editor, windowSize } from "./editor/editor.ts";
import { runSource } from "./execute.ts";
import { expanding, promptText } from "./expand.ts";
import { History } from "./history.ts";
import { historyEntries } from "./history-entry.ts";
import { expandHistory } from "./history-expand.ts";
import { isOpen } from "./input.ts";
import { type Job, jobState } from "./jobs.ts";
import { ignoredEnds } from "./modes.ts";
import { readUntil } from "./read-line.ts";
import type { Shell } from "./shell.ts";
import { Source } from "./source.ts";
import { readInputrc, sourceIfThere } from "./startup.ts";
import { nameWithin } from "./syntax.ts";
import { arrange, handleSignals, runTrap } from "./traps.ts";
import { WORD_BREAKS } from "./word-breaks.ts";

/** Prompt of a machine without /etc/bash.bashrc. */
const DEFAULT_PS1 = "\\u@\\h:\\w\\$ ";

/** What bash has before it reads any file: those tell an interactive shell by its prompt. */
export function promptDefaults(sh: Shell): void {
  defaults(sh, { PS1: DEFAULT_PS1, PS2: "> ", COMP_WORDBREAKS: WORD_BREAKS });
}

/** The shell at a terminal: prompt, line editing, history, job control. */
export function* interactive(sh: Shell, how: { norc: boolean; rcfile: string | undefined }): Gen<number> {
  const tty = sh.p.fds.get(0)?.tty;
  const bash = sh.setup.dialect === "bash";
  for (const signal of ["INT", "TERM", "QUIT", "TSTP", "TTIN", "TTOU", "WINCH"] as const) arrange(sh, signal);
  if (tty) takeTerminal(sh, tty);
  if (bash) for (const option of ["emacs", "histexpand", "history"]) sh.options.add(option);
  sh.shopts.add("expand_aliases");
  if (sh.setup.login) sh.shopts.add("login_shell");
  sh.history = new History();
  if (bash) {
    promptDefaults(sh);
    defaults(sh, {
      HISTFILE: `${sh.get("HOME") ?? ""}/.bash_history`,
      HISTSIZE: "500",
      HISTFILESIZE: "500",
    });
    if (!how.norc) {
      yield* sourceIfThere(sh, "/etc/bash.bashrc");
      yield* sourceIfThere(sh, how.rcfile ?? `${sh.get("HOME") ?? ""}/.bashrc`);
    }
  } else defaults(sh, { PS1: sh.setup.dialect === "busybox" ? "\\w \\$ " : "\\$ " });
  defaults(sh, { PS2: "> " });
  if (bash && tty) {
    readInputrc(sh);
    if (sh.bindings.variables.get("editing-mode") === "vi") {
      sh.options.delete("emacs");
      sh.options.add("vi");
    }
  }
  sh.history.load(sh);
  const editor = tty && new Editor(sh, tty);
  let ends = 0;
  try {
    for (;;) {
      // A call of the kernel: each key wakes this task, and would pass through every `yield*` on the way to the editor.
      const text = yield* call(readCommand(sh, editor));
      if (text === undefined && tty && !tty.hungUp && ++ends <= ignoredEnds(sh)) {
        yield* sh.writeTo(2, `Use "${sh.setup.login ? "logout" : "exit"}" to leave the shell.\n`);
        continue;
      }
      if (text === undefined) {
        if (tty && !tty.hungUp) {
          yield* sh.writeTo(2, bash ? (sh.setup.login ? "logout\n" : "exit\n") : "\n");
          if (yield* keptByJobs(sh)) continue;
        }
        break;
      }
      ends = 0;
      if (text === "") continue;
      const warned = sh.warnedAboutJobs;
      yield* runLine(sh, text);
      if (warned === sh.warnedAboutJobs) sh.warnedAboutJobs = 0;
    }
  } finally {
    // A hang-up ends the shell where it stands; bash keeps its history then as well.
    if (sh.p.endingBy === "HUP") sh.history.saveNow(sh);
  }
  yield* sh.history.save(sh);
  return sh.status;
}

function defaults(sh: Shell, values: Record<string, string>): void {
  for (const [name, value] of Object.entries(values)) if (sh.get(name) === undefined) sh.set(name, value);
}

/** Becomes the terminal's foreground group, with job control. */
function takeTerminal(sh: Shell, tty: Tty): void {
  if (sh.p.session !== sh.p.pid && sh.p.group !== sh.p.pid) sh.p.group = sh.p.pid;
  tty.foreground = sh.p.group;
  sh.options.add("monitor");
}

/** Runs what was typed; what it throws ends at the prompt. */
function* runLine(sh: Shell, text: string, called?: string): Gen<void> {
  try {
    yield* runSource(sh, new Source(text, "", 1), called === undefined ? {} : { syntaxName: nameWithin(sh, called) });
  } catch (error) {
    if (error instanceof ReturnFrom) sh.status = error.status;
    else if (error instanceof ShellError) {
      if (!error.printed && error.message !== "") yield* sh.complain(error.message);
      sh.status = error.status;
    } else {
      if (error instanceof ExitShell) yield* sh.history!.save(sh);
      throw error;
    }
  }
  if (sh.interruptPending) {
    sh.interruptPending = false;
    sh.status = 130;
  }
  sh.loops = 0;
  sh.ignoreErrors = 0;
  sh.commandNumber++;
}

/** Tells about jobs that ended since the last prompt. */
function* notify(sh: Shell): Gen<void> {
  // What was stopped, and is told of once more since `kill` was tried on it.
  for (const job of sh.jobs.jobs) if (jobState(job) === "stopped" && !job.notified) yield* tellStopped(sh, job);
  yield* sh.jobs.poll(sh);
  for (const job of sh.jobs.jobs.slice()) {
    const state = jobState(job);
    if (state === "running" || job.notified) continue;
    if (state === "stopped") yield* tellStopped(sh, job);
    else {
      yield* sh.writeTo(2, jobLine(sh, job));
      sh.jobs.remove(job);
    }
  }
}

function* tellStopped(sh: Shell, job: Job): Gen<void> {
  yield* sh.writeTo(2, `\n${jobLine(sh, job)}`);
  job.notified = true;
}

function* promptFor(sh: Shell, name: string): Gen<string> {
  const text = sh.prompt(sh.get(name) ?? "");
  return /[$`]/.test(text) && sh.shopts.has("promptvars") ? yield* expanding(sh, () => promptText(sh, text)) : text;
}

/** Reads one complete command, PS2 for its further lines. Undefined at the end of input. */
function* readCommand(sh: Shell, editor: Editor | undefined): Gen<string | undefined> {
  yield* notify(sh);
  if (sh.p.hasSignal) yield* handleSignals(sh);
  sh.interruptPending = false;
  if (editor && sh.vars.find("COLUMNS")?.value !== String(editor.tty.columns)) windowSize(sh, editor.tty);
  for (const command of sh.elementsOf("PROMPT_COMMAND")) {
    const { status } = sh;
    yield* runLine(sh, command, "PROMPT_COMMAND");
    sh.status = status;
  }
  if (editor && sh.p.tty) sh.p.tty.foreground = sh.p.group;
  let text = "";
  /** What stands on the next line to begin with. */
  let initial = "";
  for (;;) {
    const prompt = yield* promptFor(sh, text === "" ? "PS1" : "PS2");
    const line: string | undefined = yield* readOne(sh, editor, prompt, initial);
    initial = "";
    if (line === INTERRUPTED) {
      sh.status = 130;
      const action = sh.traps.get("INT");
      if (action) yield* runTrap(sh, "INT", action);
      return "";
    }
    if (line === undefined) {
      if (text === "") return undefined;
      break;
    }
    let added = line;
    // The lines of a here-document are left alone.
    const expands = sh.has("histexpand") && sh.setup.dialect === "bash";
    if (expands && (text === "" || !examine(text, rulesOf(sh)).openHeredoc)) {
      const expanded = expandHistory(sh.history!, line, sh.shopts.has("extglob"));
      if ("error" in expanded) {
        yield* sh.writeTo(2, `${sh.commandName}: ${expanded.error}\n`);
        if (editor && sh.shopts.has("histreedit")) initial = line;
        continue;
      }
      if (expanded.changed && editor && !expanded.printOnly && sh.shopts.has("histverify")) {
        initial = expanded.text;
        continue;
      }
      if (expanded.changed) yield* sh.writeTo(2, `${expanded.text}\n`);
      added = expanded.text;
      if (expanded.printOnly) {
        sh.history!.add(sh, added);
        return "";
      }
    }
    text += `${added}\n`;
    if (!isOpen(sh, text)) break;
  }
  for (const entry of historyEntries(sh, text.replace(/\n$/, ""))) sh.history!.add(sh, entry);
  return text;
}

/** Stands for a line that Ctrl-C gave up: none that is typed is so. */
const INTERRUPTED = "\n";

function* readOne(sh: Shell, editor: Editor | undefined, prompt: string, initial: string): Gen<string | undefined> {
  if (editor) {
    const result = yield* call(editor.readLine(prompt, initial));
    return result.kind === "line" ? result.text : result.kind === "end" ? undefined : INTERRUPTED;
  }
  yield* sh.writeTo(2, prompt.replace(/[\x01\x02]/g, ""));
  const file = sh.p.fds.get(0);
  if (file === undefined) return undefined;
  const got = yield* readUntil(file, 10);
  return got.ended && got.bytes.length === 0 ? undefined : decode(got.bytes);
}
