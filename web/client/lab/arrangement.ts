export type Layout = "single" | "columns" | "rows";

const LAYOUT_KEY = "kubetude.layout";
const LAYOUTS: readonly string[] = ["single", "columns", "rows"] satisfies Layout[];

/** How the terminals are arranged; which of them are shown is worth remembering for their own session only. */
export interface Arrangement {
  layout: Layout;
  session: string;
  panes: (string | null)[];
  active: number;
}

export function keepArrangement(arrangement: Arrangement): void {
  localStorage.setItem(LAYOUT_KEY, JSON.stringify(arrangement));
}

/** The arrangement of the last time, if there is one. */
export function storedArrangement(): Arrangement | undefined {
  try {
    const stored = JSON.parse(localStorage.getItem(LAYOUT_KEY) ?? "null") as Arrangement | null;
    if (stored === null || !LAYOUTS.includes(stored.layout) || !Array.isArray(stored.panes)) return undefined;
    return { ...stored, active: stored.active === 1 ? 1 : 0 };
  } catch {
    return undefined;
  }
}
