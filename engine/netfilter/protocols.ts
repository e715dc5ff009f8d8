/** Protocols that iptables knows itself (xtables_chain_protos of libxtables), names first met win. */
const OWN: readonly [string, number][] = [
  ["tcp", 6],
  ["sctp", 132],
  ["udp", 17],
  ["udplite", 136],
  ["icmp", 1],
  ["ipv6-icmp", 58],
  ["icmpv6", 58],
  ["esp", 50],
  ["ah", 51],
  ["mobility-header", 135],
  ["ipv6-mh", 135],
  ["mh", 135],
  ["dccp", 33],
  ["ipcomp", 108],
  ["all", 0],
];

/** More of /etc/protocols. */
const FILE: readonly [string, number][] = [
  ["ip", 0],
  ["igmp", 2],
  ["ggp", 3],
  ["ipencap", 4],
  ["st", 5],
  ["egp", 8],
  ["igp", 9],
  ["pup", 12],
  ["hmp", 20],
  ["xns-idp", 22],
  ["rdp", 27],
  ["iso-tp4", 29],
  ["xtp", 36],
  ["ddp", 37],
  ["idpr-cmtp", 38],
  ["ipv6", 41],
  ["ipv6-route", 43],
  ["ipv6-frag", 44],
  ["idrp", 45],
  ["rsvp", 46],
  ["gre", 47],
  ["skip", 57],
  ["ipv6-nonxt", 59],
  ["ipv6-opts", 60],
  ["rspf", 73],
  ["vmtp", 81],
  ["eigrp", 88],
  ["ospf", 89],
  ["ax.25", 93],
  ["ipip", 94],
  ["etherip", 97],
  ["encap", 98],
  ["pim", 103],
  ["vrrp", 112],
  ["l2tp", 115],
  ["isis", 124],
  ["fc", 133],
  ["mpls-in-ip", 137],
  ["hip", 139],
  ["shim6", 140],
  ["wesp", 141],
  ["rohc", 142],
];

const NUMBERS = new Map([...FILE, ...OWN]);
const OWN_NAMES = new Map([...OWN].reverse().map(([name, number]) => [number, name]));
const FILE_NAMES = new Map([...FILE].reverse().map(([name, number]) => [number, name]));

export function protocolNumber(name: string): number | undefined {
  return NUMBERS.get(name);
}

/** How rule files and listings call a protocol: by name if iptables itself knows it, else by number unless `files` may be asked. */
export function protocolName(number: number, files = false): string {
  return OWN_NAMES.get(number) ?? (files ? FILE_NAMES.get(number) : undefined) ?? `${number}`;
}
