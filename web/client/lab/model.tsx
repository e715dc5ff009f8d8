import type { LessonTask } from "../../protocol.ts";
import { say, t } from "../i18n.ts";
import { Inline } from "../parts.tsx";
import { CommandButtons } from "./command.tsx";
import type { LabSession } from "./session.ts";

/** Commands of one's own that stand beside the model answer. */
const OWN_SHOWN = 12;

/** After a task has passed: how the solution does it, another right way, and what was typed here. */
export function ModelAnswer({ session, task }: { session: LabSession; task: LessonTask }) {
  const model = session.models.value[task.id];
  const own = model ? session.typedCommands().slice(-OWN_SHOWN) : [];
  return (
    <details
      class="model"
      onToggle={(event) => {
        if (event.currentTarget.open) void session.showModel(task.id);
      }}
    >
      <summary>{t("model")}</summary>
      {model === undefined ? (
        <p class="quiet">{t("loading")}</p>
      ) : (
        <>
          <div class="command">
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls. */}
            <pre class="script" tabIndex={0}>
              <code>{model.steps.trimEnd()}</code>
            </pre>
            <CommandButtons session={session} command={model.steps} machine={undefined} />
          </div>
          {model.also && (
            <p>
              <strong>{t("modelAlso")}</strong> <Inline text={say(model.also)} />
            </p>
          )}
          <p>
            <strong>{t("modelOwn")}</strong>
          </p>
          {own.length === 0 ? (
            <p class="quiet">{t("modelOwnNone")}</p>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
            <pre class="listing" tabIndex={0}>
              {own.join("\n")}
            </pre>
          )}
        </>
      )}
    </details>
  );
}
