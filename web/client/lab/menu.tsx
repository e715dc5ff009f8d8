import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "../icons.tsx";

export interface MenuItem {
  text: string;
  act: () => void;
}

/** A button that opens a list of actions; arrow keys move in it, Escape leaves it. */
export function Menu(props: { label: string; button: IconName; class?: string; children: MenuItem[] }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const items = () => [...(root.current?.querySelectorAll<HTMLButtonElement>("[role=menuitem]") ?? [])];
  const opener = () => root.current?.querySelector("button");
  useEffect(() => {
    if (!open) return undefined;
    items()[0]?.focus();
    const outside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside, true);
    return () => document.removeEventListener("pointerdown", outside, true);
  }, [open]);
  const key = (event: KeyboardEvent) => {
    if (!open) return;
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === "ArrowDown") all[(at + 1) % all.length]?.focus();
    else if (event.key === "ArrowUp") all[(at - 1 + all.length) % all.length]?.focus();
    else if (event.key === "Escape") {
      setOpen(false);
      opener()?.focus();
    } else if (event.key === "Tab") {
      setOpen(false);
      return;
    } else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the list are heard where they bubble to.
    <div class={`menu ${props.class ?? ""}`} ref={root} onKeyDown={key}>
      <button
        type="button"
        class="menu-button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={props.label}
        title={props.label}
        onClick={() => setOpen(!open)}
      >
        <Icon name={props.button} />
      </button>
      {open && (
        <div class="menu-list" role="menu" aria-label={props.label}>
          {props.children.map(({ text, act }) => (
            <button
              type="button"
              role="menuitem"
              tabIndex={-1}
              key={text}
              onClick={() => {
                setOpen(false);
                opener()?.focus();
                act();
              }}
            >
              {text}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
