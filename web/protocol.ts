/** What passes between the server and a page: bodies of /api and events of the socket. Plain data only. */
import type { MapUpdate, SessionStatus, WaitFor, WalkPicture, WalkRequest } from "../engine/index.ts";
import type { About } from "../grader/checks/index.ts";
import type { TaskReport } from "../grader/grade.ts";

export type Language = "ko" | "en";
export type Bilingual = Record<Language, string>;

/** An error as people see it: what happened, why, and what to do next. */
export interface Problem {
  code: string;
  what: string;
  why: string;
  next: string;
}

export type Result<T = object> = ({ ok: true } & T) | { ok: false; problem: Problem };

// ---- /api ---------------------------------------------------------------------------------------------------------

export type LabState = "new" | "started" | "passed";

/** GET /api/home */
export interface HomeLab {
  id: string;
  title: Bilingual;
  summary: Bilingual;
  /** The lab can be opened; others are only announced. */
  available: boolean;
  state: LabState;
  session?: string;
  passed: number;
  tasks: number;
  score: number;
  maxScore: number;
  /** When I was last there, ms since 1970. */
  seen?: number;
}

export interface Home {
  labs: HomeLab[];
}

/** POST /api/sessions */
export interface NewSession {
  lab: string;
  /** Leaves the present session of the lab and begins anew: with the same cluster, or with another one. */
  fresh?: "same-seed" | "new-seed";
  /** With the same cluster: runs the solution's steps before this task, which are not earned then. */
  catchUp?: string;
}

export interface SessionOpened {
  session: string;
}

/** GET /api/labs/:id/lesson?lang= */
export interface Lesson {
  id: string;
  title: Bilingual;
  /** Rendered on the server from Markdown; no HTML of the author's. */
  html: string;
  tasks: LessonTask[];
  /** Machines on which a terminal can be opened, in the order of the menu. */
  machines: string[];
  /** Names of its clusters, the first one's "". */
  clusters: string[];
}

export interface LessonTask {
  id: string;
  title: Bilingual;
  points: number;
  challenge: boolean;
  machine?: string;
  question?: { text: Bilingual; kind: "text" | "order" | "choice"; options?: string[]; placeholder?: string };
  hints: Bilingual[];
  /** The solution's steps before it can be run for whoever wants to begin here. */
  canCatchUp: boolean;
  /** The solution says which steps are this task's. */
  hasModel: boolean;
}

/** How a task is solved; told once it has passed. */
export interface Model {
  steps: string;
  also?: Bilingual;
}

/** The solution's steps are being run, up to a task. */
export interface CatchUp {
  running: boolean;
  /** Exit status, once it ended. */
  status?: number;
  /** Last line that the script printed. */
  line: string;
}

// ---- the socket ---------------------------------------------------------------------------------------------------

/** A terminal and the end of what it has shown. */
export interface Screen {
  id: string;
  machine: string;
  user: string;
  columns: number;
  rows: number;
  /** Exit status of its shell, once it ended. */
  ended?: number;
  /** The last bytes shown, ready to be written to an empty screen. */
  tail: Uint8Array;
  /** Bytes shown so far. */
  end: number;
  /** UTF-16 units typed into it so far: tells a page whether what it sent last was taken. */
  typed: number;
}

export interface Health {
  nodes: number;
  nodesReady: number;
  pods: number;
  podsReady: number;
  /** Names of what is not ready, a few. */
  down: string[];
}

export type Clock = SessionStatus;

/** What a task card needs of the grade: observed evidence, nothing that was expected. */
export type TaskView = Pick<TaskReport, "id" | "passed" | "points"> & {
  checks: { passed: boolean; message: Bilingual; about?: About }[];
};

/** Everything a page shows of a session, sent when it attaches. */
export interface Snapshot {
  session: string;
  lab: string;
  seed: number;
  screens: Screen[];
  tasks: TaskView[];
  clock: Clock;
  health: Health;
  marks: Record<string, string>;
  /** Answers given, the last one of each task. */
  answers: Record<string, string>;
  catchUp?: CatchUp;
  /** The session could not go on with the engine it began with. */
  notice?: "engine-changed";
}

export interface ClockControl {
  paused?: boolean;
  speed?: number;
  /** Run ahead by so many µs. */
  skip?: number;
  skipToEvent?: boolean;
  waitFor?: WaitFor;
  stopSkipping?: boolean;
}

export interface KeysResult {
  ok: boolean;
  /** Length of all that was typed into the terminal, these keys being the last of it. */
  typed?: number;
  /** Not taken: send the same again after so many ms. */
  wait?: number;
  /** Taken or not: the next snapshot tells. */
  lost?: boolean;
  /** Refused for good. */
  problem?: Problem;
}

export interface ClientEvents {
  open(
    request: { machine: string; columns: number; rows: number },
    done: (result: Result<{ id: string }>) => void,
  ): void;
  /** Answered once they are durable. */
  keys(request: { id: string; text: string }, done: (result: KeysResult) => void): void;
  resize(request: { id: string; columns: number; rows: number }): void;
  close(request: { id: string }): void;
  /** `lost`: taken or not, send it again. */
  answer(request: { task: string; value: string }, done: (result: Result | { ok: false; lost: true }) => void): void;
  clock(control: ClockControl): void;
  /** Keeps what is wrong as it stands: the instant, the verdicts and the learner's words. */
  report(request: { text: string }, done: (result: Result<{ id: string }>) => void): void;
  /** How a task that has passed is solved. */
  model(request: { task: string }, done: (result: Result<{ model: Model }>) => void): void;
  /** Remembers something about this session for its learner: hints opened, predictions made. */
  mark(request: { key: string; value: string }): void;
  /** This page shows the map, or connections that programs open, or does not any more. */
  look(request: { map?: boolean | undefined; walks?: boolean | undefined; cluster?: string | undefined }): void;
  /** Which way a connection would take. */
  walk(request: WalkRequest, done: (result: Result<{ walk: WalkPicture }>) => void): void;
  /** The last update of the map has been drawn: the next may come. */
  mapDrawn(request: object): void;
  /** So many bytes of that terminal have been drawn. */
  drawn(request: { id: string; end: number }): void;
}

export interface ServerEvents {
  snapshot(snapshot: Snapshot): void;
  output(frame: { id: string; bytes: Uint8Array; end: number }): void;
  /** Frames were left out for a slow page: draw the screen anew. */
  redraw(screen: Screen): void;
  opened(screen: Screen): void;
  /** Another page gave the terminal another size. */
  resized(size: { id: string; columns: number; rows: number }): void;
  ended(end: { id: string; status: number }): void;
  closed(gone: { id: string }): void;
  tasks(tasks: TaskView[]): void;
  clock(clock: Clock): void;
  health(health: Health): void;
  marks(marks: Record<string, string>): void;
  catchUp(state: CatchUp): void;
  /** Undefined: the engine on which this session began has no map. */
  map(update: MapUpdate | undefined): void;
  /** Connections that programs have opened. */
  walks(walks: WalkPicture[]): void;
  /** The session cannot go on. */
  failed(problem: Problem): void;
}

/** Name of the mark of a task that the solution's steps have solved, not the learner. */
export const caughtMark = (task: string): string => `caught:${task}`;

/** Longest text of one `keys` event, UTF-16 units. Longer pastes go in pieces. */
export const KEYS_LIMIT = 4096;
/** Largest paste, UTF-16 units. */
export const PASTE_LIMIT = 1_000_000;
/** Bytes of a terminal on their way to a page before frames are held back. */
export const IN_FLIGHT_LIMIT = 512 * 1024;
/** Scrollback kept of a terminal, bytes. */
export const TAIL_LIMIT = 256 * 1024;
