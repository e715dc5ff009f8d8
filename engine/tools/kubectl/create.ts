import { toError } from "../../api/client.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import { changeQuery, createObject, createOrUpdateAnnotation, dryRun, resultPrinter, validation } from "./changes.ts";
import { isExpected, KubectlError, throwAll, usageError, withSource } from "./errors.ts";
import { printBody } from "./get.ts";
import type { Invocation } from "./invocation.ts";
import { parseYaml } from "./manifests.ts";
import { build, fileFlags } from "./resources.ts";

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
  if (flags.string("raw") !== "") return yield* createRaw(k);
  const result = yield* build(k, {
    ...fileFlags(k),
    continueOnError: true,
    flatten: true,
    validate: fieldValidation !== "Ignore",
  });
  const errors: Error[] = [];
  for (const info of result.infos) {
    const object = createOrUpdateAnnotation(k, info.object!);
    try {
      const query = { dryRun: strategy, fieldManager: flags.string("field-manager"), fieldValidation };
      const made = strategy === "client" ? object : yield* createObject(k, info.mapping, info.namespace, object, query);
      print(made, "created");
    } catch (error) {
      const sourced = withSource("creating", info.source, error);
      if (!isExpected(sourced)) throw sourced;
      errors.push(sourced);
    }
  }
  throwAll([...errors, ...result.errors]);
  if (result.infos.length === 0) throw new KubectlError("no objects passed to create");
  return 0;
}

function* createRaw(k: Invocation): Gen<number> {
  const files = k.flags.list("filename");
  const [file] = files;
  if (files.length !== 1 || /^https?:/.test(file!)) {
    throw new KubectlError("--raw can only use a single local file or stdin");
  }
  const text = decode(file === "-" ? yield* k.stdin() : k.readFile(file!));
  const response = yield* k.request("POST", k.flags.string("raw") + changeQuery({}), parseYaml(text));
  if (response.status >= 400) throw toError(response);
  yield* printBody(k, response.body);
  return 0;
}
