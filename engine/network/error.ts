import { Answer } from "../kernel/index.ts";

export type NetErrorCode =
  | "ECONNREFUSED"
  | "ECONNRESET"
  /** The other end took the connection and closed it without a word. */
  | "EOF"
  | "EHOSTUNREACH"
  | "ENETUNREACH"
  | "ETIMEDOUT"
  | "EADDRINUSE"
  | "EADDRNOTAVAIL"
  | "ENOTFOUND";

const MESSAGES: Record<NetErrorCode, string> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EOF: "EOF",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ETIMEDOUT: "i/o timeout",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  ENOTFOUND: "no such host",
};

/** What the network answers instead of a connection. `message` is in Go's words, as Kubernetes' own programs print it. */
export class NetError extends Answer {
  readonly code: NetErrorCode;

  constructor(code: NetErrorCode) {
    super(MESSAGES[code]);
    this.code = code;
  }
}

export function isNetError(error: unknown): error is NetError {
  return error instanceof NetError;
}
