import type { KubeObject } from "../../../api/types.ts";
import { decode, type Gen } from "../../../kernel/index.ts";
import { dryRun } from "../changes.ts";
import { isExpected, KubectlError, throwAll } from "../errors.ts";
import { compareStrings, quote, sortedKeys } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { objectPrinter } from "../output.ts";
import { build, type Info, MISSING } from "../resources.ts";
import { type EnvVar, referenceText, resolveReference } from "./env-reference.ts";
import { type Container, change, checkSetFlags, setTargets, withContainers, withPodSpec } from "./pod-spec.ts";

const VALID_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** Resources first, then KEY=VALUE and KEY-. */
function split(args: readonly string[]): { resources: string[]; pairs: string[] } {
  const resources: string[] = [];
  const pairs: string[] = [];
  for (const arg of args) {
    if (arg.indexOf("=") > 0 || arg.endsWith("-")) pairs.push(arg);
    else if (pairs.length === 0) resources.push(arg);
    else {
      throw new KubectlError(`all resources must be specified before environment changes: ${args.join(" ")}`);
    }
  }
  return { resources, pairs };
}

interface Parsed {
  env: EnvVar[];
  remove: string[];
}

function* parse(k: Invocation, specs: readonly string[]): Gen<Parsed> {
  const env: EnvVar[] = [];
  const remove: string[] = [];
  const given = new Set<string>();
  for (const spec of specs) {
    const equals = spec.indexOf("=");
    if (spec === "-") {
      for (const raw of decode(yield* k.stdin()).split("\n")) {
        const line = raw.split("#")[0]!;
        const at = line.indexOf("=");
        if (at >= 0) env.push({ name: line.slice(0, at), value: line.slice(at + 1) });
      }
    } else if (equals >= 0) {
      const name = spec.slice(0, equals);
      if (!VALID_NAME.test(name)) throw new KubectlError(`${quote(name)} is not a valid key name: ${nameProblem()}`);
      given.add(name);
      env.push({ name, value: spec.slice(equals + 1) });
    } else if (spec.endsWith("-")) remove.push(spec.slice(0, -1));
    else throw new KubectlError(`unknown environment variable: ${spec}`);
  }
  if (remove.some((name) => given.has(name))) {
    throw new KubectlError("can not both modify and remove the same environment variable in the same command");
  }
  return { env, remove };
}

function nameProblem(): string {
  return "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
}

/** Every key of the ConfigMap or Secret that `--from` names, as a reference to it. */
function* fromSource(k: Invocation, from: string): Gen<EnvVar[]> {
  const { flags } = k;
  const keys = flags.list("keys");
  const result = yield* build(k, {
    args: flags.bool("local") ? [] : [from],
    filenames: flags.list("filename"),
    recursive: flags.bool("recursive"),
    labelSelector: flags.string("selector"),
    allowEmptySelector: flags.bool("all"),
    latest: true,
    continueOnError: true,
    flatten: true,
    typed: true,
  });
  throwAll(result.errors);
  const out: EnvVar[] = [];
  for (const { object } of result.infos) {
    const { kind, metadata } = object!;
    const field = kind === "Secret" ? "secretKeyRef" : kind === "ConfigMap" ? "configMapKeyRef" : undefined;
    if (field === undefined) throw new KubectlError("unsupported resource specified in --from");
    for (const key of sortedKeys((object!["data"] as object | undefined) ?? {})) {
      if (keys.length > 0 && !keys.includes(key)) continue;
      const name = key.replace(/[^a-zA-Z0-9_]/g, "_").toUpperCase();
      if (name !== key) k.warn(`key ${key} transferred to ${name}`);
      out.push({ name, valueFrom: { [field]: { key, name: metadata.name } } });
    }
  }
  return out;
}

/** kubectl set env. */
export function* setEnv(k: Invocation): Gen<number> {
  const { flags } = k;
  if (flags.bool("all") && flags.string("selector") !== "") {
    throw new KubectlError("cannot set --all and --selector at the same time");
  }
  // An output that cannot be is complained of before the words.
  objectPrinter(k);
  const { resources, pairs } = split(k.args);
  const strategy = dryRun(k);
  checkSetFlags(k, strategy);
  const list = flags.bool("list");
  const from = flags.string("from");
  if (flags.list("filename").length === 0 && resources.length < 1) {
    throw new KubectlError("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  }
  if (list && flags.string("output") !== "") {
    throw new KubectlError("--list and --output may not be specified together");
  }
  if (flags.list("keys").length > 0 && from === "") {
    throw new KubectlError("when specifying --keys, a configmap or secret must be provided with --from");
  }
  const { env, remove } = yield* parse(k, [...flags.list("env"), ...pairs]);
  if (from !== "") env.push(...(yield* fromSource(k, from)));
  const prefix = flags.string("prefix");
  const added = prefix === "" ? env : env.map((one) => ({ ...one, name: prefix + one.name }));
  // Its builder does not know of --local, and asks for resources as any other.
  const local = flags.bool("local") && flags.list("filename").length === 0;
  if (local) throw new KubectlError(MISSING);
  const { infos } = yield* setTargets(k, resources, false);
  const pattern = flags.string("containers");
  if (list) return yield* listEnv(k, infos, pattern, added, remove);
  const status = yield* change(k, infos, {
    strategy,
    operation: "env updated",
    failed: "failed to patch env update to pod template: ",
    errors: [],
    update(object) {
      return withPodSpec(object, (spec) =>
        withContainers(
          spec,
          pattern,
          (container) => updated(k, container, added, remove),
          () =>
            k.warn(`${object.kind}/${object.metadata.name} does not have any containers matching ${quote(pattern)}`),
        ),
      );
    },
  });
  return status;
}

function updated(k: Invocation, container: Container, added: readonly EnvVar[], remove: readonly string[]): Container {
  const existing: EnvVar[] = container.env ?? [];
  if (!k.flags.bool("overwrite")) {
    for (const { name, value = "" } of added) {
      const old = existing.find((one) => one.name === name && (one.value ?? "") !== value);
      if (old) throw new KubectlError(`'${name}' already has a value (${old.value ?? ""}), and --overwrite is false`);
    }
  }
  const out: EnvVar[] = [];
  const done = new Set<string>();
  for (const one of existing) {
    if (remove.includes(one.name)) continue;
    const replacement = added.filter(({ name }) => name === one.name).at(0);
    if (replacement === undefined) out.push(one);
    else if (!done.has(one.name)) {
      out.push(replacement);
      done.add(one.name);
    }
  }
  for (const one of added) {
    if (done.has(one.name) || remove.includes(one.name)) continue;
    out.push(one);
    done.add(one.name);
  }
  return { ...container, env: out };
}

function* listEnv(
  k: Invocation,
  infos: readonly Info[],
  pattern: string,
  added: readonly EnvVar[],
  remove: readonly string[],
): Gen<number> {
  for (const { object } of infos) {
    const containers: Container[] = [];
    try {
      withPodSpec(object as KubeObject, (spec) => {
        const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
        withContainers(
          { containers: all },
          pattern,
          (container) => containers.push(container),
          () => {
            k.warn(`${object!.kind}/${object!.metadata.name} does not have any containers matching ${quote(pattern)}`);
          },
        );
        return spec;
      });
    } catch (error) {
      if (!isExpected(error)) throw error;
      continue;
    }
    for (const container of containers) {
      k.out(`# ${object!.kind} ${object!.metadata.name}, container ${container.name}\n`);
      yield* listContainer(k, object!, container, updated(k, container, added, remove).env);
    }
  }
  return 0;
}

function* listContainer(k: Invocation, object: KubeObject, container: Container, env: readonly EnvVar[]): Gen {
  const failures = new Map<string, string[]>();
  for (const { name, value, valueFrom } of env) {
    if (valueFrom === undefined) {
      k.out(`${name}=${value ?? ""}\n`);
      continue;
    }
    if (k.flags.bool("resolve")) {
      try {
        k.out(`${name}=${yield* resolveReference(k, valueFrom, object, container)}\n`);
        continue;
      } catch (error) {
        if (!isExpected(error)) throw error;
        failures.set(error.message, [...(failures.get(error.message) ?? []), name]);
      }
    }
    k.out(`# ${name} from ${referenceText(valueFrom)}\n`);
  }
  const lines = [...failures].map(
    ([error, names]) => `error retrieving reference for ${names.sort(compareStrings).join(", ")}: ${error}\n`,
  );
  for (const line of lines.sort(compareStrings)) k.err(line);
}
