import { MINUTE, MS, SECOND } from "../../kernel/index.ts";

/** Periods, delays and draws of the kubelet, in µs unless the name says otherwise. */
export const KUBELET = {
  /** Generic PLEG: containers are looked at once a second. */
  plegPeriod: SECOND,
  /** nodeLeaseDurationSeconds, renewed at a quarter of it. */
  leaseSeconds: 40,
  /** wait.JitterUntil with factor 0.04. */
  leaseJitterMs: 400,
  /** nodeStatusUpdateFrequency and nodeStatusReportFrequency. */
  nodeStatusPeriod: 10 * SECOND,
  nodeStatusReport: 5 * MINUTE,
  /** While the node is not Ready its runtime is looked at more often. */
  notReadyPeriod: SECOND,
  /** A registration that failed is tried again: 100 ms doubling to 7 s. */
  registerFirst: 100 * MS,
  registerLast: 7 * SECOND,
  /** Container and image back-off (kubelet.go: MaxContainerBackOff, imageBackOffPeriod). */
  backOffFirst: 10 * SECOND,
  backOffLast: 300 * SECOND,
  /** After a run of this length a container's back-off starts anew (twice MaxContainerBackOff). */
  backOffReset: 600 * SECOND,
  /** A Pod whose sync failed is synced again after 10 s to 15 s (backOffPeriod with jitter 0.5). */
  resyncMs: [10_000, 15_000],
  /** The same for failures that pass by themselves: 1 s to 1.5 s. */
  transientMs: [1_000, 1_500],
  /** Mounted configMaps and secrets follow their objects within the sync period. */
  volumeRefreshMs: [60_000, 90_000],
  /** The volume reconciler's loop and a mount. */
  volumeMs: [15, 110],
  /** housekeepingPeriod: what is left over is looked for. */
  housekeeping: 2 * SECOND,
  /** A failed mount is retried after 500 ms, doubling to 2 min 2 s. */
  mountRetryFirst: 500 * MS,
  mountRetryLast: 122 * SECOND,
  /** WaitForAttachAndMount gives up after 2 min 3 s. */
  mountTimeout: 123 * SECOND,
  /** From a watch event to the worker that acts on it. */
  dispatchMs: [1, 4],
  /** A container is given at least this to stop (minimumGracePeriodInSeconds). */
  minimumGraceSeconds: 2,
  /** evictionMonitoringPeriod. */
  evictionPeriod: 10 * SECOND,
  /** podCleanupTimeout in s, and podCleanupPollFreq. */
  evictionCleanupSeconds: 30,
  evictionPoll: SECOND,
  /** immediateEvictionGracePeriodSeconds. */
  evictionAtOnceSeconds: 1,
  /** An image counts as pulled by itself once its pull has been queued. */
  pullQueuePollMs: 1,
} as const;
