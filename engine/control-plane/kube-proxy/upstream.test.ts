import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { restoreText } from "./restore-input.ts";
import { type ProxyCase, proxierOf } from "./testing.ts";

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
