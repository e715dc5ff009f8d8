import { defineDynamic, watchReferences } from "./dynamic.ts";
import { Shell } from "./shell.ts";

/** A copy of a shell's state for a child process; `p` is set when the child exists. */
export function copyShell(sh: Shell): Shell {
  const other = new Shell(sh.p, sh.setup);
  other.vars = sh.vars.copy((name, variable) => defineDynamic(other, name, variable, true));
  watchReferences(other);
  other.functions = new Map(sh.functions);
  other.foreignEnvironment = sh.foreignEnvironment;
  other.aliases = new Map(sh.aliases);
  other.options.clear();
  for (const option of sh.options) other.options.add(option);
  other.shopts.clear();
  for (const option of sh.shopts) other.shopts.add(option);
  other.positional = sh.positional;
  other.arg0 = sh.arg0;
  other.commandName = sh.commandName;
  other.isCommandString = sh.isCommandString;
  other.status = sh.status;
  other.pipeStatus = sh.pipeStatus;
  other.lastBackground = sh.lastBackground;
  other.lastArgument = sh.lastArgument;
  other.source = sh.source;
  other.position = sh.position;
  other.hashed = new Map(sh.hashed);
  other.calls = sh.calls.slice();
  other.loops = sh.loops;
  other.functionDepth = sh.functionDepth;
  other.sourceDepth = sh.sourceDepth;
  other.subshellDepth = sh.subshellDepth + 1;
  other.jumpsOut = false;
  other.inSubstitution = sh.inSubstitution;
  other.traceDepth = other.traceBase = sh.traceDepth;
  other.runningDebug = sh.runningDebug;
  other.stdinRedirected = sh.stdinRedirected;
  other.readonlyFunctions = sh.readonlyFunctions;
  for (const name of sh.disabledBuiltins) other.disabledBuiltins.add(name);
  other.options.delete("monitor");
  if (!sh.posix && !sh.shopts.has("inherit_errexit")) other.inheritsErrexit = sh.has("errexit");
  other.restricted = sh.restricted;
  other.ignoreErrors = sh.ignoreErrors;
  other.jobs = sh.jobs.copyForSubshell();
  for (const signal of sh.ignoredAtStart) other.ignoredAtStart.add(signal);
  // Ignored signals stay ignored; other traps are reset, but `trap -p` still shows them. ERR, DEBUG, RETURN go on
  // only with errtrace and functrace.
  other.shownTraps = new Map([...sh.shownTraps, ...sh.traps]);
  for (const [name, action] of sh.traps) {
    if (action === "") other.traps.set(name, action);
    else if (name === "ERR" && sh.has("errtrace")) other.traps.set(name, action);
    else if ((name === "DEBUG" || name === "RETURN") && sh.has("functrace")) other.traps.set(name, action);
  }
  other.dirStack = sh.dirStack.slice();
  other.bindings.take(sh.bindings);
  other.history = sh.history;
  other.unwritten = sh.unwritten?.copy();
  other.completions = sh.completions;
  other.command = sh.command;
  other.shellPid = sh.shellPid;
  other.startedAt = sh.startedAt;
  other.secondsBase = sh.secondsBase;
  other.getoptsPosition = sh.getoptsPosition;
  return other;
}
