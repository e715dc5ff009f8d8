import { useState } from "preact/hooks";
import type { About } from "../../../grader/checks/index.ts";
import { t } from "../i18n.ts";
import { clockText } from "./clock.ts";
import { CommandButtons } from "./command.tsx";
import type { LabSession } from "./session.ts";

const KINDS: Record<string, string> = { pods: "pod", services: "service", nodes: "machine" };

/** Name of what evidence points to, for its link. */
export function aboutTitle(about: About): string {
  switch (about.kind) {
    case "object":
      return `${about.resource}/${about.name}`;
    case "events":
      return `events: ${about.resource}/${about.name}`;
    case "request":
      return `${about.verb} ${about.uri.split("?")[0]}`;
    case "rules":
      return `${about.machine}: iptables`;
  }
}

/** The command that shows the same in the terminal. */
export function aboutCommand(about: About): string | undefined {
  const within = (namespace: string) => (namespace ? ` -n ${namespace}` : "");
  switch (about.kind) {
    case "object":
      return `kubectl get ${about.resource} ${about.name}${within(about.namespace)} -o yaml`;
    case "events":
      return `kubectl get events${within(about.namespace)} --field-selector involvedObject.name=${about.name} --sort-by=.metadata.resourceVersion`;
    case "rules":
      return `ssh ${about.machine} sudo iptables-save`;
    case "request":
      return undefined;
  }
}

/** Links to what a verdict stands on: each opens the facts, and the command that shows them. */
export function Evidence({ session, abouts }: { session: LabSession; abouts: readonly About[] }) {
  const [open, setOpen] = useState<number | undefined>(undefined);
  if (abouts.length === 0) return null;
  const shown = open === undefined ? undefined : abouts[open];
  return (
    <div class="evidence">
      <span class="quiet">{t("evidence")}</span>
      {abouts.map((about, i) => (
        <button
          type="button"
          class="link"
          key={JSON.stringify(about)}
          aria-expanded={open === i}
          onClick={() => setOpen(open === i ? undefined : i)}
        >
          {aboutTitle(about)}
        </button>
      ))}
      {shown && <Facts session={session} about={shown} />}
    </div>
  );
}

function Facts({ session, about }: { session: LabSession; about: About }) {
  const command = aboutCommand(about);
  const since = session.clock.value?.clock.startedAt ?? 0;
  const kind = about.kind === "object" ? KINDS[about.resource] : undefined;
  const key =
    about.kind === "object" && kind ? [kind, about.namespace, about.name].filter(Boolean).join("/") : undefined;
  return (
    <div class="evidence-facts">
      {about.kind === "object" && (
        <p>{t("evidenceObject", { revision: about.revision, time: clockText(about.at - since) })}</p>
      )}
      {about.kind === "events" && <p>{t("evidenceEvents")}</p>}
      {about.kind === "request" && (
        <p>
          {t("evidenceRequest", {
            user: about.user,
            code: about.code,
            time: clockText(about.at - since),
          })}
        </p>
      )}
      {about.kind === "rules" && about.line && <pre class="listing">{about.line}</pre>}
      {key && (
        <button type="button" class="link" onClick={() => session.showOnMap(key)}>
          {t("evidenceMap")}
        </button>
      )}
      {command && (
        <div class="command one-line">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls. */}
          <pre tabIndex={0}>
            <code>{command}</code>
          </pre>
          <CommandButtons session={session} command={command} machine="workstation" />
        </div>
      )}
    </div>
  );
}
