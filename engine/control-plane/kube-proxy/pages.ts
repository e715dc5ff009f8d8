import { buildInfo } from "../../api/build-info.ts";
import type { HttpHandler, HttpResponse } from "../../api/http.ts";
import { requestCounts } from "../../api/request-counts.ts";
import { formatMicroTime } from "../../api/time.ts";
import { encode, type Kernel } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { processFamilies } from "../../machine/process-metrics.ts";
import { releaseOf } from "../../machine/release.ts";
import type { Exposition } from "../../text/exposition.ts";
import type { ProxyMetrics } from "./metrics.ts";

interface Pages {
  http: HttpHandler;
  well: (path: string) => boolean;
}

function page(status: number, type: string, text: string): HttpResponse {
  return {
    status,
    headers: { "content-type": type, "x-content-type-options": "nosniff" },
    body: { type: "bytes", bytes: encode(text) },
  };
}

const PLAIN = "text/plain; charset=utf-8";
const pathOf = (path: string): string => path.split("?", 1)[0]!;

/** Port 10256: whether the node may take traffic, with the times that say so (pkg/proxy/healthcheck/proxy_health.go). */
export function healthPage(kernel: Kernel, metrics: ProxyMetrics): Pages {
  const well = (path: string) => pathOf(path) === "/healthz" || pathOf(path) === "/livez";
  return {
    well,
    *http({ path }) {
      if (!well(path)) return page(404, PLAIN, "404 page not found\n");
      metrics.asked(pathOf(path) === "/healthz" ? "healthz" : "livez", 200);
      const now = formatMicroTime(kernel.epochMs * 1000 + kernel.now)
        .replace("T", " ")
        .replace("Z", " +0000 UTC");
      const elapsed = (kernel.now / 1_000_000).toFixed(9);
      const time = `${now} m=+${elapsed}`;
      const eligible = pathOf(path) === "/healthz" ? `, "nodeEligible": true` : "";
      return page(200, "application/json", `{"lastUpdated": "${time}","currentTime": "${time}"${eligible}}`);
    },
  };
}

/** Port 10249: metrics, mode and health, for the machine itself (cmd/kube-proxy/app/server.go serveMetrics). */
export function metricsPages(metrics: ProxyMetrics, mode: string, p: Process): Pages {
  const own = (out: Exposition) => {
    processFamilies(out, p, buildInfo(releaseOf(p)).goVersion);
    requestCounts(p).families(out);
  };
  return {
    well: (path) => pathOf(path) === "/healthz",
    *http({ path }) {
      switch (pathOf(path)) {
        case "/healthz":
          return page(200, PLAIN, "ok");
        case "/proxyMode":
          return page(200, PLAIN, mode);
        case "/metrics":
          return page(200, "text/plain; version=0.0.4; charset=utf-8; escaping=values", metrics.page(own));
        default:
          return page(404, PLAIN, "404 page not found\n");
      }
    },
  };
}
