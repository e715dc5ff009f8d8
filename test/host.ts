/**
 * For tests whose other side is the host's: a browser, or a real program on a machine whose load is not ours. What such
 * a test sees may be a matter of the host's time, so it is tried twice more before it fails, and the report names it. The
 * engine's own tests run on virtual time and never get this: there a second result would be a bug.
 */
export const onTheHost = { retry: 2 };
