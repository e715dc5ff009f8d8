/** The command line of ps: System V's letters, BSD's, and long options (src/ps/parser.c of procps-ng 4.0.2). */
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { groupByName, userByName } from "../../machine/users.ts";
import type { Seen } from "./process-view.ts";
import { ttyName } from "./process-view.ts";
import { type Field, type Flags, fieldsOf, flagFields, formatList, MACROS, PsError } from "./ps-format.ts";
import {
  groups,
  longSort,
  named,
  number,
  parents,
  pids,
  type Sort,
  sessions,
  shortSort,
  specifiers,
  words,
} from "./ps-lists.ts";

/** What the command line asks for. */
export interface Request extends Flags {
  fields: Field[];
  /** Conditions of selection lists (`-p`, `-u`, `-C` …): one must hold. */
  lists: ((seen: Seen) => boolean)[];
  all: boolean;
  /** `-a -d`, BSD `a g x`. */
  simple: Set<string>;
  running: boolean;
  negate: boolean;
  quick: number;
  header: "once" | "none" | "pages" | undefined;
  forest: "no" | "unix" | "bsd";
  wide: number;
  columns: number | undefined;
  rows: number | undefined;
  sort: Sort[];
  fullNames: boolean;
  shortNames: boolean;
  environment: boolean;
  numericUsers: boolean;
  deadChildren: boolean;
  warning?: string;
  /** A text to print instead of processes. */
  say?: string;
}

/** A format or an order that was asked for, in the order of the command line. */
interface Wish {
  kind: "format" | "sort" | "-O" | "O";
  text: string;
}

/** Parses the arguments as System V, and again as BSD when that fails. Throws `PsError`. */
export function request(p: Process, args: readonly string[], version: string): Request {
  try {
    return new Parser(p, args, version, false).parse();
  } catch (error) {
    if (!(error instanceof PsError)) throw error;
    try {
      return new Parser(p, args, version, true).parse();
    } catch (second) {
      throw second instanceof PsError ? error : second;
    }
  }
}

class Parser {
  private readonly r: Request = {
    fields: [],
    lists: [],
    all: false,
    simple: new Set(),
    running: false,
    negate: false,
    quick: 0,
    header: undefined,
    forest: "no",
    wide: 0,
    columns: undefined,
    rows: undefined,
    sort: [],
    fullNames: false,
    shortNames: false,
    environment: false,
    numericUsers: false,
    deadChildren: false,
    formats: new Set(),
    modifiers: new Set(),
    threads: new Set(),
    bsd: false,
  };
  private readonly wishes: Wish[] = [];
  private at = 0;
  private readonly p: Process;
  private readonly args: readonly string[];
  private readonly version: string;
  private readonly forced: boolean;

  constructor(p: Process, args: readonly string[], version: string, forced: boolean) {
    this.p = p;
    this.args = args;
    this.version = version;
    this.forced = forced;
    this.r.bsd = forced;
  }

  parse(): Request {
    const { r, args } = this;
    for (; this.at < args.length && r.say === undefined; this.at++) {
      const arg = args[this.at]!;
      if (/^--[A-Za-z]/.test(arg)) this.long(arg.slice(2));
      else if (/^-[A-Za-z]/.test(arg) && !this.forced) this.letters(arg.slice(1), true);
      else if (/^-?[A-Za-z]/.test(arg)) {
        if (this.forced && !arg.startsWith("-")) throw new PsError("way bad");
        r.bsd = true;
        this.letters(arg.replace(/^-/, ""), false);
      } else if (/^(\d|-\d|\+)/.test(arg)) {
        r.bsd = true;
        this.trailing();
      } else throw new PsError("garbage option");
    }
    this.checkThreads();
    this.format();
    this.checkSimple();
    return r;
  }

  private letters(text: string, unix: boolean): void {
    for (let k = 0; k < text.length; k++) {
      const rest = text.slice(k + 1);
      if (unix ? this.unixLetter(text[k]!, rest) : this.bsdLetter(text[k]!, rest, text.slice(k))) return;
    }
  }

  /** The argument of an option: behind it or the next one. */
  private value(rest: string, message: string): string {
    if (rest !== "") return rest;
    const next = this.args[this.at + 1];
    if (!next) throw new PsError(message);
    this.at++;
    return next;
  }

  /** True when the rest of the word was its argument. */
  private unixLetter(letter: string, rest: string): boolean {
    const { r } = this;
    const follow = (what: string) => this.value(rest, `${what} must follow -${letter}`);
    if (letter === "A" || letter === "e") r.all = true;
    else if (letter === "a" || letter === "d") r.simple.add(`-${letter}`);
    else if (letter === "f" || letter === "l") r.formats.add(`-${letter}`);
    else if (letter === "F") {
      r.modifiers.add("F");
      r.formats.add("-f");
    } else if ("cjPy".includes(letter)) r.modifiers.add(letter);
    else if (letter === "M" || letter === "Z") r.modifiers.add("M");
    else if (letter === "H") r.forest = "unix";
    else if (letter === "L" || letter === "T") r.threads.add(letter);
    else if (letter === "m") r.threads.add("-m");
    else if (letter === "N") r.negate = true;
    else if (letter === "w") r.wide++;
    else if (letter === "V") this.exclusive("-V", this.version);
    else if (letter === "x") throw new PsError("must set personality to get -x option");
    else if (letter === "-") throw new PsError("embedded '-' among SysV options makes no sense");
    else if (letter === "C") return this.select(follow("list of command names"), named);
    else if (letter === "G") return this.select(follow("list of real groups"), this.group);
    else if (letter === "U") return this.select(follow("list of real users"), this.user);
    else if (letter === "u") return this.select(follow("list of users"), this.user);
    else if (letter === "p") return this.select(follow("list of process IDs"), pids);
    else if (letter === "q") return this.quickly(this.value(rest, "List of process IDs must follow -q."));
    else if (letter === "s") return this.select(follow("list of session IDs"), sessions);
    else if (letter === "t") return this.select(follow("list of terminals (pty, tty...)"), this.tty);
    else if (letter === "g") return this.leaders(follow("list of session leaders OR effective group names"));
    else if (letter === "o") return this.wish("format", follow("format specification"));
    else if (letter === "O") return this.wish("-O", follow("format or sort specification"));
    else throw new PsError("unsupported SysV option");
    if (letter === "f" || letter === "F") r.fullNames = true;
    return false;
  }

  private bsdLetter(letter: string, rest: string, whole: string): boolean {
    const { r } = this;
    const follow = (what: string) => this.value(rest, `${what} must follow ${letter}`);
    if (/\d/.test(letter)) return this.select(whole, pids);
    if ("agx".includes(letter)) r.simple.add(letter);
    else if ("jlsuvX".includes(letter)) r.formats.add(letter);
    else if (letter === "m" && this.forced) r.formats.add("m");
    else if (letter === "m" || letter === "M") r.threads.add("m");
    else if (letter === "H") r.threads.add("H");
    else if (letter === "f") r.forest = "bsd";
    else if (letter === "h") this.heading("none");
    else if (letter === "c") r.shortNames = true;
    else if (letter === "e") r.environment = true;
    else if (letter === "n") r.numericUsers = true;
    else if (letter === "r") r.running = true;
    else if (letter === "S") r.deadChildren = true;
    else if (letter === "w") r.wide++;
    else if (letter === "Z") r.modifiers.add("M");
    else if (letter === "T") r.lists.push(({ process }) => process.tty === this.p.tty);
    else if (letter === "V") this.exclusive("V", this.version);
    else if (letter === "L") this.exclusive("L", specifiers());
    else if (letter === "W") throw new PsError("obsolete W option not supported (you have a /dev/drum?)");
    else if (letter === "-") throw new PsError("embedded '-' among BSD options makes no sense");
    else if (letter === "U") return this.select(follow("list of users"), this.user);
    else if (letter === "p") return this.select(follow("list of process IDs"), pids);
    else if (letter === "q") return this.quickly(this.value(rest, "List of process IDs must follow q."));
    else if (letter === "o") return this.wish("format", follow("format specification"));
    else if (letter === "O") return this.wish("O", follow("format or sort specification"));
    else if (letter === "k") return this.wish("sort", this.value(rest, "long sort specification must follow 'k'"));
    else if (letter === "t") {
      if (rest === "" && !this.args[this.at + 1]) r.lists.push(({ process }) => process.tty === this.p.tty);
      else return this.select(follow(""), this.tty);
    } else throw new PsError("unsupported option (BSD syntax)");
    return false;
  }

  private long(text: string): void {
    const { r } = this;
    const [, name = "", rest = ""] = /^([^=:]*)(.*)$/s.exec(text) ?? [];
    const value = (message: string): string => {
      if (rest === "") return this.value("", message);
      if (rest.length === 1) throw new PsError(message);
      return rest.slice(1);
    };
    const list = (what: string) => value(`${what} must follow --${name}`);
    const bare = (as: string) => {
      if (rest !== "") throw new PsError(`option --${as} does not take an argument`);
    };
    const number = (what: string): number => {
      const given = rest === "" ? this.args[++this.at] : rest.slice(1);
      if (!/^[1-9]\d{0,8}$/.test(given ?? "")) throw new PsError(what);
      return Number(given);
    };
    if (/^no-?head(er|ing)s?$/.test(name)) {
      bare("no-heading");
      this.heading("none");
    } else if (/^head(er|ing)s?$/.test(name)) {
      bare("heading");
      this.heading("pages");
    } else if (name === "Group") this.select(list("list of real groups"), this.group);
    else if (name === "group") this.select(list("list of effective groups"), this.group);
    else if (name === "User") this.select(list("list of real users"), this.user);
    else if (name === "user") this.select(list("list of effective users"), this.user);
    else if (name === "pid") this.select(list("list of process IDs"), pids);
    else if (name === "ppid") this.select(list("list of process IDs"), parents);
    else if (name === "quick-pid") this.quickly(value("List of process IDs must follow --quick-pid."));
    else if (name === "sid") this.select(list("some sid thing(s)"), sessions);
    else if (name === "tty") this.select(list("list of ttys"), this.tty);
    else if (name === "format") this.wish("format", list("format specification"));
    else if (name === "sort") this.wish("sort", list("long sort specification"));
    else if (name === "cols" || name === "columns" || name === "width")
      r.columns = number("number of columns must follow --cols, --width, or --columns");
    else if (name === "rows" || name === "lines") r.rows = number("number of rows must follow --rows or --lines");
    else if (name === "cumulative" || name === "deselect" || name === "forest") {
      bare(name);
      if (name === "cumulative") r.deadChildren = true;
      else if (name === "deselect") r.negate = true;
      else r.forest = "bsd";
    } else if (name === "context") r.formats.add("context");
    else if (name === "version") this.exclusive("--version", this.version);
    else if (name === "info") this.exclusive("--info", "Hertz=100\n");
    else if (name === "help") r.say = `help ${rest === "" ? (this.args[this.at + 1] ?? "") : rest.slice(1)}`;
    else throw new PsError("unknown gnu long option");
  }

  private exclusive(name: string, text: string): void {
    if (this.args.length > 1 || this.args[0] !== name) throw new PsError(`the option is exclusive: ${name}`);
    this.r.say = text;
  }

  private heading(how: "none" | "pages"): void {
    if (this.r.header) throw new PsError("only one heading option may be specified");
    this.r.header = how;
  }

  private wish(kind: Wish["kind"], text: string): true {
    this.wishes.push({ kind, text });
    return true;
  }

  private quickly(text: string): true {
    this.r.quick++;
    return this.select(text, pids);
  }

  /** A selection list: a process that any word of it stands for is chosen. */
  private select(text: string, read: (word: string) => (seen: Seen) => boolean): true {
    const tests = words(text).map((word) => read.call(this, word));
    this.r.lists.push((seen) => tests.some((test) => test(seen)));
    return true;
  }

  private leaders(text: string): true {
    try {
      return this.select(text, sessions);
    } catch {
      try {
        return this.select(text, this.group);
      } catch {
        throw new PsError("list of session leaders OR effective group IDs was invalid");
      }
    }
  }

  private user(word: string): (seen: Seen) => boolean {
    const uid = number(word) ?? userByName(this.p.ns.mnt, word)?.uid;
    if (uid === undefined && !this.r.negate) throw new PsError("user name does not exist");
    return ({ process }) => process.cred.uid === uid;
  }

  private group(word: string): (seen: Seen) => boolean {
    const gid = number(word) ?? groupByName(this.p.ns.mnt, word)?.gid;
    if (gid === undefined && !this.r.negate) throw new PsError("group name does not exist");
    return ({ process }) => process.cred.gid === gid;
  }

  private tty(word: string): (seen: Seen) => boolean {
    if (word === "-" || word === "?") return ({ process }) => process.tty === undefined;
    const paths = word.startsWith("/")
      ? [word]
      : [`/dev/pts/${word}`, `/dev/${word}`, `/dev/tty${word}`, `/dev/pty${word}`, `/dev/${word}nsole`];
    const path = paths.find((one) => sys.find(this.p, one) !== undefined);
    if (path === undefined) throw new PsError("TTY could not be found");
    if (sys.find(this.p, path)!.kind !== "char") throw new PsError("list member was not a TTY");
    return ({ process }) => `/dev/${ttyName(process)}` === path;
  }

  /** The numbers that everything from here on is: processes, `-5` groups, `+5` sessions. */
  private trailing(): void {
    const tests = this.args.slice(this.at).map((word) => {
      const sign = /^[-+]/.exec(word)?.[0];
      const test = sign === undefined ? pids : sign === "+" ? sessions : groups;
      return test(sign === undefined ? word : word.slice(1));
    });
    this.r.lists.push((seen) => tests.some((test) => test(seen)));
    this.at = this.args.length;
  }

  private checkThreads(): void {
    const { threads, forest } = this.r;
    const has = (...names: string[]) => names.every((name) => threads.has(name));
    if (threads.size === 0) return;
    if (forest !== "no") throw new PsError("thread display conflicts with forest display");
    if (has("H", "m") || has("H", "-m")) throw new PsError("thread flags conflict; can't use H with m or -m");
    if (has("m", "-m")) throw new PsError("thread flags conflict; can't use both m and -m");
    if (has("L", "T")) throw new PsError("thread flags conflict; can't use both -L and -T");
  }

  private checkSimple(): void {
    const { simple, bsd } = this.r;
    const unix = simple.has("-a") || simple.has("-d");
    if (unix && [...simple].some((one) => !one.startsWith("-")))
      throw new PsError("process selection options conflict");
    if (!unix && bsd && simple.has("a") && simple.has("x")) this.r.all = true;
  }

  private format(): void {
    const { r, wishes, p } = this;
    let sorted = false;
    let formatted = false;
    const wished: Field[] = [];
    const sort = (order: Sort[]) => {
      r.sort = order;
      sorted = true;
    };
    const hasSort = wishes.some(({ kind }) => kind === "sort");
    for (const { kind, text } of wishes) {
      if (kind === "format") {
        wished.push(...formatList(text));
        formatted = true;
      } else if (kind === "sort") {
        if (sorted) throw new PsError("multiple sort options");
        sort(longSort(text));
      } else if (kind === "-O") {
        if (formatted) throw new PsError("option -O can not follow other format options");
        wished.push(...fieldsOf("pid")!, ...formatList(text), ...macro("END_SYS5"));
        formatted = true;
      } else {
        const short = hasSort || sorted ? undefined : shortSort(text);
        if (short !== undefined) sort(short);
        else if (formatted) throw new PsError("option O is neither first format nor sort order");
        else wished.push(...fieldsOf("pid")!, ...formatList(text), ...macro("END_BSD"));
      }
    }
    const flags = r.formats.size + r.modifiers.size;
    const usual = p.env.get("PS_FORMAT");
    if (wished.length === 0 && flags === 0 && usual) wished.push(...this.usual(usual));
    if (wished.length > 0) {
      if (r.formats.size > 0) throw new PsError("conflicting format options");
      if (r.modifiers.size > 0) throw new PsError("can not use output modifiers with user-defined output");
      if (["L", "T"].some((one) => r.threads.has(one)) && ["H", "m", "-m"].some((one) => r.threads.has(one)))
        throw new PsError("-L/-T with H/m/-m and -o/-O/o/O is nonsense");
    }
    r.fields = wished.length > 0 ? wished : flagFields(r);
  }

  /** What PS_FORMAT says, if it can be understood. */
  private usual(text: string): Field[] {
    try {
      return formatList(text);
    } catch (error) {
      if (!(error instanceof PsError)) throw error;
      this.r.warning = `warning: $PS_FORMAT ignored. (${error.message})\n`;
      return [];
    }
  }
}

const macro = (name: string): Field[] => MACROS[name]!.split(" ").flatMap((spec) => fieldsOf(spec)!);
