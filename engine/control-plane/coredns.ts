import { Informer } from "../api/informer.ts";
import { inClusterClient } from "../api/kubeconfig.ts";
import { ENDPOINT_SLICES, SERVICES } from "../api/resources.ts";
import type { Program } from "../machine/process.ts";
import { flagsOf, healthHandler, listening, logger, untilTerminated } from "./daemon.ts";

/** CoreDNS: its health and readiness; the zones it serves come with the name service. */
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
  const tcp = (port: number, path: string) => ({
    protocol: "tcp" as const,
    address: "0.0.0.0",
    port,
    http: healthHandler(path),
  });
  try {
    yield* listening(p, [tcp(8080, "/health"), tcp(8181, "/ready")], untilTerminated(p));
  } finally {
    services.stop();
    slices.stop();
  }
  return 0;
};
