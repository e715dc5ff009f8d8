import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Interface, NetNamespace } from "../../network/index.ts";
import { notPermitted, type Options } from "./ip.ts";
import { addressWords, isSameNetwork, scopeOf } from "./ip-address-words.ts";
import { ADDRESS_HELP } from "./ip-help.ts";
import { connected, disconnect } from "./ip-link.ts";
import { chosenAddresses, chosenDevices, list, readChoice } from "./ip-list.ts";
import { RouteError } from "./ip-route-words.ts";
import { LinkError, refused } from "./link-kinds.ts";

/** `ip address`: shows, adds, deletes and flushes addresses (ip/ipaddress.c). */

const VERBS: readonly [string, string[]][] = [
  ["add", ["add"]],
  ["change", ["change", "chg"]],
  ["replace", ["replace"]],
  ["delete", ["delete"]],
  ["list", ["list", "show", "lst"]],
  ["flush", ["flush"]],
];

const WILDCARD = (cidr: string) => `Warning: Executing wildcard deletion to stay compatible with old scripts.
         Explicitly specify the prefix length (${cidr}) to avoid this warning.
         This special behaviour is likely to disappear in further releases,
         fix your scripts!
`;

export function* address(p: Process, words: readonly string[], options: Options): Gen<number> {
  const [word = "list", ...rest] = words;
  if (word === "help") {
    yield* sys.printError(p, ADDRESS_HELP);
    return 255;
  }
  const verb = VERBS.find(([, names]) => names.some((name) => name.startsWith(word)))?.[0];
  if (verb === undefined) {
    yield* sys.printError(p, `Command "${word}" is unknown, try "ip address help".\n`);
    return 255;
  }
  if (verb === "list") return yield* list(p, "address", rest, options);
  try {
    if (verb === "flush") return yield* flush(p, rest, options);
    return yield* change(p, verb, words);
  } catch (error) {
    if (!(error instanceof LinkError) && !(error instanceof RouteError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return error.status;
  }
}

function take(net: NetNamespace, one: Interface, cidr: string): void {
  const peer = one.facts?.get(cidr)?.peer;
  net.removeAddress(one.name, cidr);
  one.facts?.delete(cidr);
  if (one.kind !== undefined)
    disconnect(net, one, peer === undefined ? cidr : `${peer}${cidr.slice(cidr.indexOf("/"))}`);
}

function* flush(p: Process, words: readonly string[], options: Options): Gen<number> {
  if (words.length === 0) throw new LinkError("Flush requires arguments.", 1);
  const choice = readChoice(p, words);
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  let count = 0;
  for (const [, one] of chosenDevices(p, choice)) {
    for (const { cidr } of chosenAddresses(one, choice)) {
      take(p.ns.net, one, cidr);
      count++;
    }
  }
  if (options.statistics > 0) {
    const rounds = `\n*** Round 1, deleting ${count} addresses ***\n*** Flush is complete after 1 round ***\n`;
    yield* sys.print(p, count === 0 ? "Nothing to flush.\n" : rounds);
  }
  return 0;
}

function* change(p: Process, verb: string, words: readonly string[]): Gen<number> {
  const { net } = p.ns;
  const { cidr, exact, device, facts } = addressWords(words);
  const one = net.interfaces.get(device);
  if (one === undefined) throw new LinkError(`Cannot find device "${device}"`, 1);
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  const own = cidr.slice(0, cidr.indexOf("/") + 1);
  if (verb === "delete") {
    const found = exact
      ? one.addresses.find((other) => other === cidr)
      : one.addresses.find((other) => other.startsWith(own));
    // Who leaves the length out takes what there is.
    if (!exact && found !== undefined && found !== cidr) yield* sys.printError(p, WILDCARD(cidr));
    if (found === undefined) throw refused("Cannot assign requested address");
    take(net, one, found);
    return 0;
  }
  const there = one.addresses.includes(cidr);
  if (there && verb === "add") throw refused("File exists");
  if (!there && verb === "change") throw refused("No such file or directory");
  if (facts.scope === "nowhere") throw new LinkError("Error: ipv4: Invalid scope value.", 2);
  // Addresses of one network have one scope.
  const near = one.addresses.find((other) => other !== cidr && isSameNetwork(other, cidr));
  if (near !== undefined && (facts.scope ?? scopeOf(cidr)) !== (one.facts?.get(near)?.scope ?? scopeOf(near)))
    throw new LinkError("Error: ipv4: Invalid scope value.", 2);
  if (Object.keys(facts).length > 0) (one.facts ??= new Map()).set(cidr, facts);
  if (there) return 0;
  net.addAddress(device, cidr);
  if (one.kind !== undefined && one.up) connected(net, one);
  return 0;
}
