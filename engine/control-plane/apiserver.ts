import { buildInfo } from "../api/build-info.ts";
import type { Beat, BeatRequests, HttpRequest, HttpResponse } from "../api/http.ts";
import { klog } from "../api/klog.ts";
import { distrust, distrustClient } from "../api/trust.ts";
import type { KubeObject } from "../api/types.ts";
import { bootstrap } from "../apiserver/bootstrap/bootstrap.ts";
import { ApiServer, Encryption, enabledPlugins } from "../apiserver/index.ts";
import { kubeletAddress } from "../apiserver/node-proxy.ts";
import type { RaftGroup } from "../etcd/index.ts";
import { type Gen, SECOND, sleep } from "../kernel/index.ts";
import type { ClusterPki } from "../kubeadm/pki.ts";
import { addressOf, OWN } from "../kubeadm/settings.ts";
import { isErrno } from "../machine/errno.ts";
import type { Process, Program } from "../machine/process.ts";
import { processFamilies } from "../machine/process-metrics.ts";
import { releaseOf } from "../machine/release.ts";
import * as sys from "../machine/sys.ts";
import { isNetError } from "../network/index.ts";
import { readPrivatePem } from "../pki/keys.ts";
import { admissionSettings } from "./admission-config.ts";
import { ApiServerUpkeep } from "./apiserver-upkeep.ts";
import { auditFile } from "./audit-file.ts";
import { auditPolicy } from "./audit-policy.ts";
import { commandLine } from "./command-line.ts";
import { clusterContext, machineAt } from "./context.ts";
import { fail, listening, logger, untilTerminated } from "./daemon.ts";
import { encryptionRules } from "./encryption-config.ts";
import { serviceDialer } from "./service-dialer.ts";
import { webhookClient } from "./webhook-client.ts";

/** How long its etcd member is waited for. */
const ETCD_DEADLINE = 20 * SECOND;
const ETCD_RETRY = SECOND;
/** A request to a cluster without quorum is given up after this. */
const ETCD_TIMEOUT = 7 * SECOND;
/** How long a check of etcd waits for its answer (storage/storagebackend/factory/etcd3.go, newETCD3Check). */
const ETCD_HEALTH_TIMEOUT = 2 * SECOND;
/** HAProxy takes a server out after three checks, 2 s apart, of which each waited for etcd. */
const BALANCER_FALL = 8 * SECOND;
/** µs of CPU that the process spends on a request. */
const REQUEST_CPU = 900;
/** What is answered without etcd: health, discovery, what the server knows of itself. */
const WITHOUT_ETCD =
  /^\/(?:(?:healthz|livez|readyz|version|metrics|configz|openapi|\.well-known)\b|api(?:\/v1)?\/?(?:\?|$)|apis(?:\/[^/?]+){0,2}\/?(?:\?|$))/;
const IPV4 = /^\d+(\.\d+){3}$/;
const KUBELET_PORT = 10250;

/** The program kube-apiserver: waits for its etcd member, then serves on 6443. */
export const kubeApiServer: Program = function* kubeApiServer(p) {
  const { kernel, network } = p.machine;
  const flags = commandLine(p, "kube-apiserver");
  const log = logger(p);
  const say = (severity: "I" | "W" | "E" | "F", source: string, message: string, kv?: Record<string, unknown>) =>
    log(klog(kernel, p.nsPid, severity, source, message, kv));
  const failed = (err: string): never => {
    say("E", "run.go:72", "command failed", { err });
    fail(1);
  };
  const settings = admissionSettings(p, flags.get("admission-control-config-file"));
  if (typeof settings === "string") return failed(settings);
  const [enable, disable] = [flags.get("enable-admission-plugins"), flags.get("disable-admission-plugins")];
  const plugins = enabledPlugins(enable, disable, settings);
  if (typeof plugins === "string") return failed(plugins);
  const release = releaseOf(p);
  say("I", "server.go:148", `Version: ${release}`);
  say("I", "server.go:150", "Golang settings", { GOGC: "", GOMAXPROCS: "", GOTRACEBACK: "" });
  const policyFile = flags.get("audit-policy-file");
  const policy = auditPolicy(policyFile, readIfThere(p, policyFile));
  if (typeof policy === "string") return failed(policy);
  const started = kernel.now;
  const kubeletCertificate = readIfThere(p, flags.get("kubelet-client-certificate"));
  const members = etcdServers(flags.get("etcd-servers"));
  const own: EtcdClient = {
    authorities: readIfThere(p, flags.get("etcd-cafile")),
    certificate: readIfThere(p, flags.get("etcd-certfile")),
  };
  for (;;) {
    const refusals: [EtcdServer, string][] = [];
    for (const member of members) {
      const why = yield* etcdRefusal(p, member, own);
      if (why !== undefined) refusals.push([member, why]);
    }
    if (refusals.length < members.length) break;
    const [member, why] = refusals[0]!;
    const err = `connection error: desc = "${why}"`;
    const where = `{Addr: "${member.text}", ServerName: "${member.text}", }`;
    if (why !== NO_LEADER) {
      say(
        "W",
        "logging.go:55",
        `[core] [Channel #1 SubChannel #2]grpc: addrConn.createTransport failed to connect to ${where}. Err: ${err}`,
      );
    }
    if (kernel.now - started > ETCD_DEADLINE) {
      say("F", "instance.go:226", "Error creating leases: error creating storage factory: context deadline exceeded");
      fail(255);
    }
    yield* sleep(ETCD_RETRY);
  }
  const { registry, chronicle, pki, etcd: store, raft } = clusterContext(network);
  const rules = encryptionRules(p, flags.get("encryption-provider-config"), store.keyring);
  if (typeof rules === "string") return failed(rules);
  const serviceCidr = (flags.get("service-cluster-ip-range") ?? OWN.serviceCidr).split(",")[0]!;
  const signing = readIfThere(p, flags.get("service-account-signing-key-file"));
  const address = flags.get("advertise-address") ?? p.machine.net.addresses()[0]!;
  const server = new ApiServer({
    kernel,
    ownFamilies: (out) => processFamilies(out, p, buildInfo(release).goVersion),
    serviceCidr,
    nodePorts: flags.get("service-node-port-range"),
    name: p.machine.hostname,
    release,
    registry,
    clientCa: readIfThere(p, flags.get("client-ca-file")),
    serviceAccountKey: signingKey(signing, pki.serviceAccount),
    address,
    serviceAccountIssuer: flags.get("service-account-issuer"),
    auditSink: auditFile(p, flags.get("audit-log-path"), Number(flags.get("audit-log-maxsize") ?? 100)),
    audit: { policy, onEntry: (entry) => chronicle.audit.push(entry) },
    plugins,
    nodeProxy: { request: (node, request) => toKubelet(p, kubeletCertificate, kubeletAddress(node), request) },
    webhooks: webhookClient(p),
    services: serviceDialer(p),
    encryption: new Encryption(rules),
  });
  const serviceIp = addressOf(serviceCidr, 1);
  yield* bootstrap(registry, { serviceIp, endpoints: [address] });
  say("I", "secure_serving.go:213", "Serving securely on [::]:6443");
  const port = Number(flags.get("secure-port") ?? 6443);
  const etcdHosts = members.map(({ address }) => machineAt(p.machine.net, address));
  const answers = (): boolean => etcdHosts.some((host) => raft.answers(host));
  // An election is over before a check of etcd, or of the load balancers, gives up.
  let silentSince: number | undefined;
  const silentFor = (span: number): boolean => silentSince !== undefined && kernel.now - silentSince >= span;
  const judge = (): void => {
    for (const check of ["etcd", "etcd-readiness"]) {
      server.setFailing(check, silentFor(ETCD_HEALTH_TIMEOUT) ? "context deadline exceeded" : undefined);
    }
  };
  const follow = (): void => {
    if (answers()) silentSince = undefined;
    else if (silentSince === undefined) {
      silentSince = kernel.now;
      kernel.after(ETCD_HEALTH_TIMEOUT, `${p.machine.hostname} etcd health`, judge);
    }
    judge();
  };
  const unfollow = raft.onChange(follow);
  const http = (request: HttpRequest): Gen<HttpResponse> => {
    p.task.used += REQUEST_CPU;
    return answers() || WITHOUT_ETCD.test(request.path)
      ? server.handle(request)
      : withoutEtcd(request, raft, answers, server.handle.bind(server));
  };
  const beat = (requests: BeatRequests): Beat | undefined => {
    const inner = server.beat(requests);
    if (inner === undefined) return undefined;
    const counted = (answer: KubeObject | undefined) => {
      if (answer !== undefined) p.task.used += REQUEST_CPU;
      return answer;
    };
    return {
      look: () => (answers() ? counted(inner.look()) : undefined),
      renew: (seen, micros) => (answers() ? counted(inner.renew(seen, micros)) : undefined),
    };
  };
  const well = (path: string): boolean => !silentFor(ETCD_HEALTH_TIMEOUT) && server.well(path);
  const certificate = (): string => readIfThere(p, flags.get("tls-cert-file"));
  const listener = {
    protocol: "tcp" as const,
    address: "0.0.0.0",
    port,
    tls: true,
    asksCertificate: true,
    certificate,
    http,
    beat,
    healthy: () => !silentFor(BALANCER_FALL),
    well,
  };
  const upkeep = new ApiServerUpkeep({
    kernel,
    server,
    hostname: p.machine.hostname,
    address,
    serviceIp,
    send: Object.assign(http, { beat }),
    answers,
    flags,
    read: (path) => readIfThere(p, path),
    log: say,
  });
  try {
    follow();
    upkeep.start();
    yield* listening(p, [listener], untilTerminated(p));
  } finally {
    upkeep.stop();
    unfollow();
    server.stop();
  }
  yield* upkeep.leave();
  say("I", "controller.go:128", "Shutting down kubernetes service endpoint reconciler");
  return 0;
};

/** The key that signs ServiceAccounts' tokens: the file's, or the cluster's first where the file's is of another kind. */
function signingKey(text: string, first: ClusterPki["serviceAccount"]): Uint8Array {
  if (text === first.private) return first.pair.secret;
  const key = readPrivatePem(text);
  return key?.type === "ec" && key.curve === "P-256" ? key.secret : first.pair.secret;
}

/** What is asked while etcd has no leader waits for one, as long as etcd does (5 s and two election timeouts). */
function* withoutEtcd(
  request: HttpRequest,
  raft: RaftGroup,
  answers: () => boolean,
  handle: (request: HttpRequest) => Gen<HttpResponse>,
): Gen<HttpResponse> {
  if (!request.instant) {
    yield* raft.until(answers, ETCD_TIMEOUT);
    if (answers()) return yield* handle(request);
  }
  const message = "etcdserver: request timed out";
  const value = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code: 500 };
  return { status: 500, headers: { "content-type": "application/json" }, body: { type: "object", value } };
}

interface EtcdServer {
  address: string;
  port: number;
  /** `host:port` as the flag has it. */
  text: string;
}

/** --etcd-servers: one that answers is enough. */
function etcdServers(servers = "https://127.0.0.1:2379"): EtcdServer[] {
  return servers.split(",").map((url) => {
    const text = url.replace(/^[a-z]+:\/\//, "").replace(/\/.*$/, "");
    const [address = "", port] = text.split(":");
    return { address, port: Number(port ?? 2379), text };
  });
}

function dialFailure({ address, text }: EtcdServer): string {
  if (!text.includes(":")) return `dial tcp: address ${text}: missing port in address`;
  if (!IPV4.test(address)) return `dial tcp: lookup ${address}: no such host`;
  return `dial tcp ${text}: connect: connection refused`;
}

/** What the server shows etcd and expects of it. */
interface EtcdClient {
  /** PEM of the CA. */
  authorities: string;
  certificate: string;
}

/** It takes the connection, and answers nothing that needs a quorum. */
const NO_LEADER = "no leader";

/** Why there is no connection to etcd, in gRPC's words; undefined when it answers. */
function* etcdRefusal(p: Process, member: EtcdServer, own: EtcdClient): Gen<string | undefined> {
  const { address, port } = member;
  const unreachable = `transport: Error while dialing: ${dialFailure(member)}`;
  if (!IPV4.test(address)) return unreachable;
  const { kernel, network } = p.machine;
  const { raft } = clusterContext(network);
  try {
    const { server } = yield* network.connect(p.ns.net, address, port);
    const why = distrust(server.certificate?.() ?? "", own, address, kernel.wallMs);
    if (why !== undefined) return `transport: authentication handshake failed: ${why}`;
  } catch (error) {
    if (isNetError(error)) return unreachable;
    throw error;
  }
  const host = machineAt(p.machine.net, address);
  const id = raft.on(host);
  if (id === undefined) return unreachable;
  if (!raft.answers(host)) return NO_LEADER;
  const ca = raft.process(id)?.clientCa() ?? "";
  if (ca === "" || own.certificate === "") return undefined;
  const why = distrustClient(own.certificate, ca, kernel.wallMs);
  return why && `error reading server preface: remote error: tls: ${why}`;
}

/** Carries a request for logs or exec to a node's kubelet. Throws NetError. */
function* toKubelet(
  p: Process,
  certificate: string,
  address: string,
  request: Pick<HttpRequest, "method" | "path">,
): Gen<HttpResponse> {
  const connection = yield* p.machine.network.connect(p.ns.net, address, KUBELET_PORT);
  return yield* connection.http({
    ...request,
    headers: {},
    remoteAddress: p.machine.net.addresses()[0]!,
    ...(certificate && { clientCertificate: certificate }),
  });
}

function readIfThere(p: Process, path: string | undefined): string {
  if (path === undefined) return "";
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (isErrno(error)) return "";
    throw error;
  }
}
