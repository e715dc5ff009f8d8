import type { KubeObject, WatchEvent } from "../../api/types.ts";
import { type Gen, SECOND } from "../../kernel/index.ts";
import { createObject, createOrUpdateAnnotation, type DryRun, dryRun, typedPrinter } from "./changes.ts";
import { cascadeOf, type DeleteSettings, deleteResult } from "./delete.ts";
import { Exit, isExpected, KubectlError, usageError } from "./errors.ts";
import { attachTo } from "./exec.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { consumePodLogs } from "./logs.ts";
import { applyOverrides } from "./overrides.ts";
import { parseLabelPairs } from "./pairs.ts";
import { isReady, PODS } from "./pods.ts";
import { requireFlags } from "./required.ts";
import { infoOf } from "./resources.ts";
import { until } from "./until.ts";

/** kubectl run. */
export function* run(k: Invocation): Gen<number> {
  const { flags, args } = k;
  requireFlags(k, ["image"]);
  const strategy = dryRun(k);
  const stdin = flags.bool("stdin");
  const attach = flags.changed("attach") ? flags.bool("attach") : stdin;
  const print = typedPrinter(k, strategy);
  const cascade = cascadeOf(flags.string("cascade"), (text) => k.err(text));
  validate(k, attach, strategy);
  const restart = flags.string("restart");
  const name = args[0]!;
  if (name === "") throw new KubectlError("Parameter: name is required");
  const generated = generatePod(k, name, args.slice(1), restart);
  // Even one that is only printed is looked up at the server.
  yield* k.resources(1);
  const pod = applyOverrides(k, generated);
  const object = yield* submit(k, pod, strategy);
  if (flags.bool("expose")) {
    const service = generateService(k, name);
    const made = strategy === "client" ? place(k, service) : yield* createService(k, service, strategy);
    print(made, "created");
    if (flags.string("output") === "yaml") k.out("---\n");
  }
  if (!attach) {
    print(object, "created");
    return 0;
  }
  try {
    return yield* attached(k, object, restart);
  } finally {
    if (flags.bool("rm")) yield* remove(k, object, cascade);
  }
}

function validate(k: Invocation, attach: boolean, strategy: DryRun): void {
  const { flags, args } = k;
  const usage = (text: string) => usageError("run", text);
  if (args.length === 0) throw usage("NAME is required for run");
  if (flags.duration("pod-running-timeout") <= 0) throw usage("--pod-running-timeout must be higher than zero");
  const image = flags.string("image");
  if (image === "") throw new KubectlError("--image is required");
  if (!isImageReference(image)) throw new KubectlError(`Invalid image name ${quote(image)}: invalid reference format`);
  if (flags.bool("tty") && !flags.bool("stdin"))
    throw usage("-i/--stdin is required for containers with -t/--tty=true");
  if (flags.bool("expose") && flags.string("port") === "") throw usage("--port must be set when exposing a service");
  const restart = flags.string("restart");
  if (!["", "Always", "OnFailure", "Never"].includes(restart)) throw usage(`invalid restart policy: ${restart}`);
  if (!attach && flags.bool("rm")) throw usage("--rm should only be used for attached containers");
  if (attach && strategy !== "none") {
    throw usage(
      "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
    );
  }
  const policy = flags.string("image-pull-policy");
  if (!["", "Always", "IfNotPresent", "Never"].includes(policy)) throw usage(`invalid image pull policy: ${policy}`);
}

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const DOMAIN =
  "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?";
const IMAGE = new RegExp(
  `^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

/** The grammar of distribution/reference. */
export function isImageReference(image: string): boolean {
  return image.length < 512 && IMAGE.test(image);
}

function generatePod(k: Invocation, name: string, rest: readonly string[], restart: string): KubeObject {
  const { flags } = k;
  // Complaints come in the generator's order (pkg/generate/versioned/run.go).
  const env = parseEnv(flags.array("env"));
  const annotations = parseAnnotations(flags.array("annotations"));
  const labels = flags.string("labels") === "" ? { run: name } : parseLabelPairs(flags.string("labels"));
  const container: Record<string, unknown> = { name, image: flags.string("image"), resources: {} };
  if (rest.length > 0) container[flags.bool("command") ? "command" : "args"] = rest;
  if (env.length > 0) container["env"] = env;
  if (flags.string("image-pull-policy")) container["imagePullPolicy"] = flags.string("image-pull-policy");
  if (flags.string("port")) {
    const port = Number(flags.string("port"));
    if (!/^\d+$/.test(flags.string("port"))) {
      throw new KubectlError(`strconv.Atoi: parsing ${quote(flags.string("port"))}: invalid syntax`);
    }
    container["ports"] = [{ containerPort: port }];
  }
  if (flags.bool("privileged")) container["securityContext"] = { privileged: true };
  if (flags.bool("stdin")) container["stdin"] = true;
  if (flags.bool("stdin") && !flags.bool("leave-stdin-open")) container["stdinOnce"] = true;
  if (flags.bool("tty")) container["tty"] = true;
  const metadata: Record<string, unknown> = { creationTimestamp: null, labels, name };
  if (Object.keys(annotations).length > 0) metadata["annotations"] = annotations;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { containers: [container], dnsPolicy: "ClusterFirst", restartPolicy: restart || "Always" },
    status: {},
  } as unknown as KubeObject;
}

/** `NAME=value` pairs of `--env`. */
function parseEnv(list: readonly string[]): { name: string; value?: string }[] {
  return list.map((text) => {
    const equals = text.indexOf("=");
    const name = text.slice(0, Math.max(equals, 0));
    if (equals < 1 || !/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name)) throw new KubectlError(`invalid env: ${text}`);
    const value = text.slice(equals + 1);
    return value === "" ? { name } : { name, value };
  });
}

function parseAnnotations(list: readonly string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const text of list) {
    const equals = text.indexOf("=");
    if (equals < 1) throw new KubectlError(`invalid annotations format: ${text}`);
    out[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return out;
}

function place(k: Invocation, object: KubeObject): KubeObject {
  const { namespace, explicitNamespace } = k.target();
  return explicitNamespace ? { ...object, metadata: { ...object.metadata, namespace } } : object;
}

function* submit(k: Invocation, pod: KubeObject, strategy: DryRun): Gen<KubeObject> {
  if (strategy === "client") return place(k, pod);
  const query = { dryRun: strategy, fieldManager: k.flags.string("field-manager") };
  return yield* createObject(k, PODS, k.namespace, createOrUpdateAnnotation(k, pod), query);
}

function generateService(k: Invocation, name: string): KubeObject {
  const { flags } = k;
  const selector = flags.string("labels") === "" ? { run: name } : parseLabelPairs(flags.string("labels"));
  const port = Number(flags.string("port"));
  const metadata: Record<string, unknown> = { creationTimestamp: null, name };
  if (flags.string("labels") !== "") metadata["labels"] = selector;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { ports: [{ port, protocol: "TCP", targetPort: port }], selector },
    status: { loadBalancer: {} },
  } as unknown as KubeObject;
}

function* createService(k: Invocation, service: KubeObject, strategy: DryRun): Gen<KubeObject> {
  const mapping = { ...PODS, resource: "services", kind: "Service" };
  return yield* createObject(k, mapping, k.namespace, service, {
    dryRun: strategy,
    fieldManager: k.flags.string("field-manager"),
  });
}

/** Waits for the Pod, attaches, and ends with the container's status where it will not be restarted. */
function* attached(k: Invocation, object: KubeObject, restart: string): Gen<number> {
  const { flags } = k;
  const timeout = flags.duration("pod-running-timeout");
  let pod = yield* waitForPod(k, object, timeout, (found) => isReady(found) && found.status?.phase === "Running");
  const done = (phase: unknown) => phase === "Succeeded" || phase === "Failed";
  if (done(pod.status?.phase)) yield* consumePodLogs(k, pod);
  else {
    try {
      yield* attachTo(k, pod, {
        container: "",
        stdin: flags.bool("stdin"),
        tty: flags.bool("tty"),
        quiet: flags.bool("quiet"),
        commandName: "kubectl attach",
      });
    } catch (error) {
      if (!isExpected(error)) throw error;
      k.err(`warning: couldn't attach to pod/${pod.metadata.name}, falling back to streaming logs: ${error.message}\n`);
      yield* consumePodLogs(k, pod);
    }
  }
  yield* k.flush();
  if (flags.bool("leave-stdin-open") || (restart !== "Never" && restart !== "OnFailure")) return 0;
  const wanted = (found: KubeObject) =>
    restart === "Never" ? done(found.status?.phase) : found.status?.phase === "Succeeded";
  pod = yield* waitForPod(k, object, timeout, wanted);
  if (pod.status?.phase === "Succeeded") return 0;
  const { namespace, name } = pod.metadata;
  const terminated = pod.status?.containerStatuses?.[0]?.state?.terminated;
  if (!terminated?.exitCode) throw new KubectlError(`pod ${namespace}/${name} failed with unknown exit code`);
  throw new Exit(
    terminated.exitCode,
    `pod ${namespace}/${name} terminated (${terminated.reason ?? ""})\n${terminated.message ?? ""}`,
  );
}

function* waitForPod(
  k: Invocation,
  object: KubeObject,
  timeout: number,
  wanted: (pod: KubeObject) => boolean,
): Gen<KubeObject> {
  const { namespace = "", name } = object.metadata;
  const target = { mapping: PODS, namespace, name };
  let found: KubeObject | undefined;
  const check = (event: WatchEvent | undefined): boolean => {
    if (event === undefined) return false;
    if (event.type === "DELETED") throw new KubectlError(`pods "" not found`);
    found = { ...event.object, apiVersion: "v1", kind: "Pod" };
    const phase = found.status?.phase;
    return wanted(found) || phase === "Succeeded" || phase === "Failed";
  };
  if (yield* until(k, target, k.p.machine.kernel.now + timeout, check)) return found!;
  throw new KubectlError("timed out waiting for the condition");
}

function* remove(k: Invocation, object: KubeObject, cascade: DeleteSettings["cascade"]): Gen {
  const settings: DeleteSettings = {
    gracePeriod: -1,
    cascade,
    dryRun: "none",
    output: "",
    quiet: k.flags.bool("quiet"),
    ignoreNotFound: true,
    wait: false,
    timeout: 168 * 3600 * SECOND,
    warnClusterScope: false,
  };
  const info = infoOf(PODS, object);
  yield* deleteResult(
    k,
    { infos: [info], errors: [], failedAt: [], singleItemImplied: true, targetsSingleItems: true },
    settings,
  );
  yield* k.flush();
}
