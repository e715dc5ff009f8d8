import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import { ensureDir, putFile, removeEntry } from "../../machine/runtime/files.ts";
import * as sys from "../../machine/sys.ts";
import type { NetNamespace } from "../../network/index.ts";
import { programNamed } from "./program-path.ts";

const HELP = `Usage:\tip netns list
\tip netns add NAME
\tip netns attach NAME PID
\tip netns set NAME NETNSID
\tip [-all] netns delete [NAME]
\tip netns identify [PID]
\tip netns pids NAME
\tip [-all] netns exec [NAME] cmd ...
\tip netns monitor
\tip netns list-id [target-nsid POSITIVE-INT] [nsid POSITIVE-INT]
NETNSID := auto | POSITIVE-INT
`;
const DIRECTORY = "/run/netns";

/** The namespaces that have names where this process lives: those of the machine, in none of its containers. */
function spaces(p: Process): ReadonlyMap<string, NetNamespace> {
  return p.ns.mnt === p.machine.ns.mnt ? p.machine.net.spaces : new Map();
}

/** A namespace by its name under /run/netns. */
export function spaceOf(p: Process, name: string): NetNamespace | undefined {
  return spaces(p).get(name);
}

/** `ip netns`: namespaces with names (iproute2 ip/ipnetns.c). */
export function* netns(p: Process, words: string[], all: boolean): Gen<number> {
  const [verb = "list", name, ...rest] = words;
  const is = (long: string) => long.startsWith(verb);
  if (verb === "help") {
    yield* sys.printError(p, HELP);
    return 255;
  }
  if (is("list") || verb === "show" || verb === "lst") return yield* list(p);
  const named = ["add", "delete", "exec", "pids", "set", "attach"].some((long) => is(long));
  if (named && name !== undefined && (["", ".", ".."].includes(name) || name.includes("/")) && !all)
    return yield* complain(p, `Invalid netns name "${name}"`, 255);
  if (is("add")) return yield* name === undefined ? lacking(p) : add(p, name);
  if (is("delete")) {
    if (!all) return yield* name === undefined ? lacking(p) : remove(p, name);
    for (const one of [...spaces(p).keys()]) yield* remove(p, one);
    return 0;
  }
  if (is("exec")) {
    if (all) {
      if (name === undefined) return yield* complain(p, "No command specified", 255);
      for (const [one, space] of [...spaces(p)].reverse()) {
        yield* sys.print(p, `\nnetns: ${one}\n`);
        yield* inside(p, space, [name, ...rest]);
      }
      return 0;
    }
    if (name === undefined) return yield* lacking(p);
    if (rest.length === 0) {
      yield* sys.printError(p, "No command specified\n");
      return 255;
    }
    return yield* execute(p, name, rest);
  }
  if (is("identify")) {
    if (name !== undefined && name !== "self" && !/^\d+$/.test(name))
      return yield* complain(p, `Specified string '${name}' is not a pid`, 1);
    const other = name === undefined || name === "self" ? p : p.machine.processes.get(Number(name));
    if (other === undefined) return yield* complain(p, NOWHERE, 1);
    const own = [...spaces(p)].filter(([, space]) => space === other.ns.net).map(([one]) => one);
    yield* sys.print(p, `${own.join("\n")}\n`);
    return 0;
  }
  if (is("pids")) {
    if (name === undefined) return yield* lacking(p);
    const space = spaceOf(p, name);
    if (space === undefined) return yield* complain(p, NOWHERE, 255);
    for (const one of p.machine.processes.values()) if (one.ns.net === space) yield* sys.print(p, `${one.pid}\n`);
    return 0;
  }
  if (is("set")) return yield* number(p, name, rest[0]);
  if (is("list-id")) return yield* listNumbers(p, name === undefined ? [] : [name, ...rest]);
  if (is("attach") && (name === undefined || rest[0] === undefined))
    return yield* complain(p, "No netns name and PID specified", 255);
  if (is("attach") && !/^\d+$/.test(rest[0]!)) return yield* complain(p, `Invalid PID: ${rest[0]}`, 255);
  if (is("attach") || is("monitor")) return 0;
  yield* sys.printError(p, `Command "${verb}" is unknown, try "ip netns help".\n`);
  return 255;
}

const NOWHERE = "Cannot open network namespace: No such file or directory";

function* complain(p: Process, text: string, status: number): Gen<number> {
  yield* sys.printError(p, `${text}\n`);
  return status;
}

function* lacking(p: Process): Gen<number> {
  yield* sys.printError(p, "No netns name specified\n");
  return 255;
}

function* unknown(p: Process, name: string): Gen<number> {
  yield* sys.printError(p, `Cannot open network namespace "${name}": No such file or directory\n`);
  return 255;
}

/** Numbers of namespaces in a namespace's eyes (nsid): those that were asked for, and those that the kernel gave. */
const numbers = new WeakMap<NetNamespace, Map<NetNamespace, number>>();

function leastFree(known: ReadonlyMap<NetNamespace, number>): number {
  const taken = new Set(known.values());
  let id = 0;
  while (taken.has(id)) id++;
  return id;
}

/** The same; a namespace that a device leads to has the least that is free. */
function numbersOf(p: Process): Map<NetNamespace, number> {
  const { net } = p.ns;
  let known = numbers.get(net);
  if (known === undefined) numbers.set(net, (known = new Map()));
  for (const space of spaces(p).values()) {
    const led = [...space.interfaces.values()].some(
      ({ peer }) => peer !== undefined && !peer.startsWith(`${net.name}//`),
    );
    if (led && !known.has(space)) known.set(space, leastFree(known));
  }
  return known;
}

/** The namespaces that have names, the oldest first; one that a device leads to, or led, has a number. */
export function namedSpaces(p: Process): { name: string; space: NetNamespace; id: number | undefined }[] {
  const known = numbersOf(p);
  return [...spaces(p)].map(([name, space]) => ({ name, space, id: known.get(space) }));
}

/** `set NAME NETNSID`. */
function* number(p: Process, name: string | undefined, id: string | undefined): Gen<number> {
  if (name === undefined) return yield* lacking(p);
  if (id === undefined) return yield* complain(p, "No nsid specified", 255);
  if (id !== "auto" && !/^\d+$/.test(id))
    return yield* complain(p, `Error: argument "${id}" is wrong: Invalid "netnsid" value\n`, 255);
  const space = spaceOf(p, name);
  if (space === undefined) return yield* unknown(p, name);
  if (p.cred.uid !== 0) return yield* complain(p, "RTNETLINK answers: Operation not permitted", 2);
  const known = numbersOf(p);
  if (known.has(space)) return yield* complain(p, "Error: Peer netns already has a nsid assigned.", 2);
  const wanted = id === "auto" ? leastFree(known) : Number(id);
  if ([...known.values()].includes(wanted)) return yield* complain(p, "RTNETLINK answers: No space left on device", 2);
  known.set(space, wanted);
  return 0;
}

/** `list-id`: namespaces that have numbers. */
function* listNumbers(p: Process, words: readonly string[]): Gen<number> {
  let only: number | undefined;
  for (let i = 0; i < words.length; i += 2) {
    if (words[i] === "nsid") only = Number(words[i + 1]);
    else if (words[i] !== "target-nsid") return yield* complain(p, HELP.trimEnd(), 255);
  }
  const names = new Map([...spaces(p)].map(([name, space]) => [space, name]));
  for (const [space, id] of [...numbersOf(p)].sort((x, y) => x[1] - y[1])) {
    if (only !== undefined && id !== only) continue;
    const name = names.get(space);
    yield* sys.print(p, `nsid ${id} ${name === undefined ? "" : `(iproute2 netns name: ${name})`}\n`);
  }
  return 0;
}

/** The youngest first. */
function* list(p: Process): Gen<number> {
  const lines = namedSpaces(p).map(({ name, id }) => `${name}${id === undefined ? "" : ` (id: ${id})`}\n`);
  yield* sys.print(p, lines.reverse().join(""));
  return 0;
}

function* add(p: Process, name: string): Gen<number> {
  const { machine } = p;
  if (p.cred.uid !== 0) {
    const there = sys.find(p, DIRECTORY) !== undefined;
    const what = there ? `Cannot create namespace file "${DIRECTORY}/${name}"` : `mkdir ${DIRECTORY} failed`;
    yield* sys.printError(p, `${what}: Permission denied\n`);
    return 1;
  }
  if (machine.net.spaces.has(name)) {
    yield* sys.printError(p, `Cannot create namespace file "${DIRECTORY}/${name}": File exists\n`);
    return 1;
  }
  const space = machine.network.namespace(`${machine.hostname} ${name}`, machine.net);
  space.handmade = true;
  machine.network.handmade++;
  const loop = space.interfaces.get("lo")!;
  loop.up = false;
  loop.addresses = [];
  machine.net.spaces.set(name, space);
  putFile(machine, ensureDir(machine, DIRECTORY), name, "", 0o444);
  return 0;
}

function* remove(p: Process, name: string): Gen<number> {
  const { machine } = p;
  const space = spaceOf(p, name);
  if (space === undefined || p.cred.uid !== 0) {
    const why = space === undefined ? "No such file or directory" : "Operation not permitted";
    yield* sys.printError(p, `Cannot remove namespace file "${DIRECTORY}/${name}": ${why}\n`);
    return 1;
  }
  machine.net.spaces.delete(name);
  removeEntry(machine, ensureDir(machine, DIRECTORY), name);
  const used = [...machine.processes.values()].some(({ ns }) => ns.net === space);
  // A Pod's namespace lives on in its processes; one that nobody is in goes with its devices.
  if (used || !space.handmade) return 0;
  for (const device of [...space.interfaces.values()]) {
    for (const cidr of [...device.addresses]) space.removeAddress(device.name, cidr);
    const slash = device.peer?.lastIndexOf("/") ?? -1;
    const other =
      slash < 0
        ? undefined
        : [machine.net, ...machine.net.spaces.values()].find(({ name: own }) => own === device.peer!.slice(0, slash));
    other?.interfaces.delete(device.peer!.slice(slash + 1));
  }
  return 0;
}

function* execute(p: Process, name: string, command: readonly string[]): Gen<number> {
  const space = spaceOf(p, name);
  if (space === undefined) return yield* unknown(p, name);
  if (p.cred.uid !== 0) {
    yield* sys.printError(p, `setting the network namespace "${name}" failed: Operation not permitted\n`);
    return 255;
  }
  return yield* inside(p, space, command);
}

function* inside(p: Process, net: NetNamespace, command: readonly string[]): Gen<number> {
  p.ns = { ...p.ns, net };
  const path = programNamed(p, command[0]!);
  const fail = (why: string) => sys.printError(p, `exec of "${command[0]}" failed: ${why}\n`);
  if (path === undefined) {
    yield* fail("No such file or directory");
    return 255;
  }
  try {
    return yield* sys.exec(p, path, [...command]);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* fail(error.message);
    return 255;
  }
}
