/** Codes of gRPC that CRI calls answer with. */
export type CriCode =
  | "Unknown"
  | "NotFound"
  | "Unavailable"
  | "InvalidArgument"
  | "DeadlineExceeded"
  | "Internal"
  | "Unimplemented";

/** A failed CRI call. `message` is the server's words; `String(error)` is what a Go client prints. */
export class CriError extends Error {
  readonly code: CriCode;

  constructor(code: CriCode, message: string) {
    super(message);
    this.code = code;
  }

  /** `rpc error: code = … desc = …`. */
  get rpc(): string {
    return `rpc error: code = ${this.code} desc = ${this.message}`;
  }
}

export function isCriError(error: unknown): error is CriError {
  return error instanceof CriError;
}
