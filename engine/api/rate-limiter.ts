import { type Kernel, SECOND } from "../kernel/index.ts";
import { goDuration } from "./go-time.ts";

/** How many requests a client may make a second, and how many of them at once. */
export interface RequestRate {
  qps: number;
  burst: number;
}

/** Waits beyond these are told (client-go rest/request.go), in µs. */
const LONG = 50_000;
const EXTRA_LONG = SECOND;

/**
 * The lines of one process about its throttled requests (client-go rest/request.go, globalThrottledLogger): waits of more
 * than a second, one line in ten seconds, from verbosity 2 one a second; from verbosity 3 all of more than 50 ms.
 */
export class ThrottleLog {
  private readonly kernel: Kernel;
  private readonly log: (severity: "I", source: string, message: string) => void;
  private readonly verbosity: number;
  private last = Number.NEGATIVE_INFINITY;

  /** `verbosity`: klog's -v. */
  constructor(kernel: Kernel, log: (severity: "I", source: string, message: string) => void, verbosity = 0) {
    this.kernel = kernel;
    this.log = log;
    this.verbosity = verbosity;
  }

  /** A request that has waited for `delay` µs. */
  waited(delay: number, method: string, url: string): void {
    if (delay <= LONG) return;
    const { kernel, verbosity } = this;
    const say = () => {
      const why = "due to client-side throttling, not priority and fairness";
      this.log("I", "request.go:729", `Waited for ${goDuration(delay)} ${why}, request: ${method}:${url}`);
    };
    if (verbosity >= 3) say();
    if (delay <= EXTRA_LONG || kernel.now - this.last < (verbosity >= 2 ? SECOND : 10 * SECOND)) return;
    this.last = kernel.now;
    say();
  }
}

/**
 * A token bucket as clients of client-go have one each (util/flowcontrol/throttle.go, golang.org/x/time/rate): full in the
 * beginning; whoever finds it empty waits in turn. On virtual time.
 */
export class RateLimiter {
  private readonly kernel: Kernel;
  private readonly rate: RequestRate;
  private readonly server: string;
  private readonly throttled: ThrottleLog | undefined;
  /** Below zero: how many requests wait. */
  private tokens: number;
  /** µs of virtual time to which `tokens` is true. */
  private at: number;

  /** `server`: the URL before the path of requests, as the log names them. */
  constructor(kernel: Kernel, rate: RequestRate, server: string, throttled?: ThrottleLog) {
    this.kernel = kernel;
    this.rate = rate;
    this.server = server;
    this.throttled = throttled;
    this.tokens = rate.burst;
    this.at = kernel.now;
  }

  /** Takes a token: how many µs the request has to wait before it goes. */
  take(): number {
    const { now } = this.kernel;
    const { qps, burst } = this.rate;
    if (qps <= 0) return 0;
    this.tokens = Math.min(burst, this.tokens + ((now - this.at) / SECOND) * qps) - 1;
    this.at = now;
    return this.tokens >= 0 ? 0 : Math.round((-this.tokens / qps) * SECOND);
  }

  /** Has the process say that a request waited. */
  waited(delay: number, method: string, path: string): void {
    this.throttled?.waited(delay, method, this.server + path);
  }
}
