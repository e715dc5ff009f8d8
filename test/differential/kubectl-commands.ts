import { readFileSync } from "node:fs";
import { rulesOf, textsOf } from "./grammar.ts";

const grammar = rulesOf(readFileSync(new URL("./kubectl.grammar", import.meta.url), "utf8"));

/** One command line. */
export const kubectlCommand = textsOf(grammar, "command").map((line) => {
  if (line.startsWith("kubectl diff")) return `KUBECTL_EXTERNAL_DIFF='diff -N -u --label A --label B' ${line}`;
  // Versions of objects depend on how many were written before.
  return line.includes("--raw '") ? `${line} | sed -E 's/"(resourceVersion|uid|continue)": ?"[^"]*"//g'` : line;
});
