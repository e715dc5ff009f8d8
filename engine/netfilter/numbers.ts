import { Problem } from "./problem.ts";
import { servicePort } from "./services.ts";

/** Longest number in the form of C (decimal, 0x…, 0…) at the start of a text, with what follows; undefined when none is there. */
export function leadingNumber(text: string): { value: number; rest: string } | undefined {
  const found = /^\s*\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/.exec(text);
  if (found === null) return undefined;
  const digits = found[1]!;
  const value =
    digits.length > 1 && digits[0] === "0" && digits[1] !== "x" && digits[1] !== "X"
      ? Number.parseInt(digits, 8)
      : Number(digits);
  return { value, rest: text.slice(found[0].length) };
}

/** The whole text as a number of C within bounds, or undefined (xtables_strtoui). */
export function wholeNumber(text: string, least: number, most: number): number | undefined {
  const found = leadingNumber(text);
  return found !== undefined && found.rest === "" && found.value >= least && found.value <= most
    ? found.value
    : undefined;
}

/** A guided option's number. Throws `Problem` in the words of libxtables. */
export function optionNumber(extension: string, option: string, text: string, least: number, most: number): number {
  const value = wholeNumber(text, least, most);
  if (value !== undefined) return value;
  throw new Problem(`${extension}: bad value for option "--${option}", or out of range (${least}-${most}).\n`);
}

/** A port number or the name of a service (xtables_parse_port). */
export function portNumber(text: string, protocol: string | undefined): number {
  const value = wholeNumber(text, 0, 65_535) ?? servicePort(text, protocol);
  if (value === undefined) throw new Problem(`invalid port/service \`${text}' specified`);
  return value;
}

/** `0x1` or `0x1/0xff` of a mark option. Throws `Problem`. */
export function markAndMask(extension: string, option: string, text: string): [mark: number, mask: number] {
  const bad = () => new Problem(`${extension}: bad integer value for option "--${option}", or out of range.\n`);
  const mark = leadingNumber(text);
  if (mark === undefined || mark.value > 0xffff_ffff) throw bad();
  if (mark.rest === "") return [mark.value, 0xffff_ffff];
  if (mark.rest[0] !== "/") throw bad();
  const mask = wholeNumber(mark.rest.slice(1), 0, 0xffff_ffff);
  if (mask === undefined) throw bad();
  return [mark.value, mask];
}

/** ` 0x1/0xff`, without a mask of all ones (xtables_print_mark_mask). */
export function formatMark(mark: number, mask: number): string {
  return mask === 0xffff_ffff ? ` 0x${mark.toString(16)}` : ` 0x${mark.toString(16)}/0x${mask.toString(16)}`;
}

/** A text as iptables-save quotes it: bare when it is letters, digits and a few signs (xtables_save_string). */
export function quoted(text: string): string {
  if (text !== "" && /^[a-zA-Z0-9_-]+$/.test(text)) return ` ${text}`;
  let out = ' "';
  for (const char of text) out += char === '"' || char === "\\" || char === "'" ? `\\${char}` : char;
  return `${out}"`;
}

/** Name cut to what a kernel structure holds. */
export function bounded(text: string, most: number): string {
  return text.length > most ? text.slice(0, most) : text;
}
