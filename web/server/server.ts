import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import pino from "pino";
import { projectRoot } from "../../grader/lab.ts";
import { Engines } from "./engines.ts";
import { createApp } from "./http.ts";
import { Metrics } from "./metrics.ts";
import { Pool } from "./pool.ts";
import { Sessions } from "./sessions.ts";
import { openSockets } from "./sockets.ts";
import { Store } from "./store.ts";

export interface ServerOptions {
  /** 0 takes a free one. */
  port: number;
  host: string;
  dataDir: string;
  logLevel?: string;
  /** Worker threads. */
  workers?: number;
}

export interface RunningServer {
  port: number;
  /** Address for a browser on this machine. */
  url: string;
  /** Lets every page go, writes down where sessions stand, and ends. */
  close(): Promise<void>;
}

/** Starts the web server. Rejects when the port is taken, the data directory cannot be used, or nothing is built. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { port, host, dataDir, workers } = options;
  const log = pino({ level: options.logLevel ?? process.env["LOG_LEVEL"] ?? "info" }, pino.destination(2));
  const store = new Store(dataDir);
  const engines = new Engines(dataDir);
  const metrics = new Metrics();
  const pool = new Pool(
    { message: (message) => sessions.hear(message), lost: (...args) => sessions.lost(...args) },
    log,
    { size: workers },
  );
  const sessions: Sessions = new Sessions({ store, engines, pool, metrics, log });
  const publicDir = join(projectRoot(), "dist", "public");
  // Longer than a client or a proxy keeps a connection, so that none is closed under a request that is on its way.
  const http = createServer({ keepAliveTimeout: 65_000 }, createApp({ store, sessions, metrics, log, publicDir }));
  const io = openSockets(http, sessions, log);
  try {
    await new Promise<void>((resolve, reject) => {
      http.once("error", reject);
      http.listen(port, host, resolve);
    });
  } catch (error) {
    await pool.stop();
    await store.close();
    throw error;
  }
  const { port: taken } = http.address() as AddressInfo;
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  log.info({ port: taken, host, dataDir, engine: engines.current }, "serving");
  let closed: Promise<void> | undefined;
  const close = async () => {
    await io.close();
    http.closeAllConnections();
    await Promise.race([sessions.stop(), new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
    await pool.stop();
    await store.close();
  };
  return {
    port: taken,
    url: `http://${name}:${taken}`,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
