import * as engine from "../engine/index.ts";

/** Hash of the engine file that runs, `source` where the sources run unbuilt (tests). */
export function engineHash(): string {
  return (engine as { engineHash?: string }).engineHash ?? "source";
}
