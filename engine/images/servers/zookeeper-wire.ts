import { encode, type Gen } from "../../kernel/index.ts";
import type { Socket } from "../../network/index.ts";
import { type Held, received } from "./redis-wire.ts";

/** A value as a line of JSON. */
export function sendLine(socket: Socket, value: unknown): void {
  socket.output.push(encode(`${JSON.stringify(value)}\n`));
}

/** The next line's value; undefined at the end. */
export function* readLine<T>(socket: Socket, held: Held): Gen<T | undefined> {
  const line = yield* received(socket, held, (text) => {
    const end = text.indexOf("\n");
    return end < 0 ? undefined : { value: text.slice(0, end), rest: text.slice(end + 1) };
  });
  return line === undefined ? undefined : (JSON.parse(line) as T);
}
