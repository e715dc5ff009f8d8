/** crictl inspect, inspectp, inspecti, info, version, imagefsinfo and runtime-config. */
import { goTime } from "../../api/go-time.ts";
import type { Gen } from "../../kernel/index.ts";
import { type ContainerRuntime, RUNTIME_VERSION } from "../../machine/runtime/index.ts";
import { flag } from "./cli.ts";
import { containerById, containerStatus, imageMessage, nanos, sandboxById, sandboxStatus } from "./cri.ts";
import { containerInfo, sandboxInfo } from "./cri-info.ts";
import { type Crictl, type CrictlCommand, CrictlError, ShowHelp } from "./crictl-context.ts";
import { chosenContainers, chosenSandboxes, FILTER, imageStatus, pairs } from "./crictl-list.ts";
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
const filters = (what: string, states = "", stop = "") => [
  flag.string("name", "", `Filter by ${what} name regular expression pattern`),
  flag.string("namespace", "", "Filter by pod namespace regular expression pattern"),
  flag.string("state", "s", `Filter by ${what} state`),
  flag.list("label", "", "Filter by key=value label"),
  flag.bool("latest", "l", `Show the most recently created ${what}${states}`),
  flag.int("last", "n", `Show last n recently created ${what}s${states}. Set 0 for unlimited${stop}`),
];

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
    ...filters("container", " (includes all states)", "."),
    flag.string("pod", "p", "Filter by pod id"),
    flag.string("image", "", "Filter by container image"),
  ],
  *run(c) {
    const runtime = yield* c.runtime();
    yield* c.images();
    const ids = c.args.length > 0 ? c.args : chosenContainers(c, runtime).map(({ id }) => id);
    if (ids.length === 0) yield* nothing(c);
    const format = c.value("output", "json");
    const out: object[] = [];
    for (const id of ids) {
      const prefix = "get the status of containers: get container status: ";
      const container = yield* c.rpc("ContainerStatus", "runtime", { containerID: id }, prefix, function* () {
        return containerById(runtime, id);
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
          pairs("Labels", config.labels) +
          pairs("Annotations", config.annotations) +
          (c.on("quiet") ? "" : `Info: map[info:${JSON.stringify(containerInfo(container))}]\n`),
      );
    }
    if (format !== "table") yield* c.statuses(out, format, "get the status of containers: ");
  },
};

export const inspectp: CrictlCommand = {
  name: "inspectp",
  usage: "Display the status of one or more pods",
  argsUsage: "POD-ID [POD-ID...]",
  flags: [...OUTPUT, ...filters("pod")],
  *run(c) {
    const runtime = yield* c.runtime();
    const ids = c.args.length > 0 ? c.args : chosenSandboxes(c).map(({ id }) => id);
    if (ids.length === 0) yield* nothing(c);
    const format = c.value("output", "json");
    const out: object[] = [];
    for (const id of ids) {
      const prefix = "get the status of pod sandboxes: get pod sandbox status: ";
      const sandbox = c.quietly(prefix, () => sandboxById(runtime, id));
      const status = sandboxStatus(c.machine, sandbox);
      if (format !== "table") {
        out.push(c.on("quiet") ? { status } : { info: sandboxInfo(sandbox), status });
        continue;
      }
      const { name, uid, namespace, attempt } = sandbox.config.metadata;
      yield* c.print(
        `ID: ${sandbox.id}\nName: ${name}\nUID: ${uid}\nNamespace: ${namespace}\nAttempt: ${attempt}\n` +
          `Status: ${status.state}\nCreated: ${goTime(c.machine.kernel.epochMs + sandbox.createdAt / 1000)}\nIP Addresses: ${sandbox.ips[0] ?? ""}\n` +
          pairs("Labels", sandbox.config.labels) +
          pairs("Annotations", sandbox.config.annotations) +
          (c.on("quiet") ? "" : `Info: map[info:${JSON.stringify(sandboxInfo(sandbox))}]\n`),
      );
    }
    if (format !== "table") yield* c.statuses(out, format, "get the status of pod sandboxes: ");
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
  flags: [...OUTPUT, flag.string("name", "", "Filter by image name"), FILTER],
  *run(c) {
    const runtime = yield* c.images();
    const ids = c.args.length > 0 ? c.args : runtime.images.list().map(({ image }) => image.id);
    if (ids.length === 0) yield* nothing(c);
    const format = c.value("output", "json");
    const out: object[] = [];
    for (const id of ids) {
      const image = yield* imageStatus(c, runtime, id, `image status for "${id}" request: `);
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

/** The network that containerd adds by itself. */
const LOOPBACK = `{
"cniVersion": "0.3.1",
"name": "cni-loopback",
"plugins": [{
  "type": "loopback"
}]
}`;

/** A network as go-cni tells it, from its configuration's text. */
function network(ifName: string, source: string): object {
  const { cniVersion, name, plugins = [] } = JSON.parse(source);
  return {
    Config: {
      CNIVersion: cniVersion,
      Name: name,
      Plugins: plugins.map((plugin: Record<string, unknown>) => ({
        Network: {
          ...(plugin.capabilities ? { capabilities: plugin.capabilities } : {}),
          dns: plugin.dns ?? {},
          ipam: plugin.ipam ?? {},
          type: plugin.type,
        },
        Source: JSON.stringify(plugin),
      })),
      Source: source,
    },
    IFName: ifName,
  };
}

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
  const conf = runtime.cni.confText();
  return {
    cniconfig: {
      Networks: [network("lo", LOOPBACK), ...(conf === undefined ? [] : [network("eth0", conf)])],
      PluginConfDir: "/etc/cni/net.d",
      PluginDirs: ["/opt/cni/bin"],
      PluginMaxConfNum: 1,
      Prefix: "eth",
    },
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
  flags: [flag.string("output", "o", "Output format, One of: json|yaml|go-template", "json"), ...OUTPUT.slice(1)],
  *run(c) {
    if (c.args.length > 0) throw new ShowHelp();
    const runtime = yield* c.runtime();
    yield* c.statuses(
      [runtimeStatus(runtime, !c.on("quiet"))],
      c.value("output", "json"),
      "getting status of runtime: ",
    );
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
      return yield* c.print(
        `Container Filesystem \nImage Filesystem \nTimeStamp[0]: ${timestamp}\nDisk[0]: ${humanSize(bytes)}\n` +
          `Inodes[0]: ${inodes}\nMountpoint[0]: ${mountpoint}\n`,
      );
    }
    const usage = {
      fsId: { mountpoint },
      inodesUsed: { value: String(inodes) },
      timestamp,
      usedBytes: { value: String(bytes) },
    };
    yield* c.statuses([{ status: { containerFilesystems: [], imageFilesystems: [usage] } }], format);
  },
};

export const runtimeConfig: CrictlCommand = {
  name: "runtime-config",
  usage: "Retrieve the container runtime configuration",
  flags: [],
  *run(c) {
    yield* c.runtime();
    yield* c.unimplemented("RuntimeConfig", "get runtime config: call RuntimeConfig RPC: ");
  },
};

/** containerd has no use for the address range when its CNI configuration is not made from a template. */
export const updateRuntimeConfig: CrictlCommand = {
  name: "update-runtime-config",
  usage: "Update the runtime configuration",
  flags: [
    flag.string(
      "pod-cidr",
      "p",
      "The new Classless Inter-Domain Routing (CIDR) value to be used for pod IP addresses. If the CIDR is empty, runtimes should omit it.",
    ),
  ],
  *run(c) {
    if (c.args.length > 0 || !c.isSet("pod-cidr")) throw new ShowHelp();
    yield* c.runtime();
    yield* c.log("info", "Runtime config successfully updated");
  },
};
