/** nerdctl volume: directories below nerdctl's own state, named within a namespace (pkg/mountutil/volumestore). */
import type { Gen } from "../../../kernel/index.ts";
import { type DirNode, entriesOf } from "../../../machine/inode.ts";
import * as sys from "../../../machine/sys.ts";
import { structJson } from "../../kubectl/go.ts";
import { badNamespace } from "../ctr-namespaces.ts";
import { columns, DATA_STORE, fill, formatOf, MOUNTS, type Nerd, NerdError } from "./context.ts";

const dirOf = (c: Nerd): string => `${DATA_STORE}/volumes/${c.namespace}`;

export const mountpointOf = (c: Nerd, name: string): string => `${dirOf(c)}/${name}/_data`;

/** Names of the volumes of the namespace, sorted. */
export function volumeNames(c: Nerd): string[] {
  const node = sys.find(c.p, dirOf(c));
  if (node?.kind !== "dir") return [];
  return [...entriesOf(node).keys()].sort();
}

/** Makes a volume that is not there yet. */
export function makeVolume(c: Nerd, name: string, labels?: Readonly<Record<string, string>>): void {
  sys.makeAbove(c.p, `${mountpointOf(c, name)}/.`, 0o755);
  const text = labels === undefined ? "{}" : structJson({ labels }, "    ");
  sys.writeText(c.p, `${dirOf(c)}/${name}/volume.json`, text, 0o644);
}

const newId = (c: Nerd): string => c.machine.kernel.random(`nerdctl ${c.machine.hostname}`).hex(64);

export function anonymousVolume(c: Nerd): string {
  const name = newId(c);
  makeVolume(c, name);
  return name;
}

/** Why a name cannot be a volume's; undefined when it can. */
export function badVolumeName(name: string): string | undefined {
  const bad = badNamespace(name)?.replace(/^namespace validation: /, "");
  return bad === undefined ? undefined : `malformed name ${name}: ${bad}`;
}

function labelsOf(c: Nerd, name: string): Record<string, string> | undefined {
  const path = `${dirOf(c)}/${name}/volume.json`;
  if (sys.find(c.p, path) === undefined) return undefined;
  const text = sys.readText(c.p, path);
  return (JSON.parse(text) as { labels?: Record<string, string> }).labels;
}

/** Volumes that containers have mounted. */
function used(c: Nerd): Set<string> {
  const out = new Set<string>();
  for (const { labels } of c.containers()) {
    const mounts = JSON.parse(labels.get(MOUNTS) ?? "[]") as { Name?: string; Source: string }[];
    for (const { Name, Source } of mounts) {
      if (Name) out.add(Name);
      const anonymous = /\/volumes\/[^/]+\/([0-9a-f]{64})\/_data$/.exec(Source)?.[1];
      if (anonymous) out.add(anonymous);
    }
  }
  return out;
}

export function removeVolume(c: Nerd, name: string): void {
  const node = sys.lookup(c.p, dirOf(c)).node as DirNode;
  const volume = entriesOf(node).get(name);
  if (volume) c.machine.disk.release(volume);
  entriesOf(node).delete(name);
}

export function* create(c: Nerd): Gen {
  const name = c.args[0] ?? newId(c);
  const bad = badVolumeName(name);
  if (bad !== undefined) throw new NerdError(bad);
  if (volumeNames(c).includes(name)) throw new NerdError(`mkdir ${dirOf(c)}/${name}: file exists`);
  const labels = c.list("label").map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  makeVolume(c, name, labels.length === 0 ? undefined : Object.fromEntries(labels));
  yield* c.print(`${name}\n`);
}

const shown = (c: Nerd, name: string): object => {
  const labels = labelsOf(c, name);
  return { Name: name, Mountpoint: mountpointOf(c, name), ...(labels && { Labels: labels }) };
};

export function* inspect(c: Nerd): Gen {
  const list = c.args.map((name) => {
    if (!volumeNames(c).includes(name)) throw new NerdError(`volume "${name}" not found: not found`);
    return shown(c, name);
  });
  if (!c.flags.has("format")) return yield* c.print(`${structJson(list, "    ")}\n`);
  const template = formatOf(c.value("format"));
  yield* c.print(list.map((one) => `${fill(template, one, "native.Volume")}\n`).join(""));
}

export function* list(c: Nerd): Gen {
  const names = volumeNames(c).filter((name) =>
    c.list("filter").every((filter) => {
      const [key, ...rest] = filter.split("=");
      if (key === "name") return name.includes(rest.join("="));
      if (key !== "label") return true;
      const [label = "", value] = rest;
      const labels = labelsOf(c, name);
      return labels !== undefined && label in labels && (value === undefined || labels[label] === value);
    }),
  );
  if (c.on("quiet")) return yield* c.print(names.map((name) => `${name}\n`).join(""));
  if (c.flags.has("format") && !["table", "wide", "raw", ""].includes(c.value("format"))) {
    const template = formatOf(c.value("format"));
    const rows = names.map((name) => ({
      Driver: "local",
      Labels: Object.entries(labelsOf(c, name) ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
      Mountpoint: mountpointOf(c, name),
      Name: name,
      Scope: "local",
      Size: "",
    }));
    return yield* c.print(rows.map((row) => `${fill(template, row, "volume.volumePrintable")}\n`).join(""));
  }
  const rows = names.map((name) => [name, mountpointOf(c, name)]);
  yield* c.print(columns([["VOLUME NAME", "DIRECTORY"], ...rows]));
}

export function* remove(c: Nerd): Gen {
  const names = volumeNames(c);
  const inUse = used(c);
  for (const name of c.args) {
    if (!names.includes(name)) throw new NerdError(`volume "${name}" not found: not found`);
    if (inUse.has(name)) throw new NerdError(`volume "${name}" is in use`);
  }
  for (const name of c.args) {
    removeVolume(c, name);
    yield* c.print(`${name}\n`);
  }
}

/** Volumes without a name of their own, with `--all` every one, that no container has. */
export function* prune(c: Nerd): Gen {
  if (!(yield* c.agreed("WARNING! This will remove all local volumes not used by at least one container."))) return;
  yield* pruneVolumes(c);
}

export function* pruneVolumes(c: Nerd): Gen {
  const inUse = used(c);
  const gone = volumeNames(c).filter((name) => !inUse.has(name) && (c.on("all") || /^[0-9a-f]{64}$/.test(name)));
  for (const name of gone) removeVolume(c, name);
  if (gone.length > 0) yield* c.print(`Deleted Volumes:\n${gone.map((name) => `${name}\n`).join("")}\n`);
}
