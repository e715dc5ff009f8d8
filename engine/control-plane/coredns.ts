import { Informer } from "../api/informer.ts";
import { inClusterClient } from "../api/kubeconfig.ts";
import { ENDPOINT_SLICES, SERVICES } from "../api/resources.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import { CLUSTER_DOMAIN } from "../kubeadm/topology.ts";
import type { Process, Program } from "../machine/process.ts";
import { answer, type DnsMessage, decodeDns, encodeDns } from "../network/dns.ts";
import { ask, resolverConfig } from "../network/resolver.ts";
import { flagsOf, healthPages, listening, logger, untilTerminated } from "./daemon.ts";
import { answerFromZone, type ZoneSource } from "./dns-zone.ts";

/** What the `forward` plugin does: asks the nameservers of the Pod's resolv.conf; SERVFAIL when none answers. */
function* forward(p: Process, asked: DnsMessage): Gen<DnsMessage> {
  const { name, type } = asked.questions[0] ?? { name: "", type: "A" as const };
  for (const server of resolverConfig(p).nameservers) {
    if (p.ns.net.owns(server)) continue;
    const found = yield* ask(p, server, name, type, 2 * SECOND);
    if (found !== undefined) return { ...found, id: asked.id };
  }
  return answer(asked, "SERVFAIL");
}

/** CoreDNS: the cluster's zone from Services and EndpointSlices, the rest forwarded; health and readiness. */
export const coredns: Program = function* coredns(p) {
  const { kernel } = p.machine;
  const log = logger(p);
  const client = inClusterClient(p, "coredns/v1.11.3");
  if (client === undefined) {
    log(
      `plugin/kubernetes: unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined`,
    );
    return 1;
  }
  const services = new Informer(kernel, client, SERVICES);
  const slices = new Informer(kernel, client, ENDPOINT_SLICES);
  services.start();
  slices.start();
  log(
    `.:53\n[INFO] plugin/reload: Running configuration SHA512 = ${flagsOf(p).get("conf") ?? ""}\nCoreDNS-1.11.3\nlinux/amd64, go1.21.11, a6338e9`,
  );
  const zone: ZoneSource = {
    domain: CLUSTER_DOMAIN,
    service: (key) => services.items.get(key),
    services: () => services.items.values(),
    slices: () => slices.items.values(),
  };
  const dns = {
    protocol: "udp" as const,
    address: "0.0.0.0",
    port: 53,
    *datagram(payload: Uint8Array): Gen<Uint8Array | undefined> {
      const asked = decodeDns(payload);
      if (asked === undefined) return undefined;
      return encodeDns(answerFromZone(zone, asked) ?? (yield* forward(p, asked)));
    },
  };
  const tcp = (port: number, path: string) => ({
    protocol: "tcp" as const,
    address: "0.0.0.0",
    port,
    ...healthPages(path),
  });
  try {
    yield* listening(p, [dns, tcp(8080, "/health"), tcp(8181, "/ready")], untilTerminated(p));
  } finally {
    services.stop();
    slices.stop();
  }
  return 0;
};
