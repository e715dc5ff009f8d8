/** The part of `kubeadm init` and `kubeadm join` that goes through the API: marks nodes, creates the add-ons. */
import type { ApiClient } from "../api/client.ts";
import { kindByGvk } from "../api/kinds.ts";
import { clientFromKubeconfig, RequestError } from "../api/kubeconfig.ts";
import { NODES } from "../api/resources.ts";
import { isStatus, StatusError } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, MS, sleep } from "../kernel/index.ts";
import type { Machine } from "../machine/machine.ts";
import { ROOT } from "../machine/path.ts";
import type { MachineSpec } from "./topology.ts";

const RETRY = 500 * MS;
const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

type Manifest = Omit<KubeObject, "metadata"> & { metadata: object };

/** Runs kubeadm on a control-plane machine until the cluster has all that a fresh one has. */
export function bootstrap(machine: Machine, specs: readonly MachineSpec[], manifests: readonly Manifest[]): void {
  machine.spawn({
    parent: undefined,
    argv: ["kubeadm", "init"],
    env: new Map(),
    cwd: "/root",
    cred: ROOT,
    ns: machine.ns,
    main: function* kubeadm(p) {
      const client = clientFromKubeconfig(
        p,
        "/etc/kubernetes/super-admin.conf",
        "kubeadm/v1.32.3 (linux/amd64) kubernetes/32cc146",
      );
      for (const manifest of manifests) yield* persistently(() => createObject(client, manifest));
      for (const spec of specs) {
        if (spec.role === "control-plane") yield* persistently(() => markControlPlane(client, spec.name));
        if (spec.role === "control-plane" || spec.role === "worker")
          yield* persistently(() => annotateCriSocket(client, spec.name));
      }
      return 0;
    },
  });
}

/** Repeats until the API server answers and has what the step needs. */
export function* persistently(step: () => Gen): Gen {
  for (;;) {
    try {
      yield* step();
      return;
    } catch (error) {
      if (!(error instanceof RequestError) && !(error instanceof StatusError)) throw error;
      if (isStatus(error, "Invalid") || isStatus(error, "BadRequest")) throw error;
    }
    yield* sleep(RETRY);
  }
}

/** Creates an object of a manifest; what is there stays. */
export function* createObject(client: ApiClient, manifest: Manifest): Gen {
  const kind = kindByGvk(manifest.apiVersion, manifest.kind);
  if (kind === undefined) throw new Error(`kubeadm: no kind ${manifest.apiVersion} ${manifest.kind}`);
  try {
    yield* client.create(kind.resource, manifest);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}

/** Says on a Node where its kubelet finds the runtime (kubeadm phases/patchnode). */
export function* annotateCriSocket(client: ApiClient, name: string): Gen {
  const annotations = { "kubeadm.alpha.kubernetes.io/cri-socket": "unix:///var/run/containerd/containerd.sock" };
  yield* client.patch(NODES, undefined, name, { metadata: { annotations } }, "strategic");
}

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

/** The labels and the taint of a control plane's node; `wanted`: other taints than its own. */
export function* markControlPlane(
  client: ApiClient,
  name: string,
  wanted: readonly Taint[] = [{ key: CONTROL_PLANE, effect: "NoSchedule" }],
): Gen {
  const node = yield* client.get(NODES, undefined, name);
  const taints = (node.spec.taints ?? []) as Taint[];
  if (taints.some(({ key }) => key === CONTROL_PLANE)) return;
  yield* client.patch(
    NODES,
    undefined,
    name,
    {
      metadata: { labels: { [CONTROL_PLANE]: "", "node.kubernetes.io/exclude-from-external-load-balancers": "" } },
      ...(wanted.length > 0 && { spec: { taints: [...taints, ...wanted] } }),
    },
    "strategic",
  );
}
