import { useEffect, useState } from "preact/hooks";
import type { NewSession } from "../../protocol.ts";
import { sessionFileUrl } from "../api.ts";
import { say, t } from "../i18n.ts";
import { Icon } from "../icons.tsx";
import { Dialog, LanguageSwitch } from "../parts.tsx";
import { clockText } from "./clock.ts";
import { Menu } from "./menu.tsx";
import { Report } from "./report.tsx";
import type { LabSession } from "./session.ts";

const SPEEDS = [1, 5, 20];
const MINUTE_US = 60_000_000;

export function LabHeader({
  session,
  lab,
  restart,
}: {
  session: LabSession;
  lab: string;
  restart: (fresh: NewSession["fresh"]) => void;
}) {
  const number = Number.parseInt(lab, 10);
  const title = session.lesson.value ? say(session.lesson.value.title) : "";
  return (
    <header class="lab-header">
      <a class="brand" href="/" title={t("home")}>
        Kubetude
      </a>
      <h1>{Number.isNaN(number) ? title : t("resumeLab", { number, title })}</h1>
      <Progress session={session} />
      <ClusterHealth session={session} />
      <ClockControls session={session} />
      <LanguageSwitch />
      <LabMenu session={session} restart={restart} />
    </header>
  );
}

function Progress({ session }: { session: LabSession }) {
  const tasks = session.lesson.value?.tasks.length ?? 0;
  const passed = session.tasks.value.filter((task) => task.passed).length;
  if (tasks === 0) return <div class="progress" />;
  return (
    <div class="progress">
      <span>{t("taskProgress", { passed, tasks })}</span>
      <progress value={passed} max={tasks} aria-label={t("taskProgress", { passed, tasks })} />
    </div>
  );
}

function ClusterHealth({ session }: { session: LabSession }) {
  const health = session.health.value;
  if (!session.connected.value && session.snapshot.value) {
    return <div class="health bad">▲ {t("disconnected")}</div>;
  }
  if (session.problem.value) {
    return (
      <div class="health bad">
        {t("cluster")} <span aria-hidden="true">✕</span> {t("stopped")}
      </div>
    );
  }
  if (health === undefined) {
    return (
      <div class="health">
        {t("cluster")} <span aria-hidden="true">○</span> {t("booting")}
      </div>
    );
  }
  const good = health.down.length === 0;
  const down = health.down.slice(0, 2).join(", ") + (health.down.length > 2 ? " …" : "");
  return (
    <div class={`health ${good ? "good" : "bad"}`} title={good ? undefined : health.down.join("\n")}>
      {t("cluster")} <span aria-hidden="true">{good ? "●" : "▲"}</span> {good ? t("healthy") : t("unhealthy", { down })}
    </div>
  );
}

function ClockControls({ session }: { session: LabSession }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 250);
    return () => clearInterval(timer);
  }, []);
  const clock = session.clock.value?.clock;
  const ready = clock !== undefined && session.connected.value;
  const paused = clock?.paused ?? false;
  return (
    <fieldset class="clock" aria-label={t("clock")} disabled={!ready}>
      <span class="clock-time" role="timer" aria-label={t("clock")} title={t("clock")}>
        {clockText(session.virtualNow() - (clock?.startedAt ?? 0))}
      </span>
      <button
        type="button"
        aria-label={t(paused ? "play" : "pause")}
        title={t(paused ? "play" : "pause")}
        onClick={() => session.control({ paused: !paused })}
      >
        <Icon name={paused ? "play" : "pause"} />
      </button>
      <select
        aria-label={t("speed")}
        title={t("speed")}
        value={String(clock?.speed ?? 1)}
        onChange={(event) => session.control({ speed: Number(event.currentTarget.value) })}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={String(speed)}>
            {speed}x
          </option>
        ))}
      </select>
      {clock?.skipping ? (
        <button
          type="button"
          class="skipping"
          aria-label={t("stopSkipping")}
          title={t("stopSkipping")}
          onClick={() => session.control({ stopSkipping: true })}
        >
          <Icon name="stop" />
        </button>
      ) : (
        <button
          type="button"
          aria-label={t("skip")}
          title={t("skip")}
          onClick={() => session.control({ skipToEvent: true })}
        >
          <Icon name="skip" />
        </button>
      )}
      <Menu label={t("wait")} button="wait">
        {[
          { text: t("waitChange"), act: () => session.control({ waitFor: "change" }) },
          { text: t("waitSettled"), act: () => session.control({ waitFor: "settled" }) },
          { text: t("wait1m"), act: () => session.control({ skip: MINUTE_US }) },
          { text: t("wait5m"), act: () => session.control({ skip: 5 * MINUTE_US }) },
          { text: t("wait1h"), act: () => session.control({ skip: 60 * MINUTE_US }) },
        ]}
      </Menu>
    </fieldset>
  );
}

function LabMenu({ session, restart }: { session: LabSession; restart: (fresh: NewSession["fresh"]) => void }) {
  const [dialog, setDialog] = useState<"same-seed" | "new-seed" | "report" | undefined>();
  const close = () => setDialog(undefined);
  return (
    <>
      <Menu label={t("menu")} button="more" class="lab-menu">
        {[
          { text: t("resetSame"), act: () => setDialog("same-seed") },
          { text: t("resetNew"), act: () => setDialog("new-seed") },
          { text: t("download"), act: () => location.assign(sessionFileUrl(session.id)) },
          { text: t("report"), act: () => setDialog("report") },
        ]}
      </Menu>
      {dialog === "report" && <Report session={session} onClose={close} />}
      {(dialog === "same-seed" || dialog === "new-seed") && (
        <Dialog title={t(dialog === "same-seed" ? "resetSame" : "resetNew")} onClose={close}>
          <p>{t("resetAsk")}</p>
          <form method="dialog" class="buttons">
            <button type="submit" class="button">
              {t("cancel")}
            </button>
            <button type="submit" class="button primary" onClick={() => restart(dialog)}>
              {t("resetDo")}
            </button>
          </form>
        </Dialog>
      )}
    </>
  );
}
