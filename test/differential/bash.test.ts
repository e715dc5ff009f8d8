import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { corpusOf, ours, real, WAYS, withoutPids } from "./bash-runner.ts";

/**
 * The shell against the real ones: each script of a corpus (parted by lines of three dashes) gives the same bytes on
 * standard output and standard error, and the same status. Process ids and the directory's name are set aside.
 */
for (const way of WAYS) {
  describe.skipIf(!existsSync(way.program))(way.name, onTheHost, () => {
    for (const { file, scripts } of corpusOf(way)) {
      it.each(scripts)(`${file}: %s`, (script) => {
        expect(withoutPids(ours(way, script))).toEqual(withoutPids(real(way, script)));
      });
    }
  });
}
