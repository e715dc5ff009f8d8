import { byteText, dscpClass, SERVICES, serviceType } from "../matches/service-type.ts";
import { optionNumber } from "../numbers.ts";
import { plainTarget } from "../plain.ts";
import { Problem } from "../problem.ts";

const mangle = (table: string) => table === "mangle";

const TTL = ["ttl-set", "ttl-dec", "ttl-inc"];

/** `-j TTL`: how many machines a packet may still pass (libipt_TTL.c). */
export const ttl = plainTarget(
  {
    name: "TTL",
    options: TTL.map((name) => ({
      name,
      excludes: TTL,
      read: (value: string) => `${optionNumber("TTL", name, value, name === "ttl-set" ? 0 : 1, 255)}`,
    })),
    list(said) {
      const [name, { value }] = [...said][0]!;
      return ` TTL ${{ "ttl-set": "set to", "ttl-dec": "decrement by", "ttl-inc": "increment by" }[name]} ${value}`;
    },
    finish(given) {
      if (given.size === 0) throw new Problem("TTL: You must specify an action");
    },
    fits: mangle,
  },
  (packet, _on, said) => {
    const own = packet.ttl ?? 64;
    const [name, { value }] = [...said][0]!;
    const by = Number(value);
    packet.ttl = name === "ttl-set" ? by : name === "ttl-dec" ? Math.max(0, own - by) : Math.min(255, own + by);
    return undefined;
  },
);

const DSCP = ["set-dscp", "set-dscp-class"];

/** `-j DSCP` (libxt_DSCP.c). */
export const dscp = plainTarget({
  name: "DSCP",
  options: [
    { name: "set-dscp", excludes: DSCP, read: (value) => byteText(optionNumber("DSCP", "set-dscp", value, 0, 63)) },
    { name: "set-dscp-class", excludes: DSCP, read: (value) => byteText(dscpClass(value)) },
  ],
  list: (said) => ` DSCP set ${said.get("set-dscp")!.value}`,
  finish(given, said) {
    if (given.size === 0) throw new Problem("DSCP target: Parameter --set-dscp is required");
    const named = said.get("set-dscp-class");
    if (named) said.set("set-dscp", named);
    said.delete("set-dscp-class");
  },
  fits: mangle,
});

const TOS = ["set-tos", "and-tos", "or-tos", "xor-tos"];

/** `-j TOS` (libxt_TOS.c). */
export const tos = plainTarget({
  name: "TOS",
  options: TOS.map((name) => ({
    name,
    excludes: TOS,
    read(value: string) {
      if (name === "set-tos") {
        const [number, mask] = serviceType("TOS", name, value);
        return `${byteText(number)}/${byteText(mask)}`;
      }
      const bits = optionNumber("TOS", name, value, 0, 255);
      if (name === "and-tos") return `0x00/${byteText(~bits & 255)}`;
      return name === "or-tos" ? `${byteText(bits)}/${byteText(bits)}` : `${byteText(bits)}/0x00`;
    },
  })),
  list(said, numeric) {
    const { value } = said.get("set-tos")!;
    const [number, mask] = value.split("/").map(Number);
    const name = numeric || mask !== 0x3f ? undefined : SERVICES.find(([each]) => each === number)?.[1];
    return ` TOS set ${name ?? value}`;
  },
  finish(given, said) {
    if (given.size === 0) throw new Problem("TOS target: An action is required");
    const [name, value] = [...said][0]!;
    said.delete(name);
    said.set("set-tos", value);
  },
  fits: mangle,
});

/** `-j CHECKSUM` (libxt_CHECKSUM.c). */
export const checksum = plainTarget({
  name: "CHECKSUM",
  options: [{ name: "checksum-fill", flag: true, mandatory: true }],
  list: () => " CHECKSUM fill",
  fits: mangle,
});

/** `-j CLASSIFY` (libxt_CLASSIFY.c). */
export const classify = plainTarget({
  name: "CLASSIFY",
  options: [
    {
      name: "set-class",
      mandatory: true,
      read(value) {
        const found = /^([\da-fA-F]+):([\da-fA-F]+)$/.exec(value);
        if (found === null) throw new Problem(`Bad class value "${value}"`);
        return `${found[1]!.toLowerCase().padStart(4, "0")}:${found[2]!.toLowerCase().padStart(4, "0")}`;
      },
    },
  ],
  list: (said) =>
    ` CLASSIFY set ${said
      .get("set-class")!
      .value.split(":")
      .map((part) => Number.parseInt(part, 16).toString(16))
      .join(":")}`,
  fits: (table, base) =>
    table === "mangle" && (base === undefined || base === "FORWARD" || base === "OUTPUT" || base === "POSTROUTING"),
});
