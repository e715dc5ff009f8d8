import type { MatchExtension } from "../extension.ts";
import { DESTINATION_TRANSLATED, type Packet, SOURCE_TRANSLATED } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

/** In the order that listings name them. */
const STATES = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"];
/** In the order that their first letters are tried. */
const TRIED = ["INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED", "SNAT", "DNAT"];

/** `-m conntrack --ctstate` and `-m state --state`: what is known of the packet's connection (libxt_conntrack.c). */
class StateMatch implements Match {
  readonly name: string;
  states: ReadonlySet<string> = new Set();
  inverted = false;

  constructor(name: string) {
    this.name = name;
  }

  private get names(): string {
    return STATES.filter((state) => this.states.has(state)).join(",");
  }

  save(): string {
    return `${this.inverted ? " !" : ""} --${this.name === "state" ? "state" : "ctstate"} ${this.names}`;
  }

  list(): string {
    return `${this.inverted ? " !" : ""} ${this.name === "state" ? "state" : "ctstate"} ${this.names}`;
  }

  test(packet: Packet): boolean {
    const { states } = this;
    const found =
      states.has(packet.state) ||
      ((packet.translated & SOURCE_TRANSLATED) !== 0 && states.has("SNAT")) ||
      ((packet.translated & DESTINATION_TRANSLATED) !== 0 && states.has("DNAT"));
    return found !== this.inverted;
  }
}

function statesOf(text: string, allowed: readonly string[], word: string): Set<string> {
  const found = new Set<string>();
  let rest = text;
  for (;;) {
    const comma = rest.indexOf(",");
    const name = comma < 0 ? rest : rest.slice(0, comma);
    // Any beginning of a name will do.
    const state = name === "" ? undefined : allowed.find((each) => each.startsWith(name.toUpperCase()));
    if (state === undefined) throw new Problem(`Bad ${word} "${rest}"`);
    found.add(state);
    if (comma < 0) return found;
    rest = rest.slice(comma + 1);
  }
}

export const conntrack: MatchExtension = {
  name: "conntrack",
  options: [
    {
      name: "ctstate",
      invert: true,
      read(made, value, inverted) {
        const match = made as StateMatch;
        match.states = statesOf(value, TRIED, "ctstate");
        match.inverted = inverted;
      },
    },
  ],
  create: () => new StateMatch("conntrack"),
  finish(_match, given) {
    if (given.size === 0) throw new Problem("conntrack: At least one option is required");
  },
};

export const state: MatchExtension = {
  name: "state",
  options: [
    {
      name: "state",
      invert: true,
      mandatory: true,
      read(made, value, inverted) {
        const match = made as StateMatch;
        match.states = statesOf(value, TRIED.slice(0, 5), "state");
        match.inverted = inverted;
      },
    },
  ],
  create: () => new StateMatch("state"),
};
