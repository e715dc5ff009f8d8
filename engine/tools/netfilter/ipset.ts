import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { ipset, ipsetReads, Ruleset } from "../../netfilter/index.ts";
import { readWhole } from "../io.ts";

/** ipset(8): sets of addresses and ports of this network namespace. */
export const ipsetProgram: Program = function* (p) {
  yield* cpu(1_000);
  const words = p.argv.slice(1);
  const asks = words.some((word) => ["help", "version", "-h", "-v"].includes(word)) || words.length === 0;
  if (p.cred.uid !== 0 && !asks) {
    yield* sys.printError(p, "ipset v7.22: Kernel error received: Operation not permitted\n");
    return 1;
  }
  p.ns.net.netfilter ??= new Ruleset();
  const { kernel } = p.machine;
  const { restores, file } = ipsetReads(words);
  const input = restores ? yield* read(p, file) : "";
  if (input === undefined) return 255;
  const outcome = ipset(p.ns.net.netfilter, words, {
    now: kernel.now,
    seed: () => kernel.random(`ipset ${p.machine.hostname}`).uint32(),
    input,
  });
  if (outcome.out !== "" && file !== undefined && !restores) return yield* write(p, file, outcome.out);
  if (outcome.out !== "") yield* sys.print(p, outcome.out);
  if (outcome.error !== "") yield* sys.printError(p, outcome.error);
  return outcome.status;
};

/** What `restore` reads; nothing is said of a file that cannot be. */
function* read(p: Process, file: string | undefined): Gen<string | undefined> {
  if (file === undefined) return decode(yield* readWhole(p, 0));
  try {
    return decode(sys.readBytes(p, file));
  } catch (error) {
    if (!isErrno(error)) throw error;
    return undefined;
  }
}

function* write(p: Process, file: string, text: string): Gen<number> {
  try {
    sys.writeText(p, file, text);
    return 0;
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `ipset v7.22: Cannot open ${file} for writing: ${error.message}\n`);
    return 1;
  }
}
