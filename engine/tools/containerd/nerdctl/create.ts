/** nerdctl create, and the first half of run: a container of an image as flags describe it (pkg/cmd/container/create.go). */
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import { ensureDir } from "../../../machine/runtime/files.ts";
import { type Bare, createBare, isCriError, JsonLog, type NamedImage } from "../../../machine/runtime/index.ts";
import type { ContainerConfig } from "../../../machine/runtime/types.ts";
import * as sys from "../../../machine/sys.ts";
import { badNamespace } from "../ctr-namespaces.ts";
import {
  ANONYMOUS,
  DATA_STORE,
  HOSTNAME,
  INTERACTIVE_DETACHED,
  MOUNTS,
  NAME,
  NETWORKS,
  type Nerd,
  NerdError,
  PORTS,
  STATE_DIR,
} from "./context.ts";
import { ended, started } from "./life.ts";
import { mountsOf } from "./mounts.ts";
import { networks as networkList } from "./networks.ts";
import { readPorts } from "./ports.ts";
import { ensureImage, readReference } from "./references.ts";

const LOG_URI = `binary:///usr/local/bin/nerdctl?_NERDCTL_INTERNAL_LOGGING=${encodeURIComponent(DATA_STORE)}`;
const POLICIES = ["no", "always", "on-failure", "unless-stopped"];

const UNITS: Readonly<Record<string, number>> = { "": 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** units.RAMInBytes; undefined when it is no size. */
export function ramInBytes(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  return number === "" ? undefined : Math.floor(Number(number) * 1024 ** UNITS[unit.toLowerCase()]!);
}

/** The variables of `-e` and `--env-file`; a name alone takes its value from nerdctl's own. Throws NerdError. */
export function environmentOf(c: Nerd): [string, string][] {
  const words: string[] = [];
  for (const file of c.list("env-file")) {
    try {
      const lines = sys
        .readText(c.p, file)
        .split("\n")
        .map((line) => line.trim());
      words.push(...lines.filter((line) => line !== "" && !line.startsWith("#")));
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new NerdError(`failed to open env file ${file}: open ${file}: ${error.message.toLowerCase()}`);
    }
  }
  const out = new Map<string, string>();
  for (const word of [...words, ...c.list("env")]) {
    const at = word.indexOf("=");
    const value = at < 0 ? c.p.env.get(word) : word.slice(at + 1);
    if (value !== undefined) out.set(at < 0 ? word : word.slice(0, at), value);
  }
  return [...out];
}

/** How networks are named together; `host` and `none` stand alone. */
function networksGiven(c: Nerd): string[] {
  const given = [...c.list("network"), ...c.list("net")];
  return given.length === 0 ? ["bridge"] : [...new Set(given)];
}

function limits(c: Nerd): Partial<ContainerConfig> {
  const out: Partial<ContainerConfig> = {};
  const memory = c.value("memory");
  if (memory !== "") {
    const bytes = ramInBytes(memory);
    if (bytes === undefined)
      throw new NerdError(`failed to parse memory bytes ${JSON.stringify(memory)}: invalid size: '${memory}'`);
    out.memoryLimitInBytes = bytes;
  }
  if (c.flags.has("cpus")) out.cpuLimitMilli = Math.round(Number(c.value("cpus")) * 1000);
  if (c.flags.has("cpu-shares")) out.cpuShares = Number(c.value("cpu-shares"));
  if (c.flags.has("oom-score-adj")) out.oomScoreAdj = Number(c.value("oom-score-adj"));
  return out;
}

/** What to run in place of the image's: `--entrypoint` drops the image's arguments too. */
function commandGiven(c: Nerd, args: readonly string[]): Pick<ContainerConfig, "command" | "args"> {
  if (!c.flags.has("entrypoint")) return { command: [], args };
  const entrypoint = c.list("entrypoint").filter((word) => word !== "");
  return { command: [...entrypoint, ...args], args: [] };
}

function nameGiven(c: Nerd, image: NamedImage, id: string): string {
  const name = c.value(
    "name",
    `${image.name
      .replace(/[:@][^/]*$/, "")
      .split("/")
      .at(-1)}-${id.slice(0, 5)}`,
  );
  const bad = badNamespace(name)?.replace(/^namespace validation: /, "");
  if (bad !== undefined) throw new NerdError(`invalid name ${JSON.stringify(name)}: ${bad}`);
  const taken = c.containers().find(({ labels }) => labels.get(NAME) === name);
  if (taken) throw new NerdError(`name ${JSON.stringify(name)} is already used by ID "${taken.id}"`);
  return name;
}

function restartPolicy(c: Nerd): string | undefined {
  const policy = c.value("restart", "no");
  const [name = ""] = policy.split(":");
  if (name === "no" || name === "") return undefined;
  if (!POLICIES.includes(name)) {
    const list = POLICIES.map((one) => `"${one}"`).join(" ");
    throw new NerdError(`unsupported restart policy "${name}", supported policies are: [${list}]`);
  }
  return policy;
}

/** The network of `--network container:X`. */
function sharedNetwork(c: Nerd, network: string) {
  if (!network.startsWith("container:")) return undefined;
  const word = network.slice("container:".length);
  const [unit] = c.found(word);
  if (unit?.container === undefined)
    throw new NerdError(
      `failed to generate networking spec options: container networking: could not find container: ${word}`,
    );
  return unit.container.sandbox.net;
}

/** Makes the container that flags and words describe; with `inRun` it is about to be started. Throws NerdError. */
export function* createContainer(c: Nerd, inRun: boolean): Gen<Bare> {
  const [reference = "", ...args] = c.args;
  const ports = readPorts(c);
  const networks = networksGiven(c);
  const cidfile = c.value("cidfile");
  // The default network comes into being with the first use of it.
  networkList(c);
  if (cidfile !== "" && sys.find(c.p, cidfile))
    throw new NerdError(`container ID file found, make sure the other container isn't running or delete ${cidfile}`);
  readReference(reference);
  const image = yield* ensureImage(c, reference, c.value("pull", "missing"), "stderr");
  const { machine, namespace } = c;
  const id = machine.kernel.random(`nerdctl ${machine.hostname}`).hex(64);
  const env = environmentOf(c);
  if (inRun && c.on("interactive") && c.on("detach")) throw new NerdError(INTERACTIVE_DETACHED);
  const { mounts, points, anonymous } = yield* mountsOf(c, id);
  const policy = restartPolicy(c);
  const net = sharedNetwork(c, networks[0]!);
  const limited = limits(c);
  const name = nameGiven(c, image, id);
  const hostname = c.value("hostname", id.slice(0, 12));
  const stateDir = `${DATA_STORE}/containers/${namespace}/${id}`;
  const hosts = `${DATA_STORE}/etchosts/${namespace}/${id}/hosts`;
  const files = filesOf(c, networks[0]!, { stateDir, hosts, hostname });
  let bare: Bare;
  try {
    bare = createBare(machine, {
      namespace,
      id,
      image: image.image,
      args: [],
      env,
      cwd: c.value("workdir"),
      hostname,
      hostNetwork: networks[0] === "host",
      ...(net && { net }),
      tty: c.on("tty"),
      mounts: [...files, ...mounts],
      config: {
        ...commandGiven(c, args),
        ...limited,
        image: image.name,
        ...(c.flags.has("user") && { user: c.value("user") }),
        readOnlyRootfs: c.on("read-only"),
        privileged: c.on("privileged"),
        stdin: c.on("interactive"),
      },
      log: new JsonLog(machine, ensureDir(machine, stateDir), `${id}-json.log`),
      started,
      ended,
    });
  } catch (error) {
    if (!isCriError(error)) throw error;
    throw new NerdError(createError(error.message));
  }
  const { labels, container } = bare;
  labels.clear();
  const extraHosts = JSON.stringify(c.list("add-host").length === 0 ? null : c.list("add-host"));
  const own: Record<string, string> = {
    "io.containerd.image.config.stop-signal": c.value("stop-signal", `SIG${container.stopSignal}`),
    "nerdctl/extraHosts": extraHosts,
    [HOSTNAME]: hostname,
    "nerdctl/log-uri": LOG_URI,
    [NAME]: name,
    "nerdctl/namespace": namespace,
    [NETWORKS]: JSON.stringify(networks),
    "nerdctl/platform": "linux/amd64",
    ...(ports.length > 0 && { [PORTS]: JSON.stringify(ports) }),
    ...(points.length > 0 && { [MOUNTS]: JSON.stringify(points) }),
    ...(anonymous.length > 0 && { [ANONYMOUS]: JSON.stringify(anonymous) }),
    ...(c.flags.has("stop-timeout") && { "nerdctl/stop-timeout": c.value("stop-timeout") }),
    [STATE_DIR]: stateDir,
    ...(policy && {
      "containerd.io/restart.policy": policy,
      "containerd.io/restart.status": inRun ? "running" : "created",
      "containerd.io/restart.loguri": LOG_URI,
    }),
  };
  for (const word of c.list("label")) {
    const at = word.indexOf("=");
    own[at < 0 ? word : word.slice(0, at)] = at < 0 ? "" : word.slice(at + 1);
  }
  for (const key of Object.keys(own).sort()) labels.set(key, own[key]!);
  c.runtime.metadata.make(namespace).containers.set(id, bare);
  if (cidfile !== "") sys.writeText(c.p, cidfile, id, 0o644);
  return bare;
}

/** What containerd says of a specification that it cannot make. */
function createError(message: string): string {
  if (/no users found/.test(message)) return "mount callback failed on /tmp/containerd-mount1: no users found";
  if (/no command specified/.test(message))
    return "no command or entrypoint provided, and no CMD or ENTRYPOINT from image";
  return message;
}

/** The files of a container's names: its own but for one without a network, which has the image's. */
function filesOf(c: Nerd, network: string, at: { stateDir: string; hosts: string; hostname: string }) {
  if (network === "none" || network.startsWith("container:")) return [];
  const dns = c.list("dns");
  const resolv = sys.find(c.p, "/etc/resolv.conf") ? sys.readText(c.p, "/etc/resolv.conf") : "";
  const texts: [string, string, string][] = [
    ["/etc/hostname", `${at.stateDir}/hostname`, `${at.hostname}\n`],
    [
      "/etc/resolv.conf",
      `${at.stateDir}/resolv.conf`,
      dns.length > 0 ? dns.map((one) => `nameserver ${one}\n`).join("") : resolv,
    ],
    ["/etc/hosts", at.hosts, ""],
  ];
  return texts.map(([containerPath, hostPath, text]) => {
    sys.makeAbove(c.p, hostPath, 0o755);
    sys.writeText(c.p, hostPath, text, 0o644);
    return { containerPath, hostPath };
  });
}

export function* create(c: Nerd): Gen {
  const { container } = yield* createContainer(c, false);
  yield* c.print(`${container.id}\n`);
}
