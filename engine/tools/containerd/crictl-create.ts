/** crictl runp, create, run, update: Pods and containers made by hand, from the configurations of CRI as JSON or YAML. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { parseYaml } from "../../machine/kubelet/yaml.ts";
import {
  type Container,
  type ContainerConfig,
  type ContainerRuntime,
  CriError,
  type Sandbox,
  type SandboxConfig,
} from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { flag } from "./cli.ts";
import { byPrefix } from "./cri.ts";
import { type Crictl, type CrictlCommand, CrictlError, noContainer, ShowHelp } from "./crictl-context.ts";

type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (value === undefined || value === null ? "" : String(value));
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const strings = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(fields(value)).map(([key, one]) => [key, text(one)]));

/** A configuration file. Throws `CrictlError` for one that is not there or is no object. */
function load(c: Crictl, path: string, what: string): Fields {
  let content: string;
  try {
    content = sys.readText(c.p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new CrictlError(`load ${what}: open ${path}: ${error.message.toLowerCase()}`);
  }
  try {
    const parsed = parseYaml(content);
    if (typeof parsed === "object" && parsed !== null) return parsed as Fields;
  } catch {
    // Told below: what it says of the place differs between parsers.
  }
  throw new CrictlError(`load ${what}: yaml: unmarshal errors`);
}

/** /etc/resolv.conf of a Pod: as its configuration says, else the machine's own. */
function resolvConf(c: Crictl, dns: Fields): string {
  const words = (key: string) => list(dns[key]).map(text);
  const lines = [
    ...(words("searches").length > 0 ? [`search ${words("searches").join(" ")}`] : []),
    ...words("servers").map((server) => `nameserver ${server}`),
    ...(words("options").length > 0 ? [`options ${words("options").join(" ")}`] : []),
  ];
  if (lines.length > 0) return `${lines.join("\n")}\n`;
  return sys.find(c.p, "/etc/resolv.conf") === undefined ? "" : sys.readText(c.p, "/etc/resolv.conf");
}

function sandboxConfig(c: Crictl, given: Fields): SandboxConfig {
  const meta = fields(given.metadata);
  if (given.metadata === undefined)
    throw new CrictlError("name, uid or namespace is not in metadata of PodSandboxConfig");
  for (const key of ["name", "namespace", "uid"])
    if (text(meta[key]) === "") throw new CrictlError("name, uid or namespace is not in metadata of PodSandboxConfig");
  const namespaces = fields(fields(fields(given.linux).security_context).namespace_options);
  return {
    metadata: {
      name: text(meta.name),
      namespace: text(meta.namespace),
      uid: text(meta.uid),
      attempt: Number(meta.attempt ?? 0),
    },
    hostname: text(given.hostname) || text(meta.name),
    logDirectory: text(given.log_directory) || "/tmp",
    resolvConf: resolvConf(c, fields(given.dns_config)),
    labels: strings(given.labels),
    annotations: strings(given.annotations),
    cgroupParent: text(fields(given.linux).cgroup_parent) || "/system.slice",
    hostNetwork: Number(namespaces.network ?? 0) === 2,
    hostPid: Number(namespaces.pid ?? 1) === 2,
  };
}

function containerConfig(given: Fields, sandbox: SandboxConfig): ContainerConfig {
  const meta = fields(given.metadata);
  const image = text(fields(given.image).image);
  if (text(meta.name) === "") throw new CrictlError("name is not in metadata of ContainerConfig");
  if (image === "") throw new CrictlError("image is not in image of ContainerConfig");
  const resources = fields(fields(given.linux).resources);
  const security = fields(fields(given.linux).security_context);
  const quota = Number(resources.cpu_quota ?? 0);
  const user = fields(security.run_as_user).value;
  return {
    metadata: { name: text(meta.name), attempt: Number(meta.attempt ?? 0) },
    image,
    command: list(given.command).map(text),
    args: list(given.args).map(text),
    workingDir: text(given.working_dir),
    env: list(given.envs).map((one) => [text(fields(one).key), text(fields(one).value)] as const),
    mounts: list(given.mounts).map((one) => ({
      containerPath: text(fields(one).container_path),
      hostPath: text(fields(one).host_path),
      readOnly: fields(one).readonly === true,
    })),
    labels: strings(given.labels),
    annotations: strings(given.annotations),
    logPath: text(given.log_path) || `${sandbox.metadata.name}_${text(meta.name)}.log`,
    stdin: given.stdin === true,
    tty: given.tty === true,
    privileged: security.privileged === true,
    ...(user === undefined ? {} : { runAsUser: Number(user) }),
    ...(resources.memory_limit_in_bytes ? { memoryLimitInBytes: Number(resources.memory_limit_in_bytes) } : {}),
    ...(quota > 0 ? { cpuLimitMilli: (quota / Number(resources.cpu_period ?? 100_000)) * 1000 } : {}),
    ...(resources.cpu_shares ? { cpuShares: Number(resources.cpu_shares) } : {}),
  };
}

const TIMEOUT = flag.duration(
  "cancel-timeout",
  "T",
  "Seconds to wait for a run request before cancelling the request",
  "0s",
);
const RUNTIME = flag.string(
  "runtime",
  "r",
  "Runtime handler to use. Available options are defined by the container runtime.",
);
const PULLS = [
  flag.string(
    "auth",
    "",
    "Use `AUTH_STRING` for accessing the registry. AUTH_STRING is a base64 encoded 'USERNAME[:PASSWORD]'",
  ),
  flag.string("creds", "", "Use `USERNAME[:PASSWORD]` for accessing the registry"),
  flag.bool("with-pull", "", "Pull the image on container creation"),
  flag.bool("no-pull", "", "Do not pull the image (overrides disable-pull-on-run in config)"),
];

function* makeSandbox(c: Crictl, runtime: ContainerRuntime, config: SandboxConfig): Gen<Sandbox> {
  return yield* c.rpc("RunPodSandbox", "runtime", {}, "run pod sandbox: ", () => runtime.runPodSandbox(config));
}

function* makeContainer(
  c: Crictl,
  runtime: ContainerRuntime,
  sandbox: Sandbox,
  config: ContainerConfig,
  pulls: boolean,
): Gen<Container> {
  if (pulls)
    yield* c.rpc("PullImage", "image", { image: config.image }, "pulling image: ", () =>
      runtime.pullImage(config.image),
    );
  const keys = { podSandboxID: sandbox.id };
  return yield* c.rpc("CreateContainer", "runtime", keys, "creating container: ", () =>
    runtime.createContainer(sandbox.id, config),
  );
}

export const runp: CrictlCommand = {
  name: "runp",
  usage: "Run a new pod",
  argsUsage: "pod-config.[json|yaml]",
  flags: [TIMEOUT, RUNTIME],
  *run(c) {
    const [path] = c.args;
    if (path === undefined) throw new ShowHelp();
    const runtime = yield* c.runtime();
    const config = sandboxConfig(c, load(c, path, "podSandboxConfig"));
    const sandbox = yield* makeSandbox(c, runtime, config);
    yield* c.print(`${sandbox.id}\n`);
  },
};

export const create: CrictlCommand = {
  name: "create",
  usage: "Create a new container",
  argsUsage: "POD container-config.[json|yaml] pod-config.[json|yaml]",
  flags: [TIMEOUT, ...PULLS],
  *run(c) {
    if (c.args.length !== 3) throw new ShowHelp();
    const [id, containerPath, podPath] = c.args as [string, string, string];
    const runtime = yield* c.runtime();
    const pod = sandboxConfig(c, load(c, podPath, "podSandboxConfig"));
    const config = containerConfig(fields(load(c, containerPath, "containerConfig")), pod);
    const sandbox = byPrefix(runtime.sandboxes.values(), id);
    if (sandbox === undefined) {
      yield* c.rpc("CreateContainer", "runtime", { podSandboxID: id }, "creating container: ", function* () {
        throw new CriError("NotFound", `failed to find sandbox id "${id}": not found`);
      });
      return;
    }
    const container = yield* makeContainer(c, runtime, sandbox, config, c.on("with-pull"));
    yield* c.print(`${container.id}\n`);
  },
};

export const run: CrictlCommand = {
  name: "run",
  usage: "Run a new container inside a sandbox",
  argsUsage: "container-config.[json|yaml] pod-config.[json|yaml]",
  flags: [TIMEOUT, RUNTIME, ...PULLS],
  *run(c) {
    if (c.args.length !== 2) throw new ShowHelp();
    const [containerPath, podPath] = c.args as [string, string];
    const runtime = yield* c.runtime();
    const pod = sandboxConfig(c, load(c, podPath, "podSandboxConfig"));
    const config = containerConfig(fields(load(c, containerPath, "containerConfig")), pod);
    const sandbox = yield* makeSandbox(c, runtime, pod);
    const container = yield* makeContainer(c, runtime, sandbox, config, !c.on("no-pull"));
    const keys = { containerID: container.id };
    yield* c.rpc("StartContainer", "runtime", keys, "starting the container: ", () =>
      runtime.startContainer(container.id),
    );
    yield* c.print(`${container.id}\n`);
  },
};

export const update: CrictlCommand = {
  name: "update",
  usage: "Update one or more running containers",
  argsUsage: "CONTAINER-ID [CONTAINER-ID...]",
  flags: [
    flag.int("cpu-count", "", "(Windows only) Number of CPUs available to the container"),
    flag.int("cpu-maximum", "", "(Windows only) Portion of CPU cycles specified as a percentage * 100"),
    flag.int("cpu-period", "", "CPU CFS period to be used for hardcapping (in usecs). 0 to use system default"),
    flag.int("cpu-quota", "", "CPU CFS hardcap limit (in usecs). Allowed cpu time in a given period"),
    flag.int("cpu-share", "", "CPU shares (relative weight vs. other containers)"),
    flag.string("cpuset-cpus", "", "CPU(s) to use"),
    flag.string("cpuset-mems", "", "Memory node(s) to use"),
    flag.int("memory", "", "Memory limit (in bytes)"),
    flag.bool("quiet", "q", "Do not print the updated container ids"),
  ],
  *run(c) {
    if (c.args.length === 0) throw new CrictlError("ID cannot be empty");
    const runtime = yield* c.runtime();
    const { machine } = c;
    for (const id of c.args) {
      const keys = { containerID: id };
      yield* c.rpc(
        "UpdateContainerResources",
        "runtime",
        keys,
        `updating container resources for "${id}": `,
        function* () {
          const container = byPrefix(runtime.containers.values(), id);
          if (container === undefined) throw noContainer(id);
          const cgroup = `${container.sandbox.config.cgroupParent}/cri-containerd-${container.id}.scope`;
          if (c.isSet("memory")) machine.memory.limit(cgroup, Number(c.value("memory")) / 1024);
          const quota = c.isSet("cpu-quota") ? Number(c.value("cpu-quota")) : undefined;
          const period = Number(c.value("cpu-period", "0")) || 100_000;
          const milli =
            quota === undefined ? machine.cpu.limitOf(cgroup) : quota > 0 ? (quota / period) * 1000 : undefined;
          const shares = c.isSet("cpu-share") ? Number(c.value("cpu-share")) : machine.cpu.sharesOf(cgroup);
          machine.cpu.limit(cgroup, milli, shares);
        },
      );
      if (!c.on("quiet")) yield* c.print(`${id}\n`);
    }
  },
};
