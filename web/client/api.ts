import type { Home, Language, Lesson, NewSession, Problem, SessionOpened } from "../protocol.ts";
import { t } from "./i18n.ts";

/** An error with the words for it. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.what);
    this.problem = problem;
  }
}

/** The words for a server that does not answer. */
export const unreachable = (): Problem => ({
  code: "unreachable",
  what: t("loadFailed"),
  why: t("loadFailedWhy"),
  next: t("loadFailedNext"),
});

async function call<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api${path}`, { credentials: "same-origin", ...init });
  } catch {
    throw new ProblemError(unreachable());
  }
  const body = (await response.json().catch(() => ({}))) as { problem?: Problem };
  if (!response.ok) throw new ProblemError(body.problem ?? unreachable());
  return body as T;
}

export const loadHome = () => call<Home>("/home");

export const loadLesson = (lab: string, language: Language) =>
  call<Lesson>(`/labs/${encodeURIComponent(lab)}/lesson?lang=${language}`);

/** Opens my session of a lab; begins one when there is none. */
export const openSession = (request: NewSession) =>
  call<SessionOpened>("/sessions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });

/** Where a session can be downloaded; `report`: as it was when that problem was reported. */
export const sessionFileUrl = (session: string, report?: string) =>
  `/api/sessions/${session}/session.json${report === undefined ? "" : `?report=${report}`}`;
