/** What lasts through all URLs of one command of curl's. */
import { concat, type Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { CookieJar } from "./curl-cookies.ts";
import type { Trace } from "./curl-trace.ts";
import type { Facts } from "./curl-write-out.ts";
import type { Open } from "./http-client.ts";

/** A connection that may be used again. */
export interface Pooled extends Open {
  number: number;
  /** Requests that went over it. */
  streams: number;
  /** It speaks HTTP/2. */
  two: boolean;
  key: string;
  /** The host as -v names it. */
  name: string;
}

/** Bytes that stdio holds back. */
const BLOCK = 4096;

export class Run {
  readonly jar: CookieJar;
  readonly version: string;
  readonly trace: Trace;
  readonly pool = new Map<string, Pooled>();
  /** Connections so far. */
  dialled = 0;
  /** Hosts and ports that were looked up, those that speak HTTP/1.0. */
  readonly known = new Set<string>();
  readonly old = new Set<string>();
  /** --resolve has been told of. */
  resolved = false;
  /** The file of -D has been begun. */
  dumped = false;
  /** Number of the URL. */
  index = 0;
  /** When the transfer must have ended (µs), and ms that a connection may take. */
  deadline = Number.POSITIVE_INFINITY;
  patience: number | undefined;
  /** What has come of the transfer so far, for -w. */
  facts: Partial<Facts> = {};
  /** An address of the program's memory, as -v shows it. */
  handle: string | undefined;
  private readonly p: Process;
  private readonly unbuffered: boolean;
  private readonly held: Uint8Array[] = [];
  private size = 0;

  constructor(p: Process, jar: CookieJar, version: string, trace: Trace, unbuffered: boolean) {
    this.unbuffered = unbuffered;
    this.p = p;
    this.jar = jar;
    this.version = version;
    this.trace = trace;
    if (trace.toOutput) trace.print = (bytes) => this.print(bytes);
  }

  get random(): { hex(count: number): string } {
    return this.p.machine.kernel.random(`curl ${this.p.machine.hostname}`);
  }

  /** An address and a port of this machine, for a connection that came to nothing. */
  source(to: string): string {
    if (to.startsWith("127.")) return "127.0.0.1";
    const own = [...this.p.ns.net.interfaces.values()].find((one) => one.name !== "lo" && one.addresses.length > 0);
    return own?.addresses[0]?.split("/")[0] ?? "0.0.0.0";
  }

  port(): number {
    return this.p.ns.net.ephemeralPort();
  }

  /** Writes to standard output as stdio does: to what is no terminal in blocks, unless -N was given. */
  *print(bytes: Uint8Array): Gen {
    if (this.unbuffered || this.p.fds.get(1)?.tty !== undefined) return yield* sys.write(this.p, 1, bytes);
    this.held.push(bytes);
    this.size += bytes.length;
    if (this.size < BLOCK) return;
    const all = concat(this.held.splice(0));
    const whole = all.length - (all.length % BLOCK);
    this.held.push(all.subarray(whole));
    this.size = all.length - whole;
    yield* sys.write(this.p, 1, all.subarray(0, whole));
  }

  /** Writes what is held back. */
  *flush(): Gen {
    const all = concat(this.held.splice(0));
    this.size = 0;
    if (all.length > 0) yield* sys.write(this.p, 1, all);
  }

  close(): void {
    for (const { connection } of this.pool.values()) connection.close();
    this.pool.clear();
  }
}
