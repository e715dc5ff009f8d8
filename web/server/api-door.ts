import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { createCertificate, type Input, keyPair, pem, privateKeyPem, type SessionEvents } from "../../engine/index.ts";
import { acceptExec } from "./exec-door.ts";
import { acceptForward, isPortForward } from "./forward-door.ts";
import { acceptStream, isStream } from "./stream-door.ts";

const DAY = 86_400_000;
/** Largest request body (etcd takes 1.5 MiB; the API server's own limit is 3 MiB). */
const MAX_BODY = 3 * 1024 * 1024;

/** Most bytes that wait for a client that does not read; one that leaves more is cut off. */
export const MAX_UNREAD = 64 * 1024 * 1024;

/** What an outside request still waits for. */
export interface Waiting {
  head(status: number, headers: Readonly<Record<string, string>>, channels?: { tty: boolean }): void;
  data(bytes: Uint8Array, channel: number): void;
  end(): void;
  error(message: string): void;
}

/** What comes of a forwarded connection. */
export interface Forwarded {
  data(bytes: Uint8Array): void;
  /** Why it could not be opened. */
  failed(message: Uint8Array): void;
  end(): void;
}

/** The HTTPS face of one session's API server: HTTP, TLS and sockets on this side, inputs and events on the other. */
export class ApiDoor {
  readonly server: Server;
  /** PEM of the authority that signed this door's transport certificate. */
  readonly ca: string;
  private readonly apply: (input: Input) => void;
  private readonly waiting = new Map<string, Waiting>();
  /** Connections from which nothing has come yet. */
  private readonly fresh = new Set<Socket>();
  private ids = 0;

  /** `names`: host names and addresses under which clients will come. */
  constructor(apply: (input: Input) => void, names: readonly string[] = ["localhost", "127.0.0.1"]) {
    this.apply = apply;
    const { ca, certificate, key } = transportCertificate(names);
    this.ca = ca;
    this.server = createServer(
      { cert: certificate, key, requestCert: true, rejectUnauthorized: false, keepAliveTimeout: 60_000 },
      (request, response) => this.serve(request, response),
    );
    this.server.on("upgrade", (request, socket, head) => {
      const accept = isPortForward(request) ? acceptForward : isStream(request) ? acceptStream : acceptExec;
      accept(this, request, socket as TLSSocket, head);
    });
    this.server.on("clientError", (_error, socket) => socket.destroy());
    answerPlain(this.server, this.fresh);
  }

  /** The events that a session must send here. */
  readonly events: Pick<SessionEvents, "apiHead" | "apiData" | "apiEnd" | "apiError"> = {
    apiHead: (id, status, headers, channels) => this.waiting.get(id)?.head(status, headers, channels),
    apiData: (id, bytes, channel) => this.waiting.get(id)?.data(bytes, channel),
    apiEnd: (id) => {
      this.waiting.get(id)?.end();
      this.waiting.delete(id);
    },
    apiError: (id, message) => {
      this.waiting.get(id)?.error(message);
      this.waiting.delete(id);
    },
  };

  /** Starts to listen; resolves with the port. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, host, () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  /** Requests whose answer is not complete. */
  get open(): number {
    return this.waiting.size;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
    for (const socket of this.fresh) socket.destroy();
  }

  /** A new request's id, for `send`, `api-input`, `api-resize` and `abandon`. */
  nextId(): string {
    return `r${++this.ids}`;
  }

  /** Sends a request into the session; much of the answer may come before this returns. */
  send(id: string, request: IncomingMessage, body: Buffer | undefined, waiting: Waiting): void {
    this.waiting.set(id, waiting);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
    }
    // Groups and extra of the impersonated come one a header, and may have commas themselves.
    for (const [name, values] of Object.entries(request.headersDistinct)) {
      if (name.startsWith("impersonate-")) headers[name] = values!.join("\n");
    }
    const certificate = clientCertificate(request.socket as TLSSocket);
    this.apply({
      type: "api",
      id,
      method: request.method ?? "GET",
      path: request.url ?? "/",
      headers,
      address: (request.socket.remoteAddress ?? "127.0.0.1").replace(/^::ffff:/, ""),
      ...(body && body.length > 0 ? { body: body.toString("base64") } : {}),
      ...(certificate ? { clientCertificate: certificate } : {}),
    });
  }

  /** Opens a connection `id` to a port of the Pod that port-forward `on` is about; much may come before this returns. */
  forward(on: string, id: string, port: number, told: Forwarded): void {
    this.waiting.set(id, {
      head() {},
      data: (bytes, channel) => (channel === 1 ? told.data(bytes) : told.failed(bytes)),
      end: told.end,
      error: told.end,
    });
    this.apply({ type: "api-forward", id, on, port });
  }

  input(input: Input): void {
    this.apply(input);
  }

  /** The client is gone: tells the session unless the answer was complete. */
  abandon(id: string): void {
    if (this.waiting.delete(id)) this.apply({ type: "api-close", id });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > MAX_BODY) {
          tooLarge(response);
          return;
        }
        chunks.push(chunk);
      }
    } catch {
      return;
    }
    const id = this.nextId();
    response.on("close", () => this.abandon(id));
    this.send(id, request, Buffer.concat(chunks), {
      head: (status, headers) => {
        response.writeHead(status, headers);
        response.flushHeaders();
      },
      data: (bytes) => {
        if (response.writableLength > MAX_UNREAD) response.destroy();
        else response.write(bytes);
      },
      end: () => response.end(),
      error: () => {
        // As a load balancer without a server does it: the connection just ends.
        if (response.headersSent) response.destroy();
        else request.socket.destroy();
      },
    });
  }
}

function tooLarge(response: ServerResponse): void {
  const message = `Request entity too large: limit is ${MAX_BODY}`;
  const status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: "RequestEntityTooLarge",
    code: 413,
  };
  response.writeHead(413, { "content-type": "application/json", connection: "close" });
  response.end(`${JSON.stringify(status)}\n`);
}

function clientCertificate(socket: TLSSocket): string | undefined {
  const { raw } = socket.getPeerCertificate?.() ?? {};
  return raw ? pem("CERTIFICATE", new Uint8Array(raw)) : undefined;
}

/** A fresh authority and a server certificate for a door: the host's own, drawn from the system's randomness. */
function transportCertificate(names: readonly string[]): { ca: string; certificate: string; key: string } {
  const authority = keyPair(new Uint8Array(randomBytes(32)));
  const own = keyPair(new Uint8Array(randomBytes(32)));
  const issuer = { commonName: "kubetude", organizations: [] };
  const span = { notBefore: Date.now() - DAY, notAfter: Date.now() + 365 * DAY };
  const serial = () => new Uint8Array(randomBytes(8));
  const ca = createCertificate({
    subject: issuer,
    publicKey: authority.public,
    key: authority,
    serial: serial(),
    isCa: true,
    ...span,
  });
  const isAddress = (name: string) => /^\d+\.\d+\.\d+\.\d+$/.test(name);
  const certificate = createCertificate({
    subject: { commonName: "kube-apiserver", organizations: [] },
    publicKey: own.public,
    issuer: { name: issuer, key: authority },
    serial: serial(),
    usages: ["serverAuth"],
    dnsNames: names.filter((name) => !isAddress(name)),
    ipAddresses: names.filter(isAddress),
    ...span,
  });
  return { ca: pem("CERTIFICATE", ca), certificate: pem("CERTIFICATE", certificate), key: privateKeyPem(own) };
}

/** First byte of a TLS handshake record (RFC 8446, 5.1). */
const HANDSHAKE = 22;

/** Who says nothing for so long is hung up on, ms (handshakeTimeout of node:tls). */
const PATIENCE = 120_000;

/**
 * Who does not begin with a handshake is told so, as Go's net/http does; Node would only hang up. `fresh`: holds those from
 * whom nothing has come yet.
 */
function answerPlain(server: Server, fresh: Set<Socket>): void {
  const secure = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const hangUp = () => socket.destroy();
    fresh.add(socket);
    socket.setTimeout(PATIENCE, hangUp);
    socket.on("error", hangUp);
    socket.on("close", () => fresh.delete(socket));
    socket.once("readable", () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return hangUp();
      if (first[0] !== HANDSHAKE) {
        socket.end("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
        return;
      }
      fresh.delete(socket);
      socket.setTimeout(0);
      socket.off("timeout", hangUp);
      socket.off("error", hangUp);
      socket.unshift(first);
      for (const listener of secure) listener.call(server, socket);
    });
  });
}
