/** nerdctl namespace. */
import type { Gen } from "../../../kernel/index.ts";
import { structJson } from "../../kubectl/go.ts";
import { K8S, label, labelText, units } from "../ctr-context.ts";
import { badNamespace } from "../ctr-namespaces.ts";
import { namedImages } from "../named-images.ts";
import { columns, fill, formatOf, Nerd, NerdError } from "./context.ts";
import { volumeNames } from "./volumes.ts";

const within = (c: Nerd, name: string): Nerd => new Nerd(c.p, name, c.flags, c.args);

/** Sets labels of `--label`; at a namespace of its own. */
function setLabels(c: Nerd, labels: Map<string, string>): void {
  label(labels, c.list("label"));
}

export function* list(c: Nerd): Gen {
  const names = [...c.runtime.metadata.tenants.keys()].sort();
  if (c.on("quiet")) return yield* c.print(names.map((name) => `${name}\n`).join(""));
  const rows = names.map((name) => [
    name,
    String(units(c.machine, name).length),
    String(namedImages(c.runtime, name).length),
    String(volumeNames(within(c, name)).length),
    labelText(c.runtime.metadata.tenants.get(name)!.labels),
    "",
  ]);
  yield* c.print(columns([["NAME", "CONTAINERS", "IMAGES", "VOLUMES", "LABELS"], ...rows]));
}

export function* create(c: Nerd): Gen {
  const [name = ""] = c.args;
  const bad = badNamespace(name)?.replace(/^namespace validation: /, "");
  if (bad !== undefined) throw new NerdError(bad);
  const { metadata } = c.runtime;
  if (metadata.tenants.has(name)) throw new NerdError(`namespace ${JSON.stringify(name)}: already exists`);
  setLabels(c, metadata.make(name).labels);
  yield* c.print("");
}

export function* update(c: Nerd): Gen {
  const found = c.runtime.metadata.tenants.get(c.args[0]!);
  if (found !== undefined) setLabels(c, found.labels);
  yield* c.print("");
}

export function* inspect(c: Nerd): Gen {
  const shown = c.args.map((Name) => {
    const labels = c.runtime.metadata.tenants.get(Name)?.labels;
    const sorted = [...(labels ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    return { Name, Labels: sorted.length === 0 ? null : Object.fromEntries(sorted) };
  });
  if (!c.flags.has("format")) return yield* c.print(`${structJson(shown, "    ")}\n`);
  const template = formatOf(c.value("format"));
  yield* c.print(shown.map((one) => `${fill(template, one, "native.Namespace")}\n`).join(""));
}

export function* remove(c: Nerd): Gen {
  let failed: string | undefined;
  for (const name of c.args) {
    const images = namedImages(c.runtime, name).length > 0;
    const containers = units(c.machine, name).length > 0;
    const holds = [
      ...(images ? ["images", "blobs"] : []),
      ...(containers ? ["containers"] : []),
      ...(images || containers || name === K8S ? ['snapshots on "overlayfs" snapshotter'] : []),
    ];
    if (holds.length > 0) {
      const why = `namespace ${JSON.stringify(name)} must be empty, but it still has ${holds.join(", ")}: failed precondition`;
      yield* c.log("error", `unable to delete ${name}`, why);
      failed ??= `unable to delete ${name}`;
      continue;
    }
    c.runtime.metadata.tenants.delete(name);
    // Those after it are not looked at.
    return yield* c.print(`${name}\n`);
  }
  if (failed !== undefined) throw new NerdError(failed);
}
