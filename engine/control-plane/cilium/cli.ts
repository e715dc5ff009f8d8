import { cpu } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Frontend, type LbMap, lbMapOf } from "./lb-map.ts";

const CALL = 20_000;

/** cilium-dbg (until 1.15: cilium) in the agent's container: what the agent's maps hold. */
export const ciliumDbg: Program = function* (p) {
  yield* cpu(CALL);
  const words = p.argv.slice(1).filter((word) => !word.startsWith("-"));
  const flags = p.argv.slice(1).filter((word) => word.startsWith("-"));
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
  const lines = answer(p, maps, first, second, third, flags);
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
  p: Process,
  maps: LbMap,
  first: string | undefined,
  second: string | undefined,
  third: string | undefined,
  flags: readonly string[],
): string[] | undefined {
  if (first === "service" && (second === "list" || second === "ls")) {
    return flags.includes("-o=json") || flags.includes("--output=json") ? json(maps) : services(maps);
  }
  if (first === "bpf" && second === "lb" && (third === "list" || third === "ls")) {
    return flags.includes("--backends") ? backends(maps) : lbList(maps, flags.includes("--frontends"));
  }
  if (first === "status") return status(p, maps, flags.includes("--brief"));
  return undefined;
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

function status(p: Process, maps: LbMap, brief: boolean): string[] {
  if (brief) return ["OK"];
  const { net } = p.machine;
  const line = (name: string, text: string) => `${`${name}:`.padEnd(25)}${text}`;
  return [
    line("KVStore", "Disabled"),
    line("Kubernetes", "Ok         1.32 (v1.32.3) [linux/amd64]"),
    line("KubeProxyReplacement", `True   [eth0   ${net.firstAddress()} (Direct Routing)]`),
    line("CNI Chaining", "none"),
    line("CNI Config file", "successfully wrote CNI configuration file to /host/etc/cni/net.d/05-cilium.conflist"),
    line("Cilium", "Ok   1.17.3 (v1.17.3)"),
    line("Routing", "Network: Tunnel [vxlan]   Host: Legacy"),
    line("Masquerading", "IPTables [IPv4: Enabled, IPv6: Disabled]"),
    line("Services", `${maps.frontends.size}`),
    line("Cluster health", "Ok"),
  ];
}
