import { ALLOWED, type Command, ON_RULES, type Operation, type ReadFor } from "./command-options.ts";
import type { RuleSoFar, Use } from "./extension.ts";
import { ANYWHERE, NAME_LIMIT, parseNetworks, parseNetworks6 } from "./parse-rule.ts";
import { Problem } from "./problem.ts";
import { isTableName } from "./ruleset.ts";
import { INVERTED, type Match, Rule, RuleBody, type Target } from "./types.ts";

/** What the options of a command line gave, and the command and rules that it makes (the end of xshared.c do_parse). */
export abstract class Given implements RuleSoFar {
  protected readonly what: ReadFor;
  protocol = 0;
  protected invertedParts = 0;
  protected operation: Operation | undefined;
  protected alsoZero = false;
  protected chain: string | undefined;
  protected number = 0;
  protected newName = "";
  protected policy = "";
  protected protocolText: string | undefined;
  protected protocolLoaded = false;
  protected source: string | undefined;
  protected destination: string | undefined;
  protected input: string | undefined;
  protected output: string | undefined;
  protected jump: string | undefined;
  protected goto = false;
  protected fragment = false;
  protected packets: number | undefined;
  protected bytes = 0;
  protected verbose = 0;
  protected numeric = false;
  protected exact = false;
  protected lineNumbers = false;
  protected tableGiven: string | undefined;
  protected readonly uses: Use<Match>[] = [];
  protected target: Use<Target> | undefined;
  /** How many matches were named before the target. */
  protected matchesBefore = 0;
  protected verdict: Target | undefined;
  protected waits = false;
  protected waitInterval = false;

  constructor(what: ReadFor) {
    this.what = what;
    this.tableGiven = what.restoring;
  }

  get family(): 4 | 6 {
    return this.what.family ?? 4;
  }

  get table(): string {
    return this.tableGiven ?? "filter";
  }

  get protocolInverted(): boolean {
    return (this.invertedParts & INVERTED.protocol) !== 0;
  }

  warn(line: string): void {
    this.what.warn?.(line);
  }

  setDimensions(name: string): number | undefined {
    return this.what.setDimensions?.(name);
  }

  abstract nextWord(): string | undefined;

  /** What was asked for. `left`: words were left over; `inverted`: a `!` stood last. */
  protected finish(left: boolean, inverted: boolean): Command {
    const { operation } = this;
    if (operation === "version" || operation === "help") return this.result(operation, []);
    if (this.table === "nat" && (this.policy === "DROP" || this.jump === "DROP")) {
      throw new Problem('\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n');
    }
    if (this.waitInterval && !this.waits) {
      throw new Problem("--wait-interval only makes sense with --wait\n");
    }
    const made = this.uses.map((use) => use.finish(this));
    const target = this.verdict ?? this.target?.finish(this);
    if (left) throw new Problem("unknown arguments found on commandline");
    if (operation === undefined) throw new Problem("no command specified");
    if (inverted) throw new Problem("nothing appropriate following !");
    const onRules = ON_RULES.includes(operation);
    const parse = (text: string | undefined) =>
      text === undefined ? ANYWHERE : this.family === 6 ? parseNetworks6(text) : parseNetworks(text);
    const sources = parse(this.source);
    const destinations = parse(this.destination);
    if (
      (sources.length > 1 || destinations.length > 1) &&
      (this.invertedParts & (INVERTED.source | INVERTED.destination)) !== 0
    ) {
      throw new Problem("! not allowed with multiple source or destination IP addresses");
    }
    this.checkAllowed(operation);
    const { chain } = this;
    if (chain !== undefined && chain.length >= NAME_LIMIT) {
      throw new Problem(`chain name \`${chain}' too long (must be under ${NAME_LIMIT} chars)`);
    }
    if (!onRules) return this.result(operation, []);
    if (this.output !== undefined && (chain === "PREROUTING" || chain === "INPUT")) {
      throw new Problem(`Can't use --out-interface with ${chain}`);
    }
    if (this.input !== undefined && (chain === "POSTROUTING" || chain === "OUTPUT")) {
      throw new Problem(`Can't use --in-interface with ${chain}`);
    }
    const judged = operation !== "check" && operation !== "delete" && isTableName(this.table);
    const rules: Rule[] = [];
    for (const source of sources) {
      for (const destination of destinations) {
        const body = new RuleBody(
          this.protocol,
          source.address,
          source.mask,
          destination.address,
          destination.mask,
          this.input ?? "",
          this.output ?? "",
          this.invertedParts,
          this.fragment,
          made,
          target,
          target === undefined ? (this.jump ?? "") : "",
          this.goto,
          this.family === 6 ? { source: source.six ?? "", destination: destination.six ?? "" } : undefined,
        );
        if (judged) for (const match of made) match.check?.(body);
        const rule = new Rule(body);
        rule.packets = this.packets ?? 0;
        rule.bytes = this.bytes;
        rules.push(rule);
      }
    }
    return this.result(operation, rules);
  }

  private checkAllowed(operation: Operation): void {
    const given: Record<string, unknown> = {
      "--numeric": this.numeric,
      "--source": this.source,
      "--destination": this.destination,
      "--protocol": this.protocolText,
      "--jump": this.jump,
      "--exact": this.exact,
      "--in-interface": this.input,
      "--out-interface": this.output,
      "--line-numbers": this.lineNumbers,
      "--set-counters": this.packets,
      "--fragments": this.fragment,
    };
    if (operation === "append" && !this.numeric && !this.exact && !this.lineNumbers) return;
    for (const [option, operations] of ALLOWED) {
      if (given[option] === undefined || given[option] === false) continue;
      if (!operations.includes(operation) || (this.alsoZero && !operations.includes("zero"))) {
        throw new Problem(`Illegal option \`${option}' with this command`);
      }
    }
  }

  private result(operation: Operation, rules: Rule[]): Command {
    return {
      operation,
      alsoZero: this.alsoZero,
      table: this.table,
      chain: this.chain,
      number: this.number,
      newName: this.newName,
      policy: this.policy,
      rules,
      verbose: this.verbose,
      numeric: this.numeric,
      exact: this.exact,
      lineNumbers: this.lineNumbers,
    };
  }
}
