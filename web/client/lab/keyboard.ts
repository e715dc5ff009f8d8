import { KEYS_LIMIT } from "../../protocol.ts";

/** Sends a piece; says whether it was taken, or after how many ms to try again. */
export type SendKeys = (text: string) => Promise<{ ok: boolean; wait?: number }>;

/**
 * What is typed and pasted into one terminal, on its way to the server: in order, in pieces, one at a time, so that a
 * huge paste waits here and not in front of everybody else.
 */
export class Keyboard {
  /** Called with the part of a long paste that has gone, 0 to 1; 1 when all has. */
  onProgress: (done: number) => void = () => {};
  private queue = "";
  private total = 0;
  private sending = false;
  private readonly send: SendKeys;

  constructor(send: SendKeys) {
    this.send = send;
  }

  type(text: string): void {
    // Ctrl-C must not wait behind a paste that it is meant to end.
    if (text === "\x03" && this.queue.length > KEYS_LIMIT) this.queue = "";
    this.queue += text;
    this.total += text.length;
    void this.pump();
  }

  /** Characters not sent yet. */
  get waiting(): number {
    return this.queue.length;
  }

  private async pump(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.queue !== "") {
        const piece = this.queue.slice(0, pieceLength(this.queue));
        this.queue = this.queue.slice(piece.length);
        const { ok, wait } = await this.send(piece);
        // Without a time to wait it was refused for good: the terminal is gone.
        if (!ok && wait !== undefined) {
          this.queue = piece + this.queue;
          await new Promise((resolve) => setTimeout(resolve, wait));
          continue;
        }
        if (this.total > 4 * KEYS_LIMIT) this.onProgress(1 - this.queue.length / this.total);
      }
    } finally {
      this.sending = false;
      this.total = 0;
      this.onProgress(1);
    }
  }
}

/** A surrogate pair stays together. */
function pieceLength(text: string): number {
  if (text.length <= KEYS_LIMIT) return text.length;
  const last = text.charCodeAt(KEYS_LIMIT - 1);
  return last >= 0xd800 && last <= 0xdbff ? KEYS_LIMIT - 1 : KEYS_LIMIT;
}
