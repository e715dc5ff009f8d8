/** Ports with a name in /etc/services that packets here may bear. */
const NAMES: Readonly<Record<number, string>> = {
  20: "ftp-data",
  21: "ftp",
  22: "ssh",
  23: "telnet",
  25: "smtp",
  53: "domain",
  67: "bootps",
  69: "tftp",
  80: "http",
  110: "pop3",
  111: "sunrpc",
  123: "ntp",
  143: "imap2",
  179: "bgp",
  389: "ldap",
  443: "https",
  514: "syslog",
  636: "ldaps",
  993: "imaps",
  995: "pop3s",
  1194: "openvpn",
  1433: "ms-sql-s",
  2049: "nfs",
  2379: "etcd-client",
  2380: "etcd-server",
  3306: "mysql",
  5432: "postgresql",
  5671: "amqps",
  5672: "amqp",
  6379: "redis",
  8080: "http-alt",
  10050: "zabbix-agent",
  10051: "zabbix-trapper",
};

/** UDP has other names, or none, for some. */
const TCP_ONLY = new Set([20, 21, 22, 23, 25, 80, 110, 143, 179, 993, 995, 2379, 2380, 3306, 5432, 6379, 8080]);

export function portNamed(port: number, protocol: "tcp" | "udp"): string | undefined {
  if (protocol === "udp" && TCP_ONLY.has(port)) return undefined;
  return NAMES[port];
}

export function portNumber(name: string): number | undefined {
  for (const [port, known] of Object.entries(NAMES)) if (known === name) return Number(port);
  return undefined;
}
