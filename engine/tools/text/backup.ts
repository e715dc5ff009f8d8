/** Backups of what cp, mv, ln and install replace: --backup, -b and -S as coreutils read them. */
import * as sys from "../../machine/sys.ts";
import type { ParsedOptions } from "../options.ts";
import { argMatch, type Tool } from "../tool.ts";

type Kind = "none" | "numbered" | "existing" | "simple";

const WORDS = [
  ["none", "off"],
  ["simple", "never"],
  ["existing", "nil"],
  ["numbered", "t"],
];

/** Renames a file that is about to be replaced and gives its new name; undefined where no backups are made. */
export function backups(t: Tool, o: ParsedOptions): ((path: string) => string) | undefined {
  if (!o.has("b", "backup", "S")) return undefined;
  const word = o.list.findLast(({ key, value }) => (key === "backup" || key === "b") && value !== undefined)?.value;
  const kind = argMatch(word ?? t.p.env.get("VERSION_CONTROL") ?? "existing", "backup type", WORDS) as Kind;
  if (kind === "none") return undefined;
  const suffix = o.value("S") ?? t.p.env.get("SIMPLE_BACKUP_SUFFIX") ?? "~";
  return (path) => {
    const last = kind === "simple" ? 0 : highest(t, path);
    const numbered = kind === "numbered" || (kind === "existing" && last > 0);
    const to = numbered ? `${path}.~${last + 1}~` : path + suffix;
    sys.rename(t.p, path, to);
    return to;
  };
}

/** The number of the newest numbered backup, 0 without one. */
export function highest(t: Tool, path: string): number {
  const slash = path.lastIndexOf("/");
  const start = `${path.slice(slash + 1)}.~`;
  let most = 0;
  for (const name of sys.readDir(t.p, slash < 0 ? "." : path.slice(0, slash + 1)).keys()) {
    if (name.startsWith(start) && /^\d+~$/.test(name.slice(start.length)))
      most = Math.max(most, Number(name.slice(start.length, -1)));
  }
  return most;
}

/** Where a path leads from a directory, both canonical. */
export function relative(path: string, directory: string): string {
  const from = directory.split("/").filter(Boolean);
  const parts = path.split("/").filter(Boolean);
  let same = 0;
  while (same < from.length && same < parts.length && from[same] === parts[same]) same++;
  return [...from.slice(same).map(() => ".."), ...parts.slice(same)].join("/") || ".";
}
