import { z } from "zod";
import { matches } from "../match.ts";
import { type CheckContext, type RunningCheck, say, type Verdict } from "./check.ts";

/** What etcd holds under a key, as a dump would show it. */
export const etcdCheck = z.strictObject({
  kind: z.literal("etcd").describe("A key is in etcd."),
  key: z.string().startsWith("/registry/").describe("`/registry/pods/default/web`."),
  match: z.record(z.string(), z.unknown()).optional().describe("A part of its value."),
  absent: z.boolean().default(false).describe("It must not be there (with such a value)."),
});

export function runEtcdCheck(check: z.infer<typeof etcdCheck>): RunningCheck {
  return {
    kind: "etcd",
    look: ({ facts }: CheckContext): Verdict => {
      const entry = facts.cluster.etcd.get(check.key);
      const fits = entry !== undefined && (check.match === undefined || matches(entry.value, check.match));
      const evidence =
        entry === undefined
          ? `${check.key}: no such key`
          : `${check.key}: revision ${entry.modRevision}, version ${entry.version}`;
      const passed = check.absent ? !fits : fits;
      return {
        passed,
        evidence,
        message: passed
          ? say("etcd에서 확인했습니다.", "Seen in etcd.")
          : say(`etcd: ${evidence}`, `etcd: ${evidence}`),
      };
    },
  };
}

/** Lines of a machine's netfilter dump (`iptables-save`, `ipset save`, nft commands, `ipvsadm -S`): all of `contains` must stand in one line. */
export const netfilterCheck = z.strictObject({
  kind: z
    .literal("netfilter")
    .describe("A machine's rules have such a line (`iptables-save`, `ipset save`, nft commands, `ipvsadm -S`)."),
  machine: z.string().describe("Which machine."),
  contains: z.array(z.string()).min(1).describe("All of these must stand in one line."),
  absent: z.boolean().default(false).describe("There must be no such line."),
});

export function runNetfilterCheck(check: z.infer<typeof netfilterCheck>): RunningCheck {
  return {
    kind: "netfilter",
    look: ({ session }: CheckContext): Verdict => {
      const lines = session.netfilterDump(check.machine);
      const found = lines.find((line) => check.contains.every((part) => line.includes(part)));
      const passed = check.absent ? found === undefined : found !== undefined;
      const evidence = found ?? `${check.machine}: ${lines.length} rules, none with ${check.contains.join(" and ")}`;
      return {
        passed,
        evidence,
        about: { kind: "rules", machine: check.machine, ...(found ? { line: found } : {}) },
        message: passed ? say("규칙을 확인했습니다.", "Seen in the rules.") : say(evidence, evidence),
      };
    },
  };
}
