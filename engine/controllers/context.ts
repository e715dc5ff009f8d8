import type { ApiClient } from "../api/client.ts";
import type { EventRecorder } from "../api/event-recorder.ts";
import type { Kernel } from "../kernel/index.ts";
import type { SigningAuthority } from "./certificate-signing.ts";
import type { SharedInformers } from "./informers.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";
import type { LoadBalancers } from "./service-lb.ts";

/** What a controller works with; one per controller, while the leader lease is held. */
export interface ControllerContext {
  readonly kernel: Kernel;
  /** Acts as the controller's own ServiceAccount. */
  readonly client: ApiClient;
  readonly informers: SharedInformers;
  readonly recorder: EventRecorder;
  readonly options: ControllerSettings;
  /** A work queue that stops when the lease is lost. */
  queue(reconciler: Reconciler): WorkQueue;
  /** True once the lease is lost: timers must not act any more. */
  stopped(): boolean;
}

export interface ControllerSettings {
  /** Pods' addresses, of which every node gets a /24. */
  clusterCidr: string;
  serviceCidr: string;
  /** PEM that the ConfigMap kube-root-ca.crt carries. */
  rootCa: string;
  /** The CA that signs certificate requests, read when first needed; undefined where its files are missing. */
  signing?: (() => SigningAuthority | undefined) | undefined;
  /** The P-256 private key of ServiceAccount tokens, read when first needed; undefined where its file is missing. */
  serviceAccountKey?: (() => Uint8Array | undefined) | undefined;
  /** Where load balancers come from; undefined where there are none. */
  loadBalancers?: LoadBalancers | undefined;
}

export type StartController = (context: ControllerContext) => void;
