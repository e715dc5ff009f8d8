import { cpu, type Gen, MS, SECOND, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { remaining, stateOf, type Track } from "../../netfilter/index.ts";

const NAME = "conntrack v1.4.8 (conntrack-tools)";
const NUMBERS: Readonly<Record<Track["protocol"], number>> = { icmp: 1, tcp: 6, udp: 17 };

/** Options with an argument that choose entries, by their spellings. */
const FILTERS: Readonly<Record<string, (track: Track, value: string) => boolean>> = {
  src: ({ original }, value) => original.source === value,
  dst: ({ original }, value) => original.destination === value,
  "reply-src": ({ reply }, value) => reply.source === value,
  "reply-dst": ({ reply }, value) => reply.destination === value,
  proto: ({ protocol }, value) => protocol === value || `${NUMBERS[protocol]}` === value,
  state: (track, value) => stateOf(track) === value.toUpperCase(),
  sport: ({ original }, value) => `${original.sourcePort}` === value,
  dport: ({ original }, value) => `${original.destinationPort}` === value,
  "reply-port-src": ({ reply }, value) => `${reply.sourcePort}` === value,
  "reply-port-dst": ({ reply }, value) => `${reply.destinationPort}` === value,
  mark: ({ mark }, value) => mark === Number(value),
};
const WITH_VALUE: Readonly<Record<string, string>> = {
  "-s": "src",
  "--src": "src",
  "--orig-src": "src",
  "-d": "dst",
  "--dst": "dst",
  "--orig-dst": "dst",
  "-r": "reply-src",
  "--reply-src": "reply-src",
  "-q": "reply-dst",
  "--reply-dst": "reply-dst",
  "-p": "proto",
  "--protonum": "proto",
  "--proto": "proto",
  "--state": "state",
  "--sport": "sport",
  "--orig-port-src": "sport",
  "--dport": "dport",
  "--orig-port-dst": "dport",
  "--reply-port-src": "reply-port-src",
  "--reply-port-dst": "reply-port-dst",
  "-m": "mark",
  "--mark": "mark",
};
/** Options that a protocol's own part knows: only after `-p`. */
const AFTER_PROTOCOL = /^--(state|[sd]port|(orig|reply)-port-(src|dst))$/;
const COMMANDS: Readonly<Record<string, string>> = {
  "-L": "list",
  "--dump": "list",
  "-D": "delete",
  "--delete": "delete",
  "-F": "flush",
  "--flush": "flush",
  "-C": "count",
  "--count": "count",
  "-S": "stats",
  "-E": "event",
  "--event": "event",
  "--stats": "stats",
  "-V": "version",
  "--version": "version",
  "-h": "help",
  "--help": "help",
};

interface Request {
  command: string;
  wanted: ((track: Track) => boolean)[];
  extended: boolean;
  /** Kinds of events, of `-e`; empty: all. */
  kinds: string[];
}

/** Between two looks at the table. */
const LOOK = 50 * MS;

/** `-E`: what happens to entries, until it is interrupted. */
function* events(p: Process, { wanted, extended, kinds }: Request): Gen<number> {
  const { kernel } = p.machine;
  const table = () => p.ns.net.netfilter?.conntrack.list(kernel.now) ?? [];
  const seen = new Map<number, { track: Track; state: string }>();
  for (const track of table()) seen.set(track.id, { track, state: stateOf(track) });
  let count = 0;
  const tell = function* (kind: string, text: string): Gen {
    if (kinds.length > 0 && !kinds.includes(kind) && !kinds.includes("ALL")) return;
    count++;
    yield* sys.print(p, `${`[${kind}]`.padStart(9)} ${text}`);
  };
  p.dispositions.set("INT", "catch");
  p.dispositions.set("TERM", "catch");
  for (;;) {
    if ((yield* sleep(LOOK)) === "interrupted" || p.takeSignal() !== undefined) break;
    const now = table();
    const alive = new Set(now.map(({ id }) => id));
    for (const [id, { track }] of [...seen]) {
      if (alive.has(id)) continue;
      seen.delete(id);
      if (wanted.every((test) => test(track))) yield* tell("DESTROY", destroyed(line(track, kernel.now, extended)));
    }
    for (const track of now) {
      const state = stateOf(track);
      const known = seen.get(track.id);
      seen.set(track.id, { track, state });
      if (known?.state === state || !wanted.every((test) => test(track))) continue;
      if (known === undefined) {
        yield* tell("NEW", begun(track, extended));
        if (track.replied && track.protocol === "tcp") yield* tell("UPDATE", answered(track, extended));
      }
      if (known !== undefined || track.replied) yield* tell("UPDATE", withoutUse(line(track, kernel.now, extended)));
    }
  }
  yield* sys.printError(p, `${NAME}: ${count} flow events have been shown.\n`);
  return 0;
}

const withoutUse = (text: string): string => text.replace(/ mark=0 use=1\n$/, "\n").replace(/ use=1\n$/, "\n");

/** An entry as its first packet left it. */
function begun(track: Track, extended: boolean): string {
  const text = withoutUse(line({ ...track, replied: false }, track.since, extended));
  return track.protocol === "tcp" ? text.replace(/^(.*tcp +6 )\d+ \w+/, "$1120 SYN_SENT") : text;
}

/** The same when the answer has come. */
function answered(track: Track, extended: boolean): string {
  const text = withoutUse(line(track, track.since, extended)).replace(" [ASSURED]", "");
  return text.replace(/^(.*tcp +6 )\d+ \w+/, "$160 SYN_RECV");
}

/** Without times and state. */
const destroyed = (text: string): string =>
  withoutUse(text).replace(/^((?:ipv4 +2 )?\w+ +\d+) \d+ (?:[A-Z_]+ )?/, "$1 ");

/** conntrack(8): the table of connections of this network namespace. */
export const conntrack: Program = function* (p) {
  yield* cpu(1_000);
  const request = read(p.argv.slice(1));
  if (typeof request === "string") {
    yield* sys.printError(p, `${NAME}: ${request}\nTry \`conntrack -h' or 'conntrack --help' for more information.\n`);
    return 2;
  }
  const { command, extended } = request;
  if (command === "version" || command === "help") {
    yield* sys.print(
      p,
      command === "version"
        ? `${NAME}\n`
        : "Command line interface for the connection tracking system. Version 1.4.8\nUsage: conntrack [commands] [options]\n",
    );
    return 0;
  }
  if (p.cred.uid !== 0) {
    yield* sys.printError(
      p,
      `${NAME}: Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this\n`,
    );
    return 1;
  }
  const { now } = p.machine.kernel;
  const table = p.ns.net.netfilter?.conntrack;
  const wanted = (track: Track) => request.wanted.every((test) => test(track));
  const say = (text: string) => sys.printError(p, `${NAME}: ${text}\n`);
  if (command === "event") return yield* events(p, request);
  if (command === "count") yield* sys.print(p, `${table?.list(now).length ?? 0}\n`);
  else if (command === "stats") {
    const zeros = "invalid insert insert_failed drop early_drop error search_restart clash_resolve chaintoolong";
    for (let i = 0; i < p.machine.hardware.cpus; i++) {
      yield* sys.print(
        p,
        `cpu=${i}   \tfound=0 ${zeros
          .split(" ")
          .map((name) => `${name}=0 `)
          .join("")}\n`,
      );
    }
  } else if (command === "flush") {
    table?.delete(now, () => true);
    yield* say("connection tracking table has been emptied.");
  } else {
    const found = (command === "delete" ? table?.delete(now, wanted) : table?.list(now).filter(wanted)) ?? [];
    if (found.length > 0) yield* sys.print(p, found.map((track) => line(track, now, extended)).join(""));
    yield* say(`${found.length} flow entries have been ${command === "delete" ? "deleted" : "shown"}.`);
    return command === "delete" && found.length === 0 ? 1 : 0;
  }
  return 0;
};

/** Reads the command line; a text is what is wrong with it. */
function read(words: readonly string[]): Request | string {
  const request: Request = { command: "help", wanted: [], extended: false, kinds: [] };
  let protocol = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const command = COMMANDS[word];
    const filter = WITH_VALUE[word];
    if (command !== undefined) {
      request.command = command;
      if (words[i + 1] === "conntrack") i++;
    } else if (filter !== undefined && (protocol || !AFTER_PROTOCOL.test(word))) {
      const value = words[++i];
      if (value === undefined) return `option \`${word}' requires an argument`;
      if (filter === "proto") {
        if (!["tcp", "udp", "icmp", "6", "17", "1"].includes(value)) return `\`${value}' unsupported protocol`;
        protocol = true;
      }
      request.wanted.push((track) => FILTERS[filter]!(track, value));
    } else if (word === "-n" || word === "--src-nat") {
      i += takesValue(words[i + 1]);
      request.wanted.push(({ original, reply }) => original.source !== reply.destination);
    } else if (word === "-g" || word === "--dst-nat") {
      i += takesValue(words[i + 1]);
      request.wanted.push(({ original, reply }) => original.destination !== reply.source);
    } else if (word === "-j" || word === "--any-nat") {
      i += takesValue(words[i + 1]);
      request.wanted.push(
        ({ original, reply }) => original.destination !== reply.source || original.source !== reply.destination,
      );
    } else if (word === "-o" || word === "--output") request.extended ||= words[++i]?.includes("extended") === true;
    else if (word === "-e" || word === "--event-mask")
      request.kinds.push(...(words[++i] ?? "").toUpperCase().split(","));
    else if (word === "-f" || word === "--family" || word === "-u" || word === "--status") i++;
    else if (word === "-z" || word === "--zero") continue;
    else if (word.startsWith("-")) return `unknown option \`${word}'`;
    else return "unknown arguments found on commandline";
  }
  return request;
}

function takesValue(next: string | undefined): number {
  return next !== undefined && !next.startsWith("-") ? 1 : 0;
}

/** One entry as `conntrack -L` prints it. */
function line(track: Track, now: number, extended: boolean): string {
  const { protocol, original, reply, replied } = track;
  const number = NUMBERS[protocol];
  const state = stateOf(track);
  const flow = (one: Track["original"], answer: boolean) =>
    protocol === "icmp"
      ? `src=${one.source} dst=${one.destination} type=${answer ? 0 : 8} code=0 id=${original.sourcePort}`
      : `src=${one.source} dst=${one.destination} sport=${one.sourcePort} dport=${one.destinationPort}`;
  const head = `${extended ? "ipv4     2 " : ""}${protocol.padEnd(8)} ${number} ${Math.floor(remaining(track, now) / SECOND)}`;
  return (
    `${head} ${state === "" ? "" : `${state} `}${flow(original, false)} ${replied ? "" : "[UNREPLIED] "}${flow(reply, true)} ` +
    `${(replied && protocol === "tcp") || track.stream ? "[ASSURED] " : ""}mark=${track.mark} use=1\n`
  );
}
