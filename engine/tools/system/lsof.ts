/** lsof(8): the files and sockets that processes have open. */
import { describeFile } from "../../machine/base/proc-pid.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import { normalize } from "../../machine/path.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByName, userName } from "../../machine/users.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { portNamed, portNumber } from "../packets/services.ts";
import { Fatal, Tool } from "../tool.ts";
import { type Seen, seenBy } from "./process-view.ts";
import { connections } from "./sockets.ts";

const USAGE = `lsof 4.95.0
 latest revision: https://github.com/lsof-org/lsof
 latest FAQ: https://github.com/lsof-org/lsof/blob/master/00FAQ
 latest (non-formatted) man page: https://github.com/lsof-org/lsof/blob/master/Lsof.8
 usage: [-?abhKlnNoOPRtUvVX] [+|-c c] [+|-d s] [+D D] [+|-E] [+|-e s] [+|-f[gG]]
 [-F [f]] [-g [s]] [-i [i]] [+|-L [l]] [+m [m]] [+|-M] [-o [o]] [-p s]
 [+|-r [t]] [-s [p:s]] [-S [t]] [-T [t]] [-u s] [+|-w] [-x [fl]] [--] [names]
Use the \`\`-h'' option to get more help information.
`;

/** One open file of a process. */
interface Opened {
  seen: Seen;
  user: string;
  /** A number, or cwd and txt. */
  fd: string;
  mode: string;
  type: string;
  device: string;
  size: string;
  node: string;
  name: string;
  socket?: { protocol: string; state: string; local: string; port: number; peer: string; peerPort: number };
}

const STATES = [
  "CLOSED",
  "LISTEN",
  "SYN_SENT",
  "SYN_RECEIVED",
  "ESTABLISHED",
  "CLOSE_WAIT",
  "FIN_WAIT1",
  "CLOSING",
  "LAST_ACK",
  "FIN_WAIT2",
  "TIME_WAIT",
  "IDLE",
  "BOUND",
];

/** `-i :6443` and `-s TCP:LISTEN`: the word behind belongs to the letter. */
function joined(args: readonly string[]): string[] {
  const out: string[] = [];
  for (const arg of args) {
    const before = out.at(-1) ?? "";
    const isAddress = /^-[a-zA-Z]*i$/.test(before) && /^[^-+]/.test(arg);
    const isState = /^-[a-zA-Z]*s$/.test(before) && /^(?:tcp|udp):/i.test(arg);
    if (isAddress || isState) out[out.length - 1] += arg;
    else out.push(arg);
  }
  return out;
}

export const lsof: Program = function* (p) {
  const t = new Tool(p, "lsof");
  const args = joined(p.argv.slice(1));
  // `+D DIR` and `+d DIR` begin with a plus.
  const trees: { path: string; deep: boolean }[] = [];
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const plus = /^\+([dD])(.*)$/.exec(args[i]!);
    if (plus === null) {
      if (!/^\+[a-zA-Z]/.test(args[i]!)) rest.push(args[i]!);
      continue;
    }
    trees.push({ path: plus[2] || (args[++i] ?? ""), deep: plus[1] === "D" });
  }
  try {
    const o = parseOptions(rest, { short: "p:i::u:c:d:s::tnPaUlRF::wbKNOoVXhvg::r::S::T::x::", standard: false });
    if (o.has("h")) {
      yield* sys.printError(p, USAGE);
      return 0;
    }
    if (o.has("v")) {
      yield* sys.printError(p, "lsof version information:\n    revision: 4.95.0\n");
      return 0;
    }
    const shown = selected(t, o, trees);
    for (const name of o.operands)
      if (sys.find(p, name) === undefined) yield* t.error(`status error on ${name}: No such file or directory`, 1);
    print(t, o, shown);
    yield* t.out.flush();
    return shown.length > 0 ? t.status : 1;
  } catch (error) {
    if (!(error instanceof Fatal) && !(error instanceof OptionError)) throw error;
    const message =
      error instanceof OptionError ? `illegal option character: ${error.message.slice(-2, -1)}` : error.message;
    yield* sys.printError(p, `lsof: ${message}\n${USAGE}`);
    return 1;
  }
};

/** What the options choose: any of them suffices, with -a all must hold. */
function selected({ p }: Tool, o: ParsedOptions, trees: readonly { path: string; deep: boolean }[]): Opened[] {
  const tests: ((one: Opened) => boolean)[] = [];
  const listed = (key: string) => o.values(key).flatMap((value) => value.split(","));
  const choose = (key: string, matches: (word: string, one: Opened) => boolean) => {
    const words = listed(key);
    if (words.length === 0) return;
    const not = words.filter((word) => word.startsWith("^")).map((word) => word.slice(1));
    const only = words.filter((word) => !word.startsWith("^"));
    if (not.length > 0) banned.push((one) => not.some((word) => matches(word, one)));
    if (only.length > 0) tests.push((one) => only.some((word) => matches(word, one)));
  };
  const banned: ((one: Opened) => boolean)[] = [];
  choose("p", (word, { seen }) => seen.pid === Number(word));
  for (const word of listed("u")) {
    const name = word.replace(/^\^/, "");
    if (!/^\d+$/.test(name) && userByName(p.ns.mnt, name) === undefined) throw new Fatal(`can't get UID for ${name}`);
  }
  choose("u", (word, { seen, user }) => user === word || String(seen.process.cred.uid) === word);
  choose("c", (word, { seen }) => seen.process.comm.startsWith(word.replace(/^\/(.*)\/$/, "$1")));
  choose("d", (word, { fd }) => {
    const range = /^(\d+)-(\d+)$/.exec(word);
    return range === null ? fd === word : Number(fd) >= Number(range[1]) && Number(fd) <= Number(range[2]);
  });
  const addresses = o.list.filter(({ key }) => key === "i").map(({ value }) => addressTest(value ?? ""));
  if (addresses.length > 0) tests.push((one) => addresses.some((test) => test(one)));
  if (o.has("U")) tests.push(({ type }) => type === "unix");
  const paths = new Set(o.operands.map((name) => normalize(p.cwd, name)));
  if (paths.size > 0) tests.push(({ name }) => paths.has(name));
  for (const { path, deep } of trees) {
    const whole = normalize(p.cwd, path);
    const below = `${whole.replace(/\/$/, "")}/`;
    tests.push(
      ({ name }) => name === whole || (name.startsWith(below) && (deep || !name.slice(below.length).includes("/"))),
    );
  }
  for (const value of o.values("s").filter((one) => one !== "")) banned.push(stateBan(value));
  const fits = (one: Opened) =>
    tests.length === 0 || (o.has("a") ? tests.every((test) => test(one)) : tests.some((test) => test(one)));
  const speaking = p.ns.net === p.machine.ns.net ? connections(p, true, false) : [];
  return seenBy(p)
    .filter(({ process }) => p.cred.uid === 0 || process.cred.uid === p.cred.uid)
    .flatMap((seen) => filesOf(p, seen, speaking, o.has("P"), o.has("l")))
    .filter((one) => fits(one) && !banned.some((bans) => bans(one)));
}

/** `[46][protocol][@host][:ports]` of -i. */
function addressTest(text: string): (one: Opened) => boolean {
  const match = /^([46])?([a-zA-Z]*)(?:@([^:]*))?(?::(.+))?$/.exec(text);
  if (match === null) throw new Fatal(`unacceptable Internet address in: -i ${text}`);
  const [, version, protocol, host, ports] = match;
  if (protocol && !/^(?:tcp|udp|udplite)$/i.test(protocol))
    throw new Fatal(`unknown protocol name (${protocol}) in: -i ${text}`);
  const wanted = ports?.split(",").map((word): [number, number] => {
    const range = /^(\d+)-(\d+)$/.exec(word);
    if (range !== null) return [Number(range[1]), Number(range[2])];
    const port = /^\d+$/.test(word) ? Number(word) : portNumber(word);
    if (port === undefined) throw new Fatal(`unknown service ${word} in: -i ${text}`);
    return [port, port];
  });
  return ({ socket }) =>
    socket !== undefined &&
    version !== "6" &&
    (!protocol || socket.protocol === protocol.toUpperCase()) &&
    (!host || host === socket.local || host === socket.peer) &&
    (wanted === undefined ||
      wanted.some(([from, to]) => [socket.port, socket.peerPort].some((port) => port >= from && port <= to)));
}

/** `TCP:LISTEN,^ESTABLISHED` of -s: sockets of the protocol in other states are left out. */
function stateBan(text: string): (one: Opened) => boolean {
  const [protocol = "", list = ""] = text.split(":");
  const words = list.split(",").map((word) => word.toUpperCase());
  for (const word of words)
    if (!STATES.includes(word.replace(/^\^/, "")))
      throw new Fatal(`unknown ${protocol.toUpperCase()} state name: ${word.replace(/^\^/, "")}`);
  const not = words.filter((word) => word.startsWith("^")).map((word) => word.slice(1));
  const only = words.filter((word) => !word.startsWith("^"));
  return ({ socket }) =>
    socket !== undefined &&
    socket.protocol === protocol.toUpperCase() &&
    (not.includes(socket.state) || (only.length > 0 && !only.includes(socket.state)));
}

function filesOf(
  p: Process,
  seen: Seen,
  speaking: ReturnType<typeof connections>,
  numeric: boolean,
  ids: boolean,
): Opened[] {
  const { process, pid } = seen;
  const user = ids ? String(process.cred.uid) : userName(p.ns.mnt, process.cred.uid);
  const out: Opened[] = [];
  const add = (fd: string, mode: string, type: string, size: string, node: string, name: string, device = "254,1") =>
    out.push({ seen, user, fd, mode, type, device, size, node, name });
  add("cwd", " ", "DIR", "4096", String(numberOf(process.cwd)), process.cwd);
  add("rtd", " ", "DIR", "4096", "2", "/");
  if (process.exe !== "") add("txt", " ", "REG", "0", String(numberOf(process.exe)), process.exe);
  for (const [fd, file] of [...process.fds].sort(([a], [b]) => a - b)) {
    const name = describeFile(file, pid * 64 + fd);
    const mode = file.readable && file.writable ? "u" : file.writable ? "w" : "r";
    const { node } = file;
    const size = node?.kind === "file" ? String(node.content.size()) : "0t0";
    const device = file.tty
      ? `136,${file.tty.name.slice(9)}`
      : node?.kind === "char"
        ? "1,3"
        : file.pipe
          ? "0,14"
          : "254,1";
    add(String(fd), mode, kindOf(file), size, String(numberOf(name)), name, device);
  }
  // A socket's number is not kept: they come behind the files.
  let next = Math.max(2, ...process.fds.keys()) + 1;
  const socket = (protocol: string, state: string, local: string, port: number, peer: string, peerPort: number) => {
    const name = (address: string, number: number) =>
      `${address === "0.0.0.0" ? "*" : address}:${numeric ? number : (portNamed(number, protocol === "UDP" ? "udp" : "tcp") ?? number)}`;
    const text = `${name(local, port)}${peer === "" ? "" : `->${name(peer, peerPort)}`}${protocol === "TCP" ? ` (${state})` : ""}`;
    add(String(next++), "u", "IPv4", "0t0", protocol, text, String(20_000 + port));
    out.at(-1)!.socket = { protocol, state, local, port, peer, peerPort };
  };
  for (const one of process.ns.net.listening())
    if (one.pid === process.pid) socket(one.protocol.toUpperCase(), "LISTEN", one.address, one.port, "", 0);
  for (const one of speaking)
    if (one.pid === process.pid && one.state === "ESTAB")
      socket("TCP", "ESTABLISHED", one.local, one.sport, one.peer, one.dport);
  return out;
}

function kindOf(file: OpenFile): string {
  if (file.tty || file.node?.kind === "char") return "CHR";
  if (file.pipe) return "FIFO";
  if (file.node?.kind === "dir") return "DIR";
  return file.node ? "REG" : "unix";
}

/** A number for the NODE column: the engine's own inode numbers are no part of a session. */
function numberOf(path: string): number {
  let hash = 7;
  for (let i = 0; i < path.length; i++) hash = (hash * 31 + path.charCodeAt(i)) % 900_000;
  return hash + 1_000;
}

function print(t: Tool, o: ParsedOptions, shown: readonly Opened[]): void {
  if (shown.length === 0) return;
  if (o.has("t")) {
    for (const pid of new Set(shown.map(({ seen }) => seen.pid))) t.out.add(`${pid}\n`);
    return;
  }
  if (o.has("F")) {
    fields(t, shown, o.value("F") ?? "");
    return;
  }
  const parents = o.has("R");
  const rows = shown.map(({ seen, user, fd, type, device, size, node, name }) => [
    seen.process.comm.slice(0, 9),
    String(seen.pid),
    ...(parents ? [String(seen.ppid)] : []),
    user,
    fd,
    type,
    device,
    size,
    node,
    name,
  ]);
  const titles = [
    "COMMAND",
    "PID",
    ...(parents ? ["PPID"] : []),
    "USER",
    "FD",
    "TYPE",
    "DEVICE",
    "SIZE/OFF",
    "NODE",
    "NAME",
  ];
  const at = titles.indexOf("FD");
  const widths = titles.map((title, i) => Math.max(i === at ? 0 : title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[], fd: string) =>
    `${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]!) : i === at ? fd : i === cells.length - 1 ? cell : cell.padStart(widths[i]!))).join(" ")}\n`;
  t.out.add(line(titles, `${"FD".padStart(widths[at]!)}  `));
  rows.forEach((row, i) => {
    t.out.add(line(row, `${row[at]!.padStart(widths[at]!)}${shown[i]!.mode} `));
  });
}

/** -F: a line for each field, the process's first; letters choose which. */
function fields(t: Tool, shown: readonly Opened[], letters: string): void {
  const wanted = (letter: string) => letters === "" || letters.includes(letter);
  let last: number | undefined;
  for (const { seen, user, fd, type, mode, name, socket } of shown) {
    if (seen.pid !== last) {
      t.out.add(`p${seen.pid}\n`);
      if (wanted("R")) t.out.add(`R${seen.ppid}\n`);
      if (wanted("c")) t.out.add(`c${seen.process.comm}\n`);
      if (wanted("u")) t.out.add(`u${seen.process.cred.uid}\n`);
      if (wanted("L")) t.out.add(`L${user}\n`);
      last = seen.pid;
    }
    t.out.add(`f${fd}\n`);
    if (wanted("a")) t.out.add(`a${mode}\n`);
    if (wanted("t")) t.out.add(`t${type}\n`);
    if (wanted("P") && socket) t.out.add(`P${socket.protocol}\n`);
    if (wanted("n")) t.out.add(`n${name.replace(/ \([A-Z_]+\)$/, "")}\n`);
  }
}
