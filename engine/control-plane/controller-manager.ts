import { userAgent } from "../api/build-info.ts";
import { ApiClient } from "../api/client.ts";
import { klog } from "../api/klog.ts";
import { clientFromKubeconfig, loadKubeconfig, resolveContext, sendTo, trustOf } from "../api/kubeconfig.ts";
import { SERVICE_ACCOUNTS } from "../api/resources.ts";
import { isStatus, StatusError } from "../api/status.ts";
import { ControllerManager } from "../controllers/index.ts";
import { type Gen, MINUTE, WaitQueue, wait } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { Process, Program } from "../machine/process.ts";
import { releaseOf } from "../machine/release.ts";
import * as sys from "../machine/sys.ts";
import { isNetError } from "../network/error.ts";
import { readPrivatePem } from "../pki/keys.ts";
import { commandLine } from "./command-line.ts";
import { logger, rateOf, verbosityOf } from "./daemon.ts";
import { rackLoadBalancers } from "./load-balancers.ts";
import { serve } from "./scheduler.ts";
import { componentMetrics, securePort } from "./secure-port.ts";

/** A controller's token lives an hour; it is asked for anew before that. */
const TOKEN_LIFE = 48 * MINUTE;

/** The program kube-controller-manager; its controllers act as ServiceAccounts of their own (--use-service-account-credentials). */
export const kubeControllerManager: Program = function* kubeControllerManager(p) {
  const { kernel, hostname } = p.machine;
  const flags = commandLine(p, "kube-controller-manager");
  const log = logger(p);
  const release = releaseOf(p);
  const config = flags.get("kubeconfig") ?? "/etc/kubernetes/controller-manager.conf";
  log(klog(kernel, p.nsPid, "I", "serving.go:386", "Generated self-signed cert in-memory"));
  const agent = userAgent("kube-controller-manager", release);
  const own = clientFromKubeconfig(p, config, agent);
  const manager = new ControllerManager({
    kernel,
    client: (account) => (account === undefined ? own : accountClient(p, own, config, account)),
    log,
    identity: hostname,
    pid: p.nsPid,
    verbosity: verbosityOf(flags),
    rate: rateOf(flags, { qps: 20, burst: 30 }),
    clusterCidr: flags.get("allocate-node-cidrs") === "true" ? (flags.get("cluster-cidr") ?? "") : "",
    serviceCidr: flags.get("service-cluster-ip-range") ?? "10.201.0.0/16",
    rootCa: sys.readText(p, flags.get("root-ca-file") ?? "/etc/kubernetes/pki/ca.crt"),
    signing: () => {
      const [certificate, key] = ["cert", "key"].map((file) => readFile(p, flags.get(`cluster-signing-${file}-file`)));
      return certificate === undefined || key === undefined ? undefined : { certificate, key };
    },
    serviceAccountKey: () => {
      const key = readPrivatePem(readFile(p, flags.get("service-account-private-key-file")) ?? "");
      return key?.type === "ec" && key.curve === "P-256" ? key.secret : undefined;
    },
    ensureAccount: (name) => ensureAccount(own, name),
    loadBalancers: rackLoadBalancers(p.machine.network),
    onExit: () => p.machine.signal(p, "KILL"),
  });
  const { election } = manager;
  const component = { process: p, name: "kube-controller-manager", election, release };
  const pages = securePort(p, {
    client: own,
    clientCa: flags.get("client-ca-file"),
    metrics: () => componentMetrics(component, (out) => manager.families(out)),
  });
  const [address, port] = [flags.get("bind-address") ?? "0.0.0.0", flags.get("secure-port") ?? "10257"];
  const settings = { GOGC: "", GOMAXPROCS: "", GOTRACEBACK: "" };
  const where = address === "0.0.0.0" ? "[::]" : address;
  log(klog(kernel, p.nsPid, "I", "controllermanager.go:185", "Starting", { version: release }));
  log(klog(kernel, p.nsPid, "I", "controllermanager.go:187", "Golang settings", settings));
  log(klog(kernel, p.nsPid, "I", "secure_serving.go:213", `Serving securely on ${where}:${port}`));
  return yield* serve(p, manager, flags, 10257, pages);
};

/** The text of a file; undefined where none is named or there. */
function readFile(p: Process, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return undefined;
  }
}

/** A client that acts as a ServiceAccount of kube-system, made when first used (client-go rest/… SAControllerClientBuilder). */
function accountClient(p: Process, own: ApiClient, config: string, account: string): ApiClient {
  const { kernel } = p.machine;
  const { cluster } = resolveContext(loadKubeconfig(sys.readText(p, config)));
  const { server = "" } = cluster;
  const send = sendTo(p, server, trustOf(p, cluster));
  let token: { text: string; until: number } | undefined;
  /** Woken when the request for a token that is under way has ended. */
  let asking: WaitQueue | undefined;
  const fresh = function* (): Gen<string> {
    for (;;) {
      if (token !== undefined && kernel.now <= token.until) return token.text;
      if (asking === undefined) break;
      yield* wait(asking);
    }
    const queue = new WaitQueue();
    asking = queue;
    try {
      token = { text: yield* requestToken(own, account), until: kernel.now + TOKEN_LIFE };
      return token.text;
    } finally {
      asking = undefined;
      queue.wakeAll();
    }
  };
  return new ApiClient({
    userAgent: `${userAgent("kube-controller-manager", releaseOf(p))}/system:serviceaccount:kube-system:${account}`,
    remoteAddress: p.ns.net.addresses()[0] ?? "127.0.0.1",
    server,
    askToken: fresh,
    *send(request) {
      const response = yield* send(request);
      if (response.status === 401) token = undefined;
      return response;
    },
  });
}

function* requestToken(own: ApiClient, name: string): Gen<string> {
  const namespace = "kube-system";
  const ask = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: { namespace },
    spec: { expirationSeconds: 3600 },
  };
  const request = () => own.create<{ status: { token: string } }>(SERVICE_ACCOUNTS, ask, { name, path: "token" });
  try {
    return (yield* request()).status.token;
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
  yield* createAccount(own, name);
  return (yield* request()).status.token;
}

function* createAccount(own: ApiClient, name: string): Gen {
  const metadata = { name, namespace: "kube-system" };
  try {
    yield* own.create(SERVICE_ACCOUNTS, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}

/** An API server that does not answer now is asked again when the account's token is wanted. */
function* ensureAccount(own: ApiClient, name: string): Gen {
  try {
    yield* own.get(SERVICE_ACCOUNTS, "kube-system", name);
  } catch (error) {
    if (!(error instanceof StatusError) && !isNetError(error)) throw error;
    if (isStatus(error, "NotFound")) yield* createAccount(own, name);
  }
}
