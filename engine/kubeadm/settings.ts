/** What a cluster is set up with: what `kubeadm init` was told, or what the rack's own was told. */
import { ipv4Number, ipv4Text } from "../text/ipv4.ts";
import { CLUSTER_DOMAIN, POD_CIDR, SERVICE_CIDR, VERSION } from "./topology.ts";

/** A component's flags without their dashes, by which kubeadm's own are replaced. */
export type ExtraArguments = Readonly<Record<string, string>>;

export interface ClusterSettings {
  /** `v1.32.3`. */
  readonly version: string;
  /** Undefined: nodes are given no part of the Pods' addresses. */
  readonly podCidr: string | undefined;
  readonly serviceCidr: string;
  readonly domain: string;
  /** `host:port` that all control planes share, if they do. */
  readonly endpoint?: string | undefined;
  readonly clusterName: string;
  /** Further names of the API server's certificate. */
  readonly certSans: readonly string[];
  readonly extra: Readonly<Record<"apiServer" | "controllerManager" | "scheduler" | "etcd", ExtraArguments>>;
  /** Its API servers write the audit log that the rack's own write. */
  readonly audited: boolean;
  /** Fields of a KubeletConfiguration and of a KubeProxyConfiguration that were given. */
  readonly kubelet: Readonly<Record<string, unknown>>;
  readonly proxy: Readonly<Record<string, unknown>>;
}

/** The rack's own cluster. */
export const OWN: ClusterSettings = {
  version: VERSION,
  podCidr: POD_CIDR,
  serviceCidr: SERVICE_CIDR,
  domain: CLUSTER_DOMAIN,
  clusterName: "kubernetes",
  certSans: [],
  extra: { apiServer: {}, controllerManager: {}, scheduler: {}, etcd: {} },
  audited: true,
  kubelet: {},
  proxy: {},
};

/** The `n`th address of a range: the Service `kubernetes` has the first, CoreDNS the tenth. */
export function addressOf(cidr: string, n: number): string {
  const [base = "0.0.0.0", mask = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(mask));
  return ipv4Text(Math.floor(ipv4Number(base) / size) * size + n);
}

export const dnsAddress = ({ serviceCidr }: Pick<ClusterSettings, "serviceCidr">): string => addressOf(serviceCidr, 10);
