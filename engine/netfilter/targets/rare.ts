import { optionNumber, wholeNumber } from "../numbers.ts";
import { plainTarget } from "../plain.ts";
import { Problem } from "../problem.ts";
import { INVERTED, type RuleBody } from "../types.ts";

/** Targets that change what no packet here has: they are kept, listed and passed by. */

const MOST = 0xffff_ffff;
const isTcp = (_table: string, _base: string | undefined, rule: RuleBody) =>
  rule.protocol === 6 && (rule.inverted & INVERTED.protocol) === 0;

/** `-j SYNPROXY` (libxt_SYNPROXY.c). */
export const synproxy = plainTarget({
  name: "SYNPROXY",
  options: [
    { name: "sack-perm", flag: true },
    { name: "timestamp", flag: true },
    { name: "wscale", read: (value) => `${optionNumber("SYNPROXY", "wscale", value, 0, MOST)}` },
    { name: "mss", read: (value) => `${optionNumber("SYNPROXY", "mss", value, 0, MOST)}` },
    { name: "ecn", flag: true },
  ],
  list: (said) =>
    ` SYNPROXY ${["sack-perm", "timestamp", "wscale", "mss", "ecn"]
      .filter((name) => said.has(name))
      .map((name) => `${[name, said.get(name)!.value].filter(Boolean).join(" ")} `)
      .join("")}`,
  fits: (table, base, rule) =>
    isTcp(table, base, rule) && table !== "nat" && (base === undefined || base === "INPUT" || base === "FORWARD"),
});

/** `-j IDLETIMER` (libxt_IDLETIMER.c). */
export const idletimer = plainTarget({
  name: "IDLETIMER",
  options: [
    { name: "timeout", mandatory: true, read: (value) => `${optionNumber("IDLETIMER", "timeout", value, 0, MOST)}` },
    { name: "label", mandatory: true },
    { name: "alarm", flag: true },
  ],
  list: (said) =>
    ` timeout:${said.get("timeout")!.value} label:${said.get("label")!.value}${said.has("alarm") ? " alarm" : ""}`,
  fits: (_table, _base, _rule, said) => said.get("timeout")!.value !== "0",
});

/** Names of TCP's options (tcp_optionmap of libxt_TCPOPTSTRIP.c). */
const TCP_OPTIONS: Readonly<Record<string, number>> = {
  wscale: 3,
  mss: 2,
  "sack-permitted": 4,
  sack: 5,
  timestamp: 8,
  md5: 19,
};

/** `-j TCPOPTSTRIP` (libxt_TCPOPTSTRIP.c). */
export const tcpoptstrip = plainTarget({
  name: "TCPOPTSTRIP",
  options: [
    {
      name: "strip-options",
      read(text) {
        const numbers = new Set<number>();
        for (const word of text.split(",")) {
          const number = TCP_OPTIONS[word] ?? wholeNumber(word, 0, 255);
          if (number === undefined) throw new Problem(`Bad TCP option value "${word}"`);
          if (number < 2) throw new Problem("Option value may not be 0 or 1");
          if (numbers.has(number)) throw new Problem(`Option "${word}" already specified`);
          numbers.add(number);
        }
        return [...numbers].sort((a, b) => a - b).join(",");
      },
    },
  ],
  list(said, numeric) {
    const given = said.get("strip-options")?.value;
    if (given === undefined) return "";
    const names = Object.entries(TCP_OPTIONS);
    const shown = given
      .split(",")
      .map((each) => names.find(([, number]) => !numeric && `${number}` === each)?.[0] ?? each);
    return ` TCPOPTSTRIP options ${shown.join(",")}`;
  },
  fits: (table, base, rule) => table === "mangle" && isTcp(table, base, rule),
});

/** `-j ECN` (libipt_ECN.c). */
export const ecn = plainTarget({
  name: "ECN",
  options: [
    { name: "ecn-tcp-remove", flag: true, excludes: ["ecn-tcp-cwr", "ecn-tcp-ece"] },
    {
      name: "ecn-tcp-cwr",
      excludes: ["ecn-tcp-remove"],
      read: (value) => `${optionNumber("ECN", "ecn-tcp-cwr", value, 0, 1)}`,
    },
    {
      name: "ecn-tcp-ece",
      excludes: ["ecn-tcp-remove"],
      read: (value) => `${optionNumber("ECN", "ecn-tcp-ece", value, 0, 1)}`,
    },
    { name: "ecn-ip-ect", read: (value) => `${optionNumber("ECN", "ecn-ip-ect", value, 0, 3)}` },
  ],
  order: ["ecn-tcp-remove", "ecn-tcp-ece", "ecn-tcp-cwr", "ecn-ip-ect"],
  list(said) {
    if (said.has("ecn-tcp-remove")) return " ECN TCP remove";
    const shown = { "ecn-tcp-ece": "ECE", "ecn-tcp-cwr": "CWR", "ecn-ip-ect": "ECT codepoint" };
    const parts = Object.entries(shown).filter(([name]) => said.has(name));
    return ` ECN${parts.map(([name, label]) => ` ${label}=${said.get(name)!.value}`).join("")}`;
  },
  finish(given) {
    if (given.size === 0) throw new Problem("ECN target: An operation is required");
  },
  fits: (table, base, rule, said) =>
    table === "mangle" && (isTcp(table, base, rule) || !(said.size > (said.has("ecn-ip-ect") ? 1 : 0))),
});
