import { describe, expect, it } from "vitest";
import { restoreText } from "./restore-input.ts";
import { type ProxyCase, proxierOf, serviceObject, sliceObject } from "./testing.ts";

const service = (n: number) => ({
  name: `default/svc-${n}`,
  spec: { clusterIP: `10.201.${n >> 8}.${n & 255}`, ports: [{ name: "http", port: 80, protocol: "TCP" }] },
});
const slice = (n: number, count: number, port = 8080) => ({
  of: `default/svc-${n}`,
  ports: [`http:${port}`],
  endpoints: Array.from({ length: count }, (_, i) => `10.200.${n % 200}.${i + 1} worker-1`),
});
const many = (services: number, endpoints: number): ProxyCase => ({
  name: "many",
  services: Array.from({ length: services }, (_, n) => service(n)),
  slices: Array.from({ length: services }, (_, n) => slice(n, endpoints)),
});
/** Chains that a dump writes. */
const chainsOf = (text: string) => [...text.matchAll(/^:(\S+)/gm)].map((match) => match[1]!);
const own = (text: string) => chainsOf(text).filter((chain) => /^KUBE-(?:SVC|SEP|EXT)-/.test(chain));

describe("partial syncs", () => {
  it("write the own chains of changed Services only", () => {
    const proxier = proxierOf(many(3, 2));
    expect(proxier.sync()).toMatchObject({ full: true, services: 3, endpoints: 6 });
    expect(own(restoreText(proxier.take()))).toHaveLength(9);

    expect(proxier.slice(sliceObject(slice(1, 3), 1), false)).toBe(true);
    const result = proxier.sync();
    expect(result).toMatchObject({ full: false, endpoints: 7 });
    // One masquerade rule, three jumps and two rules an endpoint.
    expect(result.rules.nat - result.written.nat).toBe(2 * (1 + 2 + 4));
    const text = restoreText(proxier.take());
    expect(own(text)).toHaveLength(4);
    expect(text.match(/-A KUBE-SERVICES .*cluster IP/g)).toHaveLength(3);
  });

  it("are not asked for by what changes no rule", () => {
    const proxier = proxierOf(many(1, 1));
    proxier.sync();
    const labelled = serviceObject({ ...service(0), labels: { app: "x" } });
    expect(proxier.service(labelled, false)).toBe(false);
    const annotated = sliceObject(slice(0, 1), 0);
    expect(
      proxier.slice(
        { ...annotated, metadata: { ...annotated.metadata, annotations: { "endpoints.kubernetes.io/x": "y" } } },
        false,
      ),
    ).toBe(false);
  });

  it("delete the chains of Services that are gone", () => {
    const proxier = proxierOf(many(2, 1));
    proxier.sync();
    const before = chainsOf(restoreText(proxier.take()));
    proxier.service(serviceObject(service(0)), true);
    proxier.sync();
    const text = restoreText(proxier.take([...before, "KUBE-SVC-BYHANDBYHANDBYHA", "KUBE-NOT-OURS"]));
    expect(text.match(/^-X \S+/gm)).toEqual([
      expect.stringMatching(/^-X KUBE-SVC-/),
      expect.stringMatching(/^-X KUBE-SEP-/),
      "-X KUBE-SVC-BYHANDBYHANDBYHA",
    ]);
    expect(text).not.toContain("svc-0");
  });

  it("several before somebody looks are one", () => {
    const proxier = proxierOf(many(3, 1));
    proxier.sync();
    proxier.take();
    proxier.slice(sliceObject(slice(0, 2), 0), false);
    proxier.sync();
    proxier.slice(sliceObject(slice(2, 2), 2), false);
    proxier.sync();
    expect(own(restoreText(proxier.take()))).toHaveLength(6);
    expect(own(restoreText(proxier.take()))).toHaveLength(0);
  });

  it("count rules as they are written", () => {
    const proxier = proxierOf(many(4, 3));
    const { written } = proxier.sync();
    const [filter, nat] = restoreText(proxier.take()).split("COMMIT\n");
    expect(filter!.match(/^-A/gm)).toHaveLength(written.filter);
    expect(nat!.match(/^-A/gm)).toHaveLength(written.nat);
  });

  it("a full sync writes everything again", () => {
    const proxier = proxierOf(many(2, 1));
    proxier.sync();
    const first = restoreText(proxier.take());
    expect(proxier.sync(true).full).toBe(true);
    expect(restoreText(proxier.take())).toBe(first);
  });
});

describe("large clusters", () => {
  it("as upstream's TestSyncProxyRulesLargeClusterMode", () => {
    const address = (block: number) => (_: unknown, i: number) => `10.${block}.${i % 256}.${Math.floor(i / 256)}`;
    const of = (n: number, port: number) => ({
      name: `ns${n}/svc${n}`,
      spec: { clusterIP: `172.30.0.4${n}`, ports: [{ name: `p${port}`, port, protocol: "TCP" }] },
    });
    const endpoints = (n: number, port: number, list: string[]) => ({
      of: `ns${n}/svc${n}`,
      ports: [`p${port}:${port}`],
      endpoints: list,
    });
    const proxier = proxierOf({
      name: "large",
      options: { masqueradeAll: true },
      services: [of(1, 80), of(2, 8080), of(3, 8081)],
      slices: [
        endpoints(1, 80, Array.from({ length: 499 }, address(0))),
        endpoints(2, 8080, Array.from({ length: 499 }, address(1))),
      ],
    });
    const dnats = (text: string) => text.match(/^-A KUBE-SEP-.* -j DNAT .*$/gm) ?? [];
    proxier.sync();
    let lines = dnats(restoreText(proxier.take()));
    expect(lines).toHaveLength(998);
    expect(lines.every((line) => line.includes("--comment"))).toBe(true);
    expect(lines).toContain(
      "-A KUBE-SEP-DKGQUZGBKLTPAR56 -m comment --comment ns1/svc1:p80 -m tcp -p tcp -j DNAT --to-destination 10.0.0.0:80",
    );

    proxier.slice(sliceObject(endpoints(3, 8081, ["203.0.113.4", "203.0.113.8", "203.0.113.12"]), 9), false);
    expect(proxier.sync().full).toBe(false);
    lines = dnats(restoreText(proxier.take()));
    expect(lines).toHaveLength(3);
    expect(lines).toContain("-A KUBE-SEP-RUVVH7YV3PHQBDOS -m tcp -p tcp -j DNAT --to-destination 203.0.113.4:8081");

    proxier.sync(true);
    lines = dnats(restoreText(proxier.take()));
    expect(lines).toHaveLength(1001);
    expect(lines.some((line) => line.includes("--comment"))).toBe(false);
    expect(lines).toContain("-A KUBE-SEP-DKGQUZGBKLTPAR56 -m tcp -p tcp -j DNAT --to-destination 10.0.0.0:80");

    proxier.service(serviceObject(of(4, 8082)), false);
    proxier.slice(sliceObject(endpoints(4, 8082, ["10.4.0.1"]), 4), false);
    proxier.sync();
    lines = dnats(restoreText(proxier.take()));
    expect(lines).toEqual(["-A KUBE-SEP-SU5STNODRYEWJAUF -m tcp -p tcp -j DNAT --to-destination 10.4.0.1:8082"]);

    proxier.service(serviceObject(of(4, 8082)), true);
    proxier.sync();
    expect(restoreText(proxier.take())).not.toContain("-X ");
    const text = restoreText(proxier.take(["KUBE-SVC-EBDQOQU5SJFXRIL3", "KUBE-SEP-SU5STNODRYEWJAUF"]));
    expect(text).toContain("-X KUBE-SVC-EBDQOQU5SJFXRIL3");
    expect(text).toContain("-X KUBE-SEP-SU5STNODRYEWJAUF");
  });

  it("leave the comments out past 1,000 endpoints", () => {
    const proxier = proxierOf(many(101, 10));
    proxier.sync();
    const text = restoreText(proxier.take());
    expect(text).not.toContain("-> 10.200.");
    expect(text).toContain("cluster IP");
  });

  it("5,000 Services of 10 endpoints: dump and one endpoint's change stay cheap", () => {
    const each = many(5_000, 10);
    const started = process.cpuUsage();
    const proxier = proxierOf(each);
    proxier.sync();
    const text = restoreText(proxier.take());
    const full = process.cpuUsage(started);
    expect(text.match(/\n-A /g)!.length).toBeGreaterThan(150_000);
    const changes = Array.from({ length: 20 }, (_, n) => sliceObject(slice(n * 100, 9), n * 100));
    const before = process.cpuUsage();
    for (const change of changes) {
      proxier.slice(change, false);
      proxier.sync();
    }
    const one = process.cpuUsage(before);
    // Generous, since other tests run at the same time: about 600 ms and 0.1 ms on an idle machine.
    expect((full.user + full.system) / 1000).toBeLessThan(6_000);
    expect((one.user + one.system) / 20_000).toBeLessThan(5);
  });
});
