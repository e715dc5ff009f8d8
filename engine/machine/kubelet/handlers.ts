import type { HttpResponse } from "../../api/http.ts";
import { concat, decode, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import type { LocalTarget } from "../../network/index.ts";
import { type Container, exitOf, isCriError } from "../runtime/index.ts";
import type { KubeletContext } from "./context.ts";
import type { ContainerSpec, Handler, Pod } from "./types.ts";

/** How a handler ended: `failure` for a bad answer, `error` when it could not be asked. */
export interface HandlerResult {
  outcome: "success" | "failure" | "error";
  output: string;
}

const MAX_OUTPUT = 10 * 1024;

/**
 * Who would answer a probe's action now, where that can be told without carrying it out: the target runs on this machine
 * and answering leaves no trace with it.
 */
export function targetOf(
  ctx: KubeletContext,
  pod: Pod,
  spec: ContainerSpec,
  container: Container,
  { exec, httpGet, tcpSocket, grpc }: Handler,
): LocalTarget | undefined {
  const asked = httpGet ?? tcpSocket ?? grpc;
  if (exec || asked === undefined || httpGet?.httpHeaders) return undefined;
  const host = ("host" in asked && asked.host) || podAddress(ctx, pod, container);
  const { machine } = ctx;
  // Somebody listens on a device: the probe's packets are what he is to see.
  if (machine.network.taps.size > 0) return undefined;
  const port = portOf(spec, asked.port);
  if (port === undefined) return undefined;
  const target = machine.network.localTarget(machine.net, host, port);
  const secure = httpGet?.scheme === "HTTPS";
  return httpGet && secure !== (target?.listener.tls === true) ? undefined : target;
}

/** Whether a target answers a probe with success now. */
export function goesWell({ listener }: LocalTarget, { httpGet }: Handler): boolean {
  return httpGet === undefined || listener.well?.(httpGet.path ?? "/") === true;
}

function podAddress(ctx: KubeletContext, pod: Pod, container: Container): string {
  return pod.spec.hostNetwork ? (ctx.hostIps()[0] ?? "127.0.0.1") : (container.sandbox.ips[0] ?? "");
}

/** Runs a probe's or a hook's action against a container. `timeout` in µs. */
export function* runHandler(
  ctx: KubeletContext,
  pod: Pod,
  spec: ContainerSpec,
  container: Container,
  handler: Handler,
  timeout: number,
): Gen<HandlerResult> {
  if (handler.exec) return yield* runExec(ctx, container, handler.exec.command ?? [], timeout);
  if (handler.sleep) {
    yield* sleep(handler.sleep.seconds * SECOND);
    return { outcome: "success", output: "" };
  }
  const ip = podAddress(ctx, pod, container);
  if (handler.httpGet) {
    const { httpGet } = handler;
    const port = portOf(spec, httpGet.port);
    if (port === undefined) return noPort(httpGet.port);
    const host = httpGet.host || ip;
    const scheme = (httpGet.scheme ?? "HTTP").toLowerCase();
    const headers: Record<string, string> = { host: `${host}:${port}`, "user-agent": "kube-probe/1.32", accept: "*/*" };
    for (const { name, value } of httpGet.httpHeaders ?? []) headers[name.toLowerCase()] = value;
    return yield* runHttp(ctx, scheme, host, port, httpGet.path ?? "/", headers, timeout);
  }
  const target = handler.tcpSocket ?? handler.grpc;
  if (target === undefined) return { outcome: "error", output: "missing probe handler" };
  const port = portOf(spec, target.port);
  if (port === undefined) return noPort(target.port);
  const host = ("host" in target && target.host) || ip;
  const began = ctx.kernel.now;
  try {
    const connection = yield* ctx.machine.network.connect(ctx.machine.net, host, port, { timeout });
    connection.close();
    return { outcome: "success", output: "" };
  } catch (error) {
    if (!isNetError(error)) throw error;
    if (handler.grpc) {
      // Its client dials again and again until the time is up (pkg/probe/grpc, WithBlock).
      yield* sleep(Math.max(0, began + timeout - ctx.kernel.now));
      const words = `failed to connect service "${host}:${port}" within ${timeout / SECOND}s: context deadline exceeded`;
      return { outcome: "failure", output: `timeout: ${words}` };
    }
    return { outcome: "failure", output: dialError(host, port, error.code, error.message) };
  }
}

function* runExec(ctx: KubeletContext, container: Container, command: string[], timeout: number): Gen<HandlerResult> {
  try {
    const session = yield* ctx.runtime.exec(container.id, command, { collect: true });
    const code = yield* exitOf(session, timeout);
    if (code === undefined) {
      ctx.machine.signal(session.process, "KILL");
      return {
        outcome: "failure",
        output: `command "${command.join(" ")}" timed out`,
      };
    }
    const output = decode(concat([session.stdout.take(MAX_OUTPUT), session.stderr!.take(MAX_OUTPUT)]));
    return { outcome: code === 0 ? "success" : "failure", output };
  } catch (error) {
    if (!isCriError(error)) throw error;
    return { outcome: "error", output: error.rpc };
  }
}

function* runHttp(
  ctx: KubeletContext,
  scheme: string,
  host: string,
  port: number,
  path: string,
  headers: Record<string, string>,
  timeout: number,
): Gen<HandlerResult> {
  const { machine } = ctx;
  const url = () => `${scheme}://${host}:${port}${path.startsWith("/") ? path : `/${path}`}`;
  let response: HttpResponse;
  try {
    const connection = yield* machine.network.connect(machine.net, host, port, { timeout });
    const { tls } = connection.listener;
    if ((scheme === "https") !== (tls === true)) {
      connection.close();
      if (scheme === "http") return { outcome: "failure", output: "HTTP probe failed with statuscode: 400" };
      return { outcome: "failure", output: `Get "${url()}": http: server gave HTTP response to HTTPS client` };
    }
    response = yield* connection.http({ method: "GET", path, headers, remoteAddress: "" });
    // Kept by nobody: the next probe dials anew (prober/http DisableKeepAlives).
    if (response.body.type === "bytes" || response.body.type === "object") connection.close();
  } catch (error) {
    if (!isNetError(error)) throw error;
    if (error.code === "ETIMEDOUT") {
      const words = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
      return { outcome: "failure", output: `Get "${url()}": ${words}` };
    }
    return { outcome: "failure", output: `Get "${url()}": ${dialError(host, port, error.code, error.message)}` };
  }
  if (response.status >= 200 && response.status < 400) return { outcome: "success", output: "" };
  return { outcome: "failure", output: `HTTP probe failed with statuscode: ${response.status}` };
}

function dialError(host: string, port: number, code: string, message: string): string {
  return `dial tcp ${host}:${port}: ${code === "ETIMEDOUT" ? "" : "connect: "}${message}`;
}

/** A port by number or by its name in the container; a name may be a number too (pkg/probe ResolveContainerPort). */
function portOf(spec: ContainerSpec, port: number | string): number | undefined {
  if (typeof port === "number") return port;
  const named = spec.ports?.find((one) => one.name === port)?.containerPort;
  return named ?? (/^\d+$/.test(port) ? Number(port) : undefined);
}

function noPort(port: number | string): HandlerResult {
  return { outcome: "error", output: `strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax` };
}
