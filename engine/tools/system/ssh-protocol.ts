/** What ssh and sshd of the simulation say to each other over a TCP connection: frames of a type, a length and bytes. */
import { concat, decode, encode, type Gen } from "../../kernel/index.ts";
import type { Socket } from "../../network/index.ts";

export type FrameType = "open" | "accepted" | "refused" | "data" | "error" | "eof" | "resize" | "exit";

const TYPES: readonly FrameType[] = ["open", "accepted", "refused", "data", "error", "eof", "resize", "exit"];

/** First message of the client. */
export interface OpenRequest {
  user: string;
  /** Lines of its public key files. */
  keys: readonly string[];
  command?: string;
  tty?: { columns: number; rows: number; term: string };
  env?: Record<string, string>;
  /** Only the machine's own keys are asked for (ssh-keyscan). */
  scan?: boolean;
  /** No session, but bytes to and from there (-W). */
  forward?: { host: string; port: number };
  /** A subsystem instead of a command: `sftp`. */
  subsystem?: string;
  /** No session, but the connection and what goes through it (-N). */
  idle?: boolean;
}

/** What the server says once it has let somebody in. */
export interface Accepted {
  /** By which ports are forwarded through this connection. */
  channel: number;
}

/** Why it does not do what was asked for: nothing where the key is not known. */
export interface Refused {
  why?: string;
}

/** How the session ended. */
export interface ExitReport {
  code?: number;
  signal?: string;
}

export interface Frame {
  type: FrameType;
  bytes: Uint8Array;
}

export function frame(type: FrameType, content: Uint8Array | object = new Uint8Array(0)): Uint8Array {
  const bytes = content instanceof Uint8Array ? content : encode(JSON.stringify(content));
  const size = bytes.length;
  return concat([Uint8Array.of(TYPES.indexOf(type), (size >> 16) & 255, (size >> 8) & 255, size & 255), bytes]);
}

export function json<T>(bytes: Uint8Array): T {
  return JSON.parse(decode(bytes)) as T;
}

/** Frames of a socket, one after the other. */
export class FrameReader {
  private readonly socket: Socket;
  private pending: Uint8Array = new Uint8Array(0);

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Reads until it is known whether who speaks is one of our clients: they begin with a frame of type open. */
  *speaksFrames(): Gen<boolean> {
    while (this.pending.length < 5) {
      const more = yield* this.socket.input.read(65_536);
      if (more === "interrupted") continue;
      if (more.length === 0) break;
      this.pending = this.pending.length === 0 ? more : concat([this.pending, more]);
    }
    return this.pending[0] === TYPES.indexOf("open") && this.pending[4] === "{".charCodeAt(0);
  }

  /** The line that somebody else began with, cut where it grows long. */
  get firstLine(): string {
    return decode(this.pending.subarray(0, 255)).split(/\r?\n/, 1)[0]!;
  }

  /** What has come and is not read: bare bytes follow the frames from now on. */
  takeRest(): Uint8Array {
    const rest = this.pending;
    this.pending = new Uint8Array(0);
    return rest;
  }

  /** The next frame; undefined when the other side has gone, `interrupted` after a caught signal. */
  *next(): Gen<Frame | undefined | "interrupted"> {
    for (;;) {
      const held = this.pending;
      if (held.length >= 4) {
        const size = (held[1]! << 16) | (held[2]! << 8) | held[3]!;
        if (held.length >= 4 + size) {
          this.pending = held.subarray(4 + size);
          return { type: TYPES[held[0]!]!, bytes: held.subarray(4, 4 + size) };
        }
      }
      const more = yield* this.socket.input.read(65_536);
      if (more === "interrupted") return "interrupted";
      if (more.length === 0) return undefined;
      this.pending = held.length === 0 ? more : concat([held, more]);
    }
  }
}
