import { t } from "../i18n.ts";
import type { LabSession } from "./session.ts";

/** A question before a key step: choose first, then see. What was chosen stays with the session. */
export function Predict({
  session,
  id,
  options,
  answer,
}: {
  session: LabSession;
  id: string;
  options: string[];
  answer: string;
}) {
  const chosen = session.marks.value[`predict:${id}`];
  const shown = session.marks.value[`predict-shown:${id}`] !== undefined;
  return (
    <div class="predict-form">
      <p class="predict-title">{t("predict")}</p>
      <fieldset class="choices" aria-label={t("predict")}>
        {options.map((option) => (
          <button
            type="button"
            key={option}
            aria-pressed={chosen === option}
            disabled={shown}
            onClick={() => session.mark(`predict:${id}`, option)}
          >
            {option}
          </button>
        ))}
      </fieldset>
      <p class="predict-result" role="status">
        {chosen === undefined
          ? "\u00a0"
          : !shown
            ? t("predicted", { choice: chosen })
            : chosen === answer
              ? `✓ ${t("predictRight", { answer })}`
              : `▲ ${t("predictWrong", { choice: chosen, answer })}`}{" "}
        {chosen !== undefined && !shown && (
          <button type="button" class="link" onClick={() => session.mark(`predict-shown:${id}`, "1")}>
            {t("predictReveal")}
          </button>
        )}
      </p>
    </div>
  );
}
