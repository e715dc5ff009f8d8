import type { HttpHandler } from "../../api/http.ts";
import { encode } from "../../kernel/index.ts";
import { isNetError, type NetNamespace } from "../../network/index.ts";
import type { Programmed } from "./proxier.ts";

interface Check {
  service: string;
  local: number;
  close: () => void;
}

/**
 * Answers load balancers on the health check node ports of Services of policy Local: 200 where the node has a ready
 * endpoint, 503 elsewhere (pkg/proxy/healthcheck/service_health.go).
 */
export class HealthChecks {
  private readonly net: NetNamespace;
  private readonly pid: number;
  private readonly checks = new Map<number, Check>();

  constructor(net: NetNamespace, pid: number) {
    this.net = net;
    this.pid = pid;
  }

  /** Takes over what a sync wrote. */
  apply(changes: Iterable<{ before: readonly Programmed[]; now: readonly Programmed[] }>, node: string): void {
    for (const { before, now } of changes) {
      const ports = new Set(now.map(({ port }) => port.healthCheckNodePort));
      for (const { port } of before) if (!ports.has(port.healthCheckNodePort)) this.close(port.healthCheckNodePort);
      for (const { port, endpoints } of now) {
        if (port.healthCheckNodePort === 0) continue;
        const local = new Set<string>();
        for (const each of endpoints.list) if (each.ready && each.nodeName === node) local.add(each.address);
        this.open(port.healthCheckNodePort, port.service, local.size);
      }
    }
  }

  stop(): void {
    for (const port of [...this.checks.keys()]) this.close(port);
  }

  private open(port: number, service: string, local: number): void {
    const there = this.checks.get(port);
    if (there !== undefined) {
      there.local = local;
      return;
    }
    const check: Check = { service, local, close: () => {} };
    try {
      check.close = this.net.listen({
        protocol: "tcp",
        address: "0.0.0.0",
        port,
        program: "kube-proxy",
        pid: this.pid,
        http: answer(check),
      });
    } catch (error) {
      // Somebody else has the port: upstream writes an event and goes on.
      if (!isNetError(error)) throw error;
      return;
    }
    this.checks.set(port, check);
  }

  private close(port: number): void {
    this.checks.get(port)?.close();
    this.checks.delete(port);
  }
}

function answer(check: Check): HttpHandler {
  return function* health() {
    const [namespace, name] = check.service.split("/") as [string, string];
    const text = [
      "{",
      '\t"service": {',
      `\t\t"namespace": "${namespace}",`,
      `\t\t"name": "${name}"`,
      "\t},",
      `\t"localEndpoints": ${check.local},`,
      '\t"serviceProxyHealthy": true',
      "}",
    ];
    return {
      status: check.local > 0 ? 200 : 503,
      headers: {
        "content-type": "application/json",
        "x-content-type-options": "nosniff",
        "x-load-balancing-endpoint-weight": String(check.local),
      },
      body: { type: "bytes", bytes: encode(text.join("\n")) },
    };
  };
}
