import type { Gen } from "../../kernel/index.ts";
import type { Discovery, Mapping } from "./discovery.ts";
import { isExpected, isOfServer, KubectlError, usageError } from "./errors.ts";
import { compareStrings } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { newTabWriter } from "./printers/tabwriter.ts";

/** kubectl api-resources. */
export function* apiResources(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length > 0) throw usageError("api-resources", `unexpected arguments: [${args.join(" ")}]`);
  const output = flags.string("output");
  const sortBy = flags.string("sort-by");
  if (!["", "wide", "name"].includes(output)) throw new KubectlError(`--output ${output} is not available`);
  if (!["", "name", "kind"].includes(sortBy)) throw new KubectlError(`--sort-by accepts only name or kind`);
  let discovery: Discovery | undefined;
  let failed: unknown;
  k.fresh = !flags.bool("cached");
  try {
    discovery = yield* k.resources(1);
  } catch (error) {
    if (!isOfServer(error)) throw error;
    failed = error;
  }
  const seen = new Set<string>();
  const shown = (discovery?.mappings ?? []).filter((m) => {
    // Only the preferred version of a group, the first in discovery, is listed.
    const key = `${m.group}/${m.resource}`;
    if (seen.has(key) || m.verbs.length === 0) return false;
    seen.add(key);
    if (flags.changed("api-group") && m.group !== flags.string("api-group")) return false;
    if (flags.changed("namespaced") && m.namespaced !== flags.bool("namespaced")) return false;
    if (!flags.list("verbs").every((verb) => m.verbs.includes(verb))) return false;
    return flags.list("categories").every((category) => m.categories.includes(category));
  });
  const order = (m: Mapping) => (sortBy === "name" ? m.resource : sortBy === "kind" ? m.kind : m.group);
  shown.sort((a, b) => compareStrings(order(a), order(b)) || compareStrings(a.resource, b.resource));
  const writer = newTabWriter();
  if (output !== "name" && !flags.bool("no-headers")) {
    writer.write(`NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND${output === "wide" ? "\tVERBS\tCATEGORIES" : ""}\n`);
  }
  for (const m of shown) {
    if (output === "name") {
      writer.write(`${m.resource}${m.group === "" ? "" : `.${m.group}`}\n`);
      continue;
    }
    const gv = m.group === "" ? m.version : `${m.group}/${m.version}`;
    const cells = [m.resource, m.shortNames.join(","), gv, String(m.namespaced), m.kind];
    if (output === "wide") cells.push(m.verbs.join(","), m.categories.join(","));
    writer.write(`${cells.join("\t")}\n`);
  }
  k.out(writer.flush());
  if (failed !== undefined) throw failed;
  return 0;
}

/** kubectl api-versions. */
export function* apiVersions(k: Invocation): Gen<number> {
  const { args } = k;
  if (args.length > 0) throw usageError("api-versions", `unexpected arguments: [${args.join(" ")}]`);
  k.target();
  k.fresh = true;
  try {
    for (const version of [...(yield* k.resources(1)).groupVersions].sort(compareStrings)) k.out(`${version}\n`);
  } catch (error) {
    if (!isExpected(error)) throw error;
    throw new KubectlError(`couldn't get available api versions from server: ${error.message}`);
  }
  return 0;
}
