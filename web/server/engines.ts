import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../grader/lab.ts";

/** The builds of the engine that stored sessions need, beside the one that new sessions get. */
export class Engines {
  /** Hash of the engine that new sessions begin with. */
  readonly current: string;
  private readonly built: string;
  private readonly kept: string;

  /** Keeps the current engine in `dataDir`, so that a later build cannot take it away. Throws when nothing is built. */
  constructor(dataDir: string) {
    const dist = join(projectRoot(), "dist");
    const entry = join(dist, "engine.mjs");
    const hash = existsSync(entry) ? /engineHash = "([0-9a-f]+)"/.exec(readFileSync(entry, "utf8"))?.[1] : undefined;
    if (hash === undefined) throw new Error("no engine is built: run `npm run build` first");
    this.current = hash;
    this.built = join(dist, "engines");
    this.kept = join(dataDir, "engines");
    mkdirSync(this.kept, { recursive: true });
    const copy = this.path(this.kept, hash);
    if (!existsSync(copy)) {
      copyFileSync(this.path(this.built, hash), `${copy}.part`);
      renameSync(`${copy}.part`, copy);
    }
  }

  /** URL of an engine's file; undefined when it is gone. */
  url(hash: string): string | undefined {
    if (!/^[0-9a-f]+$/.test(hash)) return undefined;
    for (const dir of [this.kept, this.built]) {
      const path = this.path(dir, hash);
      if (existsSync(path)) return pathToFileURL(path).href;
    }
    return undefined;
  }

  private path(dir: string, hash: string): string {
    return join(dir, `engine-${hash}.mjs`);
  }
}
