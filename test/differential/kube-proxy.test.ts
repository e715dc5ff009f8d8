import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { IPVS_JUMPS, IPVS_SETS, ipvsPlan, ipvsRestoreLines } from "../../engine/control-plane/kube-proxy/ipvs-rules.ts";
import { missingJumps } from "../../engine/control-plane/kube-proxy/jumps.ts";
import {
  addElements,
  elementLines,
  noElements,
  portLines,
  setupLines,
} from "../../engine/control-plane/kube-proxy/nft-rules.ts";
import { JUMPS, restoreLines } from "../../engine/control-plane/kube-proxy/restore-input.ts";
import { type ProxyCase, proxierOf } from "../../engine/control-plane/kube-proxy/testing.ts";
import { IpSet, iptables, nft, Ruleset, restore, save } from "../../engine/netfilter/index.ts";
import { inNetwork } from "../../engine/text/ipv4.ts";

const cases = parse(readFileSync(new URL("kube-proxy/cases.yaml", import.meta.url), "utf8")) as ProxyCase[];

/** Lines that iptables is asked for once the rules stand. */
const LISTINGS = [
  "-t nat -S",
  "-t filter -S",
  "-t nat -L -n -v",
  "-t filter -L -n -v",
  "-t nat -L KUBE-SERVICES -n --line-numbers",
  "-t mangle -L",
];

/** Runs a script in a network namespace of its own, with the real iptables. */
function inNamespace(script: string, input: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync("unshare", ["-n", "sh", "-c", script], { input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

const works = inNamespace("iptables-restore && iptables -t nat -S", "*nat\nCOMMIT\n").status === 0;

/**
 * What kube-proxy hands to iptables-restore for a set of Services is loaded by the real one and by ours: both must take
 * it, and list the same.
 */
describe.skipIf(!works)("kube-proxy's rules: the real iptables and ours", () => {
  it.each(cases.map((each) => [each.name, each] as const))("%s", (_name, each) => {
    const proxier = proxierOf(each);
    proxier.sync();
    const ruleset = new Ruleset();
    const lines = [...missingJumps(ruleset, JUMPS), ...restoreLines(proxier.take())];
    const own = restore(ruleset, lines, { noflush: true, counters: true });
    expect(own.error).toBe("");

    // What the cluster's kube-proxy does: its lines are read when somebody asks.
    const late = new Ruleset();
    restore(late, lines, { noflush: true, counters: true, trusted: true });
    expect(save(late)).toEqual(save(ruleset));

    const script = [
      "iptables-restore --noflush --counters",
      "iptables-save",
      ...LISTINGS.map((words) => `iptables ${words}`),
    ];
    const real = inNamespace(script.join(" && echo @@ && "), `${lines.join("\n")}\n`);
    expect(real.stderr).toBe("");
    const [, saved, ...listed] = real.stdout.split("@@\n");
    expect(save(ruleset)).toEqual(saved!.split("\n").filter((line) => line !== "" && !line.startsWith("#")));
    LISTINGS.forEach((words, i) => {
      expect(iptables(ruleset, words.split(" ")).out.split("\n"), words).toEqual(listed[i]!.split("\n"));
    });
  });
});

const setsWork = inNamespace("ipset create x hash:ip,port", "").status === 0;

describe.skipIf(!works || !setsWork)("mode ipvs: the real ipset and iptables and ours", () => {
  it.each(cases.map((each) => [each.name, each] as const))("%s", (_name, each) => {
    const proxier = proxierOf(each);
    proxier.sync();
    const node = { name: proxier.node.name, address: proxier.node.address, addresses: [proxier.node.address] };
    const plan = ipvsPlan(proxier.programmed(), node, inNetwork);
    const ruleset = new Ruleset();
    const sets: string[] = [];
    for (const [name, entries] of plan.sets) {
      const { type } = IPVS_SETS[name];
      sets.push(`create ${name} ${type}${type === "bitmap:port" ? " range 0-65535" : ""}`);
      ruleset.sets.set(name, new IpSet(name, type));
      for (const entry of entries) sets.push(`add ${name} ${entry}`);
    }
    // A kernel without ip_vs has no match of that name either.
    const rules = ipvsRestoreLines(plan, proxier.options).filter((line) => !line.includes("-m ipvs"));
    const lines = [...missingJumps(ruleset, IPVS_JUMPS), ...rules];
    expect(restore(ruleset, lines, { noflush: true, counters: true }).error).toBe("");
    const script = `ipset restore <<'SETS' && iptables-restore --noflush --counters && iptables-save\n${sets.join("\n")}\nSETS\n`;
    const real = inNamespace(script, `${lines.join("\n")}\n`);
    expect(real.stderr).toBe("");
    expect(save(ruleset)).toEqual(real.stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#")));
  });
});

const nftWorks = inNamespace("nft add table ip x && nft list ruleset", "").status === 0;

describe.skipIf(!nftWorks)("mode nftables: the real nft and ours", () => {
  it.each(cases.map((each) => [each.name, each] as const))("%s", (_name, each) => {
    const proxier = proxierOf(each);
    proxier.sync();
    const wanted = noElements();
    const lines = setupLines(proxier.options);
    for (const programmed of proxier.programmed()) {
      addElements(wanted, programmed);
      lines.push(...portLines(programmed, proxier.options, false));
    }
    // Only one device is sure to be there.
    const input = `${[...lines, ...elementLines(noElements(), wanted)].join("\n")}\n`.replaceAll('"cni0"', '"lo"');
    const ruleset = new Ruleset();
    expect(nft(ruleset, input, { now: 0 }).error).toBe("");
    const real = inNamespace("nft -f - && nft -a list ruleset", input);
    expect(real.stderr).toBe("");
    expect(nft(ruleset, "list ruleset", { now: 0, handles: true }).out).toBe(real.stdout);
  });
});
