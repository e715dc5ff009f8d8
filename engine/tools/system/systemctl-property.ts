/** `systemctl set-property`: settings of a unit that may change while it runs (src/shared/bus-unit-util.c). */
import { type Gen, sleep } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { Systemd, Unit } from "../../machine/systemd/index.ts";
import { settingsOf } from "../../machine/systemd/settings.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";

const HEAD = `# This is a drop-in unit file extension, created via "systemctl set-property"
# or an equivalent operation. Do not edit.
`;

const SIZES = /^(Memory(Min|Low|High|Max|SwapMax|Limit)|DefaultMemory(Min|Low))$/;

/** Bytes of `64M`, `infinity`; undefined for what is none. */
export function sizeOf(text: string): number | undefined {
  if (text === "infinity" || text === "") return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)\s*([KMGTPE]?)(B?)$/.exec(text);
  return match === null ? undefined : Math.floor(Number(match[1]) * 1024 ** " KMGTPE".indexOf(match[2] || " "));
}

/** A value as it is written into the drop-in, or undefined where it is none. */
function written(name: string, value: string): [string, string] | undefined {
  if (SIZES.test(name)) {
    if (/^\d+(\.\d+)?%$/.test(value)) return [`${name}Scale`, value];
    const size = sizeOf(value);
    if (size === undefined) return undefined;
    return [name, Number.isFinite(size) ? String(size) : "infinity"];
  }
  if (name === "TasksMax") {
    if (/^\d+%$/.test(value)) return ["TasksMaxScale", value];
    return value === "" ? [name, "infinity"] : /^(\d+|infinity)$/.test(value) ? [name, value] : undefined;
  }
  if (name === "CPUQuota") return value === "" || /^\d+(\.\d+)?%$/.test(value) ? [name, value] : undefined;
  if (/^(Startup)?(CPU|IO)Weight$/.test(name))
    return value === "" || (/^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= 10_000) || value === "idle"
      ? [name, value]
      : undefined;
  return [name, value];
}

/** Words `NAME=value` as settings; complains of those that are none. */
export function assignments(words: readonly string[]): { key: string; name: string; value: string }[] {
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at < 0) throw new Fatal(`Not an assignment: ${word}`);
    const name = word.slice(0, at);
    const known = settingsOf("Service")!.has(name) || settingsOf("Unit")!.has(name);
    if (!known) throw new Fatal(`Unknown assignment: ${word}`);
    const made = written(name, word.slice(at + 1));
    if (made === undefined) throw new Fatal(`Failed to parse ${word}: Invalid argument`);
    return { key: made[0], name, value: made[1] };
  });
}

function section(unit: Unit, name: string): string {
  if (settingsOf("Unit")!.has(name)) return "Unit";
  return unit.type[0]!.toUpperCase() + unit.type.slice(1);
}

export function* setProperties(
  t: Tool,
  manager: Systemd,
  [given, ...words]: readonly string[],
  o: ParsedOptions,
): Gen<number> {
  const { p } = t;
  const unit = manager.unit(given!);
  const settings = assignments(words);
  const failed = `Failed to set unit properties on ${unit.name}`;
  if (p.cred.uid !== 0) throw new Fatal(`${failed}: Access denied`);
  if (unit.load === "not-found") throw new Fatal(`${failed}: Unit ${unit.name} not found.`);
  const top = o.has("runtime") ? "/run/systemd/system.control" : "/etc/systemd/system.control";
  for (const { key, name, value } of settings) {
    const path = `${top}/${unit.name}.d`;
    for (const dir of ["/run/systemd", top, path]) if (sys.find(p, dir) === undefined) sys.mkdir(p, dir, 0o755);
    sys.writeText(p, `${path}/50-${key}.conf`, `${HEAD}[${section(unit, name)}]\n${name}=${value}\n`, 0o644);
  }
  yield* sleep(500);
  manager.refresh(unit);
  return 0;
}
