import { formatAddress, maskOf } from "../address.ts";
import { optionNumber } from "../numbers.ts";
import type { Packet, Surroundings } from "../packet.ts";
import { plainMatch, type Saids } from "../plain.ts";
import { Problem } from "../problem.ts";
import { Credit, periodOf, rateText, secondsOf } from "../rates.ts";

const MOST = 0xffff_ffff;
/** Parts of a second in which rates are kept (XT_HASHLIMIT_SCALE_v2). */
const SCALE = 1_000_000;
const MODES = ["dstip", "srcip", "dstport", "srcport"];

/** A rate such as `10/min` or `512kb/s`, as it is saved. */
function rateOf(option: string, text: string): string {
  const bad = () => new Problem(`hashlimit: Bad value for "--${option}" option: "${text}"`);
  const bytes = /^(\d+)([km]?)b\/s(ec|econd)?$/i.exec(text);
  if (bytes) {
    const count = Number(bytes[1]) * { "": 1, k: 1024, m: 1024 * 1024 }[bytes[2]!.toLowerCase() as "k"];
    if (count === 0) throw bad();
    const [unit, by] = count % (1024 * 1024) === 0 ? ["mb", 1024 * 1024] : count % 1024 === 0 ? ["kb", 1024] : ["b", 1];
    return `${count / (by as number)}${unit}/s`;
  }
  const period = periodOf(text, SCALE);
  if (period === undefined) throw bad();
  return rateText(period, SCALE);
}

const figure = (name: string, most = MOST, least = 0) => ({
  name,
  read: (value: string) => `${optionNumber("hashlimit", name, value, least, most)}`,
});

/** Who a packet counts for: parts of its addresses and ports. */
function clientOf(packet: Packet, said: Saids): string {
  const modes = said.get("hashlimit-mode")?.value.split(",") ?? [];
  const mask = (name: string) => maskOf(Number(said.get(name)?.value ?? 32));
  return modes
    .map((mode) => {
      if (mode === "srcip") return formatAddress(packet.source & mask("hashlimit-srcmask"));
      if (mode === "dstip") return formatAddress(packet.destination & mask("hashlimit-dstmask"));
      return `${mode === "srcport" ? packet.sourcePort : packet.destinationPort}`;
    })
    .join(" ");
}

function withinRate(packet: Packet, on: Surroundings, said: Saids): boolean {
  const above = said.get("hashlimit-above");
  const upto = said.get("hashlimit-upto") ?? above!;
  const bytes = /^(\d+)([km]?)b\/s$/.exec(upto.value);
  let cost: number;
  let most: number;
  if (bytes) {
    const rate = Number(bytes[1]) * { "": 1, k: 1024, m: 1024 * 1024 }[bytes[2] as "k"];
    cost = (packet.length / rate) * 1e6;
    most = 5e6;
  } else {
    const [count, unit] = upto.value.split("/") as [string, string];
    cost = (secondsOf(unit)! * 1e6) / Number(count);
    most = cost * Number(said.get("hashlimit-burst")?.value ?? 5);
  }
  const list = on.credits(said.get("hashlimit-name")!.value);
  const client = clientOf(packet, said);
  let credit = list.get(client);
  if (credit === undefined) list.set(client, (credit = new Credit()));
  return credit.pays(cost, most, on.now, on.traceless);
}

const SIDES = ["hashlimit-upto", "hashlimit-above"];

/** `-m hashlimit`: a rate for each client (libxt_hashlimit.c, xt_hashlimit.c). */
export const hashlimit = plainMatch(
  {
    name: "hashlimit",
    options: [
      {
        name: "hashlimit-upto",
        aliases: ["hashlimit"],
        excludes: SIDES,
        read: (value) => rateOf("hashlimit-upto", value),
      },
      { name: "hashlimit-above", excludes: SIDES, read: (value) => rateOf("hashlimit-above", value) },
      figure("hashlimit-burst", MOST, 1),
      {
        name: "hashlimit-mode",
        read(value) {
          for (const word of value.split(",")) {
            if (!MODES.includes(word.toLowerCase())) {
              throw new Problem(`hashlimit: Bad value for "--hashlimit-mode" option: "${value}"`);
            }
          }
          const given = value.toLowerCase().split(",");
          return ["srcip", "srcport", "dstip", "dstport"].filter((mode) => given.includes(mode)).join(",");
        },
      },
      { name: "hashlimit-name", mandatory: true },
      figure("hashlimit-htable-size"),
      figure("hashlimit-htable-max"),
      figure("hashlimit-htable-gcinterval"),
      figure("hashlimit-htable-expire"),
      figure("hashlimit-srcmask", 32),
      figure("hashlimit-dstmask", 32),
    ],
    list(said) {
      const value = (name: string) => said.get(`hashlimit-${name}`)?.value;
      const word = (label: string, name: string) => (value(name) === undefined ? "" : ` ${label} ${value(name)}`);
      const rate = value("upto") === undefined ? `above ${value("above")}` : `up to ${value("upto")}`;
      const mode = value("mode") === undefined ? "" : ` mode ${value("mode")!.replaceAll(",", "-")}`;
      return (
        ` limit: ${rate}${word("burst", "burst")}${mode}${word("htable-size", "htable-size")}${word("htable-max", "htable-max")}` +
        `${word("htable-gcinterval", "htable-gcinterval")}${word("htable-expire", "htable-expire")}` +
        `${word("srcmask", "srcmask")}${word("dstmask", "dstmask")}`
      );
    },
    finish(given, said) {
      if (!SIDES.some((name) => given.has(name))) throw new Problem("You have to specify --hashlimit");
      const rate = (said.get("hashlimit-upto") ?? said.get("hashlimit-above"))!.value;
      if (!given.has("hashlimit-burst") && !rate.endsWith("b/s"))
        said.set("hashlimit-burst", { value: "5", inverted: false });
    },
  },
  (packet, on, said) => withinRate(packet, on, said) === said.has("hashlimit-upto"),
  { volatile: true },
);

const CONNECTIONS = ["connlimit-upto", "connlimit-above"];

/** `-m connlimit`: how many connections an address has open (libxt_connlimit.c, xt_connlimit.c). */
export const connlimit = plainMatch(
  {
    name: "connlimit",
    options: [
      ...CONNECTIONS.map((name) => ({
        name,
        invert: true,
        excludes: CONNECTIONS,
        read: (value: string) => `${optionNumber("connlimit", name, value, 0, MOST)}`,
      })),
      {
        name: "connlimit-mask",
        read(value) {
          const bits = /^\d+$/.test(value) ? Number(value) : 33;
          return `${bits > 32 ? 0 : bits}`;
        },
      },
      { name: "connlimit-saddr", flag: true },
      { name: "connlimit-daddr", flag: true },
    ],
    list(said) {
      const side = said.has("connlimit-daddr") ? "dst" : "src";
      const [word, count] = said.has("connlimit-upto")
        ? ["<=", said.get("connlimit-upto")]
        : [">", said.get("connlimit-above")];
      return ` #conn ${side}/${said.get("connlimit-mask")!.value} ${word} ${count!.value}`;
    },
    finish(given, said) {
      if (!CONNECTIONS.some((name) => given.has(name))) {
        throw new Problem('You must specify "--connlimit-above" or "--connlimit-upto".');
      }
      // `! --connlimit-above 3` is what `--connlimit-upto 3` says.
      const [name, other] = given.has("connlimit-upto") ? CONNECTIONS : [...CONNECTIONS].reverse();
      const limit = said.get(name!)!;
      if (limit.inverted) {
        said.delete(name!);
        said.set(other!, { value: limit.value, inverted: false });
      }
      if (!said.has("connlimit-mask")) said.set("connlimit-mask", { value: "32", inverted: false });
      if (!said.has("connlimit-daddr")) said.set("connlimit-saddr", { value: "", inverted: false });
    },
  },
  (packet, on, said) => {
    const mask = maskOf(Number(said.get("connlimit-mask")!.value));
    const destination = said.has("connlimit-daddr");
    const own = (destination ? packet.destination : packet.source) & mask;
    const open = on.connections?.(own, mask, destination) ?? 0;
    // The packet's own connection is one of them.
    const upto = said.get("connlimit-upto");
    return upto === undefined ? open + 1 > Number(said.get("connlimit-above")!.value) : open + 1 <= Number(upto.value);
  },
  { volatile: true },
);

/** `-m quota`: so many bytes, and no more (xt_quota.c). */
export const quota = plainMatch(
  {
    name: "quota",
    options: [
      {
        name: "quota",
        mandatory: true,
        invert: true,
        read(value) {
          if (/^\d+$/.test(value)) return value.replace(/^0+(?=\d)/, "");
          throw new Problem('quota: bad value for option "--quota", or out of range (0-18446744073709551615).\n');
        },
      },
    ],
    list: (said) => ` quota: ${said.get("quota")!.value} bytes`,
  },
  (packet, on, said) => {
    const quota = said.get("quota")!;
    let left = quotas.get(said) ?? Number(quota.value);
    const enough = left >= packet.length;
    left = enough ? left - packet.length : 0;
    if (!on.traceless) quotas.set(said, left);
    return enough !== quota.inverted;
  },
  { volatile: true },
);

const quotas = new WeakMap<object, number>();
