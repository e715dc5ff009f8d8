import type { Gen } from "../../kernel/index.ts";
import { createObject, createOrUpdateAnnotation, dryRun, resultPrinter, validation } from "./changes.ts";
import { editInfos } from "./edit.ts";
import { KubectlError, throwAll, usageError, withSource } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { sendRaw } from "./raw.ts";
import { build, fileFlags, visit } from "./resources.ts";

/** kubectl create -f. */
export function* create(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (flags.list("filename").length === 0 && flags.string("kustomize") === "") {
    if (args.length === 0) throw new KubectlError("must specify one of -f and -k");
  }
  if (args.length > 0) throw usageError("create", `Unexpected args: [${args.join(" ")}]`);
  const strategy = dryRun(k);
  const fieldValidation = validation(k);
  const print = resultPrinter(k, strategy);
  if (flags.string("raw") !== "") {
    if (flags.bool("edit")) throw new KubectlError("--raw and --edit are mutually exclusive");
    return yield* sendRaw(k, "POST");
  }
  const result = yield* build(k, {
    ...fileFlags(k),
    labelSelector: flags.string("selector"),
    continueOnError: true,
    flatten: true,
    validate: fieldValidation !== "Ignore",
  });
  if (flags.bool("edit")) {
    throwAll(result.errors);
    // Each object gets an editor of its own.
    for (const info of result.infos) yield* editInfos(k, [info], "create");
    return 0;
  }
  const query = { dryRun: strategy, fieldManager: flags.string("field-manager"), fieldValidation };
  yield* visit(result, function* (info) {
    const object = createOrUpdateAnnotation(k, info.object!);
    try {
      const made = strategy === "client" ? object : yield* createObject(k, info.mapping, info.namespace, object, query);
      print(made, "created");
    } catch (error) {
      throw withSource("creating", info.source, error);
    }
  });
  if (result.infos.length === 0) throw new KubectlError("no objects passed to create");
  return 0;
}
