import { effect } from "@preact/signals";
import { type ComponentChild, type RefObject, render } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { caughtMark } from "../../protocol.ts";
import { t } from "../i18n.ts";
import { CatchingUp } from "./catch-up.tsx";
import { CommandButtons } from "./command.tsx";
import type { Restart } from "./page.tsx";
import { Predict } from "./predict.tsx";
import type { LabSession } from "./session.ts";
import { TaskCard } from "./task-card.tsx";

/** The lesson: text from the server, whose empty places come to life here. */
export function LessonPane({ session, restart }: { session: LabSession; restart: Restart }) {
  const lesson = session.lesson.value;
  const pane = useRef<HTMLElement>(null);
  useReadingPlace(pane, lesson?.id);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
    <section ref={pane} class="lesson-pane" aria-label={t("lesson")} tabIndex={0}>
      <Notices session={session} />
      <CatchingUp session={session} restart={restart} />
      {lesson ? (
        <Text key={lesson.html} session={session} html={lesson.html} restart={restart} />
      ) : (
        <p class="loading">{t("loading")}</p>
      )}
      <Finish session={session} />
    </section>
  );
}

/** A reload goes on where one was reading: the browser itself only remembers how far whole pages were scrolled. */
function useReadingPlace(pane: RefObject<HTMLElement | null>, lab: string | undefined): void {
  useLayoutEffect(() => {
    const element = pane.current;
    if (element === null || lab === undefined) return undefined;
    const key = `kubetude.reading.${lab}`;
    element.scrollTop = Number(sessionStorage.getItem(key) ?? 0);
    const keep = () => sessionStorage.setItem(key, String(Math.round(element.scrollTop)));
    element.addEventListener("scroll", keep, { passive: true });
    return () => element.removeEventListener("scroll", keep);
  }, [lab]);
}

function Notices({ session }: { session: LabSession }) {
  const lost = session.snapshot.value !== undefined && !session.connected.value;
  return (
    <div class="notices" role="status">
      {lost && <p class="notice attention-box">▲ {t("disconnectedText")}</p>}
      {session.snapshot.value?.notice === "engine-changed" && (
        <p class="notice">
          {t("engineChanged")}{" "}
          <button
            type="button"
            onClick={() => {
              const { notice: _notice, ...rest } = session.snapshot.value!;
              session.snapshot.value = rest;
            }}
          >
            {t("dismiss")}
          </button>
        </p>
      )}
    </div>
  );
}

function Finish({ session }: { session: LabSession }) {
  const tasks = session.tasks.value;
  if (tasks.length === 0 || tasks.some((task) => !task.passed)) return null;
  const earned = tasks.filter(({ id }) => !(caughtMark(id) in session.marks.value));
  const score = earned.reduce((sum, { points }) => sum + points, 0);
  return (
    <p class="finish" role="status">
      <span aria-hidden="true">✓</span> {t("allDone", { score })}
    </p>
  );
}

function Text({ session, html, restart }: { session: LabSession; html: string; restart: Restart }) {
  const root = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const article = root.current;
    // A lab without a text has no article.
    if (article === null) return undefined;
    article.innerHTML = html;
    const filled: Element[] = [];
    const fill = (selector: string, content: (element: HTMLElement) => ComponentChild) => {
      for (const element of article.querySelectorAll<HTMLElement>(selector)) {
        render(content(element), element);
        filled.push(element);
      }
    };
    for (const summary of article.querySelectorAll("details.older > summary")) summary.textContent = t("older");
    fill(".slot-task", ({ dataset }) => <TaskCard session={session} id={dataset["task"]!} restart={restart} />);
    fill(".slot-command", (element) => {
      const block = element.parentElement!;
      const text = block.querySelector("code")!.textContent ?? "";
      return <CommandButtons session={session} command={text} machine={block.dataset["machine"]} />;
    });
    fill(".slot-predict", (element) => {
      const { predict, options, answer } = element.parentElement!.dataset;
      return <Predict session={session} id={predict!} options={options!.split("|")} answer={answer!} />;
    });
    // A name in the text leads to what it means on the map, and shows what is selected there.
    const names = [...article.querySelectorAll<HTMLElement>("code")].filter((code) => !code.closest("pre"));
    const pick = ({ target }: MouseEvent) => {
      const code = (target as Element).closest("code");
      const key = code && names.includes(code) ? session.pictures.names.peek()?.get(code.textContent ?? "") : undefined;
      if (key) session.pictures.pick(key);
    };
    article.addEventListener("click", pick);
    const stop = effect(() => {
      const known = session.pictures.names.value;
      const selected = session.pictures.selectedNames.value;
      for (const code of names) {
        const text = code.textContent ?? "";
        code.classList.toggle("on-map", known?.has(text) ?? false);
        code.classList.toggle("selected", selected.includes(text));
      }
    });
    return () => {
      stop();
      article.removeEventListener("click", pick);
      for (const element of filled) render(null, element);
    };
  }, [html, session]);
  if (html === "") return <p class="lesson">{t("noText")}</p>;
  return <article class="lesson" ref={root} />;
}
