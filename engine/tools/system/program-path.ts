import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";

/** Where a program lies that a command line names (execvp). */
export function programNamed(p: Process, name: string): string | undefined {
  if (name.includes("/")) return name;
  for (const dir of (p.env.get("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin").split(":")) {
    const node = sys.find(p, `${dir}/${name}`);
    if (node?.kind === "file" && (node.mode & 0o111) !== 0) return `${dir}/${name}`;
  }
  return undefined;
}
