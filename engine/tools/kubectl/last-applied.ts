/** kubectl apply view-last-applied, set-last-applied. */
import { resourcePath } from "../../api/client.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { toYaml } from "../../text/yaml.ts";
import { describeInfo } from "./apply.ts";
import { changeQuery, dryRun, LAST_APPLIED, resultPrinter } from "./changes.ts";
import { KubectlError, throwAll, usageError, withSource } from "./errors.ts";
import { quote, toJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { build, fileFlags, type Info } from "./resources.ts";
import type { Runner } from "./runners.ts";

const FORMATS = ["yaml", "json"];

function* view(k: Invocation): Gen<number> {
  const { flags, args } = k;
  // With -n a type alone selects everything, and that is a selector before --all is looked at.
  if (flags.bool("all") && k.target().explicitNamespace && args.length === 1 && !args[0]!.includes("/")) {
    throw new KubectlError("setting 'all' parameter but found a non empty selector. ");
  }
  const result = yield* build(k, {
    args,
    ...fileFlags(k),
    labelSelector: flags.string("selector"),
    selectAll: flags.bool("all"),
    allowEmptySelector: k.target().explicitNamespace,
    latest: true,
    flatten: true,
  });
  throwAll(result.errors);
  const texts: string[] = [];
  for (const { object, source, name } of result.infos) {
    const text = object!.metadata.annotations?.[LAST_APPLIED];
    // Upstream wraps an error that is not there: it comes to nothing, but for the source of one from a file.
    if (text === undefined) {
      if (source === undefined) continue;
      const words = `error when no last-applied-configuration annotation found on resource: ${name}\n`;
      throw new KubectlError(`${words} ${quote(source)}: <nil>`);
    }
    texts.push(text);
  }
  const output = flags.string("output");
  for (const text of texts) {
    if (!FORMATS.includes(output)) {
      throw usageError(
        "apply view-last-applied",
        `Unexpected -o output mode: ${output}, the flag 'output' must be one of yaml|json`,
      );
    }
    const value = JSON.parse(text) as unknown;
    k.out(output === "yaml" ? toYaml(value) : indented(text));
  }
  return 0;
}

/** json.Indent keeps the order of members and the newline at the end. */
function indented(text: string): string {
  return JSON.stringify(JSON.parse(text), null, 2) + (text.endsWith("\n") ? "\n" : "");
}

function* set(k: Invocation): Gen<number> {
  const { flags } = k;
  const strategy = dryRun(k);
  const print = resultPrinter(k, strategy);
  const result = yield* build(k, {
    args: [],
    filenames: flags.list("filename"),
    enforceNamespace: k.target().explicitNamespace,
    flatten: true,
  });
  throwAll(result.errors);
  const changed: { info: Info; live: KubeObject; patch: object }[] = [];
  for (const info of result.infos) {
    const configuration = `${toJson(info.object, "", true)}\n`;
    const path = resourcePath(info.mapping, info.namespace, info.name);
    let live: KubeObject;
    try {
      live = yield* k.object("GET", path);
    } catch (error) {
      if (isStatus(error, "NotFound")) throw error;
      throw withSource(
        `retrieving current configuration of:\n${describeInfo(info)}\nfrom server for:`,
        info.source,
        error,
      );
    }
    const present = live.metadata.annotations?.[LAST_APPLIED];
    if (present === undefined && !flags.bool("create-annotation")) {
      throw new KubectlError(
        `no last-applied-configuration annotation found on resource: ${info.name}, to create the annotation, run the command with --create-annotation`,
      );
    }
    if (present !== undefined && present.trim() === configuration.trim()) {
      k.out(`set-last-applied ${info.name}: no changes required.\n`);
      continue;
    }
    changed.push({ info, live, patch: { metadata: { annotations: { [LAST_APPLIED]: configuration } } } });
  }
  for (const { info, live, patch } of changed) {
    const path = resourcePath(info.mapping, info.namespace, info.name) + changeQuery({ dryRun: strategy });
    print(strategy === "client" ? live : yield* k.patch(path, patch, "merge"), "configured");
  }
  return 0;
}

/** Subcommands of `kubectl apply` without an editor. */
export const lastAppliedCommands: Readonly<Record<string, Runner>> = {
  "apply view-last-applied": view,
  "apply set-last-applied": set,
};
