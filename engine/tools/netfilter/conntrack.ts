import { cpu, type Gen, MS, SECOND, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Ruleset, remaining, stateOf, type TcpState, type Track } from "../../netfilter/index.ts";
import { CONNTRACK_HELP } from "./conntrack-help.ts";
import { isAssured, numberOf, type Request, read } from "./conntrack-words.ts";

const NAME = "conntrack v1.4.8 (conntrack-tools)";
const NUMBERS: Readonly<Record<Track["protocol"], number>> = { icmp: 1, tcp: 6, udp: 17 };

/** Between two looks at the table. */
const LOOK = 50 * MS;

/** `-E`: what happens to entries, until it is interrupted. */
function* events(p: Process, { fits, outputs, events: kinds }: Request): Gen<number> {
  const { kernel } = p.machine;
  const extended = outputs.has("extended");
  const table = () => p.ns.net.netfilter?.conntrack.list(kernel.now) ?? [];
  const seen = new Map<number, { track: Track; state: string }>();
  for (const track of table()) seen.set(track.id, { track, state: stateOf(track) });
  let count = 0;
  const tell = function* (kind: string, text: string): Gen {
    if (kinds.size > 0 && !kinds.has(kind) && !kinds.has(`${kind}S`) && !kinds.has("ALL")) return;
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
      if (fits(track)) yield* tell("DESTROY", destroyed(line(track, kernel.now, extended)));
    }
    for (const track of now) {
      const state = stateOf(track);
      const known = seen.get(track.id);
      seen.set(track.id, { track, state });
      if (known?.state === state || !fits(track)) continue;
      if (known === undefined) {
        yield* tell("NEW", begun(track, extended));
        if (!track.replied) continue;
      }
      const between =
        track.protocol === "tcp" && track.state === undefined ? WAY.indexOf(known?.state ?? "SYN_SENT") : -1;
      const end = WAY.indexOf(state);
      if (between < 0 || end <= between) yield* tell("UPDATE", withoutUse(line(track, kernel.now, extended)));
      else for (const each of WAY.slice(between + 1, end + 1)) yield* tell("UPDATE", during(track, each, extended));
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

/** States of a connection that is opened, used and closed by both sides, as nf_conntrack tells of each. */
const WAY: readonly string[] = ["SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "LAST_ACK", "TIME_WAIT"];
/** Seconds that entries of these states are kept; others have settings (nf_conntrack_proto_tcp.c). */
const KEPT: Readonly<Record<string, number>> = { SYN_RECV: 60, FIN_WAIT: 120, LAST_ACK: 30 };

/** The same as it was in a state that it has come through. */
function during(track: Track, state: string, extended: boolean): string {
  const then: Track = { ...track, open: state === "ESTABLISHED", last: track.since };
  const seconds = KEPT[state] ?? Math.ceil(remaining(then, track.since) / SECOND);
  const text = withoutUse(line(track, track.since, extended));
  const told = state === "SYN_RECV" ? text.replace(" [ASSURED]", "") : text;
  return told.replace(/^(.*tcp +6 )\d+ \w+/, `$1${seconds} ${state}`);
}

/** Without times and state. */
const destroyed = (text: string): string =>
  withoutUse(text).replace(/^((?:ipv4 +2 )?\w+ +\d+) \d+ (?:[A-Z_]+ )?/, "$1 ");

/** conntrack(8): the table of connections of this network namespace. */
export const conntrack: Program = function* (p) {
  yield* cpu(1_000);
  const request = read(p.argv.slice(1));
  const say = (text: string) => sys.printError(p, `${NAME}: ${text}\n`);
  if (typeof request === "string") {
    yield* say(`${request}\nTry \`conntrack -h' or 'conntrack --help' for more information.`);
    return 2;
  }
  const { command, outputs } = request;
  if (command === "version" || command === "help") {
    yield* sys.print(p, command === "version" ? `${NAME}\n` : CONNTRACK_HELP);
    return 0;
  }
  if (p.cred.uid !== 0) {
    yield* say("Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this");
    return 1;
  }
  const { now } = p.machine.kernel;
  const table = p.ns.net.netfilter?.conntrack;
  if (request.table === "expect") {
    if (command === "count") yield* sys.print(p, "0\n");
    else if (command === "list") yield* say("0 expectations have been shown.");
    return 0;
  }
  const entries = request.table === "conntrack" ? (table?.list(now) ?? []) : [];
  const show = (tracks: readonly Track[]) => sys.print(p, written(tracks, now, outputs));
  switch (command) {
    case "event":
      return yield* events(p, request);
    case "count":
      yield* sys.print(p, `${entries.length}\n`);
      return 0;
    case "stats":
      for (let i = 0; i < p.machine.hardware.cpus; i++) yield* sys.print(p, statistics(i));
      return 0;
    case "flush":
      table?.delete(now, () => true);
      yield* say("connection tracking table has been emptied.");
      return 0;
    case "create":
      return yield* create(p, request, say);
    case "update": {
      const found = entries.filter(request.fits);
      for (const track of found) change(track, request.given, now);
      // Whoever is being written is in use twice.
      yield* sys.print(p, written(found, now, outputs).replaceAll(" use=1", " use=2"));
      yield* say(`${found.length} flow entries have been updated.`);
      return found.length === 0 ? 1 : 0;
    }
    case "get": {
      const found = entries.filter(request.fits);
      if (found.length === 0) yield* say("Operation failed: such conntrack doesn't exist");
      else {
        yield* sys.print(p, written(found.slice(0, 1), now, outputs).replaceAll(" use=1", " use=2"));
        yield* say("1 flow entries have been shown.");
      }
      return found.length === 0 ? 1 : 0;
    }
    default: {
      const deletes = command === "delete";
      const found = deletes ? (table?.delete(now, request.fits) ?? []) : entries.filter(request.fits);
      yield* show(found);
      yield* say(`${found.length} flow entries have been ${deletes ? "deleted" : "shown"}.`);
      return deletes && found.length === 0 ? 1 : 0;
    }
  }
};

function statistics(i: number): string {
  const names = "found invalid insert insert_failed drop early_drop error search_restart clash_resolve chaintoolong";
  return `cpu=${i}   \t${names
    .split(" ")
    .map((name) => `${name}=0 `)
    .join("")}\n`;
}

/** `-I`: an entry by hand; answers are expected the way back unless something else is said. */
function* create(p: Process, { given }: Request, say: (text: string) => Gen): Gen<number> {
  const { net } = p.ns;
  const { now } = p.machine.kernel;
  const protocol = given.get("protonum") as Track["protocol"];
  if (!(protocol in NUMBERS)) {
    yield* say("Operation failed: Operation not supported");
    return 1;
  }
  const port = (name: string, other: string) => numberOf(given.get(name) ?? given.get(other));
  const [source, destination] = [
    given.get("src") ?? given.get("reply-dst")!,
    given.get("dst") ?? given.get("reply-src")!,
  ];
  const id = numberOf(given.get("icmp-id"));
  const ports =
    protocol === "icmp"
      ? { sourcePort: id, destinationPort: 0 }
      : { sourcePort: port("sport", "reply-port-dst"), destinationPort: port("dport", "reply-port-src") };
  const original = { source, destination, ...ports };
  const table = (net.netfilter ??= new Ruleset()).conntrack;
  const same = ({ protocol: other, original: flow }: Track) =>
    other === protocol &&
    (["source", "destination", "sourcePort", "destinationPort"] as const).every((key) => flow[key] === original[key]);
  if (table.list(now).some(same)) {
    yield* say("Operation failed: Such conntrack exists, try -U to update");
    return 1;
  }
  const track = table.add({
    protocol,
    original,
    reply: {
      source: given.get("reply-src") ?? destination,
      destination: given.get("reply-dst") ?? source,
      sourcePort: protocol === "icmp" ? id : port("reply-port-src", "dport"),
      destinationPort: protocol === "icmp" ? 0 : port("reply-port-dst", "sport"),
    },
    replied: false,
    since: now,
    last: now,
    open: false,
    assured: false,
  });
  change(track, given, now);
  yield* say("1 flow entries have been created.");
  return 0;
}

/** What options say that an entry shall have. */
function change(track: Track, given: ReadonlyMap<string, string>, now: number): void {
  const [timeout, mark, state] = [given.get("timeout"), given.get("mark"), given.get("state")];
  const status = given.get("status")?.toUpperCase().split(",") ?? [];
  if (timeout !== undefined) {
    track.timeout = numberOf(timeout) * SECOND;
    track.last = now;
  }
  if (mark !== undefined) track.mark = numberOf(mark);
  if (state !== undefined) track.state = state.toUpperCase() as TcpState;
  if (status.includes("ASSURED")) track.assured = true;
  if (status.includes("SEEN_REPLY")) track.replied = true;
}

/** Entries in the form that is asked for. */
function written(tracks: readonly Track[], now: number, outputs: ReadonlySet<string>): string {
  if (outputs.has("save")) return tracks.map((track) => saved(track, now)).join("");
  return tracks
    .map((track) => {
      const text = line(track, now, outputs.has("extended"));
      return outputs.has("id") ? text.replace(/\n$/, ` id=${idOf(track)}\n`) : text;
    })
    .join("");
}

/** The kernel makes them up of where entries lie in memory. */
const idOf = ({ id }: Track): number => (id * 2_654_435_761) % 4_294_967_296;

/** `-o save`: the command that makes an entry anew. */
function saved(track: Track, now: number): string {
  const { protocol, original, reply } = track;
  const status =
    [track.replied ? "SEEN_REPLY" : "", isAssured(track) ? "ASSURED" : ""].filter(Boolean).join(",") || "UNSET";
  const ports =
    protocol === "icmp"
      ? `--icmp-type 8 --icmp-code 0 --icmp-id ${original.sourcePort}`
      : `--sport ${original.sourcePort} --dport ${original.destinationPort} --reply-port-src ${reply.sourcePort} --reply-port-dst ${reply.destinationPort}`;
  const state = stateOf(track) === "" ? "" : ` --state ${stateOf(track)}`;
  const mark = track.mark === 0 ? "" : ` -m ${track.mark}`;
  return `-A -t ${Math.floor(remaining(track, now) / SECOND)} -u ${status} -s ${original.source} -d ${original.destination} -r ${reply.source} -q ${reply.destination}${mark} -p ${protocol} ${ports}${state}\n`;
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
    `${isAssured(track) ? "[ASSURED] " : ""}mark=${track.mark} use=1\n`
  );
}
