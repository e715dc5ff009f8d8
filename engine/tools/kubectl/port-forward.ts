/** kubectl port-forward: ports of this machine that lead into a Pod, through the API server and the Pod's kubelet. */
import { toError } from "../../api/client.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Connection } from "../../network/index.ts";
import { KubectlError, usageError } from "./errors.ts";
import { ForwardError, type Forwarded, type Forwarder, forwardPorts, LOCALHOST, parsePorts } from "./forwarder.ts";
import type { Invocation } from "./invocation.ts";
import { klog } from "./klog.ts";
import { attachablePod, POD_TIMEOUT_ERROR, podOrOwner, podPath } from "./pods.ts";

interface ServicePort {
  name?: string;
  port: number;
  targetPort?: number | string;
  protocol?: string;
}

interface ContainerPort {
  name?: string;
  containerPort: number;
  protocol?: string;
}

function forwarded(spec: string): Forwarded {
  try {
    return parsePorts(spec);
  } catch (error) {
    throw error instanceof ForwardError ? new KubectlError(error.message) : error;
  }
}

/** kubectl port-forward. */
export function* portForward(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length < 2) {
    throw usageError("port-forward", "TYPE/NAME and list of ports are required for port-forward");
  }
  const timeout = flags.duration("pod-running-timeout");
  if (timeout <= 0) throw usageError("port-forward", POD_TIMEOUT_ERROR);
  const object = (yield* podOrOwner(k, args[0]!)).object!;
  const pod = yield* attachablePod(k, object, timeout);
  const specs = args.slice(1);
  const ports = specs.map((spec) =>
    forwarded(object.kind === "Service" ? throughService(object, pod, spec) : throughPod(pod, spec)),
  );
  const { phase } = (yield* k.object("GET", podPath(pod, "").replace(/\/$/, ""))).status ?? {};
  if (phase !== "Running") {
    throw new KubectlError(`unable to forward port because pod is not running. Current status=${phase}`);
  }
  const response = yield* k.request("GET", podPath(pod, "portforward"), undefined, {
    connection: "Upgrade",
    upgrade: "websocket",
  });
  if (response.body.type !== "forward") throw toError(response);
  const forwarder: Forwarder = {
    p: k.p,
    program: "kubectl",
    addresses: addressesOf(k),
    out: (text) => k.out(text),
    err: (text) => k.err(text),
    flush: () => k.flush(),
    klog: (source, message) => klog(k, "E", source, message),
  };
  try {
    return yield* forwardPorts(forwarder, ports, response.body.open as (port: number) => Gen<Connection>);
  } catch (error) {
    throw error instanceof ForwardError ? new KubectlError(error.message) : error;
  }
}

/** A Service's port becomes the one of the Pod behind it (util.LookupContainerPortNumberByServicePort). */
function throughService(service: KubeObject, pod: KubeObject, spec: string): string {
  const [local, remote] = splitSpec(spec);
  const ports = (service.spec?.ports ?? []) as ServicePort[];
  const wanted = /^\d+$/.test(remote)
    ? ports.find(({ port }) => port === Number(remote))
    : ports.find(({ name }) => name === remote);
  const { name } = service.metadata;
  if (wanted === undefined) {
    throw new KubectlError(
      /^\d+$/.test(remote)
        ? `Service ${name} does not have a service port ${remote}`
        : `Service '${name}' does not have a named port '${remote}'`,
    );
  }
  if (wanted.protocol === "UDP") throw new KubectlError(`UDP protocol is not supported for ${remote}`);
  const { targetPort = wanted.port } = wanted;
  const number =
    service.spec.clusterIP === "None" && typeof targetPort === "number" && targetPort === 0
      ? wanted.port
      : typeof targetPort === "number"
        ? targetPort
        : containerPort(pod, targetPort);
  const shownLocal = spec.includes(":") ? local : /^\d+$/.test(remote) ? remote : String(wanted.port);
  return String(number) === shownLocal ? shownLocal : `${shownLocal}:${number}`;
}

function throughPod(pod: KubeObject, spec: string): string {
  const [local, remote] = splitSpec(spec);
  if (/^\d+$/.test(remote)) return spec;
  const number = containerPort(pod, remote);
  return spec.includes(":") ? `${local}:${number}` : String(number);
}

/** `8080:80`, `:80`, `80`; of more parts only the first two count. */
function splitSpec(spec: string): [local: string, remote: string] {
  const [first = "", second] = spec.split(":");
  return second === undefined ? [first, first] : [first, second];
}

function containerPort(pod: KubeObject, name: string): number {
  for (const { ports = [] } of (pod.spec?.containers ?? []) as { ports?: ContainerPort[] }[]) {
    for (const port of ports) if (port.name === name) return port.containerPort;
  }
  throw new KubectlError(`Pod '${pod.metadata.name}' does not have a named port '${name}'`);
}

/** Addresses to listen on. */
function addressesOf(k: Invocation): { shown: string[]; bind: string }[] {
  return k.flags.list("address").map((address) => {
    if (address === "localhost") return LOCALHOST;
    if (/^\d+(\.\d+){3}$/.test(address)) return { shown: [address], bind: address };
    throw new KubectlError(`${address} is not a valid IP`);
  });
}
