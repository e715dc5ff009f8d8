import { SECOND, Session, type SessionFile } from "../engine/index.ts";
import { loadLab, sessionSpec } from "../grader/lab.ts";
import { readSessionFile } from "../grader/session-file.ts";
import { engineHash } from "./engine-hash.ts";
import { UsageError } from "./usage.ts";

/** Boots a recorded session's cluster and takes its inputs in; ends where the record ends or at `until` (µs). */
export function replaySession(file: SessionFile, until?: number): Session {
  const session = new Session(sessionSpec(loadLab(file.lab), file.seed, engineHash(), file.epoch));
  session.boot();
  session.replay(file.inputs, file.end, until);
  return session;
}

/** `kubetude replay`: prints the digest; 0 when it is the recorded one. */
export function replay(path: string, until: string | undefined): number {
  const file = readSessionFile(path);
  const at = until === undefined ? undefined : parseTime(until);
  const session = replaySession(file, at);
  console.log(session.digest());
  if (at !== undefined) return 0;
  const other = divergence(file, session);
  if (other === undefined) return 0;
  console.error(`kubetude: ${other}`);
  return 1;
}

/** What is to be said when a replayed session has not come to where its record ends. */
export function divergence(file: SessionFile, session: Session): string | undefined {
  if (session.digest() === file.digest) return undefined;
  const engine = engineHash();
  return `the record says ${file.digest}${file.engine === engine ? "" : ` (made on engine ${file.engine}, this is ${engine})`}`;
}

/** Virtual time in µs: `90`, `90s`, `5m`, `1h`, `1h2m3s`. */
function parseTime(text: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/.exec(text);
  if (match === null || text === "") throw new UsageError(`--until: "${text}" is no duration such as 90s or 1h5m`);
  const [, hours, minutes, seconds] = match.map((part) => Number(part ?? 0));
  return Math.round((hours! * 3600 + minutes! * 60 + seconds!) * SECOND);
}
