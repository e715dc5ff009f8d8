import { useLayoutEffect, useRef } from "preact/hooks";

export interface SplitterProps {
  /** Under this name the share is remembered, and set as CSS variable `--share-NAME` on the parent. */
  name: string;
  label: string;
  /** x: a bar between left and right. */
  axis: "x" | "y";
  /** Share of the first part in percent. */
  initial: number;
  min: number;
  max: number;
}

/** The bar between two parts of its parent: dragged, or moved with the arrow keys. */
export function Splitter({ name, label, axis, initial, min, max }: SplitterProps) {
  const bar = useRef<HTMLDivElement>(null);
  const key = `kubetude.share.${name}`;
  const clamp = (share: number) => Math.min(max, Math.max(min, share));
  const stored = () => clamp(Number(localStorage.getItem(key) ?? initial) || initial);
  const set = (share: number) => {
    const value = Math.round(clamp(share) * 10) / 10;
    bar.current?.parentElement?.style.setProperty(`--share-${name}`, `${value}%`);
    bar.current?.setAttribute("aria-valuenow", String(Math.round(value)));
    localStorage.setItem(key, String(value));
  };
  useLayoutEffect(() => set(stored()), []);
  const drag = (event: PointerEvent) => {
    if (!bar.current?.hasPointerCapture(event.pointerId)) return;
    const box = bar.current.parentElement!.getBoundingClientRect();
    set(axis === "x" ? ((event.clientX - box.left) / box.width) * 100 : ((event.clientY - box.top) / box.height) * 100);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a movable separator is no <hr>.
    <div
      ref={bar}
      class={`splitter splitter-${axis}`}
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={axis === "x" ? "vertical" : "horizontal"}
      aria-valuemin={min}
      aria-valuemax={max}
      aria-valuenow={initial}
      onPointerDown={(event) => {
        event.preventDefault();
        bar.current?.setPointerCapture(event.pointerId);
      }}
      onPointerMove={drag}
      onKeyDown={(event) => {
        const [less, more] = axis === "x" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
        if (event.key !== less && event.key !== more) return;
        event.preventDefault();
        set(stored() + (event.key === less ? -2 : 2));
      }}
      onDblClick={() => set(initial)}
    />
  );
}
