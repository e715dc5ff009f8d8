import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { corpus } from "./corpus.ts";
import { folders, kubectl, normalize, type Outcome, openWorlds, type Worlds } from "./kubectl-worlds.ts";

/** Commands that leave both worlds as they were. */
const READS =
  /^kubectl (.* --dry-run=client|(-\S+ )*(__complete|get|describe|explain|top|version|config (view|get-|current-)|api-))/;

/** New worlds that one folder may need: what differs in more than these is a fault of ours, not chance. */
const AFRESH = 3;

/**
 * Every line of the corpus runs twice: by the real kubectl over HTTPS against one session, and by the terminal's kubectl
 * inside another session of the same seed and inputs. Both are paused, so both act on one frozen state; what changes it
 * changes both. stdout, stderr and exit status must be the same bytes, ages aside. Each folder is a cluster of its own.
 */
describe.skipIf(kubectl === undefined).each(folders)("%s: the terminal's and the real one", (_world, folder) => {
  let worlds: Worlds;
  const ran: string[] = [];
  let afresh = 0;

  const ask = async (command: string): Promise<[own: Outcome, real: Outcome]> => {
    const real = normalize(await worlds.runReal(command), worlds.port, command);
    return [normalize(worlds.runOurs(command), worlds.port, command), real];
  };

  beforeAll(async () => {
    worlds = await openWorlds(folder);
    expect(worlds.ours.kernel.faults).toEqual([]);
    expect(worlds.real.digest()).toBe(worlds.ours.digest());
  }, 300_000);

  afterAll(() => worlds?.close());

  for (const [file, cases] of corpus(folder)) {
    describe(file, () => {
      it.each(cases.map(({ name, command }) => [name, command] as const))(
        "%s %s",
        { timeout: 600_000 },
        async (name, command) => {
          let [own, real] = await ask(command);
          // The real one goes through maps in an order of its own, and its clock does not stand still. Where that may be
          // what differs, it is asked again: on the spot what only reads, in new worlds what may have changed something.
          for (let more = 0; more < 4 && READS.test(command) && !isDeepStrictEqual(own, real); more++) {
            console.warn(`${name}: asked again`);
            [own, real] = await ask(command);
          }
          if (!isDeepStrictEqual(own, real) && afresh < AFRESH) {
            console.warn(`${name}: asked again in new worlds`);
            afresh++;
            worlds.close();
            worlds = await openWorlds(folder);
            for (const earlier of ran) await ask(earlier);
            [own, real] = await ask(command);
          }
          ran.push(command);
          expect(own).toEqual(real);
        },
      );
    });
  }
});
