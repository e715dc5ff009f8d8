import { apply, Changes } from "./apply.ts";
import { isTarget, readCommand } from "./command.ts";
import { readLine } from "./known-lines.ts";
import { checkChainName } from "./parse-rule.ts";
import { Problem, problemText, Refusal } from "./problem.ts";
import { BUILT_IN, type Chain, isTableName, type Ruleset, Table } from "./ruleset.ts";
import { Rule } from "./types.ts";

export interface RestoreOptions {
  /** Keep what the text does not name (`--noflush`). */
  noflush?: boolean;
  /** Take packet and byte counters from the text (`--counters`). */
  counters?: boolean;
  /** Read and judge, change nothing (`--test`). */
  test?: boolean;
  /** Only this table (`-T`). */
  table?: string;
  /**
   * The text is known to be right, as kube-proxy's is: what a rule says is read when somebody asks for it. Lines must
   * be of the form `-A CHAIN … -j TARGET …`, or commands of other kinds.
   */
  trusted?: boolean;
  /** Name in messages; `iptables-restore` by default. */
  program?: string;
}

export interface RestoreResult {
  /** Exit status of iptables-restore. */
  status: number;
  /** What it writes on standard error. */
  error: string;
  /** Rules that were read anew, of those in the text: the others stood there already. */
  parsed: number;
}

/**
 * Loads rules as iptables-restore does, table by table: a table with an error is left as it was, those before it are
 * changed (xtables-restore.c). `text` is the file, or its lines; lines that are the same strings as last time in the
 * same chain cost next to nothing.
 */
export function restore(
  ruleset: Ruleset,
  text: string | readonly string[],
  options: RestoreOptions = {},
): RestoreResult {
  const lines = typeof text === "string" ? splitLines(text) : text;
  const run = new Restore(ruleset, options, !options.trusted && lines.length < CAREFUL_LINES);
  const program = options.program ?? "iptables-restore";
  try {
    for (const line of lines) run.line(line);
    run.end(lines.length);
    return { status: 0, error: "", parsed: run.parsed };
  } catch (error) {
    run.abort();
    if (error instanceof Problem) {
      return { status: error.status, error: problemText(program, error, run.number), parsed: run.parsed };
    }
    if (error instanceof Failed) return { status: 1, error: `${program}: ${error.message}\n`, parsed: run.parsed };
    throw error;
  }
}

function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

Rule.reader = (line) => readLine(line, "", splitWords, () => 1).rules[0]!.body;

/** Ends with `program: message`, status 1. */
class Failed extends Error {}

/** Longer texts are not searched for loops and misplaced targets under user chains, which costs with their square. */
const CAREFUL_LINES = 1_000;

/** How far ahead the old rules of a chain are searched for a line that comes again. */
const LOOK_AHEAD = 4;

class Restore {
  number = 0;
  parsed = 0;
  private readonly ruleset: Ruleset;
  private readonly options: RestoreOptions;
  private readonly careful: boolean;
  private changes: Changes | undefined;
  /** Lines of another table than the one asked for. */
  private skipping = false;
  /** What the kernel will say when the table is committed, with the line that it will say it of. */
  private refused: { error: unknown; line: number; byKernel: boolean } | undefined;
  /** The chain of the last line, its rules before the text named it, and how many of them came again. */
  private chain: Chain | undefined;
  private old: readonly Rule[] = [];
  private met = 0;
  /** A line made the table stand. */
  private touched = false;
  private readonly before = new Map<Chain, readonly Rule[]>();

  constructor(ruleset: Ruleset, options: RestoreOptions, careful: boolean) {
    this.careful = careful;
    this.ruleset = ruleset;
    this.options = options;
  }

  line(line: string): void {
    this.number++;
    const { changes } = this;
    const first = line.charCodeAt(0);
    if (first === 45 && changes !== undefined) {
      if (this.again(line, changes)) return;
      if (!this.options.trusted || !this.unread(line, changes)) this.rule(line, changes);
      return;
    }
    if (line === "" || first === 35) return;
    if (changes !== undefined && line === "COMMIT") {
      this.commit(changes);
      return;
    }
    if (first === 42 && changes === undefined) this.begin(line);
    else if (this.skipping) return;
    else if (first === 58 && changes !== undefined) this.declare(line, changes);
    else if (changes !== undefined) this.rule(line, changes);
    else throw new Failed(`line ${this.number} failed`);
  }

  end(lines: number): void {
    if (this.changes !== undefined) throw new Failed(`COMMIT expected at line ${lines + 1}`);
  }

  abort(): void {
    this.changes?.undo();
    this.changes = undefined;
  }

  private begin(line: string): void {
    const name = words(line.slice(1))[0];
    const program = this.options.program ?? "iptables-restore";
    if (name === undefined) throw new Problem(`${program}: line ${this.number} table name invalid`);
    if (!isTableName(name)) throw new Problem(`${program}: line ${this.number} table name '${name}' invalid`);
    this.skipping = this.options.table !== undefined && this.options.table !== name;
    if (this.skipping) return;
    const table = (this.options.noflush ? this.ruleset.tables.get(name) : undefined) ?? new Table(name);
    this.touched = false;
    this.changes = new Changes(table, this.careful);
    this.chain = undefined;
    this.before.clear();
    this.refused = undefined;
  }

  private commit(changes: Changes): void {
    this.changes = undefined;
    const { table } = changes;
    if (this.options.test) {
      changes.undo();
      return;
    }
    if (this.refused !== undefined) {
      changes.undo();
      throw this.complaint(this.refused);
    }
    if (this.touched) this.ruleset.tables.set(table.name, table);
    else if (!this.options.noflush) this.ruleset.tables.delete(table.name);
    this.ruleset.version++;
  }

  private complaint({ error, line }: { error: unknown; line: number }): unknown {
    if (error instanceof Refusal) return new Failed(`line ${line} failed: ${error.message}.`);
    if (error instanceof Problem && error.kind === "kernel") {
      return new Problem(`\nline ${line}:${error.message}`, "kernel");
    }
    return error;
  }

  /** `:NAME POLICY [packets:bytes]` */
  private declare(line: string, changes: Changes): void {
    const [name, policy, counts] = words(line.slice(1));
    const program = this.options.program ?? "iptables-restore";
    if (name === undefined) throw new Problem(`${program}: line ${this.number} chain name invalid`);
    this.touched = true;
    let chain = changes.table.chains.get(name);
    if (chain === undefined) checkChainName(name, isTarget);
    if (policy === undefined) throw new Problem(`${program}: line ${this.number} policy invalid`);
    if (BUILT_IN[changes.table.name].includes(name)) {
      chain!.real = true;
      this.setPolicy(changes, chain!, policy, counts);
      return;
    }
    if (chain === undefined) chain = changes.create(name);
    else {
      this.before.set(chain, chain.rules);
      changes.flush(chain);
    }
    if (this.chain === chain) this.chain = undefined;
  }

  private setPolicy(changes: Changes, chain: Chain, policy: string, counts: string | undefined): void {
    const found = counts === undefined ? undefined : /^\[(\d+):(\d+)\]/.exec(counts);
    if ((counts === undefined && this.options.counters) || found === null) {
      throw new Problem(`invalid policy counters for chain '${chain.name}'`);
    }
    const kept = policy === "-" ? chain.policy! : policy;
    if (kept === "ACCEPT" || kept === "DROP") {
      const [packets, bytes] = this.options.counters && found ? [Number(found[1]), Number(found[2])] : [0, 0];
      changes.policy(chain, kept, packets, bytes);
    } else this.refuse(new Refusal("Bad policy name"));
  }

  /** Takes over a rule that the chain had before under the same line. */
  private again(line: string, changes: Changes): boolean {
    if (this.before.size === 0) return false;
    if (this.next(line, changes)) return true;
    if (!line.startsWith("-A ")) return false;
    const end = line.indexOf(" ", 3);
    const chain = changes.table.chains.get(end < 0 ? line.slice(3) : line.slice(3, end));
    if (chain === undefined || chain === this.chain) return false;
    this.enter(chain);
    return this.next(line, changes);
  }

  private next(line: string, changes: Changes): boolean {
    const { old, met, chain } = this;
    if (chain === undefined) return false;
    const last = Math.min(old.length, met + LOOK_AHEAD);
    for (let i = met; i < last; i++) {
      const rule = old[i]!;
      if (rule.line !== line) continue;
      if (rule.chain !== undefined && !rule.chain.alive) return false;
      this.met = i + 1;
      rule.packets = 0;
      rule.bytes = 0;
      changes.append(chain, rule);
      return true;
    }
    return false;
  }

  /** Appends a rule of which only the chain and the target are looked at. False when that is not enough. */
  private unread(line: string, changes: Changes): boolean {
    if (!line.startsWith("-A ")) return false;
    const end = line.indexOf(" ", 3);
    const jump = line.lastIndexOf(" -j ");
    if (jump < end || end < 0) return false;
    const chain = this.chainNamed(line.slice(3, end), changes);
    if (chain === undefined) return false;
    const after = line.indexOf(" ", jump + 4);
    const target = after < 0 ? line.slice(jump + 4) : line.slice(jump + 4, after);
    const rule = new Rule(undefined, line);
    if (!isTarget(target)) {
      const to = changes.table.chains.get(target);
      if (to === undefined) return false;
      rule.chain = to;
    }
    chain.real = true;
    this.touched = true;
    changes.append(chain, rule);
    return true;
  }

  /** The chain by name; lines come chain by chain. */
  private chainNamed(name: string, changes: Changes): Chain | undefined {
    if (this.chain?.name === name) return this.chain;
    const chain = changes.table.chains.get(name);
    if (chain !== undefined) this.enter(chain);
    return chain;
  }

  private enter(chain: Chain): void {
    this.chain = chain;
    this.old = this.before.get(chain) ?? [];
    this.met = 0;
  }

  private rule(line: string, changes: Changes): void {
    let text = line;
    let counters: [string, string] | undefined;
    if (line.charCodeAt(0) === 91) [text, counters] = this.counted(line);
    this.parsed++;
    const table = changes.table.name;
    const command =
      counters !== undefined && this.options.counters
        ? readCommand(["--set-counters", ...counters, ...splitWords(text)], {
            family: this.ruleset.family,
            restoring: table,
            setDimensions: this.setDimensions,
          })
        : readLine(text, table, splitWords, this.setDimensions, this.ruleset.family);
    if (command.operation === "append" && command.rules.length === 1) command.rules[0]!.line = line;
    const { operation, chain } = command;
    if (operation !== "delete" && (operation !== "flush" || chain !== undefined)) this.touched = true;
    try {
      apply(changes, command);
    } catch (error) {
      if (!(error instanceof Problem || error instanceof Refusal)) throw error;
      this.refuse(error);
    }
  }

  private readonly setDimensions = (name: string): number | undefined => this.ruleset.sets.get(name)?.dimensions;

  private refuse(error: unknown): void {
    // The kernel hears of a table only when iptables itself has nothing against any line of it.
    const byKernel = error instanceof Problem && error.kind === "kernel";
    if (this.refused === undefined || (this.refused.byKernel && !byKernel)) {
      this.refused = { error, line: this.number, byKernel };
    }
  }

  /** `[packets:bytes] -A …` */
  private counted(line: string): [string, [string, string]] {
    const close = line.indexOf("]");
    if (close < 0) throw new Problem(`Bad line ${this.number}: need ]`);
    const colon = line.indexOf(":");
    if (colon < 0 || colon > close) throw new Problem(`Bad line ${this.number}: need ]`);
    return [line.slice(close + 1), [line.slice(1, colon), line.slice(colon + 1, close)]];
  }
}

function words(text: string): string[] {
  const plain = text.split(" ");
  if (!plain.includes("") && !text.includes("\t")) return plain;
  return text.split(/[ \t]+/).filter((word) => word !== "");
}

/** Words of a line as iptables-restore separates them: by blanks, double quotes around some (add_param_to_argv). */
export function splitWords(line: string): string[] {
  const out: string[] = [];
  if (!line.includes('"') && !line.includes("\t")) {
    for (const word of line.split(" ")) if (word !== "") out.push(word);
    return out;
  }
  let at = 0;
  const end = line.length;
  while (at < end) {
    const code = line.charCodeAt(at);
    if (code === 32 || code === 9) {
      at++;
      continue;
    }
    let next = at;
    while (next < end) {
      const each = line.charCodeAt(next);
      if (each === 32 || each === 9 || each === 34) break;
      next++;
    }
    if (next === end || line.charCodeAt(next) !== 34) {
      out.push(line.slice(at, next));
      at = next;
    } else at = quotedWord(line, at, next, out);
  }
  return out;
}

/** Reads a word from `at` whose first quote is at `quote`; gives the place behind it. A closing quote ends the word. */
function quotedWord(line: string, at: number, quote: number, out: string[]): number {
  const head = line.slice(at, quote);
  const close = line.indexOf('"', quote + 1);
  const inside = close < 0 ? line.slice(quote + 1) : line.slice(quote + 1, close);
  if (close >= 0 && !inside.includes("\\")) {
    const word = head + inside;
    if (word !== "") out.push(word);
    return close + 1;
  }
  let word = head;
  for (let i = quote + 1; i < line.length; i++) {
    if (line[i] === "\\") word += line[++i] ?? "\n";
    else if (line[i] === '"') {
      if (word !== "") out.push(word);
      return i + 1;
    } else word += line[i];
  }
  // The line's end belongs to an open quote.
  out.push(`${word}\n`);
  return line.length;
}
