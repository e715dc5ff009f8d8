import { Given } from "./command-given.ts";
import {
  type Command,
  KNOWN,
  LETTER_OF,
  LONG,
  NEEDS_ARGUMENT,
  type Operation,
  type ReadFor,
  TAKES_ATTACHED,
} from "./command-options.ts";
import { type Extension, Use } from "./extension.ts";
import { matches } from "./matches/index.ts";
import { wholeNumber } from "./numbers.ts";
import { checkChainName, checkTargetName, parseInterface, parseProtocol } from "./parse-rule.ts";
import { Problem } from "./problem.ts";
import { protocolName } from "./protocols.ts";
import { targets, verdicts } from "./targets/index.ts";
import { INVERTED, type Match, type Target } from "./types.ts";

/** Reads one command line: the words after the program's name. Throws `Problem`. */
export function readCommand(words: readonly string[], what: ReadFor = {}): Command {
  return new Reader(words, what).read();
}

/** do_parse of xshared.c: getopt with options that grow as matches and targets are named. */
class Reader extends Given {
  private readonly words: readonly string[];
  private at = 0;
  private inverted = false;
  private stop = false;

  constructor(words: readonly string[], what: ReadFor) {
    super(what);
    this.words = words;
  }

  override nextWord(): string | undefined {
    const word = this.words[this.at];
    if (word === undefined || word[0] === "-" || word[0] === "!") return undefined;
    this.at++;
    return word;
  }

  read(): Command {
    const { words } = this;
    while (this.at < words.length && !this.stop) {
      const word = words[this.at++]!;
      if (word.length > 1 && word.charCodeAt(0) === 45) {
        if (word.charCodeAt(1) === 45) {
          if (word.length === 2) break;
          if (this.long(word)) continue;
        } else if (word.length === 2) this.short(word[1]!, undefined, word);
        else this.shorts(word);
      } else if (word === "!") {
        if (this.inverted) throw new Problem("multiple consecutive ! not allowed");
        this.inverted = true;
        continue;
      } else throw new Problem(`Bad argument \`${word}'`, "bare");
      this.inverted = false;
    }
    return this.finish(this.at < words.length, this.inverted);
  }

  private shorts(word: string): void {
    let rest = word.slice(1);
    while (rest !== "") {
      const letter = rest[0]!;
      rest = rest.slice(1);
      if (NEEDS_ARGUMENT.has(letter) || TAKES_ATTACHED.has(letter)) {
        this.short(letter, rest === "" ? undefined : rest, word);
        return;
      }
      this.short(letter, undefined, word);
      this.inverted = false;
    }
  }

  /** One long option. True when the loop must not forget a `!` before it. */
  private long(word: string): boolean {
    const letter = LONG.get(word);
    if (letter !== undefined) {
      this.short(letter, undefined, word);
      return false;
    }
    if (this.extensionOption(word, undefined)) return false;
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    const exact = LONG.get(name);
    if (exact !== undefined) {
      if (value !== undefined && !NEEDS_ARGUMENT.has(exact) && !TAKES_ATTACHED.has(exact)) throw this.unknown(word);
      this.short(exact, value, word);
      return false;
    }
    if (value !== undefined && this.extensionOption(name, value)) return false;
    const whole = this.completed(name);
    if (whole === undefined) {
      if (this.loadProtocol()) {
        this.at--;
        return true;
      }
      throw this.unknown(word);
    }
    const short = LONG.get(whole);
    if (short !== undefined) this.short(short, value, word);
    else this.extensionOption(whole, value);
    return false;
  }

  private unknown(word: string): Problem {
    return new Problem(`unknown option "${word}"`);
  }

  /** The one long option that begins so, as getopt_long finds it. */
  private completed(name: string): string | undefined {
    const found = new Set<unknown>();
    let whole: string | undefined;
    const consider = (option: string, is: unknown) => {
      if (!option.startsWith(name)) return;
      found.add(is);
      whole ??= option;
    };
    for (const [option, letter] of LONG) consider(option, letter);
    for (const use of this.active()) for (const [option, is] of use.lookup) consider(option, is);
    return found.size === 1 ? whole : undefined;
  }

  private active(): Use<Match | Target>[] {
    const uses: Use<Match | Target>[] = [];
    for (let i = this.uses.length - 1; i >= 0; i--) uses.push(this.uses[i] as unknown as Use<Match | Target>);
    if (this.target) uses.push(this.target as unknown as Use<Match | Target>);
    return uses;
  }

  /** Hands an option to the extension that has it: the one named last first. */
  private extensionOption(name: string, value: string | undefined): boolean {
    const { uses, target } = this;
    for (let i = uses.length - 1; i >= 0; i--) {
      if (target !== undefined && i === this.matchesBefore - 1 && this.useOption(target, name, value)) return true;
      if (this.useOption(uses[i]!, name, value)) return true;
    }
    return target !== undefined && this.matchesBefore === 0 && this.useOption(target, name, value);
  }

  private useOption<E extends Match | Target>(use: Use<E>, name: string, value: string | undefined): boolean {
    const option = use.lookup.get(name);
    if (option === undefined) return false;
    use.read(option, this.argument(option, name, value), this.inverted, this);
    return true;
  }

  private argument(option: { flag?: boolean }, name: string, value: string | undefined): string | undefined {
    if (option.flag) {
      if (value !== undefined) throw this.unknown(`${name}=${value}`);
      return undefined;
    }
    if (value !== undefined) return value;
    const word = this.words[this.at];
    if (word === undefined) throw new Problem(`option "${name}" requires an argument`);
    this.at++;
    return word;
  }

  /** `-p tcp` brings `-m tcp` with it when an option asks for it. */
  private loadProtocol(): boolean {
    if (this.protocolText === undefined || this.protocolLoaded) return false;
    this.protocolLoaded = true;
    const own = protocolName(this.protocol);
    const name = own === "ipv6-icmp" || own === "icmpv6" ? "icmp6" : own;
    const extension = this.matchNamed(name);
    if (extension === undefined || this.uses.some((use) => use.extension.name === name)) return false;
    this.use(extension);
    return true;
  }

  /** ICMP is the one of each family. */
  private matchNamed(name: string): Extension<Match> | undefined {
    return name === (this.family === 6 ? "icmp" : "icmp6") ? undefined : matches.get(name);
  }

  private use(extension: Extension<Match>): void {
    this.uses.push(new Use(extension, this));
  }

  private required(value: string | undefined, word: string): string {
    if (value !== undefined) return value;
    const next = this.words[this.at];
    if (next === undefined) throw new Problem(`option "${word}" requires an argument`);
    this.at++;
    return next;
  }

  private command(operation: Operation, others: readonly Operation[] = []): void {
    if (this.inverted) throw new Problem("unexpected '!' flag");
    const before = this.operation;
    if (before !== undefined && !others.includes(before)) {
      throw new Problem(`Cannot use -${LETTER_OF[operation]} with -${LETTER_OF[before]}`);
    }
    const listing = operation === "list" || operation === "list-rules";
    if (before !== undefined && (operation === "zero" || (before === "zero" && listing))) this.alsoZero = true;
    if (before === undefined || listing) this.operation = operation;
  }

  /** Notes a part of a rule that may stand once, `!` before it or not. */
  private once(before: unknown, name: string, part: number | undefined): void {
    if (before !== undefined && before !== false) throw new Problem(`multiple ${name} options not allowed`);
    if (!this.inverted) return;
    if (part === undefined) throw new Problem(`cannot have ! before ${name}`);
    this.invertedParts |= part;
  }

  private ruleNumber(word: string): number {
    const number = wholeNumber(word, 1, 0x7fff_ffff);
    if (number === undefined) throw new Problem(`Invalid rule number \`${word}'`);
    return number;
  }

  private short(letter: string, attached: string | undefined, word: string): void {
    if (!KNOWN.has(letter)) throw new Problem(`unknown option "-${letter}"`);
    const value = NEEDS_ARGUMENT.has(letter) ? this.required(attached, word) : "";
    switch (letter) {
      case "A":
        this.command("append");
        this.chain = value;
        break;
      case "C":
        this.command("check");
        this.chain = value;
        break;
      case "D": {
        this.command("delete");
        this.chain = value;
        const next = this.nextWord();
        if (next === undefined) break;
        if (next.includes(":")) throw new Problem("Rule ranges are not supported");
        const number = /^\s*[-+]?\d+$/.test(next) ? Number(next) : 0;
        if (number === 0) throw new Problem(`Invalid rule number \`${next}'`);
        this.number = number;
        this.operation = "delete-number";
        break;
      }
      case "R": {
        this.command("replace");
        this.chain = value;
        const next = this.nextWord();
        if (next === undefined) throw new Problem("-R requires a rule number");
        this.number = this.ruleNumber(next);
        break;
      }
      case "I": {
        this.command("insert");
        this.chain = value;
        const next = this.nextWord();
        this.number = next === undefined ? 1 : this.ruleNumber(next);
        break;
      }
      case "L":
      case "S": {
        this.command(letter === "L" ? "list" : "list-rules", ["zero", "zero-number"]);
        this.chain = attached ?? this.nextWord() ?? this.chain;
        const next = this.nextWord();
        if (next !== undefined) this.number = this.ruleNumber(next);
        break;
      }
      case "F":
        this.command("flush");
        this.chain = attached ?? this.nextWord();
        break;
      case "Z": {
        this.command("zero", ["list", "list-rules"]);
        this.chain = attached ?? this.nextWord() ?? this.chain;
        const next = this.nextWord();
        if (next === undefined) break;
        this.number = this.ruleNumber(next);
        this.operation = "zero-number";
        break;
      }
      case "N":
        checkChainName(value, isTarget);
        this.command("new-chain");
        this.chain = value;
        break;
      case "X":
        this.command("delete-chain");
        this.chain = attached ?? this.nextWord();
        break;
      case "E": {
        this.command("rename-chain");
        this.chain = value;
        const next = this.nextWord();
        if (next === undefined) throw new Problem("-E requires old-chain-name and new-chain-name");
        this.newName = next;
        checkChainName(next, isTarget);
        break;
      }
      case "P": {
        this.command("policy");
        const next = this.nextWord();
        if (next === undefined) throw new Problem("-P requires a chain and a policy");
        this.chain = value;
        this.policy = next;
        break;
      }
      case "h":
      case "V":
        this.operation = letter === "h" ? "help" : "version";
        this.stop = true;
        break;
      case "p":
        this.once(this.protocolText, "--protocol", INVERTED.protocol);
        this.protocolText = value;
        this.protocol = parseProtocol(value);
        if (this.protocol === 0 && this.protocolInverted) throw new Problem("rule would never match protocol");
        break;
      case "s":
        this.once(this.source, "--source", INVERTED.source);
        this.source = value;
        break;
      case "d":
        this.once(this.destination, "--destination", INVERTED.destination);
        this.destination = value;
        break;
      case "g":
        this.once(this.jump, "--jump", undefined);
        this.goto = true;
        checkTargetName(value);
        this.jump = value;
        break;
      case "j":
        this.once(this.jump, "--jump", undefined);
        this.setTarget(value);
        break;
      case "i":
        if (value !== "") this.once(this.input, "--in-interface", INVERTED.input);
        this.input = parseInterface(value, this.what.warn);
        break;
      case "o":
        if (value !== "") this.once(this.output, "--out-interface", INVERTED.output);
        this.output = parseInterface(value, this.what.warn);
        break;
      case "f":
        this.once(this.fragment, "--fragments", INVERTED.fragment);
        this.fragment = true;
        break;
      case "v":
        if (this.verbose === 0) this.once(undefined, "--verbose", undefined);
        this.verbose++;
        break;
      case "m": {
        if (this.inverted) throw new Problem("unexpected ! flag before --match");
        const extension = this.matchNamed(value);
        if (extension === undefined) {
          throw new Problem(`Couldn't load match \`${value}':No such file or directory\n`);
        }
        this.use(extension);
        break;
      }
      case "n":
        this.once(this.numeric, "--numeric", undefined);
        this.numeric = true;
        break;
      case "t":
        if (this.inverted) throw new Problem("unexpected ! flag before --table");
        if (this.what.restoring && this.tableGiven !== undefined) {
          throw new Problem("The -t option cannot be used in iptables-restore.\n");
        }
        this.tableGiven = value;
        break;
      case "x":
        this.once(this.exact, "--exact", undefined);
        this.exact = true;
        break;
      case "0":
        this.once(this.lineNumbers, "--line-numbers", undefined);
        this.lineNumbers = true;
        break;
      case "w":
      case "W":
        this.wait(letter, attached);
        break;
      case "c":
        this.counters(value);
        break;
      case "6":
        throw new Problem("", "bare");
      default:
        break;
    }
  }

  private wait(letter: string, attached: string | undefined): void {
    if (this.what.restoring) throw new Problem(`You cannot use \`-${letter}' from iptables-restore`);
    const value = attached ?? this.nextWord();
    if (letter === "w") {
      this.waits = true;
      if (value !== undefined && !/^\s*[-+]?\d/.test(value)) throw new Problem("wait seconds not numeric");
      return;
    }
    if (value === undefined) throw new Problem("wait interval value required");
    if (!/^\s*\d/.test(value)) throw new Problem("wait interval not numeric");
    this.waitInterval = true;
    this.what.warn?.("Ignoring deprecated --wait-interval option.");
  }

  private counters(value: string): void {
    this.once(this.packets, "--set-counters", undefined);
    const comma = value.indexOf(",");
    const bytes = comma >= 0 ? value.slice(comma + 1) : this.nextWord();
    if (bytes === undefined) throw new Problem("--set-counters requires packet and byte counter");
    const number = (text: string, what: string) => {
      const found = /^\s*\d+/.exec(text);
      if (found === null) throw new Problem(`--set-counters ${what} counter not numeric`);
      return Number(found[0]);
    };
    this.packets = number(value, "packet");
    this.bytes = number(bytes, "byte");
  }

  private setTarget(name: string): void {
    if (name === "CONTINUE") {
      this.jump = "";
      return;
    }
    checkTargetName(name);
    this.verdict = verdicts.get(name);
    const extension = this.verdict === undefined ? targets.get(name) : undefined;
    if (extension !== undefined) {
      this.target = new Use(extension, this);
      this.matchesBefore = this.uses.length;
    }
    this.jump = name;
  }
}

/** Whether `-j` of that name is a target rather than a chain. */
export function isTarget(name: string): boolean {
  return verdicts.has(name) || targets.has(name);
}
