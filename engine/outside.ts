import { encodeBody } from "./api/encode.ts";
import type { HttpBody, RemoteCommand } from "./api/http.ts";
import { forwardFailure } from "./api/remote-command.ts";
import type { WatchEvent, WatchStream } from "./api/types.ts";
import type { Cluster } from "./cluster.ts";
import type { Input } from "./input.ts";
import { decodeBase64, encode, type Gen, type Kernel, type Pipe, type Task, WaitQueue, wait } from "./kernel/index.ts";
import { API_PORT, apiAddress } from "./kubeadm/topology.ts";
import { type Connection, isNetError, type NetNamespace } from "./network/index.ts";
import { lengthOf } from "./network/response-head.ts";
import type { SessionEvents } from "./session.ts";

interface OutsideRequest {
  task: Task;
  channels?: RemoteCommand;
  /** Of a port-forward: opens connections. Throws NetError. */
  open?: (port: number) => Gen<Connection>;
  /** Where the client's bytes go. */
  stdin?: Pipe;
  /** Ends what still streams. */
  close?: () => void;
}

type OutsideInput = Extract<Input, { type: `api${string}` }>;

/** Requests of clients outside of the simulation to the API, and what streams to and from them. */
export class OutsideRequests {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  /** Where such clients come from. */
  private readonly from: NetNamespace;
  private readonly events: SessionEvents;
  private readonly requests = new Map<string, OutsideRequest>();

  constructor(kernel: Kernel, cluster: Cluster, from: NetNamespace, events: SessionEvents) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.from = from;
    this.events = events;
  }

  act(input: OutsideInput): void {
    switch (input.type) {
      case "api":
        this.startRequest(input);
        return;
      case "api-input": {
        const stdin = this.requests.get(input.id)?.stdin;
        if (stdin && input.bytes !== "") stdin.push(decodeBase64(input.bytes) ?? new Uint8Array(0));
        if (stdin && input.end) stdin.closeWriter();
        return;
      }
      case "api-forward":
        this.startForward(input);
        return;
      case "api-resize":
        this.requests.get(input.id)?.channels?.resize(input.columns, input.rows);
        return;
      case "api-close":
        this.endRequest(input.id);
        return;
    }
  }

  private startRequest(input: Extract<Input, { type: "api" }>): void {
    // Within the instant: a paused session answers the real kubectl from one frozen state.
    const task = this.kernel.spawn(`outside ${input.method} ${input.path}`, this.request(input), { instant: true });
    this.requests.set(input.id, { task });
  }

  private *request(input: Extract<Input, { type: "api" }>): Gen {
    const { id } = input;
    const body = input.body === undefined ? undefined : decodeBase64(input.body);
    try {
      const connection = yield* this.cluster.network.connect(this.from, apiAddress(this.cluster.topology), API_PORT);
      const response = yield* connection.http({
        method: input.method,
        path: input.path,
        headers: input.headers,
        ...(body ? { body: { type: "bytes", bytes: body } as const } : {}),
        ...(input.clientCertificate ? { clientCertificate: input.clientCertificate } : {}),
        remoteAddress: input.address,
        instant: true,
      });
      const channels =
        response.body.type === "channels" ? { tty: response.body.channels.stderr === undefined } : undefined;
      const request = this.requests.get(id);
      if (request && response.body.type === "forward") {
        request.open = response.body.open as (port: number) => Gen<Connection>;
      }
      const upgraded = response.body.type === "forward" ? { tty: false } : channels;
      const { body: answer, headers } = response;
      // The server's own measure of what it sends at once, as it tells clients inside (network/response-head.ts).
      const length = input.method === "HEAD" || "content-length" in headers ? undefined : lengthOf(answer);
      const head = length === undefined ? headers : { ...headers, "content-length": String(length) };
      this.events.apiHead?.(id, response.status, head, upgraded);
      yield* this.sendBody(id, answer);
      this.events.apiEnd?.(id);
    } catch (error) {
      if (!isNetError(error)) throw error;
      this.events.apiError?.(id, error.message);
    } finally {
      this.requests.delete(id);
    }
  }

  private *sendBody(id: string, body: HttpBody): Gen {
    switch (body.type) {
      case "bytes":
        this.events.apiData?.(id, body.bytes, 1);
        return;
      case "object":
        this.events.apiData?.(id, encode(encodeBody(body)), 1);
        return;
      case "stream": {
        this.keepOpen(id, () => body.pipe.closeReader());
        for (;;) {
          const bytes = yield* body.pipe.read(65_536);
          if (bytes === "interrupted") continue;
          if (bytes.length === 0) return;
          this.events.apiData?.(id, bytes, 1);
        }
      }
      case "watch":
        this.keepOpen(id, () => body.watch.close());
        yield* this.sendWatch(id, body.watch);
        return;
      case "channels":
        yield* this.sendChannels(id, body.channels);
        return;
      case "forward": {
        // Open until the client goes.
        const never = new WaitQueue();
        for (;;) yield* wait(never);
      }
    }
  }

  private keepOpen(id: string, close: () => void): void {
    const request = this.requests.get(id);
    if (request) request.close = close;
  }

  private *sendWatch(id: string, watch: WatchStream): Gen {
    for (;;) {
      const events: WatchEvent[] = watch.buffer.splice(0);
      if (events.length > 0) {
        this.events.apiData?.(
          id,
          encode(events.map((event) => encodeBody({ type: "object", value: event })).join("")),
          1,
        );
      }
      if (watch.ended) return;
      if (watch.buffer.length === 0) yield* wait(watch.ready);
    }
  }

  private *sendChannels(id: string, channels: RemoteCommand): Gen {
    const request = this.requests.get(id);
    if (request) {
      request.channels = channels;
      if (channels.stdin) request.stdin = channels.stdin;
    }
    this.keepOpen(id, () => channels.close());
    const pump = function* (this: OutsideRequests, pipe: RemoteCommand["stdout"], channel: number): Gen {
      if (pipe === undefined) return;
      for (;;) {
        // The command's end is told by its result: others may hold the pipe open longer.
        while (pipe.size === 0 && pipe.writers > 0 && channels.result === undefined) yield* wait(pipe.readable);
        if (pipe.size === 0) return;
        this.events.apiData?.(id, pipe.take(65_536), channel);
      }
    };
    const errors = this.kernel.spawn(`outside ${id} stderr`, pump.call(this, channels.stderr, 2));
    yield* pump.call(this, channels.stdout, 1);
    while (errors.state !== "done") yield* wait(errors.ended);
    while (channels.result === undefined) yield* wait(channels.ended);
    this.events.apiData?.(id, encode(JSON.stringify(channels.result)), 3);
  }

  // ---- connections of a port-forward --------------------------------------------------------------------------------

  private startForward({ id, on, port }: Extract<Input, { type: "api-forward" }>): void {
    const open = this.requests.get(on)?.open;
    if (open === undefined) {
      // The Pod went meanwhile.
      this.events.apiEnd?.(id);
      return;
    }
    const task = this.kernel.spawn(`outside ${id} forward ${port}`, this.forward(id, port, open), { instant: true });
    this.requests.set(id, { task });
  }

  /** Bytes both ways; a connection that cannot be opened is told on channel 2. */
  private *forward(id: string, port: number, open: (port: number) => Gen<Connection>): Gen {
    try {
      const socket = (yield* open(port)).stream();
      const request = this.requests.get(id);
      if (request) request.stdin = socket.output;
      this.keepOpen(id, () => socket.close());
      for (;;) {
        const bytes = yield* socket.input.read(65_536);
        if (bytes === "interrupted") continue;
        if (bytes.length === 0) break;
        this.events.apiData?.(id, bytes, 1);
      }
      socket.close();
    } catch (error) {
      if (!isNetError(error)) throw error;
      this.events.apiData?.(id, encode(forwardFailure(port, error.message)), 2);
    } finally {
      this.requests.delete(id);
    }
    this.events.apiEnd?.(id);
  }

  private endRequest(id: string): void {
    const request = this.requests.get(id);
    if (request === undefined) return;
    this.requests.delete(id);
    request.close?.();
    this.kernel.kill(request.task);
  }
}
