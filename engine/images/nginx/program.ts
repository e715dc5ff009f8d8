import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { encode, type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { KERNEL_RELEASE } from "../../machine/base/proc.ts";
import { isErrno } from "../../machine/errno.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import { exitCode, type Process, type Program } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError, NetError } from "../../network/error.ts";
import { REQUEST_CPU } from "../servers/serving.ts";
import { type Config, ConfigError, readConfig, type Server } from "./config.ts";
import { failure, imageConfig, makeTempPaths, NGINX_UID, openLog, writePid } from "./files.ts";
import { errorDate, locationOf, logDate, plainOnTls, serve, withAdded } from "./http.ts";
import { findPeers, passOn } from "./proxy.ts";
import { asksTls, certificateFault, secured } from "./tls.ts";

const DEFAULT_WORKERS = 2;

/** The nginx binary: -v, -V, -t, -g, -s, -c, and the master process with its workers. */
export const nginxProgram: Program = function* (p: Process): Gen<number> {
  const options = parseArguments(p.argv.slice(1));
  const version = p.env.get("NGINX_VERSION") ?? "1.27.4";
  if (options.version) {
    yield* sys.printError(p, `nginx version: nginx/${version}\n`);
    return 0;
  }
  let config: Config;
  try {
    config = yield* wholeConfig(p, options.file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield* emergency(p, error.message, options.test ? options.file : undefined);
    return 1;
  }
  if (options.test) {
    yield* sys.printError(
      p,
      `nginx: the configuration file ${options.file} syntax is ok\n` +
        `nginx: configuration file ${options.file} test is successful\n`,
    );
    return 0;
  }
  if (options.signal !== undefined) return yield* sendSignal(p, options.signal, config.pid);
  if (!options.foreground) {
    sys.fork(p, (child) => master(child, config, version), { newSession: true });
    return 0;
  }
  return yield* master(p, config, version);
};

/** The configuration with what it needs of other files. Throws ConfigError. */
function* wholeConfig(p: Process, file?: string): Gen<Config> {
  const known = imageConfig(p, file);
  if (known !== undefined) return known;
  const config = readConfig(p, file);
  yield* findPeers(p, config);
  const fault = certificateFault(p, config);
  if (fault !== undefined) throw new ConfigError(fault);
  return config;
}

interface Options {
  version: boolean;
  test: boolean;
  foreground: boolean;
  signal: string | undefined;
  file: string;
}

function parseArguments(args: readonly string[]): Options {
  const out: Options = {
    version: false,
    test: false,
    foreground: false,
    signal: undefined,
    file: "/etc/nginx/nginx.conf",
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "-v" || arg === "-V") out.version = true;
    else if (arg === "-t") out.test = true;
    else if (arg === "-g") out.foreground = /daemon\s+off\s*;/.test(args[++i] ?? "");
    else if (arg === "-s") out.signal = args[++i];
    else if (arg === "-c") out.file = args[++i] ?? out.file;
  }
  return out;
}

function* complaint(p: Process, level: "emerg" | "warn", message: string): Gen<void> {
  const prefix = `${errorDate(p.machine.kernel.wallMs)} [${level}] ${p.nsPid}#${p.nsPid}: `;
  yield* sys.printError(p, `${prefix}${message}\nnginx: [${level}] ${message}\n`);
}

function* emergency(p: Process, message: string, tested?: string): Gen<void> {
  yield* complaint(p, "emerg", message);
  if (tested !== undefined) yield* sys.printError(p, `nginx: configuration file ${tested} test failed\n`);
}

function* sendSignal(p: Process, name: string, pidFile: string): Gen<number> {
  const signals: Record<string, Signal> = { stop: "TERM", quit: "QUIT", reload: "HUP", reopen: "USR1" };
  const signal = signals[name];
  if (signal === undefined) {
    yield* sys.printError(p, `nginx: invalid option: "-s ${name}"\n`);
    return 1;
  }
  try {
    const pid = Number.parseInt(sys.readText(p, pidFile), 10);
    sys.kill(p, pid, signal);
    return 0;
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* emergency(p, failure("open()", pidFile, error));
    return 1;
  }
}

class Master {
  readonly p: Process;
  readonly version: string;
  config: Config;
  private access: OpenFile | undefined;
  private errors: OpenFile | undefined;
  private closers: (() => void)[] = [];
  readonly workers = new Set<Process>();

  constructor(p: Process, config: Config, version: string) {
    this.p = p;
    this.config = config;
    this.version = version;
    this.openLogs();
  }

  openLogs(): void {
    this.access = openLog(this.p, this.config.accessLog);
    this.errors = openLog(this.p, this.config.errorLog);
  }

  *note(level: string, message: string, from: Process = this.p): Gen<void> {
    const at = errorDate(this.p.machine.kernel.wallMs);
    yield* this.write(this.errors, `${at} [${level}] ${from.nsPid}#${from.nsPid}: ${message}\n`);
  }

  /** Notices at one time. */
  *notes(messages: readonly string[]): Gen<void> {
    const { nsPid } = this.p;
    const head = `${errorDate(this.p.machine.kernel.wallMs)} [notice] ${nsPid}#${nsPid}: `;
    if (this.errors?.lines) yield* this.write(this.errors, messages.map((message) => `${head}${message}\n`).join(""));
    else for (const message of messages) yield* this.write(this.errors, `${head}${message}\n`);
  }

  private *write(file: OpenFile | undefined, text: string): Gen<void> {
    if (file === undefined || file.refs < 0) return;
    if (file.lines) {
      file.lines(text);
      return;
    }
    try {
      yield* file.write(encode(text));
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
  }

  /** Opens the listening sockets of every server. Throws NetError when an address is taken. */
  listen(): void {
    const groups = new Map<string, Server[]>();
    for (const server of this.config.servers) {
      for (const { address, port } of server.listens) {
        const key = `${address} ${port}`;
        const group = groups.get(key) ?? [];
        if (!group.includes(server)) groups.set(key, [...group, server]);
      }
    }
    for (const [key, servers] of groups) {
      const [address, port] = key.split(" ") as [string, string];
      this.closers.push(
        this.p.ns.net.listen({
          protocol: "tcp",
          address,
          port: Number(port),
          program: "nginx",
          pid: this.p.pid,
          http: (request) => this.handle(servers, request, Number(port)),
          ...(servers.some((one) => asksTls(one, address, Number(port))) && {
            ...secured(this.p, servers),
            plain: (request: HttpRequest) => this.handle(servers, request, Number(port), plainOnTls),
          }),
        }),
      );
    }
  }

  close(): void {
    for (const close of this.closers) close();
    this.closers = [];
  }

  private *handle(servers: readonly Server[], request: HttpRequest, port: number, how = serve): Gen<HttpResponse> {
    const worker = [...this.workers].find((one) => one.status === undefined && !one.stopped);
    if (worker === undefined) throw new NetError("ECONNRESET");
    worker.task.used += REQUEST_CPU;
    const host = (request.headers["host"] ?? "").split(":")[0]!;
    const server = servers.find((one) => one.names.includes(host)) ?? servers[0]!;
    const { location, uri } = locationOf(server, request);
    const secure = server.listens.some((one) => one.ssl);
    const { response, bodySize, error } =
      how === serve && location?.proxy
        ? yield* passOn(worker, { server, location, uri, secure }, request, this.version)
        : how(worker, server, request, this.version, port);
    if (error !== undefined) yield* this.note("error", `*${worker.pid} ${error}`, worker);
    const quote = (name: string) => `"${request.headers[name] ?? "-"}"`;
    yield* this.write(
      this.access,
      `${request.remoteAddress} - - [${logDate(this.p.machine.kernel.wallMs)}] "${request.method} ${request.path} HTTP/1.1" ` +
        `${response.status} ${bodySize} ${quote("referer")} ${quote("user-agent")} ${quote("x-forwarded-for")}\n`,
    );
    return withAdded(worker, server, location, request, response, port);
  }
}

function* master(p: Process, config: Config, version: string): Gen<number> {
  for (const signal of ["TERM", "QUIT", "INT", "HUP", "USR1", "CHLD", "WINCH"] as const) {
    p.dispositions.set(signal, "catch");
  }
  p.comm = "nginx";
  p.argv = ["nginx: master process", ...p.argv];
  p.rssKib = 7_680;
  const refused = makeTempPaths(p, config);
  if (p.cred.uid !== 0 && config.userAt !== undefined) {
    yield* complaint(
      p,
      "warn",
      `the "user" directive makes sense only if the master process runs with super-user privileges, ignored in ${config.userAt}`,
    );
  }
  if (refused !== undefined) {
    yield* emergency(p, refused);
    return 1;
  }
  const me = new Master(p, config, version);
  try {
    me.listen();
  } catch (error) {
    if (!isNetError(error)) throw error;
    const { address, port } = config.servers[0]?.listens[0] ?? { address: "0.0.0.0", port: 80 };
    yield* emergency(p, `bind() to ${address}:${port} failed (98: Address already in use)`);
    return 1;
  }
  try {
    yield* me.notes([
      'using the "epoll" event method',
      `nginx/${version}`,
      "built by gcc 12.2.0 (Debian 12.2.0-14) ",
      `OS: Linux ${KERNEL_RELEASE}`,
      "getrlimit(RLIMIT_NOFILE): 1048576:1048576",
    ]);
    const unwritten = writePid(p, config.pid);
    if (unwritten !== undefined) {
      yield* emergency(p, unwritten);
      return 1;
    }
    yield* startWorkers(me);
    return yield* superviseWorkers(me);
  } finally {
    me.close();
  }
}

function* startWorkers(me: Master): Gen<void> {
  const said = ["start worker processes"];
  const count = me.config.workers || DEFAULT_WORKERS;
  for (let i = 0; i < count; i++) said.push(startWorker(me));
  yield* me.notes(said);
}

/** What the master says of it. */
function startWorker(me: Master): string {
  const worker = sys.fork(me.p, (child) => work(me, child), {}, ["nginx: worker process"]);
  worker.comm = "nginx";
  // Only root can make its workers somebody else.
  if (me.p.cred.uid === 0) worker.cred = { uid: NGINX_UID, gid: NGINX_UID, groups: [NGINX_UID] };
  worker.rssKib = 3_100;
  me.workers.add(worker);
  return `start worker process ${worker.nsPid}`;
}

/** A worker answers through the listeners' handler; by itself it only waits for signals. */
function* work(me: Master, p: Process): Gen<number> {
  for (const signal of ["TERM", "QUIT", "INT"] as const) p.dispositions.set(signal, "catch");
  const never = new WaitQueue();
  for (;;) {
    const signal = p.takeSignal();
    if (signal === "QUIT") yield* me.note("notice", "gracefully shutting down", p);
    if (signal !== undefined) {
      yield* me.note("notice", "exiting", p);
      yield* me.note("notice", "exit", p);
      return 0;
    }
    yield* wait(never);
  }
}

function* superviseWorkers(me: Master): Gen<number> {
  const { p } = me;
  const never = new WaitQueue();
  let stopping = false;
  for (;;) {
    const signal = p.takeSignal();
    if (signal === undefined) {
      yield* wait(never);
      continue;
    }
    if (signal === "CHLD") {
      yield* collect(me, stopping);
      if (stopping && me.workers.size === 0) {
        yield* me.note("notice", "exit");
        return 0;
      }
      continue;
    }
    if (signal === "HUP") {
      yield* me.note("notice", "signal 1 (SIGHUP) received, reconfiguring");
      yield* reload(me);
      continue;
    }
    if (signal === "USR1") {
      me.openLogs();
      continue;
    }
    if (signal === "WINCH" || stopping) continue;
    stopping = true;
    const how = signal === "QUIT" ? "shutting down" : "exiting";
    yield* me.note("notice", `signal ${SIGNALS[signal]} (SIG${signal}) received, ${how}`);
    me.close();
    for (const worker of me.workers) p.machine.signal(worker, signal);
  }
}

function* collect(me: Master, stopping: boolean): Gen<void> {
  for (;;) {
    let waited: sys.Waited | undefined;
    try {
      waited = yield* sys.waitFor(me.p, undefined, { noHang: true });
    } catch (error) {
      if (!isErrno(error, "ECHILD")) throw error;
    }
    if (waited === undefined) return;
    const { process, status } = waited;
    if (!me.workers.delete(process)) continue;
    yield* me.note("notice", `signal 17 (SIGCHLD) received from ${process.nsPid}`);
    if (status.kind === "signaled") {
      yield* me.note("alert", `worker process ${process.nsPid} exited on signal ${SIGNALS[status.signal]}`);
    } else {
      yield* me.note("notice", `worker process ${process.nsPid} exited with code ${exitCode(status)}`);
    }
    if (!stopping) yield* me.note("notice", startWorker(me));
  }
}

function* reload(me: Master): Gen<void> {
  try {
    const config = yield* wholeConfig(me.p);
    me.close();
    me.config = config;
    me.openLogs();
    me.listen();
  } catch (error) {
    if (error instanceof ConfigError) yield* me.note("emerg", error.message);
    else throw error;
  }
}
