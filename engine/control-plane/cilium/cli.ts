import { inClusterClient } from "../../api/kubeconfig.ts";
import { formatTime } from "../../api/time.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { TabWriter } from "../../tools/kubectl/printers/tabwriter.ts";
import { addressesOf, type Endpoint, endpointsOf, identitiesOf, nodesOf, type World, worldOf } from "./endpoints.ts";
import { type Frontend, type LbMap, lbMapOf } from "./lb-map.ts";

const CALL = 20_000;

/** cilium-dbg (until 1.15: cilium) in the agent's container: what the agent's maps hold. */
export const ciliumDbg: Program = function* (p) {
  yield* cpu(CALL);
  // `-o json` is one flag.
  const given = p.argv
    .slice(1)
    .join(" ")
    .replace(/(^| )(-o|--output)[ =](\S+)/, "$1-o=$3")
    .split(" ")
    .filter(Boolean);
  const words = given.filter((word) => !word.startsWith("-")).map((word) => (word === "ls" ? "list" : word));
  const flags = given.filter((word) => word.startsWith("-"));
  const name = (p.argv[0] ?? "cilium").replace(/^.*\//, "");
  const maps = lbMapOf(p.machine.net);
  const [first, second, third] = words;
  if (first === "version" || flags.includes("--version")) {
    yield* sys.print(
      p,
      "Client: 1.17.3 1.17.3 go version go1.23.8 linux/amd64\nDaemon: 1.17.3 1.17.3 go version go1.23.8 linux/amd64\n",
    );
    return 0;
  }
  if (maps === undefined) {
    yield* sys.printError(
      p,
      'Error: Cannot get services list: Get "http://localhost/v1/service": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory\nIs the agent running?\n',
    );
    return 1;
  }
  const lines = answer(maps, first, second, third, flags) ?? (yield* told(p, words, flags));
  if (lines === undefined) {
    yield* sys.printError(
      p,
      `Error: unknown command "${words.join(" ")}" for "${name}"\nRun '${name} --help' for usage.\n`,
    );
    return 1;
  }
  yield* sys.print(p, `${lines.join("\n")}\n`);
  return 0;
};

function answer(
  maps: LbMap,
  first: string | undefined,
  second: string | undefined,
  third: string | undefined,
  flags: readonly string[],
): string[] | undefined {
  if (first === "service" && second === "list") {
    return flags.includes("-o=json") ? json(maps) : services(maps);
  }
  if (first === "bpf" && second === "lb" && third === "list") {
    return flags.includes("--backends") ? backends(maps) : lbList(maps, flags.includes("--frontends"));
  }
  if (first === "status" && flags.includes("--brief")) return ["OK"];
  return undefined;
}

/** Answers that are about more than the maps; undefined for words that are no command. */
function* told(p: Process, words: readonly string[], flags: readonly string[]): Gen<string[] | undefined> {
  const command = words.join(" ");
  const isAsked = /^(endpoint (list|get \d+)|identity (list|get \d+)|node list|bpf ipcache list|status)$/.test(command);
  if (!isAsked) return undefined;
  const client = inClusterClient(p, "cilium-agent/v1.17.3");
  if (client === undefined) return undefined;
  const { hostname } = p.machine;
  const world = yield* worldOf(client);
  if (command === "status") return status(p, world, flags);
  if (command === "node list") {
    const head = ["Name", "IPv4 Address", "Endpoint CIDR", "IPv6 Address", "Endpoint CIDR", "Source"];
    return tabbed([head, ...nodesOf(world, hostname)], 0, false);
  }
  if (command === "bpf ipcache list")
    return tabbed([["IP PREFIX/ADDRESS", "IDENTITY"], ...addressesOf(world, hostname).map((row) => [...row])], 5, true);
  const number = Number(words[2]);
  if (words[0] === "identity") {
    const found = identitiesOf(world).filter(([id]) => words[1] === "list" || id === number);
    if (found.length === 0)
      return [`Error: Cannot get identity for given ID ${number}: [GET /identity/{id}][404] getIdentityIdNotFound`];
    const rows = found.flatMap(([id, labels]) => labels.map((label, i) => [i === 0 ? String(id) : "", label]));
    return tabbed([["ID", "LABELS"], ...rows], 5, false);
  }
  const all = endpointsOf(world, hostname).filter(({ id }) => words[1] === "list" || id === number);
  if (words[1] === "get" || flags.includes("-o=json")) return JSON.stringify(all.map(described), null, 2).split("\n");
  const head = [
    "ENDPOINT",
    "POLICY (ingress)",
    "POLICY (egress)",
    "IDENTITY",
    "LABELS (source:key[=value])",
    "IPv6",
    "IPv4",
    "STATUS",
  ];
  const below = ["", "ENFORCEMENT", "ENFORCEMENT", "", "", "", "", ""];
  const state = (on: boolean) => (on ? "Enabled" : "Disabled");
  const rows = all.flatMap(({ id, ingress, egress, identity, labels, ipv4 }) =>
    labels.map((label, i) =>
      i === 0
        ? [String(id), state(ingress), state(egress), String(identity), label, "", ipv4, "ready"]
        : ["", "", "", "", label, "", "", ""],
    ),
  );
  return tabbed(flags.includes("--no-headers") ? rows : [head, below, ...rows], 5, true);
}

/** An endpoint as `-o json` has it, as far as people read it. */
const described = ({ id, identity, labels, ipv4, ingress, egress }: Endpoint) => ({
  id,
  status: {
    identity: { id: identity, labels },
    networking: { addressing: ipv4 === "" ? [] : [{ ipv4 }] },
    policy: {
      realized: { "policy-enabled": ingress && egress ? "both" : ingress ? "ingress" : egress ? "egress" : "none" },
    },
    state: "ready",
  },
});

/** Columns of text/tabwriter, three blanks between; `whole`: the last one is filled up, too. */
function tabbed(rows: readonly (readonly string[])[], least: number, whole: boolean): string[] {
  const writer = new TabWriter(least, 3);
  writer.write(rows.map((row) => `${row.join("\t")}${whole ? "\t" : ""}\n`).join(""));
  return writer.flush().split("\n").slice(0, -1);
}

const inOrder = (maps: LbMap): Frontend[] => [...maps.frontends.values()].sort((a, b) => a.id - b.id);

/** Columns of equal width, two or more blanks between. */
function table(rows: readonly (readonly string[])[], gap: number): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]! + (i < row.length - 1 ? gap : 0))).join(""));
}

function services(maps: LbMap): string[] {
  const rows: string[][] = [["ID", "Frontend", "Service Type", "Backend"]];
  for (const { id, address, port, protocol, type, backends } of inOrder(maps)) {
    const head = [String(id), `${address}:${port}/${protocol}`, type];
    if (backends.length === 0) rows.push([...head, ""]);
    backends.forEach((backend, i) => {
      const text = `${i + 1} => ${backend.address}:${backend.port}/${protocol} (active)`;
      rows.push([...(i === 0 ? head : ["", "", ""]), text]);
    });
  }
  return table(rows, 3);
}

function flagsOf({ type, affinitySeconds }: Frontend, address: string): string {
  const affinity = affinitySeconds === undefined ? "" : ", sessionAffinity";
  const routable = type === "ClusterIP" || address === "0.0.0.0" ? ", non-routable" : "";
  return `[${type}${affinity}${routable}]`;
}

/** Slot 0 is the Service itself, the others are its backends; revNAT is the Service's number. */
function lbList(maps: LbMap, frontendsOnly: boolean): string[] {
  const rows: string[][] = [["SERVICE ADDRESS", "BACKEND ADDRESS (REVNAT_ID) (SLOT)"]];
  for (const frontend of inOrder(maps)) {
    const { id, address, port, protocol, backends } = frontend;
    const place = `${address}:${port}/${protocol}`;
    rows.push([`${place} (0)`, `0.0.0.0:0 (${id}) (0) ${flagsOf(frontend, address)}`]);
    if (frontendsOnly) continue;
    backends.forEach((backend, i) => {
      rows.push([`${place} (${i + 1})`, `${backend.address}:${backend.port}/${protocol} (${id}) (${i + 1})`]);
    });
  }
  return table(rows, 3);
}

function backends(maps: LbMap): string[] {
  const known = new Map<number, string>();
  for (const { backends, protocol } of maps.frontends.values()) {
    for (const { id, address, port } of backends) known.set(id, `${protocol.toLowerCase()}://${address}:${port}`);
  }
  const rows = [...known].sort((a, b) => a[0] - b[0]).map(([id, text]) => [String(id), text]);
  return table([["ID", "BACKEND ADDRESS"], ...rows], 3);
}

function json(maps: LbMap): string[] {
  const list = inOrder(maps).map(({ id, address, port, protocol, type, backends }) => ({
    spec: {
      id,
      "frontend-address": { ip: address, port, protocol: protocol.toLowerCase(), scope: "external" },
      flags: { type },
      "backend-addresses": backends.map((backend) => ({ ip: backend.address, port: backend.port, state: "active" })),
    },
  }));
  return JSON.stringify(list, null, 2).split("\n");
}

/** What of it stands only behind --verbose (kube-proxy replacement). */
const DETAILS = (address: string): string[] => [
  "KubeProxyReplacement Details:",
  "  Status:                 True",
  "  Socket LB:              Enabled",
  "  Socket LB Tracing:      Enabled",
  "  Socket LB Coverage:     Full",
  `  Devices:                eth0   ${address} (Direct Routing)`,
  "  Mode:                   SNAT",
  "  Backend Selection:      Random",
  "  Session Affinity:       Enabled",
  "  NAT46/64 Support:       N/A",
  "  XDP Acceleration:       Disabled",
  "  Services:",
  "  - ClusterIP:      Enabled",
  "  - NodePort:       Enabled (Range: 30000-32767) ",
  "  - LoadBalancer:   Enabled ",
  "  - externalIPs:    Enabled ",
  "  - HostPort:       Enabled",
];

function status(p: Process, world: World, flags: readonly string[]): string[] {
  const { net, hostname, kernel } = p.machine;
  const address = net.firstAddress();
  const line = (name: string, text: string) => `${`${name}:`.padEnd(25)}${text}`;
  const node = world.nodes.find(({ metadata }) => metadata.name === hostname);
  const cidr: string = node?.["spec"].podCIDR ?? "";
  // The router's address is taken as well.
  const taken = endpointsOf(world, hostname).filter(({ ipv4 }) => ipv4 !== "").length + 1;
  const size = 2 ** (32 - Number(cidr.split("/")[1] ?? 24)) - 2;
  const ready = world.nodes.filter(({ status }) =>
    (status?.conditions as { type: string; status: string }[] | undefined)?.some(
      (one) => one.type === "Ready" && one.status === "True",
    ),
  ).length;
  return [
    line("KVStore", "Disabled   "),
    line("Kubernetes", "Ok         1.32 (v1.32.3) [linux/amd64]"),
    line("KubeProxyReplacement", `True   [eth0   ${address} (Direct Routing)]`),
    line("Host firewall", "Disabled"),
    line("SRv6", "Disabled"),
    line("CNI Chaining", "none"),
    line("CNI Config file", "successfully wrote CNI configuration file to /host/etc/cni/net.d/05-cilium.conflist"),
    line("Cilium", "Ok   1.17.3 (v1.17.3)"),
    line("IPAM", `IPv4: ${taken}/${size} allocated from ${cidr}, `),
    line("IPv4 BIG TCP", "Disabled"),
    line("IPv6 BIG TCP", "Disabled"),
    line("BandwidthManager", "Disabled"),
    line("Routing", "Network: Tunnel [vxlan]   Host: Legacy"),
    line("Masquerading", "IPTables [IPv4: Enabled, IPv6: Disabled]"),
    line("Global Identity Range", "min 256, max 65535"),
    line("Hubble", "Disabled"),
    line("Encryption", "Disabled       "),
    line("Cluster health", `${ready}/${world.nodes.length} reachable   (${formatTime(kernel.wallMs)})`),
    ...(flags.includes("--verbose") ? DETAILS(address) : []),
  ];
}
