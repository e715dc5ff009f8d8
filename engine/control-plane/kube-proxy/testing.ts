import type { KubeObject } from "../../api/types.ts";
import { Proxier, type ProxierNode } from "./proxier.ts";
import type { FrameOptions } from "./restore-input.ts";

/** A set of Services and endpoints in the short form of the data files. */
export interface ProxyCase {
  name: string;
  options?: Partial<FrameOptions>;
  node?: Partial<ProxierNode>;
  services: {
    /** `namespace/name`. */
    name: string;
    labels?: Record<string, string>;
    spec: Record<string, unknown>;
    /** Addresses that a load balancer gave. */
    ingress?: { ip: string; ipMode?: string }[];
  }[];
  /** EndpointSlices; several for one Service may stand here. */
  slices?: {
    of: string;
    /** `name:port/PROTOCOL`, or `port`. */
    ports: string[];
    /** `address`, or `address node flags…` with flags unready, notserving, terminating, zone=…; `-` for no node. */
    endpoints: string[];
    addressType?: string;
    labels?: Record<string, string>;
  }[];
}

/** kubeadm's defaults on a machine of the default cluster. */
export const CASE_OPTIONS: FrameOptions = {
  ifLocal: "-s 10.200.0.0/16",
  ifNotLocal: "! -s 10.200.0.0/16",
  masqueradeAll: false,
  masqueradeMark: "0x00004000",
  localhostNodePorts: true,
  nfacct: false,
  randomFully: true,
  liberal: false,
  nodePortAddresses: undefined,
};

/** A proxier that has taken a case in and has not synced yet. */
export function proxierOf(each: ProxyCase): Proxier {
  const node = { name: "worker-1", address: "192.168.108.21", ...each.node };
  const proxier = new Proxier(node, { ...CASE_OPTIONS, ...each.options });
  for (const service of each.services) proxier.service(serviceObject(service), false);
  for (const [i, slice] of (each.slices ?? []).entries()) proxier.slice(sliceObject(slice, i), false);
  return proxier;
}

export function serviceObject({ name, labels, spec, ingress }: ProxyCase["services"][number]): KubeObject {
  const [namespace, own] = name.split("/") as [string, string];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: own, namespace, labels },
    spec,
    status: { loadBalancer: ingress === undefined ? {} : { ingress } },
  } as unknown as KubeObject;
}

export function sliceObject(slice: NonNullable<ProxyCase["slices"]>[number], i: number): KubeObject {
  const [namespace, name] = slice.of.split("/") as [string, string];
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-${i}`,
      namespace,
      labels: { "kubernetes.io/service-name": name, ...slice.labels },
    },
    addressType: slice.addressType ?? "IPv4",
    ports: slice.ports.map((text) => {
      const match = /^(?:(.*):)?(\d+)(?:\/(\w+))?$/.exec(String(text))!;
      return { name: match[1] ?? "", port: Number(match[2]), protocol: match[3] ?? "TCP" };
    }),
    endpoints: slice.endpoints.map((text) => {
      const [address, node = "-", ...flags] = text.split(" ");
      const zones = flags.filter((flag) => flag.startsWith("zone=")).map((flag) => ({ name: flag.slice(5) }));
      return {
        addresses: [address],
        ...(node === "-" ? {} : { nodeName: node }),
        conditions: {
          ready: !flags.includes("unready") && !flags.includes("terminating"),
          serving: !flags.includes("notserving") && !flags.includes("unready"),
          terminating: flags.includes("terminating"),
        },
        ...(zones.length === 0 ? {} : { hints: { forZones: zones } }),
      };
    }),
  } as unknown as KubeObject;
}
