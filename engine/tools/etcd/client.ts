/** A connection of etcdctl to members of the cluster: endpoints, certificates, failures in the client's words. */
import { pairProblem } from "../../api/key-pair.ts";
import { formatMicroTime } from "../../api/time.ts";
import { distrust, distrustClient } from "../../api/trust.ts";
import { clusterContext, machineAt } from "../../control-plane/context.ts";
import { EtcdError, type EtcdStore, type PeerProcess, type RaftGroup } from "../../etcd/index.ts";
import { type Gen, MS, SECOND, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Connection, isNetError } from "../../network/index.ts";
import { resolveHost } from "../../network/resolver.ts";

/** Ends etcdctl: `Error: message` on standard error, and the status (ExitWithError). */
export class EtcdctlError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** Says why a program of etcd's ends, and returns its status; what is no answer of it or of the machine is thrown on. */
export function* ended(p: Process, error: unknown): Gen<number> {
  if (isErrno(error)) {
    yield* sys.printError(p, `Error: ${error.message.toLowerCase()}\n`);
    return 1;
  }
  if (!(error instanceof EtcdctlError)) throw error;
  if (error.message !== "") yield* sys.printError(p, `Error: ${error.message}\n`);
  return error.status;
}

export interface ClientOptions {
  endpoints: readonly string[];
  cacert: string;
  cert: string;
  key: string;
  insecure: boolean;
  /** µs. */
  timeout: number;
  /** `-w`. */
  format: string;
}

/**
 * What an answer needs: a leader that has a quorum, as all do that are linearizable, or only the member that is asked. A
 * `change` is not asked for twice (client/v3/retry.go, nonRepeatable).
 */
export type Consistency = "linearizable" | "change" | "serializable";

/** `-w` of those that print answers. */
const FORMATS = ["simple", "json", "table", "fields", "protobuf"];
/** How often, and for how long in all, a request is sent again to a member that does not take it. */
const RETRIES = 99;
const RETRYING = 2600 * MS;

const CODES: Readonly<Record<number, string>> = {
  3: "InvalidArgument",
  5: "NotFound",
  8: "ResourceExhausted",
  9: "FailedPrecondition",
  11: "OutOfRange",
  14: "Unavailable",
};

export class Client {
  readonly p: Process;
  readonly options: ClientOptions;
  readonly raft: RaftGroup;
  /** Id of the member that was asked last. */
  asked = 0n;

  constructor(p: Process, options: ClientOptions) {
    this.p = p;
    this.options = options;
    this.raft = clusterContext(p.machine.network).raft;
  }

  get store(): EtcdStore {
    return clusterContext(this.p.machine.network).etcd;
  }

  /** As the member sees it that was asked last. */
  get view(): ReturnType<RaftGroup["viewOf"]> {
    return this.raft.viewOf(this.asked);
  }

  private read(path: string): string {
    try {
      return sys.readText(this.p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new EtcdctlError(`open ${path}: ${error.message.toLowerCase()}`, 128);
    }
  }

  /**
   * Id of the member that answers: behind the first of these endpoints with which there is a connection. Ends with
   * `context deadline exceeded` when none does in time, which is counted from `since` (µs).
   */
  *member(
    endpoints: readonly string[],
    consistency: Consistency = "linearizable",
    logger = "etcd-client",
    since = this.p.machine.kernel.now,
  ): Gen<bigint> {
    const { timeout, cacert } = this.options;
    const { ca, own } = this.files();
    const { kernel } = this.p.machine;
    const end = since + timeout;
    let why = "context deadline exceeded";
    for (const endpoint of endpoints) {
      const secure =
        endpoint.startsWith("https://") || (!endpoint.includes("://") && (cacert !== "" || own !== undefined));
      const found = yield* this.dial(endpoint, secure, ca, own, end);
      if (typeof found === "string") {
        why = found;
        continue;
      }
      const { id, host } = found;
      this.asked = id;
      if (consistency !== "serializable" && this.raft.member(id)?.isLearner) yield* this.refuse(consistency, logger);
      const answers = () => consistency === "serializable" || this.raft.answers(host);
      if (!answers()) yield* this.raft.until(answers, end - kernel.now);
      if (answers()) return id;
      why = "context deadline exceeded";
      break;
    }
    const left = end - kernel.now;
    if (left > 0) yield* sleep(left);
    yield* this.warn(`rpc error: code = DeadlineExceeded desc = ${why}`, logger);
    throw new EtcdctlError("context deadline exceeded");
  }

  /** A learner answers what needs no leader, and nothing else. */
  private *refuse(consistency: Consistency, logger: string): Gen {
    const message = "etcdserver: rpc not supported for learner";
    const attempts = consistency === "change" ? 0 : RETRIES;
    for (let attempt = 0; attempt <= attempts; attempt++) {
      if (attempt > 0) yield* sleep(RETRYING / RETRIES);
      yield* this.warn(`rpc error: code = Unavailable desc = ${message}`, logger, attempt);
    }
    throw new EtcdctlError(message);
  }

  /** Whether the member at the first endpoint lets itself be asked now; waits for a while where it does not. */
  *tries(): Gen<boolean> {
    const { endpoints, cacert } = this.options;
    const { ca, own } = this.files();
    const secure = cacert !== "" || own !== undefined;
    const end = this.p.machine.kernel.now + SECOND;
    const found = yield* this.dial(endpoints[0]!, secure, ca, own, end);
    if (typeof found === "string") return false;
    this.asked = found.id;
    return true;
  }

  /** What it shows members, and what it expects of them. Ends where a file is not there, or does not fit. */
  private files(): { ca: string; own: { cert: string; key: string } | undefined } {
    const { cert, key, cacert, format } = this.options;
    if (!FORMATS.includes(format)) throw new EtcdctlError("unsupported output format", 4);
    if ((cert === "") !== (key === "")) {
      throw new EtcdctlError(`KeyFile and CertFile must both be present[key: ${key}, cert: ${cert}]`, 128);
    }
    const ca = cacert === "" ? "" : this.read(cacert);
    const own = cert === "" ? undefined : { cert: this.read(cert), key: this.read(key) };
    const unfit = own && pairProblem(own.cert, own.key);
    if (unfit !== undefined) throw new EtcdctlError(unfit, 128);
    return { ca, own };
  }

  /** What the client says of a request that was not answered. */
  *warn(error: string, logger = "etcd-client", attempt = 0): Gen {
    const target = `etcd-endpoints://0xc00036e1e0/${this.options.endpoints[0]!.replace(/^https?:\/\//, "")}`;
    const caller = "v3@v3.5.16/retry_interceptor.go:63";
    yield* this.log("warn", caller, "retrying of unary invoker failed", { target, attempt, error }, logger);
  }

  private *dial(
    endpoint: string,
    secure: boolean,
    ca: string,
    own: { cert: string; key: string } | undefined,
    end: number,
  ): Gen<PeerProcess | string> {
    const { p } = this;
    const [host = "", port = "2379"] = endpoint
      .replace(/^https?:\/\//, "")
      .replace(/\/.*$/, "")
      .split(":");
    const failed = (text: string) => `latest balancer error: last connection error: connection error: desc = "${text}"`;
    const found = yield* resolveHost(p, host);
    if (!found.ok) return failed(`transport: Error while dialing: dial tcp: lookup ${host}: no such host`);
    let connection: Connection;
    try {
      connection = yield* p.machine.network.connect(p.ns.net, found.addresses[0]!, Number(port), {
        timeout: Math.max(MS, end - p.machine.kernel.now),
      });
    } catch (error) {
      if (!isNetError(error)) throw error;
      const words = error.code === "ECONNREFUSED" ? "connect: connection refused" : "i/o timeout";
      return failed(`transport: Error while dialing: dial tcp ${found.addresses[0]}:${port}: ${words}`);
    }
    const { listener } = connection;
    if (!listener.tls && secure) return failed("transport: authentication handshake failed: EOF");
    if (listener.tls && !secure) return failed("error reading server preface: EOF");
    const id = this.raft.on(machineAt(p.ns.net, found.addresses[0]!));
    const member = id === undefined ? undefined : this.raft.process(id);
    if (member === undefined || listener.program !== "etcd") return failed("error reading server preface: EOF");
    const now = p.machine.kernel.wallMs;
    const why = this.options.insecure
      ? undefined
      : distrust(listener.certificate?.() ?? "", { authorities: ca }, host, now);
    if (why !== undefined) return failed(`transport: authentication handshake failed: ${why}`);
    const clients = member.clientCa();
    const alert = clients === "" ? undefined : distrustClient(own?.cert ?? "", clients, now);
    if (alert !== undefined) return failed(`error reading server preface: remote error: tls: ${alert}`);
    // One that a signal has stopped takes connections and says nothing.
    if (member.isStopped()) return "context deadline exceeded";
    return member;
  }

  /** The member where requests go. */
  *first(consistency?: Consistency): Gen<bigint> {
    return yield* this.member(this.options.endpoints, consistency);
  }

  /** Runs a request; the server's refusals are logged and end the program, told as `failed` says. */
  *request<T>(body: (store: EtcdStore) => T, failed?: string, consistency?: Consistency): Gen<T> {
    yield* this.first(consistency);
    yield* sleep(MS);
    try {
      return body(this.store);
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      yield* this.warn(`rpc error: code = ${CODES[error.grpcCode] ?? "Unknown"} desc = ${error.message}`);
      throw new EtcdctlError(failed === undefined ? error.message : `${failed} (${error.message})`);
    }
  }

  /** A JSON line of zap on standard error. */
  *log(level: string, caller: string, msg: string, rest: object, logger?: string): Gen {
    const { kernel } = this.p.machine;
    const ts = formatMicroTime(kernel.epochMs * 1000 + kernel.now);
    const line = { level, ts, ...(logger ? { logger } : {}), caller, msg, ...rest };
    yield* sys.printError(this.p, `${JSON.stringify(line)}\n`);
  }
}

export const DEFAULT_TIMEOUT = 5 * SECOND;
