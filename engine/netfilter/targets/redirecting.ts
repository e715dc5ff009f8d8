import { formatAddress, maskOf, parseAddress, prefixOf } from "../address.ts";
import { markAndMask, optionNumber, wholeNumber } from "../numbers.ts";
import { plainTarget } from "../plain.ts";
import { Problem } from "../problem.ts";
import { INVERTED } from "../types.ts";

function address(extension: string, option: string, text: string): string {
  const value = parseAddress(text);
  if (value === undefined) throw new Problem(`${extension}: Bad value for "--${option}" option: "${text}"`);
  return formatAddress(value);
}

const hex = (value: number) => `0x${value.toString(16)}`;

/** `-j TPROXY`: to a local socket, unchanged (libxt_TPROXY.c). */
export const tproxy = plainTarget(
  {
    name: "TPROXY",
    options: [
      { name: "on-port", mandatory: true, read: (value) => `${optionNumber("TPROXY", "on-port", value, 0, 65_535)}` },
      { name: "on-ip", read: (value) => address("TPROXY", "on-ip", value) },
      {
        name: "tproxy-mark",
        read(value) {
          const [mark, mask] = markAndMask("TPROXY", "tproxy-mark", value);
          return `${hex(mark)}/${hex(mask)}`;
        },
      },
    ],
    list: (said) =>
      ` TPROXY redirect ${said.get("on-ip")!.value}:${said.get("on-port")!.value} mark ${said.get("tproxy-mark")!.value}`,
    finish(_given, said) {
      if (!said.has("on-ip")) said.set("on-ip", { value: "0.0.0.0", inverted: false });
      if (!said.has("tproxy-mark")) said.set("tproxy-mark", { value: "0x0/0x0", inverted: false });
    },
    fits: (table, base, rule) =>
      table === "mangle" &&
      (base === undefined || base === "PREROUTING") &&
      (rule.protocol === 6 || rule.protocol === 17) &&
      (rule.inverted & INVERTED.protocol) === 0,
  },
  (packet, _on, said) => {
    const [mark, mask] = said.get("tproxy-mark")!.value.split("/").map(Number);
    packet.mark = ((packet.mark & ~mask!) ^ mark!) >>> 0;
    return "accept";
  },
);

/** `-j NETMAP`: one network for another, host by host (libipt_NETMAP.c). */
export const netmap = plainTarget(
  {
    name: "NETMAP",
    options: [
      {
        name: "to",
        mandatory: true,
        read(value) {
          const [base = "", length = "32"] = value.split("/");
          const bits =
            wholeNumber(length, 0, 32) ??
            (parseAddress(length) === undefined ? undefined : prefixOf(parseAddress(length)!));
          const from = parseAddress(base);
          if (from === undefined || bits === undefined)
            throw new Problem(`NETMAP: Bad value for "--to" option: "${value}"`);
          return `${formatAddress(from & maskOf(bits))}/${bits}`;
        },
      },
    ],
    list: (said) => ` to:${said.get("to")!.value}`,
    fits: (table) => table === "nat",
  },
  (packet, _on, said) => {
    const [base, length] = said.get("to")!.value.split("/") as [string, string];
    const mask = maskOf(Number(length));
    const moved = (value: number) => (parseAddress(base)! & mask) | (value & ~mask);
    // Before routing it is the destination that changes, after it the source.
    if (packet.output === "") packet.destination = moved(packet.destination);
    else packet.source = moved(packet.source);
    return "accept";
  },
);

/** `-j TEE`: a copy to another machine, which nobody looks at here (libxt_TEE.c). */
export const tee = plainTarget({
  name: "TEE",
  options: [{ name: "gateway", mandatory: true, read: (value) => address("TEE", "gateway", value) }, { name: "oif" }],
  list: (said) => ` TEE gw:${said.get("gateway")!.value}${said.has("oif") ? ` oif=${said.get("oif")!.value}` : ""}`,
  fits: (_table, _base, _rule, said) => said.get("gateway")!.value !== "0.0.0.0",
});

const QUEUES = ["queue-num", "queue-balance"];

/** `-j NFQUEUE`: a program is asked; without one, the packet is lost unless it may pass by (libxt_NFQUEUE.c). */
export const nfqueue = plainTarget(
  {
    name: "NFQUEUE",
    options: [
      {
        name: "queue-num",
        excludes: QUEUES,
        read: (value) => `${optionNumber("NFQUEUE", "queue-num", value, 0, 65_535)}`,
      },
      {
        name: "queue-balance",
        excludes: QUEUES,
        read(value) {
          const found = /^(\d+):(\d+)$/.exec(value);
          if (found === null || Number(found[1]) > 65_535 || Number(found[2]) > 65_535) {
            throw new Problem(`NFQUEUE: Bad value for "--queue-balance" option: "${value}"`);
          }
          return `${Number(found[1])}:${Number(found[2])}`;
        },
      },
      { name: "queue-bypass", flag: true },
      { name: "queue-cpu-fanout", flag: true, needs: ["queue-balance"] },
    ],
    list(said) {
      const range = said.get("queue-balance")?.value;
      const queue = range === undefined ? ` NFQUEUE num ${said.get("queue-num")!.value}` : ` NFQUEUE balance ${range}`;
      return `${queue}${said.has("queue-bypass") ? " bypass" : ""}${said.has("queue-cpu-fanout") ? " cpu-fanout" : ""}`;
    },
    finish(_given, said) {
      if (!QUEUES.some((name) => said.has(name))) said.set("queue-num", { value: "0", inverted: false });
    },
  },
  (_packet, _on, said) => (said.has("queue-bypass") ? "accept" : "drop"),
);

/** `-j AUDIT` (libxt_AUDIT.c). */
export const audit = plainTarget({
  name: "AUDIT",
  options: [
    {
      name: "type",
      mandatory: true,
      read(value) {
        if (["accept", "drop", "reject"].includes(value.toLowerCase())) return value.toLowerCase();
        throw new Problem(`Bad action type value "${value}"`);
      },
    },
  ],
  list: (said) => ` AUDIT ${said.get("type")!.value}`,
});
