import { useState } from "preact/hooks";
import type { LessonTask } from "../../protocol.ts";
import { say, t } from "../i18n.ts";
import { Dialog } from "../parts.tsx";
import type { Restart } from "./page.tsx";
import type { LabSession } from "./session.ts";

/** Offers to run the solution's steps before a task, in a new session of the same cluster. */
export function CatchUpOffer({ task, restart }: { task: LessonTask; restart: Restart }) {
  const [asked, setAsked] = useState(false);
  return (
    <>
      <button type="button" class="link" onClick={() => setAsked(true)}>
        {t("catchUp")}
      </button>
      {asked && (
        <Dialog title={t("catchUpTitle", { task: say(task.title) })} onClose={() => setAsked(false)}>
          <p>{t("catchUpAsk")}</p>
          <form method="dialog" class="buttons">
            <button type="submit" class="button">
              {t("cancel")}
            </button>
            <button type="submit" class="button primary" onClick={() => restart("same-seed", task.id)}>
              {t("catchUpDo")}
            </button>
          </form>
        </Dialog>
      )}
    </>
  );
}

/** The steps as they run, and what became of them. */
export function CatchingUp({ session, restart }: { session: LabSession; restart: Restart }) {
  const state = session.catchUp.value;
  const [dismissed, setDismissed] = useState(false);
  if (state === undefined || dismissed) return null;
  const { running, status, line } = state;
  const failed = !running && status !== 0;
  return (
    <div class={`notice ${failed ? "attention-box" : ""}`} role="status" aria-busy={running}>
      <p>
        {running
          ? t("catchingUp")
          : failed
            ? `▲ ${t("catchUpFailed", { status: status ?? "?" })}`
            : `✓ ${t("caughtUp")}`}
      </p>
      {running && <div class="catch-up-bar" aria-hidden="true" />}
      {(running || failed) && line && <p class="catch-up-line">{line}</p>}
      {running || failed ? (
        <button type="button" class="button" onClick={() => restart("same-seed")}>
          {t("catchUpCancel")}
        </button>
      ) : (
        <button type="button" class="button" onClick={() => setDismissed(true)}>
          {t("dismiss")}
        </button>
      )}
    </div>
  );
}
