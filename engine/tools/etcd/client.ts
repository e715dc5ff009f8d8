/** A connection of etcdctl to members of the cluster: endpoints, certificates, failures in the client's words. */
import { pairProblem } from "../../api/key-pair.ts";
import { formatMicroTime } from "../../api/time.ts";
import { distrust, distrustClient } from "../../api/trust.ts";
import { clusterContext } from "../../control-plane/context.ts";
import { type EtcdMember, type EtcdMembers, etcdMembers } from "../../control-plane/etcd-members.ts";
import { EtcdError, type EtcdStore } from "../../etcd/index.ts";
import { type Gen, MS, SECOND, sha256Hex, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Connection, isNetError } from "../../network/index.ts";
import { resolveHost } from "../../network/resolver.ts";

/** Ends etcdctl: `Error: message` on standard error, and the status (ExitWithError). */
export class EtcdctlError extends Error {
  readonly status: number;
  /** Printed behind the message. */
  readonly help: string;

  constructor(message: string, status = 1, help = "") {
    super(message);
    this.status = status;
    this.help = help;
  }
}

export interface ClientOptions {
  endpoints: readonly string[];
  cacert: string;
  cert: string;
  key: string;
  insecure: boolean;
  /** µs. */
  timeout: number;
}

/** Decimal form of an id that etcd derives from a name. */
export function memberId(name: string): bigint {
  return BigInt(`0x${sha256Hex(`etcd member ${name}`).slice(0, 16)}`);
}

export const CLUSTER_ID = BigInt(`0x${sha256Hex("etcd cluster").slice(0, 16)}`);

export class Client {
  readonly p: Process;
  readonly options: ClientOptions;
  readonly members: EtcdMembers;

  constructor(p: Process, options: ClientOptions) {
    this.p = p;
    this.options = options;
    this.members = etcdMembers(p.machine.network);
  }

  get store(): EtcdStore {
    return clusterContext(this.p.machine.network).etcd;
  }

  private read(path: string): string {
    try {
      return sys.readText(this.p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new EtcdctlError(`open ${path}: ${error.message.toLowerCase()}`, 128);
    }
  }

  /** The member behind an endpoint that answers requests; ends with `context deadline exceeded` when none does. */
  *member(endpoint: string, logger = "etcd-client"): Gen<EtcdMember> {
    const { timeout, cert, key, cacert } = this.options;
    if ((cert === "") !== (key === "")) {
      throw new EtcdctlError(`KeyFile and CertFile must both be present[key: ${key}, cert: ${cert}]`, 128);
    }
    const ca = cacert === "" ? "" : this.read(cacert);
    const own = cert === "" ? undefined : { cert: this.read(cert), key: this.read(key) };
    const unfit = own && pairProblem(own.cert, own.key);
    if (unfit !== undefined) throw new EtcdctlError(unfit, 128);
    const { kernel } = this.p.machine;
    const start = kernel.now;
    const secure =
      endpoint.startsWith("https://") || (!endpoint.includes("://") && (cacert !== "" || own !== undefined));
    const why = yield* this.dial(endpoint, secure, ca, own);
    if (typeof why !== "string") return why;
    const left = start + timeout - kernel.now;
    if (left > 0) yield* sleep(left);
    const target = `etcd-endpoints://0xc00036e1e0/${this.options.endpoints[0]!.replace(/^https?:\/\//, "")}`;
    const error = `rpc error: code = DeadlineExceeded desc = ${why}`;
    const caller = "v3@v3.5.16/retry_interceptor.go:63";
    yield* this.log("warn", caller, "retrying of unary invoker failed", { target, attempt: 0, error }, logger);
    throw new EtcdctlError("context deadline exceeded");
  }

  private *dial(
    endpoint: string,
    secure: boolean,
    ca: string,
    own: { cert: string; key: string } | undefined,
  ): Gen<EtcdMember | string> {
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
        timeout: this.options.timeout,
      });
    } catch (error) {
      if (!isNetError(error)) throw error;
      const words = error.code === "ECONNREFUSED" ? "connect: connection refused" : "i/o timeout";
      return failed(`transport: Error while dialing: dial tcp ${found.addresses[0]}:${port}: ${words}`);
    }
    const { listener } = connection;
    if (!listener.tls && secure) return failed("transport: authentication handshake failed: EOF");
    if (listener.tls && !secure) return failed("error reading server preface: EOF");
    const member = this.memberAt(found.addresses[0]!);
    if (member === undefined || listener.program !== "etcd") return failed("error reading server preface: EOF");
    const now = p.machine.kernel.wallMs;
    const why = this.options.insecure
      ? undefined
      : distrust(listener.certificate?.() ?? "", { authorities: ca }, host, now);
    if (why !== undefined) return failed(`transport: authentication handshake failed: ${why}`);
    const clients = member.clientCa();
    const alert = clients === "" ? undefined : distrustClient(own?.cert ?? "", clients, now);
    if (alert !== undefined) return failed(`error reading server preface: remote error: tls: ${alert}`);
    if (!this.members.answers(member.name)) return "context deadline exceeded";
    return member;
  }

  private memberAt(address: string): EtcdMember | undefined {
    const own = this.p.machine.hostname;
    return this.members
      .all()
      .find(({ name, clientUrls }) =>
        address.startsWith("127.") ? name === own : clientUrls.some((url) => url.includes(`//${address}:`)),
      );
  }

  /** The first endpoint's member: where requests go. */
  *first(): Gen<EtcdMember> {
    return yield* this.member(this.options.endpoints[0]!);
  }

  /** Runs a request; the server's refusals are logged and end the program, told as `failed` says. */
  *request<T>(body: (store: EtcdStore) => T, failed?: string): Gen<T> {
    yield* this.first();
    yield* sleep(MS);
    try {
      return body(this.store);
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      const codes: Record<number, string> = {
        3: "InvalidArgument",
        5: "NotFound",
        9: "FailedPrecondition",
        11: "OutOfRange",
      };
      const text = `rpc error: code = ${codes[error.grpcCode] ?? "Unknown"} desc = ${error.message}`;
      const target = `etcd-endpoints://0xc00036e1e0/${this.options.endpoints[0]!.replace(/^https?:\/\//, "")}`;
      const caller = "v3@v3.5.16/retry_interceptor.go:63";
      yield* this.log(
        "warn",
        caller,
        "retrying of unary invoker failed",
        { target, attempt: 0, error: text },
        "etcd-client",
      );
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
