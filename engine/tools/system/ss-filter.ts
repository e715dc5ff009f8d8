import { servicePort } from "../../netfilter/services.ts";
import { inNetwork } from "../../text/ipv4.ts";
import type { SocketRow } from "./sockets.ts";

/** What ss shows of all sockets: states and expressions (misc/ss.c, misc/ssfilter.y). */

/** Ends the program: what is said on standard error, whether the usage follows, and the exit status. */
export class FilterError extends Error {
  readonly usage: boolean;
  readonly status: number;

  constructor(message: string, usage: boolean, status: number) {
    super(message);
    this.usage = usage;
    this.status = status;
  }
}

/** States as ss prints them, by what its filters call them. */
const ONE: Readonly<Record<string, string>> = {
  established: "ESTAB",
  "syn-sent": "SYN-SENT",
  "syn-recv": "SYN-RECV",
  "fin-wait-1": "FIN-WAIT-1",
  "fin-wait-2": "FIN-WAIT-2",
  "time-wait": "TIME-WAIT",
  unconnected: "UNCONN",
  closed: "UNCONN",
  close: "UNCONN",
  "close-wait": "CLOSE-WAIT",
  "last-ack": "LAST-ACK",
  listening: "LISTEN",
  listen: "LISTEN",
  closing: "CLOSING",
};
export const ALL_STATES: ReadonlySet<string> = new Set(Object.values(ONE));
const but = (...left: string[]) => [...ALL_STATES].filter((state) => !left.includes(state));
const STATES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(Object.entries(ONE).map(([name, state]) => [name, [state]])),
  all: [...ALL_STATES],
  connected: but("UNCONN", "LISTEN"),
  synchronized: but("UNCONN", "LISTEN", "SYN-SENT"),
  bucket: ["SYN-RECV", "TIME-WAIT"],
  big: but("SYN-RECV", "TIME-WAIT"),
};

type Test = (one: SocketRow) => boolean;

/** What words choose: states where they name any, and sockets. */
export interface Filter {
  states: ReadonlySet<string> | undefined;
  fits: Test;
}

/** Reads `state established`, `( dport = :80 or dport = :443 )`, `dst 10.0.0.0/8`, `src 1.2.3.4:22`; throws `FilterError`. */
export function readFilter(words: readonly string[]): Filter {
  let states: Set<string> | undefined;
  let at = 0;
  for (; words[at] === "state" || words[at] === "exclude" || words[at] === "excl"; at += 2) {
    const name = words[at + 1];
    if (name === undefined) throw new FilterError('Command line is not complete. Try option "help"', false, 255);
    const named = Object.hasOwn(STATES, name) ? STATES[name] : undefined;
    if (named === undefined) throw new FilterError(`ss: wrong state name: ${name}`, false, 255);
    if (words[at] === "state") states = new Set([...(states ?? []), ...named]);
    else states = new Set([...(states ?? ALL_STATES)].filter((one) => !named.includes(one)));
  }
  const tokens = words.slice(at).flatMap((word) =>
    word
      .replace(/[()]|!(?!=)/g, " $& ")
      .trim()
      .split(/\s+/)
      .filter(Boolean),
  );
  return { states, fits: tokens.length === 0 ? () => true : new Expression(tokens).read() };
}

const OPERATORS: Readonly<Record<string, string>> = {
  "=": "=",
  "==": "=",
  eq: "=",
  "!=": "!=",
  ne: "!=",
  neq: "!=",
  ">": ">",
  gt: ">",
  "<": "<",
  lt: "<",
  ">=": ">=",
  geq: ">=",
  ge: ">=",
  "<=": "<=",
  leq: "<=",
  le: "<=",
};
const JOINTS: Readonly<Record<string, string>> = { and: "&", "&": "&", "&&": "&", or: "|", "|": "|", "||": "|" };
const SUBJECTS = ["src", "dst", "sport", "dport", "autobound", "dev", "fwmark", "cgroup"];

/** Conditions, joined from left to right: `and` binds no closer than `or`. */
class Expression {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  read(): Test {
    const test = this.list();
    if (this.at < this.tokens.length) throw syntaxError();
    return test;
  }

  private list(): Test {
    let left = this.condition();
    for (let token = this.tokens[this.at]; token !== undefined && token !== ")"; token = this.tokens[this.at]) {
      const joint = JOINTS[token];
      if (joint !== undefined) this.at++;
      const [first, second] = [left, this.condition()];
      left = joint === "|" ? (one) => first(one) || second(one) : (one) => first(one) && second(one);
    }
    return left;
  }

  private condition(): Test {
    const token = this.tokens[this.at++];
    if (token === undefined) throw syntaxError();
    if (token === "!" || token === "not") {
      const test = this.condition();
      return (one) => !test(one);
    }
    if (token === "(") {
      const test = this.list();
      if (this.tokens[this.at++] !== ")") throw syntaxError();
      return test;
    }
    if (!SUBJECTS.includes(token)) {
      if (Object.hasOwn(JOINTS, token) || Object.hasOwn(OPERATORS, token) || token === ")") throw syntaxError();
      // A word that is none of the language's is taken for an address: it may be wrong as one.
      hostOf(token, false);
      throw syntaxError();
    }
    if (token === "autobound") return ({ sport }) => sport >= 32_768 && sport <= 60_999;
    const word = this.tokens[this.at] ?? "";
    const operator = Object.hasOwn(OPERATORS, word) ? OPERATORS[word]! : undefined;
    if (operator !== undefined) this.at++;
    const text = this.tokens[this.at++];
    if (text === undefined || text === "(" || text === ")") throw syntaxError();
    // Nothing here is bound to a device, marked or asked for by its group.
    if (token === "dev" || token === "fwmark" || token === "cgroup") return () => operator === "!=";
    return this.hosts(token, operator ?? "=", text);
  }

  private hosts(subject: string, operator: string, text: string): Test {
    const ports = subject.endsWith("port");
    if (!ports && operator !== "=" && operator !== "!=") throw syntaxError();
    const { host, port } = hostOf(text, ports);
    const own = subject.startsWith("s");
    const compare = COMPARE[ports ? operator : "="]!;
    const test: Test = (one) => {
      const [address, number] = own ? [one.local, one.sport] : [one.peer, one.dport];
      if (host !== undefined && !inNetwork(host, address)) return false;
      return port === undefined || compare(number, port);
    };
    return !ports && operator === "!=" ? (one) => !test(one) : test;
  }
}

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
};

const syntaxError = () =>
  new FilterError('ss: bison bellows (while parsing filter): "syntax error!" Sorry.', true, 255);

/** An address and a port as filters write them (parse_hostcond); `isPort`: one without a colon is a port. */
function hostOf(text: string, isPort: boolean): { host: string | undefined; port: number | undefined } {
  const wrong = (why: string) => new FilterError(`Error: ${why}\nCannot parse dst/src address.`, false, 1);
  const colon = text.lastIndexOf(":");
  const [host, service] = colon >= 0 ? [text.slice(0, colon), text.slice(colon + 1)] : isPort ? ["", text] : [text, ""];
  let port: number | undefined;
  if (service !== "" && service !== "*") {
    port = /^\d+$/.test(service) ? Number(service) : servicePort(service);
    if (port === undefined) throw wrong(`"${service}" does not look like a port.`);
  }
  const bare = host.replace(/[[\]]/g, "");
  if (bare === "" || bare === "*") return { host: undefined, port };
  const found = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?$/.exec(bare);
  const [, address = "", bits = "32"] = found ?? [];
  const sound = found !== null && address.split(".").every((part) => Number(part) < 256) && Number(bits) <= 32;
  if (!sound && !bare.includes(":")) throw wrong(`an inet prefix is expected rather than "${bare}".`);
  // Nobody here has an address of IPv6.
  return { host: sound ? (bare.includes("/") ? bare : `${bare}/32`) : "255.255.255.255/32", port };
}
