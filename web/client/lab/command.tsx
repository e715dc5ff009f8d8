import { useState } from "preact/hooks";
import { t } from "../i18n.ts";
import { Icon } from "../icons.tsx";
import type { LabSession } from "./session.ts";

/** ▶ run and ⧉ copy of a command in the lesson. */
export function CommandButtons({
  session,
  command,
  machine,
}: {
  session: LabSession;
  command: string;
  machine: string | undefined;
}) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div class="command-buttons">
      {machine && <span class="command-machine">{machine}</span>}
      {machine && (
        <button
          type="button"
          class="run"
          disabled={!session.connected.value}
          aria-label={`${t("runOn", { machine })}: ${command}`}
          title={t("runOn", { machine })}
          onClick={() => void session.run(machine, command)}
        >
          <Icon name="play" /> {t("run")}
        </button>
      )}
      <button type="button" aria-label={`${t("copy")}: ${command}`} onClick={() => void copy()}>
        <Icon name="copy" /> {copied ? t("copied") : t("copy")}
      </button>
    </div>
  );
}
