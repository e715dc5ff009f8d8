import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../protocol.ts";
import { language, setLanguage, t } from "./i18n.ts";

/** KO | EN. */
export function LanguageSwitch() {
  return (
    <fieldset class="language" aria-label={t("language")}>
      <button
        type="button"
        lang="ko"
        aria-label="한국어"
        aria-pressed={language.value === "ko"}
        onClick={() => setLanguage("ko")}
      >
        KO
      </button>
      <button
        type="button"
        lang="en"
        aria-label="English"
        aria-pressed={language.value === "en"}
        onClick={() => setLanguage("en")}
      >
        EN
      </button>
    </fieldset>
  );
}

/** What happened, why, and what to do next. */
export function ProblemPanel({ problem, children }: { problem: Problem; children?: ComponentChildren }) {
  return (
    <div class="problem" role="alert">
      <p class="problem-what">
        <span class="mark mark-failed" aria-hidden="true">
          ✕
        </span>{" "}
        {problem.what}
      </p>
      <p>{problem.why}</p>
      <p>{problem.next}</p>
      {children && <div class="buttons">{children}</div>}
    </div>
  );
}

export function NotFound() {
  return (
    <main class="home">
      <h1>Kubetude</h1>
      <p>{t("notFound")}</p>
      <a class="button primary" href="/">
        {t("home")}
      </a>
    </main>
  );
}

/** A modal dialog with the browser's own focus keeping and Escape. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

/** Text with `code` between back quotes. */
export function Inline({ text }: { text: string }) {
  return <>{text.split("`").map((part, i) => (i % 2 === 1 ? <code key={`${i}`}>{part}</code> : part))}</>;
}
