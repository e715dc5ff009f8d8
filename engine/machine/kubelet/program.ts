import { userAgent } from "../../api/build-info.ts";
import { klog } from "../../api/klog.ts";
import { clientFromKubeconfig } from "../../api/kubeconfig.ts";
import { type Gen, MS, SECOND, sleep, WaitQueue, wait } from "../../kernel/index.ts";
import { millicores } from "../cpu.ts";
import { isErrno } from "../errno.ts";
import type { Process, Program } from "../process.ts";
import { releaseOf } from "../release.ts";
import { runtimeOf } from "../runtime/of.ts";
import * as sys from "../sys.ts";
import { bootstrapCertificate, makeServingPair } from "./bootstrap.ts";
import { Kubelet } from "./kubelet.ts";
import { type KubeletOptions, OptionsError, readOptions } from "./options.ts";
import { policyClash, setUpRoot } from "./root-directory.ts";
import { listen } from "./server.ts";

const PKI = "/var/lib/kubelet/pki";
const LENIENT = "Using lenient decoding as strict decoding failed";

/** The kubelet of kubelet.service. Containers go on when it ends. */
export const kubelet: Program = function* (p: Process): Gen<number> {
  if (p.argv[1] === "--version") {
    yield* sys.print(p, `Kubernetes ${releaseOf(p)}\n`);
    return 0;
  }
  p.rssKib = 88_000;
  p.idleCpu = millicores(18);
  let options: KubeletOptions;
  let unknown: readonly string[] = [];
  try {
    options = readOptions(p, (fields) => {
      unknown = fields;
    });
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    return yield* fail(p, error.message);
  }
  if (unknown.length > 0) {
    const err = `strict decoding error: ${unknown.map((field) => `unknown field "${field}"`).join(", ")}`;
    const said = klog(p.machine.kernel, p.pid, "I", "codec.go:104", LENIENT, { err });
    yield* sys.printError(p, `${said}\n`);
  }
  const dead = yield* withoutRuntime(p, options.runtimeEndpoint);
  if (dead !== undefined) return yield* fail(p, dead);
  const clash = policyClash(p, options.configuration);
  if (clash !== undefined) {
    for (const line of clash) yield* sys.printError(p, `${line}\n`);
    return 1;
  }
  let me: Kubelet;
  try {
    const agent = userAgent("kubelet", releaseOf(p));
    yield* bootstrapCertificate(p, options, agent);
    makeServingPair(p, `${PKI}/kubelet.crt`, `${PKI}/kubelet.key`);
    me = new Kubelet(p, options, clientFromKubeconfig(p, options.kubeconfig, agent));
  } catch (error) {
    if (!isErrno(error)) throw error;
    const path = options.bootstrapKubeconfig ?? options.kubeconfig;
    return yield* fail(
      p,
      `failed to run Kubelet: unable to load bootstrap kubeconfig: stat ${path}: ${error.message.toLowerCase()}`,
    );
  }
  setUpRoot(p, options.configuration);
  p.dispositions.set("TERM", "catch");
  p.dispositions.set("INT", "catch");
  const close = listen(me, p);
  me.start();
  try {
    const never = new WaitQueue();
    while (p.takeSignal() === undefined) yield* wait(never);
    return 0;
  } finally {
    close();
    me.stop();
  }
};

/** How long the runtime's socket is waited for, and how often it is tried. */
const PATIENCE = 2 * SECOND;
const RETRY = 100 * MS;

/** Why no container runtime answers at the endpoint; undefined when one does. */
function* withoutRuntime(p: Process, endpoint: string): Gen<string | undefined> {
  const path = endpoint.replace(/^unix:\/\//, "");
  const runtime = runtimeOf(p.machine);
  const isContainerd = /^(\/var)?\/run\/containerd\/containerd\.sock$/.test(path);
  const until = p.machine.kernel.now + PATIENCE;
  while (isContainerd && runtime.daemon === undefined && p.machine.kernel.now < until) yield* sleep(RETRY);
  if (isContainerd && runtime.daemon !== undefined) return undefined;
  return (
    `failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint "${endpoint}": ` +
    'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: ' +
    `dial unix ${path}: connect: no such file or directory"`
  );
}

function* fail(p: Process, message: string): Gen<number> {
  yield* sys.printError(p, `${klog(p.machine.kernel, p.pid, "E", "run.go:72", "command failed", { err: message })}\n`);
  return 1;
}
