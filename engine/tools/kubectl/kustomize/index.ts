/** kubectl kustomize, and what `-k` means to other commands. */
import type { Gen } from "../../../kernel/index.ts";
import * as sys from "../../../machine/sys.ts";
import { toYaml } from "../../../text/yaml.ts";
import { KubectlError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { buildDirectory, type Reorder } from "./build.ts";

/** The YAML that a kustomization directory stands for. */
export function kustomizeText(k: Invocation, path: string, restricted: boolean, reorder: Reorder): string {
  return buildDirectory(k, path, restricted, reorder).map(toYaml).join("---\n");
}

/** The order that `--reorder` asks for, an older word for the kustomization's own `sortOptions`. */
function reorderOf({ flags }: Invocation): Reorder {
  const value = flags.string("reorder");
  if (value !== "legacy" && value !== "none") {
    throw new KubectlError(`illegal flag value --reorder ${value}; legal values: [legacy none]`);
  }
  return flags.changed("reorder") ? value : undefined;
}

/** kubectl kustomize. */
export function* kustomize(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length > 1) throw new KubectlError("specify one path to kustomization.yaml");
  const restrictor = flags.string("load-restrictor") || "LoadRestrictionsRootOnly";
  if (restrictor !== "LoadRestrictionsRootOnly" && restrictor !== "LoadRestrictionsNone") {
    throw new KubectlError(
      `illegal flag value --load-restrictor ${restrictor}; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]`,
    );
  }
  const text = kustomizeText(k, args[0] ?? ".", restrictor === "LoadRestrictionsRootOnly", reorderOf(k));
  const output = flags.string("output");
  if (output === "") k.out(text);
  else sys.writeText(k.p, output, text);
  return 0;
}
