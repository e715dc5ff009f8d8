/** Calico's pools and blocks of addresses (libcalico-go lib/ipam), kept as its custom resources. */
import type { ApiClient } from "../../api/client.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeList, KubeObject, Resource } from "../../api/types.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { ipv4Number, ipv4Text } from "../../text/ipv4.ts";

const resource = (plural: string, kind: string): Resource => ({
  group: "crd.projectcalico.org",
  version: "v1",
  resource: plural,
  kind,
  namespaced: false,
});

const POOLS = resource("ippools", "IPPool");
const AFFINITIES = resource("blockaffinities", "BlockAffinity");
const CONFIG_MAPS: Resource = { group: "", version: "v1", resource: "configmaps", kind: "ConfigMap", namespaced: true };

export const DEFAULT_POOL = "default-ipv4-ippool";
/** The pool where nobody names one, and no kubeadm has one. */
const DEFAULT_CIDR = "192.168.0.0/16";
const BLOCK_BITS = 26;

export interface Pool {
  cidr: string;
  /** Packets between machines are wrapped: `tunl0` or `vxlan.calico`. */
  device: string;
}

export interface PoolWishes {
  /** CALICO_IPV4POOL_CIDR. */
  cidr: string | undefined;
  vxlan: boolean;
}

type Named = { metadata: { name: string }; [field: string]: unknown };

/** Creates what does not exist; what is there is given back. */
function* ensured(client: ApiClient, kind: Resource, object: Named): Gen<KubeObject> {
  try {
    return yield* client.create<KubeObject>(kind, object);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    return yield* client.get<KubeObject>(kind, undefined, object.metadata.name);
  }
}

/** The default pool, which the first agent makes: of the range asked for, or of kubeadm's own. */
export function* defaultPool(client: ApiClient, { cidr, vxlan }: PoolWishes): Gen<Pool> {
  const spec = {
    allowedUses: ["Workload", "Tunnel"],
    blockSize: BLOCK_BITS,
    cidr: cidr ?? (yield* kubeadmRange(client)) ?? DEFAULT_CIDR,
    ipipMode: vxlan ? "Never" : "Always",
    natOutgoing: true,
    nodeSelector: "all()",
    vxlanMode: vxlan ? "Always" : "Never",
  };
  const pool = yield* ensured(client, POOLS, {
    apiVersion: "crd.projectcalico.org/v1",
    kind: "IPPool",
    metadata: { name: DEFAULT_POOL },
    spec,
  });
  const wraps = pool["spec"].vxlanMode !== "Never" && pool["spec"].vxlanMode !== undefined;
  return { cidr: pool["spec"].cidr, device: wraps ? "vxlan.calico" : "tunl0" };
}

function* kubeadmRange(client: ApiClient): Gen<string | undefined> {
  try {
    const map = yield* client.get<KubeObject>(CONFIG_MAPS, "kube-system", "kubeadm-config");
    return /^\s*podSubnet: (\S+)$/m.exec(map["data"]?.ClusterConfiguration ?? "")?.[1];
  } catch (error) {
    if (isStatus(error, "NotFound") || isStatus(error, "Forbidden")) return undefined;
    throw error;
  }
}

/** The node's block of the pool: the one it has, or the first that nobody has. */
export function* blockOf(client: ApiClient, node: string, pool: string): Gen<string> {
  const [base = "0.0.0.0", mask = "16"] = pool.split("/");
  const size = 2 ** (32 - BLOCK_BITS);
  const count = 2 ** Math.max(0, BLOCK_BITS - Number(mask));
  for (;;) {
    const { items } = (yield* client.list(AFFINITIES)) as unknown as KubeList<KubeObject>;
    const own = items.find((one) => one["spec"].node === node && inside(one["spec"].cidr, base, Number(mask)));
    if (own !== undefined) return own["spec"].cidr;
    const taken = new Set(items.map((one) => one["spec"].cidr as string));
    for (let i = 0; i < count; i++) {
      const cidr = `${ipv4Text(ipv4Number(base) + i * size)}/${BLOCK_BITS}`;
      if (taken.has(cidr)) continue;
      try {
        yield* client.create(AFFINITIES, {
          apiVersion: "crd.projectcalico.org/v1",
          kind: "BlockAffinity",
          // Named by the block, so that two nodes cannot take the same.
          metadata: { name: cidr.replace(/[./]/g, "-") },
          spec: { cidr, deleted: "false", node, state: "confirmed" },
        });
        return cidr;
      } catch (error) {
        if (!isStatus(error, "AlreadyExists")) throw error;
      }
    }
    yield* sleep(SECOND);
  }
}

function inside(cidr: string, base: string, mask: number): boolean {
  const size = 2 ** (32 - mask);
  return Math.floor(ipv4Number(cidr.split("/")[0]!) / size) === Math.floor(ipv4Number(base) / size);
}
