import { concat, decode, encode, type Gen, wait } from "../../kernel/index.ts";
import type { Socket } from "../../network/index.ts";
import type { Reply } from "./redis-store.ts";

/** The protocol of Redis on a socket (RESP2). */

/** Bytes that have come and belong to no message yet. */
export interface Held {
  bytes: Uint8Array;
}

/** Reads from a socket until `parse` makes something of what has come; undefined at its end. */
export function* received<T>(
  socket: Socket,
  held: Held,
  parse: (text: string) => { value: T; rest: string } | undefined,
): Gen<T | undefined> {
  for (;;) {
    const found = parse(decode(held.bytes));
    if (found !== undefined) {
      held.bytes = encode(found.rest);
      return found.value;
    }
    const { input } = socket;
    while (input.size === 0) {
      if (input.writers === 0) return undefined;
      yield* wait(input.readable);
    }
    const chunk = input.take(65_536);
    held.bytes = concat([held.bytes, chunk]);
  }
}

/** A command: an array of texts, or words on a line (inline commands). */
export function readCommand(text: string): { value: string[]; rest: string } | undefined {
  const line = text.indexOf("\n");
  if (line < 0) return undefined;
  if (text[0] !== "*")
    return { value: text.slice(0, line).trim().split(/\s+/).filter(Boolean), rest: text.slice(line + 1) };
  const reply = readReply(text);
  if (reply === undefined) return undefined;
  const items = Array.isArray(reply.value) ? reply.value : [];
  return { value: items.map((item) => String(item)), rest: reply.rest };
}

/** What a master sends first: its whole data, as long as its head says. */
export function readSnapshot(text: string): { value: string; rest: string } | undefined {
  const end = text.indexOf("\r\n");
  if (end < 0) return undefined;
  const length = Number(text.slice(1, end));
  const rest = text.slice(end + 2);
  return rest.length < length ? undefined : { value: rest.slice(0, length), rest: rest.slice(length) };
}

/** One reply. */
export function readReply(text: string): { value: Reply; rest: string } | undefined {
  const end = text.indexOf("\r\n");
  if (end < 0) return undefined;
  const head = text.slice(1, end);
  let rest = text.slice(end + 2);
  switch (text[0]) {
    case "+":
      return { value: { status: head }, rest };
    case "-":
      return { value: { error: head }, rest };
    case ":":
      return { value: Number(head), rest };
    case "$": {
      const length = Number(head);
      if (length < 0) return { value: null, rest };
      if (rest.length < length + 2) return undefined;
      return { value: rest.slice(0, length), rest: rest.slice(length + 2) };
    }
    default: {
      const items: Reply[] = [];
      for (let i = 0; i < Number(head); i++) {
        const item = readReply(rest);
        if (item === undefined) return undefined;
        items.push(item.value);
        ({ rest } = item);
      }
      return { value: items, rest };
    }
  }
}

/** A reply, or a command, as it is sent. */
export function written(reply: Reply): string {
  if (reply === null) return "$-1\r\n";
  if (typeof reply === "number") return `:${reply}\r\n`;
  if (typeof reply === "string") return `$${reply.length}\r\n${reply}\r\n`;
  if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map(written).join("")}`;
  return "error" in reply ? `-${reply.error}\r\n` : `+${reply.status}\r\n`;
}
