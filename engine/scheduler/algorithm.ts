import type { RandomStream } from "../kernel/index.ts";
import { FitError } from "./fit-error.ts";
import { type Cycle, type Decision, type Plugin, type Profile, type Rejection, unresolvable } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";

export interface Placement {
  winner: string;
  evaluated: number;
  feasible: number;
}

/** The first plugin that keeps the Pod off the node, with its reasons. */
export function runFilters(
  plugins: readonly Plugin[],
  cycle: Cycle,
  node: NodeInfo,
): { plugin: string; rejection: Rejection } | undefined {
  for (const plugin of plugins) {
    const rejection = plugin.filter?.(cycle, node);
    if (rejection !== undefined) return { plugin: plugin.name, rejection };
  }
  return undefined;
}

/**
 * Chooses a node for one Pod (pkg/scheduler/schedule_one.go schedulePod): PreFilter, Filter, then Score over the
 * feasible nodes. Notes what it finds in `decision`. `withNominated` adds Pods that were promised a place on a node.
 */
export function choose(
  profile: Profile,
  cycle: Cycle,
  random: RandomStream,
  decision: Decision,
  withNominated: (node: NodeInfo) => NodeInfo,
): Placement | FitError {
  const all = cycle.view.nodes();
  const fit = new FitError(all.length);
  const candidates = preFilter(profile.preFilter, cycle, fit);
  if (candidates === undefined) return fit;

  const feasible: NodeInfo[] = [];
  for (const node of all) {
    if (candidates !== "all" && !candidates.has(node.name)) continue;
    const crowded = withNominated(node);
    const out =
      runFilters(profile.filter, cycle, crowded) ??
      (crowded === node ? undefined : runFilters(profile.filter, cycle, node));
    if (out === undefined) feasible.push(node);
    else {
      fit.reject(node.name, out.plugin, out.rejection);
      decision.rejected.push({ node: node.name, plugin: out.plugin, reasons: out.rejection.reasons });
    }
  }
  decision.feasible = feasible.map((node) => node.name);
  if (feasible.length === 0) return fit;
  const evaluated = feasible.length + fit.rejections.size;
  if (feasible.length === 1) return { winner: feasible[0]!.name, evaluated, feasible: 1 };
  decision.scores = score(profile.score, cycle, feasible);
  return { winner: selectHost(decision.scores, random), evaluated, feasible: feasible.length };
}

/** The nodes that plugins narrow the search to; undefined when none is left. */
function preFilter(plugins: readonly Plugin[], cycle: Cycle, fit: FitError): ReadonlySet<string> | "all" | undefined {
  let nodes: ReadonlySet<string> | undefined;
  const narrowing: string[] = [];
  for (const plugin of plugins) {
    const result = plugin.preFilter?.(cycle);
    if (result?.rejection) {
      fit.plugins.add(plugin.name);
      fit.preFilterMessage = result.rejection.reasons.join(", ");
      return undefined;
    }
    const named = result?.nodes;
    if (named === undefined) continue;
    narrowing.push(plugin.name);
    fit.plugins.add(plugin.name);
    nodes = nodes === undefined ? named : intersection(nodes, named);
  }
  if (nodes === undefined) return "all";
  fit.absent = {
    ...unresolvable(`node(s) didn't satisfy plugin(s) [${narrowing.sort().join(" ")}]`),
    plugin: narrowing[0]!,
  };
  return nodes;
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((name) => b.has(name)));
}

function score(plugins: Profile["score"], cycle: Cycle, nodes: readonly NodeInfo[]): Decision["scores"] {
  const table: Decision["scores"] = nodes.map((node) => ({ node: node.name, plugins: {}, total: 0 }));
  for (const { plugin, weight } of plugins) {
    if (plugin.score === undefined) continue;
    if (plugin.preScore?.(cycle, nodes) === false) continue;
    const raw = nodes.map((node) => plugin.score!(cycle, node));
    const normalized = plugin.normalize?.(cycle, raw, nodes) ?? raw;
    for (const [i, row] of table.entries()) {
      const weighted = normalized[i]! * weight;
      row.plugins[plugin.name] = { raw: raw[i]!, normalized: normalized[i]!, weighted };
      row.total += weighted;
    }
  }
  return table;
}

/** Reservoir sampling among the best, as upstream's selectHost does. */
function selectHost(scores: Decision["scores"], random: RandomStream): string {
  let best = scores[0]!;
  let equals = 1;
  for (const row of scores.slice(1)) {
    if (row.total > best.total) {
      best = row;
      equals = 1;
    } else if (row.total === best.total) {
      equals++;
      if (random.int(0, equals - 1) === 0) best = row;
    }
  }
  return best.node;
}
