import { useState } from "preact/hooks";
import type { Problem } from "../../protocol.ts";
import { sessionFileUrl } from "../api.ts";
import { t } from "../i18n.ts";
import { Dialog, ProblemPanel } from "../parts.tsx";
import type { LabSession } from "./session.ts";

/** What brings exactly this back: seed, instant and verdicts. */
function factsOf({ id, snapshot, clock, tasks }: LabSession): string {
  return [
    `lab: ${snapshot.value?.lab ?? "?"}`,
    `seed: ${snapshot.value?.seed ?? "?"}`,
    `session: ${id}`,
    `virtual time: ${clock.value ? `${clock.value.clock.now} us` : "?"}`,
    ...tasks.value.map(({ id: task, passed, checks }) => {
      const why = checks.find((check) => !check.passed)?.message.en;
      return `${task}: ${passed ? "passed" : `not yet: ${why ?? "?"}`}`;
    }),
    `browser: ${navigator.userAgent}`,
  ].join("\n");
}

/** Keeps a problem on the server as it stands, and gives it a name. */
export function Report({ session, onClose }: { session: LabSession; onClose: () => void }) {
  // As it was when the dialog was opened.
  const [facts] = useState(() => factsOf(session));
  const [text, setText] = useState("");
  const [outcome, setOutcome] = useState<string | Problem | "sending" | undefined>();
  const [copied, setCopied] = useState(false);
  const kept = typeof outcome === "string" && outcome !== "sending" ? outcome : undefined;
  const send = async () => {
    setOutcome("sending");
    setOutcome(await session.report(text.trim()));
  };
  const copy = () =>
    void navigator.clipboard
      ?.writeText([kept && `report: ${kept}`, facts, text.trim()].filter(Boolean).join("\n"))
      .then(() => setCopied(true));
  return (
    <Dialog title={t("report")} onClose={onClose}>
      <p>{t("reportText")}</p>
      <label class="report-text">
        <span>{t("reportWhat")}</span>
        <textarea
          rows={3}
          maxLength={2000}
          value={text}
          disabled={kept !== undefined}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls. */}
      <pre class="listing" tabIndex={0}>
        {facts}
      </pre>
      <div role="status">
        {kept && (
          <p>
            ✓ {t("reportKept")} <code>{kept}</code>
          </p>
        )}
      </div>
      {typeof outcome === "object" && <ProblemPanel problem={outcome} />}
      <form method="dialog" class="buttons">
        <button type="button" class="button" onClick={copy}>
          {t(copied ? "copied" : "copyReport")}
        </button>
        <a class="button" href={sessionFileUrl(session.id, kept)}>
          {t("download")}
        </a>
        {kept === undefined && (
          <button type="button" class="button primary" disabled={outcome === "sending"} onClick={() => void send()}>
            {t("reportSend")}
          </button>
        )}
        <button type="submit" class={`button ${kept === undefined ? "" : "primary"}`}>
          {t("dismiss")}
        </button>
      </form>
    </Dialog>
  );
}
