import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Problem, problemText, readCommand, translated } from "../../netfilter/index.ts";

/** iptables-translate(8): what a command would be for nft. */
export const iptablesTranslate: Program = function* (p) {
  const name = "iptables-translate";
  const words = p.argv.slice(1);
  try {
    const command = readCommand(words);
    if (command.operation === "none") throw new Problem("no command specified");
    const lines = translated(command);
    if (lines === undefined) {
      yield* sys.print(p, "nft ");
      yield* sys.printError(p, "Translation not implemented\n");
      return 1;
    }
    for (const line of lines) yield* sys.print(p, line === "" ? `nft # ${words.join(" ")} \n` : `nft ${line}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    yield* sys.printError(p, problemText(name, error));
    return error.status;
  }
};
