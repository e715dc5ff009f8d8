/** Arithmetic of IPv4 addresses in dotted form; what is none gives NaN. */

/** An address as a number from 0 to 2^32 - 1. */
export function ipv4Number(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The address of a number. */
export function ipv4Text(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** Whether an address lies in a network of CIDR form, or is the address that stands there without a length. */
export function inNetwork(cidr: string, address: string): boolean {
  const [base = "", length = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  return Math.floor(ipv4Number(address) / size) === Math.floor(ipv4Number(base) / size);
}
