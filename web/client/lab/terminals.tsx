import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { NewSession } from "../../protocol.ts";
import { type TextKey, t } from "../i18n.ts";
import { Icon } from "../icons.tsx";
import { ProblemPanel } from "../parts.tsx";
import type { Layout } from "./arrangement.ts";
import { Menu } from "./menu.tsx";
import type { LabSession } from "./session.ts";
import { Splitter } from "./splitter.tsx";
import type { TerminalView } from "./terminal.ts";

/** After so long the boot is called slow, ms. */
const SLOW_AFTER = 6_000;

export function TerminalsPane({
  session,
  restart,
}: {
  session: LabSession;
  restart: (fresh: NewSession["fresh"]) => void;
}) {
  const problem = session.problem.value;
  if (problem) {
    return (
      <section class="terminals" aria-label={t("terminals")}>
        <ProblemPanel problem={problem}>
          <button type="button" class="button primary" onClick={() => restart(undefined)}>
            {t("retry")}
          </button>
          <button type="button" class="button" onClick={() => restart("new-seed")}>
            {t("resetDo")}
          </button>
          <a class="button" href="/">
            {t("home")}
          </a>
        </ProblemPanel>
      </section>
    );
  }
  if (session.snapshot.value === undefined) return <Booting />;
  const { layout } = session;
  return (
    <section class="terminals" aria-label={t("terminals")}>
      <div class="terminal-bar">
        <Tabs session={session} />
        <MachineMenu session={session} />
        <LayoutButtons session={session} />
      </div>
      <div class={`panes panes-${layout.value}`}>
        <Pane session={session} at={0} />
        {layout.value !== "single" && (
          <>
            <Splitter
              key={layout.value}
              name={layout.value === "columns" ? "columns" : "rows"}
              label={t("resizeTerminals")}
              axis={layout.value === "columns" ? "x" : "y"}
              initial={50}
              min={20}
              max={80}
            />
            <Pane session={session} at={1} />
          </>
        )}
      </div>
      <StatusLine session={session} />
    </section>
  );
}

function Booting() {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER);
    return () => clearTimeout(timer);
  }, []);
  return (
    <section class="terminals booting" aria-label={t("terminals")} aria-busy="true">
      <div class="booting-box" role="status">
        <div class="booting-bar" aria-hidden="true" />
        <p>
          <strong>{t("bootingTitle")}</strong>
        </p>
        <p>{t(slow ? "bootingSlow" : "bootingText")}</p>
      </div>
    </section>
  );
}

/** Tabs with the machine's name; a second one on the same machine gets a number. */
function Tabs({ session }: { session: LabSession }) {
  const seen = new Map<string, number>();
  return (
    <div class="tabs" role="tablist" aria-label={t("terminals")}>
      {session.terminals.value.map((terminal) => {
        const count = (seen.get(terminal.machine) ?? 0) + 1;
        seen.set(terminal.machine, count);
        const name = count > 1 ? `${terminal.machine} (${count})` : terminal.machine;
        const shown = session.panes.value.includes(terminal.id);
        const active = session.active.value === terminal;
        return (
          <div class={`tab ${active ? "active" : ""} ${shown ? "shown" : ""}`} key={terminal.id} role="presentation">
            <button
              type="button"
              role="tab"
              aria-selected={active}
              aria-keyshortcuts="Delete"
              tabIndex={active ? 0 : -1}
              onClick={() => session.reveal(terminal.id)}
              onKeyDown={(event) => tabKey(event, () => session.close(terminal.id))}
            >
              {terminal.ended.value !== undefined && <span aria-hidden="true">✕ </span>}
              {name}
              {terminal.news.value && !shown && <span class="tab-news" aria-hidden="true" />}
            </button>
            <button
              type="button"
              class="tab-close"
              tabIndex={-1}
              aria-hidden="true"
              title={t("closeTerminal", { machine: name })}
              onClick={() => session.close(terminal.id)}
            >
              <Icon name="close" />
            </button>
          </div>
        );
      })}
    </div>
  );
}

/** Arrow keys go from tab to tab; Delete closes, as the button beside it does. */
function tabKey(event: KeyboardEvent, close: () => void): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (event.key === "Delete") close();
  if (step === 0) return;
  event.preventDefault();
  const tabs = [...document.querySelectorAll<HTMLElement>('.tabs [role="tab"]')];
  tabs[(tabs.indexOf(event.currentTarget as HTMLElement) + step + tabs.length) % tabs.length]?.focus();
}

function MachineMenu({ session }: { session: LabSession }) {
  const machines = session.lesson.value?.machines ?? ["workstation"];
  return (
    <Menu label={t("newTerminal")} button="plus" class="machine-menu">
      {machines.map((machine) => ({ text: machine, act: () => void session.open(machine) }))}
    </Menu>
  );
}

const LAYOUTS: [Layout, TextKey][] = [
  ["single", "splitNone"],
  ["columns", "splitColumns"],
  ["rows", "splitRows"],
];

function LayoutButtons({ session }: { session: LabSession }) {
  return (
    <div class="layouts">
      {LAYOUTS.map(([layout, text]) => (
        <button
          type="button"
          key={layout}
          title={t(text)}
          aria-label={t(text)}
          aria-pressed={session.layout.value === layout}
          onClick={() => session.setLayout(layout)}
        >
          <Icon name={layout} />
        </button>
      ))}
    </div>
  );
}

function NoTerminal({ session, choose }: { session: LabSession; choose: (machine: string) => void }) {
  return (
    <div class="pane no-terminal">
      <p>{t(session.terminals.value.length === 0 ? "noTerminal" : "emptyPane")}</p>
      <p>{t("noTerminalNext")}</p>
      <div class="buttons">
        {(session.lesson.value?.machines ?? ["workstation"]).map((machine) => (
          <button type="button" class="button" key={machine} onClick={() => choose(machine)}>
            {machine}
          </button>
        ))}
      </div>
    </div>
  );
}

/** A place where one terminal shows. */
function Pane({ session, at }: { session: LabSession; at: number }) {
  const box = useRef<HTMLDivElement>(null);
  const terminal = session.terminal(session.panes.value[at]);
  const choose = (machine: string) => {
    session.activePane.value = at;
    void session.open(machine);
  };
  useLayoutEffect(() => {
    if (terminal === undefined || box.current === null) return undefined;
    terminal.mount(box.current);
    return () => terminal.unmount();
  }, [terminal]);
  if (terminal === undefined) return <NoTerminal session={session} choose={choose} />;
  const active = session.layout.value !== "single" && session.activePane.value === at;
  return (
    <div
      ref={box}
      class={`pane ${active ? "active" : ""}`}
      onFocusIn={() => {
        session.activePane.value = at;
      }}
    />
  );
}

/** The line below the terminals: where one is, and what the terminal asks. Nothing ever covers the terminal itself. */
function StatusLine({ session }: { session: LabSession }) {
  const terminal = session.active.value;
  const complaint = session.complaint.value;
  return (
    <div class="status-line" role="status">
      {!session.connected.value ? (
        <span class="attention">▲ {t("disconnected")}</span>
      ) : complaint ? (
        <span class="attention">▲ {t("terminalFailed", { ...complaint })}</span>
      ) : terminal ? (
        <TerminalStatus session={session} terminal={terminal} />
      ) : null}
    </div>
  );
}

function TerminalStatus({ session, terminal }: { session: LabSession; terminal: TerminalView }) {
  const ask = terminal.ask.value;
  const dismiss = () => {
    terminal.ask.value = undefined;
    terminal.focus();
  };
  const cancel = (
    <button type="button" onClick={dismiss}>
      {t("cancel")}
    </button>
  );
  switch (ask?.kind) {
    case "paste":
      return <PasteQuestion terminal={terminal} text={ask.text} lines={ask.lines} onCancel={dismiss} />;
    case "hangul":
      return (
        <>
          <span class="attention">▲ {t("hangul", { typed: ask.typed, command: ask.command })}</span>
          <button type="button" onClick={() => terminal.fixHangul(ask.command)}>
            {t("hangulFix", { command: ask.command })}
          </button>
          {cancel}
        </>
      );
    case "too-long":
      return <span class="attention">▲ {t("pasteTooLong")}</span>;
    case "blocked":
      return <span class="attention">▲ {t("pasteBlocked")}</span>;
    case "pasting":
      return <span>{t("pasting", { percent: ask.percent })}</span>;
  }
  if (terminal.ended.value !== undefined) return <span>{t("ended", { status: terminal.ended.value })}</span>;
  if (terminal.foreign.value) return <span>{t("foreignSize")}</span>;
  const clock = session.clock.value?.clock;
  if (clock?.skipping) return <span>{t("skippingNow")}</span>;
  if (clock?.waited?.end === "not") return <span class="attention">▲ {t("waitedFor")}</span>;
  if (clock?.paused) return <span class="attention">▲ {t("pausedHint")}</span>;
  return (
    <>
      <span class="where">
        {terminal.user}@{terminal.machine}
      </span>
      <span class="leave">{t("leaveTerminal")}</span>
    </>
  );
}

function PasteQuestion({
  terminal,
  text,
  lines,
  onCancel,
}: {
  terminal: TerminalView;
  text: string;
  lines: number;
  onCancel: () => void;
}) {
  const yes = useRef<HTMLButtonElement>(null);
  useEffect(() => yes.current?.focus(), []);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape leaves the question as it leaves a dialog.
    <span class="paste-question" onKeyDown={(event) => event.key === "Escape" && onCancel()}>
      <span class="attention">▲ {t("pasteLines", { lines })}</span>
      <button type="button" ref={yes} onClick={() => terminal.confirmPaste(text)}>
        {t("paste")}
      </button>
      <button type="button" onClick={onCancel}>
        {t("cancel")}
      </button>
    </span>
  );
}
