/** Options of less that may be changed while it runs, by letter or name, and what it says of them (opttbl.c). */

interface Switch {
  name: string;
  /** What is said of each level: off, the small letter's, the capital's. */
  said: readonly string[];
  /** The level that is there at first. */
  level?: number;
  /** The letter whose level it is, where two letters share one. */
  of?: string;
}

export const SWITCHES: Record<string, Switch> = {
  a: {
    name: "search-skip-screen",
    said: [
      "Search includes displayed screen",
      "Search skips displayed screen",
      "Search includes all of displayed screen",
    ],
    level: 2,
  },
  A: { name: "SEARCH-SKIP-SCREEN", said: [], of: "a" },
  B: {
    name: "auto-buffers",
    said: ["Don't automatically allocate buffers", "Automatically allocate buffers when needed"],
    level: 1,
  },
  c: {
    name: "clear-screen",
    said: [
      "Repaint by scrolling from bottom of screen",
      "Repaint by painting from top of screen",
      "Repaint by painting from top of screen",
    ],
  },
  C: { name: "CLEAR-SCREEN", said: [], of: "c" },
  e: {
    name: "quit-at-eof",
    said: ["Don't quit at end-of-file", "Quit at end-of-file", "Quit immediately at end-of-file"],
  },
  E: { name: "QUIT-AT-EOF", said: [], of: "e" },
  f: { name: "force", said: ["Open only regular files", "Open even non-regular files"] },
  F: {
    name: "quit-if-one-screen",
    said: ["Don't quit if end-of-file on first screen", "Quit if end-of-file on first screen"],
  },
  g: {
    name: "hilite-search",
    said: [
      "Don't highlight search matches",
      "Highlight matches for previous search only",
      "Highlight all matches for previous search pattern",
    ],
    level: 2,
  },
  G: { name: "HILITE-SEARCH", said: [], of: "g" },
  i: {
    name: "ignore-case",
    said: ["Case is significant in searches", "Ignore case in searches", "Ignore case in searches and in patterns"],
  },
  I: { name: "IGNORE-CASE", said: [], of: "i" },
  J: { name: "status-column", said: ["Don't display a status column", "Display a status column"] },
  K: { name: "quit-on-intr", said: ["Interrupt (ctrl-C) returns to prompt", "Interrupt (ctrl-C) exits less"] },
  L: { name: "no-lessopen", said: ["Don't use the LESSOPEN filter", "Use the LESSOPEN filter"], level: 1 },
  m: { name: "long-prompt", said: ["Short prompt", "Medium prompt", "Long prompt"] },
  M: { name: "LONG-PROMPT", said: [], of: "m" },
  n: {
    name: "line-numbers",
    said: ["Don't use line numbers", "Use line numbers", "Constantly display line numbers"],
    level: 1,
  },
  N: { name: "LINE-NUMBERS", said: [], of: "n" },
  q: {
    name: "quiet",
    said: [
      "Ring the bell for errors AND at eof/bof",
      "Ring the bell for errors but not at eof/bof",
      "Never ring the bell",
    ],
  },
  Q: { name: "QUIET", said: [], of: "q" },
  r: {
    name: "raw-control-chars",
    said: [
      "Display control characters as ^X",
      "Display control characters directly (not recommended)",
      "Display ANSI sequences directly, other control characters as ^X",
    ],
  },
  R: { name: "RAW-CONTROL-CHARS", said: [], of: "r" },
  s: { name: "squeeze-blank-lines", said: ["Display all blank lines", "Squeeze multiple blank lines"] },
  S: { name: "chop-long-lines", said: ["Fold long lines", "Chop long lines"] },
  u: {
    name: "underline-special",
    said: ["Display underlined text in underline mode", "Backspaces cause overstrike", "Print backspace as ^H"],
  },
  U: { name: "UNDERLINE-SPECIAL", said: [], of: "u" },
  w: {
    name: "hilite-unread",
    said: [
      "Don't highlight first unread line",
      "Highlight first unread line after forward-screen",
      "Highlight first unread line after any forward movement",
    ],
  },
  W: { name: "HILITE-UNREAD", said: [], of: "w" },
  X: { name: "no-init", said: ["Send init strings to terminal", "Don't use termcap init/deinit strings"] },
  "~": { name: "tilde", said: ["Show tildes after end of file", "Don't show tildes after end of file"] },
};

/** Options with a number or a text: the question, and what is said of a number. */
export const VALUES: Record<
  string,
  { name: string; asked: string; said?: (value: string) => string; number?: boolean }
> = {
  b: {
    name: "buffers",
    asked: "Max buffer space per file (K): ",
    said: (n) => `Max buffer space per file: ${n}K`,
    number: true,
  },
  D: { name: "color", asked: "color desc: " },
  h: {
    name: "max-back-scroll",
    asked: "Backwards scroll limit: ",
    said: (n) => `Backwards scroll limit is ${n} lines`,
    number: true,
  },
  j: { name: "jump-target", asked: "Target line: " },
  P: { name: "prompt", asked: "prompt: " },
  t: { name: "tag", asked: "tag: " },
  x: { name: "tabs", asked: "Tab stops: " },
  y: {
    name: "max-forw-scroll",
    asked: "Forward scroll limit: ",
    said: (n) => `Forward scroll limit is ${n} lines`,
    number: true,
  },
  z: { name: "window", asked: "Scroll window size: ", said: (n) => `Scroll window size is ${n} lines`, number: true },
  '"': { name: "quotes", asked: "quotes: " },
  "#": { name: "shift", asked: "Horizontal shift: ", number: true },
};

/** Options of the command line alone. */
export const FIXED: Record<string, string> = { d: "dumb", k: "lesskey-file", p: "pattern" };

/** Levels of the switches as a session changes them. */
export class Levels {
  private readonly levels = new Map<string, number>();

  of(letter: string): number {
    const base = SWITCHES[letter]?.of ?? letter;
    return this.levels.get(base) ?? SWITCHES[base]?.level ?? 0;
  }

  set(letter: string, level: number): void {
    this.levels.set(SWITCHES[letter]?.of ?? letter, level);
  }

  /** The level that a letter switches to. */
  next(letter: string): number {
    const { of, said } = SWITCHES[letter]!;
    const now = this.of(letter);
    if (of !== undefined) return now === 2 ? 0 : 2;
    if (said.length === 3) return now === 1 ? 0 : 1;
    return now === 0 ? 1 : 0;
  }

  said(letter: string, level = this.of(letter)): string {
    return SWITCHES[SWITCHES[letter]!.of ?? letter]!.said[level]!;
  }
}

/** The letter of a long option, which may be shortened; undefined: there is none, or more than one. */
export function letterOf(name: string): string | undefined {
  const all = [...Object.entries(SWITCHES), ...Object.entries(VALUES)].map(
    ([letter, { name: whole }]) => [letter, whole] as const,
  );
  const exact = all.find(([, whole]) => whole === name);
  if (exact) return exact[0];
  const starts = all.filter(([, whole]) => whole.startsWith(name));
  return starts.length === 1 ? starts[0]![0] : undefined;
}
