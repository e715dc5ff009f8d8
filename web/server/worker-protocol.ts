/** What passes between the server's main thread and a worker that hosts sessions. */
import type { HostMessage, Input, MapUpdate, StampedInput, WalkPicture, WalkRequest } from "../../engine/index.ts";
import type { CatchUp, Clock, Health, Screen, TaskView } from "../protocol.ts";

/** Everything needed to begin a session, or to bring a stored one back. */
export interface OpenRequest {
  key: string;
  /** Number that stands for the session in the worker's `busy` cell while its code runs. */
  slot: number;
  lab: string;
  seed: number;
  epoch: number;
  engine: string;
  /** URL of the engine's file. */
  engineUrl: string;
  inputs: StampedInput[];
  end: { at: number; index: number };
  /** The inputs were made on another engine, whose event numbers mean nothing here: only their times count. */
  drifted: boolean;
  paused: boolean;
  speed: number;
}

export type ToWorker =
  | ({ type: "open" } & OpenRequest)
  | { type: "message"; key: string; message: HostMessage }
  /** Answers once the input has taken effect, after the frame that makes it durable, with what is typed in all. */
  | { type: "input"; key: string; id: number; input: Input }
  | { type: "terminal"; key: string; id: number; machine: string; columns: number; rows: number }
  /** Runs a script ahead as fast as it can. */
  | { type: "catch-up"; key: string; id: number; text: string }
  /** Answers with the way that a connection would take. */
  | { type: "walk"; key: string; id: number; request: WalkRequest }
  /** From its answer on, the session's frames are posted. */
  | { type: "attach"; key: string; id: number }
  /** No more frames; answers with the instant at which it stands. */
  | { type: "detach"; key: string; id: number }
  | { type: "screen"; key: string; id: number; terminal: string }
  | { type: "save"; key: string; id: number }
  | { type: "close"; key: string }
  | { type: "ping"; id: number };

export interface Attached {
  screens: Screen[];
  tasks: TaskView[];
  clock: Clock;
  health: Health;
  answers: Record<string, string>;
  catchUp?: CatchUp;
}

export type FromWorker =
  | { type: "opened"; key: string; ms: number }
  /** A drifted session's inputs as this engine numbers them, in place of the old ones. Comes before `opened`. */
  | { type: "restamped"; key: string; inputs: StampedInput[]; at: number; index: number }
  /** It could not be opened, or cannot go on. */
  | { type: "failed"; key: string; message: string }
  | {
      type: "frame";
      key: string;
      /** Inputs that took effect, `from` of them being known already; to be made durable before the rest is shown. */
      from: number;
      inputs: StampedInput[];
      at: number;
      index: number;
      output: { id: string; bytes: Uint8Array; end: number }[];
      ended: { id: string; status: number }[];
    }
  | { type: "tasks"; key: string; tasks: TaskView[]; at: number; index: number }
  | { type: "clock"; key: string; clock: Clock; index: number }
  | { type: "health"; key: string; health: Health }
  /** Undefined: the session's engine has none. */
  | { type: "map"; key: string; cluster: string; update: MapUpdate | undefined }
  | { type: "catch-up"; key: string; state: CatchUp }
  | { type: "walks"; key: string; walks: WalkPicture[] }
  | { type: "answer"; id: number; value: unknown }
  | { type: "refused"; id: number; code: string; message: string }
  /** `heap`: part of the thread's heap that is used, 0 to 1. */
  | { type: "pong"; id: number; heap: number };
