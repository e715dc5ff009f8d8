import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

/** kubectl plugin list. */
export function* pluginList(k: Invocation): Gen<number> {
  const found: string[] = [];
  for (const dir of new Set((k.p.env.get("PATH") ?? "").split(":").filter((path) => path !== ""))) {
    if (sys.find(k.p, dir)?.kind !== "dir") continue;
    for (const name of [...sys.readDir(k.p, dir).keys()].sort()) {
      if (name.startsWith("kubectl-"))
        found.push(k.flags.bool("name-only") ? name : `${dir.replace(/\/$/, "")}/${name}`);
    }
  }
  if (found.length === 0) throw new KubectlError("unable to find any kubectl plugins in your PATH");
  k.out(`The following compatible plugins are available:\n\n${found.map((path) => `${path}\n`).join("")}`);
  return 0;
}
