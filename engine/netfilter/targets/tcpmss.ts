import type { TargetExtension } from "../extension.ts";
import { optionNumber } from "../numbers.ts";
import { Problem } from "../problem.ts";
import { INVERTED, type RuleBody, type Target, type Verdict } from "../types.ts";

/** `-j TCPMSS`: the segment size that a SYN offers (libxt_TCPMSS.c). */
class SegmentSizeTarget implements Target {
  readonly name = "TCPMSS";
  /** Undefined for what the path lets through. */
  size: number | undefined;

  save(): string {
    return this.size === undefined ? " --clamp-mss-to-pmtu" : ` --set-mss ${this.size}`;
  }

  list(): string {
    return this.size === undefined ? " TCPMSS clamp to PMTU" : ` TCPMSS set ${this.size}`;
  }

  act(): Verdict {
    return "continue";
  }

  fits(_table: string, base: string | undefined, rule: RuleBody): boolean {
    if (rule.protocol !== 6 || (rule.inverted & INVERTED.protocol) !== 0) return false;
    return this.size !== undefined || (base !== "PREROUTING" && base !== "INPUT");
  }
}

export const tcpmss: TargetExtension = {
  name: "TCPMSS",
  options: [
    {
      name: "set-mss",
      read(target, value) {
        (target as SegmentSizeTarget).size = optionNumber("TCPMSS", "set-mss", value, 0, 65_515);
      },
    },
    { name: "clamp-mss-to-pmtu", flag: true, read: () => undefined },
  ],
  create: () => new SegmentSizeTarget(),
  finish(_target, given) {
    if (given.size === 0) throw new Problem("TCPMSS target: At least one parameter is required");
  },
};
