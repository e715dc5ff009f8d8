import { SECOND, Session, type SessionSpec } from "../engine/index.ts";

/** What a script showed. */
export interface Shown {
  /** Standard output and error as they came. */
  all: string;
  out: string;
  err: string;
  /** Undefined when it did not end in time. */
  status: number | undefined;
  /** Bugs that the kernel has met since the session began. */
  faults: string[];
}

/** A freshly booted session of the playground, on which scripts run one after another. */
export class Stage {
  readonly session: Session;
  private all = "";
  private readonly texts = { stdout: "", stderr: "" };
  private status: number | undefined;
  private scripts = 0;

  constructor(spec: Pick<SessionSpec, "seed" | "topology">) {
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    this.session = new Session(
      { lab: "playground", epochMs: Date.UTC(2026, 2, 2, 9), ...spec },
      {
        output: (_id, bytes, stream) => {
          const text = decoders[stream].decode(bytes, { stream: true });
          this.texts[stream] += text;
          this.all += text;
        },
        ended: (_id, code) => {
          this.status = code;
        },
      },
    );
    this.session.boot();
  }

  /** Runs a script as the learner, on the workstation unless said otherwise, for `seconds` of virtual time at most. */
  run(text: string, { machine = "workstation", name = "s.sh", seconds = 3600 } = {}): Shown {
    const { kernel } = this.session;
    this.all = this.texts.stdout = this.texts.stderr = "";
    this.status = undefined;
    this.session.apply({ type: "script", id: `s${++this.scripts}`, machine, user: "learner", name, text });
    kernel.runUntil(() => this.status !== undefined, kernel.now + seconds * SECOND);
    const faults = kernel.faults.map(({ task, error }) => `${task}: ${(error as Error)?.stack ?? error}`);
    return { all: this.all, out: this.texts.stdout, err: this.texts.stderr, status: this.status, faults };
  }
}
