import { type Gen, MS, SECOND, sleep, type Task } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByUid } from "../../machine/users.ts";
import { isNetError, type Socket } from "../../network/index.ts";
import { lookupError, resolveHost } from "../../network/resolver.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { ConfigError, type Settings, settingsFor } from "./ssh-config.ts";
import { agentOf, isTooOpen, publicLineAt } from "./ssh-identity.ts";
import { type ExitReport, FrameReader, frame, json, type OpenRequest } from "./ssh-protocol.ts";

export const SSH_OPTIONS = {
  short: "+1246AaCfGgKkMNnqsTtVvXxYyB:b:c:D:E:e:F:I:i:J:L:l:m:O:o:P:p:Q:R:S:W:w:",
  standard: false,
} as const;

const USAGE = `usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface] [-b bind_address]
           [-c cipher_spec] [-D [bind_address:]port] [-E log_file]
           [-e escape_char] [-F configfile] [-I pkcs11] [-i identity_file]
           [-J destination] [-L address] [-l login_name] [-m mac_spec]
           [-O ctl_cmd] [-o option] [-P tag] [-p port] [-R address]
           [-S ctl_path] [-W host:port] [-w local_tun[:remote_tun]]
           destination [command [argument ...]]
       ssh [-Q query_option]
`;

/** Where to and as whom. */
export interface Destination {
  user: string;
  host: string;
  port: number;
  timeout: number | undefined;
}

function destination(me: string, user: string | undefined, host: string, o: ParsedOptions, settings: Settings) {
  const one = (key: string) => settings.get(key)?.[0];
  const timeout = one("connecttimeout");
  return {
    user: user ?? o.value("l") ?? one("user") ?? me,
    host: one("hostname")?.replaceAll("%h", host) ?? host,
    port: Number(o.value("p") ?? one("port") ?? 22),
    timeout: timeout === undefined ? undefined : Number(timeout) * SECOND,
  } satisfies Destination;
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
export const ssh: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), SSH_OPTIONS);
    if (o.operands.length > 0) o = again(o);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `${error.message.replace(/^invalid option -- '(.)'$/, "unknown option -- $1")}\n${USAGE}`);
    return 255;
  }
  if (o.has("V")) {
    yield* sys.printError(p, "OpenSSH_9.2p1 Debian-2+deb12u5, OpenSSL 3.0.15 3 Sep 2024\n");
    return 0;
  }
  const [where, ...words] = o.operands;
  if (where === undefined) {
    yield* sys.printError(p, USAGE);
    return 255;
  }
  const url = /^ssh:\/\/(.*)$/.exec(where)?.[1] ?? where;
  const at = url.lastIndexOf("@");
  const host = url.slice(at + 1);
  let settings: Settings;
  try {
    settings = settingsFor(p, host, o.values("o"), o.value("F"));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return 255;
  }
  const me = userByUid(p.ns.mnt, p.cred.uid)?.name ?? "root";
  const to = destination(me, at >= 0 ? url.slice(0, at) : undefined, host, o, settings);
  const keys = yield* publicKeys(p, o, settings);
  const socket = yield* dial(p, to);
  if (typeof socket === "string") {
    yield* sys.printError(p, `${socket}\n`);
    return 255;
  }
  const local = p.fds.get(0)?.tty;
  const command = words.length > 0 ? words.join(" ") : settings.get("remotecommand")?.[0];
  const forced = o.values("t").length + ["yes", "force"].indexOf(settings.get("requesttty")?.[0] ?? "") + 1;
  const wantsTty = !o.has("T") && (forced > 1 || (local !== undefined && (command === undefined || forced === 1)));
  if (command === undefined && local === undefined && forced < 2 && !o.has("T")) {
    yield* sys.printError(p, "Pseudo-terminal will not be allocated because stdin is not a terminal.\n");
  }
  const request: OpenRequest = { user: to.user, keys, ...(command === undefined ? {} : { command }) };
  if (wantsTty) {
    request.tty = { columns: local?.columns ?? 80, rows: local?.rows ?? 24, term: p.env.get("TERM") ?? "dumb" };
  }
  return yield* converse(p, socket, request, to, {
    quiet: o.has("q") || /^quiet$/i.test(settings.get("loglevel")?.[0] ?? ""),
    noInput: o.has("n", "f"),
  });
};

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

/** Opens the session and carries bytes both ways until it ends. */
export function* converse(
  p: Process,
  socket: Socket,
  request: OpenRequest,
  to: Destination,
  options: { quiet?: boolean; noInput?: boolean } = {},
): Gen<number> {
  const reader = new FrameReader(socket);
  const local = p.fds.get(0)?.tty;
  const before = local?.termios;
  const raw = request.tty !== undefined && local !== undefined;
  let pump: Task | undefined;
  const say = function* (text: string): Gen {
    if (!options.quiet) yield* sys.printError(p, raw ? text.replace(/\n/g, "\r\n") : text);
  };
  try {
    socket.output.push(frame("open", request));
    if (raw) {
      local.termios = { icanon: false, echo: false, isig: false, icrnl: false, opost: false };
      p.dispositions.set("WINCH", "catch");
    }
    for (;;) {
      const got = yield* reader.next();
      if (got === "interrupted") {
        while (p.takeSignal() !== undefined);
        if (local) socket.output.push(frame("resize", { columns: local.columns, rows: local.rows }));
        continue;
      }
      if (got === undefined) {
        yield* say(`Connection to ${to.host} closed by remote host.\n`);
        if (raw) yield* say(`Connection to ${to.host} closed.\n`);
        return 255;
      }
      if (got.type === "refused") {
        yield* sys.printError(p, `${to.user}@${to.host}: Permission denied (publickey).\n`);
        return 255;
      }
      if (got.type === "accepted") {
        if (!options.noInput) pump = p.machine.kernel.spawn(`ssh input ${p.pid}`, sendInput(p, socket, raw));
        else socket.output.push(frame("eof"));
      } else if (got.type === "data") yield* sys.write(p, 1, got.bytes);
      else if (got.type === "error") yield* sys.write(p, 2, got.bytes);
      else if (got.type === "exit") {
        const end = json<ExitReport>(got.bytes);
        if (raw) yield* say(`Connection to ${to.host} closed.\n`);
        return end.code ?? 255;
      }
    }
  } finally {
    if (pump) p.machine.kernel.kill(pump);
    if (raw && before) local.termios = before;
    socket.close();
  }
}

const NEWLINES = [10, 13];
const TILDE = 126;
const DOT = 46;

/** Standard input to the other side; on a terminal `~.` after a newline leaves. */
function* sendInput(p: Process, socket: Socket, raw: boolean): Gen {
  const file = p.fds.get(0);
  let last = 10;
  let held = false;
  for (;;) {
    const bytes = file?.readable ? yield* file.read(16_384) : new Uint8Array(0);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) {
      socket.output.push(frame("eof"));
      return;
    }
    if (!raw) {
      socket.output.push(frame("data", bytes.slice()));
      continue;
    }
    const out: number[] = [];
    for (const byte of bytes) {
      if (held && byte === DOT) {
        p.machine.signal(p, "HUP");
        return;
      }
      if (held) out.push(TILDE);
      held = !held && byte === TILDE && NEWLINES.includes(last);
      if (!held) out.push(byte);
      last = byte;
    }
    if (out.length > 0) socket.output.push(frame("data", Uint8Array.from(out)));
  }
}
