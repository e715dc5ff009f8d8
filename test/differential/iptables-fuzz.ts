import { readFileSync } from "node:fs";
import fc from "fast-check";
import { rulesOf, textsOf } from "./grammar.ts";

const grammar = rulesOf(readFileSync(new URL("./iptables.grammar", import.meta.url), "utf8"));
const LONGEST = 8;

/** A chain to lead to, some random commands, and what is left of it all. */
export const iptablesSequence: fc.Arbitrary<string> = fc
  .array(textsOf(grammar, "command"), { minLength: 2, maxLength: LONGEST })
  // Newer kernels let base chains be renamed, after which iptables finds its way no more.
  .map((commands) => commands.filter((command) => !/-E (INPUT|\S+ INPUT)/.test(command)))
  .map((commands) => ["iptables -N web", ...commands, "iptables-save"].join("; "));
