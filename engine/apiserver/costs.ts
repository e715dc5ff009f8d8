/** CPU that one request costs an API server, in µs of virtual time; callers' latency is the network's to charge. */
export const COSTS = {
  /** Authentication, authorization and routing of any request. */
  request: 150,
  /** Decoding, admission and validation of an object. */
  decode: 300,
  /** Encoding one object of an answer. */
  encode: 15,
} as const;
