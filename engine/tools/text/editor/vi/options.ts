/** What `:set` knows of an option that is a switch, a number or a text. */
interface Kind {
  name: string;
  short?: string;
  value: boolean | number | string;
}

/** Options with their values in a vim that found no vimrc but Debian's and defaults.vim. Most make no difference here. */
const KINDS: Kind[] = [
  { name: "autoindent", short: "ai", value: false },
  { name: "autoread", short: "ar", value: false },
  { name: "autowrite", short: "aw", value: false },
  { name: "background", short: "bg", value: "dark" },
  { name: "backspace", short: "bs", value: "indent,eol,start" },
  { name: "backup", short: "bk", value: false },
  { name: "cindent", short: "cin", value: false },
  { name: "clipboard", short: "cb", value: "" },
  { name: "colorcolumn", short: "cc", value: "" },
  { name: "compatible", short: "cp", value: false },
  { name: "copyindent", short: "ci", value: false },
  { name: "cursorcolumn", short: "cuc", value: false },
  { name: "cursorline", short: "cul", value: false },
  { name: "encoding", short: "enc", value: "utf-8" },
  { name: "errorbells", short: "eb", value: false },
  { name: "expandtab", short: "et", value: false },
  { name: "fileencoding", short: "fenc", value: "" },
  { name: "fileformat", short: "ff", value: "unix" },
  { name: "filetype", short: "ft", value: "" },
  { name: "fixendofline", short: "fixeol", value: true },
  { name: "foldenable", short: "fen", value: true },
  { name: "foldmethod", short: "fdm", value: "manual" },
  { name: "gdefault", short: "gd", value: false },
  { name: "hidden", short: "hid", value: false },
  { name: "history", short: "hi", value: 200 },
  { name: "hlsearch", short: "hls", value: false },
  { name: "ignorecase", short: "ic", value: false },
  { name: "incsearch", short: "is", value: true },
  { name: "indentkeys", short: "indk", value: "" },
  { name: "laststatus", short: "ls", value: 1 },
  { name: "lazyredraw", short: "lz", value: false },
  { name: "linebreak", short: "lbr", value: false },
  { name: "list", value: false },
  { name: "magic", value: true },
  { name: "modeline", short: "ml", value: false },
  { name: "modifiable", short: "ma", value: true },
  { name: "mouse", value: "nvi" },
  { name: "nrformats", short: "nf", value: "bin,hex" },
  { name: "number", short: "nu", value: false },
  { name: "paste", value: false },
  { name: "readonly", short: "ro", value: false },
  { name: "relativenumber", short: "rnu", value: false },
  { name: "ruler", short: "ru", value: true },
  { name: "scroll", short: "scr", value: 0 },
  { name: "scrolloff", short: "so", value: 5 },
  { name: "shiftround", short: "sr", value: false },
  { name: "shiftwidth", short: "sw", value: 8 },
  { name: "showcmd", short: "sc", value: true },
  { name: "showmatch", short: "sm", value: false },
  { name: "showmode", short: "smd", value: true },
  { name: "sidescrolloff", short: "siso", value: 0 },
  { name: "smartcase", short: "scs", value: false },
  { name: "smartindent", short: "si", value: false },
  { name: "smarttab", short: "sta", value: false },
  { name: "softtabstop", short: "sts", value: 0 },
  { name: "spell", value: false },
  { name: "splitbelow", short: "sb", value: false },
  { name: "splitright", short: "spr", value: false },
  { name: "startofline", short: "sol", value: true },
  { name: "swapfile", short: "swf", value: true },
  { name: "syntax", short: "syn", value: "" },
  { name: "tabstop", short: "ts", value: 8 },
  { name: "termguicolors", short: "tgc", value: false },
  { name: "textwidth", short: "tw", value: 0 },
  { name: "undofile", short: "udf", value: false },
  { name: "viminfo", short: "vi", value: "'100,<50,s10,h" },
  { name: "visualbell", short: "vb", value: false },
  { name: "whichwrap", short: "ww", value: "b,s" },
  { name: "wildmenu", short: "wmnu", value: true },
  { name: "wildmode", short: "wim", value: "full" },
  { name: "wrap", value: true },
  { name: "wrapscan", short: "ws", value: true },
  { name: "writebackup", short: "wb", value: true },
];

/** Values of options that a window or a text has of its own; what is not named stands at its default. */
export type Held = readonly (readonly [name: string, value: boolean | number | string])[];

export const LOCAL_TO_WINDOW: readonly string[] = [
  ...["colorcolumn", "cursorcolumn", "cursorline", "foldenable", "foldmethod", "linebreak", "list", "number"],
  ...["relativenumber", "scroll", "spell", "wrap"],
];

const LOCAL_TO_BUFFER: readonly string[] = [
  ...["autoindent", "cindent", "copyindent", "expandtab", "fileencoding", "fileformat", "filetype", "fixendofline"],
  ...["indentkeys", "modeline", "modifiable", "nrformats", "readonly", "shiftwidth", "smartindent", "softtabstop"],
  ...["swapfile", "syntax", "tabstop", "textwidth", "undofile"],
];

const BY_NAME = new Map(KINDS.flatMap((kind) => [kind.name, kind.short].map((name) => [name, kind] as const)));

/** `:set`'s options. */
export class Options {
  private readonly values = new Map<string, boolean | number | string>();
  /** Options of texts, as another one gets them. */
  private readonly global = new Map<string, boolean | number | string>();
  /** `:set paste` puts these aside. */
  private aside: [string, boolean | number | string][] = [];

  on(name: string): boolean {
    return this.get(name) === true;
  }

  number(name: string): number {
    return Number(this.get(name));
  }

  get(name: string): boolean | number | string {
    return this.values.get(name) ?? BY_NAME.get(name)!.value;
  }

  put(name: string, value: boolean | number | string): void {
    const was = this.get(name);
    this.values.set(name, value);
    if (name !== "paste" || was === value) return;
    if (value === true) {
      const plain: [string, boolean | number][] = [
        ["autoindent", false],
        ["smartindent", false],
        ["cindent", false],
        ["expandtab", false],
        ["softtabstop", 0],
        ["textwidth", 0],
        ["ruler", false],
      ];
      this.aside = plain.map(([one]) => [one, this.get(one)]);
      for (const [one, plainValue] of plain) this.values.set(one, plainValue);
    } else for (const [one, old] of this.aside) this.values.set(one, old);
  }

  /** What stands for these options now. */
  held(names: readonly string[]): Held {
    return names.flatMap((name) => {
      const value = this.values.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
  }

  hold(names: readonly string[], held: Held): void {
    for (const name of names) this.values.delete(name);
    for (const [name, value] of held) this.values.set(name, value);
  }

  heldOfBuffer(): Held {
    return this.held(LOCAL_TO_BUFFER);
  }

  holdOfBuffer(held: Held): void {
    this.hold(LOCAL_TO_BUFFER, held);
  }

  /** Another text begins with what `:set` said for all. */
  renew(): void {
    this.hold(
      LOCAL_TO_BUFFER,
      LOCAL_TO_BUFFER.flatMap((name) => {
        const value = this.global.get(name);
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  }

  /** What stands now is what `:set` said for all: after a vimrc was read. */
  settle(): void {
    for (const [name, value] of this.heldOfBuffer()) this.global.set(name, value);
  }

  /** Columns that `>` and a Tab at the start of a line move by. */
  get shift(): number {
    return this.number("shiftwidth") || this.number("tabstop");
  }

  /**
   * Obeys one word of `:set`; what it tells when the word asks. Throws the words of vim's error.
   */
  set(word: string, everywhere = true): string | undefined {
    const said = this.obey(word);
    const name = /^(?:no|inv)?([a-z]+)/.exec(word)?.[1] ?? "";
    const kind = BY_NAME.get(/^[a-z]+/.exec(word)?.[0] ?? "") ?? BY_NAME.get(name);
    if (everywhere && kind) this.global.set(kind.name, this.get(kind.name));
    return said;
  }

  private obey(word: string): string | undefined {
    const match = /^(no|inv)?([a-z]+)([!?&]|[-+^]?[=:](.*))?$/s.exec(word);
    const whole = match && BY_NAME.get((match[1] ?? "") + match[2]);
    const prefix = whole ? undefined : match?.[1];
    const kind = whole ?? (match ? BY_NAME.get(match[2]!) : undefined);
    if (match === null || kind === undefined || (prefix && typeof kind.value !== "boolean"))
      throw new Error(kind === undefined ? `E518: Unknown option: ${word}` : `E474: Invalid argument: ${word}`);
    const tail = match[3] ?? "";
    const old = this.get(kind.name);
    if (tail === "?") return this.told(kind.name);
    if (tail === "&") {
      this.put(kind.name, kind.value);
      return undefined;
    }
    if (typeof kind.value === "boolean") {
      if (tail !== "" && tail !== "!") throw new Error(`E474: Invalid argument: ${word}`);
      this.put(kind.name, tail === "!" || prefix === "inv" ? !old : prefix !== "no");
      return undefined;
    }
    if (tail === "") return this.told(kind.name);
    const value = match[4] ?? "";
    if (typeof kind.value === "number") {
      if (!/^-?\d+$/.test(value)) throw new Error(`E521: Number required after =: ${word}`);
      const n = Number(value);
      if (n <= 0 && kind.name === "tabstop") throw new Error(`E487: Argument must be positive: ${word}`);
      this.put(kind.name, tail[0] === "+" ? Number(old) + n : tail[0] === "-" ? Number(old) - n : n);
    } else
      this.put(
        kind.name,
        tail[0] === "+"
          ? [old, value].filter(Boolean).join(",")
          : tail[0] === "-"
            ? String(old).replace(value, "")
            : value,
      );
    return undefined;
  }

  private told(name: string): string {
    const value = this.get(name);
    if (typeof value === "boolean") return value ? `  ${name}` : `no${name}`;
    return `  ${name}=${value}`;
  }

  /** What differs from the defaults, for a bare `:set`. */
  changed(): string[] {
    return KINDS.filter(({ name, value }) => this.get(name) !== value).map(({ name }) => this.told(name));
  }
}
