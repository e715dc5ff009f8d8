import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseAddress } from "../../netfilter/index.ts";
import { knownTo, type NeighbourState, neighboursOf } from "../../network/neighbours.ts";
import { inNetwork } from "../../text/ipv4.ts";
import type { Options } from "./ip.ts";
import { show } from "./ip-show.ts";

const HELP = `Usage: ip neigh { add | del | change | replace }
                { ADDR [ lladdr LLADDR ] [ nud STATE ] proxy ADDR }
                [ dev DEV ] [ router ] [ use ] [ managed ] [ extern_learn ]
                [ protocol PROTO ]

	ip neigh { show | flush } [ proxy ] [ to PREFIX ] [ dev DEV ] [ nud STATE ]
				  [ vrf NAME ] [ nomaster ]
	ip neigh get { ADDR | proxy ADDR } dev DEV

STATE := { delay | failed | incomplete | noarp | none |
           permanent | probe | reachable | stale }
`;
/** What `nud` takes. */
const STATES = ["permanent", "noarp", "reachable", "stale", "delay", "probe", "incomplete", "failed", "none", "all"];
const MAC = /^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i;

interface Given {
  to: string | undefined;
  dev: string | undefined;
  lladdr: string | undefined;
  nud: string[];
  complaint?: string;
}

function read(words: readonly string[]): Given {
  const given: Given = { to: undefined, dev: undefined, lladdr: undefined, nud: [] };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "dev") given.dev = words[++i];
    else if (word === "lladdr") given.lladdr = words[++i];
    else if (word === "to") given.to = words[++i];
    else if (word === "nud") {
      const state = words[++i] ?? "";
      if (!STATES.includes(state))
        return { ...given, complaint: `Error: argument "${state}" is wrong: nud state is bad` };
      given.nud.push(state);
    } else if (["proxy", "nomaster", "router", "use", "managed", "extern_learn"].includes(word)) continue;
    else given.to = word;
  }
  return given;
}

/** `ip neighbour`: who has which address on this namespace's wires (ip/ipneigh.c). */
export function* neighbours(p: Process, words: string[], options: Options): Gen<number> {
  const [verb = "show"] = words;
  const is = (...names: string[]) => names.some((name) => name.startsWith(verb));
  const rest = words.slice(1);
  if (is("show", "list", "lst")) return yield* list(p, read(rest), options);
  if (is("flush")) return yield* flush(p, read(rest), rest.length, options);
  if (is("get")) return yield* get(p, read(rest), options);
  if (is("help")) {
    yield* sys.printError(p, HELP);
    return 255;
  }
  if (is("add", "replace", "change", "delete")) return yield* change(p, verb, read(rest));
  yield* sys.printError(p, `Command "${verb}" is unknown, try "ip neigh help".\n`);
  return 255;
}

function* complain(p: Process, { complaint, dev }: Given): Gen<boolean> {
  const bad =
    complaint ?? (dev !== undefined && !p.ns.net.interfaces.has(dev) ? `Cannot find device "${dev}"` : undefined);
  if (bad !== undefined) yield* sys.printError(p, `${bad}\n`);
  return bad !== undefined;
}

/** Those that are asked about. What needs no asking is left out unless it is named. */
function chosen(p: Process, { to, dev, nud }: Given, flushing = false) {
  const spared = (state: NeighbourState) => state === "NOARP" || (flushing && state === "PERMANENT");
  return knownTo(p.ns.net).filter(
    ({ address, device, state }) =>
      (dev === undefined || device === dev) &&
      (to === undefined || to === "all" || inNetwork(to.includes("/") ? to : `${to}/32`, address)) &&
      (nud.length === 0 ? !spared(state) : nud.includes("all") || nud.includes(state.toLowerCase())),
  );
}

function lines(p: Process, given: Given, rows: ReturnType<typeof chosen>, statistics: boolean): string {
  const { now } = p.machine.kernel;
  return rows
    .map(({ address, device, mac, state, entry }) => {
      const age = (at: number) => Math.floor((now - at) / 1_000_000);
      const used =
        statistics && entry ? ` used ${age(entry.used)}/${age(entry.confirmed)}/${age(entry.used)}probes 1 ` : "";
      const where = given.dev === undefined ? `dev ${device} ` : "";
      return `${address} ${where}${mac === undefined ? "" : `lladdr ${mac} `}${used}${state} \n`;
    })
    .join("");
}

/** All neighbours, for who watches them. */
export const neighbourLines = (p: Process): string[] => {
  const given: Given = { to: undefined, dev: undefined, lladdr: undefined, nud: [] };
  return lines(p, given, chosen(p, given), false).split("\n").filter(Boolean);
};

function* list(p: Process, given: Given, options: Options): Gen<number> {
  if (yield* complain(p, given)) return given.complaint ? 255 : 1;
  yield* show(p, lines(p, given, chosen(p, given), options.statistics > 0), "neighbour", options);
  return 0;
}

function* flush(p: Process, given: Given, count: number, options: Options): Gen<number> {
  if (count === 0) {
    yield* sys.printError(p, "Flush requires arguments.\n");
    return 1;
  }
  if (yield* complain(p, given)) return 1;
  if (p.cred.uid !== 0) return yield* forbidden(p);
  const rows = chosen(p, given, true);
  for (const { device, address, entry } of rows) if (entry) neighboursOf(p.ns.net).delete(device, address);
  if (options.statistics > 0) {
    const done =
      rows.length === 0
        ? "Nothing to flush.\n"
        : `\n*** Round 1, deleting ${rows.length} entries ***\n*** Flush is complete after 1 round ***\n`;
    yield* sys.print(p, done);
  }
  return 0;
}

function* get(p: Process, given: Given, options: Options): Gen<number> {
  if (yield* complain(p, given)) return 1;
  if (given.dev === undefined || given.to === undefined) {
    yield* sys.printError(p, "Device and address are required arguments.\n");
    return 255;
  }
  const found = knownTo(p.ns.net).filter(({ address, device }) => address === given.to && device === given.dev);
  if (found.length === 0) {
    yield* sys.printError(p, "Error: Neighbour entry not found.\n");
    return 2;
  }
  yield* show(p, lines(p, { ...given, dev: undefined }, found, false), "neighbour", options);
  return 0;
}

function* change(p: Process, verb: string, given: Given): Gen<number> {
  const { to, dev, lladdr, nud } = given;
  if (given.complaint !== undefined) return yield* failed(p, given.complaint, 255);
  if (dev === undefined || to === undefined)
    return yield* failed(p, "Device and destination are required arguments.", 255);
  if (parseAddress(to) === undefined)
    return yield* failed(p, `Error: any valid address is expected rather than "${to}".`, 1);
  const { net } = p.ns;
  if (!net.interfaces.has(dev)) return yield* failed(p, `Cannot find device "${dev}"`, 1);
  if (lladdr !== undefined && !MAC.test(lladdr)) return yield* failed(p, `"${lladdr}" is invalid lladdr.`, 1);
  if (p.cred.uid !== 0) return yield* forbidden(p);
  const table = neighboursOf(net);
  const known = knownTo(net).find(({ address, device }) => address === to && device === dev);
  const missing = "RTNETLINK answers: No such file or directory";
  if ("delete".startsWith(verb)) {
    if (known?.entry === undefined) return yield* failed(p, missing, 2);
    table.delete(dev, to);
    return 0;
  }
  if ("change".startsWith(verb) && known === undefined) return yield* failed(p, missing, 2);
  if ("add".startsWith(verb) && known !== undefined) return yield* failed(p, "RTNETLINK answers: File exists", 2);
  if (lladdr === undefined && known === undefined) return yield* failed(p, "Error: No link layer address given.", 2);
  const state = (nud[0] ?? "permanent").toUpperCase() as NeighbourState;
  table.set(dev, to, (lladdr ?? known?.mac ?? "").toLowerCase(), state, p.machine.kernel.now);
  return 0;
}

function* failed(p: Process, message: string, status: number): Gen<number> {
  yield* sys.printError(p, `${message}\n`);
  return status;
}

const forbidden = (p: Process): Gen<number> => failed(p, "RTNETLINK answers: Operation not permitted", 2);
