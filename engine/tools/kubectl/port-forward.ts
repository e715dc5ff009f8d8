/** kubectl port-forward: ports of this machine that lead into a Pod, through the API server and the Pod's kubelet. */
import { toError } from "../../api/client.ts";
import { forwardFailure } from "../../api/remote-command.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { Connection, Socket } from "../../network/index.ts";
import { isNetError, NetError } from "../../network/index.ts";
import { KubectlError, usageError } from "./errors.ts";
import { quote } from "./go.ts";
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

interface Forwarded {
  local: number;
  remote: number;
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
    parsePorts(object.kind === "Service" ? throughService(object, pod, spec) : throughPod(pod, spec)),
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
  return yield* serve(k, ports, response.body.open as (port: number) => Gen<Connection>);
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

/** client-go portforward parsePorts. */
function parsePorts(spec: string): Forwarded {
  const parts = spec.split(":");
  if (parts.length > 2) throw new KubectlError(`invalid port format '${spec}'`);
  const [localText, remoteText] = parts.length === 1 ? [spec, spec] : [parts[0] || "0", parts[1]!];
  const local = portNumber(localText, "local");
  const remote = portNumber(remoteText, "remote");
  if (remote === 0) throw new KubectlError("remote port must be > 0");
  return { local, remote };
}

function portNumber(text: string, side: string): number {
  const error = (why: string) =>
    new KubectlError(`error parsing ${side} port '${text}': strconv.ParseUint: parsing ${quote(text)}: ${why}`);
  if (!/^\d+$/.test(text)) throw error("invalid syntax");
  if (Number(text) > 65_535) throw error("value out of range");
  return Number(text);
}

/** Addresses to listen on: `localhost` is both loopbacks, the second of which nobody here can dial. */
function addressesOf(k: Invocation): { shown: string[]; bind: string }[] {
  return k.flags.list("address").map((address) => {
    if (address === "localhost") return { shown: ["127.0.0.1", "[::1]"], bind: "127.0.0.1" };
    if (/^\d+(\.\d+){3}$/.test(address)) return { shown: [address], bind: address };
    throw new KubectlError(`${address} is not a valid IP`);
  });
}

function* serve(k: Invocation, ports: readonly Forwarded[], open: (port: number) => Gen<Connection>): Gen<number> {
  const { p } = k;
  const { net } = p.ns;
  const closers: (() => void)[] = [];
  const lost = new WaitQueue();
  let broken = false;
  const opening = (local: number, remote: number) =>
    function* connect(): Gen<Connection> {
      yield* sys.write(p, 1, `Handling connection for ${local}\n`);
      try {
        return yield* open(remote);
      } catch (error) {
        if (!isNetError(error)) throw error;
        const words = `an error occurred forwarding ${local} -> ${remote}: ${forwardFailure(remote, error.message)}`;
        yield* sys.write(p, 2, klog(k, "E", "portforward.go:424", `"Unhandled Error" err=${quote(words)}`));
        broken = true;
        lost.wakeAll();
        throw new NetError("ECONNRESET");
      }
    };
  try {
    for (const { local: wanted, remote } of ports) {
      const local = wanted === 0 ? net.ephemeralPort() : wanted;
      for (const { shown, bind } of addressesOf(k)) {
        const connect = opening(local, remote);
        try {
          closers.push(
            net.listen({
              protocol: "tcp",
              address: bind,
              port: local,
              program: "kubectl",
              pid: p.pid,
              *http(request) {
                return yield* (yield* connect()).http(request);
              },
              accept: (socket) => relay(k, socket, connect()),
            }),
          );
        } catch (error) {
          if (!isNetError(error)) throw error;
          const why = shown.map((address) => {
            const family = address.startsWith("[") ? "tcp6" : "tcp4";
            return `unable to create listener: Error listen ${family} ${address}:${local}: bind: ${error.message}`;
          });
          k.err(
            `Unable to listen on port ${local}: Listeners failed to create with the following errors: [${why.join(" ")}]\n`,
          );
          continue;
        }
        for (const address of shown) k.out(`Forwarding from ${address}:${local} -> ${remote}\n`);
      }
    }
    if (closers.length === 0) {
      const shown = ports.map(({ local, remote }) => `{${local} ${remote}}`).join(" ");
      throw new KubectlError(`unable to listen on any of the requested ports: [${shown}]`);
    }
    yield* k.flush();
    while (!broken) yield* wait(lost);
    throw new KubectlError("lost connection to pod");
  } finally {
    for (const close of closers) close();
  }
}

/** Bytes both ways between a client's socket and the Pod's. */
function* relay(k: Invocation, client: Socket, opening: Gen<Connection>): Gen {
  let server: Socket;
  try {
    server = (yield* opening).stream();
  } catch (error) {
    if (!isNetError(error)) throw error;
    client.close();
    return;
  }
  const up = k.p.machine.kernel.spawn("port-forward up", copy(client, server), { instant: false });
  yield* copy(server, client);
  if (up.state !== "done") k.p.machine.kernel.kill(up);
  client.close();
  server.close();
}

function* copy(from: Socket, to: Socket): Gen {
  for (;;) {
    const bytes = yield* from.input.read(65_536);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) break;
    yield* to.output.write(bytes);
  }
  to.output.closeWriter();
}
