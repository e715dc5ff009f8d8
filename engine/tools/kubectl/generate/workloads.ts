/** create deployment, job, cronjob, service, priorityclass, quota, pdb. */
import { dns1123Subdomain } from "../../../api/validation/names.ts";
import { KubectlError } from "../errors.ts";
import { quote } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { suffix } from "../random-name.ts";
import { requireFlags } from "../required.ts";
import { build } from "../resources.ts";
import { parseToLabelSelector } from "../selector-text.ts";
import { quantities } from "../set/other.ts";
import { commandArguments, generating, type Json, meta } from "./generator.ts";

/** Container names of images: the last part without tag, made unique by a random ending where it was changed. */
function containerName(k: Invocation, image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  const bare = last.split(":")[0]!.split("@")[0]!;
  return /[_.]/.test(bare) ? `${bare.replace(/[_.]/g, "-")}-${suffix(k)}` : bare;
}

function podSpec(k: Invocation, images: readonly string[]): Json {
  const command = commandArguments(k);
  const containers = images.map((image) => ({
    ...(command.length > 0 && { command }),
    image,
    name: containerName(k, image),
    resources: {},
  }));
  return { containers };
}

const deploymentGenerator = generating(
  (k, name) => {
    const { flags } = k;
    const images = flags.list("image");
    if (images.length > 1 && commandArguments(k).length > 0) {
      throw new KubectlError("cannot specify multiple --image options and command");
    }
    const labels = { app: name };
    const spec = podSpec(k, images);
    const port = flags.int("port");
    if (port >= 0 && spec.containers.length > 0) spec.containers[0].ports = [{ containerPort: port }];
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: meta(name, { labels }),
      spec: {
        replicas: flags.int("replicas"),
        selector: { matchLabels: labels },
        strategy: {},
        template: { metadata: { creationTimestamp: null, labels }, spec },
      },
      status: {},
    };
  },
  { failed: "deployment:" },
);

export function* deployment(k: Invocation) {
  requireFlags(k, ["image"]);
  return yield* deploymentGenerator(k);
}

export const job = generating(
  function* (k, name) {
    const { flags } = k;
    const image = flags.string("image");
    const from = flags.string("from");
    const command = commandArguments(k);
    if ((image === "") === (from === "")) throw new KubectlError("either --image or --from must be specified");
    if (from !== "" && command.length > 0) throw new KubectlError("cannot specify --from and command");
    if (from === "") {
      const container = { ...(command.length > 0 && { command }), image, name, resources: {} };
      const template = {
        metadata: { creationTimestamp: null },
        spec: { containers: [container], restartPolicy: "Never" },
      };
      return { apiVersion: "batch/v1", kind: "Job", metadata: meta(name), spec: { template }, status: {} };
    }
    const { infos } = yield* build(k, { args: [from], flatten: true, typed: true });
    if (infos.length !== 1) throw new KubectlError("from must be an existing cronjob");
    const cron = infos[0]!.object!;
    if (cron.kind !== "CronJob") throw new KubectlError(`unknown object type *v1.${cron.kind}`);
    const { metadata = {}, spec } = cron.spec.jobTemplate;
    const owner = {
      apiVersion: "batch/v1",
      controller: true,
      kind: "CronJob",
      name: cron.metadata.name,
      uid: cron.metadata.uid,
    };
    return {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: meta(name, {
        annotations: { "cronjob.kubernetes.io/instantiate": "manual", ...metadata.annotations },
        ...(metadata.labels && { labels: metadata.labels }),
        ownerReferences: [owner],
      }),
      spec,
      status: {},
    };
  },
  { failed: "job:" },
);

const cronJobGenerator = generating(
  (k, name) => {
    const { flags } = k;
    const command = commandArguments(k);
    const container = { ...(command.length > 0 && { command }), image: flags.string("image"), name, resources: {} };
    const restartPolicy = flags.string("restart") || "OnFailure";
    const template = { metadata: { creationTimestamp: null }, spec: { containers: [container], restartPolicy } };
    return {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: meta(name),
      spec: { jobTemplate: { metadata: meta(name), spec: { template } }, schedule: flags.string("schedule") },
      status: {},
    };
  },
  { failed: "cronjob:" },
);

export function* cronJob(k: Invocation) {
  requireFlags(k, ["image", "schedule"]);
  return yield* cronJobGenerator(k);
}

const PORT_NAME = /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;

/** `80`, `80:8080` or `80:http`. */
function ports(text: string): { port: number; targetPort: number | string } {
  const [first, second] = text.split(":") as [string, string | undefined];
  const refuse = (why: string) => new KubectlError(`strconv.ParseUint: parsing ${quote(first)}: ${why}`);
  if (!/^\d+$/.test(first)) throw refuse("invalid syntax");
  const port = Number(first);
  if (port > 65_535) throw refuse("value out of range");
  const range = (value: number) => value >= 1 && value <= 65_535;
  const words = "must be between 1 and 65535, inclusive";
  if (second === undefined) return { port, targetPort: port };
  if (/^[-+]?\d+$/.test(second)) {
    if (!range(Number(second))) throw new KubectlError(words);
    return { port, targetPort: Number(second) };
  }
  if (!PORT_NAME.test(second) || second.length > 15) {
    throw new KubectlError("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  return { port, targetPort: second };
}

function service(type: string) {
  return generating(
    (k, name) => {
      const { flags } = k;
      const tcp = flags.list("tcp");
      const clusterIP = type === "ClusterIP" ? flags.string("clusterip") : "";
      const externalName = type === "ExternalName" ? flags.string("external-name") : "";
      if (clusterIP !== "None" && tcp.length === 0 && type !== "ExternalName") {
        throw new KubectlError("at least one tcp port specifier must be provided");
      }
      if (type === "ExternalName" && dns1123Subdomain(externalName).length > 0) {
        throw new KubectlError(`invalid service external name ${externalName}`);
      }
      const labels = { app: name };
      const nodePort = type === "NodePort" ? flags.int("node-port") : 0;
      const list = tcp.map((text) => ({
        name: text.replaceAll(":", "-"),
        ...(nodePort !== 0 && { nodePort }),
        ...ports(text),
        protocol: "TCP",
      }));
      return {
        apiVersion: "v1",
        kind: "Service",
        metadata: meta(name, { labels }),
        spec: {
          ...(clusterIP && { clusterIP }),
          ...(externalName && { externalName }),
          ...(list.length > 0 && { ports: list }),
          selector: labels,
          type,
        },
        status: { loadBalancer: {} },
      };
    },
    { failed: `${type} service:` },
  );
}

export const serviceClusterIp = service("ClusterIP");
export const serviceNodePort = service("NodePort");
export const serviceLoadBalancer = service("LoadBalancer");
const externalNameGenerator = service("ExternalName");

export function* serviceExternalName(k: Invocation) {
  requireFlags(k, ["external-name"]);
  return yield* externalNameGenerator(k);
}

export const priorityClass = generating(
  (k, name) => {
    const { flags } = k;
    const object: Json = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: meta(name) };
    if (flags.string("description")) object.description = flags.string("description");
    if (flags.bool("global-default")) object.globalDefault = true;
    object.preemptionPolicy = flags.string("preemption-policy");
    object.value = flags.int("value");
    return object;
  },
  { plural: "priorityclasses", clusterScoped: true, failed: "priorityclass:" },
);

export const quota = generating(
  (k, name) => {
    const hard = quantities(k.flags.string("hard"));
    const scopes = k.flags.string("scopes") === "" ? [] : k.flags.string("scopes").split(",");
    if (scopes.includes("")) throw new KubectlError('invalid resource quota scope ""');
    return {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: meta(name),
      spec: { ...(Object.keys(hard).length > 0 && { hard }), ...(scopes.length > 0 && { scopes }) },
      status: {},
    };
  },
  { failed: "quota:", named: true },
);

export const podDisruptionBudget = generating(
  (k, name) => {
    const { flags } = k;
    const [selector, min, max] = [
      flags.string("selector"),
      flags.string("min-available"),
      flags.string("max-unavailable"),
    ];
    if (selector === "") throw new KubectlError("a selector must be specified");
    if (min === "" && max === "") throw new KubectlError("one of min-available or max-unavailable must be specified");
    if (min !== "" && max !== "") throw new KubectlError("min-available and max-unavailable cannot be both specified");
    const form = /^[0-9]+%?$/;
    if (min !== "" && !form.test(min)) throw new KubectlError("invalid format specified for min-available");
    if (max !== "" && !form.test(max)) throw new KubectlError("invalid format specified for max-unavailable");
    const amount = (text: string) => (text.endsWith("%") ? text : Number(text));
    return {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: meta(name),
      spec: {
        ...(max !== "" && { maxUnavailable: amount(max) }),
        ...(min !== "" && { minAvailable: amount(min) }),
        selector: parseToLabelSelector(selector),
      },
      status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
    };
  },
  { failed: "poddisruptionbudgets:", named: true },
);
