import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { type Case, corpus } from "./corpus.ts";
import { folders, kubectl, normalize, openWorlds, type Worlds } from "./kubectl-worlds.ts";

/**
 * Every line of the corpus runs twice: by the real kubectl over HTTPS against one session, and by the terminal's kubectl
 * inside another session of the same seed and inputs. Both are paused, so both act on one frozen state; what changes it
 * changes both. stdout, stderr and exit status must be the same bytes, ages aside. Each folder is a cluster of its own.
 */
describe.skipIf(kubectl === undefined).each(folders)(
  "%s: the terminal's and the real one",
  onTheHost,
  (_world, folder) => {
    let worlds: Worlds;

    beforeAll(async () => {
      worlds = await openWorlds(folder);
      expect(worlds.ours.kernel.faults).toEqual([]);
      expect(worlds.real.digest()).toBe(worlds.ours.digest());
    }, 300_000);

    afterAll(() => worlds?.close());

    for (const [file, cases] of corpus(folder)) {
      describe(file, () => {
        it.each(cases.map((each) => [each.name, each.command, each] as [string, string, Case]))(
          "%s %s",
          async (_name, command) => {
            const real = normalize(await worlds.runReal(command), worlds.port, command);
            const own = normalize(worlds.runOurs(command), worlds.port, command);
            expect(own).toEqual(real);
          },
        );
      });
    }
  },
);
