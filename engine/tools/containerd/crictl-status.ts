/** crictl inspect, inspectp, inspecti, info, version, imagefsinfo and runtime-config. */
import type { Gen } from "../../kernel/index.ts";
import { type ContainerRuntime, CriError, RUNTIME_VERSION } from "../../machine/runtime/index.ts";
import { flag } from "./cli.ts";
import { byPrefix, containerInfo, containerStatus, imageMessage, nanos, sandboxInfo, sandboxStatus } from "./cri.ts";
import { type Crictl, type CrictlCommand, CrictlError, noContainer, ShowHelp } from "./crictl-context.ts";
import { chosenContainers, chosenSandboxes, imageNamed } from "./crictl-list.ts";
import { humanDuration, humanSize } from "./units.ts";

const OUTPUT = [
  flag.string("output", "o", "Output format, One of: json|yaml|go-template|table"),
  flag.bool("quiet", "q", "Do not show verbose information"),
  flag.string(
    "template",
    "",
    "The template string is only used when output is go-template; The Template format is golang template",
  ),
];
const FILTERS = [
  flag.string("name", "", "Filter by container name regular expression pattern"),
  flag.string("state", "s", "Filter by container state"),
  flag.list("label", "", "Filter by key=value label"),
  flag.bool("latest", "l", "Show the most recently created container (includes all states)"),
  flag.int("last", "n", "Show last n recently created containers (includes all states). Set 0 for unlimited."),
];

type Labels = Readonly<Record<string, string>>;

function section(head: string, values: Labels): string {
  const lines = Object.keys(values)
    .sort()
    .map((key) => `\t${key} -> ${values[key]}\n`);
  return `${head}:\n${lines.join("")}`;
}

function* nothing(c: Crictl): Gen<never> {
  yield* c.log("error", "No IDs provided or nothing found per filter");
  throw new ShowHelp();
}

export const inspect: CrictlCommand = {
  name: "inspect",
  usage: "Display the status of one or more containers",
  argsUsage: "CONTAINER-ID [CONTAINER-ID...]",
  flags: [
    ...OUTPUT,
    ...FILTERS,
    flag.string("pod", "p", "Filter by pod id"),
    flag.string("image", "", "Filter by container image"),
    flag.bool("all", "a", "Show all containers"),
  ],
  *run(c) {
    const runtime = yield* c.runtime();
    yield* c.images();
    const ids = c.args.length > 0 ? c.args : chosenContainers(c, runtime).map(({ id }) => id);
    if (ids.length === 0) yield* nothing(c);
    const format = c.value("output", "json");
    const out: object[] = [];
    for (const id of ids) {
      const prefix = "getting the status of the container: get container status: ";
      const container = yield* c.rpc("ContainerStatus", "runtime", { containerID: id }, prefix, function* () {
        const found = byPrefix(runtime.containers.values(), id);
        if (found === undefined) throw noContainer(id);
        return found;
      });
      const status = containerStatus(c.machine, container);
      if (format !== "table") {
        out.push(c.on("quiet") ? { status } : { info: containerInfo(container), status });
        continue;
      }
      const { config, state } = container;
      const ago = (at: number) => `${humanDuration(c.machine.kernel.now - at)} ago`;
      const { name, attempt } = config.metadata;
      yield* c.print(
        `ID: ${container.id}\nName: ${name}\n${attempt === 0 ? "" : `Attempt: ${attempt}\n`}State: ${status.state}\n` +
          `Created: ${ago(container.createdAt)}\n${state === "created" ? "" : `Started: ${ago(container.startedAt)}\n`}` +
          (state === "exited" ? `Finished: ${ago(container.finishedAt)}\nExit Code: ${container.exitCode}\n` : "") +
          section("Labels", config.labels) +
          section("Annotations", config.annotations) +
          (c.on("quiet") ? "" : `Info: map[info:${JSON.stringify(containerInfo(container))}]\n`),
      );
    }
    if (format !== "table") yield* c.statuses(out, format);
  },
};

export const inspectp: CrictlCommand = {
  name: "inspectp",
  usage: "Display the status of one or more pods",
  argsUsage: "POD-ID [POD-ID...]",
  flags: [...OUTPUT, ...FILTERS, flag.string("namespace", "", "Filter by pod namespace regular expression pattern")],
  *run(c) {
    const runtime = yield* c.runtime();
    const ids = c.args.length > 0 ? c.args : chosenSandboxes(c).map(({ id }) => id);
    if (ids.length === 0) yield* nothing(c);
    const format = c.value("output", "json");
    const out: object[] = [];
    for (const id of ids) {
      const prefix = "getting the status of the pod sandbox: get pod sandbox status: ";
      const sandbox = yield* c.rpc("PodSandboxStatus", "runtime", { podSandboxID: id }, prefix, function* () {
        const found = byPrefix(runtime.sandboxes.values(), id);
        if (found === undefined) {
          throw new CriError("NotFound", `an error occurred when try to find sandbox: not found`);
        }
        return found;
      });
      const status = sandboxStatus(c.machine, sandbox);
      if (format !== "table") {
        out.push(c.on("quiet") ? { status } : { info: sandboxInfo(sandbox), status });
        continue;
      }
      const { name, uid, namespace, attempt } = sandbox.config.metadata;
      yield* c.print(
        `ID: ${sandbox.id}\nName: ${name}\nUID: ${uid}\nNamespace: ${namespace}\nAttempt: ${attempt}\n` +
          `Status: ${status.state}\nCreated: ${status.createdAt}\nIP Addresses: ${sandbox.ips[0] ?? ""}\n` +
          section("Labels", sandbox.config.labels) +
          section("Annotations", sandbox.config.annotations) +
          (c.on("quiet") ? "" : `Info: map[info:${JSON.stringify(sandboxInfo(sandbox))}]\n`),
      );
    }
    if (format !== "table") yield* c.statuses(out, format);
  },
};

/** The configuration inside an image (OCI image-spec config.md), as containerd shows it. */
function imageInfo(runtime: ContainerRuntime, id: string): object {
  const { image } = runtime.images.list().find((one) => one.image.id === id)!;
  const { def, tag } = image;
  const config = {
    Cmd: def.cmd.length > 0 ? def.cmd : undefined,
    Entrypoint: def.entrypoint.length > 0 ? def.entrypoint : undefined,
    Env: Object.entries(def.env(tag)).map(([name, value]) => `${name}=${value}`),
    ExposedPorts: def.exposedPorts && Object.fromEntries(def.exposedPorts.map((port) => [port, {}])),
    StopSignal: def.stopSignal && `SIG${def.stopSignal}`,
    User: def.user,
    WorkingDir: def.workingDir,
  };
  return {
    chainID: image.repoDigest.slice(image.repoDigest.indexOf("sha256:")),
    imageSpec: { architecture: "amd64", config, os: "linux", rootfs: { diff_ids: [image.id], type: "layers" } },
  };
}

export const inspecti: CrictlCommand = {
  name: "inspecti",
  usage: "Return the status of one or more images",
  argsUsage: "IMAGE-ID [IMAGE-ID...]",
  flags: [
    ...OUTPUT,
    flag.string("name", "", "Filter by image name"),
    flag.list("filter", "f", "Filter output based on provided conditions."),
  ],
  *run(c) {
    const runtime = yield* c.images();
    const ids = c.args.length > 0 ? c.args : runtime.images.list().map(({ image }) => image.id);
    if (ids.length === 0) yield* nothing(c);
    const format = c.value("output", "json");
    const out: object[] = [];
    for (const id of ids) {
      const image = imageNamed(runtime, id);
      if (image === undefined) throw new CrictlError(`no such image "${id}" present`);
      const stored = runtime.images.list().find((one) => one.image.id === image.id)!;
      const status = imageMessage(image, stored.tags, stored.digests);
      if (format === "table") {
        yield* c.print(
          `ID: ${image.id}\n${stored.tags.map((tag) => `Tag: ${tag}\n`).join("")}` +
            `${stored.digests.map((digest) => `Digest: ${digest}\n`).join("")}Size: ${humanSize(image.sizeBytes, 3)}\n` +
            (c.on("quiet") ? "" : `Info: map[info:${JSON.stringify(imageInfo(runtime, image.id))}]\n`),
        );
      } else out.push(c.on("quiet") ? { status } : { info: imageInfo(runtime, image.id), status });
    }
    if (format !== "table") yield* c.statuses(out, format);
  },
};

const NOT_READY = "Network plugin returns error: ";

/** runtime.v1.RuntimeStatus and what containerd adds. */
function runtimeStatus(runtime: ContainerRuntime, verbose: boolean): object {
  const why = runtime.networkNotReady();
  const condition = (type: string, status: boolean, reason: string, message: string) => ({
    message,
    reason,
    status,
    type,
  });
  const conditions = [
    condition("RuntimeReady", true, "", ""),
    why === undefined
      ? condition("NetworkReady", true, "", "")
      : condition("NetworkReady", false, "NetworkPluginNotReady", why.startsWith(NOT_READY) ? why : NOT_READY + why),
    condition("ContainerdHasNoDeprecationWarnings", true, "", ""),
  ];
  const runtimeHandlers = [
    { features: { recursive_read_only_mounts: true } },
    { features: { recursive_read_only_mounts: true }, name: "runc" },
  ];
  if (!verbose) return { runtimeHandlers, status: { conditions } };
  return {
    cniconfig: { PluginConfDir: "/etc/cni/net.d", PluginDirs: ["/opt/cni/bin"], PluginMaxConfNum: 1, Prefix: "eth" },
    config: {
      cni: { binDir: "/opt/cni/bin", confDir: "/etc/cni/net.d", confTemplate: "", ipPref: "", maxConfNum: 1 },
      containerd: {
        defaultRuntimeName: "runc",
        runtimes: { runc: { options: { SystemdCgroup: true }, runtimeType: "io.containerd.runc.v2" } },
        snapshotter: "overlayfs",
      },
      containerdEndpoint: "/run/containerd/containerd.sock",
      containerdRootDir: "/var/lib/containerd",
      maxContainerLogLineSize: 16_384,
      rootDir: "/var/lib/containerd/io.containerd.grpc.v1.cri",
      sandboxImage: "registry.k8s.io/pause:3.10",
      stateDir: "/run/containerd/io.containerd.grpc.v1.cri",
    },
    golang: "go1.23.7",
    lastCNILoadStatus: why === undefined ? "OK" : `cni config load failed: ${why}`,
    "lastCNILoadStatus.default": why === undefined ? "OK" : `cni config load failed: ${why}`,
    runtimeHandlers,
    status: { conditions },
  };
}

export const info: CrictlCommand = {
  name: "info",
  usage: "Display information of the container runtime",
  flags: OUTPUT,
  *run(c) {
    if (c.args.length > 0) throw new ShowHelp();
    const runtime = yield* c.runtime();
    yield* c.statuses([runtimeStatus(runtime, !c.on("quiet"))], c.value("output", "json"));
  },
};

export const version: CrictlCommand = {
  name: "version",
  usage: "Display runtime version information",
  flags: [],
  *run(c) {
    if (c.args.length > 0) throw new ShowHelp();
    yield* c.runtime();
    yield* c.print(
      `Version:  0.1.0\nRuntimeName:  containerd\nRuntimeVersion:  v${RUNTIME_VERSION}\nRuntimeApiVersion:  v1\n`,
    );
  },
};

export const imagefsinfo: CrictlCommand = {
  name: "imagefsinfo",
  usage: "Return image filesystem info",
  flags: OUTPUT.filter(({ name }) => name !== "quiet"),
  *run(c) {
    const runtime = yield* c.images();
    const mountpoint = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs";
    let bytes = 0;
    for (const { image } of runtime.images.list()) bytes += image.sizeBytes;
    const inodes = runtime.images.list().length * 1024;
    const timestamp = nanos(c.machine, c.machine.kernel.now);
    const format = c.value("output", "json");
    if (format === "table") {
      const part = (head: string) =>
        `${head} Filesystem \nTimeStamp[0]: ${timestamp}\nDisk[0]: ${humanSize(bytes)}\nInodes[0]: ${inodes}\n` +
        `Mountpoint[0]: ${mountpoint}\n`;
      return yield* c.print(part("Container") + part("Image"));
    }
    const usage = {
      fsId: { mountpoint },
      inodesUsed: { value: String(inodes) },
      timestamp,
      usedBytes: { value: String(bytes) },
    };
    yield* c.statuses([{ status: { containerFilesystems: [usage], imageFilesystems: [usage] } }], format);
  },
};

export const runtimeConfig: CrictlCommand = {
  name: "runtime-config",
  usage: "Retrieve the container runtime configuration",
  flags: [],
  *run(c) {
    yield* c.runtime();
    yield* c.print("cgroup driver:   SYSTEMD\n");
  },
};
