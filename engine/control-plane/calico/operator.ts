import type { ApiClient } from "../../api/client.ts";
import { Informer } from "../../api/informer.ts";
import { inClusterClient, RequestError } from "../../api/kubeconfig.ts";
import { DAEMON_SETS } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject, Resource } from "../../api/types.ts";
import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import type { Manifest } from "../../kubeadm/addons/manifest.ts";
import { createObject } from "../../kubeadm/init.ts";
import type { Program } from "../../machine/process.ts";
import { isNetError } from "../../network/index.ts";
import { calicoObjects } from "../../published/calico.ts";
import { fail, logger } from "../daemon.ts";

const resource = (plural: string, kind: string): Resource => ({
  group: "operator.tigera.io",
  version: "v1",
  resource: plural,
  kind,
  namespaced: false,
});

const INSTALLATIONS = resource("installations", "Installation");
const STATUSES = resource("tigerastatuses", "TigeraStatus");
const NAMESPACE = "calico-system";
/** The release of Calico that the operator of 1.36 sets up. */
const CALICO = "v3.29.1";

interface Pool {
  cidr?: string;
  encapsulation?: string;
}

/** What an Installation asks for, as objects of its own namespace. */
function wanted(installation: KubeObject): Manifest[] {
  const [pool] = (installation["spec"]?.calicoNetwork?.ipPools ?? []) as Pool[];
  const namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: NAMESPACE, labels: { name: NAMESPACE, "pod-security.kubernetes.io/enforce": "privileged" } },
  };
  const encapsulation = /^IPIP/.test(pool?.encapsulation ?? "") ? "ipip" : "vxlan";
  const objects = calicoObjects({ version: CALICO, namespace: NAMESPACE, cidr: pool?.cidr, encapsulation });
  return [namespace, ...(objects as Manifest[])];
}

/** The tigera-operator: sets Calico up where an Installation asks for it, and tells how far it is. */
export const tigeraOperator: Program = function* tigeraOperator(p) {
  const { kernel } = p.machine;
  const log = logger(p);
  const say = (level: string, logger: string, msg: string) =>
    log(`{"level":"${level}","ts":"${formatTime(kernel.wallMs)}","logger":"${logger}","msg":${JSON.stringify(msg)}}`);
  log(`${formatTime(kernel.wallMs).slice(0, 19).replace("T", " ")} [INFO] Version: v1.36.2`);
  const client = inClusterClient(p, "tigera-operator/v1.36.2");
  if (client === undefined) {
    say("error", "setup", "unable to create client");
    fail(1);
  }
  const changed = new WaitQueue();
  const installations = new Informer<KubeObject>(kernel, client, INSTALLATIONS);
  const sets = new Informer<KubeObject>(kernel, client, DAEMON_SETS);
  let dirty = false;
  const wake = () => {
    dirty = true;
    changed.wakeAll();
  };
  installations.onChange(wake);
  sets.onChange(({ object }) => {
    if (object.metadata.namespace === NAMESPACE) wake();
  });
  installations.start();
  sets.start();
  p.dispositions.set("TERM", "catch");
  try {
    while (p.takeSignal() === undefined) {
      if (!dirty) yield* wait(changed);
      dirty = false;
      const [installation] = [...installations.items.values()];
      if (installation === undefined) continue;
      try {
        for (const object of wanted(installation)) yield* createObject(client, object);
        const set = [...sets.items.values()].find(({ metadata }) => metadata.namespace === NAMESPACE);
        yield* tell(client, set, formatTime(kernel.wallMs));
        say("info", "controller_installation", "Reconciling Installation.operator.tigera.io");
      } catch (error) {
        if (!isNetError(error) && !(error instanceof StatusError) && !(error instanceof RequestError)) throw error;
        say("error", "controller_installation", error.message);
      }
    }
  } finally {
    installations.stop();
    sets.stop();
  }
  return 0;
};

/** Keeps the TigeraStatus `calico`, where it changes. */
function* tell(client: ApiClient, set: KubeObject | undefined, now: string): Gen {
  const { desiredNumberScheduled: desired = 0, numberReady: ready = 0 } = set?.status ?? {};
  const available = desired > 0 && ready === desired;
  const condition = (type: string, is: boolean) => ({
    type,
    status: is ? "True" : "False",
    reason: available ? "AllObjectsAvailable" : "ResourceNotReady",
    message: available ? "All objects available" : `DaemonSet "calico-system/calico-node" is not available`,
    lastTransitionTime: now,
  });
  const status = {
    conditions: [condition("Available", available), condition("Progressing", !available), condition("Degraded", false)],
  };
  const object = { apiVersion: "operator.tigera.io/v1", kind: "TigeraStatus", metadata: { name: "calico" }, spec: {} };
  let current: KubeObject;
  try {
    current = yield* client.create<KubeObject>(STATUSES, object);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    current = yield* client.get<KubeObject>(STATUSES, undefined, "calico");
  }
  const was = current.status?.conditions?.[0]?.status;
  if (was === String(available).replace(/^./, (letter) => letter.toUpperCase())) return;
  yield* client.update(STATUSES, { ...current, status }, "status");
}
