import type { HttpResponse } from "../../api/http.ts";
import { failure, notFound, type StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { ResourceContext } from "../context.ts";
import { badRequest } from "../errors.ts";
import { nodeProxy } from "./kubelet.ts";

/** `…/proxy/<path>` of nodes, Pods and Services: what the server behind them answers, through the API server. */

/** Seconds that a server may take to be reached. */
const PATIENCE = 30;

/** `[http:|https:]name[:port]` (apimachinery pkg/util/net SplitSchemeNamePort); undefined for anything else. */
export function splitSchemeNamePort(id: string): { scheme: string; name: string; port: string } | undefined {
  const parts = id.split(":");
  const [first = "", second = "", third = ""] = parts;
  if (parts.length === 3) {
    const known = first === "" || first === "http" || first === "https";
    return known && second !== "" ? { scheme: first, name: second, port: third } : undefined;
  }
  return parts.length < 3 && first !== "" ? { scheme: "", name: first, port: second } : undefined;
}

export function* proxy(context: ResourceContext): Gen<HttpResponse> {
  const { info } = context;
  const resource = { nodes: "node", pods: "pod", services: "service" }[info.resource];
  const target = splitSchemeNamePort(info.name);
  if (target === undefined) throw badRequest(`invalid ${resource} request "${info.name}"`);
  const { name, port } = target;
  if (info.resource === "nodes") {
    // The kubelet's own port is the only one that machines answer on.
    return yield* nodeProxy({ ...context, info: { ...info, name } });
  }
  const object = context.registry.cache(context.def).get(info.namespace, name);
  if (object === undefined) throw notFound("", info.resource, name);
  const address = info.resource === "pods" ? podAddress(object, port) : serviceAddress(context, object, port);
  return yield* forward(context, address);
}

/** The Pod's address, at the first port that it names unless another is asked for (pkg/registry/core/pod ResourceLocation). */
function podAddress(pod: KubeObject, port: string): string {
  const ip: string | undefined = pod["status"]?.podIP;
  if (ip === undefined) throw badRequest("address not allowed");
  const containers = (pod["spec"]?.containers ?? []) as { ports?: { containerPort: number }[] }[];
  const first = containers.find(({ ports }) => (ports?.length ?? 0) > 0)?.ports?.[0]?.containerPort;
  return `${ip}:${port || (first ?? 80)}`;
}

/** One of the Service's ready endpoints (pkg/registry/core/service/storage ResourceLocation). */
function serviceAddress(context: ResourceContext, service: KubeObject, port: string): string {
  const { name, namespace = "" } = service.metadata;
  let portName = port;
  if (/^\d+$/.test(port)) {
    const ports = (service["spec"]?.ports ?? []) as { port: number; name?: string }[];
    const found = ports.find((one) => one.port === Number(port));
    if (found === undefined) throw unavailable(`no service port ${port} found for service "${name}"`);
    portName = found.name ?? "";
  }
  const { registry, server } = context;
  const endpoints = registry.cacheOf("", "v1", "endpoints")?.get(namespace, name);
  const subsets = (endpoints?.["subsets"] ?? []) as {
    addresses?: { ip: string }[];
    ports?: { name?: string; port: number }[];
  }[];
  const reachable = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports
      .filter((one) => (one.name ?? "") === portName)
      .flatMap((one) => addresses.map(({ ip }) => `${ip}:${one.port}`)),
  );
  if (reachable.length === 0) throw unavailable(`no endpoints available for service "${name}"`);
  return server.kernel.random("service proxy").pick(reachable);
}

const unavailable = (message: string): StatusError => failure(503, "ServiceUnavailable", message);

function* forward(context: ResourceContext, address: string): Gen<HttpResponse> {
  const { info, request, server } = context;
  const mark = request.path.indexOf("?");
  const [asked, query] = mark < 0 ? [request.path, ""] : [request.path.slice(0, mark), request.path.slice(mark)];
  const rest = info.parts.slice(3).join("/");
  // A page's own links need the slash at its end.
  if (rest === "" && !asked.endsWith("/") && (request.method === "GET" || request.method === "HEAD")) {
    return {
      status: 301,
      headers: { location: `${asked}/${query}` },
      body: { type: "bytes", bytes: new Uint8Array(0) },
    };
  }
  const slash = asked.endsWith("/") && rest !== "" ? "/" : "";
  const { authorization: _, host: __, ...headers } = request.headers;
  const answer = yield* server.services!.dial(
    address,
    {
      ...request,
      path: `/${rest}${slash}${query}`,
      headers: { ...headers, host: address, "x-forwarded-for": request.remoteAddress, "x-forwarded-uri": asked },
    },
    PATIENCE,
  );
  if (typeof answer !== "string") return answer;
  throw unavailable(`error trying to reach service: ${answer}`);
}
