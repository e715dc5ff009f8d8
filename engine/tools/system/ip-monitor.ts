import { type Gen, MS, SECOND, sleep } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Options } from "./ip.ts";
import { MONITOR_HELP } from "./ip-help.ts";
import { addressText, chosenAddresses } from "./ip-list.ts";
import { neighbourLines } from "./ip-neighbour.ts";
import { routeLines } from "./ip-route.ts";
import { ruleLines } from "./ip-rule.ts";
import { LinkError } from "./link-kinds.ts";
import { linkLines, numbered } from "./link-text.ts";
import { wallTime } from "./when.ts";

/** `ip monitor`: what changes, until it is interrupted (ip/ipmonitor.c). */

/** Between two looks. */
const LOOK = 50 * MS;

const OBJECTS = ["link", "address", "route", "neigh", "rule"] as const;
type Watched = (typeof OBJECTS)[number];
/** What may be asked for as well, and never happens here. */
const SILENT = ["mroute", "maddress", "acaddress", "netconf", "nexthop", "nsid", "prefix", "stats"];
const LABELS: Readonly<Record<Watched, string>> = {
  link: "LINK",
  address: "ADDR",
  route: "ROUTE",
  neigh: "NEIGH",
  rule: "RULE",
};

/** What there is, by a name that stays the same while it changes. */
function look(p: Process, what: Watched): Map<string, string> {
  const { net } = p.ns;
  const out = new Map<string, string>();
  if (what === "link")
    for (const [index, one] of numbered(net))
      out.set(
        `${index}`,
        linkLines(p, index, one)
          .join("\n")
          .replace(/ qlen \d+$/m, " "),
      );
  if (what === "address") {
    for (const [index, one] of numbered(net)) {
      for (const each of chosenAddresses(one, {}))
        out.set(
          `${index} ${each.cidr}`,
          `${index}: ${one.name}    ${addressText(one, each)}\n       valid_lft forever preferred_lft forever`,
        );
    }
  }
  if (what === "neigh") for (const line of neighbourLines(p)) out.set(line.split(" ").slice(0, 3).join(" "), line);
  if (what === "route") for (const line of routeLines(p)) out.set(line, line);
  if (what === "rule") for (const line of ruleLines(p)) out.set(line, line);
  return out;
}

/** In which order the end of things is told: links last, since what they carried goes first. */
const ORDER: readonly Watched[] = ["rule", "address", "route", "neigh", "link"];

/** Nobody is told of routes that go with their device. */
function isSilent(p: Process, what: Watched, text: string): boolean {
  const device = / dev (\S+)/.exec(text)?.[1];
  return what === "route" && device !== undefined && p.ns.net.interfaces.get(device)?.up !== true;
}

function stamp(p: Process, { timestamp }: Options): string {
  if (timestamp === "") return "";
  const { now } = p.machine.kernel;
  const fraction = `${now % SECOND}`.padStart(6, "0");
  if (timestamp === "short") return `[${wallTime(p, now, "%Y-%m-%dT%H:%M:%S")}.${fraction}] `;
  return `Timestamp: ${wallTime(p, now, "%a %b %e %H:%M:%S %Y")} ${Number(fraction)} usec\n`;
}

export function* monitor(p: Process, words: readonly string[], options: Options): Gen<number> {
  const watched = new Set<Watched>();
  let labels = false;
  let dev: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const object = OBJECTS.find((name) => name.startsWith(word));
    if (word === "all") for (const name of OBJECTS) watched.add(name);
    else if (word === "label") labels = true;
    else if (word === "all-nsid") continue;
    else if (word === "file" || word === "dev") {
      const value = words[++i];
      if (value === undefined) throw new LinkError('Command line is not complete. Try option "help"', 255);
      if (word === "dev") dev = value;
    } else if (word === "help") throw new LinkError(MONITOR_HELP.trimEnd(), 255);
    else if (object !== undefined) watched.add(object);
    else if (!SILENT.some((name) => name.startsWith(word)))
      throw new LinkError(`Argument "${word}" is unknown, try "ip monitor help".`, 255);
  }
  if (dev !== undefined && !p.ns.net.interfaces.has(dev)) throw new LinkError(`Device "${dev}" does not exist`, 1);
  const objects = watched.size === 0 ? OBJECTS : OBJECTS.filter((name) => watched.has(name));
  const marked = labels || words.includes("all");
  const tell = function* (what: Watched, text: string, gone: boolean): Gen {
    if (dev !== undefined && !text.includes(` ${dev} `) && !text.includes(`: ${dev}`)) return;
    yield* sys.print(p, `${stamp(p, options)}${marked ? `[${LABELS[what]}]` : ""}${gone ? "Deleted " : ""}${text}\n`);
  };
  let before = new Map(objects.map((name) => [name, look(p, name)]));
  p.dispositions.set("INT", "catch");
  p.dispositions.set("TERM", "catch");
  for (;;) {
    if ((yield* sleep(LOOK)) === "interrupted" || p.takeSignal() !== undefined) return 0;
    const now = new Map(objects.map((name) => [name, look(p, name)]));
    for (const name of ORDER) {
      for (const [key, text] of before.get(name) ?? [])
        if (now.get(name)?.has(key) === false && !isSilent(p, name, text)) yield* tell(name, text, true);
    }
    for (const name of objects) {
      for (const [key, text] of now.get(name)!) if (before.get(name)!.get(key) !== text) yield* tell(name, text, false);
    }
    before = now;
  }
}
