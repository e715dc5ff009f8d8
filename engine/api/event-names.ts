import type { Kernel } from "../kernel/index.ts";

/**
 * Names of events: `web-1.17f3a0c2b4d5e6f7`, the object and the nanoseconds since 1970 in hexadecimal (client-go
 * tools/record/util GenerateEventName). Names of one microsecond are kept apart by the nanoseconds.
 */
export class EventNames {
  private readonly kernel: Kernel;
  private last = 0n;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  next(object: string): string {
    let nanos = (BigInt(this.kernel.epochMs) * 1000n + BigInt(this.kernel.now)) * 1000n;
    if (nanos <= this.last) nanos = this.last + 1n;
    this.last = nanos;
    return `${object}.${nanos.toString(16)}`;
  }
}
