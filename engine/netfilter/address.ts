const ZERO = 48;
const DOT = 46;

/** IPv4 address as a signed 32-bit number, or undefined when the text is none. */
export function parseAddress(text: string): number | undefined {
  let value = 0;
  let octet = -1;
  let octets = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (octet < 0) return undefined;
      value = (value << 8) | octet;
      octet = -1;
      octets++;
    } else {
      const digit = code - ZERO;
      if (digit < 0 || digit > 9) return undefined;
      octet = octet < 0 ? digit : octet * 10 + digit;
      if (octet > 255) return undefined;
    }
  }
  return octets === 3 && octet >= 0 ? (value << 8) | octet : undefined;
}

/** Dotted quad of a 32-bit number. */
export function formatAddress(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Netmask of a prefix length (0 … 32). */
export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (-1 << (32 - prefix)) | 0;
}

/** Prefix length of a netmask, or undefined for one with holes. */
export function prefixOf(mask: number): number | undefined {
  let prefix = 0;
  while (prefix < 32 && (mask & (1 << (31 - prefix))) !== 0) prefix++;
  return maskOf(prefix) === mask ? prefix : undefined;
}

/** `/24` of a netmask, `/255.0.255.0` of one with holes (xtables_ipmask_to_numeric). */
export function formatMask(mask: number): string {
  return `/${prefixOf(mask) ?? formatAddress(mask)}`;
}

/** An address of fewer than four parts, as inet_aton(3) reads it: `10.1` is 10.0.0.1. */
export function shortAddress(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length > 3 || parts.some((part) => !/^\d+$/.test(part))) return undefined;
  const numbers = parts.map(Number);
  const last = numbers.pop()!;
  if (numbers.some((octet) => octet > 255) || last >= 2 ** (8 * (4 - numbers.length))) return undefined;
  return numbers.reduce((value, octet, i) => value | (octet << (24 - 8 * i)), last | 0);
}
