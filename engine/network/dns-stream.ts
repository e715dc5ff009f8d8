import { concat, type Gen } from "../kernel/index.ts";
import type { Socket } from "./namespace.ts";

/** DNS over TCP: each message after its length (RFC 1035, 4.2.2); `reply` answers one, undefined for what is none. */
export function* dnsConversation(
  socket: Socket,
  reply: (payload: Uint8Array, client: { address: string; port: number }) => Gen<Uint8Array | undefined>,
): Gen {
  let waiting: Uint8Array = new Uint8Array(0);
  const client = { address: socket.remoteAddress, port: socket.remotePort };
  try {
    for (;;) {
      const bytes = yield* socket.input.read(65_536);
      if (bytes === "interrupted") continue;
      if (bytes.length === 0) return;
      waiting = concat([waiting, bytes]);
      while (waiting.length >= 2 && waiting.length >= 2 + ((waiting[0]! << 8) | waiting[1]!)) {
        const length = (waiting[0]! << 8) | waiting[1]!;
        const answered = yield* reply(waiting.subarray(2, 2 + length), client);
        waiting = waiting.subarray(2 + length);
        if (answered)
          yield* socket.output.write(concat([Uint8Array.of(answered.length >> 8, answered.length & 255), answered]));
      }
    }
  } finally {
    socket.close();
  }
}
