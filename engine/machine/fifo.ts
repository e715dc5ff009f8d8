import { type Gen, Pipe, WaitQueue, wait } from "../kernel/index.ts";
import { Errno } from "./errno.ts";
import type { OpenFile } from "./open-file.ts";

/** How often the ends of a named pipe were opened, and who waits for the other end. */
interface Meeting {
  reads: number;
  writes: number;
  opened: WaitQueue;
}

const meetings = new WeakMap<Pipe, Meeting>();

/** The pipe of a new fifo. */
export function namedPipe(): Pipe {
  const pipe = new Pipe();
  meetings.set(pipe, { reads: 0, writes: 0, opened: new WaitQueue() });
  return pipe;
}

/** True for the pipe of a fifo, not for one that /proc shows. */
export function isNamed(pipe: Pipe): boolean {
  return meetings.has(pipe);
}

/**
 * A named pipe that was opened (fifo(7)). Linux holds the open until the other end is opened as well; here the first
 * read or write waits for it, which a program can tell apart only by doing something in between.
 */
export class FifoEnd implements OpenFile {
  refs = 0;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly pipe: Pipe;
  private readonly meeting: Meeting;
  /** Opens of the other end that were over when this one was opened. */
  private readonly before: number;

  constructor(pipe: Pipe, mode: { read?: boolean | undefined; write?: boolean | undefined }) {
    this.pipe = pipe;
    this.meeting = meetings.get(pipe)!;
    this.writable = mode.write ?? false;
    this.readable = mode.read ?? !this.writable;
    if (this.readable) {
      pipe.readers++;
      this.meeting.reads++;
    }
    if (this.writable) {
      pipe.writers++;
      this.meeting.writes++;
    }
    this.before = this.readable ? this.meeting.writes - pipe.writers : this.meeting.reads - pipe.readers;
    this.meeting.opened.wakeAll();
  }

  *read(max: number): Gen<Uint8Array | "interrupted"> {
    while (this.pipe.writers === 0 && this.meeting.writes <= this.before && this.pipe.size === 0)
      if ((yield* wait(this.meeting.opened)) === "interrupted") return "interrupted";
    return yield* this.pipe.read(max);
  }

  *write(bytes: Uint8Array): Gen<"ok" | "interrupted" | number> {
    while (this.pipe.readers === 0 && this.meeting.reads <= this.before)
      if ((yield* wait(this.meeting.opened)) === "interrupted") return "interrupted";
    const result = yield* this.pipe.write(bytes);
    if (result === "broken") throw new Errno("EPIPE");
    return result;
  }

  close(): void {
    if (this.readable) this.pipe.closeReader();
    if (this.writable) this.pipe.closeWriter();
  }
}
