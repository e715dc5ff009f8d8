/** What `-p` says (pkg/portutil). */
import { type Nerd, NerdError, type PortLabel } from "./context.ts";

const fail = (message: string): never => {
  throw new NerdError(`failed to load networking flags: ${message}`);
};

/** `80`, or `80-82`; undefined for what is no range of ports. */
function range(text: string): [number, number] | undefined {
  const [, from = "", to = from] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (from === "" || Number(to) < Number(from) || Number(to) > 65_535) return undefined;
  return [Number(from), Number(to)];
}

/** Throws NerdError. */
export function readPorts(c: Nerd): PortLabel[] {
  return c.list("publish").flatMap((text) => readPort(c, text));
}

function readPort(c: Nerd, text: string): PortLabel[] {
  const [spec = "", Protocol = "tcp", more] = text.split("/");
  if (more !== undefined) fail(`failed to parse ${JSON.stringify(text)}, unexpected slashes`);
  if (!["tcp", "udp", "sctp"].includes(Protocol.toLowerCase())) fail(`invalid protocol ${JSON.stringify(Protocol)}`);
  const parts = spec.split(":");
  const containerPort = parts.pop()!;
  const hostPort = parts.pop() ?? "";
  const ip = parts.join(":");
  if (containerPort === "") fail(`no port specified: ${spec}`);
  const [first, last] = range(containerPort) ?? fail(`invalid containerPort: ${containerPort}`);
  const [from, to] =
    hostPort === "" ? allocate(c, last - first) : (range(hostPort) ?? fail(`invalid hostPort: ${hostPort}`));
  if (last - first !== to - from && first !== last)
    fail(`invalid ranges specified for container and host Ports: ${containerPort} and ${hostPort}`);
  if (ip !== "" && !/^(\d{1,3}\.){3}\d{1,3}$/.test(ip) && !ip.includes(":")) fail(`invalid ip address: ${ip}`);
  return Array.from({ length: last - first + 1 }, (_, at) => ({
    HostPort: from + at,
    ContainerPort: first + at,
    Protocol: Protocol.toLowerCase(),
    HostIP: ip === "" ? "0.0.0.0" : ip,
  }));
}

/** The first ports from 49153 on that no container has. */
function allocate(c: Nerd, more: number): [number, number] {
  const taken = new Set(c.containers().flatMap(({ labels }) => portNumbers(labels.get("nerdctl/ports"))));
  for (let from = 49_153; ; from++) {
    const free = Array.from({ length: more + 1 }, (_, at) => from + at).every((port) => !taken.has(port));
    if (free) return [from, from + more];
  }
}

const portNumbers = (text = "[]"): number[] => (JSON.parse(text) as PortLabel[]).map(({ HostPort }) => HostPort);
