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
  pods: true,
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
  ])("%s %s", (name, type, rcode, data) => {
    const message = answerFromZone(source, query(1, name, type))!;
    expect([message.rcode, message.answers.map((record) => record.data)]).toEqual([rcode, data]);
    expect(message.authoritative).toBe(true);
  });

  it("leaves other names to the forwarder", () => {
    expect(answerFromZone(source, query(1, "example.org", "A"))).toBeUndefined();
  });
});
