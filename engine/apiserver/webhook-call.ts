import type { Draft } from "../api/kind.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { Context } from "./context.ts";

/** A webhook could not be asked; the message is what its client says. */
export class WebhookError extends Error {}

/** Where a webhook is (WebhookClientConfig). */
export interface WebhookTarget {
  service?: { name: string; namespace: string; path?: string; port?: number };
  url?: string;
}

/** Posts a review to a webhook and returns what it answers (apiserver pkg/util/webhook). Throws WebhookError. */
export function* callWebhook(
  { server, registry }: Pick<Context, "server" | "registry">,
  { service, url = "" }: WebhookTarget,
  seconds: number,
  review: object,
): Gen<unknown> {
  const path: string = service?.path ? (service.path.startsWith("/") ? service.path : `/${service.path}`) : "";
  const port = service?.port ?? 443;
  const whole = service ? `https://${service.name}.${service.namespace}.svc:${port}${path}` : url;
  const target = /^https:\/\/[^/?]+$/.test(whole) ? `${whole}/` : whole;
  const failed = (why: string) =>
    new WebhookError(`Post "${target}${target.includes("?") ? "&" : "?"}timeout=${seconds}s": ${why}`);
  let address: string;
  if (service) {
    const found = registry.cacheOf("", "v1", "services")?.get(service.namespace, service.name);
    if (found === undefined) throw failed(`service ${JSON.stringify(service.name)} not found`);
    const [ready, to] = endpointOf(registry, found, port);
    if (!ready) throw failed(`no endpoints available for service ${JSON.stringify(service.name)}`);
    if (to === undefined) throw failed(`no service port ${port} found for service ${JSON.stringify(service.name)}`);
    address = to;
  } else address = hostOf(url);
  if (server.webhooks === undefined) throw failed(`dial tcp ${address}: connect: connection refused`);
  const answer = yield* server.webhooks.submitReview(address, path || pathOf(url), review, seconds);
  if (typeof answer === "string") throw failed(answer);
  return answer;
}

/** An address behind a Service's port, as the aggregator's resolver finds one (kube-aggregator pkg/apiserver/resolvers.go). */
function endpointOf(
  registry: Context["registry"],
  service: KubeObject,
  port: number,
): [ready: boolean, address: string | undefined] {
  const { namespace = "", name } = service.metadata;
  const ports: { port: number; name?: string }[] = service["spec"]?.ports ?? [];
  const wanted = ports.find((one) => one.port === port);
  const endpoints = registry.cacheOf("", "v1", "endpoints")?.get(namespace, name);
  const subsets: Draft[] = endpoints?.["subsets"] ?? [];
  for (const subset of subsets) {
    const ip = subset.addresses?.[0]?.ip;
    const target = (subset.ports ?? []).find((one: Draft) => (one.name ?? "") === (wanted?.name ?? ""))?.port;
    if (ip && target) return [true, wanted === undefined ? undefined : `${ip}:${target}`];
  }
  return [false, undefined];
}

function hostOf(url: string): string {
  const host = /^https:\/\/([^/?]+)/.exec(url)?.[1] ?? url;
  return /:\d+$/.test(host) ? host : `${host}:443`;
}

const pathOf = (url: string) => /^https:\/\/[^/?]+(\/[^?]*)?/.exec(url)?.[1] ?? "/";
