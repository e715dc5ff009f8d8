import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { RandomStream } from "../../kernel/index.ts";
import {
  formatAddress,
  type Notes,
  nft,
  type Packet,
  parseAddress,
  Ruleset,
  restore,
  runHook,
  type Surroundings,
} from "../../netfilter/index.ts";
import { inNetwork } from "../../text/ipv4.ts";
import { missingJumps } from "./jumps.ts";
import { addElements, elementLines, noElements, portLines, setupLines } from "./nft-rules.ts";
import type { Proxier } from "./proxier.ts";
import { JUMPS, restoreText } from "./restore-input.ts";
import { type ProxyCase, proxierOf, serviceObject, sliceObject } from "./testing.ts";

interface FlowCase extends ProxyCase {
  flows: string[];
  bare?: string[];
  gone?: string[];
}

const file = readFileSync(new URL("upstream-flows.yaml", import.meta.url), "utf8");
const cases = parse(file, { merge: true }) as FlowCase[];

const NODE = { name: "test-node", address: "192.168.0.2" };
const NODE_ADDRESSES = new Set(["192.168.0.2", "192.168.1.2", "192.168.99.11", "127.0.0.1"].map(number));
const PROTOCOLS = { TCP: 6, UDP: 17, SCTP: 132 } as const;

function number(address: string): number {
  return parseAddress(address) as number;
}

/** Chance as a script: each walk takes the next untried way, until all have been. */
class EveryWay {
  private readonly taken: { choice: number; of: number }[] = [];
  private at = 0;
  readonly stream = {
    uint32: () => (this.draw(2) === 0 ? 0 : 0x7fff_ffff),
    // Which port a masqueraded packet gets makes no difference.
    int: (low: number, high: number) => (high - low > 100 ? low : low + this.draw(high - low + 1)),
  } as unknown as RandomStream;

  private draw(of: number): number {
    const step = this.taken[this.at] ?? { choice: 0, of };
    this.taken[this.at++] = step;
    return step.choice;
  }

  /** Whether there is another way; the next walk takes it. */
  next(): boolean {
    this.at = 0;
    for (let last = this.taken.pop(); last !== undefined; last = this.taken.pop()) {
      if (last.choice + 1 === last.of) continue;
      this.taken.push({ choice: last.choice + 1, of: last.of });
      return true;
    }
    return false;
  }
}

/** Where a packet goes by each way, as the flows of the cases say it. */
function outcome(ruleset: Ruleset, source: string, destination: string, port: number, protocol: number): string {
  const ways = new EveryWay();
  const found = new Set<string>();
  let masqueraded = false;
  do {
    const packet: Packet = {
      protocol,
      source: number(source),
      destination: number(destination),
      sourcePort: 40_000,
      destinationPort: port,
      input: "",
      output: "eth0",
      mark: 0,
      length: 60,
      tcpFlags: 2,
      icmpType: 0,
      icmpCode: 0,
      state: "NEW",
      translated: 0,
    };
    const on: Surroundings = {
      now: 0,
      random: ways.stream,
      sets: new Map(),
      addressType: (address) => (NODE_ADDRESSES.has(address) ? "LOCAL" : "UNICAST"),
      addressOf: () => number(NODE.address),
      recent: () => new Map(),
      credits: () => new Map(),
      rejectedWith: "",
      log: () => {},
    };
    const notes: Notes = { compared: 0, counted: [], volatile: false, steps: [] };
    const own = NODE_ADDRESSES.has(packet.source);
    let verdict = runHook(ruleset, own ? "OUTPUT" : "PREROUTING", packet, on, notes);
    if (verdict === "accept" && !own) {
      const here = NODE_ADDRESSES.has(packet.destination);
      verdict = runHook(ruleset, here ? "INPUT" : "FORWARD", packet, on, notes);
    }
    // A packet of the node's own that stays there comes in, too.
    if (verdict === "accept" && own && NODE_ADDRESSES.has(packet.destination)) {
      verdict = runHook(ruleset, "INPUT", packet, on, notes);
    }
    const accepted = notes.steps!.some(({ chain, left }) => chain === "KUBE-NODEPORTS" && left === "ACCEPT");
    const translated = packet.destination !== number(destination) || packet.destinationPort !== port;
    if (verdict !== "accept") found.add(verdict.toUpperCase());
    else if (translated) found.add(`${formatAddress(packet.destination)}:${packet.destinationPort}`);
    else found.add(accepted ? "ACCEPT" : "none");
    if (verdict !== "accept" || !translated) continue;
    // The source may have been the node's before: the mark asks for it all the same.
    const marked = (packet.mark & 0x4000) !== 0;
    runHook(ruleset, "POSTROUTING", packet, on, notes);
    masqueraded = marked && packet.source === number(NODE.address);
  } while (ways.next());
  return `${[...found].sort().join(", ")}${masqueraded ? " masq" : ""}`;
}

/** What stands in a node's tables once its proxier has synced, by mode. */
const MODES: Record<string, (proxier: Proxier) => Ruleset> = {
  iptables: (proxier) => {
    const ruleset = new Ruleset();
    const lines = [...missingJumps(ruleset, JUMPS), ...restoreText(proxier.take()).trimEnd().split("\n")];
    expect(restore(ruleset, lines, { noflush: true, counters: true }).error).toBe("");
    return ruleset;
  },
  nftables: (proxier) => {
    const wanted = noElements();
    const lines = setupLines(proxier.options);
    for (const programmed of proxier.programmed()) {
      addElements(wanted, programmed);
      const fromNode = programmed.port.sourceRanges.some((range) => inNetwork(range, NODE.address));
      lines.push(...portLines(programmed, proxier.options, fromNode));
    }
    const ruleset = new Ruleset();
    const text = [...lines, ...elementLines(noElements(), wanted)].join("\n");
    expect(nft(ruleset, text, { now: 0 }).error).toBe("");
    return ruleset;
  },
};

function judge(mode: string, ruleset: Ruleset, flows: readonly string[]): void {
  for (const flow of flows) {
    const [, source, address, port, protocol = "TCP", wanted, other] =
      /^(\S+) > ([\d.]+):(\d+)(?:\/(\w+))? = ([^;]+?)(?:; nftables (.*))?$/.exec(flow)!;
    const expected = mode === "nftables" && other !== undefined ? other : wanted;
    const found = outcome(ruleset, source!, address!, Number(port), PROTOCOLS[protocol as keyof typeof PROTOCOLS]);
    expect(found, flow).toBe(expected);
  }
}

describe.each(Object.entries(MODES))("packets as upstream sends them, mode %s", (mode, rulesOf) => {
  it.each(cases.map((each) => [each.name, each] as const))("%s", (_name, each) => {
    const options = {
      ifLocal: "-s 10.0.0.0/8",
      ifNotLocal: "! -s 10.0.0.0/8",
      masqueradeMark: "0x4000",
      ...each.options,
    };
    const proxier = proxierOf({ ...each, options, node: NODE });
    const now = (full: boolean) => {
      proxier.sync(full);
      return rulesOf(proxier);
    };
    judge(mode, now(true), each.flows);
    for (const [i, slice] of (each.slices ?? []).entries()) proxier.slice(sliceObject(slice, i), true);
    if (each.bare) judge(mode, now(true), each.bare);
    for (const service of each.services) proxier.service(serviceObject(service), true);
    if (each.gone) judge(mode, now(true), each.gone);
  });
});
