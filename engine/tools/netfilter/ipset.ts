import { cpu, decode } from "../../kernel/index.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { ipset, Ruleset } from "../../netfilter/index.ts";
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
  const reads = words.includes("restore") || words.includes("-R");
  const outcome = ipset(p.ns.net.netfilter, words, {
    now: kernel.now,
    seed: () => kernel.random(`ipset ${p.machine.hostname}`).uint32(),
    ...(reads ? { input: decode(yield* readWhole(p, 0)) } : {}),
  });
  if (outcome.out !== "") yield* sys.print(p, outcome.out);
  if (outcome.error !== "") yield* sys.printError(p, outcome.error);
  return outcome.status;
};
