const host = Error as ErrorConstructor & { stackTraceLimit?: number };

/**
 * An Error that is an everyday answer, not a bug: nothing listens, no such object. Without the host's stack, whose
 * recording costs more than everything else about it.
 */
export class Answer extends Error {
  constructor(message: string) {
    const limit = host.stackTraceLimit;
    host.stackTraceLimit = 0;
    super(message);
    if (limit !== undefined) host.stackTraceLimit = limit;
  }
}
