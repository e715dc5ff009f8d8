import { caughtMark, type LessonTask, type TaskView } from "../../protocol.ts";
import { say, type TextKey, t } from "../i18n.ts";
import { Inline } from "../parts.tsx";
import { AnswerForm } from "./answer-form.tsx";
import { CatchUpOffer } from "./catch-up.tsx";
import { Evidence } from "./evidence.tsx";
import { ModelAnswer } from "./model.tsx";
import type { Restart } from "./page.tsx";
import type { LabSession } from "./session.ts";

export type TaskState = "passed" | "current" | "not-yet" | "attention" | "failed";

const LOOK: Record<TaskState, [mark: string, text: TextKey]> = {
  passed: ["✓", "taskPassed"],
  current: ["●", "taskCurrent"],
  "not-yet": ["○", "taskNotYet"],
  attention: ["▲", "taskAttention"],
  failed: ["✕", "taskFailed"],
};

/** Where a task stands, for its mark. */
export function stateOf(
  task: LessonTask,
  views: readonly TaskView[],
  answered: boolean,
  everPassed: boolean,
): TaskState {
  const view = views.find(({ id }) => id === task.id);
  if (view?.passed) return "passed";
  if (everPassed) return "attention";
  if (answered && task.question) return "failed";
  return views.find(({ passed }) => !passed)?.id === task.id ? "current" : "not-yet";
}

/** A task in its place in the lesson: state, why not yet, hints, and the form for its answer. */
export function TaskCard({ session, id, restart }: { session: LabSession; id: string; restart: Restart }) {
  const task = session.lesson.value?.tasks.find((each) => each.id === id);
  if (task === undefined) return null;
  const number = session.lesson.value!.tasks.indexOf(task) + 1;
  const views = session.tasks.value;
  const view = views.find((each) => each.id === id);
  const answered = session.answers.value[id] !== undefined;
  const state = stateOf(task, views, answered, session.everPassed.value.has(id));
  const [mark, words] = LOOK[state];
  const caught = caughtMark(id) in session.marks.value;
  const begun = view?.checks.some(({ passed }) => passed) ?? false;
  // A task that nobody has turned to needs no reason; the first check that fails gives one.
  const why = view && state !== "passed" && (state !== "not-yet" || begun) ? whyNot(view) : undefined;
  return (
    <section class={`task task-${state}`} aria-labelledby={`task-${id}`}>
      <header>
        <span class={`mark mark-${state}`} aria-hidden="true">
          {mark}
        </span>
        <h3 id={`task-${id}`}>
          {number}. {say(task.title)}
        </h3>
        <span class="task-state">{t(caught && state === "passed" ? "taskCaught" : words)}</span>
        <span class="task-points">{t("points", { points: caught ? 0 : task.points })}</span>
      </header>
      {task.question && (
        <>
          <p class="question">
            <Inline text={say(task.question.text)} />
          </p>
          <AnswerForm session={session} task={task} passed={state === "passed"} />
        </>
      )}
      <p class="why" role="status">
        {why && (
          <>
            <strong>{t(state === "attention" ? "undone" : "why")}</strong> {why}
          </>
        )}
      </p>
      {view && (state === "passed" || why) && <Evidence session={session} abouts={aboutsOf(view)} />}
      {state === "passed" && task.hasModel && <ModelAnswer session={session} task={task} />}
      {state !== "passed" && <Hints session={session} task={task} restart={restart} />}
    </section>
  );
}

/** What the verdict stands on: of a failing task what the first failing check looked at. */
function aboutsOf({ passed, checks }: TaskView) {
  const counted = passed ? checks : checks.filter((check) => !check.passed).slice(0, 1);
  return counted.flatMap(({ about }) => (about ? [about] : []));
}

function whyNot({ checks }: TaskView): string | undefined {
  const failing = checks.filter(({ passed }) => !passed);
  return failing[0] && say(failing[0].message);
}

/** Hints open one by one, and stay open. */
function Hints({ session, task, restart }: { session: LabSession; task: LessonTask; restart: Restart }) {
  const { id, hints, machine, canCatchUp } = task;
  const key = `hints:${id}`;
  const opened = Math.min(hints.length, Number(session.marks.value[key] ?? 0));
  const has = session.terminals.value.some((terminal) => terminal.machine === machine);
  return (
    <div class="hints">
      {opened > 0 && (
        <ol aria-live="polite">
          {hints.slice(0, opened).map((hint, i) => (
            <li key={hint.en}>
              <span class="hint-title">{t("hintTitle", { number: i + 1, count: hints.length })}</span>{" "}
              <span>
                <Inline text={say(hint)} />
              </span>
            </li>
          ))}
        </ol>
      )}
      <div class="hint-buttons">
        {opened < hints.length && (
          <button type="button" class="link" onClick={() => session.mark(key, String(opened + 1))}>
            {t("hint", { number: opened + 1, count: hints.length })}
          </button>
        )}
        {machine && !has && session.snapshot.value && (
          <button type="button" class="link" onClick={() => void session.open(machine)}>
            {t("openOn", { machine })}
          </button>
        )}
        {canCatchUp && session.snapshot.value && <CatchUpOffer task={task} restart={restart} />}
      </div>
    </div>
  );
}
