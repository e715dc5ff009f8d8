import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../api/types.ts";
import { type DnsType, query } from "../../network/dns.ts";
import { answerFromZone, type ZoneSource } from "./zone.ts";

const object = (name: string, rest: object): KubeObject =>
  ({
    metadata: { name, namespace: "default", ...((rest as { metadata?: object }).metadata ?? {}) },
    ...rest,
  }) as unknown as KubeObject;

const services = [
  object("web", { spec: { clusterIP: "10.201.0.7", ports: [{ name: "http", port: 80, protocol: "TCP" }] } }),
  object("db", { spec: { clusterIP: "None", ports: [{ name: "sql", port: 5432 }] } }),
  object("out", { spec: { type: "ExternalName", externalName: "example.org" } }),
];
const slices = [
  {
    metadata: { name: "db-1", namespace: "default", labels: { "kubernetes.io/service-name": "db" } },
    ports: [{ name: "sql", port: 5432, protocol: "TCP" }],
    endpoints: [
      { addresses: ["10.200.1.2"], hostname: "db-0", conditions: { ready: true } },
      { addresses: ["10.200.1.3"], conditions: { ready: false } },
    ],
  } as unknown as KubeObject,
];
const source: ZoneSource = {
  domain: "cluster.local",
  ttl: 30,
  pods: "insecure",
  podNames: false,
  ignoresEmpty: false,
  noEndpoints: false,
  suits: () => true,
  exposes: (name) => name === "default",
  namespace: () => undefined,
  podAt: (address) => (address === "10.200.1.2" ? object("db-0", {}) : undefined),
  synced: () => true,
  modified: () => 7,
  self: () => "10.200.1.2",
  service: (key) => services.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
  services: () => services,
  slices: () => slices,
};

describe("zone of the cluster", () => {
  it.each<[string, DnsType, string, string[]]>([
    ["web.default.svc.cluster.local", "A", "NOERROR", ["10.201.0.7"]],
    ["WEB.default.svc.cluster.local", "A", "NOERROR", ["10.201.0.7"]],
    ["web.default.svc.cluster.local", "AAAA", "NOERROR", []],
    ["nope.default.svc.cluster.local", "A", "NXDOMAIN", []],
    ["web.other.svc.cluster.local", "A", "NXDOMAIN", []],
    ["default.svc.cluster.local", "A", "NOERROR", []],
    ["db.default.svc.cluster.local", "A", "NOERROR", ["10.200.1.2"]],
    ["db-0.db.default.svc.cluster.local", "A", "NOERROR", ["10.200.1.2"]],
    ["_http._tcp.web.default.svc.cluster.local", "SRV", "NOERROR", ["0 100 80 web.default.svc.cluster.local"]],
    ["_sql._tcp.db.default.svc.cluster.local", "SRV", "NOERROR", ["0 100 5432 db-0.db.default.svc.cluster.local"]],
    ["out.default.svc.cluster.local", "A", "NOERROR", ["example.org"]],
    ["10-200-1-2.default.pod.cluster.local", "A", "NOERROR", ["10.200.1.2"]],
    ["7.0.201.10.in-addr.arpa", "PTR", "NOERROR", ["web.default.svc.cluster.local"]],
    ["2.1.200.10.in-addr.arpa", "PTR", "NOERROR", ["db-0.db.default.svc.cluster.local"]],
    ["db-0.default.db.default.svc.cluster.local", "A", "NXDOMAIN", []],
    ["svc.cluster.local", "A", "NOERROR", []],
    ["other.svc.cluster.local", "A", "NXDOMAIN", []],
    ["10-9-9-9.other.pod.cluster.local", "A", "NXDOMAIN", []],
    ["300.default.pod.cluster.local", "A", "NXDOMAIN", []],
    ["cluster.local", "SOA", "NOERROR", ["ns.dns.cluster.local hostmaster.cluster.local 7 7200 1800 86400 30"]],
    ["cluster.local", "NS", "NOERROR", ["ns.dns.cluster.local"]],
    ["ns.dns.cluster.local", "A", "NOERROR", ["10.200.1.2"]],
    ["dns-version.cluster.local", "TXT", "NOERROR", ["1.1.0"]],
  ])("%s %s", (name, type, rcode, data) => {
    const message = answerFromZone(source, query(1, name, type))!;
    expect([message.rcode, message.answers.map((record) => record.data)]).toEqual([rcode, data]);
    expect(message.authoritative).toBe(true);
  });

  it.each<[string, Partial<ZoneSource>, string, string[]]>([
    ["10-9-9-9.default.pod.cluster.local", { pods: "verified" }, "NXDOMAIN", []],
    ["10-200-1-2.default.pod.cluster.local", { pods: "verified" }, "NOERROR", ["10.200.1.2"]],
    ["10-200-1-2.default.pod.cluster.local", { pods: "disabled" }, "NXDOMAIN", []],
    ["db.default.svc.cluster.local", { noEndpoints: true }, "NXDOMAIN", []],
    ["web.default.svc.cluster.local", { ignoresEmpty: true }, "NXDOMAIN", []],
    ["web.default.svc.cluster.local", { suits: () => false }, "NXDOMAIN", []],
    ["web.default.svc.cluster.local", { exposes: () => false }, "NXDOMAIN", []],
  ])("%s with %j", (name, options, rcode, data) => {
    const message = answerFromZone({ ...source, ...options }, query(1, name, "A"))!;
    expect([message.rcode, message.answers.map((record) => record.data)]).toEqual([rcode, data]);
  });

  it("leaves other names to the forwarder", () => {
    expect(answerFromZone(source, query(1, "example.org", "A"))).toBeUndefined();
  });
});
