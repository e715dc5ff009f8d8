/** A compile or run-time failure. `column` counts from 0 on `line`, which counts from 1. */
export class CelError extends Error {
  readonly code: string;
  readonly line: number;
  readonly column: number;

  constructor(message: string, code: string, line = 1, column = 0) {
    super(message);
    this.code = code;
    this.line = line;
    this.column = column;
  }
}
