import { optionNumber, wholeNumber } from "../numbers.ts";
import { plainMatch } from "../plain.ts";
import { Problem } from "../problem.ts";

/** Names of types of service (IPTOS_*), by value under the mask 0x3f. */
export const SERVICES: readonly [number, string][] = [
  [0x10, "Minimize-Delay"],
  [0x08, "Maximize-Throughput"],
  [0x04, "Maximize-Reliability"],
  [0x02, "Minimize-Cost"],
  [0x00, "Normal-Service"],
];

export const byteText = (value: number) => `0x${value.toString(16).padStart(2, "0")}`;

/** `0x10`, `0x10/0x3f` or a name, as value and mask (xtables tos_parse_symbolic). */
export function serviceType(extension: string, option: string, text: string): [number, number] {
  const named = SERVICES.find(([, name]) => name.toLowerCase() === text.toLowerCase());
  if (named) return [named[0], 0x3f];
  const [value = "", mask = "0xff"] = text.split("/");
  const [number, bits] = [wholeNumber(value, 0, 255), wholeNumber(mask, 0, 255)];
  if (number === undefined || bits === undefined) {
    throw new Problem(`${extension}: bad value for option "--${option}", or out of range (0-255).\n`);
  }
  return [number, bits];
}

/** `-m tos` (libxt_tos.c). Packets here have none. */
export const tos = plainMatch(
  {
    name: "tos",
    options: [
      {
        name: "tos",
        mandatory: true,
        invert: true,
        read(value) {
          const [number, mask] = serviceType("tos", "tos", value);
          return `${byteText(number)}/${byteText(mask)}`;
        },
      },
    ],
    list(said, numeric) {
      const { value, inverted } = said.get("tos")!;
      const [number, mask] = value.split("/").map(Number);
      const name = numeric || mask !== 0x3f ? undefined : SERVICES.find(([each]) => each === number)?.[1];
      return ` tos match${inverted ? "!" : ""}${name === undefined ? value : ` ${name}`}`;
    },
  },
  (_packet, _on, said) => {
    const { value, inverted } = said.get("tos")!;
    return (Number(value.split("/")[0]) === 0) !== inverted;
  },
);

/** Classes of differentiated services, by name. */
const CLASSES: Record<string, number> = { BE: 0, EF: 0x2e };
for (let i = 0; i < 8; i++) CLASSES[`CS${i}`] = i * 8;
for (let i = 1; i < 5; i++) for (let j = 1; j < 4; j++) CLASSES[`AF${i}${j}`] = i * 8 + j * 2;

export function dscpClass(text: string): number {
  const value = CLASSES[text.toUpperCase()];
  if (value === undefined) throw new Problem(`Invalid DSCP value \`${text}'`);
  return value;
}

const EITHER = ["dscp", "dscp-class"];

/** `-m dscp` (libxt_dscp.c). */
export const dscp = plainMatch(
  {
    name: "dscp",
    options: [
      {
        name: "dscp",
        invert: true,
        excludes: EITHER,
        read: (value) => byteText(optionNumber("dscp", "dscp", value, 0, 63)),
      },
      { name: "dscp-class", invert: true, excludes: EITHER, read: (value) => byteText(dscpClass(value)) },
    ],
    list: (said) => ` DSCP match ${said.get("dscp")!.inverted ? "!" : ""}${said.get("dscp")!.value}`,
    finish(given, said) {
      if (given.size === 0) throw new Problem("DSCP match: Parameter --dscp is required");
      const named = said.get("dscp-class");
      if (named) said.set("dscp", named);
      said.delete("dscp-class");
    },
  },
  (_packet, _on, said) => (Number(said.get("dscp")!.value) === 0) !== said.get("dscp")!.inverted,
);
