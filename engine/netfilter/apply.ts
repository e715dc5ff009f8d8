import type { Command } from "./command-options.ts";
import { Problem, Refusal } from "./problem.ts";
import { Chain, isTableName, type Policy, type Ruleset, type Table } from "./ruleset.ts";
import { saveRule } from "./save.ts";
import { INVERTED, type Rule } from "./types.ts";

const BAD_RULE = "Bad rule (does a matching rule exist in that chain?)";
const NO_CHAIN = "No chain/target/match by that name";

/** A chain as it was before a transaction came to it. */
interface Before {
  rules: Rule[];
  length: number;
}

/** Changes to one table as one transaction: `undo` takes all of them back. */
export class Changes {
  readonly table: Table;
  private readonly careful: boolean;
  private readonly touched = new Map<Chain, Before>();
  /** Chains that this transaction made. */
  private readonly created = new Set<Chain>();
  private readonly reversed: (() => void)[] = [];
  private last: Chain | undefined;

  /** @param careful  judge a rule by every built-in chain that leads to it, as the kernel does; costs with the table */
  constructor(table: Table, careful = false) {
    this.table = table;
    this.careful = careful;
  }

  undo(): void {
    for (const [chain, { rules, length }] of this.touched) {
      rules.length = length;
      chain.rules = rules;
    }
    this.touched.clear();
    for (let step = this.reversed.pop(); step !== undefined; step = this.reversed.pop()) step();
    for (const chain of this.created) {
      chain.alive = false;
      if (this.table.chains.get(chain.name) === chain) this.table.chains.delete(chain.name);
    }
    this.created.clear();
    // Taking back is rare; counting anew is simpler than keeping count both ways.
    for (const chain of this.table.chains.values()) chain.references = 0;
    for (const { rules } of this.table.chains.values()) for (const { chain } of rules) if (chain) chain.references++;
  }

  /** Remembers how a chain's rules were. `moving`: rules that were there before will change places. */
  private touch(chain: Chain, moving: boolean): void {
    this.last = chain;
    if (this.created.has(chain)) return;
    let before = this.touched.get(chain);
    if (before === undefined) {
      before = { rules: chain.rules, length: chain.rules.length };
      this.touched.set(chain, before);
    }
    if (moving && chain.rules === before.rules) chain.rules = chain.rules.slice();
  }

  /** The chain, or a `Refusal` with iptables' words for there being none. */
  chain(name: string, words = NO_CHAIN): Chain {
    const chain = this.table.chains.get(name);
    if (chain === undefined) throw new Refusal(words);
    return chain;
  }

  /** The chain as `chain` gives it, but not a built-in one that was never touched. */
  realChain(name: string, words = NO_CHAIN): Chain {
    const chain = this.chain(name, words);
    if (chain.policy !== undefined && !chain.real) throw new Refusal(words);
    return chain;
  }

  /** The chain as `chain` gives it; a built-in one is there from now on. */
  madeChain(name: string): Chain {
    const chain = this.chain(name);
    if (!chain.real) {
      chain.real = true;
      this.reversed.push(() => {
        chain.real = false;
      });
    }
    return chain;
  }

  /** Finds the chain that a rule leads to. Throws `Problem` when there is none. */
  link(rule: Rule): void {
    if (rule.chain?.alive) return;
    const { jump } = rule.body;
    if (jump === "") return;
    const chain = this.table.chains.get(jump);
    if (chain === undefined) throw new Problem(`Chain '${jump}' does not exist`);
    rule.chain = chain;
  }

  /** What the kernel judges when a linked rule comes to a chain: whether its parts may stand there, and loops. */
  judge(chain: Chain, rule: Rule, step: string): void {
    const refuse = (why: string) => new Problem(` RULE_${step} failed (${why}): rule in chain ${chain.name}`, "kernel");
    const base = chain.policy === undefined ? undefined : chain.name;
    const lost = rule.body.matches.some((match) => match.missing?.());
    if (lost || rule.body.target?.name === "QUEUE") throw refuse("No such file or directory");
    if (!fits(this.table, base, rule)) throw refuse("Invalid argument");
    if (this.careful && base === undefined && chain.references > 0) {
      for (const other of basesOf(this.table, chain)) {
        if (!fits(this.table, other, rule)) throw refuse("Invalid argument");
        const found = rule.chain && reached(this.table, other, rule.chain, chain);
        if (found !== undefined) throw refuse(found);
      }
    }
    if (rule.chain === undefined) return;
    if (rule.chain.policy !== undefined) {
      throw refuse(rule.chain.real ? "Operation not supported" : "No such file or directory");
    }
    if (base === undefined) return;
    const found = reached(this.table, base, rule.chain);
    if (found !== undefined) throw refuse(found);
  }

  /** Adds a rule that is linked. */
  append(chain: Chain, rule: Rule): void {
    if (chain !== this.last) this.touch(chain, false);
    chain.rules.push(rule);
    if (rule.chain) rule.chain.references++;
  }

  /** Adds a rule that is linked. */
  insert(chain: Chain, at: number, rule: Rule): void {
    this.touch(chain, true);
    chain.rules.splice(at, 0, rule);
    if (rule.chain) rule.chain.references++;
  }

  remove(chain: Chain, at: number): void {
    this.touch(chain, true);
    const [rule] = chain.rules.splice(at, 1);
    if (rule?.chain) rule.chain.references--;
  }

  flush(chain: Chain): void {
    const { rules } = chain;
    if (rules.length === 0) return;
    this.touch(chain, false);
    chain.rules = [];
    for (const { chain: to } of rules) if (to) to.references--;
  }

  /** Makes a user's chain. */
  create(name: string): Chain {
    const chain = new Chain(name);
    this.table.chains.set(name, chain);
    this.created.add(chain);
    return chain;
  }

  drop(chain: Chain): void {
    this.flush(chain);
    this.table.chains.delete(chain.name);
    chain.alive = false;
    this.reversed.push(() => {
      chain.alive = true;
      this.table.chains.set(chain.name, chain);
    });
  }

  rename(chain: Chain, name: string): void {
    const old = chain.name;
    const set = (to: string) => {
      const { chains } = this.table;
      const all = [...chains.values()];
      chain.name = to;
      chains.clear();
      for (const each of all) chains.set(each.name, each);
    };
    set(name);
    this.reversed.push(() => set(old));
  }

  policy(chain: Chain, policy: Policy, packets: number, bytes: number): void {
    const old = [chain.policy, chain.packets, chain.bytes] as const;
    chain.policy = policy;
    chain.packets = packets;
    chain.bytes = bytes;
    this.reversed.push(() => {
      [chain.policy, chain.packets, chain.bytes] = old;
    });
  }
}

/** The table by name. Throws `Problem` for one that iptables does not have. */
export function tableNamed(ruleset: Ruleset, name: string): Table {
  if (!isTableName(name)) throw new Problem(`table '${name}' does not exist`, "version");
  return ruleset.table(name);
}

/**
 * Makes the changes of a command that changes something. Gives the rules that were added or removed (for `-v`). Throws
 * `Problem` or `Refusal`; what was changed before stays for the caller to undo.
 */
export function apply(changes: Changes, command: Command): Rule[] {
  const { chain: name = "", number, rules } = command;
  switch (command.operation) {
    case "append": {
      for (const rule of rules) changes.link(rule);
      const chain = changes.madeChain(name);
      for (const rule of rules) {
        changes.judge(chain, rule, "APPEND");
        changes.append(chain, rule);
      }
      return rules;
    }
    case "insert": {
      for (const rule of rules) changes.link(rule);
      const chain = changes.madeChain(name);
      for (const rule of rules) {
        if (number - 1 > chain.rules.length) throw new Refusal("Index of insertion too big");
        changes.judge(chain, rule, number > 1 && number - 1 === chain.rules.length ? "APPEND" : "INSERT");
        changes.insert(chain, number - 1, rule);
      }
      return rules;
    }
    case "replace": {
      changes.link(rules[0]!);
      const chain = changes.realChain(name);
      if (number > chain.rules.length) throw new Refusal("Index of replacement too big");
      changes.judge(chain, rules[0]!, "REPLACE");
      changes.remove(chain, number - 1);
      changes.insert(chain, number - 1, rules[0]!);
      return rules;
    }
    case "check":
    case "delete": {
      for (const rule of rules) changes.link(rule);
      const chain = changes.chain(name, BAD_RULE);
      for (const rule of rules) {
        const at = indexOfRule(chain, rule);
        if (at < 0) throw new Refusal(BAD_RULE);
        if (command.operation === "delete") changes.remove(chain, at);
      }
      return rules;
    }
    case "delete-number": {
      const chain = changes.realChain(name);
      if (number < 1 || number > chain.rules.length) throw new Refusal("Index of deletion too big");
      changes.remove(chain, number - 1);
      return [];
    }
    case "flush":
      for (const chain of command.chain === undefined ? changes.table.chains.values() : [changes.madeChain(name)]) {
        changes.flush(chain);
      }
      return [];
    case "new-chain":
      if (changes.table.chains.has(name)) throw new Refusal("Chain already exists");
      changes.create(name);
      return [];
    case "delete-chain":
      deleteChains(changes, command);
      return [];
    case "rename-chain": {
      if (changes.table.chains.has(command.newName)) throw new Refusal("File exists");
      const chain = changes.chain(name);
      if (chain.policy !== undefined && !chain.real) throw new Refusal("No chain/target/match by that name");
      if (chain.policy !== undefined)
        throw new Problem(` CHAIN_RENAME failed (Operation not supported): chain ${command.newName}`, "kernel");
      changes.rename(chain, command.newName);
      return [];
    }
    case "policy": {
      const { policy } = command;
      const chain = changes.table.chains.get(name);
      if (policy !== "ACCEPT" && policy !== "DROP") throw new Refusal("Bad policy name", true);
      if (chain?.policy === undefined) throw new Refusal("Bad built-in chain name");
      chain.real = true;
      changes.policy(chain, policy, 0, 0);
      return [];
    }
    case "zero":
      for (const chain of command.chain === undefined ? changes.table.chains.values() : [changes.chain(name)]) {
        zero(chain);
      }
      return [];
    case "zero-number": {
      const rule = changes.chain(name, BAD_RULE).rules[number - 1];
      if (rule === undefined) throw new Refusal(BAD_RULE);
      rule.packets = 0;
      rule.bytes = 0;
      return [];
    }
    default:
      return [];
  }
}

function fits({ name }: Table, base: string | undefined, { body }: Rule): boolean {
  // The kernel will not compare with nothing.
  if ((body.inverted & INVERTED.source) !== 0 && body.sourceMask === 0) return false;
  if ((body.inverted & INVERTED.destination) !== 0 && body.destinationMask === 0) return false;
  return (
    body.target?.fits?.(name, base, body) !== false &&
    body.matches.every((match) => match.fits?.(name, base, body) !== false)
  );
}

/** Built-in chains that lead to a chain. */
function basesOf(table: Table, chain: Chain): string[] {
  const leads = (from: Chain, seen: Set<Chain>): boolean => {
    if (from === chain) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return from.rules.some((rule) => rule.chain !== undefined && leads(rule.chain, seen));
  };
  const bases = [...table.chains.values()].filter(({ policy }) => policy !== undefined);
  return bases.filter((base) => leads(base, new Set())).map(({ name }) => name);
}

/** What is wrong with a built-in chain leading to a chain: loops, or targets further on that cannot stand under it. */
function reached(table: Table, base: string, from: Chain, above?: Chain): string | undefined {
  const done = new Set<Chain>();
  const open = new Set<Chain>(above ? [above] : []);
  const visit = (chain: Chain): string | undefined => {
    if (open.has(chain)) return "Too many links";
    if (done.has(chain)) return undefined;
    open.add(chain);
    for (const rule of chain.rules) {
      if (!fits(table, base, rule)) return "Invalid argument";
      const found = rule.chain && visit(rule.chain);
      if (found !== undefined) return found;
    }
    open.delete(chain);
    done.add(chain);
    return undefined;
  };
  return visit(from);
}

function zero(chain: Chain): void {
  chain.packets = 0;
  chain.bytes = 0;
  for (const rule of chain.rules) {
    rule.packets = 0;
    rule.bytes = 0;
  }
}

function deleteChains(changes: Changes, command: Command): void {
  if (command.chain !== undefined) {
    const chain = changes.realChain(command.chain);
    if (chain.policy !== undefined && chain.policy !== "ACCEPT") {
      throw new Refusal("Directory not empty");
    }
    const used = chain.references > 0 || chain.rules.length > 0;
    if (chain.policy !== undefined) chain.real = used;
    // For iptables it is gone; the kernel is asked later.
    else changes.drop(chain);
    if (used) throw busy(chain);
    return;
  }
  for (const chain of [...changes.table.chains.values()]) {
    const used = chain.references > 0 || chain.rules.length > 0;
    if (chain.policy === undefined) {
      if (used) throw busy(chain);
      changes.drop(chain);
    } else if (chain.policy === "ACCEPT" && !used) chain.real = false;
  }
}

function busy(chain: Chain): Problem {
  return new Problem(` CHAIN_DEL failed (Device or resource busy): chain ${chain.name}`, "kernel");
}

/** Place of the first rule that says the same, counters aside; -1 when there is none. */
function indexOfRule(chain: Chain, rule: Rule): number {
  const text = saveRule(rule);
  const { protocol, source, destination, matches } = rule.body;
  return chain.rules.findIndex(
    (other) =>
      other.body.protocol === protocol &&
      other.body.source === source &&
      other.body.destination === destination &&
      other.body.matches.length === matches.length &&
      saveRule(other) === text,
  );
}
