import { formatAddress, formatMask, maskOf, parseAddress } from "../address.ts";
import { leadingNumber, optionNumber, wholeNumber } from "../numbers.ts";
import { type PlainOption, plainMatch, type Said } from "../plain.ts";
import { Problem } from "../problem.ts";
import { protocolNumber } from "../protocols.ts";

/** Matches of what packets and devices could bear and never do here: realms, groups, marks of congestion, IPsec. */

const MOST = 0xffff_ffff;
const not = (said: Said | undefined) => (said?.inverted ? " !" : "");

/** `1` or `0x1/0xff` (xtables_parse_val_mask). */
function valueAndMask(extension: string, option: string, text: string): string {
  const bad = () => new Problem(`${extension}: bad integer value for option "--${option}", or out of range.\n`);
  const value = leadingNumber(text);
  if (value === undefined || value.value > MOST) throw bad();
  const garbage = () => new Problem(`${extension}: trailing garbage after value for option "--${option}".\n`);
  if (value.rest !== "" && value.rest[0] !== "/") throw garbage();
  const hex = (number: number) => `0x${number.toString(16)}`;
  if (value.rest === "") return hex(value.value);
  const mask = leadingNumber(value.rest.slice(1));
  if (mask === undefined || mask.value > MOST) throw bad();
  if (mask.rest !== "") throw garbage();
  return mask.value === MOST ? hex(value.value) : `${hex(value.value)}/${hex(mask.value)}`;
}

/** Whether 0 is what a value and a mask ask for. */
function isZero(text: string): boolean {
  return Number(text.split("/")[0]) === 0;
}

/** `-m realm`: routes have none (libxt_realm.c). */
export const realm = plainMatch(
  {
    name: "realm",
    options: [{ name: "realm", mandatory: true, invert: true, read: (value) => valueAndMask("realm", "realm", value) }],
    list: (said) => `${not(said.get("realm"))} realm ${said.get("realm")!.value}`,
    fits: (_table, base) => base !== "PREROUTING",
  },
  (_packet, _on, said) => isZero(said.get("realm")!.value) !== said.get("realm")!.inverted,
);

const GROUPS = ["src-group", "dst-group"];

/** `-m devgroup`: devices are in group 0 (libxt_devgroup.c). */
export const devgroup = plainMatch(
  {
    name: "devgroup",
    options: GROUPS.map((name) => ({ name, invert: true, read: (value) => valueAndMask("devgroup", name, value) })),
    list: (said) =>
      GROUPS.filter((name) => said.has(name))
        .map((name) => `${not(said.get(name))} ${name} ${said.get(name)!.value}`)
        .join(""),
    finish(given) {
      if (given.size === 0) {
        throw new Problem("devgroup match: You must specify either '--src-group' or '--dst-group'");
      }
    },
    fits: (_table, base, _rule, said) =>
      !(said.has("src-group") && (base === "OUTPUT" || base === "POSTROUTING")) &&
      !(said.has("dst-group") && (base === "INPUT" || base === "PREROUTING")),
  },
  (_packet, _on, said) => [...said.values()].every(({ value, inverted }) => isZero(value) !== inverted),
);

/** `-m ecn`: nobody marks congestion (libxt_ecn.c). */
export const ecn = plainMatch(
  {
    name: "ecn",
    options: [
      { name: "ecn-tcp-cwr", flag: true, invert: true },
      { name: "ecn-tcp-ece", flag: true, invert: true },
      { name: "ecn-ip-ect", invert: true, read: (value) => `${optionNumber("ecn", "ecn-ip-ect", value, 0, 3)}` },
    ],
    order: ["ecn-tcp-ece", "ecn-tcp-cwr", "ecn-ip-ect"],
    list(said) {
      const [ece, cwr, ect] = ["ecn-tcp-ece", "ecn-tcp-cwr", "ecn-ip-ect"].map((name) => said.get(name));
      const bang = (one: Said) => (one.inverted ? "!" : "");
      return ` ECN match${ece ? ` ${bang(ece)}ECE` : ""}${cwr ? ` ${bang(cwr)}CWR` : ""}${ect ? ` ${bang(ect)}ECT=${ect.value}` : ""}`;
    },
    finish(given) {
      if (given.size === 0) throw new Problem("ECN match: some option required");
    },
    fits: (_table, _base, rule, said) => rule.protocol === 6 || !(said.has("ecn-tcp-ece") || said.has("ecn-tcp-cwr")),
  },
  (_packet, _on, said) =>
    [...said].every(([name, { value, inverted }]) => (name === "ecn-ip-ect" && value === "0") !== inverted),
);

const IPSEC = [50, 51, 108];
const ELEMENTS = ["reqid", "spi", "proto", "mode", "tunnel-dst", "tunnel-src"];

function tunnelEnd(text: string): string {
  const [host = "", mask] = text.split("/");
  const address = parseAddress(host);
  const bits = mask === undefined ? -1 : mask.includes(".") ? parseAddress(mask) : wholeNumber(mask, 0, 32);
  if (address === undefined || bits === undefined) throw new Problem(`host/network \`${text}' not found`);
  const whole = mask === undefined || mask.includes(".") ? bits : maskOf(bits);
  return `${formatAddress(address & whole)}${whole === -1 ? "" : formatMask(whole)}`;
}

const element = (name: string, read: (value: string) => string): PlainOption => ({
  name,
  invert: true,
  multiple: true,
  read(value, _rule, said) {
    if (said.has(name)) throw new Problem(`policy match: double --${name} option`);
    return read(value);
  },
});

/** `-m policy`: no packet goes through IPsec; of several elements with --next, but one is kept (libxt_policy.c). */
export const policy = plainMatch(
  {
    name: "policy",
    options: [
      {
        name: "dir",
        read(value) {
          if (value !== "in" && value !== "out") throw new Problem(`policy_match: invalid dir "${value}"`);
          return value;
        },
      },
      {
        name: "pol",
        read(value) {
          if (value !== "none" && value !== "ipsec") throw new Problem(`policy match: invalid policy "${value}"`);
          return value;
        },
      },
      { name: "strict", flag: true },
      element("reqid", (value) => `${optionNumber("policy", "reqid", value, 0, MOST)}`),
      element("spi", (value) => `0x${optionNumber("policy", "spi", value, 0, MOST).toString(16)}`),
      element("proto", (value) => {
        const number = protocolNumber(value.toLowerCase()) ?? wholeNumber(value, 0, 255);
        if (number === undefined) {
          throw new Problem(`policy: bad protocol value \`${value}', or out of range (0-255).\n`);
        }
        if (!IPSEC.includes(number)) throw new Problem("policy match: protocol must be ah/esp/ipcomp");
        return number === 50 ? "esp" : number === 51 ? "ah" : "ipcomp";
      }),
      element("mode", (value) => {
        if (value !== "transport" && value !== "tunnel") throw new Problem(`policy match: invalid mode "${value}"`);
        return value;
      }),
      element("tunnel-dst", (value) => tunnelEnd(value)),
      element("tunnel-src", (value) => tunnelEnd(value)),
    ],
    list: (said, numeric) => {
      const elements = ELEMENTS.filter((name) => said.has(name)).map((name) => {
        const { value } = said.get(name)!;
        const shown = name === "proto" && numeric ? protocolNumber(value) : value;
        return `${not(said.get(name))} ${name} ${shown}`;
      });
      return ` policy match dir ${said.get("dir")!.value} pol ${said.get("pol")!.value}${said.has("strict") ? " strict" : ""}${elements.join("")}`;
    },
    order: ["dir", "pol", "strict", ...ELEMENTS],
    finish(given, said) {
      if (!given.has("dir")) throw new Problem("policy match: neither --dir in nor --dir out specified");
      if (!said.has("pol")) said.set("pol", { value: "ipsec", inverted: false });
      const some = ELEMENTS.some((name) => given.has(name));
      if (said.get("pol")!.value === "none") {
        if (given.has("strict")) throw new Problem("policy match: policy none but --strict given");
      } else if (given.has("strict") && !some) {
        throw new Problem(
          "policy match: empty policy element 0. --strict is in effect, but at least one of reqid, spi, tunnel-src, tunnel-dst, proto or mode is required.",
        );
      }
      const mode = said.get("mode");
      const ends = given.has("tunnel-src") || given.has("tunnel-dst");
      const tunnels = mode === undefined ? true : (mode.value === "tunnel") !== mode.inverted;
      if (ends && !tunnels) throw new Problem("policy match: --tunnel-src/--tunnel-dst is only valid in tunnel mode");
    },
    fits: (_table, base, _rule, said) =>
      said.get("dir")!.value === "in"
        ? base !== "POSTROUTING" && base !== "OUTPUT"
        : base !== "PREROUTING" && base !== "INPUT",
  },
  (_packet, _on, said) => said.get("pol")!.value === "none",
);

/** `-m connlabel`: connections have none (libxt_connlabel.c). */
export const connlabel = plainMatch(
  {
    name: "connlabel",
    options: [
      {
        name: "label",
        mandatory: true,
        invert: true,
        read(value) {
          const bit = wholeNumber(value, 0, MOST);
          if (bit === undefined) throw new Problem(`label '${value}' not found or invalid value`);
          return `"${bit}"`;
        },
      },
      { name: "set", flag: true },
    ],
    list: (said) =>
      ` connlabel${not(said.get("label"))} ${said.get("label")!.value.slice(1, -1)}${said.has("set") ? " set" : ""}`,
    fits: (_table, _base, _rule, said) => Number(said.get("label")!.value.slice(1, -1)) < 128,
  },
  (_packet, _on, said) => said.get("label")!.inverted,
);

/** A program of `-m bpf`, each instruction as four numbers. */
function bytecode(text: string): string {
  const head = /^\s*(\d+),/.exec(text);
  if (head === null) throw new Problem("bpf: error parsing program length");
  const length = Number(head[1]);
  if (length === 0) throw new Problem("bpf: illegal zero length program");
  if (length > 64) throw new Problem("bpf: number of instructions exceeds maximum");
  const lines = text.slice(head[0].length).replace(/,$/, "").split(",");
  const kept: string[] = [];
  for (const line of text.slice(head[0].length) === "" ? [] : lines) {
    if (kept.length >= length) throw new Problem("bpf: real program length exceeds the encoded length parameter");
    const numbers = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)/.exec(line);
    if (numbers === null) throw new Problem(`bpf: error at instr ${kept.length}`);
    kept.push(numbers.slice(1).map(Number).join(" "));
  }
  if (kept.length !== length) {
    throw new Problem("bpf: parsed program length is less than the encoded length parameter");
  }
  return `"${length},${kept.join(",")}"`;
}

/** `-m bpf` (libxt_bpf.c): programs are kept and not run, but for ones that return at once. */
export const bpf = plainMatch(
  {
    name: "bpf",
    options: [{ name: "bytecode", read: bytecode }],
    list: (said) => `match bpf ${said.get("bytecode")!.value.slice(1, -1).replace(/^\d+,/, "")}\0`,
    finish(given) {
      if (given.size === 0) throw new Problem("bpf: one of --bytecode or --pinned is required");
    },
  },
  (_packet, _on, said) => /^"1,6 0 0 [1-9]/.test(said.get("bytecode")!.value),
);

const NODES = 32;
const hex8 = (value: number) => `0x${value.toString(16).padStart(8, "0")}`;
const INITIAL = 0xdead_beef;

/** The kernel's hash of one word (jhash_1word of linux/jhash.h). */
function hashOf(word: number, seed: number): number {
  const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));
  const start = (seed + INITIAL + 4) | 0;
  let [a, b, c] = [(word + start) | 0, start, start];
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}

/** `-m cluster`: which node a source is for (libxt_cluster.c). */
export const cluster = plainMatch(
  {
    name: "cluster",
    options: [
      {
        name: "cluster-total-nodes",
        mandatory: true,
        read: (value) => `${optionNumber("cluster", "cluster-total-nodes", value, 1, NODES)}`,
      },
      {
        name: "cluster-local-node",
        invert: true,
        silent: true,
        excludes: ["cluster-local-nodemask"],
        read(value, _rule, said) {
          const node = optionNumber("cluster", "cluster-local-node", value, 1, NODES);
          said.set("mask", { value: `${2 ** (node - 1)}`, inverted: false });
          return `${node}`;
        },
      },
      {
        name: "cluster-local-nodemask",
        invert: true,
        excludes: ["cluster-local-node"],
        read: (value) => hex8(optionNumber("cluster", "cluster-local-nodemask", value, 1, NODES)),
      },
      {
        name: "cluster-hash-seed",
        mandatory: true,
        read: (value) => hex8(optionNumber("cluster", "cluster-hash-seed", value, 0, MOST)),
      },
    ],
    order: ["cluster-local-nodemask", "cluster-total-nodes", "cluster-hash-seed"],
    list(said) {
      const mask = said.get("cluster-local-nodemask")!;
      return ` cluster ${mask.inverted ? "!" : ""}node_mask=${mask.value} total_nodes=${said.get("cluster-total-nodes")!.value} hash_seed=${said.get("cluster-hash-seed")!.value}`;
    },
    finish(given, said) {
      const node = said.get("cluster-local-node");
      if (node !== undefined) {
        said.set("cluster-local-nodemask", { value: hex8(Number(said.get("mask")!.value)), inverted: node.inverted });
      }
      const mask = said.get("cluster-local-nodemask");
      if (given.has("cluster-total-nodes") && given.has("cluster-hash-seed") && mask !== undefined) {
        if (Number(mask.value) < 2 ** Number(said.get("cluster-total-nodes")!.value)) return;
        throw new Problem(
          node !== undefined
            ? "cluster match: `--cluster-local-node' must be <= `--cluster-total-nodes'"
            : "cluster match: `--cluster-local-nodemask' too big for `--cluster-total-nodes'",
        );
      }
      if (mask === undefined) {
        throw new Problem("cluster match: `--cluster-local-node' or`--cluster-local-nodemask' is missing");
      }
    },
  },
  (packet, _on, said) => {
    const mask = said.get("cluster-local-nodemask")!;
    const hash = hashOf(packet.source, Number(said.get("cluster-hash-seed")!.value));
    const node = Math.floor((hash * Number(said.get("cluster-total-nodes")!.value)) / 2 ** 32);
    return (Math.floor(Number(mask.value) / 2 ** node) % 2 === 1) !== mask.inverted;
  },
);
