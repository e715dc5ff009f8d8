import type { Kernel } from "../kernel/index.ts";

/** The last nanosecond that was given out in a session. */
const last = new WeakMap<Kernel, bigint>();

/**
 * Names of events: `web-1.17f3a0c2b4d5e6f7`, the object and the nanoseconds since 1970 in hexadecimal (client-go
 * tools/record/util GenerateEventName). Names of one microsecond are kept apart by the nanoseconds, those of several
 * recorders too: real ones never look at the clock in the same nanosecond.
 */
export class EventNames {
  private readonly kernel: Kernel;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  next(object: string): string {
    const before = last.get(this.kernel) ?? 0n;
    let nanos = (BigInt(this.kernel.epochMs) * 1000n + BigInt(this.kernel.now)) * 1000n;
    if (nanos <= before) nanos = before + 1n;
    last.set(this.kernel, nanos);
    return `${object}.${nanos.toString(16)}`;
  }
}
