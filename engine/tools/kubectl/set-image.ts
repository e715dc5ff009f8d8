import { resourcePath } from "../../api/client.ts";
import type { Gen } from "../../kernel/index.ts";
import { changeQuery, dryRun, resultPrinter } from "./changes.ts";
import { isExpected, KubectlError, throwAll } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { build, type Info } from "./resources.ts";

interface Container {
  name: string;
  image: string;
}

/** kubectl set image. */
export function* setImage(k: Invocation): Gen<number> {
  const { flags } = k;
  const strategy = dryRun(k);
  const print = resultPrinter(k, strategy);
  const resources = k.args.filter((arg) => !arg.includes("="));
  const images = new Map(
    k.args
      .filter((arg) => arg.includes("="))
      .map((arg) => {
        const equals = arg.indexOf("=");
        return [arg.slice(0, equals), arg.slice(equals + 1)];
      }),
  );
  const mistakes: Error[] = [];
  if (flags.bool("all") && flags.string("selector") !== "") {
    mistakes.push(new KubectlError("cannot set --all and --selector at the same time"));
  }
  if (resources.length === 0 && flags.list("filename").length === 0) {
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
  const result = yield* build(k, {
    args: resources,
    filenames: flags.list("filename"),
    recursive: flags.bool("recursive"),
    labelSelector: flags.string("selector"),
    allowEmptySelector: flags.bool("all"),
    latest: true,
    continueOnError: true,
    flatten: true,
  });
  const errors = [...result.errors];
  for (const info of result.infos) {
    try {
      const patch = patchFor(info, images, errors);
      if (patch === undefined) continue;
      const query = changeQuery({ dryRun: strategy, fieldManager: flags.string("field-manager") });
      const path = resourcePath(info.mapping, info.namespace, info.name) + query;
      const object = strategy === "client" ? info.object! : yield* k.patch(path, patch, "strategic");
      print(object, "image updated");
    } catch (error) {
      if (!isExpected(error)) throw error;
      errors.push(new KubectlError(`failed to patch image update to pod template: ${error.message}`));
    }
  }
  throwAll(errors);
  return 0;
}

function patchFor({ object }: Info, images: ReadonlyMap<string, string>, errors: Error[]): object | undefined {
  const direct = object!.kind === "Pod";
  const spec = direct ? object!.spec : (object!.spec.jobTemplate?.spec.template.spec ?? object!.spec.template?.spec);
  const changes: Record<string, Container[]> = {};
  for (const [name, image] of images) {
    let found = false;
    for (const field of ["initContainers", "containers"]) {
      for (const container of (spec?.[field] ?? []) as Container[]) {
        if (name !== "*" && name !== container.name) continue;
        found = true;
        if (container.image !== image) changes[field] = [...(changes[field] ?? []), { name: container.name, image }];
      }
    }
    if (!found) errors.push(new KubectlError(`error: unable to find container named ${quote(name)}`));
  }
  if (Object.keys(changes).length === 0) return undefined;
  if (direct) return { spec: changes };
  const template = { spec: { template: { spec: changes } } };
  return object!.spec.jobTemplate ? { spec: { jobTemplate: template } } : template;
}
