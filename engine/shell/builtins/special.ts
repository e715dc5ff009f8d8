/** Builtins whose assignments arguments are read as assignments. */
export const DECLARATIONS = new Set(["declare", "typeset", "local", "export", "readonly", "alias"]);

/** Special builtins of POSIX. */
export const SPECIAL = new Set([
  ":",
  ".",
  "break",
  "continue",
  "eval",
  "exec",
  "exit",
  "export",
  "readonly",
  "return",
  "set",
  "shift",
  "source",
  "times",
  "trap",
  "unset",
]);
