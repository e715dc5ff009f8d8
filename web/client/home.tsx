import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Home, HomeLab, Problem } from "../protocol.ts";
import { loadHome, ProblemError, unreachable } from "./api.ts";
import { language, say, t } from "./i18n.ts";
import { LanguageSwitch, ProblemPanel } from "./parts.tsx";

const home = signal<Home | undefined>(undefined);
const problem = signal<Problem | undefined>(undefined);

async function load(): Promise<void> {
  problem.value = undefined;
  try {
    home.value = await loadHome();
  } catch (error) {
    problem.value = error instanceof ProblemError ? error.problem : unreachable();
  }
}

/** The five labs as a path, with where I stand; what I was doing last comes first. */
export function HomePage() {
  useEffect(() => void load(), []);
  const labs = home.value?.labs;
  document.title = `Kubetude · ${t("path")}`;
  return (
    <div class="home-page" lang={language.value}>
      <header class="home-header">
        <a class="brand" href="/">
          Kubetude
        </a>
        <LanguageSwitch />
      </header>
      <main class="home">
        <h1>{t("tagline")}</h1>
        {problem.value && (
          <ProblemPanel problem={problem.value}>
            <button type="button" class="button primary" onClick={() => void load()}>
              {t("retry")}
            </button>
          </ProblemPanel>
        )}
        <First labs={labs} />
        <h2>{t("path")}</h2>
        {labs ? (
          <ol class="path">
            {labs.map((lab, i) => (
              <LabRow key={lab.id} lab={lab} number={i + 1} />
            ))}
          </ol>
        ) : (
          !problem.value && (
            <ol class="path" aria-busy="true" aria-label={t("loading")}>
              {[1, 2, 3, 4, 5].map((number) => (
                <li key={number} class="path-lab skeleton" />
              ))}
            </ol>
          )
        )}
        <section class="playground">
          <div>
            <h2>{t("playground")}</h2>
            <p>{t("playgroundText")}</p>
          </div>
          <a class="button" href="/labs/playground">
            {t("open")}
          </a>
        </section>
      </main>
    </div>
  );
}

/** The next step in one button: what I left last, or the first lab. */
function First({ labs }: { labs: HomeLab[] | undefined }) {
  if (labs === undefined) return <div class="first skeleton" />;
  const going = labs.filter(({ state }) => state === "started").sort((a, b) => (b.seen ?? 0) - (a.seen ?? 0))[0];
  const lab = going ?? labs.find(({ available, state }) => available && state === "new");
  if (lab === undefined) return <div class="first first-empty" />;
  const number = labs.indexOf(lab) + 1;
  return (
    <section class="first">
      <div>
        <p class="first-title">{t("resumeLab", { number, title: say(lab.title) })}</p>
        <p>
          {going
            ? t("stateStarted", { passed: lab.passed, tasks: lab.tasks })
            : number === 1
              ? t("firstVisit")
              : say(lab.summary)}
        </p>
      </div>
      <a class="button primary" href={`/labs/${lab.id}`}>
        {t(going ? "resume" : "start")}
      </a>
    </section>
  );
}

const MARKS = { new: "○", started: "●", passed: "✓" } as const;

function LabRow({ lab, number }: { lab: HomeLab; number: number }) {
  const { state, available, passed, tasks, score, maxScore } = lab;
  const words = !available
    ? t("stateComing")
    : state === "new"
      ? t("stateNew")
      : state === "started"
        ? t("stateStarted", { passed, tasks })
        : t("statePassed", { score });
  return (
    <li class={`path-lab ${available ? state : "coming"}`}>
      <span class="path-number" aria-hidden="true">
        {number}
      </span>
      <div class="path-text">
        <h3>
          <span class="visually-hidden">{t("lab", { number })} </span>
          {say(lab.title)}
        </h3>
        <p>{say(lab.summary)}</p>
        <p class="path-state">
          <span class={`mark mark-${available ? state : "coming"}`} aria-hidden="true">
            {available ? MARKS[state] : "○"}
          </span>{" "}
          {words}
          {available && state === "new" && (
            <span class="path-size"> · {t("tasksPoints", { tasks, points: maxScore })}</span>
          )}
        </p>
      </div>
      {available && (
        <a
          class="button"
          href={`/labs/${lab.id}`}
          aria-label={`${say(lab.title)}: ${t(state === "new" ? "start" : "open")}`}
        >
          {t(state === "new" ? "start" : state === "started" ? "resume" : "review")}
        </a>
      )}
    </li>
  );
}
