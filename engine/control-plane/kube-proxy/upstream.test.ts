import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { EndpointList } from "./endpoints.ts";
import { countNoLocalEndpoints } from "./metrics.ts";
import { restoreText } from "./restore-input.ts";
import { type ProxyCase, proxierOf, serviceObject, sliceObject } from "./testing.ts";

/** What upstream publishes as the exact rules of a set of Services (pkg/proxy/iptables/proxier_test.go). */
const cases = parse(readFileSync(new URL("upstream.yaml", import.meta.url), "utf8")) as (ProxyCase & {
  expect: string;
})[];

/** Within a table, chains may come in any order; the rules of one chain may not. */
function byChain(text: string): string[] {
  return text
    .trim()
    .split("COMMIT\n")
    .flatMap((table) => {
      const [head, ...lines] = table.trim().split("\n");
      const rules = new Map<string, string[]>();
      const others: string[] = [];
      for (const line of lines) {
        const chain = /^-A (\S+)/.exec(line)?.[1];
        if (chain === undefined) others.push(line);
        else rules.set(chain, [...(rules.get(chain) ?? []), line]);
      }
      return [head!, ...others.sort(), ...[...rules.keys()].sort().flatMap((chain) => rules.get(chain)!)];
    });
}

describe("rules that upstream publishes", () => {
  it.each(cases.map((each) => [each.name, each] as const))("%s", (_name, each) => {
    const proxier = proxierOf(each);
    proxier.sync();
    expect(byChain(restoreText(proxier.take()))).toEqual(byChain(each.expect));
  });
});

interface ChoiceCase {
  name: string;
  zone?: string;
  spec?: Record<string, unknown>;
  endpoints: string[];
  cluster?: string[];
  local?: string[];
  all?: string[];
  any?: boolean;
}

const choices = parse(readFileSync(new URL("upstream-choice.yaml", import.meta.url), "utf8")) as ChoiceCase[];

describe("endpoints that a node uses", () => {
  it.each(choices.map((each) => [each.name, each] as const))("%s", (_name, { zone, spec, endpoints, ...wanted }) => {
    const nodePort = spec?.type === "NodePort" ? 30080 : 0;
    const proxier = proxierOf({
      name: "",
      node: { name: "test-node", zone },
      services: [
        { name: "ns/svc", spec: { clusterIP: "10.96.0.1", ports: [{ port: 80, protocol: "TCP", nodePort }], ...spec } },
      ],
      slices: [{ of: "ns/svc", ports: ["80"], endpoints }],
    });
    proxier.sync();
    const [programmed] = proxier.programmedOf("ns/svc");
    const { cluster, local, reachable, any } = programmed!.choice;
    const all = wanted.all ?? wanted.cluster ?? wanted.local!;
    const addresses = (list: EndpointList) => list.map(({ address }) => address).sort();
    expect(addresses(cluster)).toEqual(wanted.cluster ?? []);
    expect(addresses(local)).toEqual(wanted.local ?? []);
    expect(addresses(reachable)).toEqual(all);
    expect(any).toBe(all.length > 0 || wanted.any === true);
  });
});

/** TestNoEndpointsMetric of the same file: internal policy, external policy, nodes with an endpoint, and what is counted. */
const noLocal: [
  internal: string,
  external: string,
  nodes: string[],
  counted: { internal: number; external: number },
][] = [
  ["Local", "Cluster", ["test-node", "host1", "host2"], { internal: 0, external: 0 }],
  ["Cluster", "Local", ["test-node", "host1", "host2"], { internal: 0, external: 0 }],
  ["Local", "Local", ["test-node", "host1", "host2"], { internal: 0, external: 0 }],
  ["Local", "Cluster", ["host0", "host1", "host2"], { internal: 1, external: 0 }],
  ["Cluster", "Local", ["host0", "host1", "host2"], { internal: 0, external: 1 }],
  ["Local", "Local", ["host0", "host1", "host2"], { internal: 1, external: 1 }],
  ["Local", "Local", [], { internal: 0, external: 0 }],
];

it.each(noLocal)(
  "Services without local endpoints, internal %s, external %s, endpoints on %j",
  (internalTrafficPolicy, externalTrafficPolicy, nodes, counted) => {
    const spec = {
      type: "NodePort",
      clusterIP: "172.30.1.1",
      internalTrafficPolicy,
      externalTrafficPolicy,
      ports: [{ port: 80, protocol: "TCP", nodePort: 123 }],
    };
    const endpoints = nodes.map((node, i) => `10.0.1.${i + 1} ${node}`);
    const proxier = proxierOf({
      name: "",
      node: { name: "test-node" },
      services: [{ name: "ns1/svc1", spec }],
      slices: [{ of: "ns1/svc1", ports: ["80"], endpoints }],
    });
    proxier.sync();
    expect(countNoLocalEndpoints(proxier.programmed())).toEqual(counted);
  },
);

interface Step {
  name: string;
  add?: ProxyCase["services"];
  remove?: string[];
  slices?: NonNullable<ProxyCase["slices"]>;
  services: string[];
  filter?: string[];
  total: number;
  chains: string[];
  rules: string[];
}

const steps = parse(readFileSync(new URL("upstream-syncs.yaml", import.meta.url), "utf8")) as Step[];

it("syncs one after another write what upstream publishes", () => {
  const options = { ifLocal: "-s 10.0.0.0/8", ifNotLocal: "! -s 10.0.0.0/8", masqueradeMark: "0x4000" };
  const proxier = proxierOf({ name: "repeated", options, services: [] });
  const services = new Map<string, ProxyCase["services"][number]>();
  const standing = new Set<string>();
  const common = /^(?::|-A )(?:KUBE-(?:SERVICES|NODEPORTS|POSTROUTING|MARK-MASQ)) /;
  for (const [i, step] of steps.entries()) {
    for (const service of step.add ?? []) {
      services.set(service.name, service);
      proxier.service(serviceObject(service), false);
    }
    for (const name of step.remove ?? []) proxier.service(serviceObject(services.get(name)!), true);
    for (const slice of step.slices ?? []) proxier.slice(sliceObject(slice, 0), false);
    const result = proxier.sync();
    expect(result.full, step.name).toBe(i === 0);
    expect(result.rules.nat, step.name).toBe(step.total);
    const [filter, nat] = restoreText(proxier.take(standing)).split("COMMIT\n") as [string, string];
    const lines = nat.trim().split("\n").slice(1);
    const own = lines.filter((line) => !common.test(line));
    const chains = own.flatMap((line) => (line.startsWith(":") ? [line.slice(1).split(" ")[0]!] : []));
    expect(chains.sort(), step.name).toEqual(step.chains.sort());
    expect(own.filter((line) => !line.startsWith(":")).sort(), step.name).toEqual(step.rules.sort());
    const led = [...nat.matchAll(/^-A KUBE-SERVICES .*"(\S+):\w+ cluster IP"/gm)].map((match) => match[1]);
    expect(led.sort(), step.name).toEqual(step.services);
    expect(filter.match(/^-A KUBE-SERVICES .*$/gm) ?? [], step.name).toEqual(step.filter ?? []);
    expect(lines.filter((line) => line.startsWith("-A")).length, step.name).toBe(result.written.nat);
    for (const chain of chains) standing.add(chain);
    for (const line of own) if (line.startsWith("-X ")) standing.delete(line.slice(3));
  }
});
