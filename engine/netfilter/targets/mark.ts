import type { TargetExtension } from "../extension.ts";
import { markAndMask, optionNumber } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Target, Verdict } from "../types.ts";

const ALL = 0xffff_ffff;
const OPTIONS = ["set-xmark", "set-mark", "and-mark", "or-mark", "xor-mark"];

/** `-j MARK`: mark = mark with the bits of `mask` zeroed, then XOR `mark` (libxt_MARK.c). */
class MarkTarget implements Target {
  readonly name = "MARK";
  mark = 0;
  mask = ALL;

  save(): string {
    return ` --set-xmark 0x${this.mark.toString(16)}/0x${this.mask.toString(16)}`;
  }

  list(): string {
    const { mark, mask } = this;
    const hex = (value: number) => `0x${value.toString(16)}`;
    if (mark === 0) return ` MARK and ${hex(~mask >>> 0)}`;
    if (mark === mask) return ` MARK or ${hex(mark)}`;
    if (mask === 0) return ` MARK xor ${hex(mark)}`;
    if (mask === ALL) return ` MARK set ${hex(mark)}`;
    return ` MARK xset ${hex(mark)}/${hex(mask)}`;
  }

  act(packet: Packet): Verdict {
    packet.mark = ((packet.mark & ~this.mask) ^ this.mark) >>> 0;
    return "continue";
  }
}

const alone = (name: string) => ({ name, excludes: OPTIONS.filter((other) => other !== name) });
const bits = (option: string, value: string) => optionNumber("MARK", option, value, 0, ALL);

export const mark: TargetExtension = {
  name: "MARK",
  options: [
    {
      ...alone("set-xmark"),
      read(target, value) {
        const made = target as MarkTarget;
        [made.mark, made.mask] = markAndMask("MARK", "set-xmark", value);
      },
    },
    {
      ...alone("set-mark"),
      read(target, value) {
        const [set, mask] = markAndMask("MARK", "set-mark", value);
        (target as MarkTarget).mark = set;
        (target as MarkTarget).mask = (set | mask) >>> 0;
      },
    },
    {
      ...alone("and-mark"),
      read(target, value) {
        (target as MarkTarget).mark = 0;
        (target as MarkTarget).mask = ~bits("and-mark", value) >>> 0;
      },
    },
    {
      ...alone("or-mark"),
      read(target, value) {
        (target as MarkTarget).mark = bits("or-mark", value);
        (target as MarkTarget).mask = (target as MarkTarget).mark;
      },
    },
    {
      ...alone("xor-mark"),
      read(target, value) {
        (target as MarkTarget).mark = bits("xor-mark", value);
        (target as MarkTarget).mask = 0;
      },
    },
  ],
  create: () => new MarkTarget(),
  finish(_target, given) {
    if (given.size === 0) {
      throw new Problem("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required");
    }
  },
};
