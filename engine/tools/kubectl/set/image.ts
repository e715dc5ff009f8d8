import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { dryRun } from "../changes.ts";
import { KubectlError, throwAll } from "../errors.ts";
import { quote } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { objectPrinter } from "../output.ts";
import { type Container, change, checkSetFlags, setTargets, withPodSpec } from "./pod-spec.ts";

/** Resources first, then NAME=IMAGE (cmd/util GetResourcesAndPairs). */
function split(args: readonly string[]): { resources: string[]; images: Map<string, string> } {
  const resources: string[] = [];
  const images = new Map<string, string>();
  const pairs = args.filter((arg) => arg.indexOf("=") > 0 || (arg.endsWith("-") && arg !== "-"));
  for (const arg of args) {
    if (pairs.includes(arg)) continue;
    if (args.indexOf(arg) > args.indexOf(pairs[0] ?? arg)) {
      throw new KubectlError(`all resources must be specified before image changes: ${arg}`);
    }
    resources.push(arg);
  }
  const invalid = pairs.filter((arg) => arg.indexOf("=") <= 0);
  if (invalid.length > 0) throw new KubectlError(`invalid image format: ${invalid.join(", ")}`);
  for (const arg of pairs) images.set(arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1));
  return { resources, images };
}

/** kubectl set image. */
export function* setImage(k: Invocation): Gen<number> {
  const { flags } = k;
  const strategy = dryRun(k);
  objectPrinter(k);
  const { resources, images } = split(k.args);
  const { infos } = yield* setTargets(k, resources);
  const mistakes: Error[] = [];
  if (flags.bool("all") && flags.string("selector") !== "") {
    mistakes.push(new KubectlError("cannot set --all and --selector at the same time"));
  }
  if (resources.length === 0 && flags.list("filename").length === 0 && flags.string("kustomize") === "") {
    mistakes.push(
      new KubectlError("one or more resources must be specified as <resource> <name> or <resource>/<name>"),
    );
  }
  if (images.size === 0) mistakes.push(new KubectlError("at least one image update is required"));
  else if (images.size > 1 && images.has("*")) {
    mistakes.push(
      new KubectlError(
        "all containers are already specified by *, but saw more than one container_name=container_image pairs",
      ),
    );
  }
  throwAll(mistakes);
  checkSetFlags(k, strategy);
  const errors: Error[] = [];
  return yield* change(k, infos, {
    strategy,
    operation: "image updated",
    failed: "failed to patch image update to pod template: ",
    errors,
    update: (object) => withImages(object, images, errors),
  });
}

function withImages(object: KubeObject, images: ReadonlyMap<string, string>, errors: Error[]): KubeObject {
  return withPodSpec(object, (spec) => {
    let { containers = [], initContainers } = spec;
    for (const [name, image] of images) {
      let found = false;
      const set = (list: Container[]) =>
        list.map((container) => {
          if (name !== "*" && name !== container.name) return container;
          found = true;
          return { ...container, image };
        });
      if (initContainers) initContainers = set(initContainers);
      containers = set(containers);
      if (!found) errors.push(new KubectlError(`error: unable to find container named ${quote(name)}`));
    }
    return { ...spec, ...(initContainers && { initContainers }), containers };
  });
}
