import { isErrno } from "../machine/errno.ts";
import type { Process } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";

/** What /etc/hosts says about a name or an address. */
export interface HostsEntry {
  addresses: string[];
  canonical: string;
  aliases: string[];
}

/** A text file as this process sees it; empty when it cannot be read. */
export function textOf(p: Process, path: string): string {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (isErrno(error)) return "";
    throw error;
  }
}

interface HostsLine {
  address: string;
  names: string[];
}

function hostsLines(p: Process): HostsLine[] {
  return textOf(p, "/etc/hosts")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim().split(/\s+/))
    .filter((words) => words.length > 1)
    .map(([address, ...names]) => ({ address: address!, names }));
}

/** IPv4 addresses of a name in /etc/hosts; undefined when it has none there. */
export function lookupHosts(p: Process, name: string): HostsEntry | undefined {
  const wanted = name.toLowerCase();
  const lines = hostsLines(p).filter(
    ({ address, names }) => !address.includes(":") && names.some((own) => own.toLowerCase() === wanted),
  );
  const first = lines[0];
  if (first === undefined) return undefined;
  const [canonical, ...aliases] = first.names;
  return { addresses: [...new Set(lines.map(({ address }) => address))], canonical: canonical!, aliases };
}

/** Names of an address in /etc/hosts. */
export function hostsByAddress(p: Process, address: string): HostsEntry | undefined {
  const line = hostsLines(p).find((one) => one.address === address);
  if (line === undefined) return undefined;
  const [canonical, ...aliases] = line.names;
  return { addresses: [address], canonical: canonical!, aliases };
}
