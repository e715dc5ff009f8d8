import type { Beat, BeatRequests, HttpRequest, HttpResponse } from "../api/http.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, Pipe, sleep } from "../kernel/index.ts";
import type { Track } from "../netfilter/index.ts";
import { askInBytes } from "./ask-in-bytes.ts";
import { NetError } from "./error.ts";
import type { Flow } from "./flow.ts";
import { answered, held, used } from "./flows.ts";
import { plainOnTls, serveHttpBytes } from "./http-bytes.ts";
import type { Listener, NetNamespace, Socket } from "./namespace.ts";
import { type Neighbour, stillThere } from "./neighbours.ts";
import { withRetries } from "./netem.ts";
import type { Network } from "./network.ts";
import { type Path, pathNow } from "./path.ts";
import { completed } from "./response-head.ts";

/** An open connection: use it as HTTP, as bytes, or both parties' choice. */
export interface Connection {
  readonly listener: Listener;
  /** Who answers in the end: the same, or the server that a TCP proxy has joined it to. */
  readonly server: Listener;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The address that the server sees the client at: a proxy's, where one stands between them. */
  readonly seenFrom: string;
  /** Whether requests can still go over it: both machines are on the network and the server still listens. */
  alive(): boolean;
  /** Sends one HTTP request and waits for the head of its answer. Throws ECONNRESET when it is not alive. */
  http(request: HttpRequest): Gen<HttpResponse>;
  /** The beat of a Lease over it, as long as it is alive; undefined where the server has none, or somebody listens. */
  beat(requests: BeatRequests): Beat | undefined;
  /** Opens the byte stream. */
  stream(): Socket;
  /** The client has had all that it wanted. */
  close(): void;
}

/** A connection that `Network.connect` has made. */
export class Established implements Connection {
  readonly listener: Listener;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly seenFrom: string;
  private readonly network: Network;
  private readonly from: NetNamespace;
  private readonly owner: NetNamespace;
  /** µs to the server and back, through the proxy if there is one. */
  private readonly rtt: number;
  readonly server: Listener;
  /** `Network.moves` and `listenings` at which it was last found alive. */
  private moves = -1;
  private listenings = -1;
  /** Its way through the rules, where there are any. */
  private path: Path | undefined;
  /** What the tables of connections on its way know of it. */
  private readonly tracks: readonly Track[] | undefined;
  /** The proxy's own connection. */
  private readonly onward: Established | undefined;
  readonly flow: Flow | undefined;
  /** Over which a request went to a server that knows bytes only. */
  private bytes: Socket | undefined;
  /** What machines on its way know of each other. */
  private readonly neighbours: readonly Neighbour[];

  constructor(
    network: Network,
    ends: { from: NetNamespace; owner: NetNamespace; listener: Listener },
    rtt: number,
    addresses: { local: string; localPort: number; remote: string; remotePort: number; seen: string | undefined },
    onward: Established | undefined,
    tracks: readonly Track[] | undefined,
    path: Path | undefined,
    flow: Flow | undefined,
    neighbours: readonly Neighbour[],
  ) {
    this.network = network;
    this.from = ends.from;
    this.owner = ends.owner;
    this.listener = ends.listener;
    this.rtt = rtt + (onward?.rtt ?? 0);
    this.localAddress = addresses.local;
    this.localPort = addresses.localPort;
    this.remoteAddress = addresses.remote;
    this.remotePort = addresses.remotePort;
    this.onward = onward;
    this.server = onward?.server ?? ends.listener;
    this.seenFrom = onward?.seenFrom ?? addresses.seen ?? addresses.local;
    this.tracks = tracks;
    this.path = path;
    this.flow = flow;
    this.neighbours = neighbours;
  }

  alive(): boolean {
    const { network, from, owner } = this;
    // Listeners and addresses that have stayed since it was last asked need not be looked at.
    const isSame = this.moves === network.moves && this.listenings === network.listenings;
    if (!isSame || owner.network !== network) {
      if (owner.network.closed.has(this.listener)) return false;
      // Both ends must have their addresses still: who takes a device down loses them.
      if (from !== owner) {
        if (network.ownerOf(this.remoteAddress) !== owner) return false;
        if (!this.localAddress.startsWith("127.") && network.ownerOf(this.localAddress) !== from) return false;
      }
      this.moves = network.moves;
      this.listenings = network.listenings;
    }
    if (from.host !== owner.host && (network.isDark(from) || network.isDark(owner))) return false;
    if (this.path !== undefined) {
      const path = pathNow(network, from, this.path);
      if (path === undefined) return false;
      this.path = path;
    }
    return this.onward === undefined || (this.onward.alive() && this.listener.keeps?.(this.onward) !== false);
  }

  http(request: HttpRequest): Gen<HttpResponse> {
    const { server, listener } = this;
    if (server.http === undefined && (listener.accept ?? server.accept) !== undefined)
      return askInBytes(this.network.kernel, (this.bytes = this.stream()), request);
    return this.flow === undefined ? this.ask(request) : this.shown(request, this.flow);
  }

  /** The same where somebody listens on the way. */
  private *shown(request: HttpRequest, flow: Flow): Gen<HttpResponse> {
    const tls = this.server.tls === true;
    flow.request(request, tls);
    const response = yield* this.ask(request);
    flow.response(response, tls);
    return response;
  }

  private *ask(request: HttpRequest): Gen<HttpResponse> {
    const { server, seenFrom } = this;
    if (server.http === undefined) throw new NetError("ECONNRESET");
    this.passed();
    if (!this.network.kernel.current?.instant) {
      const waits = this.network.shaped === 0 ? 0 : withRetries(this.network, this.path, false);
      if (waits === undefined) throw new NetError("ECONNRESET");
      yield* sleep(this.rtt + waits);
    }
    return yield* server.http(request.remoteAddress === seenFrom ? request : { ...request, remoteAddress: seenFrom });
  }

  beat({ look, renewal }: BeatRequests): Beat | undefined {
    const { server, seenFrom: remoteAddress } = this;
    if (this.flow !== undefined) return undefined;
    const beat = server.beat?.({ look: { ...look, remoteAddress }, renewal: { ...renewal, remoteAddress } });
    if (beat === undefined) return undefined;
    const noted = (answer: KubeObject | undefined) => {
      if (answer !== undefined) this.passed();
      return answer;
    };
    return { look: () => noted(beat.look()), renew: (seen, micros) => noted(beat.renew(seen, micros)) };
  }

  /** A request goes over it: what machines on its way know is told. */
  private passed(): void {
    const { now } = this.network.kernel;
    if (this.tracks !== undefined) used(this.tracks, now);
    stillThere(this.neighbours, now);
  }

  /** A datagram came back. */
  answered(): void {
    if (this.tracks !== undefined) answered(this.tracks, this.network.kernel.now);
  }

  close(): void {
    this.bytes?.close();
    this.flow?.finish(0);
  }

  stream(): Socket {
    const { listener, localAddress, localPort, remoteAddress, remotePort, tracks } = this;
    const { kernel } = this.network;
    const accept = listener.accept ?? this.server.accept;
    if (accept === undefined && this.server.http === undefined) throw new NetError("ECONNRESET");
    const [client, server] = socketPair(localAddress, localPort, remoteAddress, remotePort, this.seenFrom, (open) => {
      if (tracks !== undefined) held(tracks, open, kernel.now);
      if (!open) this.flow?.finish(0);
    });
    const { flow } = this;
    if (flow !== undefined) {
      client.output.onPush = (bytes) => flow.data(0, bytes);
      server.output.onPush = (bytes) => flow.data(1, bytes);
    }
    // A server whose requests are values is spoken to in bytes all the same.
    const asked = (request: HttpRequest) => (this.server.tls ? plainOnTls() : this.ask(request));
    const ask = function* (request: HttpRequest): Gen<HttpResponse> {
      return completed(yield* asked(request), kernel.wallMs, request.method, false);
    };
    const serve = accept?.(server) ?? serveHttpBytes(server, ask, this.seenFrom);
    kernel.spawn(`${listener.program} accept`, serve, accept === undefined ? {} : { instant: false });
    return client;
  }
}

function socketPair(
  clientAddress: string,
  clientPort: number,
  serverAddress: string,
  serverPort: number,
  /** The client's address as the server sees it. */
  seenFrom: string,
  /** Told that the client holds the connection, and that it does no more. */
  onHold: (open: boolean) => void,
): [Socket, Socket] {
  onHold(true);
  const up = new Pipe();
  const down = new Pipe();
  up.readers = up.writers = down.readers = down.writers = 1;
  const end = (input: Pipe, output: Pipe, local: [string, number], remote: [string, number]): Socket => {
    let open = true;
    return {
      localAddress: local[0],
      localPort: local[1],
      remoteAddress: remote[0],
      remotePort: remote[1],
      input,
      output,
      close() {
        if (!open) return;
        open = false;
        input.closeReader();
        // Who has said that no more comes has left already.
        if (output.writers > 0) output.closeWriter();
        if (input === down) onHold(false);
      },
    };
  };
  const client: [string, number] = [clientAddress, clientPort];
  const server: [string, number] = [serverAddress, serverPort];
  return [end(down, up, client, server), end(up, down, server, [seenFrom, clientPort])];
}
