import { resourcePath } from "../../api/client.ts";
import { isStatus, notFound } from "../../api/status.ts";
import type { KubeObject, WatchEvent } from "../../api/types.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { resultPrinter } from "./changes.ts";
import { KubectlError } from "./errors.ts";
import { quote, sprint } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { JsonPath, JsonPathError, relaxedPath } from "./printers/jsonpath.ts";
import { type BuildOptions, build, type Info, LOCAL_RESOURCES, visit } from "./resources.ts";
import { timedOut, until } from "./until.ts";

const WEEK = 168 * 3600 * SECOND;

type Condition =
  | { type: "delete" }
  | { type: "create" }
  /** True once the object is as it should be; throws when it never can be. */
  | { type: "check"; met: (object: KubeObject) => boolean };

/** kubectl wait. */
export function* waitCommand(k: Invocation): Gen<number> {
  const { flags } = k;
  const print = resultPrinter(k, "none");
  k.target();
  const condition = conditionOf(flags.string("for"));
  const given = flags.duration("timeout");
  const timeout = given < 0 ? WEEK : given;
  const deadline = k.p.machine.kernel.now + timeout;
  const local = flags.bool("local");
  if (local && k.args.length > 0) throw new KubectlError(LOCAL_RESOURCES);
  const options: BuildOptions = {
    args: k.args,
    filenames: flags.list("filename"),
    recursive: flags.bool("recursive"),
    labelSelector: local ? "" : flags.string("selector"),
    fieldSelector: local ? "" : flags.string("field-selector"),
    allowEmptySelector: flags.bool("all"),
    allNamespaces: flags.bool("all-namespaces"),
    enforceNamespace: k.target().explicitNamespace,
    latest: !local,
    flatten: true,
    local,
    continueOnError: true,
    ignoreNotFound: condition.type === "delete",
  };
  if (condition.type === "create") yield* untilCreated(k, options, deadline);
  const result = yield* build(k, options);
  yield* visit(result, function* (info) {
    const object = yield* waitOne(k, info, condition, timeout, deadline);
    print(object, "condition met");
    yield* k.flush();
  });
  if (result.infos.length === 0 && condition.type !== "delete") throw new KubectlError("no matching resources found");
  return 0;
}

function conditionOf(text: string): Condition {
  const lower = text.toLowerCase();
  if (lower === "delete" || lower === "create") return { type: lower };
  if (text.startsWith("condition=")) {
    const rest = text.slice("condition=".length);
    const equals = rest.indexOf("=");
    const name = (equals < 0 ? rest : rest.slice(0, equals)).toLowerCase();
    const value = (equals < 0 ? "true" : rest.slice(equals + 1)).toLowerCase();
    return { type: "check", met: (object) => conditionMet(object, name, value) };
  }
  if (text.startsWith("jsonpath=")) return { type: "check", met: jsonPathCheck(text.slice("jsonpath=".length)) };
  throw new KubectlError(`unrecognized condition: ${quote(text)}`);
}

function conditionMet(object: KubeObject, name: string, value: string): boolean {
  for (const condition of (object.status?.conditions ?? []) as Record<string, unknown>[]) {
    if (String(condition["type"] ?? "").toLowerCase() !== name || condition["status"] === undefined) continue;
    const observed = (condition["observedGeneration"] ?? object.status.observedGeneration) as number | undefined;
    const { generation } = object.metadata;
    if (generation !== undefined && observed !== undefined && observed < generation) return false;
    return String(condition["status"]).toLowerCase() === value;
  }
  return false;
}

/** Splits at single `=`; `==` belongs to an expression. */
function splitEquals(text: string): string[] {
  const out = [""];
  for (let i = 0; i < text.length; i++) {
    const last = out.length - 1;
    if (text[i] !== "=") out[last] = out[last]! + text[i]!;
    else if (text[i + 1] === "=") {
      out[last] = `${out[last]}==`;
      i++;
    } else out.push("");
  }
  return out;
}

function jsonPathCheck(text: string): (object: KubeObject) => boolean {
  const parts = splitEquals(text);
  if (parts.length > 2) {
    throw new KubectlError(
      "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
    );
  }
  let path: JsonPath;
  try {
    const expression = relaxedPath(parts[0]!);
    if (expression === "") throw new JsonPathError("jsonpath expression cannot be empty");
    path = new JsonPath(expression, true);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new KubectlError(error.message);
  }
  const wanted = parts[1]?.replace(/^['"]+|['"]+$/g, "");
  if (wanted === "") {
    throw new KubectlError(
      "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
    );
  }
  return (object) => {
    const results = path.find(object);
    if ((results[0]?.length ?? 0) === 0) return false;
    if (results.length > 1) throw new KubectlError("given jsonpath expression matches more than one list");
    if (results[0]!.length > 1) throw new KubectlError("given jsonpath expression matches more than one value");
    if (wanted === undefined) return true;
    const [value] = results[0]!;
    if (typeof value === "object" && value !== null) {
      throw new KubectlError("jsonpath leads to a nested object or list which is not supported");
    }
    return sprint(value).trim() === wanted.trim();
  };
}

function* untilCreated(k: Invocation, options: BuildOptions, deadline: number): Gen {
  for (;;) {
    const result = yield* build(k, options);
    const [failed] = result.errors;
    if (failed === undefined) return;
    if (!isStatus(failed, "NotFound")) throw failed;
    if (k.p.machine.kernel.now >= deadline) throw new KubectlError("timed out waiting for the condition");
    yield* sleep(SECOND / 2);
  }
}

function* waitOne(k: Invocation, info: Info, condition: Condition, timeout: number, deadline: number): Gen<KubeObject> {
  const present = info.object!;
  if (condition.type === "create") return present;
  // The time is for all objects together: what comes after its end is not even looked at.
  if (timeout > 0 && k.p.machine.kernel.now >= deadline) throw timedOut(info);
  const path = resourcePath(info.mapping, info.namespace, info.name);
  const notMet = new KubectlError(`condition not met for ${info.mapping.resource}/${info.name}`);
  if (condition.type === "delete") {
    let object: KubeObject;
    try {
      object = yield* k.object("GET", path);
    } catch (error) {
      if (isStatus(error, "NotFound")) return present;
      throw error;
    }
    if (timeout === 0) throw notMet;
    if (yield* until(k, info, deadline, (event) => event === undefined || event.type === "DELETED")) return object;
    throw timedOut(info);
  }
  if (timeout === 0) {
    const object = yield* k.object("GET", path);
    if (!condition.met(object)) throw notMet;
    return object;
  }
  let last = present;
  const done = (event: WatchEvent | undefined) => {
    if (event === undefined) throw notFound(info.mapping.group, info.mapping.resource, info.name);
    if (event.type === "DELETED") return false;
    last = { ...event.object, apiVersion: present.apiVersion, kind: present.kind };
    return condition.met(last);
  };
  if (yield* until(k, info, deadline, done)) return last;
  throw timedOut(info);
}
