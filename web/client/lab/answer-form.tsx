import { useState } from "preact/hooks";
import type { LessonTask } from "../../protocol.ts";
import { t } from "../i18n.ts";
import { Icon } from "../icons.tsx";
import type { LabSession } from "./session.ts";

/** The form for a task's answer: a line of text, an order, or a choice. */
export function AnswerForm({ session, task, passed }: { session: LabSession; task: LessonTask; passed: boolean }) {
  const { kind, options = [], placeholder } = task.question!;
  const given = session.answers.value[task.id];
  const [value, setValue] = useState(given ?? (kind === "order" ? options.join(" ") : ""));
  const [sending, setSending] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const text = value.trim();
    if (text === "") return;
    setSending(true);
    await session.answer(task.id, text);
    setSending(false);
  };
  // An answer of the solution's own steps is not known here.
  if (passed) return given === undefined ? null : <p class="answer-given">{t("submitted", { value: given })}</p>;
  return (
    <form class={`answer answer-${kind}`} onSubmit={(event) => void submit(event)}>
      {kind === "text" && (
        <input
          type="text"
          value={value}
          placeholder={placeholder}
          aria-label={t("answer")}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      )}
      {kind === "order" && <OrderInput items={value.split(" ")} onChange={(items) => setValue(items.join(" "))} />}
      {kind === "choice" && (
        <div class="choices" role="radiogroup" aria-label={t("answer")}>
          {options.map((option) => (
            <label key={option}>
              <input type="radio" name={task.id} checked={value === option} onChange={() => setValue(option)} />{" "}
              {option}
            </label>
          ))}
        </div>
      )}
      <button type="submit" class="button" disabled={sending}>
        {t("submit")}
      </button>
    </form>
  );
}

/** Words to put in order: by dragging, or with the buttons (arrow keys on them work too). */
function OrderInput({ items, onChange }: { items: string[]; onChange: (items: string[]) => void }) {
  const [dragged, setDragged] = useState<string | undefined>();
  const move = (item: string, to: number) => {
    if (to < 0 || to >= items.length) return;
    const rest = items.filter((each) => each !== item);
    onChange([...rest.slice(0, to), item, ...rest.slice(to)]);
  };
  return (
    <div class="order">
      <p class="order-help">{t("orderHelp")}</p>
      <ol>
        {items.map((item, i) => (
          <li
            key={item}
            draggable
            class={dragged === item ? "dragged" : ""}
            onDragStart={(event) => {
              setDragged(item);
              event.dataTransfer?.setData("text/plain", item);
            }}
            onDragEnd={() => setDragged(undefined)}
            onDragOver={(event) => {
              event.preventDefault();
              if (dragged !== undefined && dragged !== item) move(dragged, i);
            }}
            onDrop={(event) => event.preventDefault()}
            onKeyDown={(event) => {
              const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
              if (step === 0) return;
              event.preventDefault();
              move(item, i + step);
            }}
          >
            <span class="order-number">{i + 1}</span>
            <span class="order-item">{item}</span>
            <button
              type="button"
              disabled={i === 0}
              aria-label={t("moveUp", { item })}
              onClick={() => move(item, i - 1)}
            >
              <Icon name="up" />
            </button>
            <button
              type="button"
              disabled={i === items.length - 1}
              aria-label={t("moveDown", { item })}
              onClick={() => move(item, i + 1)}
            >
              <Icon name="down" />
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
