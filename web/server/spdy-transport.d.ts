declare module "spdy-transport" {
  import type { EventEmitter } from "node:events";
  import type { Duplex } from "node:stream";

  const transport: {
    connection: {
      create(
        socket: Duplex,
        options: { protocol: "spdy" | "http2"; isServer: boolean },
      ): EventEmitter & { start(version: number): void };
    };
  };
  export default transport;
}
