import type { Packet, Surroundings } from "./packet.ts";
import type { Chain } from "./ruleset.ts";

/** Bits of `Rule.inverted`: parts written with `!`. */
export const INVERTED = { protocol: 1, source: 2, destination: 4, input: 8, output: 16, fragment: 32 } as const;

/** One `-m` of a rule. */
export interface Match {
  /** Name of the extension, as after `-m`. */
  readonly name: string;
  /** Its options as iptables-save writes them, each with a blank before it. */
  save(): string;
  /** Its column text in a listing, with the blank before it. */
  list(numeric: boolean): string;
  test(packet: Packet, on: Surroundings): boolean;
  /** Throws `Problem` when iptables itself will not have it in such a rule. */
  check?(rule: RuleBody): void;
  /** Whether the kernel lets it stand in such a rule. */
  fits?(table: string, base: string | undefined, rule: RuleBody): boolean;
  /** It asks the kernel for something that it has not. */
  missing?(): boolean;
  /** Answers by more than addresses, ports and interfaces: a verdict that met it must not be remembered. */
  readonly volatile?: boolean;
}

/** What a rule's target does with a packet; `continue` goes to the next rule. */
export type Verdict = "accept" | "drop" | "reject" | "return" | "continue";

/** The `-j` of a rule, other than a chain. */
export interface Target {
  /** Name of the extension, as after `-j`. */
  readonly name: string;
  /** Name in listings, where it is another. */
  readonly listedAs?: string;
  save(): string;
  list(numeric: boolean): string;
  act(packet: Packet, on: Surroundings): Verdict;
  readonly volatile?: boolean;
  /** Whether the kernel lets it stand there. `base` is the built-in chain that leads to it, as far as is known. */
  fits?(table: string, base: string | undefined, rule: RuleBody): boolean;
}

/** What a rule says. Addresses are signed 32-bit numbers. */
export class RuleBody {
  /** 0 for any. */
  readonly protocol: number;
  readonly source: number;
  readonly sourceMask: number;
  readonly destination: number;
  readonly destinationMask: number;
  /** Empty for any; `eth+` for all that begin so. */
  readonly input: string;
  readonly output: string;
  /** Bits of `INVERTED`. */
  readonly inverted: number;
  readonly fragment: boolean;
  readonly matches: readonly Match[];
  readonly target: Target | undefined;
  /** Name of the chain that `-j` or `-g` names; empty without one. */
  readonly jump: string;
  readonly goto: boolean;
  /** Of ip6tables: the networks as texts, empty for any. */
  readonly six: { source: string; destination: string } | undefined;

  constructor(
    protocol: number,
    source: number,
    sourceMask: number,
    destination: number,
    destinationMask: number,
    input: string,
    output: string,
    inverted: number,
    fragment: boolean,
    matches: readonly Match[],
    target: Target | undefined,
    jump: string,
    goto: boolean,
    six?: { source: string; destination: string },
  ) {
    this.protocol = protocol;
    this.source = source;
    this.sourceMask = sourceMask;
    this.destination = destination;
    this.destinationMask = destinationMask;
    this.input = input;
    this.output = output;
    this.inverted = inverted;
    this.fragment = fragment;
    this.matches = matches;
    this.target = target;
    this.jump = jump;
    this.goto = goto;
    this.six = six;
  }
}

/** A rule as it stands in a chain: what it says, where it leads, what it counted. */
export class Rule {
  packets = 0;
  bytes = 0;
  /** Chain that `-j` or `-g` leads to, once the rule stands in a table. */
  chain: Chain | undefined = undefined;
  /** The line of iptables-restore that it was read from, or will be when somebody asks what it says. */
  line: string | undefined;
  private known: RuleBody | undefined;

  constructor(body: RuleBody | undefined, line?: string) {
    this.known = body;
    this.line = line;
  }

  get body(): RuleBody {
    return this.known ?? this.read();
  }

  private read(): RuleBody {
    this.known = Rule.reader(this.line!);
    return this.known;
  }

  /** Reads a line that is known to be right. Set by the reader of lines, which knows this file. */
  static reader: (line: string) => RuleBody;
}
