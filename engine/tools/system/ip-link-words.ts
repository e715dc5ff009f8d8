import type { Process } from "../../machine/process.ts";
import type { Interface, NetNamespace } from "../../network/index.ts";
import { LINK_HELP } from "./ip-help.ts";
import { spaceOf } from "./ip-netns.ts";
import { badArgument, incomplete, LinkError } from "./link-kinds.ts";

/** What `ip link add` and `ip link set` are told (ip/iplink.c iplink_parse). */
export interface LinkWords {
  /** The device, or what the new one is called when `name` does not say. */
  dev?: string;
  name?: string;
  link?: string;
  type?: string;
  /** What stands behind the type. */
  rest: string[];
  up?: boolean;
  mtu?: number;
  mac?: string;
  queue?: number;
  master?: string;
  nomaster?: boolean;
  space?: NetNamespace;
  alias?: string;
  group?: number;
  index?: number;
  flags: NonNullable<Interface["flags"]>;
}

const MAC = /^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i;
const ON_OFF: Readonly<Record<string, "allmulti" | "promisc" | "nomulticast" | "noarp" | undefined>> = {
  multicast: "nomulticast",
  allmulticast: "allmulti",
  promisc: "promisc",
  arp: "noarp",
  trailers: undefined,
  dynamic: undefined,
  carrier: undefined,
  protodown: undefined,
};
/** Words whose value nothing here depends on. */
const IGNORED = ["broadcast", "brd", "numtxqueues", "numrxqueues", "addrgenmode", "link-netnsid", "mode", "operstate"];

/** Whether the kernel takes a name for a device (lib/utils.c check_ifname). */
export function checkName(name: string, what: "name" | "dev"): void {
  if (name === "" || name.length > 15 || /[/\s]/.test(name)) throw badArgument(name, `"${what}" not a valid ifname`);
}

/** The number of a group of devices; throws for what is none. */
export function groupNumber(word: string): number {
  if (word === "default") return 0;
  if (!/^\d+$/.test(word)) throw badArgument(word, 'Invalid "group" value\n');
  return Number(word);
}

/** The namespace that a name or a process's number stands for; throws for neither. */
export function spaceNamed(p: Process, word: string): NetNamespace {
  const found = spaceOf(p, word);
  if (found !== undefined) return found;
  if (!/^\d+$/.test(word)) throw badArgument(word, 'Invalid "netns" value\n');
  const process = p.machine.processes.get(Number(word));
  if (process === undefined) throw new LinkError("RTNETLINK answers: No such process", 2);
  return process.ns.net;
}

/** Reads the words; throws `LinkError`. */
export function readLink(p: Process, words: readonly string[]): LinkWords {
  const out: LinkWords = { rest: [], flags: {} };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const next = (): string => {
      const value = words[++i];
      if (value === undefined) throw incomplete();
      return value;
    };
    const unsigned = (what: string): number => {
      const value = next();
      if (!/^\d+$/.test(value)) throw badArgument(value, `Invalid "${what}" value\n`);
      return Number(value);
    };
    // Words may be cut short: a device called "a" is none.
    const is = (long: string) => long.startsWith(word);
    if (word === "up" || word === "down") out.up = word === "up";
    else if (word === "name") {
      const value = next();
      if (out.name !== undefined) throw new LinkError(`Error: duplicate "name": "${value}" is the second value.`, 255);
      checkName(value, "name");
      out.name = value;
    } else if (word === "index") out.index = unsigned("index");
    else if (is("link")) out.link = next();
    else if (is("address")) {
      const value = next();
      if (!MAC.test(value)) throw new LinkError(`"${value}" is invalid lladdr.`, 1);
      out.mac = value.toLowerCase();
    } else if (["txqueuelen", "qlen", "txqlen"].includes(word)) out.queue = unsigned("txqueuelen");
    else if (word === "mtu") out.mtu = unsigned("mtu");
    else if (word === "netns") out.space = spaceNamed(p, next());
    else if (Object.hasOwn(ON_OFF, word)) {
      const value = next();
      if (value !== "on" && value !== "off")
        throw new LinkError(`Error: argument of "${word}" must be "on" or "off", not "${value}"`, 1);
      const flag = ON_OFF[word];
      if (flag !== undefined) out.flags[flag] = (value === "on") !== flag.startsWith("no");
    } else if (word === "master" || word === "vrf") {
      const value = next();
      const found = p.ns.net.interfaces.get(value);
      if (word === "vrf" && found?.kind !== "vrf") throw badArgument(value, "Not a valid VRF name\n");
      if (found === undefined) throw badArgument(value, "Device does not exist\n");
      out.master = value;
    } else if (word === "nomaster") out.nomaster = true;
    else if (word === "type") {
      out.type = next();
      out.rest = words.slice(i + 1);
      break;
    } else if (word === "alias") out.alias = next();
    else if (word === "group") out.group = groupNumber(next());
    else if (IGNORED.includes(word)) next();
    else if (word === "help") throw new LinkError(LINK_HELP.trimEnd(), 255);
    else {
      const value = word === "dev" ? next() : word;
      if (out.dev !== undefined)
        throw new LinkError(`Error: either "dev" is duplicate, or "${value}" is garbage.`, 255);
      checkName(value, "dev");
      out.dev = value;
    }
  }
  return out;
}
