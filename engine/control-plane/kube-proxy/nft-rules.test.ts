import { describe, expect, it } from "vitest";
import { nft, Ruleset } from "../../netfilter/index.ts";
import { addElements, elementLines, noElements, portLines, setupLines } from "./nft-rules.ts";
import { type ProxyCase, proxierOf } from "./testing.ts";

/** What kube-proxy makes of a case, as nft lists it. */
function listed(each: ProxyCase, what: string): string[] {
  const proxier = proxierOf(each);
  proxier.sync();
  const wanted = noElements();
  const lines = setupLines(proxier.options);
  for (const programmed of proxier.programmed()) {
    addElements(wanted, programmed);
    lines.push(...portLines(programmed, proxier.options, false));
  }
  const ruleset = new Ruleset();
  expect(nft(ruleset, [...lines, ...elementLines(noElements(), wanted)].join("\n"), { now: 0 }).error).toBe("");
  return nft(ruleset, `list ${what}`, { now: 0 }).out.trimEnd().split("\n").slice(2, -2);
}

const each: ProxyCase = {
  name: "",
  services: [
    {
      name: "ns1/svc1",
      spec: { clusterIP: "172.30.0.41", ports: [{ name: "p80", port: 80, protocol: "TCP" }] },
    },
    {
      name: "ns2/svc2",
      spec: {
        type: "NodePort",
        externalTrafficPolicy: "Local",
        clusterIP: "172.30.0.42",
        ports: [{ name: "p80", port: 80, protocol: "TCP", nodePort: 3001 }],
      },
    },
  ],
  slices: [
    { of: "ns1/svc1", ports: ["p80:80"], endpoints: ["10.180.0.1"] },
    { of: "ns2/svc2", ports: ["p80:80"], endpoints: ["10.180.0.2 worker-2"] },
  ],
};

/** Names and rules of upstream's own expectations (pkg/proxy/nftables/proxier_test.go TestOverallNFTablesRules). */
describe("mode nftables", () => {
  it("names chains by a hash and what they are for", () => {
    expect(listed(each, "chain ip kube-proxy service-ULMVA6XW-ns1/svc1/tcp/p80")).toEqual([
      "\t\tip daddr 172.30.0.41 tcp dport 80 ip saddr != 10.200.0.0/16 jump mark-for-masquerade",
      "\t\tnumgen random mod 1 vmap { 0 : goto endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80 }",
    ]);
    expect(listed(each, "chain ip kube-proxy endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80")).toEqual([
      "\t\tip saddr 10.180.0.1 jump mark-for-masquerade",
      "\t\tmeta l4proto tcp dnat to 10.180.0.1:80",
    ]);
  });

  it("keeps policy Local's traffic off nodes without an endpoint", () => {
    expect(listed(each, "chain ip kube-proxy external-42NFTM6N-ns2/svc2/tcp/p80")).toEqual([
      '\t\tip saddr 10.200.0.0/16 goto service-42NFTM6N-ns2/svc2/tcp/p80 comment "short-circuit pod traffic"',
      '\t\tfib saddr type local jump mark-for-masquerade comment "masquerade local traffic"',
      '\t\tfib saddr type local goto service-42NFTM6N-ns2/svc2/tcp/p80 comment "short-circuit local traffic"',
    ]);
    expect(listed(each, "map ip kube-proxy no-endpoint-nodeports").at(-1)).toBe(
      '\t\telements = { tcp . 3001 comment "ns2/svc2:p80" : drop }',
    );
  });
});
