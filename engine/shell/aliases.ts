import type { Rules } from "./quoting.ts";
import type { Shell } from "./shell.ts";

/** True when words that are read may be aliases. */
export function aliasesExpand(sh: Shell): boolean {
  return sh.aliases.size > 0 && sh.shopts.has("expand_aliases");
}

/** What the shell reads by: it changes with what was read before. */
export function rulesOf(sh: Shell): Rules {
  return {
    get aliases() {
      return aliasesExpand(sh) ? sh.aliases : undefined;
    },
    get extglob() {
      return sh.shopts.has("extglob");
    },
    get posix() {
      return sh.has("posix");
    },
    dialect: sh.setup.dialect,
  };
}
