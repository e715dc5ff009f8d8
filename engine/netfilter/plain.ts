import type { MatchExtension, Option, RuleSoFar, TargetExtension } from "./extension.ts";
import type { Packet, Surroundings } from "./packet.ts";
import type { Match, RuleBody, Target, Verdict } from "./types.ts";

/** What an option was given: its value as iptables-save writes it, and whether `!` stood before it. */
export interface Said {
  value: string;
  inverted: boolean;
}

export type Saids = ReadonlyMap<string, Said>;

/** An option whose value is a text that can be saved as it was read. */
export interface PlainOption extends Omit<Option<never>, "read"> {
  /** Gives the value as it is saved; throws `Problem`. `out` takes the place of the option's own name. */
  read?(value: string, rule: RuleSoFar, said: Map<string, Said>): string;
  /** Is part of another option's text: not saved by itself. */
  silent?: boolean;
}

export interface Form {
  name: string;
  listedAs?: string;
  options: readonly PlainOption[];
  /** Options in the order of iptables-save, where it is another. */
  order?: readonly string[];
  /** Column of a listing, with the blank before it. */
  list(said: Saids, numeric: boolean): string;
  finish?(given: ReadonlySet<string>, said: Map<string, Said>): void;
  fits?(table: string, base: string | undefined, rule: RuleBody, said: Saids): boolean;
  unguided?: boolean;
  /** It asks the kernel for something that it has not. */
  missing?(said: Saids): boolean;
}

/** A match or target that is kept as its options. */
class Plain {
  readonly form: Form;
  readonly said = new Map<string, Said>();

  constructor(form: Form) {
    this.form = form;
  }

  get name(): string {
    return this.form.name;
  }

  get listedAs(): string | undefined {
    return this.form.listedAs;
  }

  save(): string {
    const { options, order = options.filter(({ silent }) => !silent).map(({ name }) => name) } = this.form;
    let out = "";
    for (const name of order) {
      const said = this.said.get(name);
      if (said !== undefined) {
        out += `${said.inverted ? " !" : ""} --${name}${said.value === "" ? "" : ` ${said.value}`}`;
      }
    }
    return out;
  }

  list(numeric: boolean): string {
    return this.form.list(this.said, numeric);
  }

  fits(table: string, base: string | undefined, rule: RuleBody): boolean {
    return this.form.fits?.(table, base, rule, this.said) ?? true;
  }

  missing(): boolean {
    return this.form.missing?.(this.said) ?? false;
  }
}

class PlainMatch extends Plain implements Match {
  readonly volatile: boolean;
  private readonly judge: (packet: Packet, on: Surroundings, said: Saids) => boolean;

  constructor(form: Form, volatile: boolean, judge: (packet: Packet, on: Surroundings, said: Saids) => boolean) {
    super(form);
    this.volatile = volatile;
    this.judge = judge;
  }

  test(packet: Packet, on: Surroundings): boolean {
    return this.judge(packet, on, this.said);
  }
}

class PlainTarget extends Plain implements Target {
  private readonly deed: ((packet: Packet, on: Surroundings, said: Saids) => Verdict | undefined) | undefined;

  constructor(form: Form, deed?: (packet: Packet, on: Surroundings, said: Saids) => Verdict | undefined) {
    super(form);
    this.deed = deed;
  }

  act(packet: Packet, on: Surroundings): Verdict {
    return this.deed?.(packet, on, this.said) ?? "continue";
  }
}

function optionsOf<E extends Match | Target>(form: Form): Option<E>[] {
  return form.options.map(({ read, silent: _, ...rest }) => ({
    ...rest,
    read(made, value, inverted, rule) {
      const { said } = made as unknown as Plain;
      said.set(rest.name, { value: read?.(value, rule, said) ?? value, inverted });
    },
  }));
}

const common = (form: Form) => ({
  name: form.name,
  ...(form.unguided ? { unguided: true } : {}),
  finish(made: Match | Target, given: ReadonlySet<string>) {
    form.finish?.(given, (made as unknown as Plain).said);
  },
});

/**
 * A match that is its options. `judge` says what it finds, `!` included; `volatile` when that is not the same for all
 * packets alike.
 */
export function plainMatch(
  form: Form,
  judge: (packet: Packet, on: Surroundings, said: Saids) => boolean,
  { volatile = false, create }: { volatile?: boolean; create?: () => Match } = {},
): MatchExtension {
  return {
    ...common(form),
    options: optionsOf<Match>(form),
    create: create ?? (() => new PlainMatch(form, volatile, judge)),
  };
}

/** A target that is its options; `deed`: what it does, and its verdict unless the next rule is to go on. */
export function plainTarget(
  form: Form,
  deed?: (packet: Packet, on: Surroundings, said: Saids) => Verdict | undefined,
): TargetExtension {
  return { ...common(form), options: optionsOf<Target>(form), create: () => new PlainTarget(form, deed) };
}

/** ` ! ` or nothing, for listings. */
export const bang = (said: Said | undefined): string => (said?.inverted ? "! " : "");
