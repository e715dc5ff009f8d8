/** What systemctl's verbs have in common. */
import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Systemd, type Unit, unitName } from "../../machine/systemd/index.ts";
import { globRegex } from "../../text/glob.ts";
import type { ParsedOptions } from "../options.ts";
import type { Tool } from "../tool.ts";

type Run = (t: Tool, manager: Systemd, names: readonly string[], o: ParsedOptions) => Gen<number>;

export interface Verb {
  run: Run;
  /** How many words it takes. */
  least?: number;
  most?: number;
}

export function verb(run: Run, least?: number, most?: number): Verb {
  return { run, ...(least !== undefined && { least }), ...(most !== undefined && { most }) };
}

export const isPattern = (name: string): boolean => /[*?[]/.test(name);

/** Names, with patterns replaced by the loaded units that they match. */
export function expandNames(manager: Systemd, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    if (!isPattern(name)) return [name];
    const pattern = globRegex(/\.\w+$/.test(name) || name.endsWith("*") ? name : `${name}.service`);
    const found = manager.loaded().filter((unit) => unit.load !== "not-found" && pattern.test(unit.name));
    return found.map((unit) => unit.name).sort();
  });
}

export function reloadWarning(unit: Unit): string {
  return `Warning: The unit file, source configuration file or drop-ins of ${unit.name} changed on disk. Run 'systemctl daemon-reload' to reload units.\n`;
}

/** False, and told, when it is not root who asks. */
export function* requireRoot(p: Process, what: string): Gen<boolean> {
  if (p.cred.uid === 0) return true;
  yield* sys.printError(p, `${what}: Access denied\n`);
  return false;
}

export { unitName };
