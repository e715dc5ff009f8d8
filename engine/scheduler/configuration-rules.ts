import { quoteString } from "../text/go-quote.ts";
import type { SchedulerConfiguration } from "./configuration.ts";
import type { ShapePoint } from "./plugins/node-resources-fit.ts";

// biome-ignore lint/suspicious/noExplicitAny: arguments of a configuration file
type Args = any;

const STRATEGIES = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"];
const ACTIONS = ["DoNotSchedule", "ScheduleAnyway"];

const invalid = (path: string, value: unknown, why: string) =>
  `${path}: Invalid value: ${typeof value === "string" ? quoteString(value) : String(value)}: ${why}`;
const unsupported = (path: string, value: unknown, known: readonly string[]) =>
  `${path}: Unsupported value: ${quoteString(String(value ?? ""))}: supported values: ${known.map((one) => quoteString(one)).join(", ")}`;

/** What upstream's validation says against a configuration (pkg/scheduler/apis/config/validation). */
export function configurationProblems(c: SchedulerConfiguration): string[] {
  const out: string[] = [];
  const { leaderElection: election } = c;
  if (election.leaderElect) {
    const at = "leaderElection";
    if (election.leaseDuration <= election.renewDeadline)
      out.push(
        `${at}.leaseDuration: Invalid value: "${seconds(election.renewDeadline)}": LeaseDuration must be greater than RenewDeadline`,
      );
    if (election.resourceLock !== "leases")
      out.push(invalid(`${at}.resourceLock`, election.resourceLock, 'resourceLock value must be "leases"'));
  }
  if (c.parallelism <= 0)
    out.push(invalid("parallelism", c.parallelism, "should be an integer value greater than zero"));
  const seen = new Map<string, number>();
  for (const [i, { schedulerName, pluginConfig = [] }] of c.profiles.entries()) {
    const at = `profiles[${i}]`;
    if (schedulerName === "") out.push(`${at}.schedulerName: Required value`);
    const configured = new Set<string>();
    for (const [j, { name, args }] of pluginConfig.entries()) {
      const path = `${at}.pluginConfig[${j}]`;
      if (configured.has(name)) out.push(`${path}: Duplicate value: ${quoteString(name)}`);
      configured.add(name);
      out.push(...(RULES[name]?.(args ?? {}, `${path}.args`) ?? []));
    }
    const first = seen.get(schedulerName);
    if (first !== undefined) out.push(`${at}.schedulerName: Duplicate value: "profiles[${first}].schedulerName"`);
    else seen.set(schedulerName, i);
  }
  const percentage = c.percentageOfNodesToScore ?? 0;
  if (percentage < 0 || percentage > 100)
    out.push(invalid("percentageOfNodesToScore", percentage, "not in valid range [0-100]"));
  if (c.podInitialBackoffSeconds <= 0)
    out.push(invalid("podInitialBackoffSeconds", c.podInitialBackoffSeconds, "must be greater than 0"));
  if (c.podMaxBackoffSeconds < c.podInitialBackoffSeconds)
    out.push(
      invalid(
        "podMaxBackoffSeconds",
        c.podMaxBackoffSeconds,
        "must be greater than or equal to PodInitialBackoffSeconds",
      ),
    );
  return out;
}

const seconds = (us: number) => `${us / 1e6}s`;

/** Rules for the arguments of plugins (validation_pluginargs.go); upstream asks NodeResourcesFit's when the plugin is made. */
const RULES: Readonly<Record<string, (args: Args, at: string) => string[]>> = {
  InterPodAffinity: ({ hardPodAffinityWeight: weight = 1 }, at) =>
    weight < 0 || weight > 100 ? [invalid(`${at}.hardPodAffinityWeight`, weight, "not in valid range [0, 100]")] : [],
  DefaultPreemption: ({ minCandidateNodesPercentage: share = 10, minCandidateNodesAbsolute: least = 100 }, at) => [
    ...(share < 0 || share > 100
      ? [invalid(`${at}.minCandidateNodesPercentage`, share, "not in valid range [0, 100]")]
      : []),
    ...(least < 0 ? [invalid(`${at}.minCandidateNodesAbsolute`, least, "not in valid range [0, inf)")] : []),
  ],
  PodTopologySpread: spreadProblems,
  VolumeBinding: ({ bindTimeoutSeconds: timeout = 600 }, at) =>
    timeout < 0
      ? [invalid(`${at}.bindTimeoutSeconds`, timeout, "invalid BindTimeoutSeconds, should not be a negative value")]
      : [],
};

function spreadProblems({ defaultingType = "System", defaultConstraints = [] }: Args, at: string): string[] {
  const out: string[] = [];
  if (defaultingType !== "System" && defaultingType !== "List")
    out.push(unsupported(`${at}.defaultingType`, defaultingType, ["System", "List"]));
  if (defaultingType === "System" && defaultConstraints.length > 0)
    out.push(invalid(`${at}.defaultingType`, defaultingType, "when .defaultConstraints are not empty"));
  for (const [i, c] of (defaultConstraints as Args[]).entries()) {
    const path = `${at}.defaultConstraints[${i}]`;
    if (!(c.maxSkew > 0)) out.push(invalid(`${path}.maxSkew`, c.maxSkew ?? 0, "not in valid range (0, inf)"));
    if (!c.topologyKey) out.push(`${path}.topologyKey: Required value: can not be empty`);
    if (!c.whenUnsatisfiable) out.push(`${path}.whenUnsatisfiable: Required value: can not be empty`);
    else if (!ACTIONS.includes(c.whenUnsatisfiable))
      out.push(unsupported(`${path}.whenUnsatisfiable`, c.whenUnsatisfiable, ACTIONS));
    if (c.labelSelector)
      out.push(`${path}.labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod`);
  }
  return out;
}

/** Why arguments of NodeResourcesFit cannot make one (ValidateNodeResourcesFitArgs). */
export function fitProblems({ scoringStrategy: strategy }: Args): string[] {
  if (strategy === undefined) return [];
  const out: string[] = [];
  const at = "scoringStrategy";
  const { type = "LeastAllocated", resources = [], requestedToCapacityRatio: ratio } = strategy;
  if (!STRATEGIES.includes(type)) out.push(unsupported(`${at}.type`, type, STRATEGIES));
  for (const [i, { name, weight = 1 }] of (resources as Args[]).entries())
    if (weight <= 0 || weight > 100)
      out.push(
        invalid(`${at}.resources[${i}].weight`, weight, `resource weight of ${name} not in valid range (0, 100]`),
      );
  if (type === "RequestedToCapacityRatio" && ratio === undefined) {
    out.push(`${at}.requestedToCapacityRatio: Required value: must be specified when type is RequestedToCapacityRatio`);
  } else if (type === "RequestedToCapacityRatio") {
    out.push(...shapeProblems(ratio.shape ?? [], `${at}.requestedToCapacityRatio.shape`));
  } else if (ratio !== undefined) {
    out.push(`${at}.requestedToCapacityRatio: Forbidden: must be nil when type is not RequestedToCapacityRatio`);
  }
  return out;
}

function shapeProblems(shape: readonly ShapePoint[], at: string): string[] {
  if (shape.length === 0) return [`${at}: Required value: at least one point must be specified`];
  const out: string[] = [];
  const back = shape.findIndex((point, i) => i > 0 && shape[i - 1]!.utilization >= point.utilization);
  if (back > 0)
    out.push(
      invalid(`${at}[${back}].utilization`, shape[back]!.utilization, "values must be sorted in increasing order"),
    );
  for (const [i, { utilization, score }] of shape.entries()) {
    if (utilization < 0 || utilization > 100)
      out.push(invalid(`${at}[${i}].utilization`, utilization, "not in valid range [0, 100]"));
    if (score < 0 || score > 10) out.push(invalid(`${at}[${i}].score`, score, "not in valid range [0, 10]"));
  }
  return out;
}
