/** crictl runp, create, run, update: Pods and containers made by hand, from the configurations of CRI as JSON or YAML. */

import { jsonFaults } from "../../api/json.ts";
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { parseYaml } from "../../machine/kubelet/yaml.ts";
import type {
  Container,
  ContainerConfig,
  ContainerRuntime,
  Sandbox,
  SandboxConfig,
} from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { flag } from "./cli.ts";
import { byId, byPrefix, cgroupOf } from "./cri.ts";
import { type Crictl, type CrictlCommand, CrictlError, requireId, ShowHelp } from "./crictl-context.ts";

type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (value === undefined || value === null ? "" : String(value));
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const strings = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(fields(value)).map(([key, one]) => [key, text(one)]));

/** A configuration file, JSON or YAML. Throws `CrictlError` for one that is not there or is no object of type `go`. */
function load(c: Crictl, path: string, go: string): Fields {
  let content: string;
  try {
    content = sys.readText(c.p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new CrictlError(
      error.code === "ENOENT" ? `config at ${path} not found` : `open ${path}: ${error.message.toLowerCase()}`,
    );
  }
  if (content.trim() === "") throw new CrictlError("EOF");
  const isJson = /^\s*\{/.test(content);
  const faults = isJson ? jsonFaults(content) : undefined;
  if (faults?.error !== undefined) throw new CrictlError(`json: offset ${faults.offset}: ${faults.error}`);
  const decoding = isJson ? "" : "error unmarshaling JSON: while decoding JSON: ";
  const misfit = (what: string, where: string) =>
    new CrictlError(`${decoding}json: cannot unmarshal ${what} into Go ${where}`);
  let parsed: unknown;
  try {
    parsed = parseYaml(content);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CrictlError(`error converting YAML to JSON: ${error.message}`);
  }
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw misfit(kindOf(parsed), `value of type v1.${go}`);
  const given = fields(parsed);
  for (const [key, type] of Object.entries(PARTS[go]!)) {
    const value = given[key];
    if (value === undefined || value === null || kindOf(value) === type.kind) continue;
    throw misfit(kindOf(value), `struct field ${go}.${key} of type ${type.go}`);
  }
  const meta = Object.entries(fields(given.metadata));
  const misnamed = meta.find(([key, value]) => key !== "attempt" && typeof value !== "string" && value !== null);
  if (misnamed === undefined) return given;
  const struct = go === "ContainerConfig" ? "ContainerMetadata" : "PodSandboxMetadata";
  throw misfit(kindOf(misnamed[1]), `struct field ${struct}.metadata.${misnamed[0]} of type string`);
}

/** How encoding/json calls a value. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** What is read of the two messages, and Go's types of it (cri-api runtime/v1). */
const PARTS: Readonly<Record<string, Readonly<Record<string, { kind: string; go: string }>>>> = {
  PodSandboxConfig: {
    metadata: { kind: "object", go: "v1.PodSandboxMetadata" },
    hostname: { kind: "string", go: "string" },
    log_directory: { kind: "string", go: "string" },
    dns_config: { kind: "object", go: "v1.DNSConfig" },
    labels: { kind: "object", go: "map[string]string" },
    annotations: { kind: "object", go: "map[string]string" },
    linux: { kind: "object", go: "v1.LinuxPodSandboxConfig" },
  },
  ContainerConfig: {
    metadata: { kind: "object", go: "v1.ContainerMetadata" },
    image: { kind: "object", go: "v1.ImageSpec" },
    command: { kind: "array", go: "[]string" },
    args: { kind: "array", go: "[]string" },
    working_dir: { kind: "string", go: "string" },
    envs: { kind: "array", go: "[]*v1.KeyValue" },
    mounts: { kind: "array", go: "[]*v1.Mount" },
    labels: { kind: "object", go: "map[string]string" },
    annotations: { kind: "object", go: "map[string]string" },
    log_path: { kind: "string", go: "string" },
    linux: { kind: "object", go: "v1.LinuxContainerConfig" },
  },
};

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
  if (!given.metadata) throw new CrictlError("metadata is not set");
  const [name, uid, namespace] = [text(meta.name), text(meta.uid), text(meta.namespace)];
  if (name === "" || uid === "" || namespace === "") {
    const shown = `&PodSandboxMetadata{Name:${name},Uid:${uid},Namespace:${namespace},Attempt:${Number(meta.attempt ?? 0)},}`;
    throw new CrictlError(`name, namespace or uid is not in metadata "${shown}"`);
  }
  const namespaces = fields(fields(fields(given.linux).security_context).namespace_options);
  return {
    metadata: {
      name,
      namespace,
      uid,
      attempt: Number(meta.attempt ?? 0),
    },
    hostname: text(given.hostname) || text(meta.name),
    logDirectory: text(given.log_directory) || "/tmp",
    resolvConf: resolvConf(c, fields(given.dns_config)),
    labels: strings(given.labels),
    annotations: strings(given.annotations),
    cgroupParent: text(fields(given.linux).cgroup_parent) || "/system.slice",
    hostNetwork: Number(namespaces.network ?? 0) === 2,
    hostPid: Number(namespaces.pid ?? 0) === 2,
    sharePid: Number(namespaces.pid ?? 0) === 0,
    given,
  };
}

function containerConfig(given: Fields, sandbox: SandboxConfig): ContainerConfig {
  const meta = fields(given.metadata);
  const image = text(fields(given.image).image);
  if (!given.metadata) throw new CrictlError("metadata is not set");
  if (text(meta.name) === "")
    throw new CrictlError(`name is not in metadata "&ContainerMetadata{Name:,Attempt:${Number(meta.attempt ?? 0)},}"`);
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
    given,
    stdin: given.stdin === true,
    tty: given.tty === true,
    privileged: security.privileged === true,
    ...(user === undefined ? {} : { runAsUser: Number(user) }),
    ...(resources.memory_limit_in_bytes ? { memoryLimitInBytes: Number(resources.memory_limit_in_bytes) } : {}),
    ...(quota > 0 ? { cpuLimitMilli: (quota / Number(resources.cpu_period ?? 100_000)) * 1000 } : {}),
    ...(resources.cpu_shares ? { cpuShares: Number(resources.cpu_shares) } : {}),
  };
}

const timeout = (usage: string) => flag.duration("cancel-timeout", "T", usage, "0s");
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
  {
    ...flag.duration(
      "pull-timeout",
      "pt",
      "Maximum time to be used for pulling the image, disabled if set to 0s",
      "0s",
    ),
    env: "CRICTL_PULL_TIMEOUT",
  },
];
const SCHEMA = ["jsonschema, js", "Display the JSON schema for the pod or container config"] as const;

function* makeSandbox(c: Crictl, runtime: ContainerRuntime, config: SandboxConfig, prefix: string): Gen<Sandbox> {
  return yield* c.rpc("RunPodSandbox", "runtime", {}, prefix, () => runtime.runPodSandbox(config));
}

function* makeContainer(
  c: Crictl,
  runtime: ContainerRuntime,
  sandbox: string,
  config: ContainerConfig,
  pulls: boolean,
  prefix: string,
): Gen<Container> {
  if (pulls) {
    yield* c.log("info", `Pulling container image: ${config.image}`);
    yield* c.rpc("PullImage", "image", { image: config.image }, prefix, () => runtime.pullImage(config.image), true);
  }
  const keys = { podSandboxID: sandbox };
  return yield* c.rpc("CreateContainer in sandbox", "runtime", keys, prefix, () =>
    runtime.createContainer(sandbox, config),
  );
}

/** Whether the image is pulled first: a flag says so, else the configuration file. */
function pulls(c: Crictl, byDefault: boolean): boolean {
  if (c.on("no-pull") && c.on("with-pull")) throw new CrictlError("conflict: no-pull and with-pull are both set");
  return c.on("with-pull") || (byDefault && !c.on("no-pull"));
}

/** What a step has to say against a configuration is told behind `prefix`. */
function told<T>(prefix: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw error instanceof CrictlError ? new CrictlError(`${prefix}${error.message}`) : error;
  }
}

const readSandbox = (c: Crictl, path: string): SandboxConfig => sandboxConfig(c, load(c, path, "PodSandboxConfig"));

export const runp: CrictlCommand = {
  name: "runp",
  usage: "Run a new pod",
  argsUsage: "pod-config.[json|yaml]",
  below: [["jsonschema, js", "Display the JSON schema for the pod-config.json"]],
  flags: [timeout("Seconds to wait for a run pod sandbox request to complete before cancelling the request"), RUNTIME],
  *run(c) {
    const [path] = c.args;
    if (path === undefined) throw new ShowHelp();
    const runtime = yield* c.runtime();
    const config = told("load podSandboxConfig: ", () => readSandbox(c, path));
    const sandbox = yield* makeSandbox(c, runtime, config, "run pod sandbox: ");
    yield* c.print(`${sandbox.id}\n`);
  },
};

export const create: CrictlCommand = {
  name: "create",
  usage: "Create a new container",
  argsUsage: "POD container-config.[json|yaml] pod-config.[json|yaml]",
  below: [SCHEMA],
  flags: [
    timeout("Seconds to wait for a container create request to complete before cancelling the request"),
    ...PULLS,
    flag.string(
      "username",
      "",
      "Use `USERNAME` for accessing the registry. The password will be requested on the command line",
    ),
    flag.bool("with-pull", "", "Pull the image on container creation (overrides pull-image-on-create=false in config)"),
    flag.bool(
      "no-pull",
      "",
      "Do not pull the image on container creation (overrides pull-image-on-create=true in config)",
    ),
  ],
  *run(c) {
    if (c.args.length !== 3) throw new ShowHelp();
    const [id, containerPath, podPath] = c.args as [string, string, string];
    const pulled = pulls(c, c.settings.pullOnCreate);
    const runtime = yield* c.runtime();
    const prefix = "creating container: ";
    const config = told(prefix, () => {
      const given = load(c, containerPath, "ContainerConfig");
      return containerConfig(given, readSandbox(c, podPath));
    });
    const sandbox = byPrefix(runtime.sandboxes.values(), id)?.id ?? id;
    const container = yield* makeContainer(c, runtime, sandbox, config, pulled, prefix);
    yield* c.print(`${container.id}\n`);
  },
};

export const run: CrictlCommand = {
  name: "run",
  usage: "Run a new container inside a sandbox",
  argsUsage: "container-config.[json|yaml] pod-config.[json|yaml]",
  below: [SCHEMA],
  flags: [
    timeout("Seconds to wait for a container create request before cancelling the request"),
    RUNTIME,
    ...PULLS,
    flag.string("username", "", "Use `USERNAME` for accessing the registry. password will be requested"),
    flag.bool("with-pull", "", "Pull the image (overrides disable-pull-on-run=true in config)"),
    flag.bool("no-pull", "", "Do not pull the image (overrides disable-pull-on-run=false in config)"),
  ],
  *run(c) {
    if (c.args.length !== 2) throw new ShowHelp();
    const [containerPath, podPath] = c.args as [string, string];
    const pulled = pulls(c, !c.settings.noPullOnRun);
    const runtime = yield* c.runtime();
    const prefix = "running container: ";
    const pod = told(`${prefix}load podSandboxConfig: `, () => readSandbox(c, podPath));
    const sandbox = yield* makeSandbox(c, runtime, pod, `${prefix}run pod sandbox: `);
    const failed = `${prefix}creating container failed: `;
    const config = told(failed, () => containerConfig(load(c, containerPath, "ContainerConfig"), pod));
    const container = yield* makeContainer(c, runtime, sandbox.id, config, pulled, failed);
    const keys = { containerID: container.id };
    yield* c.rpc("StartContainer", "runtime", keys, `${prefix}starting the container "${container.id}": `, () =>
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
  ],
  *run(c) {
    if (c.args.length === 0) throw new CrictlError("ID cannot be empty");
    const runtime = yield* c.runtime();
    const { machine } = c;
    for (const id of c.args) {
      const keys = { containerID: id };
      requireId(id, `updating container resources for "${id}": `);
      yield* c.rpc(
        "UpdateContainerResources",
        "runtime",
        keys,
        `updating container resources for "${id}": `,
        function* () {
          const container = byId(runtime.containers.values(), id, (why) => `failed to find container: ${why}`);
          const cgroup = cgroupOf(container);
          if (c.isSet("memory")) machine.memory.limit(cgroup, Number(c.value("memory")) / 1024);
          const quota = c.isSet("cpu-quota") ? Number(c.value("cpu-quota")) : undefined;
          const period = Number(c.value("cpu-period", "0")) || 100_000;
          const milli =
            quota === undefined ? machine.cpu.limitOf(cgroup) : quota > 0 ? (quota / period) * 1000 : undefined;
          const shares = c.isSet("cpu-share") ? Number(c.value("cpu-share")) : machine.cpu.sharesOf(cgroup);
          machine.cpu.limit(cgroup, milli, shares);
        },
      );
      yield* c.print(`${id}\n`);
    }
  },
};
