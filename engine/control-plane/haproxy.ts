import { decode, type Gen } from "../kernel/index.ts";
import type { Process, Program } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { notify } from "../machine/systemd/index.ts";
import { type Connection, isNetError, NetError } from "../network/index.ts";
import { flagsOf, listening, logger, untilTerminated } from "./daemon.ts";

interface Backend {
  name: string;
  address: string;
  port: number;
}

interface Proxy {
  name: string;
  port: number;
  backends: Backend[];
  /** `option httpchk`: a server that does not answer its health page with 200 is down. */
  httpCheck: boolean;
  /** `on-marked-down shutdown-sessions`: connections to a server that goes down are cut. */
  shutdownSessions: boolean;
}

/**
 * HAProxy in TCP mode: reads frontends, backends and servers from its configuration file, joins each connection,
 * round robin, to one of a server that accepts it (one that refuses is passed over, as its health check would have it).
 */
export const haproxy: Program = function* haproxy(p) {
  const file = p.argv[p.argv.indexOf("-f") + 1] ?? "/etc/haproxy/haproxy.cfg";
  const proxies = readConfiguration(decode(sys.readBytes(p, file)));
  const log = logger(p);
  if (flagsOf(p).has("c")) {
    yield* sys.print(p, "Configuration file is valid\n");
    return 0;
  }
  log(`[NOTICE]   (${p.pid}) : haproxy version is 2.6.12-1+deb12u1`);
  log(`[NOTICE]   (${p.pid}) : New worker (${p.pid + 1}) forked`);
  log(`[NOTICE]   (${p.pid}) : Loading success.`);
  const listeners = proxies.map((proxy) => ({
    protocol: "tcp" as const,
    address: "0.0.0.0",
    port: proxy.port,
    tls: true,
    ...balance(p, proxy),
  }));
  notify(p);
  yield* listening(p, listeners, untilTerminated(p));
  return 0;
};

function balance(p: Process, proxy: Proxy): { proxy: () => Gen<Connection>; keeps: (onward: Connection) => boolean } {
  let turn = 0;
  const { network } = p.machine;
  return {
    *proxy() {
      for (let tried = 0; tried < proxy.backends.length; tried++) {
        const backend = proxy.backends[turn++ % proxy.backends.length]!;
        // The health check: a server without a listener, or on a machine that is cut off, is down.
        const owner = network.ownerOf(backend.address);
        const listener = owner?.listenerFor("tcp", backend.address, backend.port);
        if (listener === undefined || network.isDark(owner!)) continue;
        if (proxy.httpCheck && listener.healthy?.() === false) continue;
        try {
          return yield* network.connect(p.ns.net, backend.address, backend.port);
        } catch (error) {
          if (!isNetError(error)) throw error;
        }
      }
      // Without a server it closes the connection.
      throw new NetError("EOF");
    },
    // on-marked-down shutdown-sessions
    keeps: (onward) => !proxy.httpCheck || !proxy.shutdownSessions || onward.listener.healthy?.() !== false,
  };
}

interface Section {
  kind: string;
  bind?: number;
  use?: string;
  servers: Backend[];
  httpCheck?: boolean;
  shutdownSessions?: boolean;
}

/** The subset of haproxy.cfg that balances TCP: `frontend`/`backend`/`listen`, `bind`, `default_backend`, `server`. */
function readConfiguration(text: string): Proxy[] {
  const sections = new Map<string, Section>();
  let current: Section | undefined;
  for (const raw of text.split("\n")) {
    const words = raw.replace(/#.*/, "").trim().split(/\s+/);
    const [key, first, second] = words;
    if (key === "frontend" || key === "backend" || key === "listen") {
      current = { kind: key, servers: [] };
      sections.set(`${key === "backend" ? "backend" : "front"} ${first}`, current);
    } else if (key === "global" || key === "defaults") current = undefined;
    else if (current && key === "bind") current.bind = Number(first?.split(":").pop());
    else if (current && key === "default_backend") current.use = first!;
    else if (current && key === "option" && first === "httpchk") current.httpCheck = true;
    else if (current && key === "default-server" && /\bon-marked-down\s+shutdown-sessions\b/.test(raw))
      current.shutdownSessions = true;
    else if (current && key === "server" && first && second) {
      const [address, port] = second.split(":");
      current.servers.push({ name: first, address: address!, port: Number(port) });
    }
  }
  const proxies: Proxy[] = [];
  for (const [name, section] of sections) {
    if (section.bind === undefined) continue;
    const backend = section.use ? sections.get(`backend ${section.use}`) : section;
    const httpCheck = backend?.httpCheck ?? false;
    const shutdownSessions = backend?.shutdownSessions ?? false;
    const backends = backend?.servers ?? [];
    proxies.push({ name: name.split(" ")[1]!, port: section.bind, backends, httpCheck, shutdownSessions });
  }
  return proxies;
}
