/** kubectl debug: a debugging container in a Pod, a copy of a Pod, or a Pod on a node (cmd/debug/debug.go). */
import { decodeAs } from "../../api/decode.ts";
import { applyStrategicMergePatch, createStrategicMergePatch } from "../../api/patch/index.ts";
import type { KubeObject, WatchEvent } from "../../api/types.ts";
import { decode, type Gen, SECOND } from "../../kernel/index.ts";
import { createObject } from "./changes.ts";
import { applyProfile, checkProfile, type Part, type Style, withContainer } from "./debug-profiles.ts";
import { isExpected, KubectlError, throwAll } from "./errors.ts";
import { attachTo } from "./exec.ts";
import { splitCsv } from "./flags.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { consumeContainerLogs } from "./logs.ts";
import { parseYaml } from "./manifests.ts";
import { containersOf, PODS, podPath } from "./pods.ts";
import { suffix } from "./random-name.ts";
import { build } from "./resources.ts";
import { isImageReference } from "./run.ts";
import { until } from "./until.ts";

interface Settings {
  /** Words after `--`. */
  words: readonly string[];
  attach: boolean;
  images: ReadonlyMap<string, string>;
  env: ReadonlyMap<string, string>;
  quiet: boolean;
  /** What `--custom` adds to the container. */
  custom: Part | undefined;
}

/** kubectl debug. */
export function* debugCommand(k: Invocation): Gen<number> {
  const { flags, args } = k;
  const names = flags.dash >= 0 ? args.slice(0, flags.dash) : args;
  const settings: Settings = {
    words: flags.dash >= 0 ? args.slice(flags.dash) : [],
    attach: flags.changed("attach") ? flags.bool("attach") : flags.bool("stdin"),
    images: pairs(k, "set-image"),
    env: pairs(k, "env"),
    quiet: flags.bool("quiet"),
    custom: flags.string("custom") === "" ? undefined : customOf(k, flags.string("custom")),
  };
  const profile = flags.string("profile");
  checkProfile(profile);
  validate(k, settings, names);
  if (profile === "legacy") {
    k.err(
      '--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example "--profile=general".\n',
    );
  }
  const result = yield* build(k, {
    // What is no TYPE/NAME names a Pod.
    args: names.some((name) => name.includes("/"))
      ? names.map((name) => (name.includes("/") ? name : `pods/${name}`))
      : names.length > 0
        ? ["pods", ...names]
        : [],
    spelledOut: true,
    filenames: flags.list("filename"),
    enforceNamespace: k.target().explicitNamespace,
    latest: true,
    flatten: true,
    typed: true,
  });
  throwAll(result.errors);
  for (const { object } of result.infos) {
    if (object!.kind === "Node") yield* finish(k, settings, yield* onNode(k, object!, settings));
    else if (object!.kind === "Pod") {
      const copying = flags.string("copy-to") !== "";
      yield* finish(
        k,
        settings,
        copying ? yield* copyOf(k, object!, settings) : yield* ephemeral(k, object!, settings),
      );
    } else throw new KubectlError(`${quote(kindOf(object!))} not supported by debug`);
  }
  return 0;
}

function kindOf({ apiVersion, kind }: KubeObject): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? `/${apiVersion}, Kind=${kind}` : `${apiVersion}, Kind=${kind}`;
}

/** `--set-image` and `--env` take pairs only, which is said before anything else (pflag, StringToString). */
function pairs(k: Invocation, flag: string): Map<string, string> {
  const out = new Map<string, string>();
  for (const { name, value } of k.flags.given) {
    if (name !== flag) continue;
    // A comma parts pairs only where there is more than one.
    const signs = value.split("=").length - 1;
    for (const text of signs > 1 ? splitCsv(value) : [signs === 1 ? value.replace(/^"+|"+$/g, "") : value]) {
      const equals = text.indexOf("=");
      if (equals < 0) {
        throw new KubectlError(
          `invalid argument ${quote(value)} for "--${flag}" flag: ${text} must be formatted as key=value\nSee 'kubectl debug --help' for usage.`,
        );
      }
      out.set(text.slice(0, equals), text.slice(equals + 1));
    }
  }
  return out;
}

function validate(k: Invocation, { words, attach, images }: Settings, names: readonly string[]): void {
  const { flags } = k;
  const [image, container, copy] = [flags.string("image"), flags.string("container"), flags.string("copy-to")];
  if (attach && flags.changed("attach") && image === "" && container === "") {
    throw new KubectlError("you must specify --container or create a new container using --image in order to attach.");
  }
  if (copy !== "") {
    if (image === "" && images.size === 0 && words.length === 0) {
      throw new KubectlError("you must specify --image, --set-image or command arguments.");
    }
    if (words.length > 0 && container === "" && image === "") {
      throw new KubectlError("you must specify an existing container or a new image when specifying args.");
    }
  } else {
    if (flags.bool("replace")) throw new KubectlError("--replace may only be used with --copy-to.");
    if (flags.bool("same-node")) throw new KubectlError("--same-node may only be used with --copy-to.");
    if (images.size > 0) throw new KubectlError("--set-image may only be used with --copy-to.");
    if (image === "") throw new KubectlError("you must specify --image when not using --copy-to.");
  }
  if (image !== "" && !isImageReference(image)) {
    throw new KubectlError(`invalid image name ${quote(image)}: invalid reference format`);
  }
  if (names.length === 0 && flags.list("filename").length === 0) {
    throw new KubectlError("NAME or filename is required for debug");
  }
  const policy = flags.string("image-pull-policy");
  if (!["", "Always", "IfNotPresent", "Never"].includes(policy)) {
    throw new KubectlError(`invalid image pull policy: ${policy}`);
  }
  for (const [name, value] of images) {
    if (!isImageReference(value)) {
      throw new KubectlError(
        `invalid image name ${quote(value)} for container ${quote(name)}: invalid reference format`,
      );
    }
  }
  if (flags.string("target") !== "") {
    if (copy !== "") throw new KubectlError("--target is incompatible with --copy-to. Use --share-processes instead.");
    if (!flags.bool("share-processes")) {
      throw new KubectlError("--share-processes must be true when using --target");
    }
    if (!flags.bool("quiet")) {
      k.out(
        `Targeting container ${quote(flags.string("target"))}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.\n`,
      );
    }
  }
  if (flags.bool("tty") && !flags.bool("stdin")) {
    throw new KubectlError("-i/--stdin is required for containers with -t/--tty=true");
  }
}

function containerName(k: Invocation, pod: KubeObject, quiet: boolean): string {
  const given = k.flags.string("container");
  if (given !== "") return given;
  const taken = new Set(containersOf(pod).map(({ container }) => container.name));
  let name = `debugger-${suffix(k)}`;
  while (taken.has(name)) name = `debugger-${suffix(k)}`;
  if (!quiet) k.out(`Defaulting debug container name to ${name}.\n`);
  return name;
}

/** Fields of a new container that the flags say. */
function fromFlags(k: Invocation, { words, env }: Settings): Part {
  const { flags } = k;
  const out: Part = {};
  if (env.size > 0) out.env = [...env].map(([name, value]) => (value === "" ? { name } : { name, value }));
  if (flags.string("image")) out.image = flags.string("image");
  if (flags.string("image-pull-policy")) out.imagePullPolicy = flags.string("image-pull-policy");
  if (words.length > 0) out[flags.bool("arguments-only") ? "args" : "command"] = words;
  return out;
}

const terminal = (k: Invocation): Part => ({
  ...(k.flags.bool("stdin") && { stdin: true }),
  ...(k.flags.bool("tty") && { tty: true }),
});

const CONTAINER = "io.k8s.api.core.v1.Container";
const KEPT = ["name", "command", "image", "lifecycle", "volumeDevices"];

/** `--custom`: a file with parts of a container. */
function customOf(k: Invocation, file: string): Part {
  let text: string;
  try {
    text = decode(k.readFile(file));
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    throw new KubectlError(`must pass a container spec json file for custom profile: ${error.message}`);
  }
  const failed = (why: string) => new KubectlError(`${file} does not contain a valid container spec: ${why}`);
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    if (!isExpected(error)) throw error;
    throw failed(`error converting YAML to JSON: ${error.message}`);
  }
  const decoding = "error unmarshaling JSON: while decoding JSON: json: ";
  if (Array.isArray(value)) throw failed(`${decoding}cannot unmarshal array into Go value of type v1.Container`);
  const { error } = decodeAs(value ?? {}, CONTAINER);
  if (error !== undefined) throw failed(decoding + error.replace(/^json: /, ""));
  const part = (value ?? {}) as Part;
  if (KEPT.some((field) => part[field] !== undefined)) {
    throw new KubectlError("name, command, image, lifecycle and volume devices are not modifiable via custom profile");
  }
  return part;
}

/** The Pod as the profile wants it, and `--custom` over that. */
function profiled(k: Invocation, pod: KubeObject, name: string, { custom }: Settings, style: Style): KubeObject {
  const after = applyProfile(pod, name, k.flags.string("profile"), style);
  if (custom === undefined) return after;
  return withContainer(after, name, style, (one) => applyStrategicMergePatch(one, custom, CONTAINER));
}

interface Made {
  pod: KubeObject;
  container: string;
}

/** A container added to a Pod that runs. */
function* ephemeral(k: Invocation, pod: KubeObject, settings: Settings): Gen<Made> {
  const name = containerName(k, pod, settings.quiet);
  const target = k.flags.string("target");
  const container: Part = {
    name,
    ...fromFlags(k, settings),
    ...terminal(k),
    resources: {},
    terminationMessagePolicy: "File",
    ...(target !== "" && { targetContainerName: target }),
  };
  const list = [...((pod.spec["ephemeralContainers"] as Part[] | undefined) ?? []), container];
  const after = profiled(k, { ...pod, spec: { ...pod.spec, ephemeralContainers: list } }, name, settings, "ephemeral");
  const patch = createStrategicMergePatch(pod as never, after as never, "io.k8s.api.core.v1.Pod");
  yield* k.flush();
  const patched = yield* k.patch(podPath(pod, "ephemeralcontainers"), patch, "strategic");
  return { pod: patched, container: name };
}

/** A Pod like another, changed for debugging. */
function* copyOf(k: Invocation, pod: KubeObject, settings: Settings): Gen<Made> {
  const { flags } = k;
  const { images } = settings;
  const { ephemeralContainers: _, ...old } = pod.spec as Part;
  const { namespace, labels, annotations } = pod.metadata;
  const copied = (one: Part): Part => {
    const image = images.get(one.name) ?? images.get("*");
    return image === undefined ? one : { ...one, image };
  };
  const spec = { ...old, containers: (old.containers as Part[]).map(copied) };
  if (flags.changed("share-processes")) spec.shareProcessNamespace = flags.bool("share-processes");
  if (!flags.bool("same-node")) delete spec.nodeName;
  const metadata = {
    name: flags.string("copy-to"),
    namespace,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
  };
  let made = { apiVersion: "v1", kind: "Pod", metadata, spec } as unknown as KubeObject;
  let name = flags.string("container");
  const existing = (made.spec.containers as Part[]).some((one) => one.name === name);
  if (!existing && flags.string("image") === "") {
    if (images.size === 0) throw new KubectlError("you must specify image when creating new container");
    name = "";
  } else {
    if (!existing) {
      name = containerName(k, made, settings.quiet);
      const added = { name, resources: {}, terminationMessagePolicy: "File" };
      made = { ...made, spec: { ...made.spec, containers: [...made.spec.containers, added] } };
    }
    made = withContainer(made, name, "copy", ({ stdin: _stdin, tty: _tty, ...rest }) => {
      if (settings.words.length > 0) delete rest.args;
      return { ...rest, ...fromFlags(k, settings), ...terminal(k) };
    });
    made = profiled(k, withoutKept(k, made), name, settings, "copy");
  }
  yield* k.flush();
  const created = yield* createObject(k, PODS, namespace!, made, {});
  if (flags.bool("replace")) {
    yield* k.object("DELETE", podPath(pod, "").replace(/\/$/, ""), { kind: "DeleteOptions", apiVersion: "v1" });
  }
  return { pod: created, container: name };
}

/** The copy without what the `--keep-` flags do not keep. */
function withoutKept({ flags }: Invocation, pod: KubeObject): KubeObject {
  const { labels, annotations, ...metadata } = pod.metadata;
  const { initContainers, ...spec } = pod.spec as Part;
  const drop = ["livenessProbe", "readinessProbe", "startupProbe"].filter(
    (field) => !flags.bool(`keep-${field.slice(0, -"Probe".length)}`),
  );
  const bare = (one: Part): Part => Object.fromEntries(Object.entries(one).filter(([field]) => !drop.includes(field)));
  return {
    ...pod,
    metadata: {
      ...metadata,
      ...(flags.bool("keep-labels") && labels && { labels }),
      ...(flags.bool("keep-annotations") && annotations && { annotations }),
    },
    spec: {
      ...spec,
      ...(flags.bool("keep-init-containers") && initContainers && { initContainers }),
      containers: (spec.containers as Part[]).map(bare),
    },
  } as KubeObject;
}

/** A Pod on a node, with the node's files and namespaces. */
function* onNode(k: Invocation, node: KubeObject, settings: Settings): Gen<Made> {
  const container = k.flags.string("container") || "debugger";
  const name = `node-debugger-${node.metadata.name}-${suffix(k)}`;
  if (!settings.quiet) {
    k.out(`Creating debugging pod ${name} with container ${container} on node ${node.metadata.name}.\n`);
  }
  const style: Style = "node";
  const bare = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      containers: [
        {
          name: container,
          ...fromFlags(k, settings),
          ...terminal(k),
          resources: {},
          terminationMessagePolicy: "File",
        },
      ],
      nodeName: node.metadata.name,
      restartPolicy: "Never",
      tolerations: [{ operator: "Exists" }],
    },
  } as unknown as KubeObject;
  yield* k.flush();
  const pod = yield* createObject(k, PODS, k.namespace, profiled(k, bare, container, settings, style), {});
  return { pod, container };
}

/** Attaches where that was asked for; a container that has ended shows what it wrote. */
function* finish(k: Invocation, { attach, quiet }: Settings, { pod, container }: Made): Gen {
  if (!attach || container === "") return;
  const { namespace = "", name } = pod.metadata;
  const WEEK = 168 * 3600 * SECOND;
  let found: KubeObject = pod;
  let ended = false;
  const check = (event: WatchEvent | undefined): boolean => {
    if (event === undefined) return false;
    if (event.type === "DELETED") throw new KubectlError(`pods ${quote(name)} not found`);
    found = { ...event.object, apiVersion: "v1", kind: "Pod" };
    const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = found.status ?? {};
    const all = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses] as Part[];
    const status = all.find((one) => one.name === container);
    ended = status?.state?.terminated !== undefined;
    return ended || status?.state?.running !== undefined;
  };
  yield* k.flush();
  if (!(yield* until(k, { mapping: PODS, namespace, name }, k.p.machine.kernel.now + WEEK, check))) return;
  if (ended) {
    yield* consumeContainerLogs(k, found, container);
    return;
  }
  yield* attachTo(k, found, {
    container,
    stdin: k.flags.bool("stdin"),
    tty: k.flags.bool("tty"),
    quiet,
    commandName: "kubectl attach",
  });
}
