/** kubectl edit, apply edit-last-applied, create --edit. */
import { resourcePath } from "../../api/client.ts";
import { schemaName } from "../../api/define.ts";
import { createMergePatch, createStrategicMergePatch } from "../../api/patch/index.ts";
import { typeOf } from "../../api/schema/types.ts";
import { StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { toYaml } from "../../text/yaml.ts";
import { changeQuery, createObject, createOrUpdateAnnotation, LAST_APPLIED, validation } from "./changes.ts";
import { runProgram, tempName } from "./child.ts";
import { Exit, isExpected, KubectlError, throwAll } from "./errors.ts";
import { quote, toJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { parseManifests } from "./manifests.ts";
import { nameText, objectPrinter, withoutManagedFields } from "./output.ts";
import { build, fileFlags, type Info, infoOf } from "./resources.ts";

type Mode = "normal" | "create" | "last-applied";

const HEADER = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;
const LAST_APPLIED_HEADER = `# Please edit the 'last-applied-configuration' annotations below.
# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.
#
`;

interface Reason {
  head: string;
  other: readonly string[];
}

/** kubectl edit. */
export function* edit(k: Invocation): Gen<number> {
  const { flags } = k;
  const result = yield* build(k, {
    args: k.args,
    ...fileFlags(k),
    subresource: flags.has("subresource") ? flags.string("subresource") : "",
    allowEmptySelector: true,
    latest: true,
    continueOnError: true,
    flatten: true,
  });
  throwAll(result.errors);
  if (result.infos.length === 0) throw new KubectlError("edit cancelled, no objects found");
  return yield* editInfos(k, result.infos, "normal");
}

/** kubectl apply edit-last-applied. */
export function* editLastApplied(k: Invocation): Gen<number> {
  const result = yield* build(k, {
    args: k.args,
    ...fileFlags(k),
    allowEmptySelector: true,
    latest: true,
    continueOnError: true,
    flatten: true,
  });
  throwAll(result.errors);
  const infos: Info[] = [];
  for (const info of result.infos) {
    const text = info.object!.metadata.annotations?.[LAST_APPLIED];
    if (text !== undefined) infos.push({ ...info, object: JSON.parse(text) as KubeObject });
  }
  if (infos.length === 0) {
    throw new KubectlError(
      "no last-applied-configuration annotation found on resources, to create the annotation, use command `kubectl apply set-last-applied --create-annotation`",
    );
  }
  return yield* editInfos(k, infos, "last-applied");
}

/** The editor's words: $KUBE_EDITOR, $EDITOR, vi; with quotes in it a shell takes them apart. */
function editorArguments(k: Invocation, path: string): string[] {
  const { env } = k.p;
  const editor = env.get("KUBE_EDITOR") || env.get("EDITOR") || "vi";
  if (!editor.includes(" ")) return [editor, path];
  if (!/["'\\]/.test(editor)) return [...editor.split(" "), path];
  return [env.get("SHELL") || "/bin/bash", "-c", `${editor} ${quote(path)}`];
}

function headerText(mode: Mode, reasons: readonly Reason[]): string {
  let text = mode === "last-applied" ? LAST_APPLIED_HEADER : HEADER;
  const hashed = (line: string) => line.replace(/\n(?=[^#])/g, "\n# ");
  for (const { head, other } of reasons) {
    text += `# ${hashed(head)}${other.length > 0 ? ":" : ""}\n`;
    for (const one of other) text += `# * ${hashed(one)}\n`;
    text += "#\n";
  }
  return text;
}

/** Lines that are no comments; what is left says whether something changed. */
function stripped(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n")
    .trim();
}

function keep(k: Invocation, path: string, error: unknown): unknown {
  if (path !== "" && sys.find(k.p, path) !== undefined) {
    k.err(`A copy of your changes has been stored to ${quote(path)}\n`);
  }
  return error;
}

/** Opens the editor until what it leaves behind is taken, or not changed any more. */
export function* editInfos(k: Invocation, infos: readonly Info[], mode: Mode): Gen<number> {
  const asJson = k.flags.has("output") && k.flags.string("output") === "json";
  const windows = k.flags.has("windows-line-endings") && k.flags.bool("windows-line-endings");
  let reasons: Reason[] = [];
  let edited = "";
  let previous = "";
  const shown = infos.map(({ object }) => withoutManagedFields(object!));
  const items = { apiVersion: "v1", items: shown, kind: "List", metadata: {} } as unknown as KubeObject;
  const subject = shown.length === 1 ? shown[0]! : items;
  const original = asJson ? `${toJson(subject, "    ")}\n` : toYaml(subject);
  for (;;) {
    const failed = reasons.length > 0;
    const path = tempName(k, "kubectl-edit-", asJson ? ".json" : ".yaml");
    const body = failed ? edited.replace(/^(\s*#[^\n]*\n)+/, "") : original;
    const text = (asJson ? "" : headerText(mode, reasons)) + body;
    sys.writeText(k.p, path, windows ? text.replaceAll("\n", "\r\n") : text, 0o600);
    const argv = editorArguments(k, path);
    const status = yield* runProgram(k, argv);
    if (status !== 0) {
      const words =
        typeof status === "number"
          ? `there was a problem with the editor ${quote(argv[0] === "/bin/bash" || argv[1] === "-c" ? argv[2]!.slice(0, argv[2]!.lastIndexOf(" ")) : argv.slice(0, -1).join(" "))}`
          : `unable to launch the editor ${quote(argv.slice(0, -1).join(" "))}`;
      throw keep(k, previous, new KubectlError(words));
    }
    const before = edited;
    edited = decode(k.readFile(path)).replaceAll("\r\n", "\n");
    if (failed && stripped(before) === stripped(edited)) {
      throw keep(k, path, new KubectlError("Edit cancelled, no valid changes were saved."));
    }
    if (previous !== "") sys.unlink(k.p, previous);
    previous = "";
    reasons = [];
    let updated: KubeObject[];
    try {
      updated = parseManifests(edited, "edited-file");
      if (updated.length === 0) throw new KubectlError("EOF");
    } catch (error) {
      if (!isExpected(error)) throw error;
      const cause = `<nil>: Invalid value: "The edited file failed validation": ${error.message}`;
      const { mapping, name } = infos[0]!;
      const resource = mapping.group === "" ? mapping.resource : `${mapping.resource}.${mapping.group}`;
      reasons = [{ head: `${resource} ${quote(name)} was not valid`, other: [cause] }];
      k.err(`error: ${resource} ${quote(name)} is invalid\n`);
      previous = path;
      continue;
    }
    if (stripped(original) === stripped(edited)) {
      sys.unlink(k.p, path);
      k.err("Edit cancelled, no changes made.\n");
      return 0;
    }
    const outcome: Outcome = { reasons: [], retryable: 0, notFound: 0 };
    try {
      for (const object of updated) yield* takeEdited(k, infos, object, mode, outcome);
    } catch (error) {
      throw keep(k, path, error);
    }
    if (outcome.retryable > 0) {
      k.err(`You can run \`kubectl replace -f ${path}\` to try this update again.\n`);
      throw new Exit(1);
    }
    if (outcome.notFound > 0) {
      k.err(`The edits you made on deleted resources have been saved to ${quote(path)}\n`);
      throw new Exit(1);
    }
    if (outcome.reasons.length === 0) {
      sys.unlink(k.p, path);
      return 0;
    }
    reasons = outcome.reasons;
    previous = path;
  }
}

interface Outcome {
  reasons: Reason[];
  retryable: number;
  notFound: number;
}

function print(k: Invocation, object: KubeObject, operation: string): void {
  const printer = objectPrinter(k);
  k.out(printer ? printer.print(object) : nameText(object, operation));
}

function* takeEdited(k: Invocation, infos: readonly Info[], object: KubeObject, mode: Mode, outcome: Outcome): Gen {
  if (mode === "create") {
    const [info] = infos as [Info];
    const made = infoOf(info.mapping, object);
    const query = { fieldManager: k.flags.string("field-manager"), fieldValidation: validation(k) };
    const namespace = object.metadata.namespace ?? info.namespace;
    const done = yield* createObject(k, info.mapping, namespace, createOrUpdateAnnotation(k, made.object!), query);
    print(k, done, "created");
    return;
  }
  const { uid, name } = object.metadata;
  const same = (info: Info) =>
    mode === "last-applied"
      ? info.name === name && info.mapping.kind === object.kind
      : info.object!.metadata.uid === uid;
  const info = infos.find(same);
  if (info === undefined) throw new KubectlError(`no original object found for ${quote(name ?? "")}`);
  const before = withoutManagedFields(info.object!);
  if (toJson(before) === toJson(object)) {
    print(k, info.object!, "skipped");
    return;
  }
  const query = changeQuery({ fieldManager: k.flags.string("field-manager"), fieldValidation: validation(k) });
  const path = resourcePath(info.mapping, info.namespace, info.name) + query;
  if (mode === "last-applied") {
    const text = `${toJson(object, "", true)}\n`;
    yield* k.patch(path, { metadata: { annotations: { [LAST_APPLIED]: text } } }, "merge");
    print(k, object, "edited");
    return;
  }
  const patch = patchOf(info, before, object);
  if (k.flags.has("output-patch") && k.flags.bool("output-patch")) k.out(`Patch: ${toJson(patch)}\n`);
  try {
    const strategic = typeOf(schemaName(info.mapping.group, info.mapping.version, info.mapping.kind)) !== undefined;
    print(k, yield* k.patch(path, patch, strategic ? "strategic" : "merge"), "edited");
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    k.err(`${failureText(info, error, outcome)}\n`);
  }
}

function patchOf({ mapping }: Info, before: KubeObject, after: KubeObject): Record<string, unknown> {
  if (
    before.apiVersion !== after.apiVersion ||
    before.kind !== after.kind ||
    before.metadata.name !== after.metadata.name
  ) {
    throw new KubectlError("At least one of apiVersion, kind and name was changed");
  }
  const schema = schemaName(mapping.group, mapping.version, mapping.kind);
  const [from, to] = [before as unknown as Record<string, unknown>, after as unknown as Record<string, unknown>];
  return typeOf(schema) === undefined ? createMergePatch(from, to) : createStrategicMergePatch(from, to, schema);
}

function failureText({ mapping, name }: Info, error: StatusError, outcome: Outcome): string {
  const resource = mapping.group === "" ? mapping.resource : `${mapping.resource}.${mapping.group}`;
  if (error.reason === "Invalid") {
    const causes = error.status.details?.causes ?? [];
    outcome.reasons.push({
      head: `${resource} ${quote(name)} was not valid`,
      other: causes.map((cause) => `${cause.field}: ${cause.message}`),
    });
    return `error: ${resource} ${quote(name)} is invalid`;
  }
  if (error.reason === "NotFound") {
    outcome.notFound++;
    return `error: ${resource} ${quote(name)} could not be found on the server`;
  }
  outcome.retryable++;
  return `error: ${resource} ${quote(name)} could not be patched: ${error.message}`;
}
