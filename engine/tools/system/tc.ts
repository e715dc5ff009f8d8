import type { Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Interface } from "../../network/index.ts";
import { type Discipline, type Netem, setDiscipline } from "../../network/netem.ts";
import { spaceOf } from "./ip-netns.ts";
import { LinkError } from "./link-kinds.ts";
import { numbered, queueLength, queueOf } from "./link-text.ts";

/** tc(8): how packets wait on devices (iproute2 tc/). Disciplines without classes; netem is obeyed, the others are kept. */

const USAGE = `Usage:	tc [ OPTIONS ] OBJECT { COMMAND | help }
	tc [-force] -batch filename
where  OBJECT := { qdisc | class | filter | chain |
		    action | monitor | exec }
       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -r[aw] |
		    -o[neline] | -j[son] | -p[retty] | -c[olor]
		    -b[atch] [filename] | -n[etns] name | -N[umeric] |
		     -nm | -nam[es] | { -cf | -conf } path
		     -br[ief] }
`;
const QDISC_USAGE = `Usage: tc qdisc [ add | del | replace | change | show ] dev STRING
       [ handle QHANDLE ] [ root | ingress | clsact | parent CLASSID ]
       [ estimator INTERVAL TIME_CONSTANT ]
       [ stab [ help | STAB_OPTIONS] ]
       [ ingress_block BLOCK_INDEX ] [ egress_block BLOCK_INDEX ]
       [ [ QDISC_KIND ] [ help | OPTIONS ] ]

       tc qdisc { show | list } [ dev STRING ] [ QDISC_ID ] [ invisible ]
Where:
QDISC_KIND := { [p|b]fifo | tbf | prio | cbq | red | etc. }
OPTIONS := ... try tc qdisc add <desired QDISC_KIND> help
STAB_OPTIONS := ... try tc qdisc add stab help
QDISC_ID := { root | ingress | handle QHANDLE | parent CLASSID }
`;
const NETEM_USAGE = `Usage: ... netem [ limit PACKETS ]
                 [ delay TIME [ JITTER [CORRELATION]]]
                 [ distribution {uniform|normal|pareto|paretonormal} ]
                 [ corrupt PERCENT [CORRELATION]]
                 [ duplicate PERCENT [CORRELATION]]
                 [ loss random PERCENT [CORRELATION]]
                 [ loss state P13 [P31 [P32 [P23 P14]]]
                 [ loss gemodel PERCENT [R [1-H [1-K]]]
                 [ ecn ]
                 [ reorder PERCENT [CORRELATION] [ gap DISTANCE ]]
                 [ rate RATE [PACKETOVERHEAD] [CELLSIZE] [CELLOVERHEAD]]
                 [ slot MIN_DELAY [MAX_DELAY] [packets MAX_PACKETS] [bytes MAX_BYTES]]
                 [ slot distribution {uniform|normal|pareto|paretonormal|custom}
                   delay JITTER [packets MAX_PACKETS] [bytes MAX_BYTES]]
`;
const NO_HANDLE = "Error: Cannot delete qdisc with handle of zero.";
const UNKNOWN_KIND = "Error: Specified qdisc kind is unknown.";
const FQ_CODEL = "limit 10240p flows 1024 quantum 1514 target 5ms interval 100ms memory_limit 32Mb ecn drop_batch 64 ";

interface Options {
  statistics: boolean;
}

export const tc: Program = function* (p) {
  const words = p.argv.slice(1);
  const options: Options = { statistics: false };
  try {
    while (words[0]?.startsWith("-")) {
      const word = words.shift()!.replace(/^--/, "-");
      if (word.length > 1 && ("-stats".startsWith(word) || "-statistics".startsWith(word))) options.statistics = true;
      else if ("-Version".startsWith(word) && word.length > 1) {
        yield* sys.print(p, "tc utility, iproute2-6.1.0, libbpf 1.1.0\n");
        return 0;
      } else if ("-netns".startsWith(word) && word.length > 1) {
        const space = words.shift() ?? "";
        const there = spaceOf(p, space);
        if (there === undefined)
          throw new LinkError(`Cannot open network namespace "${space}": No such file or directory`, 255);
        p.ns = { ...p.ns, net: there };
      } else if ("-help".startsWith(word) && word.length > 1) throw new LinkError(USAGE.trimEnd(), 255);
      else if (!["-details", "-raw", "-pretty", "-oneline", "-Numeric"].some((name) => name.startsWith(word)))
        throw new LinkError(`Option "${word}" is unknown, try "tc -help".`, 255);
    }
    const [object, ...rest] = words;
    if (object === undefined || object === "help") throw new LinkError(USAGE.trimEnd(), object === undefined ? 255 : 0);
    if ("qdisc".startsWith(object)) return yield* qdisc(p, rest, options);
    // Without classes there are none to show, nor filters that choose among them.
    const [verb = "show"] = rest;
    const empty = ["class", "filter", "chain"].find((name) => name.startsWith(object));
    if (empty === undefined) throw new LinkError(`Object "${object}" is unknown, try "tc help".`, 255);
    if (["show", "list", "lst"].some((name) => name.startsWith(verb))) return 0;
    if (!["add", "delete", "change", "replace"].some((name) => name.startsWith(verb)))
      throw new LinkError(`Command "${verb}" is unknown, try "tc ${empty} help".`, 255);
    throw new LinkError("RTNETLINK answers: Operation not supported", 2);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return error.status;
  }
};

interface Given {
  dev?: string;
  root: boolean;
  handle?: string;
  parent?: string;
  kind?: string;
  rest: string[];
}

function readQdisc(words: readonly string[]): Given {
  const given: Given = { root: false, rest: [] };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const next = (): string => {
      const value = words[++i];
      if (value === undefined) throw new LinkError('Command line is not complete. Try option "help"', 255);
      return value;
    };
    if (word === "dev") given.dev = next();
    else if (word === "root") given.root = true;
    else if (word === "handle") {
      const value = next();
      if (!/^[0-9a-f]{1,4}:?$/i.test(value))
        throw new LinkError(`Error: argument "${value}" is wrong: invalid qdisc ID`, 255);
      given.handle = `${value.replace(":", "").toLowerCase()}:`;
    } else if (word === "parent") given.parent = next();
    else if (word === "help") throw new LinkError(QDISC_USAGE.trimEnd(), 255);
    else {
      given.kind = word;
      given.rest = words.slice(i + 1);
      break;
    }
  }
  return given;
}

function* qdisc(p: Process, words: readonly string[], options: Options): Gen<number> {
  const [word = "show", ...rest] = words;
  const verbs = ["list", "show", "lst", "add", "change", "replace", "link", "delete", "help"];
  const verb = verbs.find((name) => name.startsWith(word));
  if (verb === undefined) throw new LinkError(`Command "${word}" is unknown, try "tc qdisc help".`, 255);
  if (verb === "help") throw new LinkError(QDISC_USAGE.trimEnd(), 255);
  const { net } = p.ns;
  const given = readQdisc(rest);
  const lists = ["list", "show", "lst"].includes(verb);
  const one = given.dev === undefined ? undefined : net.interfaces.get(given.dev);
  // Options of a kind are read before the device is looked for.
  const discipline =
    lists || verb === "delete" || given.kind === undefined ? undefined : read(given.kind, given.rest, one);
  if (given.dev !== undefined && one === undefined) throw new LinkError(`Cannot find device "${given.dev}"`, 1);
  if (lists) {
    const shown = numbered(net).filter(([, device]) => one === undefined || device === one);
    yield* sys.print(p, shown.map(([, device]) => listed(p, device, one !== undefined, options)).join(""));
    return 0;
  }
  if (p.cred.uid !== 0) throw new LinkError("RTNETLINK answers: Operation not permitted", 2);
  if (one === undefined) throw new LinkError("RTNETLINK answers: No such device", 2);
  if (given.parent !== undefined) throw new LinkError("Error: Failed to find specified qdisc.", 2);
  if (verb === "delete") {
    if (!given.root) throw new LinkError("Error: Failed to find qdisc with specified handle.", 2);
    if (one.discipline === undefined) throw new LinkError(NO_HANDLE, 2);
    if (given.handle !== undefined && given.handle !== one.discipline.handle)
      throw new LinkError("Error: Invalid handle.", 2);
    setDiscipline(net.network, one, undefined);
    return 0;
  }
  if (!given.root) throw new LinkError("Error: Handle cannot be zero.", 2);
  if (verb === "change" && one.discipline === undefined)
    throw new LinkError("Error: Qdisc not found. To create specify NLM_F_CREATE flag.", 2);
  if (discipline === undefined) throw new LinkError(UNKNOWN_KIND, 2);
  if (verb === "add" && one.discipline !== undefined)
    throw new LinkError("Error: Exclusivity flag on, cannot modify.", 2);
  if (verb === "change" && one.discipline!.kind !== discipline.kind)
    throw new LinkError("Error: Invalid qdisc name.", 2);
  const kept = verb !== "add" && one.discipline?.kind === discipline.kind ? one.discipline.handle : undefined;
  net.lastHandle ??= 0x8000;
  const handle = given.handle ?? kept ?? `${(++net.lastHandle).toString(16)}:`;
  setDiscipline(net.network, one, { ...discipline, handle });
  return 0;
}

/** A discipline by its kind and words; undefined for a kind that there is none of. Throws `LinkError`. */
function read(
  kind: string,
  words: readonly string[],
  one: Interface | undefined,
): Omit<Discipline, "handle"> | undefined {
  if (kind === "netem") return readNetem(words);
  if (kind === "fq_codel") return { kind, options: FQ_CODEL };
  if (kind === "pfifo_fast") return { kind, options: "bands 3 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1" };
  if (kind !== "pfifo" && kind !== "bfifo") return undefined;
  // As many packets as may wait on the device, in bytes with their headers (fifo_init).
  const queue = one === undefined ? 1000 : queueLength(one);
  let limit = kind === "pfifo" ? queue : queue * ((one?.mtu ?? 1500) + 14);
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== "limit") {
      const usage = `Usage: ... <[p|b]fifo | pfifo_head_drop> [ limit NUMBER ]`;
      throw new LinkError(`What is "${words[i]}"?\n${usage}`, 1);
    }
    const value = words[++i];
    if (value === undefined) throw new LinkError('Command line is not complete. Try option "help"', 255);
    if (!/^\d+$/.test(value)) throw new LinkError('Illegal "limit"', 1);
    limit = Number(value);
  }
  return { kind, options: `limit ${limit}${kind === "pfifo" ? "p" : "b"}` };
}

/** µs of a time as tc writes it; undefined for what is none. */
function timeOf(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(s|secs?|ms|msecs?|us|usecs?|ns|nsecs?)?$/.exec(text);
  if (found === null) return undefined;
  const unit = found[2] ?? "us";
  const scale = unit.startsWith("s") ? 1_000_000 : unit.startsWith("m") ? 1000 : unit.startsWith("n") ? 0.001 : 1;
  return Math.round(Number(found[1]) * scale);
}

function percentOf(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)%?$/.exec(text);
  const value = found === null ? undefined : Number(found[1]);
  return value === undefined || value > 100 ? undefined : value;
}

/** `100ms`, as sprint_time() has it. */
function timeText(us: number): string {
  const short = (value: number) => `${Number(value.toPrecision(3))}`;
  return us >= 1_000_000 ? `${short(us / 1_000_000)}s` : us >= 1000 ? `${short(us / 1000)}ms` : `${us}us`;
}

function readNetem(words: readonly string[]): Omit<Discipline, "handle"> {
  let limit = 1000;
  const netem: Netem = { delay: 0, jitter: 0, loss: 0 };
  const texts = new Map<string, string>();
  const usage = (text: string) => new LinkError(`${text}\n${NETEM_USAGE.trimEnd()}`, 1);
  let distribution = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const next = (): string => {
      const value = words[++i];
      if (value === undefined) throw new LinkError('Command line is not complete. Try option "help"', 255);
      return value;
    };
    const isNumber = (at: number) => /^\d/.test(words[at] ?? "");
    const percent = (what: string): string => {
      const value = percentOf(next());
      if (value === undefined) throw new LinkError(`Illegal "${what}"`, 1);
      const correlation = isNumber(i + 1) ? percentOf(next()) : undefined;
      return `${value}%${correlation === undefined ? "" : ` ${correlation}%`}`;
    };
    if (word === "limit") {
      const value = next();
      if (!/^\d+$/.test(value)) throw new LinkError('Illegal "limit"', 1);
      limit = Number(value);
    } else if ("latency".startsWith(word) || "delay".startsWith(word)) {
      const delay = timeOf(next());
      if (delay === undefined) throw new LinkError('Illegal "latency"', 1);
      netem.delay = delay;
      let text = timeText(delay);
      if (isNumber(i + 1)) {
        const jitter = timeOf(next());
        if (jitter === undefined) throw new LinkError('Illegal "latency"', 1);
        netem.jitter = jitter;
        text += `  ${timeText(jitter)}`;
        if (isNumber(i + 1)) text += ` ${percentOf(next()) ?? 0}%`;
      }
      texts.set("delay", text);
    } else if ("loss".startsWith(word) || "drop".startsWith(word)) {
      if (words[i + 1] === undefined) next();
      if (words[i + 1] === "random") i++;
      if (!isNumber(i + 1)) throw new LinkError(`Unknown loss parameter: ${words[i + 1]}`, 1);
      const text = percent("loss percent");
      netem.loss = Number.parseFloat(text);
      texts.set("loss", text);
    } else if ("duplicate".startsWith(word)) texts.set("duplicate", percent("duplicate"));
    else if ("corrupt".startsWith(word)) texts.set("corrupt", percent("corrupt"));
    else if ("reorder".startsWith(word)) texts.set("reorder", percent("reorder"));
    else if (word === "distribution") {
      next();
      distribution = true;
    } else if (word === "ecn") texts.set("ecn", "");
    else if (word === "rate") {
      const value = next();
      if (!/^\d+(?:\.\d+)?[kmg]?i?(?:bit|bps)?$/i.test(value)) throw new LinkError('Illegal "rate"', 1);
      texts.set(
        "rate",
        value.replace(/[kmg]?i?(bit|bps)$/i, (unit) => unit[0]!.toUpperCase() + unit.slice(1)),
      );
    } else if (word === "help") throw new LinkError(NETEM_USAGE.trimEnd(), 1);
    else throw usage(`What is "${word}"?`);
  }
  if (distribution && (netem.delay === 0 || netem.jitter === 0))
    throw usage("distribution specified but no latency and jitter values");
  if (texts.has("reorder") && netem.delay === 0) throw usage("reordering not possible without specifying some delay");
  const order = ["delay", "loss", "duplicate", "reorder", "corrupt", "rate", "ecn"];
  const shown = order.flatMap((name) => (texts.has(name) ? [` ${name} ${texts.get(name)}`.trimEnd()] : []));
  return { kind: "netem", options: `limit ${limit}${shown.join("")}`, netem };
}

/** A device's discipline as it is listed. */
function listed(p: Process, one: Interface, named: boolean, { statistics }: Options): string {
  const kind = one.discipline?.kind ?? queueOf(one);
  if (kind === "noop") return "";
  const { handle, options } = one.discipline ?? { handle: "0:", options: kind === "fq_codel" ? FQ_CODEL : "" };
  const queues = one.peer !== undefined && kind !== "noqueue" ? p.machine.hardware.cpus : 1;
  const dev = named && one.discipline === undefined && kind === "noqueue" ? "" : named ? "" : `dev ${one.name} `;
  const line = `qdisc ${kind} ${handle} ${dev}root refcnt ${queues + 1} ${options}\n`;
  if (!statistics) return line;
  const { bytes = 0, packets = 0 } = one.sent ?? {};
  const zero = kind === "noqueue";
  return `${line} Sent ${zero ? 0 : bytes} bytes ${zero ? 0 : packets} pkt (dropped 0, overlimits 0 requeues 0) \n backlog 0b 0p requeues 0\n`;
}
