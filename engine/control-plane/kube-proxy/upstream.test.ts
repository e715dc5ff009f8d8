import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
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
