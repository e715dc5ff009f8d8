/** Thrown to leave loops, functions and commands. No `Error`s: they carry no stack and cost little. */

export class BreakLoop {
  levels: number;
  readonly goOn: boolean;
  readonly status: number;

  constructor(levels: number, goOn: boolean, status = 0) {
    this.levels = levels;
    this.goOn = goOn;
    this.status = status;
  }
}

export class ReturnFrom {
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

/** Ends the shell (or the subshell) with this status, traps first. */
export class ExitShell {
  readonly status: number;
  /**
   * What of a function that it ends in the EXIT trap still sees: all of it where `exit` was called, the calls and the
   * arguments where `set -e` ended it, or nothing.
   */
  readonly leaves: "everything" | "calls" | "nothing";

  constructor(status: number, leaves: ExitShell["leaves"] = "nothing") {
    this.status = status;
    this.leaves = leaves;
  }
}

/**
 * An error of an expansion, already without prefix. `discard`: the rest of the current top-level line is dropped;
 * `exit`: a shell that is not interactive ends.
 */
export class ShellError {
  readonly message: string;
  readonly how: "discard" | "exit" | "fail";
  readonly status: number;
  /** The texts being read are given up too: a shell with `-c` ends. */
  cleanup = false;
  /** The message was printed already. */
  printed = false;

  /** It came of `$((…))`: an expression that holds that one is not evaluated. */
  expanding = false;
  /** The builtin or construct that met it is not named, as with all that comes of assigning. */
  bare = false;

  /** The same of what came up in a subscript or a value: what is around it is given up, though. */
  unnamed = false;

  /** The message names the shell alone and no line. */
  fatal = false;

  constructor(message: string, how: "discard" | "exit" | "fail" = "discard", status = 1) {
    this.message = message;
    this.how = how;
    this.status = status;
  }
}

/** Memory that a shell does not get: it ends, and names no line (xmalloc.c's `fatal_error`). */
export function cannotAllocate(bytes: number, by: "xmalloc" | "xrealloc" = "xrealloc"): ShellError {
  const error = new ShellError(`${by}: cannot allocate ${bytes} bytes`, "exit", 2);
  error.fatal = true;
  return error;
}

/** An error whose message was printed: the rest of the line is given up, and a shell with `-c` ends. */
export function givenUp(status = 1): ShellError {
  const error = new ShellError("", "discard", status);
  error.printed = error.cleanup = true;
  return error;
}

/** The error of assigning to a read-only variable. */
export function readonlyVariable(name: string): ShellError {
  const error = new ShellError(`${name}: readonly variable`);
  error.bare = true;
  return error;
}

/** The error of assigning to an element that cannot be. */
export function badSubscript(name: string, subscript: string): ShellError {
  const error = new ShellError(`${name}[${subscript}]: bad array subscript`, "fail");
  error.bare = true;
  return error;
}

/** The error of what is no name of a variable, where one is needed (`sh_invalidid` of bash's builtins/common.c). */
export function invalidName(text: string): ShellError {
  return new ShellError(`\`${text}': not a valid identifier`);
}

/** An error's message with what met it before it. */
export function namedMessage(prefix: string, error: ShellError): string {
  return error.bare || error.unnamed ? error.message : prefix + error.message;
}
