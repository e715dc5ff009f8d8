import { ApiClient, type PatchType } from "../../api/client.ts";
import type { HttpBody, HttpResponse } from "../../api/http.ts";
import {
  credentialsOf,
  inCluster,
  type KubeconfigCluster,
  type KubeconfigUser,
  SERVICE_ACCOUNT_DIR,
  sendTo,
  trustOf,
} from "../../api/kubeconfig.ts";
import { serverUrl, UrlFault } from "../../api/server-url.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { clusterProblems, refuse, userProblems } from "./config/usable.ts";
import { type Config, loadConfig } from "./config-files.ts";
import { dialsFirst } from "./config-order.ts";
import { CredentialPlugin, checkCredentials, isIdentified, isSecure, promptCredentials } from "./credentials.ts";
import { type Discovery, discover } from "./discovery.ts";
import { Exit, KubectlError } from "./errors.ts";
import type { Flags } from "./flags.ts";
import { quote } from "./go.ts";
import { goErrno } from "./go-errno.ts";
import { verbose, verbosity } from "./klog.ts";
import { serverError } from "./server-errors.ts";
import { parseTimeout, transported } from "./transport.ts";

export const USER_AGENT = "kubectl/v1.32.3 (linux/amd64) kubernetes/32cc146";

/** Flags that stand for fields of a user and of a cluster, by the same names. */
const USER_FLAGS = ["token", "client-certificate", "client-key", "username", "password", "as", "as-uid"];
const CLUSTER_FLAGS = ["server", "certificate-authority", "tls-server-name"];

/** Of client-go 1.32 (features/known_features.go). */
const FEATURE_GATES = ["ClientsAllowCBOR", "ClientsPreferCBOR", "InformerResourceVersion", "WatchListClient"];

/** Who and where: what flags and kubeconfig come to. */
export interface Target {
  server: string;
  user: KubeconfigUser;
  cluster: KubeconfigCluster;
  namespace: string;
  /** `--namespace` was given. */
  explicitNamespace: boolean;
}

/** One run of kubectl: its process, command line, output and connection. */
export class Invocation {
  readonly p: Process;
  readonly flags: Flags;
  private pending: { fd: number; text: string }[] = [];
  private found: Target | undefined;
  private connected: ApiClient | undefined;
  private discovery: Discovery | undefined;
  /** Whether discovery has to come from the server, or has, rather than from what was kept on disk. */
  fresh = false;
  private stdinTaken = false;
  /** OpenAPI documents that have been read, by path. */
  readonly documents = new Map<string, HttpBody>();
  /** Whether `--request-timeout` ended an answer that was still coming. */
  timedOut = false;
  /** What was in the pipes that the command line names. */
  private readonly pipes = new Map<string, Uint8Array>();

  constructor(p: Process, flags: Flags) {
    this.p = p;
    this.flags = flags;
  }

  get args(): string[] {
    return this.flags.args;
  }

  get path(): string {
    return this.flags.path;
  }

  // ---- output -------------------------------------------------------------------------------------------------------

  /** Text for stdout; written at the next `flush`. */
  out(text: string): void {
    this.emit(1, text);
  }

  /** Text for stderr. */
  err(text: string): void {
    this.emit(2, text);
  }

  private emit(fd: number, text: string): void {
    if (text === "") return;
    const last = this.pending.at(-1);
    if (last?.fd === fd) last.text += text;
    else this.pending.push({ fd, text });
  }

  /** Writes what was printed, in order. */
  *flush(): Gen {
    while (this.pending.length > 0) {
      const { fd, text } = this.pending.shift()!;
      if (this.p.fds.has(fd)) yield* sys.write(this.p, fd, text);
    }
  }

  readonly warned = new Set<string>();

  /** A warning of the server or of kubectl itself. */
  warn(text: string): void {
    this.err(`Warning: ${text}\n`);
  }

  /** Everything on stdin, once. */
  *stdin(): Gen<Uint8Array> {
    if (this.stdinTaken) throw new KubectlError("standard input cannot be used for multiple arguments");
    this.stdinTaken = true;
    yield* this.flush();
    return yield* sys.readAll(this.p, 0);
  }

  /** Reads the pipes among the arguments (`-f <(…)`, `--from-file=/dev/stdin`) to their ends; `readFile` then has them. */
  *takePipes(words: readonly string[]): Gen {
    for (const word of words) {
      if (word === "--") return;
      const at = word.indexOf("/dev/");
      if (at < 0 || (at > 0 && word[at - 1] !== "=")) continue;
      const path = word.slice(at);
      try {
        if (path !== "/dev/null" && !this.pipes.has(path)) this.pipes.set(path, yield* sys.readPath(this.p, path));
      } catch (error) {
        if (!isErrno(error)) throw error;
      }
    }
  }

  /** Bytes of a file as Go's os.ReadFile; throws its words. */
  readFile(path: string): Uint8Array {
    const piped = this.pipes.get(path);
    if (piped !== undefined) return piped;
    try {
      return sys.readBytes(this.p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      const call = error.code === "EISDIR" ? "read" : "open";
      throw new KubectlError(`${call} ${path}: ${goErrno(error.code, error.message)}`);
    }
  }

  get home(): string {
    return this.p.env.get("HOME") ?? "/";
  }

  /** ms since 1970. */
  get nowMs(): number {
    return this.p.machine.kernel.wallMs;
  }

  /** `2025-03-01T09:00:00Z` of this instant. */
  get nowText(): string {
    return formatTime(this.nowMs);
  }

  // ---- connection ---------------------------------------------------------------------------------------------------

  private config(): Config {
    return loadConfig(this.p, this.flags.string("kubeconfig"));
  }

  /** Resolves flags over kubeconfig over the mounted service account (clientcmd DeferredLoadingClientConfig). */
  target(): Target {
    this.found ??= this.resolve();
    return this.found;
  }

  /** Asks the kubeconfig for a namespace, and for what a client needs, before a command looks at its words. */
  lookAhead(client: boolean): void {
    this.target();
    if (client) this.unusable();
  }

  /** Throws what is wrong with flags that only a client needs: a namespace is found without them. */
  private unusable: () => void = () => {};

  private resolve(): Target {
    const { flags } = this;
    const config = this.config();
    for (const path of config.files) verbose(this, 6, "loader.go:402", `Config loaded from file:  ${path}`);
    const contextName = flags.string("context") || config["current-context"];
    const context = config.contexts.find((c) => c.name === contextName)?.context;
    const clientFirst = dialsFirst(this.path, flags) || flags.string("namespace") !== "";
    if (flags.string("context") !== "" && context === undefined) {
      if (clientFirst) throw new KubectlError(`context ${quote(contextName)} does not exist`);
      throw new Exit(1, `Error in configuration: context was not found for specified context: ${contextName}\n`);
    }
    const clusterName = flags.string("cluster") || context?.cluster || "";
    const userName = flags.string("user") || context?.user || "";
    const cluster = config.clusters.find((c) => c.name === clusterName)?.cluster;
    const user = config.users.find((u) => u.name === userName)?.user;
    if (flags.string("cluster") !== "" && !cluster) {
      throw new KubectlError(
        clientFirst
          ? `cluster ${quote(clusterName)} does not exist`
          : `no server found for cluster ${quote(clusterName)}`,
      );
    }
    this.unusable = () => {
      if (flags.string("user") !== "" && !user) throw new KubectlError(`auth info ${quote(userName)} does not exist`);
      parseTimeout(flags.string("request-timeout"));
    };
    if (clientFirst) this.unusable();
    const explicit = flags.string("namespace");
    const who: KubeconfigUser = { ...user, ...this.given(USER_FLAGS) };
    if (flags.list("as-group").length > 0) who["as-groups"] = flags.list("as-group");
    const where = { ...cluster, ...this.given(CLUSTER_FLAGS) };
    if (flags.bool("insecure-skip-tls-verify")) {
      where["insecure-skip-tls-verify"] = true;
      if (flags.string("certificate-authority") === "") delete where["certificate-authority"];
      delete where["certificate-authority-data"];
    } else if (flags.string("certificate-authority") !== "") delete where["certificate-authority-data"];
    refuse(contextName !== "" && context === undefined ? contextName : undefined, [
      ...userProblems(this.p, userName, who),
      ...clusterProblems(this.p, clusterName, where),
    ]);
    const server = where.server ?? "";
    const mounted = server === "" ? this.serviceAccount() : undefined;
    return {
      server: server || mounted?.server || "http://localhost:8080",
      user: mounted === undefined ? who : { ...mounted.user, ...this.given(USER_FLAGS) },
      cluster: mounted === undefined || where["insecure-skip-tls-verify"] ? where : { ...mounted.cluster, ...where },
      namespace: explicit || context?.namespace || mounted?.namespace || "default",
      explicitNamespace: explicit !== "",
    };
  }

  /** What stands on the command line in the place of fields of the kubeconfig. */
  private given(names: readonly string[]): Record<string, string> {
    const { flags } = this;
    return Object.fromEntries(
      names.filter((name) => flags.has(name) && flags.string(name) !== "").map((name) => [name, flags.string(name)]),
    );
  }

  private serviceAccount(): (Pick<Target, "server" | "user" | "cluster"> & { namespace: string }) | undefined {
    const { env } = this.p;
    const host = env.get("KUBERNETES_SERVICE_HOST");
    const port = env.get("KUBERNETES_SERVICE_PORT");
    const tokenFile = `${SERVICE_ACCOUNT_DIR}/token`;
    if (!host || !port || sys.find(this.p, tokenFile) === undefined) return undefined;
    const file = sys.find(this.p, `${SERVICE_ACCOUNT_DIR}/namespace`);
    return {
      server: `https://${host}:${port}`,
      user: { tokenFile },
      cluster: inCluster(this.p),
      namespace:
        env.get("POD_NAMESPACE") ?? (file ? sys.readText(this.p, `${SERVICE_ACCOUNT_DIR}/namespace`).trim() : ""),
    };
  }

  get namespace(): string {
    return this.target().namespace;
  }

  /** The client; throws when none can be made of what the kubeconfig says. */
  client(): ApiClient {
    if (this.connected) return this.connected;
    const { server: named, cluster } = this.target();
    this.unusable();
    const server = urlOf(named);
    const user = isSecure(server) ? this.target().user : {};
    if (isSecure(server)) checkCredentials(this.p, user, cluster);
    const trust = isSecure(server) ? trustOf(this.p, cluster) : undefined;
    this.tellSetup();
    const timeout = parseTimeout(this.flags.string("request-timeout"));
    let send = sendTo(this.p, server, trust, timeout || undefined);
    send = transported(this, send, server, timeout);
    if (user.exec) send = new CredentialPlugin(this.p, user.exec, server, cluster).through(send);
    this.connected = new ApiClient({ send, userAgent: USER_AGENT, ...credentialsOf(this.p, user) });
    return this.connected;
  }

  /** With `-v`: client-go's feature gates. */
  private tellSetup(): void {
    if (verbosity(this) < 1) return;
    for (const gate of FEATURE_GATES) {
      verbose(this, 1, "envvar.go:172", `"Feature gate default state" feature="${gate}" enabled=false`);
    }
  }

  /** Makes the client; who the user is is asked for on the terminal when nothing says so and the server wants to know. */
  *connect(): Gen<ApiClient> {
    const { server, user } = this.target();
    this.unusable();
    if (this.connected === undefined && isSecure(server) && !isIdentified(user)) {
      yield* this.flush();
      const typed = yield* promptCredentials(this.p);
      this.found = { ...this.target(), user: { ...user, ...typed } };
    }
    return this.client();
  }

  private headers(extra?: Record<string, string>): Record<string, string> | undefined {
    const { as, "as-groups": groups = [], "as-uid": uid } = this.target().user;
    if (!as) return extra;
    const headers: Record<string, string> = { ...extra };
    headers["impersonate-user"] = as;
    if (groups.length > 0) headers["impersonate-group"] = groups.join("\n");
    if (uid) headers["impersonate-uid"] = uid;
    for (const [key, values] of Object.entries(this.target().user["as-user-extra"] ?? {})) {
      headers[`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`] = values.join("\n");
    }
    return headers;
  }

  /** Any request, any answer; warnings of the server are printed. */
  *request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Gen<HttpResponse> {
    const client = yield* this.connect();
    yield* this.flush();
    const response = yield* client.request(method, path, body, this.headers(headers));
    const warning = response.headers["warning"];
    if (warning) {
      for (const match of warning.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
        const text = match[1]!.replace(/\\(.)/g, "$1");
        // The client says each but once.
        if (!this.warned.has(text)) this.warn(text);
        this.warned.add(text);
      }
    }
    return response;
  }

  /** A request whose answer is one JSON value; throws StatusError. */
  *object(method: string, path: string, body?: unknown, headers?: Record<string, string>): Gen<KubeObject> {
    const response = yield* this.request(method, path, body, headers);
    if (response.status >= 400 || response.body.type !== "object") throw serverError(response, method, path);
    return response.body.value as KubeObject;
  }

  *patch(path: string, patch: unknown, type: PatchType): Gen<KubeObject> {
    return yield* this.object("PATCH", path, patch, { "content-type": CONTENT_TYPES[type] });
  }

  /**
   * What the server serves; an answer is remembered, a failure is not. `attempts`: how often a server that does not
   * answer is asked; a mapper (client-go restmapper/discovery.go) starts anew on its own, twice over two layers of it.
   */
  *resources(attempts = 4): Gen<Discovery> {
    this.discovery ??= yield* discover(this, attempts);
    return this.discovery;
  }

  /**
   * The same when what was kept does not know what is looked for: the server may serve it by now. Undefined: it has
   * just been asked (client-go restmapper/discovery.go DeferredDiscoveryRESTMapper).
   */
  *rediscovered(attempts = 1): Gen<Discovery | undefined> {
    if (this.fresh) return undefined;
    this.forgetResources();
    return yield* this.resources(attempts);
  }

  /** What the server serves is asked anew when it is next needed: kinds were defined meanwhile. */
  forgetResources(): void {
    verbose(this, 5, "discovery.go:214", "Invalidating discovery information");
    this.fresh = true;
    this.discovery = undefined;
  }
}

const CONTENT_TYPES: Record<PatchType, string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

function urlOf(server: string): string {
  try {
    return serverUrl(server);
  } catch (error) {
    if (error instanceof UrlFault) throw new Exit(1, `Unable to connect to the server: ${error.message}`);
    throw new KubectlError((error as Error).message);
  }
}
