import { useLayoutEffect, useState } from "preact/hooks";
import type { MapService } from "../../../../engine/index.ts";

interface Line {
  key: string;
  path: string;
  state: "ready" | "not-ready" | "terminating";
  selected: boolean;
}

/** With more lines than this only those of the selected Service are drawn. */
const MAX_LINES = 40;

/**
 * Lines from Services to the Pods behind them, over everything else in the canvas. Where things stand is measured once
 * a change or a new size, after the layout.
 */
export function MapLines({
  canvas,
  services,
  selected,
  drawn,
}: {
  canvas: { current: HTMLElement | null };
  services: readonly MapService[];
  selected: string | undefined;
  /** Changes when anything on the canvas does. */
  drawn: unknown;
}) {
  const [lines, setLines] = useState<Line[]>([]);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const root = canvas.current;
    if (root === null) return undefined;
    const measure = () => {
      setSize({ width: root.scrollWidth, height: root.scrollHeight });
      setLines(linesOf(root, services, selected));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(root);
    measure();
    return () => observer.disconnect();
  }, [services, selected, drawn]);
  return (
    <svg class="map-lines" width={size.width} height={size.height} aria-hidden="true" focusable="false">
      {lines.map(({ key, path, state, selected: chosen }) => (
        <path key={key} d={path} class={`line line-${state} ${chosen ? "line-selected" : ""}`} />
      ))}
    </svg>
  );
}

function linesOf(root: HTMLElement, services: readonly MapService[], selected: string | undefined): Line[] {
  const origin = root.getBoundingClientRect();
  const places = new Map<string, DOMRect>();
  for (const element of root.querySelectorAll<HTMLElement>("[data-key]"))
    places.set(element.dataset["key"]!, element.getBoundingClientRect());
  const total = services.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  const out: Line[] = [];
  for (const service of services) {
    const from = places.get(service.key);
    if (from === undefined) continue;
    for (const { pod, address, state } of service.endpoints) {
      const chosen = selected === service.key || (pod !== undefined && selected === pod);
      if (total > MAX_LINES && !chosen) continue;
      const to = pod === undefined ? undefined : places.get(pod);
      if (to) out.push({ key: `${service.key} ${address}`, path: curve(from, to, origin), state, selected: chosen });
    }
  }
  return out;
}

/** From the side of a Service's chip that faces the Pod, to the Pod's middle. */
function curve(from: DOMRect, to: DOMRect, origin: DOMRect): string {
  const x2 = to.left + to.width / 2 - origin.left;
  const y2 = to.top + to.height / 2 - origin.top;
  if (from.left > to.right) {
    const x1 = from.left - origin.left;
    const y1 = from.top + from.height / 2 - origin.top;
    const bend = Math.max(24, (x1 - x2) / 2);
    return `M${x1} ${y1}C${x1 - bend} ${y1} ${x2 + bend / 2} ${y2} ${x2 + to.width / 2} ${y2}`;
  }
  const x1 = from.left + from.width / 2 - origin.left;
  const y1 = from.top - origin.top;
  const bend = Math.max(16, (y1 - y2) / 2);
  return `M${x1} ${y1}C${x1} ${y1 - bend} ${x2} ${y2 + bend / 2} ${x2} ${y2 + to.height / 2}`;
}
