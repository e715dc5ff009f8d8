import type { Duplex } from "node:stream";
import { constants, inflateSync } from "node:zlib";
import { SPDY_DICTIONARY } from "./spdy-dictionary.ts";

/**
 * The server's side of SPDY/3.1 as far as Kubernetes clients speak it (SPDY Protocol draft 3.1): streams that the client
 * opens, data both ways, half-closing, pings. Without flow control, since moby/spdystream has none either.
 */

const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;

const FLAG_FIN = 1;
/** Largest data frame that is sent, bytes. */
const DATA_SIZE = 16 * 1024;
/** Largest frame that is taken; clients send copies of at most 32 KiB. */
const MAX_FRAME = 1024 * 1024;
/** Most streams of a connection: an exec has five, a forwarded port two a connection. */
const MAX_STREAMS = 1000;

export interface SpdyStream {
  readonly id: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  onData?: (bytes: Buffer) => void;
  /** The client sends no more. */
  onEnd?: () => void;
  write(bytes: Uint8Array): void;
  /** Sends no more. */
  end(): void;
}

export class SpdyConnection {
  private readonly socket: Duplex;
  private readonly onStream: (stream: SpdyStream) => void;
  private readonly streams = new Map<number, SpdyStream>();
  private pending: Buffer = Buffer.alloc(0);
  /** All header blocks so far: they are one zlib stream. There are few, so that each is unpacked from the first byte. */
  private packed: Buffer = Buffer.alloc(0);
  private unpacked = 0;
  private replied = false;

  /** Takes the socket over. `head`: bytes that came with the upgrade request. A protocol error destroys the socket. */
  constructor(socket: Duplex, head: Buffer, onStream: (stream: SpdyStream) => void) {
    this.socket = socket;
    this.onStream = onStream;
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("end", () => socket.end());
    if (head.length > 0) this.take(head);
    socket.resume();
  }

  private take(chunk: Buffer): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    try {
      while (this.pending.length >= 8) {
        const length = this.pending.readUIntBE(5, 3);
        if (length > MAX_FRAME) throw new Error("spdy: frame too large");
        if (this.pending.length < 8 + length) return;
        const frame = this.pending.subarray(0, 8 + length);
        this.pending = this.pending.subarray(8 + length);
        this.frame(frame);
      }
    } catch {
      this.socket.destroy();
    }
  }

  private frame(frame: Buffer): void {
    const flags = frame[4]!;
    const payload = frame.subarray(8);
    if ((frame[0]! & 0x80) === 0) {
      const stream = this.streams.get(frame.readUInt32BE(0));
      if (payload.length > 0) stream?.onData?.(payload);
      if (flags & FLAG_FIN) this.finished(stream);
      return;
    }
    switch (frame.readUInt16BE(2)) {
      case SYN_STREAM:
        this.open(payload, flags);
        return;
      case RST_STREAM: {
        const id = payload.readUInt32BE(0) & 0x7fffffff;
        this.streams.get(id)?.onEnd?.();
        this.streams.delete(id);
        return;
      }
      case PING:
        this.control(PING, 0, payload.subarray(0, 4));
        return;
      case GOAWAY:
        return;
    }
  }

  private open(payload: Buffer, flags: number): void {
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    const headers = this.headers(payload.subarray(10));
    if (this.streams.size >= MAX_STREAMS) throw new Error("spdy: too many streams");
    let open = true;
    const stream: SpdyStream = {
      id,
      headers,
      write: (bytes) => {
        for (let from = 0; open && from < bytes.length; from += DATA_SIZE) {
          this.data(id, 0, bytes.subarray(from, from + DATA_SIZE));
        }
      },
      end: () => {
        if (open) this.data(id, FLAG_FIN, new Uint8Array(0));
        open = false;
        this.forget(id);
      },
    };
    this.streams.set(id, stream);
    this.reply(id);
    this.onStream(stream);
    if (flags & FLAG_FIN) this.finished(stream);
  }

  /** Streams that each side has half-closed. */
  private readonly halfClosed = new Set<number>();

  /** The client sends no more on a stream. */
  private finished(stream: SpdyStream | undefined): void {
    if (stream === undefined) return;
    stream.onEnd?.();
    this.forget(stream.id);
  }

  /** One side is done with a stream; it is gone when both are. */
  private forget(id: number): void {
    if (!this.halfClosed.has(id)) this.halfClosed.add(id);
    else {
      this.halfClosed.delete(id);
      this.streams.delete(id);
    }
  }

  private headers(block: Buffer): Map<string, string> {
    this.packed = Buffer.concat([this.packed, block]);
    const all = inflateSync(this.packed, { dictionary: SPDY_DICTIONARY, finishFlush: constants.Z_SYNC_FLUSH });
    const text = all.subarray(this.unpacked);
    this.unpacked = all.length;
    let at = 0;
    const word = () => {
      const length = text.readUInt32BE(at);
      at += 4 + length;
      return text.toString("utf8", at - length, at);
    };
    const headers = new Map<string, string>();
    const count = text.readUInt32BE(0);
    at = 4;
    for (let i = 0; i < count; i++) {
      const name = word();
      headers.set(name.toLowerCase(), word());
    }
    return headers;
  }

  /** Accepts a stream. Its empty header block travels in zlib's stored form, which needs no compressor. */
  private reply(id: number): void {
    const start = this.replied ? [] : [0x78, 0x01];
    this.replied = true;
    const stored = [0x00, 0x04, 0x00, 0xfb, 0xff, 0, 0, 0, 0];
    // An empty block makes the reader hand out what it has (a sync flush).
    const flush = [0x00, 0x00, 0x00, 0xff, 0xff];
    const stream = Buffer.alloc(4);
    stream.writeUInt32BE(id);
    this.control(SYN_REPLY, 0, Buffer.concat([stream, Buffer.from([...start, ...stored, ...flush])]));
  }

  private control(type: number, flags: number, payload: Uint8Array): void {
    const head = Buffer.alloc(8);
    head.writeUInt16BE(0x8003, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt8(flags, 4);
    head.writeUIntBE(payload.length, 5, 3);
    this.socket.write(Buffer.concat([head, payload]));
  }

  private data(id: number, flags: number, payload: Uint8Array): void {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(id, 0);
    head.writeUInt8(flags, 4);
    head.writeUIntBE(payload.length, 5, 3);
    this.socket.write(Buffer.concat([head, payload]));
  }
}
