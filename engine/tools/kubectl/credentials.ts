/** What kubectl shows a server, and what keeps it from doing so (client-go rest, transport, plugin/pkg/client/auth). */
import type { HttpHandler, HttpRequest } from "../../api/http.ts";
import { pairProblem, pemTypes } from "../../api/key-pair.ts";
import {
  type KubeconfigCluster,
  type KubeconfigExec,
  type KubeconfigUser,
  RequestError,
} from "../../api/kubeconfig.ts";
import { decode, decodeBase64, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";
import { goErrno } from "./go-errno.ts";

/** The server is spoken to over TLS: only then does a client show who it is. */
export const isSecure = (server: string): boolean => /^https:/i.test(server);

/** The user says who it is in some way. */
export function isIdentified(user: KubeconfigUser): boolean {
  return Boolean(
    user.username ||
      user["client-certificate"] ||
      user["client-certificate-data"] ||
      user.token ||
      user.tokenFile ||
      user["auth-provider"] ||
      user.exec,
  );
}

const PROVIDERS: Readonly<Record<string, string>> = {
  gcp: `The gcp auth plugin has been removed.
Please use the "gke-gcloud-auth-plugin" kubectl/client-go credential plugin instead.
See https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke for further details`,
  azure: `The azure auth plugin has been removed.
Please use the https://github.com/Azure/kubelogin kubectl/client-go credential plugin instead.
See https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins for further details`,
};

/** Throws when no client can be made of these. */
export function checkCredentials(p: Process, user: KubeconfigUser, cluster: KubeconfigCluster): void {
  if (!user.token && user.tokenFile) fileText(p, user.tokenFile);
  if (user.exec && !EXEC_VERSIONS.includes(user.exec.apiVersion ?? "")) {
    throw new KubectlError(`exec plugin: invalid apiVersion ${quote(user.exec.apiVersion ?? "")}`);
  }
  checkProvider(user["auth-provider"]);
  const authority = pem(p, cluster["certificate-authority-data"], cluster["certificate-authority"]);
  if (authority !== undefined && cluster["insecure-skip-tls-verify"]) {
    throw new KubectlError("specifying a root certificates file with the insecure flag is not allowed");
  }
  if (authority !== undefined && !pemTypes(authority).includes("CERTIFICATE")) {
    throw new KubectlError("unable to load root certificates: unable to parse bytes as PEM block");
  }
  const certificate = pem(p, user["client-certificate-data"], user["client-certificate"]);
  if (certificate === undefined) return;
  const problem = pairProblem(certificate, pem(p, user["client-key-data"], user["client-key"]) ?? "");
  if (problem !== undefined) throw new KubectlError(problem);
}

function checkProvider(provider: KubeconfigUser["auth-provider"]): void {
  if (provider === undefined) return;
  const { name = "", config } = provider;
  const removed = PROVIDERS[name];
  if (removed !== undefined) throw new KubectlError(removed);
  if (name !== "oidc") throw new KubectlError(`no Auth Provider found for name ${quote(name)}`);
  if (!config?.["idp-issuer-url"]) throw new KubectlError("Must provide idp-issuer-url");
  if (!config["client-id"]) throw new KubectlError("Must provide client-id");
}

function fileText(p: Process, path: string): string {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new KubectlError(`open ${path}: ${goErrno(error.code, error.message)}`);
  }
}

function pem(p: Process, data: string | undefined, path: string | undefined): string | undefined {
  if (data) return decode(decodeBase64(data) ?? new Uint8Array(0));
  return path ? fileText(p, path) : undefined;
}

// ---- questions ------------------------------------------------------------------------------------------------------

/** Asks for name and password, which kubectl does when nothing else says who the user is. Throws KubectlError. */
export function* promptCredentials(p: Process): Gen<{ username: string; password: string }> {
  yield* sys.print(p, "Please enter Username: ");
  let typed = "";
  while (!/\S\s/.test(typed)) {
    const bytes = p.fds.has(0) ? yield* sys.read(p, 0) : new Uint8Array(0);
    if (bytes.length === 0) break;
    typed += decode(bytes);
  }
  const username = typed.trim();
  if (username === "") throw new KubectlError("EOF");
  yield* sys.print(p, "Please enter Password: ");
  const tty = p.fds.get(0)?.tty;
  if (tty === undefined) throw new KubectlError("error reading input for Password");
  const { echo } = tty.termios;
  tty.termios.echo = false;
  try {
    return { username, password: decode(yield* sys.read(p, 0)).replace(/\n$/, "") };
  } finally {
    tty.termios.echo = echo;
  }
}

// ---- plugins --------------------------------------------------------------------------------------------------------

const EXEC_GROUP = "client.authentication.k8s.io";
const EXEC_VERSIONS = [`${EXEC_GROUP}/v1beta1`, `${EXEC_GROUP}/v1`];

const NOT_INSTALLED = `

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins`;

/** How often that is said before it becomes tiresome. */
const EXPLANATIONS = 10;

interface Credentials {
  token?: string;
  certificate?: string;
}

/** A program that a kubeconfig names to say who the user is (plugin/pkg/client/auth/exec). */
export class CredentialPlugin {
  private known: Credentials | undefined;
  private explained = 0;

  constructor(
    private readonly p: Process,
    private readonly exec: KubeconfigExec,
    private readonly server: string,
    private readonly cluster: KubeconfigCluster,
  ) {}

  /** Requests go out with what the plugin says. */
  through(send: HttpHandler): HttpHandler {
    const plugin = this;
    return function* identified(request) {
      if (request.headers["authorization"]) return yield* send(request);
      plugin.known ??= yield* plugin.ask(request);
      const { token, certificate } = plugin.known;
      const headers = token ? { ...request.headers, authorization: `Bearer ${token}` } : request.headers;
      return yield* send({ ...request, headers, clientCertificate: certificate ?? request.clientCertificate });
    };
  }

  private *ask(request: HttpRequest): Gen<Credentials> {
    const fail = (words: string): never => {
      const host = this.server.replace(/^https?:\/\//i, "").replace(/\/.*$/, "");
      const url = this.server.replace(/\/+$/, "") + request.path;
      throw new RequestError(request.method, url, host, `getting credentials: ${words}`, "ECONNRESET");
    };
    const interactive = this.interactive();
    if (typeof interactive === "string") return fail(`exec plugin cannot support interactive mode: ${interactive}`);
    const run = yield* this.run(interactive);
    if (typeof run === "string") return fail(run);
    if (run.status !== 0) return fail(`exec: executable ${this.exec.command} failed with exit code ${run.status}`);
    const found = this.read(run.output);
    return typeof found === "string" ? fail(found) : found;
  }

  private interactive(): boolean | string {
    const terminal = this.p.fds.get(0)?.tty !== undefined;
    if (this.exec.interactiveMode === "Never") return false;
    if (terminal || this.exec.interactiveMode === "IfAvailable") return terminal;
    return "standard input is not a terminal";
  }

  private *run(interactive: boolean): Gen<{ status: number; output: string } | string> {
    const command = this.exec.command ?? "";
    const { p } = this;
    const dirs = command.includes("/") ? [""] : (p.env.get("PATH") ?? "").split(":").map((dir) => `${dir || "."}/`);
    const path = dirs.map((dir) => dir + command).find((file) => sys.find(p, file)?.kind === "file");
    if (path === undefined) {
      if (command.includes("/")) return `exec: fork/exec ${command}: no such file or directory`;
      const hint = this.exec.installHint ? `\n\n${this.exec.installHint}` : "";
      const help = this.explained++ < EXPLANATIONS ? NOT_INSTALLED + hint : "";
      return `exec: executable ${command} not found${help}`;
    }
    const spec = { ...(this.exec.provideClusterInfo && { cluster: this.clusterInfo() }), interactive };
    const information = { kind: "ExecCredential", apiVersion: this.exec.apiVersion, spec };
    const env = new Map(p.env);
    for (const { name = "", value = "" } of this.exec.env ?? []) env.set(name, value);
    env.set("KUBERNETES_EXEC_INFO", `${JSON.stringify(information)}\n`);
    const [reader, writer] = sys.pipe();
    const fds = new Map([...p.fds].filter(([fd]) => fd === 2 || (fd === 0 && interactive)));
    fds.set(1, writer);
    const argv = [command, ...(this.exec.args ?? [])];
    try {
      const child = yield* sys.spawn(p, path, { argv, env, fds });
      const fd = p.freeFd(3);
      p.setFd(fd, reader);
      const output = decode(yield* sys.readAll(p, fd));
      sys.close(p, fd);
      return { status: exitCode((yield* sys.waitFor(p, child))!.status), output };
    } catch (error) {
      if (!isErrno(error)) throw error;
      return `exec: fork/exec ${path}: ${goErrno(error.code, error.message)}`;
    }
  }

  private clusterInfo(): object {
    const { cluster } = this;
    return {
      server: this.server,
      ...(cluster["tls-server-name"] && { "tls-server-name": cluster["tls-server-name"] }),
      ...(cluster["insecure-skip-tls-verify"] && { "insecure-skip-tls-verify": true }),
      ...(cluster["certificate-authority-data"] && {
        "certificate-authority-data": cluster["certificate-authority-data"],
      }),
      config: null,
    };
  }

  private read(output: string): Credentials | string {
    let value: unknown;
    try {
      value = JSON.parse(output);
    } catch {
      const type =
        'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
      return `decoding stdout: couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type ${type}`;
    }
    const { kind, apiVersion, status } = value as {
      kind?: string;
      apiVersion?: string;
      status?: Record<string, string>;
    };
    if (!kind) return `decoding stdout: Object 'Kind' is missing in '${output}'`;
    if (!apiVersion) return `decoding stdout: Object 'apiVersion' is missing in '${output}'`;
    if (apiVersion !== this.exec.apiVersion) {
      return `exec plugin is configured to use API version ${this.exec.apiVersion}, plugin returned version ${apiVersion}`;
    }
    if (!status) return "exec plugin didn't return a status field";
    const { token, clientCertificateData: certificate, clientKeyData: key } = status;
    if (!token && !certificate && !key) return "exec plugin didn't return a token or cert/key pair";
    if (!certificate !== !key) return "exec plugin returned only certificate or key, not both";
    return { ...(token && { token }), ...(certificate && { certificate }) };
  }
}
