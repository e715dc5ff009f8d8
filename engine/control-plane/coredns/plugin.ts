import type { Gen, Kernel, RandomStream } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import type { DnsMessage, DnsQuestion } from "../../network/dns.ts";
import type { Directive } from "./corefile.ts";
import type { ZoneSource } from "./zone.ts";

/** A question on its way through the plugins. */
export interface Query {
  asked: DnsMessage;
  question: DnsQuestion;
  client: { address: string; port: number };
  protocol: "udp" | "tcp";
  /** Bytes of the question. */
  size: number;
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
  readonly cluster: () => Omit<ZoneSource, "domain" | "ttl" | "pods">;
  log(line: string): void;
  /** Asks the whole server, as the upstream of a CNAME is asked. */
  ask(question: DnsQuestion): Gen<DnsMessage | undefined>;
  /** Ends the process. */
  end(line: string): void;
  /** Counters of the plugin prometheus, by their line without the number. */
  count(metric: string): void;
}

export interface Plugin {
  serve(query: Query, next: Next): Gen<DnsMessage | undefined>;
  /** Once the server listens. */
  start?(): void;
}

/** Makes a plugin of its directive; throws `SetupError` for one that makes no sense. */
export type Setup = (directive: Directive, server: Server) => Plugin;

/** What is wrong with a directive's arguments. */
export class SetupError extends Error {}

/** No upstream answered; what the plugin errors writes. */
export class UpstreamError extends Error {}
