/** nerdctl network: CNI configurations that nerdctl wrote, below /etc/cni/net.d (pkg/netutil). */
import { type Gen, sha256Hex } from "../../../kernel/index.ts";
import { entriesOf } from "../../../machine/inode.ts";
import * as sys from "../../../machine/sys.ts";
import { ipv4Number, ipv4Text } from "../../../text/ipv4.ts";
import { structJson } from "../../kubectl/go.ts";
import { columns, fill, formatOf, type Nerd, NerdError, networksOf } from "./context.ts";

const DIR = "/etc/cni/net.d";
const PSEUDO = ["host", "none"];

interface NetConf {
  name?: string;
  nerdctlID?: string;
  nerdctlLabels?: Record<string, string>;
  plugins?: { type: string; bridge?: string; ipam?: { ranges?: { subnet: string; gateway?: string }[][] } }[];
}

export interface Network {
  name: string;
  file: string;
  conf: NetConf;
}

/** What the directory configures, with the default network, which nerdctl makes where it is missing. */
export function networks(c: Nerd): Network[] {
  const node = sys.find(c.p, DIR);
  const names = node?.kind === "dir" ? [...entriesOf(node).keys()].sort() : [];
  const out: Network[] = [];
  for (const name of names) {
    if (!/\.(conflist|conf|json)$/.test(name)) continue;
    try {
      const conf = JSON.parse(sys.readText(c.p, `${DIR}/${name}`)) as NetConf;
      out.push({ name: conf.name ?? "", file: `${DIR}/${name}`, conf });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  if (!out.some(({ conf }) => conf.nerdctlLabels?.["nerdctl/default-network"])) {
    out.push(write(c, "bridge", "nerdctl0", "10.4.0.0/24", "10.4.0.1", { "nerdctl/default-network": "true" }));
    out.sort((a, b) => (a.file < b.file ? -1 : 1));
  }
  return out;
}

function write(c: Nerd, name: string, bridge: string, subnet: string, gateway: string, labels: Record<string, string>) {
  const conf = {
    cniVersion: "1.0.0",
    name,
    nerdctlID: sha256Hex(name),
    nerdctlLabels: labels,
    plugins: [
      {
        type: "bridge",
        bridge,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: { ranges: [[{ gateway, subnet }]], routes: [{ dst: "0.0.0.0/0" }], type: "host-local" },
      },
      { type: "portmap", capabilities: { portMappings: true } },
      { type: "firewall", ingressPolicy: "same-bridge" },
      { type: "tuning" },
    ],
  };
  const file = `${DIR}/nerdctl-${name}.conflist`;
  sys.makeAbove(c.p, file, 0o755);
  sys.writeText(c.p, file, structJson(conf, "  "), 0o644);
  return { name, file, conf };
}

const rangeOf = ({ conf }: Network) => conf.plugins?.[0]?.ipam?.ranges?.[0]?.[0];

/** `10.9.0.0/24` of `10.9.0.7/24`, and its first address. */
function subnetOf(text: string): { subnet: string; gateway: string } | undefined {
  const [, address = "", bits = ""] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text) ?? [];
  if (address === "" || Number(bits) > 32 || address.split(".").some((part) => Number(part) > 255)) return undefined;
  const size = 2 ** (32 - Number(bits));
  const base = Math.floor(ipv4Number(address) / size) * size;
  return { subnet: `${ipv4Text(base)}/${bits}`, gateway: ipv4Text(base + 1) };
}

/** The first of 10.4.1.0/24, 10.4.2.0/24 … that no network and no device has. */
function freeSubnet(c: Nerd): string {
  const taken = new Set(networks(c).map((one) => rangeOf(one)?.subnet));
  for (const { addresses } of c.machine.net.interfaces.values())
    for (const address of addresses) taken.add(subnetOf(address)?.subnet);
  for (let at = 1; ; at++) {
    const subnet = `10.4.${at}.0/24`;
    if (!taken.has(subnet)) return subnet;
  }
}

/** The networks that a word means: by name, or by the beginning of an id. */
function found(c: Nerd, word: string): Network[] {
  return networks(c).filter(({ name, conf }) => name === word || (conf.nerdctlID?.startsWith(word) ?? false));
}

export function* create(c: Nerd): Gen {
  const [name = ""] = c.args;
  if (!/^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/.test(name))
    throw new NerdError(
      `malformed name ${name}: identifier "${name}" must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$: invalid argument`,
    );
  if (networks(c).some((one) => one.name === name)) throw new NerdError(`network with name ${name} already exists`);
  const driver = c.value("driver", "bridge");
  if (driver !== "bridge") throw new NerdError(`unsupported cni driver "${driver}"`);
  const wanted = c.list("subnet")[0] ?? freeSubnet(c);
  const range = subnetOf(wanted);
  if (range === undefined) throw new NerdError(`failed to parse subnet "${wanted}"`);
  const labels = c.list("label").map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  const id = sha256Hex(name);
  const bridge = `br-${id.slice(0, 12)}`;
  write(c, name, bridge, range.subnet, c.value("gateway", range.gateway), Object.fromEntries(labels));
  yield* c.print(`${id}\n`);
}

export function* list(c: Nerd): Gen {
  const all = networks(c).filter(({ name, conf }) =>
    c.list("filter").every((filter) => {
      const [key, ...rest] = filter.split("=");
      if (key === "name") return name.includes(rest.join("="));
      if (key !== "label") throw new NerdError(`invalid filter "${filter}"`);
      const [label = "", value] = rest;
      const labels = conf.nerdctlLabels ?? {};
      return label in labels && (value === undefined || labels[label] === value);
    }),
  );
  const rows = all.map(({ name, file, conf }) => [(conf.nerdctlID ?? "").slice(0, 12), name, file]);
  if (!c.flags.has("filter")) for (const name of PSEUDO) rows.push(["", name, ""]);
  if (c.on("quiet")) {
    const ids = rows.map(([id]) => id).filter((id) => id !== "");
    return yield* c.print(ids.map((id) => `${id}\n`).join(""));
  }
  if (c.flags.has("format") && !["table", "wide", ""].includes(c.value("format"))) {
    const template = formatOf(c.value("format"));
    const shown = rows.map(([ID, Name, file]) => ({ ID, Name, Labels: "", file }));
    return yield* c.print(shown.map((row) => `${fill(template, row, "network.networkPrintable")}\n`).join(""));
  }
  yield* c.print(columns([["NETWORK ID", "NAME", "FILE"], ...rows]));
}

export function* inspect(c: Nerd): Gen {
  const errors: string[] = [];
  const out: object[] = [];
  for (const word of c.args) {
    const [one] = found(c, word);
    if (one === undefined) {
      errors.push(PSEUDO.includes(word) ? `pseudo network not allowed: ${word}` : `no such network: ${word}`);
      continue;
    }
    const range = rangeOf(one);
    const config =
      range === undefined ? [] : [{ Subnet: range.subnet, ...(range.gateway && { Gateway: range.gateway }) }];
    const { nerdctlID = "", nerdctlLabels = {} } = one.conf;
    out.push(
      c.value("mode") === "native"
        ? { CNI: one.conf, NerdctlID: nerdctlID, NerdctlLabels: nerdctlLabels, File: one.file }
        : { Name: one.name, Id: nerdctlID, IPAM: { Config: config }, Labels: nerdctlLabels },
    );
  }
  yield* c.fail(errors);
  if (!c.flags.has("format")) return yield* c.print(`${structJson(out, "    ")}\n`);
  const template = formatOf(c.value("format"));
  yield* c.print(out.map((one) => `${fill(template, one, "dockercompat.Network")}\n`).join(""));
}

/** Containers that have a network, as Go prints a list of them. */
function usersOf(c: Nerd, name: string): string[] {
  return c
    .containers()
    .filter((unit) => networksOf(unit).includes(name))
    .map(({ id }) => id);
}

function removeNetwork(c: Nerd, { file, conf }: Network): void {
  sys.unlink(c.p, file);
  const bridge = conf.plugins?.[0]?.bridge;
  if (bridge === undefined) return;
  c.machine.net.interfaces.delete(bridge);
  const { routes } = c.machine.net;
  const at = routes.findIndex(({ device }) => device === bridge);
  if (at >= 0) routes.splice(at, 1);
}

export function* remove(c: Nerd): Gen {
  const errors: string[] = [];
  for (const word of c.args) {
    const [one] = found(c, word);
    if (PSEUDO.includes(word)) errors.push(`pseudo network not allowed: ${word}`);
    else if (one === undefined) errors.push(`no such network: ${word}`);
    else {
      const users = usersOf(c, one.name);
      if (users.length > 0) {
        const list = users.map((id) => `"${id}"`).join(" ");
        errors.push(`network "${word}" is in use by container [${list}]`);
      } else if (one.conf.nerdctlID === undefined)
        errors.push(`${word} is managed outside nerdctl and cannot be removed`);
      else {
        removeNetwork(c, one);
        yield* c.print(`${word}\n`);
      }
    }
  }
  yield* c.fail(errors);
}

export function* prune(c: Nerd): Gen {
  if (!(yield* c.agreed("WARNING! This will remove all custom networks not used by at least one container."))) return;
  yield* pruneNetworks(c);
}

export function* pruneNetworks(c: Nerd): Gen {
  const gone = networks(c).filter(
    ({ name, conf }) =>
      conf.nerdctlID !== undefined && !conf.nerdctlLabels?.["nerdctl/default-network"] && usersOf(c, name).length === 0,
  );
  for (const one of gone) removeNetwork(c, one);
  if (gone.length > 0) yield* c.print(`Deleted Networks:\n${gone.map(({ name }) => `${name}\n`).join("")}\n`);
}
