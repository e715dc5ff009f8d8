import type { HttpResponse } from "../api/http.ts";
import type { Context } from "./context.ts";
import { text } from "./respond.ts";

const HOOKS = [
  "start-apiserver-admission-initializer",
  "generic-apiserver-start-informers",
  "priority-and-fairness-config-consumer",
  "priority-and-fairness-filter",
  "storage-object-count-tracker-hook",
  "start-apiextensions-informers",
  "start-apiextensions-controllers",
  "crd-informer-synced",
  "start-system-namespaces-controller",
  "start-cluster-authentication-info-controller",
  "start-kube-apiserver-identity-lease-controller",
  "start-kube-apiserver-identity-lease-garbage-collector",
  "start-legacy-token-tracking-controller",
  "start-service-ip-repair-controllers",
  "rbac/bootstrap-roles",
  "scheduling/bootstrap-system-priority-classes",
  "priority-and-fairness-config-producer",
  "bootstrap-controller",
  "aggregator-reload-proxy-client-cert",
  "start-kube-aggregator-informers",
  "apiservice-status-local-available-controller",
  "apiservice-status-remote-available-controller",
  "apiservice-registration-controller",
  "apiservice-discovery-controller",
  "kube-apiserver-autoregistration",
  "autoregister-completion",
  "apiservice-openapi-controller",
  "apiservice-openapiv3-controller",
].map((hook) => (hook === "autoregister-completion" ? hook : `poststarthook/${hook}`));

const CHECKS: Readonly<Record<string, readonly string[]>> = {
  healthz: ["ping", "log", "etcd", ...HOOKS],
  livez: ["ping", "log", "etcd", ...HOOKS],
  readyz: ["ping", "log", "etcd", "etcd-readiness", "informer-sync", ...HOOKS, "shutdown"],
};

const well = (content: string): HttpResponse => text(content, 200, "text/plain; charset=utf-8", true);

/** Every path below which something tells whether it is well. */
export function healthPaths(): string[] {
  return Object.entries(CHECKS).flatMap(([endpoint, checks]) => [
    `/${endpoint}`,
    ...checks.map((check) => `/${endpoint}/${check}`),
  ]);
}

/** `/healthz`, `/livez`, `/readyz`: one word, or with `?verbose` or after a failure a line a check (apiserver pkg/server/healthz). */
export function healthPage({ info, server }: Context): HttpResponse | undefined {
  const [, endpoint = "", ...rest] = info.path.split("/");
  const checks = CHECKS[endpoint];
  if (checks === undefined) return undefined;
  const single = rest.join("/");
  if (single !== "") {
    if (!checks.includes(single)) return undefined;
    const why = server.failing(single);
    return why === undefined ? text("ok") : text(`internal server error: ${why}\n`, 500);
  }
  // What a probe asks, once a second: nothing fails and nobody wants the list.
  if (info.query.isEmpty && !server.ailing) return well("ok");
  const excluded = new Set(info.query.all("exclude"));
  let failed = false;
  const lines: string[] = [];
  for (const check of checks) {
    if (excluded.has(check)) {
      lines.push(`[+]${check} excluded: ok\n`);
      continue;
    }
    const failing = server.failing(check) !== undefined;
    if (failing) failed = true;
    lines.push(failing ? `[-]${check} failed: reason withheld\n` : `[+]${check} ok\n`);
  }
  if (failed) return text(`${lines.join("")}${endpoint} check failed\n`, 500);
  return well(info.query.get("verbose") === undefined ? "ok" : `${lines.join("")}${endpoint} check passed\n`);
}
