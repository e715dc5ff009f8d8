/** ctr of containerd 1.7, and the part of nerdctl that shows: what lies under the runtime's namespace `k8s.io`. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import { type ContainerRuntime, isCriError, RUNTIME_VERSION, runtimeOf } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { TabWriter } from "../kubectl/printers/tabwriter.ts";
import { commandHelp, FlagError, type FlagSpec, flag, type Given, isOn, parseFlags } from "./cli.ts";
import { containers as allContainers, sandboxes as allSandboxes } from "./cri.ts";
import { binarySize, humanDuration } from "./units.ts";

const K8S = "k8s.io";

/** Ends ctr with `ctr: message`. */
class CtrError extends Error {}

interface Ctr {
  p: Process;
  runtime: ContainerRuntime;
  /** `k8s.io` holds what the kubelet runs; every other namespace is empty. */
  namespace: string;
  given: Given;
}

interface Command {
  names: readonly string[];
  usage: string;
  flags: readonly FlagSpec[];
  run(c: Ctr): Gen<void>;
}

function table(head: string, rows: readonly (readonly string[])[], minWidth: number, padding: number): string {
  const writer = new TabWriter(minWidth, padding);
  writer.write(`${head}\n${rows.map((row) => `${row.join("\t")}\n`).join("")}`);
  return writer.flush();
}

interface Unit {
  id: string;
  image: string;
  pid: number;
  running: boolean;
  labels: Readonly<Record<string, string>>;
}

/** Containers of the namespace: those of Pods, and a pause for each Pod. */
function units({ p, namespace }: Pick<Ctr, "p" | "namespace">): Unit[] {
  if (namespace !== K8S) return [];
  const { machine } = p;
  const pods = allSandboxes(machine).map(({ id, pause, config }) => ({
    id,
    image: "registry.k8s.io/pause:3.10",
    pid: pause.pid,
    running: pause.status === undefined,
    labels: config.labels,
  }));
  const rest = allContainers(machine).map(({ id, image, process, state, config }) => ({
    id,
    image: image.reference,
    pid: process?.pid ?? 0,
    running: state === "running",
    labels: config.labels,
  }));
  return [...pods, ...rest].sort((a, b) => (a.id < b.id ? -1 : 1));
}

const QUIET = flag.bool("quiet", "q", "Print only the name");

function* listContainers(c: Ctr): Gen<void> {
  const list = units(c);
  if (isOn(c.given, "quiet")) return yield* sys.print(c.p, list.map(({ id }) => `${id}\n`).join(""));
  const rows = list.map(({ id, image }) => [id, image, "io.containerd.runc.v2", ""]);
  yield* sys.print(c.p, table("CONTAINER\tIMAGE\tRUNTIME\t", rows, 4, 4));
}

function* listTasks(c: Ctr): Gen<void> {
  const list = units(c).filter(({ pid }) => pid !== 0);
  if (isOn(c.given, "quiet")) return yield* sys.print(c.p, list.map(({ id }) => `${id}\n`).join(""));
  const rows = list.map(({ id, pid, running }) => [id, String(pid), running ? "RUNNING" : "STOPPED"]);
  yield* sys.print(
    c.p,
    table(
      "TASK\tPID\tSTATUS\t",
      rows.map((row) => [...row, ""]),
      4,
      4,
    ),
  );
}

function* listImages(c: Ctr): Gen<void> {
  const list = c.namespace === K8S ? c.runtime.images.list() : [];
  const rows = list.flatMap(({ image, tags, digests }) =>
    [...tags, ...digests, image.id].map((reference) => ({ reference, image })),
  );
  rows.sort((a, b) => (a.reference < b.reference ? -1 : 1));
  if (isOn(c.given, "quiet")) return yield* sys.print(c.p, rows.map(({ reference }) => `${reference}\n`).join(""));
  const cells = rows.map(({ reference, image }) => [
    reference,
    "application/vnd.oci.image.index.v1+json",
    image.repoDigest.slice(image.repoDigest.indexOf("@") + 1),
    binarySize(image.sizeBytes),
    "linux/amd64",
    "io.cri-containerd.image=managed",
    "",
  ]);
  yield* sys.print(c.p, table("REF\tTYPE\tDIGEST\tSIZE\tPLATFORMS\tLABELS\t", cells, 1, 1));
}

function* pullImage(c: Ctr): Gen<void> {
  const [name] = c.given.args;
  if (name === undefined) throw new CtrError("please provide an image reference to pull");
  try {
    const image = yield* c.runtime.pullImage(name);
    yield* sys.print(c.p, `${image.reference}: resolved\nunpacking linux/amd64 ${image.id}...\ndone: 1.2s\t\n`);
  } catch (error) {
    if (!isCriError(error)) throw error;
    throw new CtrError(error.message.replace(/^failed to pull and unpack image "[^"]*": /, ""));
  }
}

function* removeImage(c: Ctr): Gen<void> {
  for (const name of c.given.args) {
    if (c.namespace !== K8S || c.runtime.images.remove(name) === undefined) {
      throw new CtrError(`image "${name}": not found`);
    }
    yield* sys.print(c.p, `${name}\n`);
  }
}

function* importImage(c: Ctr): Gen<void> {
  const [path] = c.given.args;
  if (path === undefined) throw new CtrError("please provide a path to an archive");
  if (sys.find(c.p, path) === undefined) throw new CtrError(`open ${path}: no such file or directory`);
  throw new CtrError("unrecognized image format");
}

function* listNamespaces(c: Ctr): Gen<void> {
  yield* sys.print(
    c.p,
    table(
      "NAME\tLABELS\t",
      [
        ["default", "", ""],
        [K8S, "", ""],
      ],
      1,
      1,
    ),
  );
}

function* version(c: Ctr): Gen<void> {
  const text = `  Version:  v${RUNTIME_VERSION}\n  Revision: 05044ec0a9a75232cad458027ca83437aae3f4da\n`;
  yield* sys.print(c.p, `Client:\n${text}  Go version: go1.23.7\n\nServer:\n${text}  UUID: ${c.p.machine.machineId}\n`);
}

const LIST = ["ls", "list"];
const words = (groups: readonly string[], verbs: readonly string[]) =>
  groups.flatMap((group) => verbs.map((verb) => `${group} ${verb}`));

const COMMANDS: readonly Command[] = [
  {
    names: words(["containers", "container", "c"], LIST),
    usage: "List containers",
    flags: [QUIET],
    run: listContainers,
  },
  { names: words(["tasks", "task", "t"], LIST), usage: "List tasks", flags: [QUIET], run: listTasks },
  {
    names: words(["images", "image", "i"], LIST),
    usage: "List images known to containerd",
    flags: [QUIET],
    run: listImages,
  },
  {
    names: words(["images", "image", "i"], ["pull"]),
    usage: "Pull an image from a remote",
    flags: [
      flag.bool("all-platforms", "", "pull content and metadata from all platforms"),
      flag.string("platform", "", "Pull content from a specific platform"),
      flag.bool("plain-http", "", "allow connections using plain HTTP"),
    ],
    run: pullImage,
  },
  {
    names: words(["images", "image", "i"], ["rm", "remove", "delete"]),
    usage: "Remove one or more images by reference",
    flags: [flag.bool("sync", "", "Synchronously remove image and all associated resources")],
    run: removeImage,
  },
  {
    names: words(["images", "image", "i"], ["import"]),
    usage: "Import images",
    flags: [flag.string("base-name", "", "base image name for added images")],
    run: importImage,
  },
  {
    names: words(["namespaces", "namespace", "ns"], LIST),
    usage: "List namespaces",
    flags: [QUIET],
    run: listNamespaces,
  },
  { names: ["version"], usage: "Print the client and server versions", flags: [], run: version },
];

const GLOBAL = [
  flag.string("namespace", "n", "Namespace to use with commands", "default"),
  flag.string("address", "a", "Address for containerd's GRPC server", "/run/containerd/containerd.sock"),
  flag.bool("debug", "", "Enable debug output in logs"),
  flag.bool("version", "v", "print the version"),
];

function socketError(p: Process, path: string): string | undefined {
  const dial = (why: string) =>
    `failed to dial "${path}": connection error: desc = "transport: error while dialing: dial unix ${path}: connect: ${why}"`;
  if (!/^(\/var)?\/run\/containerd\/containerd\.sock$/.test(path) || runtimeOf(p.machine).daemon === undefined) {
    return dial("no such file or directory");
  }
  return p.cred.uid === 0 ? undefined : dial("permission denied");
}

export const ctr: Program = function* (p): Gen<number> {
  try {
    const global = parseFlags(GLOBAL, p.argv.slice(1), false);
    if (isOn(global, "version")) {
      yield* sys.print(p, `ctr github.com/containerd/containerd v${RUNTIME_VERSION}\n`);
      return 0;
    }
    const [first, second] = global.args;
    const command = COMMANDS.find(({ names }) => names.includes(`${first} ${second}`) || names.includes(first ?? ""));
    if (command === undefined) {
      if (first !== undefined && !COMMANDS.some(({ names }) => names.some((name) => name.startsWith(`${first} `)))) {
        yield* sys.printError(p, `No help topic for '${first}'\n`);
        return 3;
      }
      const list = COMMANDS.map(({ names, usage }) => `   ${names[0]!.padEnd(18)} ${usage}\n`).join("");
      yield* sys.print(
        p,
        `NAME:\n   ctr - containerd CLI\n\nUSAGE:\n   ctr [global options] command [command options] [arguments...]\n\nCOMMANDS:\n${list}`,
      );
      return 0;
    }
    const given = parseFlags(command.flags, global.args.slice(command.names[0]!.split(" ").length));
    if (isOn(given, "help")) {
      yield* sys.print(p, commandHelp({ path: `ctr ${command.names[0]}`, usage: command.usage, flags: command.flags }));
      return 0;
    }
    const path =
      global.values.get("address")?.[0] ?? p.env.get("CONTAINERD_ADDRESS") ?? "/run/containerd/containerd.sock";
    const closed = socketError(p, path);
    if (closed !== undefined) throw new CtrError(closed);
    const namespace = global.values.get("namespace")?.[0] ?? (p.env.get("CONTAINERD_NAMESPACE") || "default");
    yield* command.run({ p, runtime: runtimeOf(p.machine), namespace, given });
    return 0;
  } catch (error) {
    if (error instanceof FlagError) {
      yield* sys.print(p, `Incorrect Usage: ${error.message}\n\n`);
      yield* sys.printError(p, `ctr: ${error.message}\n`);
      return 1;
    }
    if (!(error instanceof CtrError) && !isErrno(error)) throw error;
    yield* sys.printError(p, `ctr: ${error.message}\n`);
    return 1;
  }
};

const NERDCTL_FLAGS = [
  flag.string("namespace", "n", "containerd namespace"),
  flag.string("address", "a", "containerd address"),
  flag.bool("version", "v", "version for nerdctl"),
];

/** nerdctl ps, images and namespace ls. */
export const nerdctl: Program = function* (p): Gen<number> {
  try {
    const global = parseFlags(NERDCTL_FLAGS, p.argv.slice(1), false);
    if (isOn(global, "version")) {
      yield* sys.print(p, "nerdctl version 2.0.3\n");
      return 0;
    }
    const [verb = "", ...rest] = global.args;
    const given = parseFlags(
      [
        flag.bool("all", "a", "Show all"),
        flag.bool("quiet", "q", "Only IDs"),
        flag.bool("no-trunc", "", "No truncation"),
      ],
      rest,
    );
    const closed = socketError(p, "/run/containerd/containerd.sock");
    if (closed !== undefined) {
      const hint =
        p.cred.uid === 0
          ? `cannot access containerd socket "/run/containerd/containerd.sock": no such file or directory`
          : "rootless containerd not running? (hint: use `containerd-rootless-setuptool.sh install` to start rootless containerd)";
      yield* sys.printError(p, `level=fatal msg=${JSON.stringify(hint)}\n`);
      return 1;
    }
    const namespace = global.values.get("namespace")?.[0] ?? "default";
    yield* sys.print(p, nerdctlText(p, verb, rest, given, namespace));
    return 0;
  } catch (error) {
    if (!(error instanceof FlagError) && !(error instanceof CtrError)) throw error;
    yield* sys.printError(p, `level=fatal msg=${JSON.stringify(error.message)}\n`);
    return 1;
  }
};

function nerdctlText(p: Process, verb: string, rest: readonly string[], given: Given, namespace: string): string {
  const { now } = p.machine.kernel;
  const quiet = isOn(given, "quiet");
  const short = (id: string) => (isOn(given, "no-trunc") ? id : id.slice(0, 12));
  if (verb === "ps" || (verb === "container" && rest[0] === "ls")) {
    const rows = units({ p, namespace }).filter(({ running }) => running || isOn(given, "all"));
    if (quiet) return rows.map(({ id }) => `${short(id)}\n`).join("");
    const cells = rows.map(({ id, image, running, labels }) => {
      const pod = `k8s://${labels["io.kubernetes.pod.namespace"]}/${labels["io.kubernetes.pod.name"]}`;
      const name = labels["io.kubernetes.container.name"];
      const made =
        allContainers(p.machine).find((one) => one.id === id)?.createdAt ??
        allSandboxes(p.machine).find((one) => one.id === id)?.createdAt ??
        0;
      return [
        short(id),
        image,
        "",
        `${humanDuration(now - made)} ago`,
        running ? "Up" : "Created",
        "",
        name ? `${pod}/${name}` : pod,
      ];
    });
    return table("CONTAINER ID\tIMAGE\tCOMMAND\tCREATED\tSTATUS\tPORTS\tNAMES", cells, 4, 4);
  }
  if (verb === "images" || (verb === "image" && rest[0] === "ls")) {
    const list = namespace === K8S ? runtimeOf(p.machine).images.list() : [];
    if (quiet) return list.map(({ image }) => `${short(image.id.slice(7))}\n`).join("");
    const cells = list.map(({ image, pulledAt }) => {
      const colon = image.reference.lastIndexOf(":");
      const name = image.reference.slice(0, colon).replace(/^docker\.io\/(library\/)?/, "");
      const age = `${humanDuration(Math.max(1, now - pulledAt))} ago`;
      return [
        name,
        image.tag,
        short(image.id.slice(7)),
        age,
        "linux/amd64",
        binarySize(image.sizeBytes * 2.6).replace(" ", ""),
        binarySize(image.sizeBytes).replace(" ", ""),
      ];
    });
    return table("REPOSITORY\tTAG\tIMAGE ID\tCREATED\tPLATFORM\tSIZE\tBLOB SIZE", cells, 4, 4);
  }
  if (verb === "namespace" || verb === "ns") {
    const count = units({ p, namespace: K8S }).length;
    return table(
      "NAME\tCONTAINERS\tIMAGES\tVOLUMES\tLABELS",
      [["k8s.io", String(count), String(runtimeOf(p.machine).images.list().length), "0", ""]],
      4,
      4,
    );
  }
  if (verb === "") return "nerdctl is a command line interface for containerd\n\nUsage: nerdctl [flags]\n";
  throw new CtrError(`unknown subcommand "${verb}" for "nerdctl"`);
}
