import { keyOf } from "../api/informer.ts";
import { CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject, Resource } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** Keeps one object in every namespace that is not going away. */
class PerNamespace implements Reconciler {
  readonly name: string;
  private readonly context: ControllerContext;
  private readonly resource: Resource;
  private readonly object: (namespace: string) => { metadata: { name: string } };
  private readonly repair: (there: KubeObject) => KubeObject | undefined;
  private readonly queue: WorkQueue;

  constructor(
    name: string,
    context: ControllerContext,
    resource: Resource,
    object: (namespace: string) => { metadata: { name: string } },
    repair: (there: KubeObject) => KubeObject | undefined = () => undefined,
  ) {
    this.name = name;
    this.context = context;
    this.resource = resource;
    this.object = object;
    this.repair = repair;
    this.queue = context.queue(this);
    const wanted = object("").metadata.name;
    context.informers.handle(NAMESPACES, ({ object }) => this.queue.add(keyOf(object)));
    context.informers.handle(resource, ({ object }) => {
      if (object.metadata.name === wanted) this.queue.add(object.metadata.namespace ?? "");
    });
  }

  *reconcile(namespace: string): Gen {
    const { informers, client } = this.context;
    const home = informers.get(NAMESPACES, namespace);
    if (home === undefined || home.metadata.deletionTimestamp || home.status?.phase === "Terminating") return;
    const object = this.object(namespace);
    const there = informers.get(this.resource, `${namespace}/${object.metadata.name}`);
    try {
      const repaired = there && this.repair(there);
      if (there === undefined) yield* client.create(this.resource, object);
      else if (repaired !== undefined) yield* client.update(this.resource, repaired);
    } catch (error) {
      if (!isStatus(error, "AlreadyExists") && !isStatus(error, "NotFound") && !isStatus(error, "Forbidden"))
        throw error;
    }
  }
}

/** The ServiceAccount `default` of each namespace (pkg/controller/serviceaccount). */
export function startServiceAccountController(context: ControllerContext): void {
  new PerNamespace("serviceaccount", context, SERVICE_ACCOUNTS, (namespace) => ({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace },
  }));
}

const DESCRIPTION =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. " +
  "No other usage is guaranteed across distributions of Kubernetes clusters.";

/** The ConfigMap kube-root-ca.crt of each namespace (pkg/controller/certificates/rootcacertpublisher). */
export function startRootCaPublisher(context: ControllerContext): void {
  const data = { "ca.crt": context.options.rootCa };
  const annotations = { "kubernetes.io/description": DESCRIPTION };
  new PerNamespace(
    "root-ca-cert-publisher",
    context,
    CONFIG_MAPS,
    (namespace) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "kube-root-ca.crt", namespace, annotations },
      data,
    }),
    (there) => {
      const same = there["data"]?.["ca.crt"] === data["ca.crt"] && Object.keys(there["data"]).length === 1;
      const described = there.metadata.annotations?.["kubernetes.io/description"] === DESCRIPTION;
      if (same && described) return undefined;
      return {
        ...there,
        metadata: { ...there.metadata, annotations: { ...there.metadata.annotations, ...annotations } },
        data,
      };
    },
  );
}
