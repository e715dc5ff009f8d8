import { parseDuration } from "../api/go-time.ts";
import { SECOND } from "../kernel/index.ts";
import { configurationProblems } from "./configuration-rules.ts";
import { EXTENSION_POINTS } from "./plugins/index.ts";
import type { ProfileSettings } from "./profile.ts";

/** KubeSchedulerConfiguration with its defaults (pkg/scheduler/apis/config/v1). Durations in µs. */
export interface SchedulerConfiguration {
  parallelism: number;
  leaderElection: {
    leaderElect: boolean;
    leaseDuration: number;
    renewDeadline: number;
    retryPeriod: number;
    resourceLock: string;
    resourceName: string;
    resourceNamespace: string;
  };
  clientConnection: { kubeconfig: string; qps: number; burst: number };
  percentageOfNodesToScore: number | undefined;
  podInitialBackoffSeconds: number;
  podMaxBackoffSeconds: number;
  profiles: readonly ProfileSettings[];
}

type Doc = Record<string, unknown>;

const GROUP_VERSION = "kubescheduler.config.k8s.io/v1";
const KIND = "KubeSchedulerConfiguration";
/** Where upstream makes the scheme that knows its kinds; its decoder tells it. */
const SCHEME = "pkg/scheduler/apis/config/scheme/scheme.go:30";

/** Fields of a type; `true`: whatever it is, it is not looked into. */
interface Fields {
  [field: string]: Fields | readonly [Fields] | true;
}

const REFS: Fields = { enabled: [{ name: true, weight: true }], disabled: [{ name: true, weight: true }] };
const PLUGINS: Fields = Object.fromEntries([...EXTENSION_POINTS, "multiPoint"].map((point) => [point, REFS]));
const FIELDS: Fields = {
  apiVersion: true,
  kind: true,
  parallelism: true,
  leaderElection: {
    leaderElect: true,
    leaseDuration: true,
    renewDeadline: true,
    retryPeriod: true,
    resourceLock: true,
    resourceName: true,
    resourceNamespace: true,
  },
  clientConnection: { kubeconfig: true, acceptContentTypes: true, contentType: true, qps: true, burst: true },
  enableProfiling: true,
  enableContentionProfiling: true,
  percentageOfNodesToScore: true,
  podInitialBackoffSeconds: true,
  podMaxBackoffSeconds: true,
  profiles: [
    {
      schedulerName: true,
      percentageOfNodesToScore: true,
      plugins: PLUGINS,
      pluginConfig: [{ name: true, args: true }],
    },
  ],
  extenders: [
    {
      urlPrefix: true,
      filterVerb: true,
      preemptVerb: true,
      prioritizeVerb: true,
      weight: true,
      bindVerb: true,
      enableHTTPS: true,
      tlsConfig: true,
      httpTimeout: true,
      nodeCacheCapable: true,
      managedResources: [{ name: true, ignoredByScheduler: true }],
      ignorable: true,
    },
  ],
  delayCacheUntilActive: true,
};

/** Fields of the plugins' arguments, besides apiVersion and kind. */
const ARGS: Readonly<Record<string, readonly string[]>> = {
  DefaultPreemption: ["minCandidateNodesPercentage", "minCandidateNodesAbsolute"],
  DynamicResources: [],
  InterPodAffinity: ["hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods"],
  NodeAffinity: ["addedAffinity"],
  NodeResourcesBalancedAllocation: ["resources"],
  NodeResourcesFit: ["ignoredResources", "ignoredResourceGroups", "scoringStrategy"],
  PodTopologySpread: ["defaultConstraints", "defaultingType"],
  VolumeBinding: ["bindTimeoutSeconds", "shape"],
};

/** A configuration that cannot be used, in the words of what finds that out. */
class Unusable extends Error {}

/** The configuration without a file. */
export function defaultConfiguration(): SchedulerConfiguration {
  return complete({});
}

/** What a document of a configuration file says, or why it says nothing (cmd/kube-scheduler/app/options/configfile.go). */
export function schedulerConfiguration(document: unknown): SchedulerConfiguration | string {
  try {
    if (document !== undefined && document !== null && !isDoc(document)) throw new Unusable(noObject(document));
    const file = document ?? {};
    registered(file, document);
    const unknown = [...unknownFields(file, FIELDS, ""), ...wrongArgs(file)];
    if (unknown.length > 0) throw new Unusable(`strict decoding error: ${unknown.join(", ")}`);
    return complete(file);
  } catch (error) {
    if (error instanceof Unusable) return error.message;
    throw error;
  }
}

/** Why a configuration is not allowed, in one text; undefined when it is. */
export function configurationProblem(configuration: SchedulerConfiguration): string | undefined {
  const causes = configurationProblems(configuration);
  return causes.length > 1 ? `[${causes.join(", ")}]` : causes[0];
}

const isDoc = (value: unknown): value is Doc => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): Doc[] => (Array.isArray(value) ? value.filter(isDoc) : []);

function noObject(document: unknown): string {
  const what = Array.isArray(document) ? "array" : typeof document === "boolean" ? "bool" : typeof document;
  const fields = [
    ["APIVersion", "apiVersion"],
    ["Kind", "kind"],
  ].map(([name, key]) => `${name} string "json:\\"${key},omitempty\\""`);
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go value of type struct { ${fields.join("; ")} }`;
}

function registered(file: Doc, document: unknown): void {
  const { kind, apiVersion } = file;
  if (!kind) throw new Unusable(`Object 'Kind' is missing in '${JSON.stringify(document ?? null)}'`);
  if (kind === KIND && apiVersion === GROUP_VERSION) return;
  throw new Unusable(
    `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion ?? "")} in scheme "${SCHEME}"`,
  );
}

function unknownFields(value: unknown, fields: Fields, at: string): string[] {
  if (!isDoc(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = at === "" ? name : `${at}.${name}`;
    const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (known === undefined) return [`unknown field "${path}"`];
    if (known === true || inner === null) return [];
    if (Array.isArray(known)) {
      if (!Array.isArray(inner)) throw new Unusable(mismatch(inner, path));
      return inner.flatMap((one, i) => unknownFields(one, known[0], `${path}[${i}]`));
    }
    if (!isDoc(inner)) throw new Unusable(mismatch(inner, path));
    return unknownFields(inner, known as Fields, path);
  });
}

function mismatch(value: unknown, path: string): string {
  const what = Array.isArray(value)
    ? "array"
    : isDoc(value)
      ? "object"
      : typeof value === "boolean"
        ? "bool"
        : typeof value;
  const fields = path.replace(/\[\d+\]/g, "");
  return `json: cannot unmarshal ${what} into Go struct field ${KIND}.${fields}`;
}

/** Arguments that are not of their plugin's type. */
function wrongArgs(file: Doc): string[] {
  return listOf(file["profiles"]).flatMap((profile, i) =>
    listOf(profile["pluginConfig"]).flatMap((config, j) => {
      const name = String(config["name"]);
      const fields = ARGS[name];
      const args = config["args"];
      if (fields === undefined || !isDoc(args)) return [];
      const at = `decoding .profiles[${i}].pluginConfig[${j}]`;
      const { kind = `${name}Args`, apiVersion = GROUP_VERSION } = args;
      if (apiVersion !== GROUP_VERSION) {
        const why = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "${SCHEME}"`;
        throw new Unusable(`${at}: decoding args for plugin ${name}: ${why}`);
      }
      if (kind !== `${name}Args`) {
        const [want, got] = [`${name}Args`, String(kind)].map((one) => `${one}.kubescheduler.config.k8s.io`);
        throw new Unusable(`${at}: args for plugin ${name} were not of type ${want}, got ${got}`);
      }
      const unknown = Object.keys(args).filter(
        (one) => one !== "kind" && one !== "apiVersion" && !fields.includes(one),
      );
      if (unknown.length === 0) return [];
      const why = unknown.map((one) => `unknown field "${one}"`).join(", ");
      return [`${at}: strict decoding error: decoding args for plugin ${name}: strict decoding error: ${why}`];
    }),
  );
}

function complete(file: Doc): SchedulerConfiguration {
  const election = isDoc(file["leaderElection"]) ? file["leaderElection"] : {};
  const client = isDoc(file["clientConnection"]) ? file["clientConnection"] : {};
  const number = (from: Doc, name: string, usual: number) => (typeof from[name] === "number" ? from[name] : usual);
  const text = (from: Doc, name: string, usual: string) => String(from[name] || usual);
  const profiles = listOf(file["profiles"]) as Partial<ProfileSettings>[];
  return {
    parallelism: number(file, "parallelism", 16),
    leaderElection: {
      leaderElect: election["leaderElect"] !== false,
      leaseDuration: durationOf(election["leaseDuration"], 15),
      renewDeadline: durationOf(election["renewDeadline"], 10),
      retryPeriod: durationOf(election["retryPeriod"], 2),
      resourceLock: text(election, "resourceLock", "leases"),
      resourceName: text(election, "resourceName", "kube-scheduler"),
      resourceNamespace: text(election, "resourceNamespace", "kube-system"),
    },
    clientConnection: {
      kubeconfig: text(client, "kubeconfig", ""),
      qps: number(client, "qps", 0) || 50,
      burst: number(client, "burst", 0) || 100,
    },
    percentageOfNodesToScore: file["percentageOfNodesToScore"] as number | undefined,
    podInitialBackoffSeconds: number(file, "podInitialBackoffSeconds", 1),
    podMaxBackoffSeconds: number(file, "podMaxBackoffSeconds", 10),
    profiles: profiles.length === 0 ? [{ schedulerName: "default-scheduler" }] : named(profiles),
  };
}

/** A lone profile may go without a name. */
function named(profiles: readonly Partial<ProfileSettings>[]): ProfileSettings[] {
  return profiles.map((one) => ({
    ...one,
    schedulerName: one.schedulerName || (profiles.length === 1 ? "default-scheduler" : ""),
  }));
}

function durationOf(value: unknown, seconds: number): number {
  if (value === undefined || value === null) return seconds * SECOND;
  const read = parseDuration(String(value));
  if (typeof read === "string") throw new Unusable(read);
  return read === 0 ? seconds * SECOND : read / 1000;
}
