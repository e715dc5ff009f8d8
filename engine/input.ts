/**
 * What reaches a session from outside. A session is its list of inputs: each is stamped with the virtual time and the
 * number of events that had run, and replaying them gives the same bytes (docs/architecture.md).
 */
export type Input =
  /** Opens a login shell on a machine. `id` is the host's name for the terminal. */
  | { type: "terminal"; id: string; machine: string; user: string; columns: number; rows: number }
  /** Keys typed into a terminal: UTF-8 text. */
  | { type: "keys"; id: string; text: string }
  | { type: "resize"; id: string; columns: number; rows: number }
  /** The terminal's window was closed. */
  | { type: "close"; id: string }
  /** Stages a script as a file and runs it with the shell; its output is told as that of terminal `id`. */
  | { type: "script"; id: string; machine: string; user: string; name: string; text: string; instant?: boolean }
  /** A request of an outside client to the cluster's API address. `body`: base64. */
  | {
      type: "api";
      id: string;
      method: string;
      path: string;
      headers: Record<string, string>;
      body?: string;
      clientCertificate?: string;
      address: string;
    }
  /** Opens a connection to a port of the Pod that request `on` (a port-forward) is about. It is `id` from now on. */
  | { type: "api-forward"; id: string; on: string; port: number }
  /** Bytes (base64) for stdin of an exec or attach, or for a forwarded connection; empty with `end` for its end. */
  | { type: "api-input"; id: string; bytes: string; end?: boolean }
  | { type: "api-resize"; id: string; columns: number; rows: number }
  /** The outside client went away. */
  | { type: "api-close"; id: string }
  /** A learner's answer to a task's question. */
  | { type: "answer"; task: string; value: string }
  /**
   * Somebody asks which way a connection would take. It is an input, since rules that leave something to chance draw on
   * the session's own.
   */
  | {
      type: "walk";
      id: string;
      from: string;
      to: string;
      port: number;
      protocol: "tcp" | "udp" | "icmp";
      cluster?: string;
    }
  /** A fault of the lab or of a lesson's button. */
  | { type: "fault"; fault: Fault };

/** Things that break machines from outside. */
export type Fault = { kind: "unplug" | "plug"; machine: string };

/** An input with its instant. */
export type StampedInput = Input & {
  /** Virtual time in µs since the session's start. */
  at: number;
  /** Events that had run before it. */
  index: number;
};

/** A session on paper (the schema is docs/session.schema.json). */
export interface SessionFile {
  format: 1;
  /** Hash of the engine file it ran on. */
  engine: string;
  lab: string;
  seed: number;
  /** Wall clock at virtual time 0, ms since 1970. */
  epoch: number;
  inputs: StampedInput[];
  /** Where it ended. */
  end: { at: number; index: number };
  /** State at the end. */
  digest: string;
}
