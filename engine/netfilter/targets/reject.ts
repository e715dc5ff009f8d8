import type { TargetExtension } from "../extension.ts";
import type { Packet, Surroundings } from "../packet.ts";
import { Problem } from "../problem.ts";
import { INVERTED, type RuleBody, type Target, type Verdict } from "../types.ts";

/** Answers with their short names, in the order that beginnings are tried (reject_table of libipt_REJECT.c). */
const ANSWERS: readonly [string, string][] = [
  ["icmp-net-unreachable", "net-unreach"],
  ["icmp-host-unreachable", "host-unreach"],
  ["icmp-proto-unreachable", "proto-unreach"],
  ["icmp-port-unreachable", "port-unreach"],
  ["icmp-net-prohibited", "net-prohib"],
  ["icmp-host-prohibited", "host-prohib"],
  ["tcp-reset", "tcp-rst"],
  ["icmp-admin-prohibited", "admin-prohib"],
];

/** The same of ip6tables (libip6t_REJECT.c). */
const ANSWERS6: readonly [string, string][] = [
  ["icmp6-no-route", "no-route"],
  ["icmp6-adm-prohibited", "adm-prohibited"],
  ["icmp6-addr-unreachable", "addr-unreach"],
  ["icmp6-port-unreachable", "port-unreach"],
  ["tcp-reset", "tcp-rst"],
  ["icmp6-policy-fail", "policy-fail"],
  ["icmp6-reject-route", "reject-route"],
];

/** `-j REJECT`: refuses with an answer (libipt_REJECT.c). */
class RejectTarget implements Target {
  readonly name = "REJECT";
  answer = "icmp-port-unreachable";

  save(): string {
    return ` --reject-with ${this.answer}`;
  }

  list(): string {
    return ` reject-with ${this.answer}`;
  }

  fits(table: string, base: string | undefined, rule: RuleBody): boolean {
    const tcp = rule.protocol === 6 && (rule.inverted & INVERTED.protocol) === 0;
    return (
      table === "filter" &&
      (base === undefined || base === "INPUT" || base === "FORWARD" || base === "OUTPUT") &&
      (this.answer !== "tcp-reset" || tcp)
    );
  }

  act(_packet: Packet, on: Surroundings): Verdict {
    on.rejectedWith = this.answer;
    return "reject";
  }
}

export const reject: TargetExtension = {
  name: "REJECT",
  options: [
    {
      name: "reject-with",
      read(target, value, _inverted, { family }) {
        const text = value.toLowerCase();
        const found = (family === 6 ? ANSWERS6 : ANSWERS).find(
          ([long, short]) => long.startsWith(text) || short.startsWith(text),
        );
        if (found === undefined) throw new Problem(`unknown reject type "${value}"`);
        (target as RejectTarget).answer = found[0];
      },
    },
  ],
  create({ family }) {
    const target = new RejectTarget();
    if (family === 6) target.answer = "icmp6-port-unreachable";
    return target;
  },
};
