import type { Gen, Pipe, WaitQueue } from "../kernel/index.ts";
import type { KubeObject, WatchStream } from "./types.ts";

/**
 * The one form in which requests travel inside the simulation, whichever door they came through: programs on the
 * machines and controllers (over `connect()`), and outside clients (the host turns HTTP into this and back).
 * Objects travel as frozen values; bytes are made only where somebody reads bytes.
 */
export interface HttpRequest {
  method: string;
  /** Path with the query string, as on the request line: `/api/v1/pods?limit=500`. */
  path: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** Names of fields as the client writes them, where that matters to servers that read bytes. */
  spelled?: Readonly<Record<string, string>>;
  /** The fields line by line, where one comes in several. */
  lines?: readonly (readonly [name: string, value: string])[];
  version?: "1.0";
  body?: HttpBody | undefined;
  /** PEM of the client certificate shown in the TLS handshake. */
  clientCertificate?: string | undefined;
  /** IP the server sees. */
  remoteAddress: string;
  /** Charged no latency: a request of a paused session's outside client. */
  instant?: boolean;
}

export interface HttpResponse {
  /** 0 where what came is no HTTP. */
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** Names of fields as the server writes them, where that is not the usual way; its own words for the status. */
  spelled?: Readonly<Record<string, string>>;
  reason?: string;
  body: HttpBody;
  /** Of HTTP, where it is not 1.1: the server closes the connection behind the body. */
  version?: "1.0";
  /** The head as it came, with the empty line, where the server speaks bytes only. */
  headText?: string;
}

export type HttpBody =
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  /** JSON as a frozen value. `layout`: how it becomes bytes (encode.ts); without it, one line and a newline. */
  | { readonly type: "object"; readonly value: unknown; readonly layout?: "indented" | "bare" }
  /**
   * Bytes that come as they are made, e.g. `logs -f`; the reader calls `closeReader()` when it leaves. `missing`, once it
   * has ended: how many bytes did not come of those that were announced.
   */
  | { readonly type: "stream"; readonly pipe: Pipe; missing?: number | "chunks" }
  | { readonly type: "watch"; readonly watch: WatchStream }
  /** exec and attach: the two ends speak the remote command protocol (status 101). */
  | { readonly type: "channels"; readonly channels: RemoteCommand }
  /** portForward, inside the simulation: connections to ports of the Pod (status 101). `open` throws NetError. */
  | { readonly type: "forward"; readonly open: (port: number) => Gen<unknown> };

/** Streams of an exec or attach (KEP-4006: WebSocket protocol v5 carries the same five channels). */
export interface RemoteCommand {
  readonly stdin: Pipe | undefined;
  readonly stdout: Pipe | undefined;
  /** Undefined with a tty. */
  readonly stderr: Pipe | undefined;
  resize(columns: number, rows: number): void;
  /** metav1.Status once the command has ended: Success, or Failure with reason NonZeroExitCode and its cause ExitCode. */
  result: unknown;
  readonly ended: WaitQueue;
  /** The client leaves. */
  close(): void;
}

export type HttpHandler = (request: HttpRequest) => Gen<HttpResponse>;

/** The two requests of those who keep a Lease, as they come again and again: a GET, and a PUT without its body. */
export interface BeatRequests {
  readonly look: HttpRequest;
  readonly renewal: HttpRequest;
}

/**
 * One Lease's requests over an open connection, answered at once and without a task; undefined: this one has to go the
 * usual way, and nothing has happened yet.
 */
export interface Beat {
  look(): KubeObject | undefined;
  /** `seen`: the Lease as it was read last; `micros`: the time of its renewal, in µs since 1970. */
  renew(seen: KubeObject, micros: number): KubeObject | undefined;
}

/** What carries requests to a server, and beats where it can. */
export interface Sender extends HttpHandler {
  beat?(requests: BeatRequests): Beat | undefined;
}
