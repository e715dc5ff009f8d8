import type { KubeObject } from "../../api/types.ts";
import { type Gen, SECOND } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { type Connection, isNetError, NetError } from "../../network/index.ts";
import { type Model, serverFor } from "./model.ts";

/** What the streams are made of. */
interface Sources {
  service(key: string): KubeObject | undefined;
  slices(key: string): readonly KubeObject[];
}

interface Endpoint {
  address: string;
  port: number;
}

/** Seconds that nginx waits for the answer to a datagram (proxy_timeout is longer; clients ask again before). */
const DATAGRAM = 5 * SECOND;

/**
 * TCP and UDP services: ports of the controller's that nginx hands on to a Service as they are, by a ConfigMap from port to
 * `namespace/service:port` (internal/ingress/controller/controller.go getStreamServices).
 */
export class Streams {
  private readonly p: Process;
  private readonly sources: Sources;
  /** Open ports: how each is closed, and where it leads. */
  private readonly open = new Map<string, { close: () => void; to: string }>();
  private turn = 0;

  constructor(p: Process, sources: Sources) {
    this.p = p;
    this.sources = sources;
  }

  /** Opens and closes ports as the ConfigMap says; lines that cannot be read are left out. */
  sync(protocol: "tcp" | "udp", data: Readonly<Record<string, string>>): void {
    const wanted = new Map(Object.entries(data).map(([port, to]) => [`${protocol} ${Number(port)}`, to]));
    for (const [key, { close, to }] of this.open) {
      if (!key.startsWith(protocol) || wanted.get(key) === to) continue;
      close();
      this.open.delete(key);
    }
    for (const [key, to] of wanted) {
      const port = Number(key.slice(protocol.length));
      if (this.open.has(key) || !Number.isInteger(port) || port < 1 || port > 65_535) continue;
      const listener = { protocol, address: "0.0.0.0", port, program: "nginx", pid: this.p.pid };
      const passes =
        protocol === "tcp"
          ? { proxy: () => this.connect(to) }
          : { datagram: (payload: Uint8Array) => this.exchange(to, payload) };
      this.open.set(key, { close: this.p.ns.net.listen({ ...listener, ...passes }), to });
    }
  }

  /** Of a host whose TLS is its backend's own: the connection there. undefined: nginx serves it (ssl-passthrough). */
  *passthrough(model: Model, name: string | undefined): Gen<Connection | undefined> {
    const server = name === undefined ? undefined : serverFor(model, name);
    const root = server?.locations.find(({ path }) => path === "/");
    if (server === undefined || root?.options?.sslPassthrough !== true) return undefined;
    const backend = model.backends.get(root.backend);
    return yield* this.connectTo(backend?.endpoints ?? []);
  }

  private *exchange(to: string, payload: Uint8Array): Gen<Uint8Array | undefined> {
    const { p } = this;
    const endpoints = this.endpoints(to, "UDP");
    if (endpoints.length === 0) return undefined;
    const { address, port } = endpoints[this.turn++ % endpoints.length]!;
    try {
      return yield* p.machine.network.exchange(p.ns.net, address, port, payload, DATAGRAM);
    } catch (error) {
      if (!isNetError(error)) throw error;
      return undefined;
    }
  }

  stop(): void {
    for (const { close } of this.open.values()) close();
    this.open.clear();
  }

  private *connect(to: string): Gen<Connection> {
    return yield* this.connectTo(this.endpoints(to));
  }

  private *connectTo(endpoints: readonly Endpoint[]): Gen<Connection> {
    const { p } = this;
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

  private endpoints(to: string, protocol = "TCP"): Endpoint[] {
    const [key = "", wanted = ""] = to.split(":");
    const ports: readonly KubeObject[] = this.sources.service(key)?.spec.ports ?? [];
    const found = ports.find(
      (port) =>
        (port["protocol"] ?? "TCP") === protocol && (String(port["port"]) === wanted || port["name"] === wanted),
    );
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
