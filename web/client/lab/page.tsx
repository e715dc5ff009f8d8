import { signal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { NewSession, Problem } from "../../protocol.ts";
import { loadLesson, openSession, ProblemError, unreachable } from "../api.ts";
import { language, say, t } from "../i18n.ts";
import { ProblemPanel } from "../parts.tsx";
import { LabHeader } from "./header.tsx";
import { LessonPane } from "./lesson.tsx";
import { PicturePane } from "./picture/pane.tsx";
import { LabSession } from "./session.ts";
import { Splitter } from "./splitter.tsx";
import { TerminalsPane } from "./terminals.tsx";

/** Opens the lab anew: the present session, or another one in its place, caught up to a task. */
export type Restart = (fresh: NewSession["fresh"], catchUp?: string) => void;

const session = signal<LabSession | undefined>(undefined);
const problem = signal<Problem | undefined>(undefined);

const wordsOf = (error: unknown): Problem => (error instanceof ProblemError ? error.problem : unreachable());

/** Opens my session of the lab, or begins another one in its place. */
async function open(request: NewSession): Promise<void> {
  problem.value = undefined;
  try {
    const { session: id } = await openSession(request);
    const before = session.value;
    const next = new LabSession(id);
    if (before) next.lesson.value = before.lesson.value;
    session.value = next;
    before?.dispose();
  } catch (error) {
    problem.value = wordsOf(error);
  }
}

async function read(lab: string): Promise<void> {
  const own = session.value;
  if (own === undefined) return;
  try {
    own.lesson.value = await loadLesson(lab, language.value);
  } catch (error) {
    if (own.lesson.value === undefined) problem.value = wordsOf(error);
  }
}

/** F6 goes from the terminal to the lesson and back: Tab belongs to the shell. */
function otherSide(event: KeyboardEvent): void {
  const own = session.value;
  if (event.key !== "F6" || own === undefined) return;
  event.preventDefault();
  const inTerminals = document.activeElement?.closest(".machine-side") != null;
  own.side.value = inTerminals ? "lesson" : "terminals";
  if (inTerminals) document.querySelector<HTMLElement>(".lesson-pane")?.focus();
  else requestAnimationFrame(() => own.active.value?.focus());
}

/** Lesson left, machine right. */
export function LabPage({ lab }: { lab: string }) {
  useEffect(() => void open({ lab }), [lab]);
  useEffect(() => {
    document.addEventListener("keydown", otherSide);
    return () => document.removeEventListener("keydown", otherSide);
  }, []);
  useSignalEffect(() => {
    void language.value;
    void session.value;
    void read(lab);
  });
  const own = session.value;
  if (problem.value) {
    return (
      <main class="home">
        <a class="brand" href="/">
          Kubetude
        </a>
        <ProblemPanel problem={problem.value}>
          {problem.value.code !== "no-lab" && (
            <button type="button" class="button primary" onClick={() => void open({ lab })}>
              {t("retry")}
            </button>
          )}
          <a class={`button ${problem.value.code === "no-lab" ? "primary" : ""}`} href="/">
            {t("home")}
          </a>
        </ProblemPanel>
      </main>
    );
  }
  if (own === undefined) return <p class="loading">{t("loading")}</p>;
  document.title = `${own.lesson.value ? say(own.lesson.value.title) : "…"} · Kubetude`;
  const restart: Restart = (fresh, catchUp) =>
    void open({ lab, ...(fresh ? { fresh } : {}), ...(catchUp ? { catchUp } : {}) });
  return (
    <div class="lab-page" lang={language.value}>
      <LabHeader session={own} lab={lab} restart={restart} />
      <SideTabs session={own} />
      <main class={`lab-body show-${own.side.value}`}>
        <LessonPane key={own.id} session={own} restart={restart} />
        <Splitter name="lesson" label={t("resizeLesson")} axis="x" initial={44} min={24} max={70} />
        <Machine session={own} restart={restart} />
      </main>
    </div>
  );
}

const SIDES = { lesson: "lesson", terminals: "terminal", pictures: "picture" } as const;

/** Terminals above, a picture below. */
function Machine({ session, restart }: { session: LabSession; restart: Restart }) {
  const open = session.pictures.picture.value !== undefined;
  const running = session.snapshot.value !== undefined && session.problem.value === undefined;
  return (
    <div class={`machine-side ${running && open ? "with-picture" : ""}`}>
      <TerminalsPane session={session} restart={restart} />
      {running && open && (
        <Splitter name="picture" label={t("resizePicture")} axis="y" initial={55} min={20} max={85} />
      )}
      {running && <PicturePane key={session.id} session={session} />}
    </div>
  );
}

/** In a narrow window: lesson, terminals or pictures. */
function SideTabs({ session }: { session: LabSession }) {
  return (
    <div class="side-tabs">
      {(["lesson", "terminals", "pictures"] as const).map((side) => (
        <button
          type="button"
          key={side}
          aria-pressed={session.side.value === side}
          onClick={() => {
            session.side.value = side;
            if (side === "pictures" && session.pictures.picture.value === undefined)
              session.pictures.showPicture("map");
          }}
        >
          {t(SIDES[side])}
        </button>
      ))}
    </div>
  );
}
