import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { inNetwork } from "../../text/ipv4.ts";
import { ipvsPlan, ipvsRestoreLines, type SetName } from "./ipvs-rules.ts";
import { type ProxyCase, proxierOf } from "./testing.ts";

interface IpvsCase extends ProxyCase {
  addresses?: string[];
  nodePorts?: string[];
  /** `address:port/protocol` and the real servers. */
  servers?: string[];
  sets?: Partial<Record<SetName, string[]>>;
  chains?: Record<string, string[]>;
  persistent?: number;
  bound?: string[];
}

const cases = parse(readFileSync(new URL("upstream-ipvs.yaml", import.meta.url), "utf8")) as IpvsCase[];

/** Of rules: the target, and the set that is asked. */
function brief(lines: readonly string[], chain: string): string[] {
  return lines
    .filter((line) => line.startsWith(`-A ${chain} `))
    .map((line) => [/ -j (\S+)/.exec(line)![1], / --match-set (\S+)/.exec(line)?.[1]].filter(Boolean).join(" "));
}

describe("virtual servers and sets that upstream publishes", () => {
  it.each(cases.map((each) => [each.name, each] as const))("%s", (_name, each) => {
    const node = { name: "test-node", address: "192.168.0.2", ...each.node };
    const proxier = proxierOf({ ...each, node });
    proxier.sync();
    const { addresses = [], nodePorts } = each;
    const plan = ipvsPlan(proxier.programmed(), { ...node, addresses, nodePorts }, inNetwork);
    if (each.servers) {
      const servers = plan.servers.map(({ protocol, address, port, endpoints }) =>
        [`${address}:${port}/${protocol}`, ...endpoints.map((one) => `${one.address}:${one.port}`)].join(" "),
      );
      expect(servers.sort()).toEqual([...each.servers].sort());
    }
    for (const [name, entries] of Object.entries(each.sets ?? {})) {
      expect([...plan.sets.get(name as SetName)!].sort(), name).toEqual([...entries].sort());
    }
    const lines = ipvsRestoreLines(plan, proxier.options);
    for (const [chain, rules] of Object.entries(each.chains ?? {})) expect(brief(lines, chain), chain).toEqual(rules);
    for (const { persistent } of plan.servers) expect(persistent).toBe(each.persistent);
    if (each.bound) expect([...plan.addresses].sort()).toEqual(each.bound);
  });
});
