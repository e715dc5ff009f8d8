import { formatMicroTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { encode, sha256Hex } from "../kernel/index.ts";
import type { Context } from "./context.ts";
import type { Executing } from "./flow-tally.ts";

const PREFIX = "/debug/api_priority_and_fairness/";
const LEVELS =
  "PriorityLevelName ActiveQueues IsIdle IsQuiescing WaitingRequests ExecutingRequests DispatchedRequests RejectedRequests TimedoutRequests CancelledRequests";
const QUEUES =
  "PriorityLevelName Index PendingRequests ExecutingRequests SeatsInUse NextDispatchR InitialSeatsSum MaxSeatsSum TotalWorkSum";
const REQUESTS =
  "PriorityLevelName FlowSchemaName QueueIndex RequestIndexInQueue FlowDistingsher ArriveTime InitialSeats FinalSeats AdditionalLatency StartTime";
const DETAILS = "UserName Verb APIPath Namespace Name APIVersion Resource SubResource";
const NO_WORK = "0.00000000ss";

/** The dumps of priority and fairness (apiserver pkg/util/flowcontrol/apf_controller_debug.go); undefined for other paths. */
export function flowControlPage({ server, info }: Context): string | undefined {
  if (!info.path.startsWith(PREFIX)) return undefined;
  const { flows, kernel } = server;
  const at = (level: KubeObject): Executing[] =>
    [...flows.executing.values()].filter(({ flow }) => flow.level.metadata.name === level.metadata.name);
  switch (info.path.slice(PREFIX.length)) {
    case "dump_priority_levels":
      return table(
        LEVELS,
        flows.priorityLevels.map((level) => {
          const { name } = level.metadata;
          const busy = at(level).length;
          const dispatched = flows.dispatched.get(name) ?? 0;
          return [name, 0, busy === 0, false, 0, busy, dispatched, 0, 0, 0];
        }),
      );
    case "dump_queues":
      return table(
        QUEUES,
        flows.priorityLevels.flatMap((level) =>
          Array.from({ length: queuesOf(level) }, (_, i) => {
            const busy = at(level).filter((one) => queueOf(one) === i).length;
            return [level.metadata.name, i, 0, busy, busy, NO_WORK, 0, 0, NO_WORK];
          }),
        ),
      );
    case "dump_requests": {
      const detailed = (info.query.get("includeRequestDetails") ?? "") !== "";
      const rows = flows.priorityLevels.flatMap((level) =>
        at(level).map((one) => {
          const since = formatMicroTime(kernel.epochMs * 1000 + one.since).replace(/\.?0*Z$/, "Z");
          const { schema } = one.flow;
          const distinguisher = distinguisherOf(one);
          const row = [
            level.metadata.name,
            schema.metadata.name,
            queueOf(one),
            -1,
            distinguisher,
            since,
            1,
            0,
            "0s",
            since,
          ];
          const { verb, path, namespace, name, group, version, resource, subresource } = one.context.info;
          const api = group === "" ? version : `${group}/${version}`;
          return detailed
            ? [...row, one.context.user.name, verb, path, namespace, name, api, resource, subresource]
            : row;
        }),
      );
      return table(detailed ? `${REQUESTS} ${DETAILS}` : REQUESTS, rows);
    }
    default:
      return undefined;
  }
}

const queuesOf = (level: KubeObject): number => level["spec"].limited?.limitResponse?.queuing?.queues ?? 0;

/** A flow's queue; -1 at a level without queues. */
function queueOf(one: Executing): number {
  const { flow } = one;
  const queues = queuesOf(flow.level);
  if (queues === 0) return -1;
  const hash = sha256Hex(encode(`${flow.schema.metadata.name},${distinguisherOf(one)}`));
  return Number.parseInt(hash.slice(0, 8), 16) % queues;
}

/** What tells the flows of a schema apart: the user, the namespace or nothing. */
function distinguisherOf({ flow: { schema }, context: { user, info } }: Executing): string {
  const by = schema["spec"].distinguisherMethod?.type;
  return by === "ByUser" ? user.name : by === "ByNamespace" ? info.namespace : "";
}

/** Columns as text/tabwriter lays them out, at least 8 wide and one blank apart. */
function table(heads: string, rows: readonly (readonly unknown[])[]): string {
  const lines = [heads.split(" "), ...rows.map((row) => row.map(String))];
  const last = lines[0]!.length - 1;
  const widths = lines[0]!.map((_, i) => Math.max(8, ...lines.map((line) => line[i]!.length + 2)));
  return lines
    .map((line) => `${line.map((cell, i) => (i === last ? cell : `${cell},`.padEnd(widths[i]!))).join("")}\n`)
    .join("");
}
