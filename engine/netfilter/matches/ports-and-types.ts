import type { MatchExtension, Option } from "../extension.ts";
import { optionNumber } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";
import { destinationPort, guidedPorts, PortsMatch, sourcePort } from "./ports.ts";

/** Ports, and kinds of packets, which say nothing of packets here: those have none. */
class TypedMatch extends PortsMatch {
  /** Behind the ports, as iptables-save and listings have it. */
  saved = "";
  listed: (numeric: boolean) => string = () => "";
  optionSaved = "";
  optionListed = "";
  given = false;
  inverted = false;

  override save(): string {
    return super.save() + this.saved + this.optionSaved;
  }

  override list(numeric: boolean): string {
    return super.list(numeric) + this.listed(numeric) + this.optionListed;
  }

  override test(packet: Packet): boolean {
    return super.test(packet) && (!this.given || this.inverted);
  }
}

/** Kinds of chunks: name, number, letters of their flags (sctp_chunk_names of libxt_sctp.c). */
const CHUNKS: readonly [string, number, string][] = [
  ["DATA", 0, "IUBE"],
  ["INIT", 1, ""],
  ["INIT_ACK", 2, ""],
  ["SACK", 3, ""],
  ["HEARTBEAT", 4, ""],
  ["HEARTBEAT_ACK", 5, ""],
  ["ABORT", 6, "T"],
  ["SHUTDOWN", 7, ""],
  ["SHUTDOWN_ACK", 8, ""],
  ["ERROR", 9, ""],
  ["COOKIE_ECHO", 10, ""],
  ["COOKIE_ACK", 11, ""],
  ["ECN_ECNE", 12, ""],
  ["ECN_CWR", 13, ""],
  ["SHUTDOWN_COMPLETE", 14, "T"],
  ["I_DATA", 64, "IUBE"],
  ["ASCONF_ACK", 128, ""],
  ["RE_CONFIG", 130, ""],
  ["PAD", 132, ""],
  ["FORWARD_TSN", 192, ""],
  ["ASCONF", 193, ""],
  ["I_FORWARD_TSN", 194, ""],
];

/** Chunks by number, with their flags: `DATA:bE`. */
function chunks(text: string): [number, string, string][] | "ALL" | "NONE" {
  const whole = text.toUpperCase();
  if (whole === "ALL" || whole === "NONE") return whole;
  const found = new Map<number, [number, string, string]>();
  for (const word of text.split(",").filter((each) => each !== "")) {
    const [name = "", flags = ""] = word.split(":");
    const chunk = CHUNKS.find(([own]) => own === name.toUpperCase());
    if (chunk === undefined) throw new Problem(`Unknown sctp chunk \`${name}'`);
    const [own, number, letters] = chunk;
    for (const flag of flags) {
      if (!letters.includes(flag.toUpperCase())) throw new Problem(`Invalid flags for chunk type ${number}`);
    }
    const kept = [...letters].map(
      (letter) => [letter, letter.toLowerCase()].find((each) => flags.includes(each)) ?? "",
    );
    found.set(number, [number, own, kept.join("")]);
  }
  return [...found.values()].sort((a, b) => a[0] - b[0]);
}

function chunkTypes(made: Match, kind: string, inverted: boolean, text: string | undefined): void {
  const match = made as TypedMatch;
  if (match.given) throw new Problem("Only one `--chunk-types' allowed");
  if (text === undefined) throw new Problem("--chunk-types requires two args");
  const how = kind.toLowerCase();
  if (!["any", "all", "only"].includes(how)) {
    throw new Problem('Match type has to be one of "ALL", "ANY" or "ONLY"');
  }
  const types = chunks(text);
  match.given = true;
  match.inverted = inverted;
  const shown = (numeric: boolean) => {
    if (typeof types === "string") return types;
    if (types.length === 0) return "NONE";
    const name = ([number, own]: [number, string, string]) =>
      numeric ? `0x${number.toString(16).toUpperCase().padStart(4, "0")}` : own;
    return types.map((each) => `${name(each)}${each[2] === "" ? "" : `:${each[2]}`}`).join(",");
  };
  match.saved = `${inverted ? " !" : ""} --chunk-types ${how} ${shown(false)}`;
  match.listed = (numeric) => `${inverted ? " !" : ""} ${how} ${shown(numeric)}`;
}

/** `-m sctp` (libxt_sctp.c). */
export const sctp: MatchExtension = {
  name: "sctp",
  unguided: true,
  options: [
    destinationPort,
    sourcePort,
    {
      name: "chunk-types",
      read: (match, value, inverted, rule) => chunkTypes(match, value, inverted, rule.nextWord()),
    },
  ],
  create: () => new TypedMatch("sctp"),
};

const DCCP = [
  "REQUEST",
  "RESPONSE",
  "DATA",
  "ACK",
  "DATAACK",
  "CLOSEREQ",
  "CLOSE",
  "RESET",
  "SYNC",
  "SYNCACK",
  "INVALID",
];
const INVALID = DCCP.length - 1;
/** Numbers of types that are none. */
const OTHERS = [11, 12, 13, 14, 15];

const typesOption: Option<Match> = {
  name: "dccp-types",
  invert: true,
  read(made, value, inverted) {
    const match = made as TypedMatch;
    const numbers = new Set<number>();
    for (const word of value.split(",").filter((each) => each !== "")) {
      const number = DCCP.indexOf(word.toUpperCase());
      if (number < 0) throw new Problem(`Unknown DCCP type \`${word}'`);
      numbers.add(number);
    }
    const sorted = [...numbers].sort((a, b) => a - b);
    const names = sorted.map((number) => DCCP[number]).join(",");
    const all = numbers.has(INVALID) ? [...sorted, ...OTHERS] : sorted;
    match.given = true;
    match.inverted = inverted;
    match.saved = `${inverted ? " !" : ""} --dccp-types ${names}`;
    match.listed = (numeric) => `${inverted ? " !" : ""} ${numeric ? all.join(",") : names}`;
  },
};

const optionOption: Option<Match> = {
  name: "dccp-option",
  invert: true,
  read(made, value, inverted) {
    const match = made as TypedMatch;
    const number = optionNumber("dccp", "dccp-option", value, 1, 255);
    match.optionSaved = `${inverted ? " !" : ""} --dccp-option ${number}`;
    match.optionListed = ` option=${inverted ? "!" : ""}${number}`;
  },
};

/** `-m dccp` (libxt_dccp.c). */
export const dccp: MatchExtension = {
  name: "dccp",
  options: [...guidedPorts("dccp"), typesOption, optionOption],
  create: () => new TypedMatch("dccp"),
};
