/** What `kubeadm init` and a network add-on's manifest create through the API once it answers. */
import { localPathObjects } from "../../published/local-path.ts";
import type { Topology } from "../topology.ts";
import { bootstrapObjects } from "./bootstrap.ts";
import { cilium } from "./cilium.ts";
import { coredns } from "./coredns.ts";
import { flannel } from "./flannel.ts";
import { kubeProxy } from "./kube-proxy.ts";
import type { Manifest } from "./manifest.ts";

/** Every object, in the order in which kubeadm creates them. `server`: `https://host:port` of the API. */
export function addons(
  server: string,
  caCertificate: string,
  { network = "flannel", storage = "none" }: Pick<Topology, "network" | "storage"> = {},
): readonly Manifest[] {
  const key = `${network} ${storage} ${server} ${caCertificate}`;
  let manifests = made.get(key);
  if (manifests === undefined) {
    if (made.size >= 4) made.clear();
    const volumes = storage === "local-path" ? (localPathObjects("v0.0.31", true) as Manifest[]) : [];
    manifests = [...bootstrapObjects(server, caCertificate), ...coredns(), ...networkOf(network, server), ...volumes];
    made.set(key, manifests);
  }
  return manifests;
}

function networkOf(network: Topology["network"], server: string): Manifest[] {
  return network === "cilium" ? cilium(server) : [...kubeProxy(server), ...flannel()];
}

/** The objects of the clusters made last: sessions of the same birth have the same ones. */
const made = new Map<string, readonly Manifest[]>();
