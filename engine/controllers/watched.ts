import {
  CONFIG_MAPS,
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  JOBS,
  LEASES,
  NAMESPACES,
  NODES,
  PODS,
  REPLICA_SETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
} from "../api/resources.ts";
import type { Resource } from "../api/types.ts";

/** What the controllers watch. */
export const WATCHED: readonly Resource[] = [
  PODS,
  NODES,
  NAMESPACES,
  SERVICES,
  ENDPOINTS,
  ENDPOINT_SLICES,
  CONFIG_MAPS,
  SERVICE_ACCOUNTS,
  LEASES,
  DEPLOYMENTS,
  REPLICA_SETS,
  DAEMON_SETS,
  JOBS,
  CRON_JOBS,
  STATEFUL_SETS,
];
