import type { KubeObject } from "../../api/types.ts";
import { type Gen, SECOND } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { type Connection, isNetError, NetError } from "../../network/index.ts";

/** What the streams are made of. */
interface Sources {
  service(key: string): KubeObject | undefined;
  slices(key: string): readonly KubeObject[];
}

interface Endpoint {
  address: string;
  port: number;
}

/**
 * TCP services: ports of the controller's that nginx hands on to a Service as they are, by a ConfigMap from port to
 * `namespace/service:port` (internal/ingress/controller/controller.go getStreamServices).
 */
export class Streams {
  private readonly p: Process;
  private readonly sources: Sources;
  /** Open ports: how each is closed, and where it leads. */
  private readonly open = new Map<number, { close: () => void; to: string }>();
  private turn = 0;

  constructor(p: Process, sources: Sources) {
    this.p = p;
    this.sources = sources;
  }

  /** Opens and closes ports as the ConfigMap says; lines that cannot be read are left out. */
  sync(data: Readonly<Record<string, string>>): void {
    const wanted = new Map(Object.entries(data).map(([port, to]) => [Number(port), to]));
    for (const [port, { close, to }] of this.open) {
      if (wanted.get(port) === to) continue;
      close();
      this.open.delete(port);
    }
    for (const [port, to] of wanted) {
      if (this.open.has(port) || !Number.isInteger(port) || port < 1 || port > 65_535) continue;
      const listener = { protocol: "tcp" as const, address: "0.0.0.0", port, program: "nginx", pid: this.p.pid };
      const close = this.p.ns.net.listen({ ...listener, proxy: () => this.connect(to) });
      this.open.set(port, { close, to });
    }
  }

  stop(): void {
    for (const { close } of this.open.values()) close();
    this.open.clear();
  }

  private *connect(to: string): Gen<Connection> {
    const { p } = this;
    const endpoints = this.endpoints(to);
    for (let tried = 0; tried < endpoints.length; tried++) {
      const { address, port } = endpoints[this.turn++ % endpoints.length]!;
      try {
        return yield* p.machine.network.connect(p.ns.net, address, port, { timeout: 5 * SECOND });
      } catch (error) {
        if (!isNetError(error)) throw error;
      }
    }
    throw new NetError("ECONNRESET");
  }

  private endpoints(to: string): Endpoint[] {
    const [key = "", wanted = ""] = to.split(":");
    const ports: readonly KubeObject[] = this.sources.service(key)?.spec.ports ?? [];
    const found = ports.find((port) => String(port["port"]) === wanted || port["name"] === wanted);
    if (found === undefined) return [];
    return this.sources.slices(key).flatMap((slice) => {
      const own = ((slice["ports"] ?? []) as { name?: string; port?: number }[]).find(
        ({ name }) => (name ?? "") === ((found["name"] as unknown as string | undefined) ?? ""),
      );
      const ready = ((slice["endpoints"] ?? []) as { addresses: string[]; conditions?: { ready?: boolean } }[]).filter(
        ({ conditions }) => conditions?.ready !== false,
      );
      return own?.port === undefined ? [] : ready.map(({ addresses }) => ({ address: addresses[0]!, port: own.port! }));
    });
  }
}
