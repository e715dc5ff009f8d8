import { optionNumber, wholeNumber } from "../numbers.ts";
import { type Form, plainMatch, type Said } from "../plain.ts";
import { Problem } from "../problem.ts";
import type { RuleBody } from "../types.ts";

/** Matches that no packet here has anything for: they find nothing, or everything after `!`. */
const nothing = (form: Form, option: string) =>
  plainMatch(form, (_packet, _on, said) => said.get(option)?.inverted === true);

const not = (said: Said | undefined) => (said?.inverted ? "!" : "");
const ofProtocol = (number: number) => (_table: string, _base: string | undefined, rule: RuleBody) =>
  rule.protocol === number;

/** `5` or `5:9`, each within bounds. */
function range(extension: string, option: string, text: string, most: number): string {
  const [first = "", last = first] = text.split(":");
  const numbers = [first === "" ? "0" : first, last === "" ? `${most}` : last].map((part) =>
    wholeNumber(part, 0, most),
  );
  if (numbers.some((number) => number === undefined)) {
    const near = /^\d*:?\d*$/.test(text) ? "" : ` near "${text}"`;
    throw new Problem(`${extension}: bad value for option "--${option}"${near}, or out of range (0-${most}).\n`);
  }
  return numbers[0] === numbers[1] ? `${numbers[0]}` : `${numbers[0]}:${numbers[1]}`;
}

const MOST = 0xffff_ffff;

/** `-m cpu` (libxt_cpu.c): there is but the first here. */
export const cpu = plainMatch(
  {
    name: "cpu",
    options: [
      { name: "cpu", mandatory: true, invert: true, read: (value) => `${optionNumber("cpu", "cpu", value, 0, MOST)}` },
    ],
    list: (said) => ` cpu ${not(said.get("cpu"))}${said.get("cpu")!.value}`,
  },
  (_packet, _on, said) => (said.get("cpu")!.value === "0") !== said.get("cpu")!.inverted,
);

/** `-m tcpmss` (libxt_tcpmss.c). */
export const tcpmss = nothing(
  {
    name: "tcpmss",
    options: [{ name: "mss", mandatory: true, invert: true, read: (value) => range("tcpmss", "mss", value, 65_535) }],
    list: (said) => ` tcpmss match ${not(said.get("mss"))}${said.get("mss")!.value}`,
    fits: ofProtocol(6),
  },
  "mss",
);

const spi = (name: "esp" | "ah", number: number) =>
  nothing(
    {
      name,
      options: [{ name: `${name}spi`, invert: true, read: (value) => range(name, `${name}spi`, value, MOST) }],
      list(said) {
        const given = said.get(`${name}spi`);
        if (given === undefined) return ` ${name}`;
        return ` ${name} spi${given.value.includes(":") ? "s" : ""}:${not(given)}${given.value}`;
      },
      fits: ofProtocol(number),
    },
    `${name}spi`,
  );

/** `-m esp`, `-m ah` (libxt_esp.c, libipt_ah.c). */
export const esp = spi("esp", 50);
export const ah = spi("ah", 51);

/** `-m cgroup` (libxt_cgroup.c). */
export const cgroup = nothing(
  {
    name: "cgroup",
    options: [
      { name: "path", invert: true, excludes: ["cgroup"], read: (value) => `"${value}"` },
      {
        name: "cgroup",
        invert: true,
        excludes: ["path"],
        read: (value) => `${optionNumber("cgroup", "cgroup", value, 0, MOST)}`,
      },
    ],
    list(said) {
      const path = said.get("path");
      return path
        ? ` cgroup ${path.inverted ? "! " : ""}${path.value}`
        : ` cgroup ${said.get("cgroup")!.inverted ? "! " : ""}${said.get("cgroup")!.value}`;
    },
    fits: (_table, _base, _rule, said) => said.size > 0,
  },
  "cgroup",
);

/** `-m socket` (libxt_socket.c). */
export const socket = nothing(
  {
    name: "socket",
    options: ["transparent", "nowildcard", "restore-skmark"].map((name) => ({ name, flag: true })),
    list: (said) => ` socket${[...said.keys()].map((name) => ` --${name}`).join("")}`,
    fits: (table, base) =>
      (table === "mangle" || table === "raw" || table === "filter") &&
      (base === undefined || base === "PREROUTING" || base === "INPUT"),
  },
  "transparent",
);

/** `-m connbytes`: the first packets of connections have none behind them (libxt_connbytes.c). */
export const connbytes = plainMatch(
  {
    name: "connbytes",
    options: [
      {
        name: "connbytes",
        mandatory: true,
        invert: true,
        read(value) {
          const [first = "", last] = value.split(":");
          if (!/^\d+$/.test(first) || (last !== undefined && !/^\d*$/.test(last))) {
            throw new Problem(
              `connbytes: bad value for option "--connbytes", or out of range (0-18446744073709551615).\n`,
            );
          }
          return last === undefined || last === "" ? first : `${first}:${last}`;
        },
      },
      { name: "connbytes-dir", mandatory: true },
      { name: "connbytes-mode", mandatory: true },
    ],
    order: ["connbytes", "connbytes-mode", "connbytes-dir"],
    list: (said) =>
      `${said.get("connbytes")!.inverted ? " !" : ""} connbytes ${said.get("connbytes")!.value} connbytes mode ${said.get("connbytes-mode")!.value} connbytes direction ${said.get("connbytes-dir")!.value}`,
  },
  (_packet, _on, said) => {
    const { value, inverted } = said.get("connbytes")!;
    return value.startsWith("0") !== inverted;
  },
);
