import { type Gen, MS, SECOND, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByUid } from "../../machine/users.ts";
import { isNetError, type Socket } from "../../network/index.ts";
import { lookupError, resolveHost } from "../../network/resolver.ts";
import { globRegex } from "../../text/glob.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { ConfigError, type Settings, settingsFor } from "./ssh-config.ts";
import { commandSocket, portForward, targetOf } from "./ssh-forward.ts";
import { agentOf, isTooOpen, publicLineAt } from "./ssh-identity.ts";
import { configText, secondsOf } from "./ssh-print.ts";
import type { OpenRequest } from "./ssh-protocol.ts";
import { type Conversation, converse, type Destination, type Forwards, inBackground } from "./ssh-session.ts";

export const SSH_OPTIONS = {
  short: "+1246AaCfGgKkMNnqsTtVvXxYyB:b:c:D:E:e:F:I:i:J:L:l:m:O:o:p:Q:R:S:W:w:",
  standard: false,
} as const;

const USAGE = `usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface]
           [-b bind_address] [-c cipher_spec] [-D [bind_address:]port]
           [-E log_file] [-e escape_char] [-F configfile] [-I pkcs11]
           [-i identity_file] [-J [user@]host[:port]] [-L address]
           [-l login_name] [-m mac_spec] [-O ctl_cmd] [-o option] [-p port]
           [-Q query_option] [-R address] [-S ctl_path] [-W host:port]
           [-w local_tun[:remote_tun]] destination [command [argument ...]]
`;

function destination(
  me: string,
  user: string | undefined,
  host: string,
  o: ParsedOptions,
  settings: Settings,
): Destination {
  const one = (key: string) => settings.get(key)?.[0];
  const timeout = one("connecttimeout");
  return {
    user: user ?? o.value("l") ?? one("user") ?? me,
    host: one("hostname")?.replaceAll("%h", host) ?? host,
    port: Number(o.value("p") ?? one("port") ?? 22),
    timeout: timeout === undefined ? undefined : (secondsOf(timeout) ?? 0) * SECOND || undefined,
  };
}

/** Connects to the sshd there; a string is the message of the failure. */
export function* dial(p: Process, to: Destination): Gen<Socket | string> {
  const found = yield* resolveHost(p, to.host);
  if (!found.ok) return `ssh: Could not resolve hostname ${to.host}: ${lookupError(found.why)}`;
  const { network } = p.machine;
  try {
    const connection = yield* network.connect(
      p.ns.net,
      found.addresses[0]!,
      to.port,
      to.timeout === undefined ? {} : { timeout: to.timeout },
    );
    if (connection.listener.program !== "sshd") {
      yield* sleep(20 * MS);
      return `kex_exchange_identification: Connection closed by remote host\nConnection closed by ${found.addresses[0]} port ${to.port}`;
    }
    yield* sleep(60 * MS);
    return connection.stream();
  } catch (error) {
    if (!isNetError(error)) throw error;
    if (error.code === "EOF") {
      return `kex_exchange_identification: Connection closed by remote host\nConnection closed by ${to.host} port ${to.port}`;
    }
    return `ssh: connect to host ${to.host} port ${to.port}: ${REASONS[error.code] ?? error.message}`;
  }
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "Connection refused",
  ETIMEDOUT: "Connection timed out",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ECONNRESET: "Connection reset by peer",
};

/** Public keys that are offered: of the files that -i and IdentityFile name, or of the usual ones where they name none. */
function* publicKeys(p: Process, o: ParsedOptions, settings: Settings): Gen<string[]> {
  const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? p.env.get("HOME") ?? "/";
  const named: string[] = [];
  for (const path of o.values("i")) {
    if (sys.find(p, path) !== undefined) named.push(path);
    else yield* sys.printError(p, `Warning: Identity file ${path} not accessible: No such file or directory.\n`);
  }
  for (const path of settings.get("identityfile") ?? []) named.push(path.replace(/^~(?=\/)|%d/, home));
  const usual = ["id_rsa", "id_ecdsa", "id_ed25519"].map((name) => `${home}/.ssh/${name}`);
  const keys = settings.get("identitiesonly")?.[0] === "yes" ? [] : (agentOf(p)?.map(({ line }) => line) ?? []);
  for (const path of named.length > 0 ? named : usual) {
    const node = sys.find(p, path);
    if (node?.kind !== "file") continue;
    if (yield* isTooOpen(p, path, node)) {
      yield* sys.printError(p, `Load key "${path}": bad permissions\n`);
      continue;
    }
    const line = publicLineAt(p, path);
    if (line !== "") keys.push(line);
  }
  return keys;
}

/** ssh(1): a shell on another machine, or one command there. */
export const ssh: Program = (p) => run(p);

/** The same for programs that work through it: told by which channel they do once the other side has let them in. */
export function sshThrough(onAccepted: (channel: number) => void): Program {
  return (p) => run(p, onAccepted);
}

function* run(p: Process, onAccepted?: (channel: number) => void): Gen<number> {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), SSH_OPTIONS);
    if (o.operands.length > 0) o = again(o);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(
      p,
      `${error.message.replace(/^invalid option -- '(.)'$/, "unknown option -- $1").replace(/'(.)'$/, "$1")}\n${USAGE}`,
    );
    return 255;
  }
  if (o.has("V")) {
    yield* sys.printError(p, "OpenSSH_9.2p1 Debian-2+deb12u5, OpenSSL 3.0.15 3 Sep 2024\n");
    return 0;
  }
  const port = o.value("p");
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) > 0 && Number(port) < 65_536)) {
    yield* sys.printError(p, `Bad port '${port}'\n`);
    return 255;
  }
  if (o.value("J") !== undefined && o.value("J")!.split(",").includes("")) {
    yield* sys.printError(p, "Invalid -J argument\n");
    return 255;
  }
  const [where, ...words] = o.operands;
  if (where === undefined) {
    yield* sys.printError(p, USAGE);
    return 255;
  }
  const me = userByUid(p.ns.mnt, p.cred.uid)?.name ?? "root";
  const url = /^ssh:\/\/(.*)$/.exec(where)?.[1] ?? where;
  const [, userGiven, host = "", urlPort] = /^(?:(.*)@)?(.*?)(?::(\d+))?$/.exec(url)!;
  const named = where === url && urlPort !== undefined ? `${host}:${urlPort}` : host;
  let settings: Settings;
  try {
    settings = yield* settingsFor(p, named, userGiven ?? o.value("l") ?? me, o.values("o"), o.value("F"));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return 255;
  }
  const to = destination(me, userGiven, named, o, settings);
  if (where !== url && urlPort !== undefined) to.port = Number(urlPort);
  const forwarded = forwardsOf(o, settings);
  if (typeof forwarded === "string") {
    yield* sys.printError(p, `${forwarded}\n`);
    return 255;
  }
  if (o.has("G")) {
    const all = new Map([...settings].map(([key, values]) => [key, [...values]]));
    const add = (key: string, values: readonly string[]) => {
      if (values.length > 0) all.set(key, [...values, ...(all.get(key) ?? [])]);
    };
    add("localforward", o.values("L"));
    add("remoteforward", o.values("R"));
    add("dynamicforward", o.values("D"));
    add(
      "identityfile",
      o.values("i").filter((path) => sys.find(p, path) !== undefined),
    );
    if (o.value("J") !== undefined) all.set("proxyjump", [o.value("J")!]);
    const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? "/";
    yield* sys.print(p, configText({ host: named, user: to.user, hostname: to.host, port: to.port }, all, home));
    return 0;
  }
  const keys = yield* publicKeys(p, o, settings);
  const proxy = proxyOf(o, settings, to, named);
  const socket = proxy === undefined ? yield* dial(p, to) : yield* commandSocket(p, proxy);
  if (typeof socket === "string") {
    yield* sys.printError(p, `${socket}\n`);
    return 255;
  }
  const local = p.fds.get(0)?.tty;
  const idle = o.has("N") || settings.get("sessiontype")?.[0] === "none";
  const command = words.length > 0 ? words.join(" ") : settings.get("remotecommand")?.[0];
  const forced = o.values("t").length + ["yes", "force"].indexOf(settings.get("requesttty")?.[0] ?? "") + 1;
  const wantsTty = !o.has("T") && (forced > 1 || (local !== undefined && (command === undefined || forced === 1)));
  const request: OpenRequest = { user: to.user, keys, ...(command === undefined ? {} : { command }) };
  const forward = o.value("W") === undefined ? undefined : targetOf(o.value("W")!);
  if (forward !== undefined) request.forward = forward;
  else if (o.has("s") && command !== undefined) request.subsystem = command;
  else if (idle) request.idle = true;
  else if (command === undefined && local === undefined && forced < 2 && !o.has("T"))
    yield* sys.printError(p, "Pseudo-terminal will not be allocated because stdin is not a terminal.\n");
  const env = environmentFor(p, settings);
  if (env !== undefined) request.env = env;
  if (wantsTty && !idle && !o.has("s") && forward === undefined) {
    request.tty = { columns: local?.columns ?? 80, rows: local?.rows ?? 24, term: p.env.get("TERM") ?? "dumb" };
  }
  const options: Conversation = {
    quiet: o.has("q") || /^quiet$/i.test(settings.get("loglevel")?.[0] ?? ""),
    noInput: o.has("n", "f") || idle || settings.get("stdinnull")?.[0] === "yes",
    behindProxy: proxy !== undefined,
    forwards: forwarded,
    ...(onAccepted === undefined ? {} : { onAccepted }),
    strict: settings.get("exitonforwardfailure")?.[0] === "yes",
  };
  return yield* o.has("f") ? inBackground(p, socket, request, to, options) : converse(p, socket, request, to, options);
}

/** -L and -R, of the command line and of files; a text complains. */
function forwardsOf(o: ParsedOptions, settings: Settings): Forwards | string {
  const out: Forwards = { local: [], remote: [] };
  for (const [key, keyword, list] of [
    ["L", "localforward", out.local],
    ["R", "remoteforward", out.remote],
  ] as const)
    for (const text of [...o.values(key), ...(settings.get(keyword) ?? [])]) {
      const gateway = o.has("g") || settings.get("gatewayports")?.[0] === "yes";
      const one = portForward(text, key === "L" && gateway);
      if (one === undefined) return `Bad ${key === "L" ? "local" : "remote"} forwarding specification '${text}'`;
      list.push(one);
    }
  for (const text of o.values("D"))
    if (!/^(.*:)?\d+$/.test(text)) return `Bad dynamic forwarding specification '${text}'`;
  const wanted = o.value("W");
  return wanted !== undefined && targetOf(wanted) === undefined
    ? `Bad stdio forwarding specification '${wanted}'`
    : out;
}

/** The command that carries the connection: ProxyCommand, or of -J and ProxyJump an ssh on the last of these hosts. */
function proxyOf(o: ParsedOptions, settings: Settings, to: Destination, host: string): string | undefined {
  const jump = o.value("J") ?? settings.get("proxyjump")?.[0];
  const given = settings.get("proxycommand")?.[0];
  const expand = (text: string) =>
    text.replace(/%([%hnpr])/g, (_, letter: string) =>
      letter === "%"
        ? "%"
        : letter === "h"
          ? to.host
          : letter === "n"
            ? host
            : letter === "p"
              ? String(to.port)
              : to.user,
    );
  if (jump === undefined || (o.value("J") === undefined && given !== undefined))
    return given === undefined || given === "none" ? undefined : expand(given);
  if (jump === "none") return undefined;
  const hops = jump.split(",");
  const [, user, name = "", port] = /^(?:ssh:\/\/)?(?:(.*)@)?\[?(.*?)\]?(?::(\d+))?$/.exec(hops.pop()!)!;
  // A pattern that is for every host is for the one on the way as well.
  if (name === host && Number(port ?? to.port) === to.port && (user ?? to.user) === to.user) return undefined;
  const words = [
    "ssh",
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", port]),
    ...(hops.length === 0 ? [] : ["-J", hops.join(",")]),
    ...(o.value("F") === undefined ? [] : ["-F", o.value("F")!]),
  ];
  return `${words.join(" ")} -W '${expand("[%h]:%p")}' ${name}`;
}

/** Variables that go along (SendEnv, SetEnv), as far as Debian's sshd takes them. */
function environmentFor(p: Process, settings: Settings): Record<string, string> | undefined {
  const env: Record<string, string> = {};
  const accepted = (name: string) => name === "LANG" || name.startsWith("LC_");
  for (const patterns of settings.get("sendenv") ?? [])
    for (const pattern of patterns.split(/\s+/))
      for (const [name, value] of p.env) if (accepted(name) && globRegex(pattern).test(name)) env[name] = value;
  for (const text of settings.get("setenv") ?? [])
    for (const [, name = "", value = ""] of text.matchAll(/([^\s=]+)=("[^"]*"|\S*)/g))
      if (accepted(name)) env[name] = value.replace(/^"(.*)"$/, "$1");
  return Object.keys(env).length === 0 ? undefined : env;
}

/** Options may also follow the destination, before the command. */
function again(o: ParsedOptions): ParsedOptions {
  const [where, ...rest] = o.operands;
  if (!rest[0]?.startsWith("-")) return o;
  const more = parseOptions(rest, SSH_OPTIONS);
  const list = [...o.list, ...more.list];
  const merged = parseOptions([where!, ...more.operands], { short: "+", standard: false });
  return Object.assign(Object.create(Object.getPrototypeOf(merged)), {
    list,
    operands: merged.operands,
  }) as ParsedOptions;
}
