import { resolve } from "node:path";
import { startServer } from "../web/server/server.ts";
import { endSignal } from "./signals.ts";

export interface ServeOptions {
  port: number;
  host: string;
  data: string;
}

/** `kubetude serve`: serves the app until SIGTERM or SIGINT. */
export async function serve({ port, host, data }: ServeOptions): Promise<number> {
  const server = await startServer({ port, host, dataDir: resolve(data) });
  const told = endSignal();
  console.log(`Kubetude is at ${server.url}`);
  await told;
  await server.close();
  return 0;
}
