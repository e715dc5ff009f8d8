/** systemctl's verbs that change unit files: enable, disable, mask, link, preset, set-default … (systemctl-enable.c). */
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { Systemd } from "../../machine/systemd/index.ts";
import { findUnit } from "../../machine/systemd/unit.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";
import { editUnits, revertUnits } from "./systemctl-edit.ts";
import { JOB_VERBS } from "./systemctl-jobs.ts";
import { requireRoot, unitName, type Verb, verb } from "./systemctl-words.ts";
import { disable, enable, fileState, hasInstall, linksTo, makeLink, mask, setDefault, unmask } from "./unit-install.ts";

const NO_INSTALL = `The unit files have no installation config (WantedBy=, RequiredBy=, Also=,
Alias= settings in the [Install] section, and DefaultInstance= for template
units). This means they are not meant to be enabled using systemctl.
 
Possible reasons for having this kind of units are:
• A unit may be statically enabled by being symlinked from another unit's
  .wants/ or .requires/ directory.
• A unit's purpose may be to act as a helper for some other unit which has
  a requirement dependency on it.
• A unit may be started when needed via activation (socket, path, timer,
  D-Bus, udev, scripted systemctl call, ...).
• In case of template units, the unit is meant to be enabled with some
  instance name specified.
`;

type Kind = "enable" | "disable" | "reenable" | "preset" | "link" | "mask" | "unmask";

/** Changes files first, then has the manager read them, then with --now starts or stops. */
function files(kind: Kind): Verb {
  return verb(function* (t, manager, names, o) {
    const word = kind === "link" ? "link" : kind;
    if (!(yield* requireRoot(t.p, `Failed to ${word} unit`))) return 1;
    const status = yield* change(t, manager, names, o, kind);
    if (!o.has("no-reload")) manager.reload();
    if (status !== 0 || !o.has("now")) return status;
    const act = kind === "disable" || kind === "mask" ? "stop" : "start";
    const bare = names.map((name) => name.slice(name.lastIndexOf("/") + 1));
    return yield* JOB_VERBS[act]!.run(t, manager, bare, o);
  }, 1);
}

function* change(t: Tool, manager: Systemd, names: readonly string[], o: ParsedOptions, kind: Kind): Gen<number> {
  const { p } = t;
  const runtime = o.has("runtime");
  let installed = false;
  for (const given of names) {
    const fail = function* (why: string): Gen<number> {
      yield* sys.printError(p, `Failed to ${kind} unit: ${why}\n`);
      return 1;
    };
    const escaped = given.replace(/[*?[\]]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
    if (escaped !== given)
      yield* sys.printError(
        p,
        `Glob pattern passed to ${kind}, but globs are not supported for this.\nInvalid unit name "${given}" escaped as "${escaped}".\n`,
      );
    let name = unitName(escaped);
    if (kind === "mask" || kind === "unmask") {
      const status = yield* kind === "mask" ? mask(p, name, runtime) : unmask(p, name, runtime);
      if (status !== 0) return status;
      continue;
    }
    if (given.startsWith("/")) {
      name = given.slice(given.lastIndexOf("/") + 1);
      if (sys.find(p, given)?.kind !== "file") return yield* fail(`Unit file ${given} does not exist.`);
      if (!given.startsWith("/etc/systemd/system/") && !given.includes("/lib/systemd/system/"))
        yield* makeLink(p, `/etc/systemd/system/${name}`, given);
      if (kind === "link") continue;
    } else if (kind === "link") return yield* fail(`File ${given}: Invalid argument`);
    const source = findUnit(manager.machine, name);
    if (source === undefined) return yield* fail(`Unit file ${name} does not exist.`);
    if (source.masked) {
      if (kind !== "disable") return yield* fail(`Unit file ${source.path} is masked.`);
      yield* sys.printError(p, `Unit ${source.path} is masked, ignoring.\n`);
      continue;
    }
    if (source.name !== name && kind !== "disable")
      return yield* fail(`Refusing to operate on alias name or linked unit file: ${name}`);
    const unit = manager.unit(name);
    if (unit.load === "error") return yield* fail(`File ${name}: Bad message`);
    installed ||= hasInstall(unit);
    const others = unit.file.all("Install", "Also").flatMap((value) => value.split(/\s+/));
    if (kind === "disable" || kind === "reenable") {
      for (const also of others) yield* disable(p, manager.unit(also).name, runtime);
      yield* disable(p, unit.name, runtime);
    }
    if (kind === "disable") continue;
    // A linked file goes with disabling: reenable brings it back.
    if (kind === "preset" && !hasInstall(unit)) continue;
    yield* enable(p, unit, runtime);
    for (const also of others) {
      const other = manager.unit(also);
      if (other.path !== undefined && other !== unit) yield* enable(p, other, runtime);
    }
  }
  if ((kind === "enable" || kind === "reenable") && !installed && !o.has("q", "no-warn"))
    yield* sys.printError(p, NO_INSTALL);
  return 0;
}

function add(kind: "wants" | "requires"): Verb {
  return verb(function* (t, manager, [given, ...names]) {
    if (!(yield* requireRoot(t.p, `Failed to add ${kind}`))) return 1;
    for (const name of names) {
      const unit = manager.unit(name);
      if (unit.path === undefined) throw new Fatal(`Failed to add dependency: Unit file ${unit.name} does not exist.`);
      yield* makeLink(t.p, `/etc/systemd/system/${unitName(given!)}.${kind}/${unit.name}`, unit.path);
    }
    manager.reload();
    return 0;
  }, 2);
}

export const FILE_VERBS: Readonly<Record<string, Verb>> = {
  enable: files("enable"),
  disable: files("disable"),
  reenable: files("reenable"),
  preset: files("preset"),
  mask: files("mask"),
  unmask: files("unmask"),
  link: files("link"),
  "add-wants": add("wants"),
  "add-requires": add("requires"),
  "is-enabled": verb(function* (t, manager, names, o) {
    let status = 1;
    for (const given of names) {
      const name = unitName(given);
      const source = findUnit(manager.machine, name);
      const state = source === undefined ? "not-found" : fileState(manager.machine, manager.unit(name));
      const alias = source !== undefined && source.name !== name && !source.masked;
      if (state === "not-found" || state === "bad") {
        const why = state === "bad" ? "Bad message" : "No such file or directory";
        yield* sys.printError(t.p, `Failed to get unit file state for ${name}: ${why}\n`);
        status = 1;
        continue;
      }
      const shown = alias ? "alias" : state;
      if (["enabled", "enabled-runtime", "static", "alias", "indirect", "generated"].includes(shown)) status = 0;
      if (o.has("q")) continue;
      t.out.add(`${shown}\n`);
      if (o.has("l")) for (const link of linksTo(manager.machine, source!.name)) t.out.add(`  ${link}\n`);
    }
    return status;
  }, 1),
  edit: verb((t, manager, names, o) => editUnits(t, manager, names, o), 1),
  revert: verb(function* (t, manager, names) {
    if (!(yield* requireRoot(t.p, "Failed to revert unit"))) return 1;
    return yield* revertUnits(t, manager, names);
  }, 1),
  "get-default": verb(
    function* (t, manager) {
      t.out.add(`${manager.unit("default.target").name}\n`);
      return 0;
    },
    0,
    0,
  ),
  "set-default": verb(
    function* (t, manager, names) {
      if (!(yield* requireRoot(t.p, "Failed to set default target"))) return 1;
      const name = names[0]!.includes(".") ? names[0]! : `${names[0]}.target`;
      if (!name.endsWith(".target")) throw new Fatal(`Failed to set default target: Invalid argument`);
      const unit = manager.unit(name);
      if (unit.path === undefined) throw new Fatal(`Failed to set default target: Unit file ${name} does not exist.`);
      yield* setDefault(t.p, unit);
      manager.reload();
      return 0;
    },
    1,
    1,
  ),
};
