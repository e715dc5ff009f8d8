import { cpu, decode, type Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { address } from "./ip-address.ts";
import { link } from "./ip-link.ts";
import { monitor } from "./ip-monitor.ts";
import { neighbours } from "./ip-neighbour.ts";
import { netns, spaceOf } from "./ip-netns.ts";
import { route } from "./ip-route.ts";
import { rule } from "./ip-rule.ts";
import { LinkError } from "./link-kinds.ts";

const USAGE = `Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
       ip [ -force ] -batch filename
where  OBJECT := { address | addrlabel | fou | help | ila | ioam | l2tp | link |
                   macsec | maddress | monitor | mptcp | mroute | mrule |
                   neighbor | neighbour | netconf | netns | nexthop | ntable |
                   ntbl | route | rule | sr | stats | tap | tcpmetrics |
                   token | tunnel | tuntap | vrf | xfrm }
       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -r[esolve] |
                    -h[uman-readable] | -iec | -j[son] | -p[retty] |
                    -f[amily] { inet | inet6 | mpls | bridge | link } |
                    -4 | -6 | -M | -B | -0 |
                    -l[oops] { maximum-addr-flush-attempts } | -br[ief] |
                    -o[neline] | -t[imestamp] | -ts[hort] | -b[atch] [filename] |
                    -rc[vbuf] [size] | -n[etns] name | -N[umeric] | -a[ll] |
                    -c[olor]}
`;

/** What stands before the object. */
export interface Options {
  brief: boolean;
  oneline: boolean;
  json: boolean;
  pretty: boolean;
  color: "never" | "auto" | "always";
  details: boolean;
  /** How often it was said. */
  statistics: number;
  family: "any" | "4" | "6" | "packet";
  /** Of `ip netns exec`: in every namespace. */
  all: boolean;
  timestamp: "" | "long" | "short";
  /** A batch goes on behind what fails. */
  force: boolean;
}

/** Options by their whole names: the first that begins as a word does is meant (ip/ip.c). */
const OPTIONS = [
  ...["-loops", "-family", "-4", "-6", "-0", "-M", "-B", "-human-readable", "-iec", "-stats", "-statistics"],
  ...["-details", "-resolve", "-oneline", "-timestamp", "-tshort", "-Version", "-force", "-batch", "-brief"],
  ...["-json", "-pretty", "-rcvbuf", "-color", "-help", "-netns", "-Numeric", "-all"],
] as const;

const FAMILIES: Readonly<Record<string, Options["family"]>> = {
  inet: "4",
  inet6: "6",
  link: "packet",
  mpls: "6",
  bridge: "any",
};

/** What a command line says before its object. */
interface Head {
  options: Options;
  space?: string;
  batch?: string;
  version?: true;
}

/** Takes the options from the front of the words; throws `LinkError`. */
function readOptions(words: string[], options: Options): Head {
  const head: Head = { options };
  while (words[0]?.startsWith("-")) {
    const given = words.shift()!;
    if (given === "--") break;
    const word = given.startsWith("--") ? given.slice(1) : given;
    const next = (what: string): string => {
      const value = words.shift();
      if (value === undefined) throw new LinkError(`Error: argument "${what}" is required`, 255);
      return value;
    };
    const color = /^-c(?:o(?:l(?:or?)?)?)?(?:=(.*))?$/.exec(word);
    const known = color ? "-color" : OPTIONS.find((name) => name.startsWith(word));
    if (known === "-brief") options.brief = true;
    else if (known === "-4") options.family = "4";
    else if (known === "-6") options.family = "6";
    else if (known === "-0") options.family = "packet";
    else if (known === "-family") {
      const name = next("family type");
      if (name === "help") throw new LinkError(USAGE.trimEnd(), 255);
      const family = FAMILIES[name];
      if (family === undefined) throw new LinkError(`Error: argument "${name}" is wrong: invalid protocol family`, 255);
      options.family = family;
    } else if (known === "-oneline") options.oneline = true;
    else if (known === "-details") options.details = true;
    else if (known === "-json") options.json = true;
    else if (known === "-pretty") options.pretty = true;
    else if (color !== null) {
      const when = color[1] ?? "always";
      if (when !== "always" && when !== "auto" && when !== "never") throw unknownOption(word);
      options.color = when;
    } else if (known === "-Version") head.version = true;
    else if (known === "-netns") head.space = words.shift() ?? "(null)";
    else if (known === "-batch") head.batch = next("batch file");
    else if (known === "-all") options.all = true;
    else if (known === "-stats" || known === "-statistics") options.statistics++;
    else if (known === "-timestamp") options.timestamp = "long";
    else if (known === "-tshort") options.timestamp = "short";
    else if (known === "-force") options.force = true;
    else if (known === "-loops") next("loop count");
    else if (known === "-rcvbuf") next("rcvbuf size");
    else if (known === "-help") throw new LinkError(USAGE.trimEnd(), 255);
    else if (known === undefined) throw unknownOption(word);
    if (head.version) break;
  }
  return head;
}

const unknownOption = (word: string) => new LinkError(`Option "${word}" is unknown, try "ip -help".`, 255);

const NO_OPTIONS: Options = {
  brief: false,
  oneline: false,
  json: false,
  pretty: false,
  color: "never",
  details: false,
  statistics: 0,
  family: "any",
  all: false,
  timestamp: "",
  force: false,
};

/** ip(8) of iproute2: addresses, links, routes and neighbours of this network namespace. */
export const ip: Program = function* (p) {
  yield* cpu(500);
  try {
    const words = p.argv.slice(1);
    const { options, space, batch: file, version } = readOptions(words, { ...NO_OPTIONS });
    if (version) {
      yield* sys.print(p, "ip utility, iproute2-6.1.0, libbpf 1.1.0\n");
      return 0;
    }
    if (space !== undefined) enter(p, space);
    if (file !== undefined) return yield* batch(p, file, options);
    return yield* objectOf(p, words, options);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return error.status;
  }
};

function enter(p: Process, space: string): void {
  const there = spaceOf(p, space);
  if (there === undefined)
    throw new LinkError(`Cannot open network namespace "${space}": No such file or directory`, 255);
  if (p.cred.uid !== 0)
    throw new LinkError(`setting the network namespace "${space}" failed: Operation not permitted`, 255);
  p.ns = { ...p.ns, net: there };
}

/** `-batch FILE`: each line is a command. */
function* batch(p: Process, file: string, options: Options): Gen<number> {
  if (file !== "-" && sys.find(p, file) === undefined)
    throw new LinkError(`Cannot open file "${file}" for reading: No such file or directory`, 1);
  const text = decode(yield* sys.readPath(p, file === "-" ? "/dev/stdin" : file));
  let worst = 0;
  for (const [i, line] of text.split("\n").entries()) {
    const words = line.replace(/#.*/, "").split(/\s+/).filter(Boolean);
    if (words.length === 0) continue;
    let status: number;
    try {
      status = yield* objectOf(p, words, options);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      yield* sys.printError(p, `${error.message}\n`);
      return error.status;
    }
    if (status === 0) continue;
    yield* sys.printError(p, `Command failed ${file}:${i + 1}\n`);
    worst = 1;
    if (!options.force) break;
  }
  return worst;
}

/** Objects in the order in which a word is compared with them. */
const OBJECTS = [
  ...["address", "addrlabel", "maddress", "route", "rule", "neighbor", "neighbour", "ntable", "ntbl", "link", "l2tp"],
  ...["fou", "ila", "macsec", "tunnel", "tunl", "tuntap", "tap", "token", "tcpmetrics", "tcp_metrics", "monitor"],
  ...["xfrm", "mroute", "mrule", "netns", "netconf", "vrf", "sr", "nexthop", "mptcp", "ioam", "help", "stats"],
];
/** Those of which there is nothing here: an empty list. */
const EMPTY = ["tunnel", "tunl", "tuntap", "tap", "token", "mroute", "nexthop", "tcpmetrics", "tcp_metrics"];

function* objectOf(p: Process, words: string[], options: Options): Gen<number> {
  const word = words.shift();
  const object = word === undefined ? undefined : OBJECTS.find((name) => name.startsWith(word));
  if (object === "address") return yield* address(p, words, options);
  if (object === "link") return yield* link(p, words, options);
  if (object === "route") return yield* route(p, words, options);
  if (object === "neighbor" || object === "neighbour") return yield* neighbours(p, words, options);
  if (object === "rule") return yield* rule(p, words, options);
  if (object === "netns") return yield* netns(p, words, options.all);
  if (object === "monitor") return yield* monitor(p, words, options);
  const lists = ["list", "show", "lst"].some((name) => name.startsWith(words[0] ?? "list"));
  if (object === "vrf" && lists) {
    yield* sys.print(p, "Name              Table\n-----------------------\nNo VRF has been configured\n");
    return 0;
  }
  if (object !== undefined && EMPTY.includes(object) && lists) return 0;
  if (word === undefined || object === "help") throw new LinkError(USAGE.trimEnd(), 255);
  yield* sys.printError(p, `Object "${word}" is unknown, try "ip help".\n`);
  return 1;
}

export function* notPermitted(p: Process): Gen<number> {
  yield* sys.printError(p, "RTNETLINK answers: Operation not permitted\n");
  return 2;
}
