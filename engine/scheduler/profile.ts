import { fitProblems } from "./configuration-rules.ts";
import type { Plugin, Profile } from "./framework.ts";
import { EXTENSION_POINTS, type ExtensionPoint, REGISTRY } from "./plugins/index.ts";

export interface PluginRef {
  name: string;
  weight?: number;
}

export interface PluginSet {
  enabled?: readonly PluginRef[];
  disabled?: readonly PluginRef[];
}

/** A profile as a configuration file has it (KubeSchedulerProfile). */
export interface ProfileSettings {
  schedulerName: string;
  plugins?: Partial<Record<ExtensionPoint | "multiPoint", PluginSet>>;
  pluginConfig?: readonly { name: string; args?: unknown }[];
}

const DEFAULTS: readonly PluginRef[] = Object.entries(REGISTRY).map(([name, { weight }]) => ({
  name,
  ...(weight !== undefined && { weight }),
}));

const typeOf = (point: ExtensionPoint) => `${point[0]!.toUpperCase()}${point.slice(1)}Plugin`;

/** The profile `default-scheduler`, or another with the same plugins. */
export function defaultProfile(schedulerName = "default-scheduler"): Profile {
  const profile = profileOf({ schedulerName });
  if (typeof profile === "string") throw new Error(profile);
  return profile;
}

/**
 * Puts a profile together (framework/runtime NewFramework): what is enabled at a point by name, and what is enabled at all
 * points that it has, by default or by `multiPoint`. A text says why that is no profile.
 */
export function profileOf(settings: ProfileSettings): Profile | string {
  const { schedulerName, plugins = {}, pluginConfig = [] } = settings;
  const everywhere = merged(DEFAULTS, plugins.multiPoint);
  const made = new Map<string, Plugin | undefined>();
  for (const { name } of [...everywhere, ...EXTENSION_POINTS.flatMap((point) => plugins[point]?.enabled ?? [])]) {
    const config = pluginConfig.find((one) => one.name === name);
    if (!REGISTRY[name] || made.has(name)) continue;
    const wrong = name === "NodeResourcesFit" ? fitProblems(config?.args ?? {}) : [];
    if (wrong.length > 0) {
      return `initializing plugin "${name}": ${wrong.length > 1 ? `[${wrong.join(", ")}]` : wrong[0]}`;
    }
    made.set(name, REGISTRY[name].make?.(config?.args ?? {}));
  }
  const at = {} as Record<ExtensionPoint, string[]>;
  for (const point of EXTENSION_POINTS) {
    const why = wrongAt(point, plugins[point]?.enabled ?? []);
    if (why !== undefined) return why;
  }
  for (const point of EXTENSION_POINTS) {
    const names = expanded(point, plugins[point] ?? {}, everywhere);
    if (typeof names === "string") return names;
    at[point] = names;
  }
  if (at.queueSort.length !== 1) {
    return `only one queue sort plugin required for profile with scheduler name "${schedulerName}", but got ${at.queueSort.length}`;
  }
  if (at.bind.length === 0)
    return `at least one bind plugin is needed for profile with scheduler name "${schedulerName}"`;
  const weights = [...(plugins.score?.enabled ?? []), ...everywhere];
  const weightOf = (name: string) => weights.find((one) => one.name === name)?.weight || 1;
  const those = (point: ExtensionPoint) => at[point].flatMap((name) => made.get(name) ?? []);
  return {
    schedulerName,
    preFilter: those("preFilter"),
    filter: those("filter"),
    score: those("score").map((plugin) => ({ plugin, weight: weightOf(plugin.name) })),
    preBind: those("preBind"),
    preempts: at.postFilter.includes("DefaultPreemption"),
  };
}

/** The default plugins without those that are disabled, and with those that are enabled (apis/config/v1 mergePluginSet). */
function merged(defaults: readonly PluginRef[], { enabled = [], disabled = [] }: PluginSet = {}): PluginRef[] {
  const off = new Set(disabled.map((one) => one.name));
  const kept = off.has("*") ? [] : defaults.filter((one) => !off.has(one.name));
  const own = (name: string) => enabled.findLastIndex((one) => one.name === name);
  const replaced = new Set(kept.map((one) => own(one.name)));
  return [...kept.map((one) => enabled[own(one.name)] ?? one), ...enabled.filter((_, i) => !replaced.has(i))];
}

function wrongAt(point: ExtensionPoint, enabled: readonly PluginRef[]): string | undefined {
  const seen = new Set<string>();
  for (const { name } of enabled) {
    const known = REGISTRY[name];
    if (known === undefined) return `${typeOf(point)} "${name}" does not exist`;
    if (!known.at.includes(point)) return `plugin "${name}" does not extend ${typeOf(point)} plugin`;
    if (seen.has(name)) return `plugin "${name}" already registered as "${typeOf(point)}"`;
    seen.add(name);
  }
  return undefined;
}

/** Names at a point: first those of its own that stand among `everywhere`, then the rest of these, then the rest of its own. */
function expanded(point: ExtensionPoint, set: PluginSet, everywhere: readonly PluginRef[]): string[] | string {
  const own = (set.enabled ?? []).map((one) => one.name);
  const off = new Set((set.disabled ?? []).map((one) => one.name));
  if (off.has("*")) return own;
  const others: string[] = [];
  const known = new Set<string>();
  for (const { name } of everywhere) {
    const plugin = REGISTRY[name];
    if (plugin === undefined) return `${typeOf(point)} "${name}" does not exist`;
    if (!plugin.at.includes(point) || off.has(name)) continue;
    if (own.includes(name)) {
      known.add(name);
      continue;
    }
    if (others.includes(name)) return `plugin "${name}" already registered as "${typeOf(point)}"`;
    others.push(name);
  }
  return [...own.filter((name) => known.has(name)), ...others, ...own.filter((name) => !known.has(name))];
}
