/** -i inplace: while a file is read, standard output is the file that takes its place. */
import type { OpenFile } from "../../../machine/open-file.ts";
import * as sys from "../../../machine/sys.ts";
import type { Runtime } from "./runtime.ts";
import { toText, UNINIT, type Value } from "./values.ts";

export class InPlace {
  private readonly rt: Runtime;
  private open: { path: string; temporary: string; saved: OpenFile | undefined } | undefined;

  constructor(rt: Runtime) {
    this.rt = rt;
  }

  /** Output goes to a file beside `path` from now on. */
  begin(path: string): void {
    if (path === "") return;
    const { p } = this.rt.t;
    const temporary = `${path}.gawk.tmp`;
    const saved = p.fds.get(1);
    // Kept open beyond its time as descriptor 1.
    if (saved) saved.refs++;
    const { mode } = sys.stat(p, path);
    p.setFd(1, sys.openFile(p, temporary, { write: true, create: true, truncate: true, mode: mode & 0o777 }));
    this.open = { path, temporary, saved };
  }

  /** The file is done: what was written takes its place; the old one is kept under INPLACE_SUFFIX, if there is one. */
  end(): void {
    if (this.open === undefined) return;
    const { p } = this.rt.t;
    const { path, temporary, saved } = this.open;
    this.open = undefined;
    if (saved) {
      p.setFd(1, saved);
      saved.refs--;
    } else p.closeFd(1);
    const given = this.rt.variable("inplace::suffix").v ?? this.rt.variable("INPLACE_SUFFIX").v;
    const suffix = toText((given as Value | undefined) ?? UNINIT);
    if (suffix !== "") sys.rename(p, path, suffix.includes("*") ? suffix.replaceAll("*", path) : path + suffix);
    sys.rename(p, temporary, path);
  }
}
