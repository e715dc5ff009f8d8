import { parse } from "yaml";
import { decode, decodeBase64, type Gen, MINUTE, SECOND, sleep } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { plainOnTls } from "../network/http-bytes.ts";
import { type Connection, isNetError, NetError } from "../network/index.ts";
import { ApiClient, type ClientOptions } from "./client.ts";
import type { Beat, BeatRequests, HttpRequest, HttpResponse, Sender } from "./http.ts";
import { type RequestCounts, requestCounts } from "./request-counts.ts";
import { splitServer, unreachable } from "./server-url.ts";
import { distrust, type ServerTrust } from "./trust.ts";
import type { KubeObject } from "./types.ts";

/** clientcmd/api/v1 Config as it stands in the file; values are deeply shared with a cache: never write to one. */
export interface Kubeconfig {
  apiVersion?: string;
  kind?: string;
  clusters: readonly { name: string; cluster: KubeconfigCluster }[];
  contexts: readonly { name: string; context: KubeconfigContext }[];
  users: readonly { name: string; user: KubeconfigUser }[];
  "current-context": string;
  preferences?: unknown;
}

export interface KubeconfigCluster {
  server?: string;
  "tls-server-name"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "proxy-url"?: string;
}

export interface KubeconfigContext {
  cluster?: string;
  user?: string;
  namespace?: string;
}

export interface KubeconfigUser {
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  "as-uid"?: string;
  "as-groups"?: readonly string[];
  "as-user-extra"?: Readonly<Record<string, readonly string[]>>;
  "auth-provider"?: { name?: string; config?: Readonly<Record<string, string>> };
  exec?: KubeconfigExec;
}

/** A program that says who the user is (client.authentication.k8s.io). */
export interface KubeconfigExec {
  command?: string;
  args?: readonly string[];
  env?: readonly { name?: string; value?: string }[];
  apiVersion?: string;
  installHint?: string;
  provideClusterInfo?: boolean;
  interactiveMode?: string;
}

/** Where the token, CA and namespace of a Pod's service account are mounted. */
export const SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Whom a client inside a Pod trusts: the authority that is mounted beside its token, nobody where there is none. */
export function inCluster(p: Process): KubeconfigCluster {
  const path = `${SERVICE_ACCOUNT_DIR}/ca.crt`;
  return sys.find(p, path)?.kind === "file" ? { "certificate-authority": path } : {};
}

/** Dialing an API server gives up after this many µs (client-go's default dialer: 30 s). */
const DIAL_TIMEOUT = 30 * SECOND;
/** How often, and after what, a request that only reads is sent again (client-go rest/request.go). */
const MOST_RETRIES = 10;
const RETRY_AFTER = SECOND;

const parsed = new Map<string, Kubeconfig>();

/** Parses a kubeconfig; the same text gives the same value. Throws what the YAML parser throws. */
export function loadKubeconfig(text: string): Kubeconfig {
  let config = parsed.get(text);
  if (config === undefined) {
    const raw = (parse(text) ?? {}) as Partial<Kubeconfig>;
    config = {
      ...raw,
      clusters: raw.clusters ?? [],
      contexts: raw.contexts ?? [],
      users: raw.users ?? [],
      "current-context": raw["current-context"] ?? "",
    };
    if (parsed.size >= 256) parsed.clear();
    parsed.set(text, config);
  }
  return config;
}

/** What one context of a kubeconfig says. */
export interface ResolvedContext {
  name: string;
  context: KubeconfigContext;
  cluster: KubeconfigCluster;
  user: KubeconfigUser;
}

/** The context of that name, or the current one; empty parts where the file names nothing. */
export function resolveContext(config: Kubeconfig, contextName = config["current-context"]): ResolvedContext {
  const context = config.contexts.find((c) => c.name === contextName)?.context ?? {};
  return {
    name: contextName,
    context,
    cluster: config.clusters.find((c) => c.name === context.cluster)?.cluster ?? {},
    user: config.users.find((u) => u.name === context.user)?.user ?? {},
  };
}

/**
 * A request that never reached a server, in the words of Go's url.Error; `code` and `NetError` as the network said.
 * `dial` is the part after the URL.
 */
export class RequestError extends NetError {
  readonly host: string;
  readonly dial: string;

  constructor(method: string, url: string, host: string, dial: string, code: NetError["code"]) {
    super(code);
    this.host = host;
    this.dial = dial;
    this.message = `${method[0]}${method.slice(1).toLowerCase()} "${url}": ${dial}`;
  }
}

/** The address of a host name as /etc/hosts of this process has it; undefined when it does not stand there. */
export function lookupHost(p: Process, name: string): string | undefined {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return name;
  const hosts = sys.find(p, "/etc/hosts");
  if (hosts?.kind === "file") {
    for (const line of decode(hosts.content.bytes()).split("\n")) {
      const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
      if (address?.includes(".") && names.includes(name)) return address;
    }
  }
  return name === "localhost" ? "127.0.0.1" : undefined;
}

/**
 * Whom a client of a cluster trusts; undefined when it trusts anybody. Without an authority it has those of the machine,
 * none of which knows a cluster. Throws Errno when the file cannot be read.
 */
export function trustOf(p: Process, cluster: KubeconfigCluster): ServerTrust | undefined {
  if (cluster["insecure-skip-tls-verify"]) return undefined;
  const data = cluster["certificate-authority-data"];
  const path = cluster["certificate-authority"];
  const authorities = data ? certificateOf(data) : path ? sys.readText(p, path) : "";
  return { authorities, serverName: cluster["tls-server-name"] };
}

/**
 * Carries requests of a process to an API server over its network namespace, on one connection that stays open as long
 * as it holds (HTTP/2, as client-go speaks it). `trust`: whose certificate the server must show; anybody's when absent.
 * Throws RequestError.
 */
export function sendTo(p: Process, server: string, trust: ServerTrust | undefined, timeout = DIAL_TIMEOUT): Sender {
  const place = splitServer(server);
  const { scheme, host, port, hostPort, prefix } = place;
  const nowhere = unreachable(place);
  const counts = requestCounts(p);
  const failed = ({ method, path }: HttpRequest, words: string, code: NetError["code"]): RequestError =>
    new RequestError(method, `${scheme}://${hostPort}${prefix}${path}`, hostPort, words, code);
  let open: Connection | undefined;
  function* send(request: HttpRequest, isRetry?: boolean): Gen<HttpResponse> {
    if (nowhere !== undefined) throw failed(request, nowhere, "ENOTFOUND");
    let address = host;
    try {
      if (open === undefined || !open.alive()) {
        // A port alone is one of this machine (net.Dial), and is told of as it was given.
        const found = host === "" ? "127.0.0.1" : lookupHost(p, host);
        if (found === undefined) throw failed(request, `dial tcp: lookup ${host}: no such host`, "ENOTFOUND");
        if (host !== "") address = found;
        open = yield* p.ns.net.network.connect(p.ns.net, found, port, { timeout });
        if (scheme === "https" && open.listener.tls === false) {
          open = undefined;
          throw failed(request, "http: server gave HTTP response to HTTPS client", "ECONNRESET");
        }
        if (scheme === "https" && trust !== undefined && !open.server.publicAuthority) {
          const certificate = open.server.certificate?.(trust.serverName || host) ?? "";
          const why = distrust(certificate, trust, host, p.machine.kernel.wallMs);
          if (why !== undefined) {
            open.close();
            open = undefined;
            throw failed(request, why, "ECONNRESET");
          }
        }
      }
      request.remoteAddress = open.seenFrom;
      if (scheme === "http" && open.server.tls) return yield* open.server.plain?.(request) ?? plainOnTls();
      const started = p.machine.kernel.now;
      const response = yield* open.http(prefix ? { ...request, path: prefix + request.path } : request);
      counts.add(request.method, hostPort, String(response.status), p.machine.kernel.now - started);
      return response;
    } catch (error) {
      if (isNetError(error)) counts.add(request.method, hostPort, "<error>");
      if (!isNetError(error) || error instanceof RequestError) throw error;
      const failure = failed(request, dialWords(address, port, error, open), error.code);
      const isCut = error.code === "EOF" || error.code === "ECONNRESET";
      if (isRetry || !isCut || request.method !== "GET" || request.instant) throw failure;
      return yield* again(request, failure);
    }
  }
  /** What only reads is asked again where a connection was cut (client-go rest/request.go, isErrRetryableFunc). */
  function* again(request: HttpRequest, first: RequestError): Gen<HttpResponse> {
    let last = first;
    const { kernel } = p.machine;
    const end = kernel.now + timeout;
    for (let attempt = 0; attempt < MOST_RETRIES && kernel.now + RETRY_AFTER < end; attempt++) {
      yield* sleep(RETRY_AFTER);
      try {
        return yield* send(request, true);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        last = error;
        if (error.code !== "EOF" && error.code !== "ECONNRESET") break;
      }
    }
    throw last;
  }
  const beat = (requests: BeatRequests): Beat => new OpenBeat(requests, () => open, counts, hostPort);
  return scheme === "https" && !prefix ? Object.assign(send, { beat }) : send;
}

/** A beat over the connection that is open now; each new one is asked for a beat of its own. */
class OpenBeat implements Beat {
  private readonly requests: BeatRequests;
  private readonly open: () => Connection | undefined;
  private over: Connection | undefined;
  private beat: Beat | undefined;

  private readonly counts: RequestCounts;
  private readonly host: string;

  constructor(requests: BeatRequests, open: () => Connection | undefined, counts: RequestCounts, host: string) {
    this.requests = requests;
    this.open = open;
    this.counts = counts;
    this.host = host;
  }

  look(): KubeObject | undefined {
    return this.counted("GET", this.now()?.look());
  }

  renew(seen: KubeObject, micros: number): KubeObject | undefined {
    return this.counted("PUT", this.now()?.renew(seen, micros));
  }

  private counted(method: string, answer: KubeObject | undefined): KubeObject | undefined {
    if (answer !== undefined) this.counts.add(method, this.host, "200", 0);
    return answer;
  }

  private now(): Beat | undefined {
    const open = this.open();
    if (open === undefined || !open.alive()) return undefined;
    if (open !== this.over) {
      this.over = open;
      this.beat = open.beat(this.requests);
    }
    return this.beat;
  }
}

function dialWords(address: string, port: number, error: NetError, open: Connection | undefined): string {
  if (error.code === "EOF") return error.message;
  if (error.code === "ECONNRESET") {
    const from = open === undefined ? "" : `${open.localAddress}:${open.localPort}->`;
    return `read tcp ${from}${address}:${port}: read: ${error.message}`;
  }
  const call = error.code === "ETIMEDOUT" ? "" : "connect: ";
  return `dial tcp ${address}:${port}: ${call}${error.message}`;
}

/** A kubeconfig file's text by path. */
function readConfig(p: Process, path: string): Kubeconfig {
  return loadKubeconfig(sys.readText(p, path));
}

const certificates = new Map<string, string>();

/** The PEM in `client-certificate-data`; those of the same few components are asked for again and again. */
function certificateOf(data: string): string {
  let pem = certificates.get(data);
  if (pem === undefined) {
    pem = decode(decodeBase64(data) ?? new Uint8Array(0));
    if (certificates.size >= 256) certificates.clear();
    certificates.set(data, pem);
  }
  return pem;
}

/** What a user of a kubeconfig shows to the server. Files are read anew at each use of `token`. Throws Errno. */
export function credentialsOf(p: Process, user: KubeconfigUser): Pick<ClientOptions, "clientCertificate" | "token"> {
  const out: Pick<ClientOptions, "clientCertificate" | "token"> = {};
  const data = user["client-certificate-data"];
  if (data) out.clientCertificate = certificateOf(data);
  else if (user["client-certificate"]) out.clientCertificate = sys.readText(p, user["client-certificate"]);
  const { token, tokenFile } = user;
  if (token) out.token = () => token;
  else if (tokenFile) out.token = tokenOf(p, tokenFile);
  return out;
}

/** The token in a file, read again after a minute (client-go transport/token_source.go). */
function tokenOf(p: Process, path: string): () => string {
  const { kernel } = p.machine;
  let token = "";
  let until = -1;
  return () => {
    if (kernel.now > until) {
      token = sys.readText(p, path).trim();
      until = kernel.now + MINUTE;
    }
    return token;
  };
}

/**
 * A client that acts as the current context of a kubeconfig (a path, or a parsed one) says, on behalf of a process:
 * its network namespace, its /etc/hosts, its rights to read files. Throws Errno when a file cannot be read.
 */
export function clientFromKubeconfig(p: Process, source: string | Kubeconfig, userAgent: string): ApiClient {
  const config = typeof source === "string" ? readConfig(p, source) : source;
  const { cluster, user } = resolveContext(config);
  const server = cluster.server ?? "http://localhost:8080";
  return new ApiClient({
    send: sendTo(p, server, trustOf(p, cluster)),
    userAgent,
    server,
    ...credentialsOf(p, user),
    remoteAddress: p.ns.net.addresses()[0] ?? "127.0.0.1",
  });
}

/** A client inside a Pod with the mounted service account (rest.InClusterConfig); undefined outside of one. */
export function inClusterClient(p: Process, userAgent: string): ApiClient | undefined {
  const host = p.env.get("KUBERNETES_SERVICE_HOST");
  const port = p.env.get("KUBERNETES_SERVICE_PORT");
  const tokenFile = `${SERVICE_ACCOUNT_DIR}/token`;
  if (!host || !port || sys.find(p, tokenFile)?.kind !== "file") return undefined;
  return new ApiClient({
    send: sendTo(p, `https://${host}:${port}`, trustOf(p, inCluster(p))),
    userAgent,
    token: tokenOf(p, tokenFile),
    remoteAddress: p.ns.net.addresses()[0] ?? "127.0.0.1",
  });
}

/** One request as text, for what is no object: `/version`, `/healthz`. */
export function* requestText(client: ApiClient, path: string): Gen<{ status: number; text: string }> {
  const response = yield* client.request("GET", path);
  const { body } = response;
  if (body.type === "bytes") return { status: response.status, text: decode(body.bytes) };
  return { status: response.status, text: body.type === "object" ? JSON.stringify(body.value) : "" };
}
