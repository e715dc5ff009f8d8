import type { KubeObject } from "../../api/types.ts";
import type { Gen, Kernel, RandomStream } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import type { DnsMessage, DnsQuestion } from "../../network/dns.ts";
import type { Directive } from "./corefile.ts";
import type { DnsMetrics, Gauge } from "./metrics.ts";

/** What the plugin kubernetes watches; read anew at each question. */
export interface ClusterView {
  service(key: string): KubeObject | undefined;
  services(): Iterable<KubeObject>;
  slices(): Iterable<KubeObject>;
  namespace(name: string): KubeObject | undefined;
  podAt(address: string): KubeObject | undefined;
  /** All of it has been read once. */
  synced(): boolean;
  /** Seconds since 1970 of the last change. */
  modified(): number;
  /** The server's own address. */
  self(): string;
}

/** A question on its way through the plugins. */
export interface Query {
  asked: DnsMessage;
  question: DnsQuestion;
  client: { address: string; port: number };
  protocol: "udp" | "tcp";
  /** Bytes of the question. */
  size: number;
  /** A rule of the plugin rewrite has had its say. */
  rewritten?: boolean;
}

/** Answers, or hands the question on to the next. Undefined: nobody has an answer (REFUSED). */
export type Next = (query: Query) => Gen<DnsMessage | undefined>;

/** What a plugin needs of the server that it is part of. */
export interface Server {
  readonly p: Process;
  readonly kernel: Kernel;
  readonly random: RandomStream;
  /** Zones of its block. */
  readonly zones: readonly string[];
  readonly port: number;
  /** What is watched of the cluster; with `pods` those too. */
  readonly cluster: (pods: boolean) => ClusterView;
  /** The server's own search list. */
  ownSearch(): string[];
  /** The search path of the Pod with an address, for a name of the cluster's (kubernetes with `pods verified`). */
  searchPath?: (address: string, name: string) => string[] | undefined;
  log(line: string): void;
  /** Asks the whole server, as the upstream of a CNAME is asked. */
  ask(question: DnsQuestion): Gen<DnsMessage | undefined>;
  /** Ends the process. */
  end(line: string): void;
  /** Counts and measures of the plugin prometheus, by family without `coredns_` and labels. */
  readonly metrics: DnsMetrics;
}

export interface Plugin {
  serve(query: Query, next: Next): Gen<DnsMessage | undefined>;
  /** Once the server listens. */
  start?(): void;
  /** What the plugin prometheus shows of it as it is now. */
  gauges?(): Gauge[];
}

/** Makes a plugin of its directive; throws `SetupError` for one that makes no sense. */
export type Setup = (directive: Directive, server: Server) => Plugin;

/** What is wrong with a directive's arguments. */
export class SetupError extends Error {}

/** The same, where the real plugin names the line; with `expected` a word that does not belong there. */
export class ParseError extends SetupError {
  readonly line: number;
  private readonly expected: string | undefined;

  constructor(line: number, text: string, expected?: string) {
    super(text);
    this.line = line;
    this.expected = expected;
  }

  at(path: string): string {
    if (this.expected !== undefined)
      return `${path}:${this.line} - Syntax error: Unexpected token '${this.message}', expecting '${this.expected}'`;
    return `${path}:${this.line} - Error during parsing: ${this.message}`;
  }
}

/** The question is not answered at all (plugin/acl drop). */
export class Dropped extends Error {}

/** No upstream answered; what the plugin errors writes. */
export class UpstreamError extends Error {}
