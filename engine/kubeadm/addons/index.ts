/** What `kubeadm init` and a network add-on's manifest create through the API once it answers. */
import { localPathObjects } from "../../published/local-path.ts";
import { type ClusterSettings, OWN } from "../settings.ts";
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
    const settings = { ...OWN, endpoint: server.replace("https://", "") };
    manifests = [
      ...bootstrapObjects(server, caCertificate, settings),
      ...coredns(settings),
      ...networkOf(network, server, settings),
      ...volumes,
    ];
    made.set(key, manifests);
  }
  return manifests;
}

function networkOf(network: Topology["network"], server: string, settings: ClusterSettings): Manifest[] {
  return network === "cilium" ? cilium(server) : [...kubeProxy(server, settings), ...flannel()];
}

/** What `kubeadm init` by itself creates through the API of a cluster that it has set up. */
export function initObjects(server: string, caCertificate: string, settings: ClusterSettings): Manifest[] {
  return [...bootstrapObjects(server, caCertificate, settings), ...coredns(settings), ...kubeProxy(server, settings)];
}

/** The objects of the clusters made last: sessions of the same birth have the same ones. */
const made = new Map<string, readonly Manifest[]>();
