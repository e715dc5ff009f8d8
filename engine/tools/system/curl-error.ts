import type { Gen } from "../../kernel/index.ts";

/** Ends a transfer with curl's exit status and text. */
export class CurlError extends Error {
  readonly code: number;
  /** What -v says of its connection afterwards. */
  closes: string | undefined;
  /** What -v tells behind that. */
  after: (() => Gen) | undefined;
  /** -v has said why already. */
  told = false;
  /** The meter's last line stands. */
  metered = false;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
