import { RELEASE } from "../api/build-info.ts";
import { isErrno } from "./errno.ts";
import type { Process } from "./process.ts";
import { stampIn } from "./stamp.ts";
import * as sys from "./sys.ts";

/** The release of the executable at a path; undefined where it has no stamp, or is not there. */
export function releaseIn(p: Process, path: string): string | undefined {
  try {
    const node = sys.find(p, path);
    return node?.kind === "file" ? stampIn(node)?.release : undefined;
  } catch (error) {
    if (!isErrno(error)) throw error;
    return undefined;
  }
}

/** The release of the program that a process runs: that of the cluster's set-up where its executable says nothing. */
export function releaseOf(p: Process): string {
  return releaseIn(p, p.exe) ?? RELEASE;
}
