import type { HttpResponse } from "../../api/http.ts";
import { refusedCommand } from "../../api/remote-command.ts";
import { failure, notFound } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import type { ResourceContext } from "../context.ts";
import { badRequest, internalError, plainError } from "../errors.ts";
import { kubeletAddress } from "../node-proxy.ts";

/** log, exec, attach and portforward: answered by the kubelet of the Pod's node (pkg/registry/core/pod/strategy.go). */

export function* log(context: ResourceContext): Gen<HttpResponse> {
  const { info } = context;
  const pod = podOf(context);
  const container = logContainer(pod, info.query.get("container") ?? "");
  validateLogOptions(context);
  const node = nodeOf(context, pod);
  // A Pod without a node has nothing to say.
  if (node === undefined) return { status: 204, headers: {}, body: { type: "bytes", bytes: new Uint8Array(0) } };
  const names = ["follow", "limitBytes", "previous", "sinceSeconds", "sinceTime", "tailLines", "timestamps", "stream"];
  const path = `/containerLogs/${info.namespace}/${info.name}/${container}${queryOf(context, names)}`;
  return checked(yield* ask(context, node, "GET", path));
}

export function* exec(context: ResourceContext): Gen<HttpResponse> {
  return yield* remoteCommand(context, "exec");
}

export function* attach(context: ResourceContext): Gen<HttpResponse> {
  return yield* remoteCommand(context, "attach");
}

function* remoteCommand(context: ResourceContext, kind: "exec" | "attach"): Gen<HttpResponse> {
  const { info, request } = context;
  const { query } = info;
  const pod = podOf(context);
  const container = streamContainer(pod, query.get("container") ?? "");
  const node = nodeOf(context, pod);
  if (node === undefined) {
    throw badRequest(`pod ${info.name} does not have a host assigned`);
  }
  if (kind === "exec" && query.all("command").length === 0) {
    throw badRequest("you must specify at least 1 command for the container");
  }
  const parts: string[] = [];
  for (const command of query.all("command")) parts.push(`command=${encodeURIComponent(command)}`);
  const flags = [
    ["stdin", "input"],
    ["stdout", "output"],
    ["stderr", "error"],
    ["tty", "tty"],
  ] as const;
  for (const [from, to] of flags) if (query.flag(from)) parts.push(`${to}=1`);
  if (!query.flag("stdin") && !query.flag("stdout") && !query.flag("stderr")) {
    throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  }
  const path = `/${kind}/${info.namespace}/${info.name}/${container}${parts.length > 0 ? `?${parts.join("&")}` : ""}`;
  const response = yield* ask(context, node, request.method, path);
  return response.status < 400 ? response : notUpgraded(response);
}

/**
 * The client's connection stands before the kubelet is asked, so that what a kubelet refuses with is the last word of a
 * stream that has been opened (apiserver util/proxy StreamTranslatorHandler).
 */
function notUpgraded({ body }: HttpResponse): HttpResponse {
  const words = body.type === "bytes" ? decode(body.bytes).trimEnd() : "";
  return {
    status: 101,
    headers: { upgrade: "websocket", connection: "Upgrade" },
    body: { type: "channels", channels: refusedCommand(`unable to upgrade connection: ${words}`) },
  };
}

export function* portForward(context: ResourceContext): Gen<HttpResponse> {
  const { info, request } = context;
  const pod = podOf(context);
  const node = nodeOf(context, pod);
  if (node === undefined) throw badRequest(`pod ${info.name} does not have a host assigned`);
  return checked(yield* ask(context, node, request.method, `/portForward/${info.namespace}/${info.name}`));
}

/** `nodes/<name>/proxy/<path>`: any page of a kubelet. */
export function* nodeProxy(context: ResourceContext): Gen<HttpResponse> {
  const { info, registry, request, def } = context;
  const node = registry.cache(def).get("", info.name);
  if (node === undefined) throw notFound("", "nodes", info.name);
  const mark = request.path.indexOf("?");
  const path = `/${info.parts.slice(3).join("/")}${mark < 0 ? "" : request.path.slice(mark)}`;
  return yield* ask(context, node, request.method, path);
}

function podOf({ registry, def, info }: ResourceContext): KubeObject {
  const pod = registry.cache(def).get(info.namespace, info.name);
  if (pod === undefined) throw notFound("", "pods", info.name);
  return pod;
}

function nodeOf({ registry }: ResourceContext, pod: KubeObject): KubeObject | undefined {
  const name: string | undefined = pod["spec"]?.nodeName;
  if (!name) return undefined;
  const node = registry.cacheOf("", "v1", "nodes")?.get("", name);
  if (node === undefined) throw notFound("", "nodes", name);
  return node;
}

interface Names {
  containers: string[];
  inits: string[];
  ephemeral: string[];
}

function namesOf(pod: KubeObject): Names {
  const names = (list: { name: string }[] | undefined) => (list ?? []).map(({ name }) => name);
  const spec = pod["spec"] ?? {};
  return {
    containers: names(spec.containers),
    inits: names(spec.initContainers),
    ephemeral: names(spec.ephemeralContainers),
  };
}

/** LogLocation: which container, in upstream's words when it is not said or not there. */
function logContainer(pod: KubeObject, wanted: string): string {
  const { containers, inits, ephemeral } = namesOf(pod);
  const { name } = pod.metadata;
  if (wanted === "") {
    if (containers.length === 1 && inits.length === 0 && ephemeral.length === 0) return containers[0]!;
    if (containers.length === 1 && inits.length + ephemeral.length === 0) return containers[0]!;
    return pickContainer(name, { containers, inits, ephemeral });
  }
  if ([...containers, ...inits, ...ephemeral].includes(wanted)) return wanted;
  throw badRequest(`container ${wanted} is not valid for pod ${name}`);
}

function pickContainer(pod: string, { containers, inits, ephemeral }: Names): string {
  if (containers.length === 1 && inits.length === 0 && ephemeral.length === 0) return containers[0]!;
  let message = `a container name must be specified for pod ${pod}, choose one of: [${containers.join(" ")}]`;
  if (inits.length > 0) message += ` or one of the init containers: [${inits.join(" ")}]`;
  if (ephemeral.length > 0) message += ` or one of the ephemeral containers: [${ephemeral.join(" ")}]`;
  throw badRequest(message);
}

function streamContainer(pod: KubeObject, wanted: string): string {
  const names = namesOf(pod);
  if (wanted === "") {
    if (names.containers.length === 1) return names.containers[0]!;
    if (names.containers.length === 0)
      throw badRequest(`a container name must be specified for pod ${pod.metadata.name}`);
    return pickContainer(pod.metadata.name, names);
  }
  if ([...names.containers, ...names.inits, ...names.ephemeral].includes(wanted)) return wanted;
  throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`);
}

/** pkg/apis/core/validation ValidatePodLogOptions. */
function validateLogOptions({ info }: ResourceContext): void {
  const { query } = info;
  const causes: { reason: string; message: string; field: string }[] = [];
  const number = (field: string, least: number, why: string) => {
    const text = query.get(field);
    if (text === undefined) return;
    if (!/^-?\d+$/.test(text)) {
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    if (Number(text) < least) {
      causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${text}: ${why}`, field });
    }
  };
  number("tailLines", 0, "must be greater than or equal to 0");
  number("limitBytes", 1, "must be greater than 0");
  number("sinceSeconds", 1, "must be greater than 0");
  if (query.get("sinceSeconds") !== undefined && query.get("sinceTime") !== undefined) {
    causes.push({
      reason: "FieldValueForbidden",
      message: "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
      field: "",
    });
  }
  if (causes.length === 0) return;
  const texts = causes.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`));
  const list = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
  throw failure(422, "Invalid", `PodLogOptions "${info.name}" is invalid: ${list}`, {
    name: info.name,
    kind: "PodLogOptions",
    causes,
  });
}

function queryOf({ info }: ResourceContext, names: readonly string[]): string {
  const parts: string[] = [];
  for (const name of names) {
    const value = info.query.get(name);
    if (value !== undefined && value !== "false") parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

function* ask({ server }: ResourceContext, node: KubeObject, method: string, path: string): Gen<HttpResponse> {
  if (server.nodeProxy === undefined) throw plainError("no dialer to nodes is configured");
  try {
    return yield* server.nodeProxy.request(node, { method, path });
  } catch (error) {
    if (!isNetError(error)) throw error;
    const host = `${kubeletAddress(node)}:10250`;
    const verb = method[0] + method.slice(1).toLowerCase();
    const call = error.code === "ETIMEDOUT" ? "" : "connect: ";
    throw plainError(`${verb} "https://${host}${path}": dial tcp ${host}: ${call}${error.message}`);
  }
}

/** A kubelet's failure becomes the server's own (apiserver pkg/registry/generic/rest/response_checker.go). */
function checked(response: HttpResponse): HttpResponse {
  if (response.status < 400) return response;
  const { body } = response;
  const message =
    body.type === "bytes"
      ? decode(body.bytes).trimEnd()
      : body.type === "object"
        ? String((body.value as { message?: string }).message ?? "")
        : "";
  if (response.status === 400) throw badRequest(message);
  if (response.status === 500) throw internalError(message);
  const reason = response.status === 404 ? "NotFound" : "Unknown";
  throw failure(response.status, reason, `the server could not find the requested resource`, {
    causes: [{ reason: "UnexpectedServerResponse", message, field: "" }],
  });
}
