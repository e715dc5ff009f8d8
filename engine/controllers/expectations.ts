import { type Kernel, MINUTE } from "../kernel/index.ts";

interface Expected {
  creations: number;
  /** Keys of Pods that were deleted and not yet seen going. */
  deletions: Set<string>;
  at: number;
}

/** Upstream's ExpectationsTimeout: after it a controller trusts the informer again. */
const TIMEOUT = 5 * MINUTE;

/** What a controller did and its informer has not shown yet (pkg/controller/controller_utils.go ControllerExpectations). */
export class Expectations {
  private readonly kernel: Kernel;
  private readonly expected = new Map<string, Expected>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  satisfied(key: string): boolean {
    const e = this.expected.get(key);
    if (e === undefined) return true;
    return (e.creations <= 0 && e.deletions.size === 0) || this.kernel.now - e.at > TIMEOUT;
  }

  expectCreations(key: string, count: number): void {
    this.expected.set(key, { creations: count, deletions: new Set(), at: this.kernel.now });
  }

  expectDeletions(key: string, pods: readonly string[], creations = 0): void {
    this.expected.set(key, { creations, deletions: new Set(pods), at: this.kernel.now });
  }

  created(key: string): void {
    const e = this.expected.get(key);
    if (e) e.creations--;
  }

  deleted(key: string, pod: string): void {
    this.expected.get(key)?.deletions.delete(pod);
  }

  forget(key: string): void {
    this.expected.delete(key);
  }
}
